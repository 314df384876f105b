//! `px/page`: a run for a view that draws it itself, such as a panel.

use lsp_types::{Position, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellId, CellState, GroupBy, GroupState, JsonSchema, LineStyle, ResultImage, RunId, TS};

message! {
    /// Returns a run for a view that draws it itself, such as a panel: what `px/result` says as text comes here in parts with a place, a style or a
    /// link. The grouping is chosen as for `px/result`. All texts together have at most 2,000,000 bytes, HTML and images at most 16,000,000 bytes.
    /// `note` says what is left out; the [documents](#content) have it. The answer is the error `-32602` if there is no such run.
    ///
    /// A line of a traceback has a `place` only if the server has checked it: in a file that exists, or in a px cell that has not changed
    /// since. A client must open nothing else.
    ///
    /// **Example:** engine 1 raised, engine 0 showed a table.
    ///
    /// ```json
    /// { "method": "px/page", "params": { "run": 7, "media": true } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "run": 7,
    ///     "uri": "file:///home/ada/tour.py",
    ///     "cell": "c2",
    ///     "line": 2,
    ///     "title": "%%px",
    ///     "state": "failed",
    ///     "summary": "1 of 2 failed · 240 ms",
    ///     "groupBy": "fold",
    ///     "ranks": "[0-1]",
    ///     "engines": [0, 1],
    ///     "hasEarlier": false,
    ///     "sections": [
    ///       {
    ///         "blocks": [
    ///           {
    ///             "ranks": "[0]",
    ///             "engines": [0],
    ///             "state": "ok",
    ///             "pieces": [{ "text": "Out: ", "style": "note" }, { "text": "   a\n0  1", "style": "result" }]
    ///           }
    ///         ]
    ///       }
    ///     ],
    ///     "errors": [
    ///       {
    ///         "ranks": "[1]",
    ///         "engines": [1],
    ///         "title": "ZeroDivisionError: division by zero",
    ///         "variants": [],
    ///         "lines": [
    ///           { "text": "Cell In[1], line 2", "place": { "uri": "file:///home/ada/tour.py", "position": { "line": 4, "character": 0 } } },
    ///           { "text": "----> 2 1/0" }
    ///         ]
    ///       }
    ///     ],
    ///     "tables": [{ "ranks": "[0]", "engines": [0], "html": "<table></table>", "alt": "   a\n0  1" }],
    ///     "images": []
    ///   }
    /// }
    /// ```
    request Page "px/page" client_to_server (PageParams) -> PageResult
}

/// Which run: the one that `run` names; otherwise the newest of the px cell at `uri` and `position`, then the newest of `uri`, then the newest of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
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
    #[ts(as = "Option<crate::TsPosition>", optional)]
    #[schemars(with = "Option<crate::TsPosition>")]
    pub position: Option<Position>,
    /// The grouping; if absent, the one in which the run is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
    /// Whether images and HTML are wanted. They may be megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub media: Option<bool>,
}

/// A run as it is now, in parts. Texts are plain: no markup, no control characters but tabs and line ends, no keys of kernels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageResult {
    /// The number of the run.
    pub run: RunId,
    /// The document of its px cell; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The id of its px cell, as `px/cells` gives it.
    pub cell: CellId,
    /// The 0-based line of the magic: where it is now, or if it is gone, where it was when the run was asked for.
    pub line: u32,
    /// The newest run of the same px cell, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub newer: Option<RunId>,
    /// The text of the magic's line.
    pub title: String,
    /// How it is doing.
    pub state: CellState,
    /// The same in words: `1 of 4 failed · 240 ms`.
    pub summary: String,
    /// The grouping of `sections`.
    pub group_by: GroupBy,
    /// All its engines as a rank set.
    pub ranks: String,
    /// Their ids, ascending.
    pub engines: Vec<u32>,
    /// Whether there is an earlier run of the same px cell to compare it with.
    #[serde(default)]
    pub has_earlier: bool,
    /// What engines wrote and answered. If outputs are grouped by kind, there is one section for each kind, otherwise one for all.
    #[serde(default)]
    pub sections: Vec<PageSection>,
    /// How far apart the results of several groups are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub across: Option<String>,
    /// What engines raised, by identical stack, the largest group first.
    #[serde(default)]
    pub errors: Vec<PageError>,
    /// The HTML that engines showed, identical HTML once. Only if `media` was asked for.
    #[serde(default)]
    pub tables: Vec<PageHtml>,
    /// The images, as in `px/result`. Only if `media` was asked for.
    #[serde(default)]
    pub images: Vec<ResultImage>,
    /// What was left out, as a sentence.
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
    /// Their ids, ascending.
    pub engines: Vec<u32>,
    /// How they are doing.
    pub state: GroupState,
    /// The engines with whose output this one is compared: `pieces` then holds only what differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub compared_with: Option<String>,
    /// How much is left out where it would take too much room, such as `1,200 lines (80 kB)`. A piece of `pieces` says so in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub left_out: Option<String>,
    /// The text, in pieces of one style each.
    pub pieces: Vec<PagePiece>,
}

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PagePiece {
    /// The text, including line ends.
    pub text: String,
    /// The kind of text.
    pub style: LineStyle,
}

/// Engines that raised the same exception in the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageError {
    /// The engines as a rank set.
    pub ranks: String,
    /// Their ids, ascending.
    pub engines: Vec<u32>,
    /// The exception in one line, such as `ValueError: bad`; `interrupted` for engines that somebody stopped.
    pub title: String,
    /// The message of each engine, such as `[2] bad`, if the messages differ.
    #[serde(default)]
    pub variants: Vec<String>,
    /// The traceback; if the engines' messages differ, that of the first engine.
    pub lines: Vec<TracebackLine>,
}

/// A line of a traceback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TracebackLine {
    /// The text of the line.
    pub text: String,
    /// The place of the call that this line names, if it is in a document or file that exists here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub place: Option<PagePlace>,
}

/// Where a call is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PagePlace {
    /// The URI of the document or file.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The place in it.
    #[ts(as = "crate::TsPosition")]
    #[schemars(with = "crate::TsPosition")]
    pub position: Position,
}

/// HTML that some engines showed, such as a `DataFrame`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageHtml {
    /// The engines as a rank set.
    pub ranks: String,
    /// Their ids, ascending.
    pub engines: Vec<u32>,
    /// The HTML as the engine sent it. It is not sanitised: show it only in a sandboxed frame without scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub html: Option<String>,
    /// The text to show instead of it. May be empty.
    #[serde(default)]
    pub alt: String,
}
