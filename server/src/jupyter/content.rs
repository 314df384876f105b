//! The contents of the message types pxlens reads, named after them. Unknown fields are ignored, since senders of all
//! versions add some. Code on an engine decides what many fields hold: a field of another type than it should have loses no
//! message that can do without it.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Representations of one object, by MIME type, in the order in which the engine sent them.
///
/// Texts are strings, JSON types are JSON, binary types (`image/png`) are base64 text.
pub(crate) type MimeBundle = Arc<Map<String, Value>>;

/// `stdout` or `stderr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// `stream`: a piece of text, cut anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Stream {
    /// The stream it was written to.
    pub name: StreamName,
    /// The text.
    pub text: String,
}

/// `display_data` and `update_display_data`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct DisplayData {
    /// What is displayed.
    pub data: MimeBundle,
    /// Holds the display id.
    #[serde(default)]
    pub transient: Transient,
}

/// Data about a display that is not stored in notebooks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Transient {
    /// The id by which updates name the display. Other ids than strings are their JSON.
    #[serde(default, deserialize_with = "maybe_text")]
    pub display_id: Option<String>,
}

/// `clear_output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ClearOutput {
    /// Clear only when the next output comes.
    #[serde(default)]
    pub wait: bool,
}

/// `execute_result`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ExecuteResult {
    /// The value.
    pub data: MimeBundle,
    /// The engine's counter.
    #[serde(deserialize_with = "counter")]
    pub execution_count: u32,
}

/// `execute_input`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct ExecuteInput {
    /// The engine's counter.
    #[serde(deserialize_with = "counter")]
    pub execution_count: u32,
}

/// `status`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Status {
    /// `busy`, `idle` or `starting`.
    pub execution_state: String,
}

/// `usage_reply`: where an engine runs. What it says of memory and processors is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct UsageReply {
    /// What the machine calls itself.
    #[serde(default)]
    pub hostname: Option<String>,
    /// The engine's process there.
    #[serde(default, deserialize_with = "maybe_counter")]
    pub pid: Option<u32>,
}

/// `error` on iopub, and the error part of a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErrorContent {
    /// The exception's class.
    #[serde(default, deserialize_with = "text")]
    pub ename: String,
    /// The exception's text.
    #[serde(default, deserialize_with = "text")]
    pub evalue: String,
    /// Lines, each of which may hold newlines and ANSI colours. Empty for a `UsageError`.
    ///
    /// The exception's own `_render_traceback_` may return something else than a list: that is one line.
    #[serde(default, deserialize_with = "lines")]
    pub traceback: Vec<String>,
}

/// `execute_reply`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ExecuteReply {
    /// The code ran to its end.
    Ok {
        /// The engine's counter.
        #[serde(default, deserialize_with = "maybe_counter")]
        execution_count: Option<u32>,
        /// `page`, `set_next_input`, `ask_exit`.
        #[serde(default, deserialize_with = "list")]
        payload: Vec<Value>,
    },
    /// The code raised.
    Error {
        /// The exception.
        #[serde(flatten)]
        error: ErrorContent,
        /// The engine's counter.
        #[serde(default, deserialize_with = "maybe_counter")]
        execution_count: Option<u32>,
    },
    /// The engine dropped the request without running it.
    Aborted {},
}

/// A counter, or 0 for one that is no counter: code can set it to anything (after `get_ipython().execution_count = 0` engines send
/// -1), and that must not lose the message.
fn counter<'de, D: Deserializer<'de>>(counter: D) -> Result<u32, D::Error> {
    Ok(maybe_counter(counter)?.unwrap_or_default())
}

fn maybe_counter<'de, D: Deserializer<'de>>(counter: D) -> Result<Option<u32>, D::Error> {
    Ok(Value::deserialize(counter)?.as_u64().and_then(|counter| u32::try_from(counter).ok()))
}

/// A string, or the JSON of what is none. `null` is as good as absent.
fn maybe_text<'de, D: Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(text).map(text_of)
}

fn text<'de, D: Deserializer<'de>>(text: D) -> Result<String, D::Error> {
    Ok(maybe_text(text)?.unwrap_or_default())
}

fn lines<'de, D: Deserializer<'de>>(lines: D) -> Result<Vec<String>, D::Error> {
    Ok(list(lines)?.into_iter().filter_map(text_of).collect())
}

fn list<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(list)? {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        other => vec![other],
    })
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
