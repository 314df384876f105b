//! `px/outputs`: what to paint beside the px cells of a document.

use lsp_types::{Range, Uri};
use serde::{Deserialize, Serialize};

use crate::{CellId, CellState, JsonSchema, RunId, TS};

message! {
    /// Tells the client what to paint beside px cells, already laid out. A message holds only the cells that changed, each replaced as a whole. It
    /// is the newest state, not a step towards it, so states that were overtaken are never sent. `full: true` comes after `didOpen` and after
    /// [`px/refreshOutputs`](#refresh-outputs), and replaces everything the client knew about the document.
    ///
    /// A block begins with the engines of the run, as ipyparallel announces them; the block of a `%pxresult` begins with a line that names the cell
    /// it shows. The output of a `--noblock` run is left out until somebody [asks for it](#run).
    ///
    /// `line` belongs behind the last line of the cell, or behind the line that raised, as long as the current code contains that line. While a
    /// run goes on, it names the engines that are still waited for, and their hosts if the run's engines are on several hosts and the pending ones
    /// on at most three. It is sent again each second to update its time, even if nothing else happens.
    ///
    /// The first change after a pause is sent at once, further ones at most every 50 ms, with one message for each document that changed. To
    /// a client that announced `ack`, the server sends no further changes while two or more messages are unacknowledged; only the messages about
    /// documents that changed together are sent together, however many they are. Acknowledging a message acknowledges those before it. Any other
    /// client is sent at most four messages a second about a document.
    ///
    /// **Example:** a cell is running, another was deleted.
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
    /// The URI of the document.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// The version of the document that the ranges refer to. A client with a newer version moves the ranges itself, or waits for the next message.
    pub version: i32,
    /// Rises by one with every `px/outputs` of the session, for whichever document.
    pub seq: u32,
    /// Whether `cells` is everything there is to show, so that the client forgets the rest.
    #[serde(default)]
    pub full: bool,
    /// The cells that changed, each replaced whole.
    #[serde(default)]
    pub cells: Vec<CellOutput>,
    /// Cells that are gone or have nothing to show any more.
    #[serde(default)]
    pub removed: Vec<CellId>,
}

/// What to paint beside one px cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellOutput {
    /// The id of the px cell, as `px/cells` gives it.
    pub id: CellId,
    /// The number of the run that is shown.
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
    /// Whether the run had another code or plan than a run now would have.
    #[serde(default)]
    pub stale: bool,
    /// A summary of the run in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub line: Option<Line>,
    /// The 0-based line of the document at whose end to paint it: the last non-blank line of the px cell, or the line that
    /// raised.
    #[serde(default)]
    pub line_at: u32,
    /// Lines to paint under the px cell, for a client that announced `blocks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub block: Option<Vec<BlockLine>>,
}

/// A summary of a run in one line. Plain text: no markup, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The text of the line.
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
    /// It ended, but not as it should.
    Warning,
    /// Some engine raised or was lost.
    Error,
}

/// One line of a block. Plain text: no markup, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockLine {
    /// The text of the line, without a line end.
    pub text: String,
    /// The kind of line.
    pub style: LineStyle,
    /// The length in characters (Unicode scalar values) of the beginning of the line that ends with the names of the engines that wrote this line
    /// or what follows; absent if the line names no engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ranks: Option<u32>,
}

/// The kind of a line or text, which decides its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LineStyle {
    /// The engines that wrote what follows.
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
    /// A remark by pxlens itself.
    Note,
}
