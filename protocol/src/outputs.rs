//! `px/outputs`: what to paint beside the px cells of a document.

use lsp_types::{Range, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellId, CellState, JsonSchema, RunId, TS};

message! {
    /// What to paint beside px cells, ready laid out. Only cells that changed are in it, each replaced whole; a message is the newest
    /// state, not a step on the way there, so none that was overtaken is ever sent. `full: true` comes after `didOpen` and after
    /// [`px/refreshOutputs`](#refresh-outputs), and replaces everything the client knew of the document.
    ///
    /// A block begins with the engines of the run, as ipyparallel announces them; that of a `%pxresult` with a line that names the cell it
    /// shows. What a run without waiting gave is left out until somebody [asks for it](#run).
    ///
    /// `line` stands behind the last line of the cell, or behind the one that raised, as long as that is in the code as it stands. While a
    /// run goes on it names the engines that are waited for, and their hosts where the engines of the run are on several and those of the
    /// pending ones are three at most. It is sent anew each second, for its time, also while nothing else happens.
    ///
    /// The first change after a pause is sent at once, further ones at most every 50 ms: then a message for each document that changed. A
    /// client that announced `ack` is sent no more while two messages are unacknowledged; it may acknowledge many by the last of them. Any
    /// other client hears of a document at most four times a second.
    ///
    /// **Example:** a cell runs, another was deleted.
    ///
    /// ```json
    /// {
    ///   "method": "px/outputs",
    ///   "params": {
    ///     "uri": "file:///home/ada/tour.py",
    ///     "version": 3,
    ///     "seq": 12,
    ///     "full": false,
    ///     "cells": [
    ///       {
    ///         "id": "c2",
    ///         "run": 7,
    ///         "range": { "start": { "line": 3, "character": 0 }, "end": { "line": 5, "character": 0 } },
    ///         "state": "running",
    ///         "stale": false,
    ///         "line": { "text": "⏳ 3/4 · waiting on [2] n03 · 12 s", "severity": "info" },
    ///         "lineAt": 4,
    ///         "block": [
    ///           { "text": "Parallel execution on engine(s): [0-3]", "style": "note" },
    ///           { "text": "[0-1,3] ready", "style": "stdout", "ranks": 7 }
    ///         ]
    ///       }
    ///     ],
    ///     "removed": ["c4"]
    ///   }
    /// }
    /// ```
    notification Outputs "px/outputs" server_to_client (OutputsParams) announced as "`outputs`; `blocks` for `block` lines"
}

/// What changed in one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputsParams {
    /// The document.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The version that the ranges are of. A client that has a newer one moves them itself, or waits for the next.
    pub version: i32,
    /// Rises by one with every `px/outputs` of the session, whatever its document.
    pub seq: u32,
    /// Whether `cells` are all there are: forget the rest.
    #[serde(default)]
    pub full: bool,
    /// The cells that changed, each replaced whole.
    #[serde(default)]
    pub cells: Vec<CellOutput>,
    /// Cells that are gone, or have nothing to show any more.
    #[serde(default)]
    pub removed: Vec<CellId>,
}

/// What to paint beside one px cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellOutput {
    /// Which px cell.
    pub id: CellId,
    /// The run that is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<RunId>,
    /// All of the px cell.
    #[ts(as = "crate::TsRange")]
    #[schemars(with = "crate::TsRange")]
    pub range: Range,
    /// How the run is doing.
    #[serde(default)]
    pub state: CellState,
    /// Whether the run was of another code or plan than what would run now.
    #[serde(default)]
    pub stale: bool,
    /// One line that sums the run up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub line: Option<Line>,
    /// The line of the document, 0-based, at whose end to paint it: the last line of the px cell that holds something, or the
    /// one that raised.
    #[serde(default)]
    pub line_at: u32,
    /// Lines to paint under the px cell, for a client that announced `blocks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub block: Option<Vec<BlockLine>>,
}

/// One line that sums a run up. Plain text: no markup, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How to colour it.
    pub severity: LineSeverity,
}

/// How a summary line is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineSeverity {
    /// Neither good nor bad, or not known yet.
    #[default]
    Info,
    /// Every engine ended well.
    Ok,
    /// It ended, not as it should.
    Warning,
    /// Some engine raised or was lost.
    Error,
}

/// One line of a block. Plain text: no markup, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockLine {
    /// What it says, without a line end.
    pub text: String,
    /// What it is.
    pub style: LineStyle,
    /// How many characters (Unicode scalar values) at its beginning end with the engines that it, or what follows, is of; absent
    /// where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ranks: Option<u32>,
}

/// What a line of a block is, for its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineStyle {
    /// The engines that what follows is of.
    Label,
    /// Text that engines printed.
    #[default]
    Stdout,
    /// Text that they printed to stderr.
    Stderr,
    /// A display or the value of the last expression.
    Result,
    /// A traceback.
    Error,
    /// A word of pxlens' own.
    Note,
}
