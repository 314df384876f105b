//! `px/page`: a run for a view that draws it by itself, such as a panel; and showing one there.

use lsp_types::{LspRequestMethod, MessageDirection, Position, Request, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CellState, GroupBy, GroupState, LineStyle, ResultImage, RunId, TsPosition};

/// Lays a run out in parts: groups, errors, tables, images. Sends nothing to engines.
#[derive(Debug)]
pub enum Page {}

impl Request for Page {
    type Params = PageParams;
    type Result = PageResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/page");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Which run: by `run`, else the newest of the px cell at `uri` and `position`, else the newest of `uri`, else the newest of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageParams {
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunId>,
    /// The document of `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string", optional)]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Uri>,
    /// A place in the px cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<TsPosition>", optional)]
    #[schemars(with = "Option<TsPosition>")]
    pub position: Option<Position>,
    /// The grouping; the one in which the run is shown if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
    /// Whether images and HTML are wanted. They may be megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub media: Option<bool>,
}

/// A run as it stands now, in parts. Texts are plain: no markup, no control characters but tabs and line ends, no key of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageResult {
    /// Which run it is.
    pub run: RunId,
    /// The document of its px cell; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The line of the magic as text.
    pub title: String,
    /// How it is doing.
    pub state: CellState,
    /// The same in words: `1 of 4 failed · 240 ms`.
    pub summary: String,
    /// The grouping of `sections`.
    pub group_by: GroupBy,
    /// All its engines as a rank set.
    pub ranks: String,
    /// Their ids, rising.
    pub engines: Vec<u32>,
    /// Whether an earlier run of the same px cell is kept, to compare it with.
    #[serde(default)]
    pub has_earlier: bool,
    /// What engines wrote and answered. Grouped by kind of output there is one section for each kind, else one.
    #[serde(default)]
    pub sections: Vec<PageSection>,
    /// How far the results of several groups lie apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub across: Option<String>,
    /// What engines raised, by identical stack, the largest group first.
    #[serde(default)]
    pub errors: Vec<PageError>,
    /// HTML that engines showed, identical ones once. Only if `media` was asked for.
    #[serde(default)]
    pub tables: Vec<PageHtml>,
    /// The images, as in `px/result`. Only if `media` was asked for.
    #[serde(default)]
    pub images: Vec<ResultImage>,
    /// What else there is to say, as a sentence: what was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
}

/// Blocks under one title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageSection {
    /// The kind of output, such as `stdout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub title: Option<String>,
    /// The engines' outputs.
    pub blocks: Vec<PageBlock>,
}

/// What some engines show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageBlock {
    /// The engines as a rank set.
    pub ranks: String,
    /// Their ids, rising.
    pub engines: Vec<u32>,
    /// How they are doing.
    pub state: GroupState,
    /// The engines from whose output this is the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub compared_with: Option<String>,
    /// The text, one piece for each stretch of one style.
    pub pieces: Vec<PagePiece>,
}

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PagePiece {
    /// What it says, with the line ends in it.
    pub text: String,
    /// What it is.
    pub style: LineStyle,
}

/// Engines that raised the same exception in the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageError {
    /// The engines as a rank set.
    pub ranks: String,
    /// Their ids, rising.
    pub engines: Vec<u32>,
    /// `ValueError: bad`, in one line; of engines that somebody stopped `interrupted`.
    pub title: String,
    /// What each engine said, where they said different things: `[2] bad`.
    #[serde(default)]
    pub variants: Vec<String>,
    /// The traceback; of engines that said different things that of the first.
    pub lines: Vec<TracebackLine>,
}

/// A line of a traceback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TracebackLine {
    /// What it says.
    pub text: String,
    /// The call that it is the head of, where that is in a document or a file that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub place: Option<PagePlace>,
}

/// Where a call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PagePlace {
    /// The document or file.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The place in it.
    #[ts(as = "TsPosition")]
    #[schemars(with = "TsPosition")]
    pub position: Position,
}

/// HTML that some engines showed, such as a `DataFrame`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageHtml {
    /// The engines as a rank set.
    pub ranks: String,
    /// Their ids, rising.
    pub engines: Vec<u32>,
    /// As the engine sent it, which is not made safe: it belongs into a sandboxed frame without scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub html: Option<String>,
    /// What to say instead of it. May be empty.
    #[serde(default)]
    pub alt: String,
}

/// Asks a client to show a run in its panel.
#[derive(Debug)]
pub enum ShowRun {}

impl Request for ShowRun {
    type Params = ShowRunParams;
    type Result = ShowRunResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/showRun");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// Which run to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowRunParams {
    /// The run.
    pub run: RunId,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowRunResult {
    /// Whether it is shown.
    #[serde(default)]
    pub shown: bool,
}
