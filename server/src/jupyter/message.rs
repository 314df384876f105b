//! One message, and the ids in its header.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::json;

/// The id of one message, unique over all clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MsgId(pub Arc<str>);

impl fmt::Display for MsgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for MsgId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// The session of a client or, in what an engine sends unasked, the engine's uuid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Arc<str>);

impl From<&str> for SessionId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// Who sent a message, when, and of which type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// This message's id.
    pub msg_id: MsgId,
    /// For instance `execute_request`.
    pub msg_type: String,
    /// The sender.
    #[serde(default)]
    pub session: SessionId,
    /// The sender's user; not used.
    #[serde(default)]
    pub username: String,
    /// ISO 8601, UTC; `""` where the sender gave none.
    #[serde(default)]
    pub date: String,
    /// Version of the messaging protocol, `5.3` or `5.4`.
    #[serde(default)]
    pub version: String,
}

/// The header of the request that a message answers; empty for a message that answers none.
///
/// Only what is compared is kept: key order and the other fields differ between senders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentHeader {
    /// The request's id.
    #[serde(default)]
    pub msg_id: Option<MsgId>,
    /// The client that sent the request.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// The request's type.
    #[serde(default)]
    pub msg_type: Option<String>,
}

/// A message whose signature is valid. Metadata and content are still JSON text, since most messages need only one of them.
/// Buffers after the content are dropped.
#[derive(Clone, Debug)]
pub struct Message {
    /// Frames before the delimiter: an engine's uuid, an iopub topic, or none.
    pub prefix: Vec<Bytes>,
    /// The header.
    pub header: Header,
    /// The header of the request it answers.
    pub parent: ParentHeader,
    /// JSON object.
    pub metadata: Bytes,
    /// JSON object.
    pub content: Bytes,
}

impl Message {
    /// Reads the content as `T`.
    ///
    /// # Errors
    /// Serde's, if the content has another shape.
    pub fn content_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        json::read(&self.content)
    }
}
