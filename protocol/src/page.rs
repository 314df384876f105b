//! `px/page`: a run for a view that draws it by itself, such as a panel.

use lsp_types::{Position, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellState, GroupBy, GroupState, JsonSchema, LineStyle, ResultImage, RunId, TS};

message! {
    /// A run for a view that draws it by itself, such as a panel: what `px/result` says as text, in parts that have a place, a style or a
    /// link. The grouping is that of `px/result`. Texts hold 2,000,000 bytes together, HTML and images as much as an answer has room for
    /// (16,000,000 bytes); what is left out is told, and stands in the [documents](#content). The result is `-32602` if there is no such run.
    ///
    /// A line of a traceback has a `place` only where the server has looked: in a file that is there, or in a px cell that was not changed
    /// since. A client opens nothing else.
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
    #[ts(as = "Option<crate::TsPosition>", optional)]
    #[schemars(with = "Option<crate::TsPosition>")]
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
