//! `px/run`: run px cells of a document.

use lsp_types::{LspRequestMethod, MessageDirection, Position, Range, Request, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CellId, RunId, TsPosition, TsRange};

/// Runs px cells; answers as soon as it is decided which run where, without waiting for their output. Where no cluster runs yet,
/// that is when one has been started, which takes seconds.
#[derive(Debug)]
pub enum Run {}

impl Request for Run {
    type Params = RunParams;
    type Result = RunResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/run");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Which px cells of a document are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// The px cell named by `cell`, `position` or `range`; of a script cell with several px lines, all of them.
    #[default]
    Cell,
    /// Those that end before it, in document order, and not it.
    Above,
    /// It, and those after it.
    Below,
    /// Every px cell of the document.
    All,
}

/// Which engines of a px cell's last run are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Only {
    /// Those that raised, dropped the request, or were lost and are there again.
    Failed,
    /// Those whose output is not like that of the largest group.
    Differing,
}

/// What is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunParams {
    /// The document; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// Which px cells; `cell` if it is absent.
    #[serde(default, skip_serializing_if = "is_default")]
    #[ts(as = "Option<Scope>", optional)]
    pub scope: Scope,
    /// The px cell that the scope starts from. Goes before `range` and `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
    /// Or every px cell that this touches. Goes before `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<TsRange>", optional)]
    #[schemars(with = "Option<TsRange>")]
    pub range: Option<Range>,
    /// Or the px cell at this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<TsPosition>", optional)]
    #[schemars(with = "Option<TsPosition>")]
    pub position: Option<Position>,
    /// A target expression or rank set that goes before what the cells say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub targets: Option<String>,
    /// Whether to wait for earlier runs on the same engines; goes before what the cells say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub block: Option<bool>,
    /// Only these engines of the last run of the px cell, as far as the cell's targets choose them. For one px cell: `scope`
    /// is `cell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub only: Option<Only>,
    /// Whether each cell is sent to the first of its engines first, and to the others only once that has succeeded. If it
    /// fails, the others end as not sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub canary: bool,
}

/// What runs now, or waits for its engines, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// The runs, in document order.
    #[serde(default)]
    pub runs: Vec<StartedRun>,
    /// `%pxresult` lines that were run: what each shows from now on, which may be a run that still goes on.
    #[serde(default)]
    pub recalled: Vec<RecalledRun>,
    /// What was meant and does not run, and why.
    #[serde(default)]
    pub not_run: Vec<NotRun>,
    /// How many lines of ordinary Python stood beside the px lines; pxlens leaves them to the kernel.
    #[serde(default)]
    pub local_lines: u32,
}

/// A run that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartedRun {
    /// Its number.
    pub run: RunId,
    /// Its px cell.
    pub cell: CellId,
    /// The engines it is sent to, in that order; an id may occur twice.
    #[serde(default)]
    pub engines: Vec<u32>,
    /// What of the cell does not run, as a sentence: the local part of a `--local` cell, for a client without `runLocal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
}

/// What a `%pxresult` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecalledRun {
    /// Its px cell: the `%pxresult` line.
    pub cell: CellId,
    /// The run that it shows.
    pub run: RunId,
}

/// A px cell, or a whole request, that does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRun {
    /// The px cell, unless the reason is one of the whole request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
    /// A sentence for the user: what stands in the way, and what to do.
    pub reason: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
