//! Jupyter messages as values: header, content, signing, framing. Wire format: Jupyter messaging v5 with
//! ipyparallel's extra types.
//!
//! Bytes come in and messages go out, or the other way round; nothing here owns a socket.

pub mod content;
mod framing;
mod message;
mod signing;
#[cfg(test)]
mod tests;

pub use framing::{FrameError, decode, encode};
pub use message::{Header, Message, MsgId, ParentHeader, SessionId};
pub use signing::{Signer, SigningError};
