//! `px/outputs`: what to paint beside the px cells of a document.

use lsp_types::{LspNotificationMethod, MessageDirection, Notification, Range, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CellId, CellState, RunId, TsRange};

/// Tells a client that announced `outputs` what changed. The server lays out, the client paints.
#[derive(Debug)]
pub enum Outputs {}

impl Notification for Outputs {
    type Params = OutputsParams;
    const METHOD: LspNotificationMethod<'static> = LspNotificationMethod::new("px/outputs");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// What changed in one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputsParams {
    /// The document.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The version that the ranges are of. A client that has a newer one moves them itself, or waits for the next.
    pub version: i32,
    /// Rises by one with every `px/outputs` of the session, whatever its document.
    pub seq: u32,
    /// Whether `cells` are all there are: forget the rest.
    #[serde(default)]
    pub full: bool,
    /// The cells that changed, each replaced whole.
    #[serde(default)]
    pub cells: Vec<CellOutput>,
    /// Cells that are gone, or have nothing to show any more.
    #[serde(default)]
    pub removed: Vec<CellId>,
}

/// What to paint beside one px cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellOutput {
    /// Which px cell.
    pub id: CellId,
    /// The run that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunId>,
    /// All of the px cell.
    #[ts(as = "TsRange")]
    #[schemars(with = "TsRange")]
    pub range: Range,
    /// How the run is doing.
    #[serde(default)]
    pub state: CellState,
    /// Whether the run was of another code or plan than what would run now.
    #[serde(default)]
    pub stale: bool,
    /// One line that sums the run up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub line: Option<Line>,
    /// The line of the document, 0-based, at whose end to paint it: the last line of the px cell that holds something, or the
    /// one that raised.
    #[serde(default)]
    pub line_at: u32,
    /// Lines to paint under the px cell, for a client that announced `blocks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub block: Option<Vec<BlockLine>>,
}

/// One line that sums a run up. Plain text: no markup, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How to colour it.
    pub severity: LineSeverity,
}

/// How a summary line is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineSeverity {
    /// Neither good nor bad, or not known yet.
    #[default]
    Info,
    /// Every engine ended well.
    Ok,
    /// It ended, not as it should.
    Warning,
    /// Some engine raised or was lost.
    Error,
}

/// One line of a block. Plain text: no markup, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockLine {
    /// What it says, without a line end.
    pub text: String,
    /// What it is.
    pub style: LineStyle,
    /// How many characters (Unicode scalar values) at its beginning end with the engines that it, or what follows, is of; absent
    /// where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ranks: Option<u32>,
}

/// What a line of a block is, for its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineStyle {
    /// The engines that what follows is of.
    Label,
    /// Text that engines printed.
    #[default]
    Stdout,
    /// Text that they printed to stderr.
    Stderr,
    /// A display or the value of the last expression.
    Result,
    /// A traceback.
    Error,
    /// A word of pxlens' own.
    Note,
}
