//! Test harness of pxlens: everything a test needs to put the program under real conditions.
//!
//! * [`sim`]: a controller that does what a script says, faults included, over real sockets.
//! * [`real`]: real ipyparallel clusters, which never outlive the test process.
//! * [`lsp`]: a language client over the standard streams of a child process.
//! * [`cli`]: one run of a program, with its output and exit status.
//! * [`golden`]: what ipyparallel itself showed, and a tally of what was compared with it.
//! * [`waits`]: waiting with a limit.
//! * [`zmtp`]: the small ZMTP 3.0 server under [`sim`].
//!
//! The harness has its own signing, framing and transport: it does not use the code it tests. It knows no
//! module of the crate `pxlens`.

pub mod cli;
mod dice;
pub mod golden;
pub mod lsp;
pub mod real;
pub mod sim;
pub mod waits;
pub mod zmtp;

pub use dice::Dice;
pub use waits::{PATIENCE, within, within_limit};

/// The top level of the workspace that this crate was built from.
pub fn workspace() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies one folder below the workspace")
        .to_owned()
}
