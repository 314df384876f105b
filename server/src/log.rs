//! The log: `tracing` to stderr, never to stdout, which belongs to the protocol and to results.

use tracing_subscriber::EnvFilter;

/// Starts the log at the level of `PXLENS_LOG` (for instance `debug` or `pxlens::cluster=trace`); warnings by default.
/// Without colours: editors collect these lines too.
pub fn start() {
    let filter = EnvFilter::try_from_env("PXLENS_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // A log that was started already (tests) stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .try_init();
}
