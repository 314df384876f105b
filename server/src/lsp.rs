//! The face that editors see: a language server over stdio.
//!
//! Messages come in through what [`wire`] puts round tower-lsp, and one handler file per method answers them: a request from a
//! [`snapshot`] of the session, a command by telling the session. What happens there goes out again through [`notify`]. Types of
//! tower-lsp and lsp-types stop here; nothing below knows an editor.
//!
//! Rules that hold everywhere below `lsp/`:
//! * A notification handler has no `.await` before it told the session: order is kept only up to the first one.
//! * A request is a function of one snapshot, and runs off the loop; a command carries ids and places, never what another message
//!   has looked up.
//! * A request to the client is never awaited in a handler: it is spawned, with a time limit.
//! * Standard output belongs to the protocol.
//! * A client's URI is a key: compared byte for byte, given back unchanged.

mod backend;
mod capabilities;
mod from_proto;
mod handlers;
mod notify;
mod paths;
mod router;
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
