//! pxlens: finds IPython Parallel's px cells in a document, runs them on a cluster, and shows what all engines
//! answered, grouped.
//!
//! Data goes one way: text → cells → plan → cluster → run → render → publish. `ARCHITECTURE.md` at the root of the
//! repository is the map; each module opens with what it is and what it must never do.

mod blocking;
mod cells;
pub mod cli;
mod clock;
mod cluster;
mod engines;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod ide;
mod json;
mod jupyter;
mod lint;
pub mod log;
pub mod lsp;
pub mod memory;
mod ownership;
mod plan;
mod private;
mod render;
mod rewrite;
mod run;
mod session;
mod signals;
mod small_file;
mod streams;
mod text;

/// What the benchmarks and the end-to-end tests call; not an interface for anyone else. Everything that is not listed here is
/// private, so that the compiler reports what is unused.
pub mod internals {
    pub use crate::{
        cells::{Dialect, PxCell, recognize, recognize_cells},
        cluster::{ClientOptions, ClusterClient, ConnectionInfo, Execute, feed},
        engines::{EngineId, EngineTable, Resolved, Targets, TargetsError},
        jupyter::{
            MsgId,
            content::{ErrorContent, ExecuteReply, StreamName},
        },
        plan::{Overrides, plan},
        render::{
            Cursor, GroupBy, Limits, PromptColor, Style, block, errors, fold, inline, inline_within,
            markdown, outcome, part_text, plain, terminal,
        },
        run::{Event, EventKind, LostReason, Run, RunId, RunRequest, Slot, Time},
    };

    /// What must hold for any bytes from outside.
    #[cfg(any(test, fuzzing))]
    pub mod fuzz {
        pub use crate::fuzz::{
            connections, frames, lsp, messages, notebooks, options, scripts, terminal, tracebacks,
        };
    }
}
