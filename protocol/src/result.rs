//! `px/result`: what the engines answered, grouped and laid out.

use lsp_types::{LspRequestMethod, MessageDirection, Position, Request, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CellState, RunId, TsPosition};

/// Shows a run, or the last one of a px cell or of a suffix. Sends nothing to engines.
#[derive(Debug)]
pub enum Result {}

impl Request for Result {
    type Params = ResultParams;
    type Result = ResultResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/result");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// How outputs are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GroupBy {
    /// Identical output once, under the engines that gave it.
    #[default]
    Fold,
    /// As ipyparallel's `--group-outputs=type`: all of one kind, then the next.
    Type,
    /// As ipyparallel's `--group-outputs=engine`: all of one engine, then the next.
    Engine,
    /// As ipyparallel's `--group-outputs=order`: the first display of each engine, then the second.
    Order,
}

/// Which run: by `run`, else by `name`, else the newest of the px cell at `uri` and `position`, else the newest of `suffix`,
/// else the newest of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultParams {
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunId>,
    /// A name that `-o` gave; the newest run that has it, also one of an earlier session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
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
    /// The suffix of a view, `""` for the one without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub suffix: Option<String>,
    /// The grouping; the one in which the run is shown if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
    /// Whether the images are wanted. They may be megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub images: Option<bool>,
    /// Whether the contact sheet is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact_sheet: Option<bool>,
}

/// A run as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultResult {
    /// Which run it is; 0 for one of an earlier session, found by its name.
    pub run: RunId,
    /// How it is doing.
    pub state: CellState,
    /// Engines whose outputs are alike, the largest group first; grouped by engine, each engine's own, in target order.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// All of it as plain text, in the grouping that was asked for.
    #[serde(default)]
    pub text: String,
    /// The same as Markdown. Text of engines is escaped in it.
    #[serde(default)]
    pub markdown: String,
    /// The images that stand at the end of the output, identical ones once: each engine's first, then each engine's second, ...;
    /// among those by rank. Only if `images` was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<ResultImage>>", optional)]
    pub images: Vec<ResultImage>,
    /// All images on one page, by rank: an SVG document. It holds what engines sent as embedded images only, so that no script and
    /// no link of theirs works. Absent where there is no image, or `contactSheet` was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub contact_sheet: Option<String>,
}

/// An image that some engines show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultImage {
    /// The engines as a rank set, such as `[0-2,4]`.
    pub ranks: String,
    /// Their ids, rising.
    pub engines: Vec<u32>,
    /// The lowest place it has among an engine's images: 1 for the first.
    pub ordinal: u32,
    /// `image/png`, `image/jpeg`, `image/webp`, `image/gif` or `image/svg+xml`, as its first bytes say; where there is no `data`, what the
    /// engine said.
    pub mime: String,
    /// Base64 without line breaks; of an SVG its text, which is not made safe: it belongs into an `<img>`, never into a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub data: Option<String>,
    /// Why there is no `data`: it does not decode, or an answer has no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub missing: Option<String>,
    /// Bytes of the image's file.
    pub bytes: usize,
    /// In pixels; unknown of an SVG that fits any size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub width: Option<u32>,
    /// In pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub height: Option<u32>,
    /// What to say instead of it: `<Figure size 640x480 with 1 Axes>`. May be empty.
    #[serde(default)]
    pub alt: String,
}

/// Engines whose outputs are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The engines as a rank set, such as `[0-2,4]`.
    pub ranks: String,
    /// Their ids, rising.
    pub engines: Vec<u32>,
    /// How they are doing.
    pub state: GroupState,
    /// What each of them gave, as plain text; what differs in numbers only is summed up: `loss {0.31…0.33} med 0.32 ▄▅█`.
    #[serde(default)]
    pub text: String,
}

/// How the engines of a group are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GroupState {
    /// They have not ended.
    Pending,
    /// They ended well.
    Ok,
    /// They raised.
    Error,
    /// They dropped the request without running it.
    Aborted,
    /// They will not answer.
    Lost,
}
