//! The log: `tracing` to stderr, never to stdout, which belongs to the protocol and to results.

use tracing_subscriber::EnvFilter;

use crate::streams::LogLines;

/// Starts the log at the level that `PXLENS_LOG` sets (such as `debug` or `pxlens::cluster=trace`); warnings by
/// default. Without colours, since editors collect these lines too.
pub fn start() {
    let filter = EnvFilter::try_from_env("PXLENS_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // It fails only where a log was started already, as in tests; that one stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(|| LogLines)
        .try_init();
}
