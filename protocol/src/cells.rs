//! `px/cells`: the px cells of a document, each with what running it would do.

use lsp_types::{LspRequestMethod, MessageDirection, Range, Request, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CellId, RunId, TsRange};

/// Lists the px cells of a document. Sends nothing to engines.
#[derive(Debug)]
pub enum Cells {}

impl Request for Cells {
    type Params = CellsParams;
    type Result = CellsResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/cells");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellsParams {
    /// The document; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
}

/// The px cells of one version of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellsResult {
    /// The version they were found in.
    pub version: i32,
    /// In document order.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// What is wrong or doubtful in the magics, also sent as diagnostics.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

/// One px cell. One that is wrong in itself has a `refusal` and no `plan`; one that could run but for what is not there now (the
/// workspace's trust, its cluster, its engines) has both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// Its name.
    pub id: CellId,
    /// All of it, magic and body.
    #[ts(as = "TsRange")]
    #[schemars(with = "TsRange")]
    pub range: Range,
    /// The line with the magic.
    #[ts(as = "TsRange")]
    #[schemars(with = "TsRange")]
    pub magic_range: Range,
    /// The magic with its suffix, as in `px_even`, `pxresult`.
    pub magic: String,
    /// The cell of the script or notebook that it stands in, counted from 0: px lines of the same one share a lens. Absent
    /// where the document has no cells of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub outer: Option<u32>,
    /// The exact text that engines get.
    #[serde(default)]
    pub code: String,
    /// What running it would do, with the engines alive now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub plan: Option<Plan>,
    /// Why it cannot run: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refusal: Option<String>,
    /// How its newest run is doing.
    #[serde(default)]
    pub state: CellState,
    /// Whether its newest run was of another code or plan than what would run now.
    #[serde(default)]
    pub stale: bool,
    /// Its newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunId>,
}

/// What running a px cell would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The engines, in the order of the requests; an id may occur twice. Empty for a line that runs nothing, such as
    /// `%pxconfig`, and while no engine is there (see `starts`).
    #[serde(default)]
    pub engines: Vec<u32>,
    /// The same as a rank set, such as `[0-2,4]`; or a text such as `4 local engines` or `no engine is there`.
    #[serde(default)]
    pub ranks: String,
    /// How many engines are alive.
    #[serde(default)]
    pub alive: u32,
    /// Whether later runs wait for it.
    #[serde(default)]
    pub block: bool,
    /// How many local engines running it starts first; absent when a cluster is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub starts: Option<u32>,
    /// 0-based lines above it (`%pxconfig`, `%autopx`) that had a say.
    #[serde(default)]
    pub decided_by: Vec<u32>,
    /// For a line that runs nothing: what it sets or shows, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
}

/// How the newest run of a px cell is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CellState {
    /// It was not run since the document was opened.
    #[default]
    Idle,
    /// It waits for its engines.
    Queued,
    /// Some engine has not ended.
    Running,
    /// Every engine ended well.
    Succeeded,
    /// Every engine ended, and some raised, aborted or were lost.
    Failed,
}

/// Something wrong or doubtful in a magic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where.
    #[ts(as = "TsRange")]
    #[schemars(with = "TsRange")]
    pub range: Range,
    /// How bad.
    pub severity: ProblemSeverity,
    /// Its name in the documentation.
    pub code: String,
    /// A sentence for the user.
    pub message: String,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProblemSeverity {
    /// It cannot run.
    Error,
    /// It runs, perhaps not as meant.
    Warning,
    /// Worth knowing.
    Hint,
}
