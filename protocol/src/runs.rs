//! `px/runs`: the history of a document, or of the whole session.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{CellId, CellState, JsonSchema, RunId, TS};

message! {
    /// The history: the last 20 runs of each px cell, and those that a px cell still shows or a name stands for. Of the px cells of a document
    /// that are gone, the last 20 together. Beyond the memory that the setting `limits.history` allows, the oldest runs that are over go first.
    /// A run that is over never changes, and a second run of a cell does not make the first unreachable.
    ///
    /// **Example:** what ran in a script, where a cell was run without waiting under a name.
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

/// Of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsParams {
    /// Only those of this document; of a notebook, or of one of its cells, those of all its cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "string", optional)]
    #[schemars(with = "Option<String>")]
    pub uri: Option<Uri>,
    /// Only those of this px cell, which may be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
}

/// The last 20 runs of each px cell, as far as there is memory for them, and those that px cells still show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsResult {
    /// The newest first.
    #[serde(default)]
    pub runs: Vec<PastRun>,
}

/// A run that is kept, whether it goes on or is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastRun {
    /// Its number.
    pub run: RunId,
    /// The document of its px cell; a notebook's cell is named by the cell's own URI.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// Its px cell.
    pub cell: CellId,
    /// The 0-based line of the magic, when it was asked for.
    pub line: u32,
    /// That line as text.
    pub title: String,
    /// The suffix of its magic, `""` for the one without.
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
    #[ts(type = "number")]
    pub created: u64,
    /// When its last engine ended, in milliseconds since 1970; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional)]
    pub ended: Option<u64>,
    /// One line that sums it up. Plain text.
    #[serde(default)]
    pub summary: String,
}
