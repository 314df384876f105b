//! `px/cells`: the px cells of a document, each with what running it would do.

use lsp_types::{Range, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, RunId, TS};

message! {
    /// Lists the px cells of a document, each with what running it would do now (`plan`) or why it cannot run (`refusal`). Nothing is sent to
    /// engines, and nothing is started.
    ///
    /// **Example:** a `%%px` cell with one line, below a marker on line 2 and a `%pxconfig --targets ::2` on line 0.
    ///
    /// ```json
    /// { "method": "px/cells", "params": { "uri": "file:///home/ada/tour.py" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "version": 3,
    ///     "cells": [
    ///       {
    ///         "id": "c1",
    ///         "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 23 } },
    ///         "magicRange": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 23 } },
    ///         "magic": "pxconfig",
    ///         "outer": 0,
    ///         "code": "",
    ///         "plan": {
    ///           "engines": [], "ranks": "", "alive": 0, "block": false, "decidedBy": [],
    ///           "note": "this line sets defaults for the cells below it and runs nothing"
    ///         },
    ///         "state": "idle",
    ///         "stale": false
    ///       },
    ///       {
    ///         "id": "c2",
    ///         "range": { "start": { "line": 3, "character": 0 }, "end": { "line": 4, "character": 11 } },
    ///         "magicRange": { "start": { "line": 3, "character": 0 }, "end": { "line": 3, "character": 4 } },
    ///         "magic": "px",
    ///         "outer": 1,
    ///         "marker": 2,
    ///         "code": "print(rank)\n",
    ///         "plan": { "engines": [0, 2], "ranks": "[0,2]", "alive": 4, "block": true, "decidedBy": [0] },
    ///         "state": "succeeded",
    ///         "stale": true,
    ///         "run": 7
    ///       }
    ///     ],
    ///     "problems": [],
    ///     "format": { "name": "hydrogen", "reason": "by its markers" }
    ///   }
    /// }
    /// ```
    request Cells "px/cells" client_to_server (CellsParams) -> CellsResult
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
    /// The version of the document in which they were found.
    pub version: i32,
    /// In document order.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// What is wrong or doubtful in the magics; also sent as diagnostics.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// Of a script: the format that it is taken to be in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub format: Option<ScriptFormat>,
}

/// The format of a script, which decides how it is divided into cells and which magics in comments count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScriptFormat {
    /// Its name, as the setting `scriptFormat` says it.
    pub name: String,
    /// By what the script is taken to be in it, in a few words, such as `jupytext header`.
    pub reason: String,
}

/// One px cell. If the cell itself is wrong, it has a `refusal` and no `plan`; if it only lacks something at the moment (the workspace's
/// trust, its cluster, its engines), it has both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// Its id, by which other requests name it.
    pub id: CellId,
    /// All of it, magic and body.
    #[ts(as = "crate::TsRange")]
    #[schemars(with = "crate::TsRange")]
    pub range: Range,
    /// The line with the magic.
    #[ts(as = "crate::TsRange")]
    #[schemars(with = "crate::TsRange")]
    pub magic_range: Range,
    /// The name of the magic with its suffix, such as `px_even` or `pxresult`.
    pub magic: String,
    /// The cell of the script or notebook that contains it, counted from 0: px lines of the same one share a lens. Absent
    /// if the document has no cells of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub outer: Option<u32>,
    /// The 0-based line of the marker of that cell, such as `# %%`, if it has one. A `position` on it means all px cells of that cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub marker: Option<u32>,
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
    /// Whether its newest run had another code or plan than a run now would have.
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
    /// `%pxconfig`, and while there is no engine (see `starts`).
    #[serde(default)]
    pub engines: Vec<u32>,
    /// The same as a rank set, such as `[0-2,4]`; or a text such as `4 local engines` or `no engines`.
    #[serde(default)]
    pub ranks: String,
    /// How many engines are alive; 0 for a line that runs nothing.
    #[serde(default)]
    pub alive: u32,
    /// Whether later runs wait for it.
    #[serde(default)]
    pub block: bool,
    /// How many local engines are started before it runs; absent if there is a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub starts: Option<u32>,
    /// The 0-based lines above it (`%pxconfig`, `%autopx`) that influenced this.
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
    /// It has not run since the document was opened.
    #[default]
    Idle,
    /// It waits for its engines.
    Queued,
    /// Some engine has not ended.
    Running,
    /// Every engine ended well.
    Succeeded,
    /// The run is over, and some engines raised, aborted or were lost.
    Failed,
}

/// Something wrong or doubtful in a magic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The text that it is about.
    #[ts(as = "crate::TsRange")]
    #[schemars(with = "crate::TsRange")]
    pub range: Range,
    /// How severe it is.
    pub severity: ProblemSeverity,
    /// The code of its rule, under which `docs/diagnostics.md` explains it.
    pub code: String,
    /// A sentence for the user.
    pub message: String,
}

/// How severe a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProblemSeverity {
    /// It cannot run.
    Error,
    /// It runs, but perhaps not as intended.
    Warning,
    /// Worth knowing.
    Hint,
}
