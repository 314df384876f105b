//! A short way for large answers. On tower-lsp's own way an answer becomes a tree of JSON values, which costs more than all
//! that went before where it lists thousands of lenses. Here a handler writes its answer out by itself and leaves it on
//! the [`RawResponses`]; a word that stands for it goes through tower-lsp, and [`super::pipes::Output`] puts the text in its place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde::Serialize;
use tower_lsp::jsonrpc::{Error, Result};
use uuid::Uuid;

/// The longest message in which a word is looked for: the frame of an answer with nothing but a word in it.
const FRAME: usize = 512;

/// Where answers lie that were written out, until they are sent. Cloning gives the same store.
#[derive(Clone, Debug)]
pub(in crate::lsp) struct RawResponses {
    /// No text that comes from elsewhere holds this.
    name: Arc<str>,
    written: Arc<Mutex<HashMap<u64, Vec<u8>>>>,
}

/// The word for an answer that lies there; it is what a handler gives back.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Raw(String);

impl Default for RawResponses {
    fn default() -> Self {
        let name = format!("written-{}-", Uuid::new_v4().simple());
        Self { name: name.into(), written: Arc::default() }
    }
}

impl RawResponses {
    /// Writes an answer out.
    ///
    /// # Errors
    /// Where it cannot be said in JSON.
    pub(in crate::lsp) fn put(&self, answer: &impl Serialize) -> Result<Raw> {
        let text = serde_json::to_vec(answer).map_err(|error| {
            tracing::error!(%error, "an answer is no JSON");
            Error::internal_error()
        })?;
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // Answers leave in the order in which they are ready, so numbers may be free again; those in use are few.
        let number = (0..).find(|number| !written.contains_key(number)).unwrap_or_default();
        written.insert(number, text);
        Ok(Raw(format!("{}{number}", self.name)))
    }

    /// Whether a message of this length may hold a word.
    pub(in crate::lsp) fn may_hold(length: usize) -> bool {
        length <= FRAME
    }

    /// A message with the text in the place of the word; `None` if it holds none.
    pub(in crate::lsp) fn fill(&self, body: &[u8]) -> Option<Vec<u8>> {
        let body = std::str::from_utf8(body).ok()?;
        let (before, behind) = body.split_once(&*self.name)?;
        let before = before.strip_suffix('"')?;
        let (number, behind) = behind.split_once('"')?;
        let number = number.parse().ok()?;
        let text = self.written.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)?;
        Some([before.as_bytes(), &text, behind.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_replaced_by_what_was_written_once() {
        let store = RawResponses::default();
        let word = store.put(&["é", "\""]).unwrap();
        let other = store.put(&1).unwrap();
        let body = serde_json::json!({ "id": 1, "jsonrpc": "2.0", "result": word }).to_string();
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
        let word = RawResponses::default().put(&1).unwrap();
        for body in [r#"{"result":null}"#.to_owned(), format!("{{\"result\":\"{}\"}}", word.0)] {
            assert_eq!(store.fill(body.as_bytes()), None);
        }
    }
}
