//! `px/run`: runs px cells of a document.

use lsp_types::{Position, Range, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, RunId, TS};

message! {
    /// Runs px cells. The answer comes as soon as the server has decided what runs, not when engines have answered. If no cluster is running yet,
    /// the server first starts one, which takes seconds. The progress of a run comes with [`px/outputs`](#outputs) and `$/progress`, or by asking
    /// for the [result](#result). Runs that share engines wait for one another in the server. With scope `above`, `below` or `all`, the cells after
    /// one that failed or cannot run do not run. Asking again for a cell that waits replaces it.
    ///
    /// A px cell in the body of `if`, `for`, `while`, `def`, `class`, `try`, `with` or `match` may run never, once or often in Python. It runs
    /// only where it is asked for by itself: by its `cell`, by a `position` on it, or by a `range` that holds nothing but lines of it. Otherwise
    /// it is left out, and `leftOut` says so.
    ///
    /// A `%pxresult` line sends nothing to engines. It shows the run of its suffix in the document that was started last, in its own
    /// grouping, and is painted like any cell, with a first line that names the cell it shows. Cells that follow it wait until that run is
    /// over, and do not run if it failed. The line is `stale` when there is a newer run. With `-o NAME` it only gives the run that name.
    ///
    /// The output of a run that nobody waits for (`--noblock`) is kept: its line says how the run is doing, but the output is not shown until a
    /// `%pxresult`, a hover, [`px/result`](#result) or the command `pxlens.server.showResult` asks for it. Failures are always shown.
    ///
    /// With `only`, the px cell, as it is now, runs again on some of the engines of its last run: on those that failed, or on those whose
    /// output differs from the largest group that ended well. The new run is the result of the cell from then on; its list of engines shows that it covers only a
    /// part. Engines that are gone, or that the targets no longer choose, are left out. If the cell's code or plan has changed since, the run's
    /// `note` says so. The request is refused, with a sentence, for more than one px cell, if the cell has no run or one that still goes on, and
    /// if no engine remains.
    ///
    /// With `canary`, each px cell is sent first to one engine, the first of its engines, and to the others only once that one has succeeded; until
    /// then they are queued. If the first engine fails or is interrupted, the others end as not sent. It is one run, with one result over all its
    /// engines.
    ///
    /// **Example:** the cursor is in a px cell.
    ///
    /// ```json
    /// { "method": "px/run", "params": { "uri": "file:///home/ada/tour.py", "position": { "line": 4, "character": 0 } } }
    /// ```
    ///
    /// ```json
    /// { "result": { "runs": [{ "run": 7, "cell": "c2", "engines": [0, 1, 2, 3] }], "shownResults": [], "notRun": [], "localLines": 0, "leftOut": [] } }
    /// ```
    ///
    /// **Example:** a whole document, on two engines; one cell cannot run, so the cell after it does not run either.
    ///
    /// ```json
    /// { "method": "px/run", "params": { "uri": "file:///home/ada/tour.py", "scope": "all", "targets": "[0, 1]" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "runs": [
    ///       { "run": 8, "cell": "c1", "engines": [0, 1] },
    ///       { "run": 9, "cell": "c2", "engines": [0, 1] }
    ///     ],
    ///     "shownResults": [],
    ///     "notRun": [
    ///       { "cell": "c3", "reason": "Line 12 was not run: unrecognized arguments: --bogus" },
    ///       { "cell": "c4", "reason": "Line 15 was not run: line 12 above cannot run" }
    ///     ],
    ///     "localLines": 2,
    ///     "leftOut": ["2 local lines not run"]
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** once more on the engines that failed.
    ///
    /// ```json
    /// { "method": "px/run", "params": { "uri": "file:///home/ada/tour.py", "cell": "c2", "only": "failed" } }
    /// ```
    ///
    /// ```json
    /// { "result": { "runs": [{ "run": 10, "cell": "c2", "engines": [2] }], "shownResults": [], "notRun": [], "localLines": 0, "leftOut": [] } }
    /// ```
    request Run "px/run" client_to_server (RunParams) -> RunResult
}

/// Which px cells of a document are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// The px cell named by `cell` or `position`, or those named by `cells` or `range`; in a script cell with several px lines, all of these.
    #[default]
    Cell,
    /// The px cells that end before it, in document order, without it.
    Above,
    /// It and the px cells after it.
    Below,
    /// Every px cell of the document.
    All,
}

/// Which engines of a px cell's last run are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Only {
    /// Those that raised, dropped the request, or were lost and are back.
    Failed,
    /// Those whose output is not like that of the largest group that ended well.
    Differing,
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunParams {
    /// The document; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// Which px cells; if absent, `cell`.
    #[serde(default, skip_serializing_if = "is_default")]
    #[ts(as = "Option<Scope>", optional)]
    pub scope: Scope,
    /// The px cell that the scope refers to. Takes precedence over `cells`, `range` and `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
    /// Instead of `cell`: these px cells, in the order of the document. If one of them is no longer there, nothing runs. Takes precedence over
    /// `range` and `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cells: Option<Vec<CellId>>,
    /// Instead of `cell`: every px cell that this range touches. Takes precedence over `position`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<crate::TsRange>", optional)]
    #[schemars(with = "Option<crate::TsRange>")]
    pub range: Option<Range>,
    /// Instead of `cell`: the px cell at this place; on the marker of a cell of a script, all px cells of that cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(as = "Option<crate::TsPosition>", optional)]
    #[schemars(with = "Option<crate::TsPosition>")]
    pub position: Option<Position>,
    /// A target expression or rank set that overrides what the cells say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub targets: Option<String>,
    /// Whether to wait for earlier runs on the same engines; overrides what the cells say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub block: Option<bool>,
    /// Only these engines of the last run of the px cell, as far as the cell's targets choose them. Only for a single px
    /// cell, with the `scope` `cell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub only: Option<Only>,
    /// Whether each cell is sent first to one engine, and to the others only once that one has succeeded. If it fails, the
    /// others end as not sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub canary: bool,
}

/// What runs now or waits for its engines, and what does not run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// The runs, in document order.
    #[serde(default)]
    pub runs: Vec<StartedRun>,
    /// The `%pxresult` lines that were run, and the run that each shows from now on, which may still go on.
    #[serde(default)]
    pub shown_results: Vec<ShownResult>,
    /// What was asked for and does not run, and why.
    #[serde(default)]
    pub not_run: Vec<NotRun>,
    /// How many lines of ordinary Python there are beside the px lines; pxlens does not run them.
    #[serde(default)]
    pub local_lines: u32,
    /// What was not meant to run, in words for the user: "2 local lines not run", and what is in the body of a statement such as `if`, "1 line
    /// under `if` not run".
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// A run that runs now or waits for its engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartedRun {
    /// The number of the run, by which other requests name it.
    pub run: RunId,
    /// The id of its px cell, as `px/cells` gives it.
    pub cell: CellId,
    /// The engines it is sent to, in this order; an id may occur twice.
    #[serde(default)]
    pub engines: Vec<u32>,
    /// A remark on the run, as a sentence: that the local part of a `--local` cell does not run, for a client without `runLocal`;
    /// or that the cell has changed since the run that `only` refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub note: Option<String>,
}

/// What a `%pxresult` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownResult {
    /// Its px cell: the `%pxresult` line.
    pub cell: CellId,
    /// The run that it shows.
    pub run: RunId,
}

/// A px cell, or a whole request, that does not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRun {
    /// The px cell; absent if the reason applies to the whole request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
    /// A sentence for the user: which line was not run, what stands in the way, and what to do. It is the same for all px cells
    /// that were not run for the same reason.
    pub reason: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
