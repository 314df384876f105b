//! Jupyter messages as values: header, content, signing, framing. Wire format: Jupyter messaging v5 with
//! ipyparallel's extra types.
//!
//! Bytes come in and messages go out, or the other way round; nothing here owns a socket.

pub(crate) mod content;
mod framing;
mod message;
mod signing;
#[cfg(test)]
mod tests;

pub(crate) use framing::{FrameError, decode, encode};
pub use message::MsgId;
pub(crate) use message::{Header, Message, ParentHeader, SessionId};
pub(crate) use signing::{Signer, SigningError};
