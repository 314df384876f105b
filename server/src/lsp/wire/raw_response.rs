//! A fast path for large responses. tower-lsp converts a response to a tree of JSON values, which costs more than
//! computing it if there are thousands of lenses. Instead, a handler serialises its response into [`RawResponses`] and
//! returns a placeholder, which [`super::encode::Encode`] replaces by the text.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use tower_lsp::jsonrpc::{Error, Result};
use uuid::Uuid;

/// The longest message that is searched for a placeholder: a response with nothing but a placeholder.
const FRAME: usize = 512;

/// Serialised responses that have not been sent yet. Clones share the same store.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct RawResponses {
    /// The prefix of placeholders, which no other text contains.
    name: Arc<str>,
    texts: Arc<Mutex<HashMap<u64, Vec<u8>>>>,
}

/// The placeholder for a serialised response, which a handler returns.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Raw(String);

impl Default for RawResponses {
    fn default() -> Self {
        let name = format!("raw-{}-", Uuid::new_v4().simple());
        Self { name: name.into(), texts: Arc::default() }
    }
}

impl RawResponses {
    /// Serialises a response.
    ///
    /// # Errors
    /// If it cannot be serialised.
    pub(in crate::lsp) fn put(&self, answer: &impl Serialize) -> Result<Raw> {
        let text = serde_json::to_vec(answer).map_err(|error| {
            tracing::error!(%error, "a response cannot be serialised");
            Error::internal_error()
        })?;
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        // Few numbers are in use at a time, so the first free one is found quickly.
        let number = (0..).find(|number| !texts.contains_key(number)).unwrap_or_default();
        texts.insert(number, text);
        Ok(Raw(format!("{}{number}", self.name)))
    }

    /// Whether a message of this length may contain a placeholder.
    pub(in crate::lsp) fn may_hold(length: usize) -> bool {
        length <= FRAME
    }

    /// The message with its placeholder replaced; `None` if it contains none.
    pub(in crate::lsp) fn fill(&self, body: &[u8]) -> Option<Vec<u8>> {
        let body = std::str::from_utf8(body).ok()?;
        let (before, after) = body.split_once(&*self.name)?;
        let before = before.strip_suffix('"')?;
        let (number, after) = after.split_once('"')?;
        let number = number.parse().ok()?;
        let text = self.texts.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)?;
        Some([before.as_bytes(), &text, after.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_replaced_by_its_text_once() {
        let store = RawResponses::default();
        let placeholder = store.put(&["é", "\""]).unwrap();
        let other = store.put(&1).unwrap();
        let body = serde_json::json!({ "id": 1, "jsonrpc": "2.0", "result": placeholder }).to_string();
        let filled = store.fill(body.as_bytes()).unwrap();
        assert_eq!(filled, r#"{"id":1,"jsonrpc":"2.0","result":["é","\""]}"#.as_bytes());
        assert_eq!(store.fill(body.as_bytes()), None);
        assert_eq!(
            store.fill(format!("{{\"result\":\"{}\"}}", other.0).as_bytes()).unwrap(),
            br#"{"result":1}"#
        );
    }

    #[test]
    fn other_messages_are_left_alone() {
        let store = RawResponses::default();
        let foreign = RawResponses::default().put(&1).unwrap();
        for body in [r#"{"result":null}"#.to_owned(), format!("{{\"result\":\"{}\"}}", foreign.0)] {
            assert_eq!(store.fill(body.as_bytes()), None);
        }
    }
}
