//! A run: one execution of a px cell on a set of engines.
//!
//! Events go in, in any order between engines; the state of the run comes out. `Run::apply` is a pure reducer: the same
//! code serves a live run, a recorded transcript and a simulated one. No clock, no socket, no lock, no async.

mod event;
mod fingerprint;
mod output;
pub(crate) mod pictures;
mod rope_text;
pub(crate) mod rules;
mod state;
mod terminal;
mod text;
pub(crate) mod tokens;
mod weight;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use event::{Event, EventKind, LostReason, Slot, Time};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use output::{Ending, Output, OutputKind};
pub(crate) use rope_text::RopeText;
pub(crate) use state::{EngineRun, Moved, Phase, RunState};
pub use state::{Run, RunId, RunRequest};
pub(crate) use terminal::{terminal_text, visible, visible_name};
pub(crate) use text::{Hidden, Text};
