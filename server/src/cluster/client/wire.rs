//! This client's side of the wire: its session, its message ids, signing and reading.

use bytes::Bytes;

use crate::{
    cluster::{connection::ConnectionInfo, origin::Origins},
    engines::EngineUuid,
    jupyter::{FrameError, Header, Message, MsgId, Signer, SigningError, decode, encode},
    run::RunId,
};

/// What ipykernel 7 and all since 5 speak.
const VERSION: &str = "5.3";

/// Writes and reads messages of one session.
pub(super) struct Wire {
    signer: Signer,
    origins: Origins,
    count: u64,
    skipped: u64,
    bad_signatures: u64,
}

/// Content without fields.
pub(super) const EMPTY: Bytes = Bytes::from_static(b"{}");

impl Wire {
    pub(super) fn new(info: &ConnectionInfo, origins: Origins) -> Self {
        Self { signer: info.signer().clone(), origins, count: 0, skipped: 0, bad_signatures: 0 }
    }

    /// A request with a fresh id, to an engine or to the Hub. The receivers drop repetitions, so frames are never reused.
    pub(super) fn request(
        &mut self,
        to: Option<&EngineUuid>,
        msg_type: &str,
        metadata: &str,
        content: Bytes,
    ) -> (MsgId, Vec<Bytes>) {
        self.count += 1;
        let id = self.origins.message_id(self.count, None);
        self.encode(id, to, msg_type, metadata, content)
    }

    /// A request that sends the code of a run to an engine; later windows find the run by its id.
    pub(super) fn execute_request(
        &mut self,
        to: &EngineUuid,
        run: RunId,
        content: Bytes,
    ) -> (MsgId, Vec<Bytes>) {
        self.count += 1;
        let id = self.origins.message_id(self.count, Some(run));
        self.encode(id, Some(to), "execute_request", r#"{"label":null}"#, content)
    }

    fn encode(
        &self,
        id: MsgId,
        to: Option<&EngineUuid>,
        msg_type: &str,
        metadata: &str,
        content: Bytes,
    ) -> (MsgId, Vec<Bytes>) {
        let header = Header {
            msg_id: id.clone(),
            msg_type: msg_type.to_owned(),
            session: self.origins.own().clone(),
            username: "pxlens".to_owned(),
            // The Hub reads no date with more digits than this: it would log an exception for every request, and not count it.
            date: format!("{:.6}", jiff::Timestamp::now()),
            version: VERSION.to_owned(),
        };
        let prefix: Vec<&[u8]> = to.into_iter().map(|uuid| uuid.as_str().as_bytes()).collect();
        (id, encode(&self.signer, &prefix, &header, metadata, content))
    }

    /// Reads frames; `None` for what is no message of this cluster. The connection lives on.
    pub(super) fn read(&mut self, channel: impl std::fmt::Display, frames: Vec<Bytes>) -> Option<Message> {
        match decode(&self.signer, frames) {
            Ok(message) => Some(message),
            Err(error) => {
                if matches!(error, FrameError::Signature(SigningError::Mismatch)) {
                    self.bad_signatures += 1;
                }
                self.skipped += 1;
                // A sender of garbage may send a lot of it.
                if self.skipped.is_power_of_two() {
                    tracing::warn!(%channel, %error, so_far = self.skipped, "skipped what is not a message");
                }
                None
            }
        }
    }

    /// How many messages were signed with another key.
    pub(super) fn bad_signatures(&self) -> u64 {
        self.bad_signatures
    }

    /// Our request that a message is about.
    pub(super) fn our_request<'a>(&self, message: &'a Message) -> Option<&'a MsgId> {
        (message.parent.session.as_ref() == Some(self.origins.own()))
            .then_some(message.parent.msg_id.as_ref()?)
    }
}
