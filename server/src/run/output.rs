//! What an engine can produce, and how its part of a run can end.

use std::sync::Arc;

use super::{LostReason, Text};
use crate::jupyter::content::{ErrorContent, MimeBundle, StreamName};

/// One thing an engine produced. Adjacent pieces of one stream are one output.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// What was produced.
    pub kind: OutputKind,
    /// Whether it came after the engine's part had ended (threads, child processes).
    pub late: bool,
}

/// What an engine can produce.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OutputKind {
    /// Text; cheap to clone however long.
    Stream(StreamName, Text),
    /// A display.
    Display {
        /// By MIME type.
        data: MimeBundle,
        /// The name that updates use.
        display_id: Option<String>,
    },
    /// New content for a display. Kept as it came: whoever draws the run applies it.
    UpdateDisplay {
        /// By MIME type.
        data: MimeBundle,
        /// The id of the display.
        display_id: Option<String>,
    },
    /// A request to clear what was shown before. Kept as it came.
    ClearOutput {
        /// Clear only when the next output comes.
        wait: bool,
    },
    /// A value.
    Result {
        /// By MIME type.
        data: MimeBundle,
        /// `Out[n]`.
        execution_count: u32,
    },
    /// A traceback.
    Error(Arc<ErrorContent>),
    /// Why a message was skipped.
    Unreadable(String),
}

/// How an engine's part ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The code ran to its end.
    Ok,
    /// The code raised.
    Error(Arc<ErrorContent>),
    /// The engine dropped the request without running it. Or pxlens did, and this says which earlier run failed there.
    Aborted(Option<Arc<str>>),
    /// No answer will come.
    Lost(LostReason),
}
