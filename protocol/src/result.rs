//! `px/result`: what the engines answered, grouped and laid out.

use lsp_types::{Position, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellState, JsonSchema, RunId, TS};

message! {
    /// Returns what the engines have answered so far, grouped and laid out. The answer is the error `-32602` if there is no such run.
    ///
    /// The grouping is the requested one; without a request, the one that `pxlens.server.group` gave the run, then that of its cell
    /// (`--group-outputs`), then that of the setting. What `pxlens.server.group` says applies here, in `px/outputs` and in hovers until
    /// the cell runs again: the new run starts as its cell and the setting say.
    ///
    /// **Example:** engine 2 raised.
    ///
    /// ```json
    /// {
    ///   "method": "px/result",
    ///   "params": { "uri": "file:///home/ada/tour.py", "position": { "line": 4, "character": 0 }, "groupBy": "fold" }
    /// }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "run": 7,
    ///     "state": "failed",
    ///     "groups": [
    ///       { "ranks": "[0-1,3]", "engines": [0, 1, 3], "state": "ok", "text": "ready\n" },
    ///       { "ranks": "[2]", "engines": [2], "state": "error", "text": "ZeroDivisionError: division by zero\n" }
    ///     ],
    ///     "text": "[0-1,3]\nready\n[2]\nZeroDivisionError: division by zero\n",
    ///     "markdown": "**[0-1,3]**\n\n```text\nready\n```\n\n**[2]** ZeroDivisionError: division by zero\n"
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** a result that a cell of an earlier session kept with `-o fit`, grouped by engine.
    ///
    /// ```json
    /// { "method": "px/result", "params": { "name": "fit", "groupBy": "engine" } }
    /// ```
    ///
    /// **Example:** the images of a run; engines 0 to 2 show the same one. An image that cannot be decoded has no `data`, and `missing` says why.
    /// An answer holds at most 16 MB of `data`, filled in order, and as much again for the contact sheet, which shows at most 200 images
    /// and says what it left out.
    ///
    /// ```json
    /// { "method": "px/result", "params": { "run": 8, "images": true, "contactSheet": true } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "run": 8,
    ///     "state": "succeeded",
    ///     "groups": [
    ///       { "ranks": "[0-2]", "engines": [0, 1, 2], "state": "ok", "text": "<image/gif 4×3, 47 B>\n" },
    ///       { "ranks": "[3]", "engines": [3], "state": "ok", "text": "<image/png 8 B>\n" }
    ///     ],
    ///     "text": "[0-2] <image/gif 4×3, 47 B>\n[3]   <image/png 8 B>\n",
    ///     "markdown": "`[0-2]` <image/gif 4×3, 47 B>\n",
    ///     "images": [
    ///       {
    ///         "ranks": "[0-2]",
    ///         "engines": [0, 1, 2],
    ///         "ordinal": 1,
    ///         "mime": "image/gif",
    ///         "data": "R0lGODdhBAADAIEAABR4KAAAAAAAAAAAACwAAAAABAADAAAICAABCBxIUGBAADs=",
    ///         "bytes": 47,
    ///         "width": 4,
    ///         "height": 3,
    ///         "alt": "<Figure size 4x3 with 1 Axes>"
    ///       },
    ///       {
    ///         "ranks": "[3]",
    ///         "engines": [3],
    ///         "ordinal": 1,
    ///         "mime": "image/png",
    ///         "missing": "its base64 is broken: Invalid symbol 33, offset 8.",
    ///         "bytes": 12,
    ///         "alt": ""
    ///       }
    ///     ],
    ///     "contactSheet": "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"
    ///   }
    /// }
    /// ```
    request Result "px/result" client_to_server (ResultParams) -> ResultResult
}

/// How outputs are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GroupBy {
    /// Identical output once, under the engines it came from.
    #[default]
    Fold,
    /// As ipyparallel's `--group-outputs=type`: all of one kind, then the next.
    Type,
    /// As ipyparallel's `--group-outputs=engine`: all of one engine, then the next.
    Engine,
    /// As ipyparallel's `--group-outputs=order`: the first display of each engine, then the second.
    Order,
}

/// Which run: the one that `run` names, or `name`; otherwise the newest of the px cell at `uri` and `position`, then the newest of
/// `suffix`, then the newest of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunId>,
    /// A name given with `-o`: the newest run that has it, even from an earlier session.
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
    #[ts(as = "Option<crate::TsPosition>", optional)]
    #[schemars(with = "Option<crate::TsPosition>")]
    pub position: Option<Position>,
    /// The suffix of a view; `""` for the view without a suffix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub suffix: Option<String>,
    /// The grouping; if absent, the one in which the run is shown.
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

/// A run as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResultResult {
    /// The number of the run; 0 for a run of an earlier session, which was found by its name.
    pub run: RunId,
    /// How it is doing.
    pub state: CellState,
    /// The groups of engines with like outputs, the largest first; if grouped by engine, one group per engine, in target order.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// The whole output as plain text, in the chosen grouping. Of a value, a display or an error that is longer than an engine's share of 5 MB,
    /// only the beginning, and how much more there is; `px/export` has all of it.
    #[serde(default)]
    pub text: String,
    /// The same as Markdown, in which text of engines is escaped.
    #[serde(default)]
    pub markdown: String,
    /// The images that are shown at the end of the run, identical ones once: first each engine's first image, then each engine's second, and so
    /// on, each time by rank. Only if `images` was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<ResultImage>>", optional)]
    pub images: Vec<ResultImage>,
    /// All images on one page, by rank, as an SVG document. What engines sent is in it only as embedded images, so that no script and
    /// no link of theirs works. Absent if there is no image, or if `contactSheet` was not asked for.
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
    /// Their ids, ascending.
    pub engines: Vec<u32>,
    /// Its place among an engine's images, 1 for the first; if it has several places, the lowest.
    pub ordinal: u32,
    /// `image/png`, `image/jpeg`, `image/webp`, `image/gif` or `image/svg+xml`, by its first bytes; without `data`, the type that the
    /// engine named.
    pub mime: String,
    /// Base64 without line breaks. For an SVG, its text: one that may do more than draw is within an `<image>` of another, so that no viewer runs its scripts. Show it in an `<img>`, never as part of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub data: Option<String>,
    /// Why there is no `data`: the image cannot be decoded, or the answer has no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub missing: Option<String>,
    /// The size of the image's file, in bytes.
    pub bytes: usize,
    /// In pixels; absent for an SVG without a size of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub width: Option<u32>,
    /// In pixels, like `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub height: Option<u32>,
    /// The text to show instead of it, such as `<Figure size 640x480 with 1 Axes>`. May be empty.
    #[serde(default)]
    pub alt: String,
}

/// Engines whose outputs are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The engines as a rank set, such as `[0-2,4]`.
    pub ranks: String,
    /// Their ids, ascending.
    pub engines: Vec<u32>,
    /// How they are doing.
    pub state: GroupState,
    /// The output of each of them, as plain text; lines that differ only in numbers are summed up: `loss ‹0.31 0.32 0.33›`.
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
