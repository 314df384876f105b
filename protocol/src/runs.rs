//! `px/runs`: the history of a document, or of the whole session.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{CellId, CellState, JsonSchema, RunId, TS};

message! {
    /// Lists the history: the last 20 runs of each px cell, the last 20 runs of all px cells that are gone from a document together, and the runs
    /// that a px cell still shows or a name stands for. If these need more memory than the setting `limits.history` allows, the oldest finished
    /// runs are forgotten first. A finished run never changes, and running a cell again does not make its earlier runs unreachable.
    ///
    /// **Example:** a script in which a cell ran with `--noblock` under a name.
    ///
    /// ```json
    /// { "method": "px/runs", "params": { "uri": "file:///home/ada/tour.py" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "runs": [
    ///       {
    ///         "run": 8,
    ///         "uri": "file:///home/ada/tour.py",
    ///         "cell": "c2",
    ///         "line": 3,
    ///         "title": "%%px --noblock -o fit",
    ///         "suffix": "",
    ///         "name": "fit",
    ///         "state": "succeeded",
    ///         "engines": [0, 1],
    ///         "ranks": "[0-1]",
    ///         "block": false,
    ///         "created": 1795376037789,
    ///         "ended": 1795376038101,
    ///         "summary": "✓ [0-1] done · 312 ms"
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    request Runs "px/runs" client_to_server (RunsParams) -> RunsResult
}

/// Whose runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsParams {
    /// Only those of this document; for a notebook, or for one of its cells, those of all its cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string", optional)]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Uri>,
    /// Only those of this px cell, which may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
}

/// The runs that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsResult {
    /// The runs, the newest first.
    #[serde(default)]
    pub runs: Vec<PastRun>,
}

/// A run that is kept, whether it is finished or still goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastRun {
    /// The number of the run, by which other requests name it.
    pub run: RunId,
    /// The document of its px cell; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The id of its px cell, as `px/cells` gives it.
    pub cell: CellId,
    /// The 0-based line of the magic when the run was asked for.
    pub line: u32,
    /// The text of that line.
    pub title: String,
    /// The suffix of its magic; `""` if it has none.
    #[serde(default)]
    pub suffix: String,
    /// The name that `-o` gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// How it is doing.
    pub state: CellState,
    /// The engines, in the order of the requests; an id may occur twice.
    #[serde(default)]
    pub engines: Vec<u32>,
    /// The same as a rank set.
    #[serde(default)]
    pub ranks: String,
    /// Whether later runs wait for it.
    #[serde(default)]
    pub block: bool,
    /// When it was asked for, in milliseconds since 1970.
    pub created: u64,
    /// When its last engine ended, in milliseconds since 1970; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended: Option<u64>,
    /// A summary in one line. Plain text.
    #[serde(default)]
    pub summary: String,
}
