//! The log: lines on standard error, where editors collect them. Standard output belongs to the protocol.

use std::io;

use tracing_subscriber::EnvFilter;

/// The variable with the log's filter, as in `PXLENS_LOG=debug` or `PXLENS_LOG=pxlens::cluster=trace,warn`.
const VARIABLE: &str = "PXLENS_LOG";

/// Starts logging. Says nothing, and changes nothing, if something else logs already.
pub fn start() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn,pxlens=info"));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(io::stderr).try_init();
}
