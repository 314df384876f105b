//! What can happen to a run, and which Jupyter messages say so.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::jupyter::{
    Message, MsgId,
    content::{
        ClearOutput, DisplayData, ErrorContent, ExecuteInput, ExecuteReply, ExecuteResult, MimeBundle,
        Status, Stream, StreamName,
    },
};

/// A moment: milliseconds since 1970, UTC. Taken at the rim; nothing in the middle reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// Milliseconds since `earlier`; 0 if `earlier` is later.
    pub fn since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The place of one request among those of a run, 0-based, in target order. Not the engine's id: `[0, 0]` asks engine 0
/// twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// Why an engine will never answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LostReason {
    /// The Hub said that it is gone.
    EngineDied,
    /// The controller went away, or came back without this request.
    ControllerLost,
    /// The request could not be sent.
    NotSent(String),
    /// A reply came, but the end of its output did not, within the time limit.
    OutputIncomplete,
    /// The engine was called idle and answered a later request, but not this one. So does code that awaits at its top level:
    /// ipyparallel calls the engine idle when it awaits for the first time, and never replies.
    ReplyMissing,
    /// It answered, and nobody can say what.
    ReplyUnreadable,
}

impl fmt::Display for LostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EngineDied => f.write_str("the engine died"),
            Self::ControllerLost => f.write_str("the connection to the controller was lost"),
            Self::NotSent(why) => write!(f, "the request was not sent: {why}"),
            Self::OutputIncomplete => f.write_str("the end of its output never came"),
            Self::ReplyUnreadable => f.write_str("its reply could not be read, so how it ended is not known"),
            Self::ReplyMissing => f.write_str(
                "no reply came; ipyparallel sends none for code that awaits at its top level, so the code may still be running",
            ),
        }
    }
}

/// One thing that happened to one request of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The request it happened to.
    pub slot: Slot,
    /// When pxlens saw it.
    pub at: Time,
    /// The kind of event, with its data.
    pub kind: EventKind,
}

/// What can happen to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventKind {
    /// It was handed to the socket.
    Sent(MsgId),
    /// The machine of its engine became known.
    Host(Arc<str>),
    /// The engine began to work on it.
    Busy,
    /// The engine's counter for it.
    Input {
        /// `In [n]` on that engine.
        execution_count: u32,
    },
    /// A piece of text, cut anywhere.
    Stream {
        /// The stream it was written to.
        name: StreamName,
        /// The text.
        text: String,
    },
    /// Something was displayed.
    Display {
        /// By MIME type.
        data: MimeBundle,
        /// The name that updates use.
        display_id: Option<String>,
    },
    /// New content for a display.
    UpdateDisplay {
        /// By MIME type.
        data: MimeBundle,
        /// The id of the display.
        display_id: Option<String>,
    },
    /// A request to clear what was shown so far.
    ClearOutput {
        /// Clear only when the next output comes.
        wait: bool,
    },
    /// The value of the last expression.
    Result {
        /// By MIME type.
        data: MimeBundle,
        /// `Out[n]` on that engine.
        execution_count: u32,
    },
    /// The code raised. Sent on iopub; the reply repeats it.
    Error(ErrorContent),
    /// The engine is idle again: its output is complete.
    Idle,
    /// The reply.
    Reply(ExecuteReply),
    /// It is never sent, since an earlier run failed on its engine: a clause that says which run.
    Aborted(String),
    /// No answer will come, or no end of it.
    Lost(LostReason),
    /// A message that could not be read was skipped.
    Unreadable(String),
}

impl EventKind {
    /// About how many bytes of output it carries.
    pub(crate) fn size(&self) -> usize {
        let of_bundle =
            |data: &MimeBundle| data.iter().map(|(_, data)| data.as_str().map_or(0, str::len)).sum();
        match self {
            Self::Stream { text, .. } => text.len(),
            Self::Display { data, .. } | Self::UpdateDisplay { data, .. } | Self::Result { data, .. } => {
                of_bundle(data)
            }
            Self::Error(error) => error.traceback.iter().map(String::len).sum(),
            _ => 0,
        }
    }

    /// Reads a message of an engine as what it means to its request; `None` for types that mean nothing to a run.
    ///
    /// A message of a known type and an unknown shape becomes [`EventKind::Unreadable`]: the run shows that and continues.
    pub fn from_message(message: &Message) -> Option<Self> {
        fn read<T: serde::de::DeserializeOwned>(
            message: &Message,
            into: impl FnOnce(T) -> EventKind,
        ) -> EventKind {
            message.content_as().map_or_else(
                |error| EventKind::Unreadable(format!("{}: {error}", message.header.msg_type)),
                into,
            )
        }
        Some(match message.header.msg_type.as_str() {
            "status" => match message.content_as::<Status>() {
                Ok(Status { execution_state }) if execution_state == "busy" => Self::Busy,
                Ok(Status { execution_state }) if execution_state == "idle" => Self::Idle,
                Ok(_) => return None,
                Err(error) => Self::Unreadable(format!("status: {error}")),
            },
            "execute_input" => {
                read(message, |ExecuteInput { execution_count }| Self::Input { execution_count })
            }
            "stream" => read(message, |Stream { name, text }| Self::Stream { name, text }),
            "display_data" => read(message, |DisplayData { data, transient, .. }| Self::Display {
                data,
                display_id: transient.display_id,
            }),
            "update_display_data" => read(message, |DisplayData { data, transient, .. }| {
                Self::UpdateDisplay { data, display_id: transient.display_id }
            }),
            "clear_output" => read(message, |ClearOutput { wait }| Self::ClearOutput { wait }),
            "execute_result" => read(message, |ExecuteResult { data, execution_count, .. }| Self::Result {
                data,
                execution_count,
            }),
            "error" => read(message, Self::Error),
            "execute_reply" => read(message, Self::Reply),
            _ => return None,
        })
    }

    /// The type and content of a message that means this: what [`EventKind::from_message`] reads it from. `None` for what no
    /// engine sends.
    pub fn to_message(&self) -> Option<(&'static str, Value)> {
        let transient =
            |id: &Option<String>| id.as_ref().map_or_else(|| json!({}), |id| json!({"display_id": id}));
        Some(match self {
            Self::Busy => ("status", json!({"execution_state": "busy"})),
            Self::Idle => ("status", json!({"execution_state": "idle"})),
            Self::Input { execution_count } => ("execute_input", json!({"execution_count": execution_count})),
            Self::Stream { name, text } => ("stream", json!({"name": name, "text": text})),
            Self::Display { data, display_id } => {
                ("display_data", json!({"data": data, "metadata": {}, "transient": transient(display_id)}))
            }
            Self::UpdateDisplay { data, display_id } => (
                "update_display_data",
                json!({"data": data, "metadata": {}, "transient": transient(display_id)}),
            ),
            Self::ClearOutput { wait } => ("clear_output", json!({"wait": wait})),
            Self::Result { data, execution_count } => {
                ("execute_result", json!({"data": data, "metadata": {}, "execution_count": execution_count}))
            }
            Self::Error(error) => ("error", json!(error)),
            Self::Reply(ExecuteReply::Ok { execution_count, payload }) => (
                "execute_reply",
                json!({"status": "ok", "execution_count": execution_count, "payload": payload}),
            ),
            Self::Reply(ExecuteReply::Error { error, execution_count }) => (
                "execute_reply",
                json!({
                    "status": "error", "ename": error.ename, "evalue": error.evalue, "traceback": error.traceback,
                    "execution_count": execution_count,
                }),
            ),
            Self::Reply(ExecuteReply::Aborted {}) => ("execute_reply", json!({"status": "aborted"})),
            Self::Sent(_) | Self::Host(_) | Self::Aborted(_) | Self::Lost(_) | Self::Unreadable(_) => {
                return None;
            }
        })
    }
}
