//! Jupyter messages as the simulated controller writes and reads them: signing, framing, headers.
//!
//! This shares no code with pxlens, so that a mistake there is not repeated here.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// Signs with the key of the connection file.
#[derive(Clone)]
pub(super) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(super) fn new(key: &str) -> Self {
        Self(Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length"))
    }

    fn sign(&self, frames: &[&[u8]]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut mac = self.0.clone();
        frames.iter().for_each(|frame| mac.update(frame));
        mac.finalize()
            .into_bytes()
            .iter()
            .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
            .map(char::from)
            .collect()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// A message whose signature is right.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) prefix: Vec<Bytes>,
    pub(super) header: Value,
    pub(super) metadata: Value,
    pub(super) content: Value,
}

/// Reads a message; `None` where the real controller would silently drop it.
pub(super) fn read(signer: &Signer, frames: &[Bytes]) -> Option<Read> {
    let at = frames.iter().position(|frame| frame.as_ref() == DELIMITER)?;
    let [signature, header, parent, metadata, content] = frames.get(at + 1..at + 6)? else { return None };
    if signer.sign(&[header, parent, metadata, content]).as_bytes() != signature.as_ref() {
        return None;
    }
    let object = |frame: &Bytes| serde_json::from_slice::<Value>(frame).ok().filter(Value::is_object);
    object(parent)?;
    Some(Read {
        prefix: frames[..at].to_vec(),
        header: object(header)?,
        metadata: object(metadata)?,
        content: object(content)?,
    })
}

/// A sender of messages: an engine, a nanny or the hub.
#[derive(Debug)]
pub(super) struct Author {
    session: String,
    signer: Signer,
    count: AtomicU64,
}

impl Author {
    pub(super) fn new(session: impl Into<String>, signer: Signer) -> Self {
        Self { session: session.into(), signer, count: AtomicU64::new(0) }
    }

    /// The frames of a message. `parent` is the header of what it answers, as JSON text, or `{}`.
    pub(super) fn message(
        &self,
        prefix: &[Bytes],
        kind: &str,
        parent: &str,
        metadata: &Value,
        content: &Value,
    ) -> Vec<Bytes> {
        self.frames(prefix, kind, parent, metadata, Bytes::from(content.to_string()))
    }

    /// Like [`Self::message`], with the content's bytes as they are.
    pub(super) fn frames(
        &self,
        prefix: &[Bytes],
        kind: &str,
        parent: &str,
        metadata: &Value,
        content: Bytes,
    ) -> Vec<Bytes> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let header = json!({
            "msg_id": format!("{}_1_{count}", self.session),
            "msg_type": kind,
            "username": "username",
            "session": self.session,
            "date": now(),
            "version": "5.4",
        });
        let header = header.to_string();
        let metadata = metadata.to_string();
        let signature =
            self.signer.sign(&[header.as_bytes(), parent.as_bytes(), metadata.as_bytes(), &content]);
        let mut frames = prefix.to_vec();
        frames.extend([
            Bytes::from_static(DELIMITER),
            Bytes::from(signature),
            Bytes::from(header),
            Bytes::copy_from_slice(parent.as_bytes()),
            Bytes::from(metadata),
            content,
        ]);
        frames
    }
}

/// The index of the signature behind a prefix of this many frames.
pub(super) fn signature_at(prefix: usize) -> usize {
    prefix + 1
}

/// An identity as ipyparallel makes them: 8 hex digits, a dash, 24 hex digits.
pub(super) fn fresh_id() -> String {
    let hex = uuid::Uuid::new_v4().simple().to_string();
    format!("{}-{}", &hex[..8], &hex[8..])
}

/// This moment as Jupyter writes it, `2026-11-22T15:35:59.931177Z`.
pub(super) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}Z", since.subsec_micros())
}

/// Year, month and day of a day after 1970-01-01 (Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_779), (2026, 11, 22));
    }

    #[test]
    fn a_message_reads_back_only_with_its_own_key() {
        let signer = Signer::new("secret");
        let author = Author::new("me", signer.clone());
        let frames =
            author.message(&[Bytes::from_static(b"to")], "x_request", "{}", &json!({}), &json!({"a": 1}));
        let read_back = read(&signer, &frames).expect("the key fits");
        assert_eq!(read_back.content, json!({"a": 1}));
        assert_eq!(read_back.header["session"], "me");
        assert!(read(&Signer::new("other"), &frames).is_none());
    }
}
