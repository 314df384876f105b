//! The language server over stdio: the face for editors.
//!
//! Messages come in through the layers that [`wire`] puts around tower-lsp, and one handler file per method answers
//! them: a request from a [`snapshot`] of the session, a command by sending it to the session. Events of the session go
//! out through [`notify`]. Types of tower-lsp and lsp-types are not used outside of `lsp/`; nothing below knows an
//! editor.
//!
//! Rules that hold everywhere below `lsp/`:
//! * A notification handler sends its message to the session before its first `.await`: order is only kept up to there.
//! * A request is a function of one snapshot, and runs off the main loop. A command carries ids and places, never what
//!   another message has looked up.
//! * A request to the client is never awaited in a handler: it is spawned, with a time limit.
//! * Standard output is for the protocol only.
//! * A client's URI is a key: it is compared byte for byte and given back unchanged.

mod backend;
mod capabilities;
mod from_proto;
mod handlers;
mod notify;
mod paths;
mod server;
mod settings;
mod snapshot;
mod tasks;
#[cfg(test)]
mod tests;
mod to_proto;
mod wire;

pub(crate) use paths::file_path;
pub use server::serve_stdio;
pub(crate) use settings::{ClusterChoice, Settings};
#[cfg(any(test, fuzzing))]
pub(crate) use wire::{decode::decode, lifetime::Lifetime};
