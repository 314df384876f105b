//! pxlens: finds IPython Parallel's px cells in a document, runs them on a cluster, and shows what all engines
//! answered, grouped.
//!
//! Data goes one way: text → cells → plan → cluster → run → render → publish. `ARCHITECTURE.md` at the root of the
//! repository is the map; each module opens with what it is and what it must never do.

mod blocking;
pub mod cells;
pub mod cli;
mod clock;
pub mod cluster;
pub mod engines;
mod ide;
pub mod jupyter;
mod lint;
pub mod log;
pub mod lsp;
pub mod plan;
mod private;
pub mod render;
mod rewrite;
pub mod run;
mod session;
mod text;
