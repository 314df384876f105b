//! `px/compare`: how the output of a run differs from that of an earlier one.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// Compares the output of a run with that of the previous run of the same px cell that was sent, or of any other run. Engines are compared
    /// one by one, by their id. An engine is as before if it gave the same output, with the same numbers, and ended in the same way; execution
    /// counts and durations are ignored. If the cell has no earlier run, `message` says so. The answer is the error `-32602` if there is no such run.
    ///
    /// Keys of kernels are hidden, also in the text. The command `pxlens.server.compare` shows the comparison as well: as a
    /// [document](#content) if the client opens those, otherwise the summary and the first lines of the text as a message.
    ///
    /// **Example:** one engine answered differently.
    ///
    /// ```json
    /// { "method": "px/compare", "params": { "run": 8 } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "run": 8,
    ///     "with": 7,
    ///     "summary": "3 engines as before, [2] changed",
    ///     "groups": [
    ///       { "ranks": "[2]", "engines": [2], "change": "changed", "text": "loss ‹0.31 → 0.29›" },
    ///       { "ranks": "[0-1,3]", "engines": [0, 1, 3], "change": "same", "text": "" }
    ///     ],
    ///     "text": "r8 compared with r7: 3 engines as before, [2] changed\n── [2] changed ──\nloss ‹0.31 → 0.29›\n",
    ///     "markdown": "r8 compared with r7: 3 engines as before, `[2]` changed\n\n`[2]` changed\n```text\nloss ‹0.31 → 0.29›\n```\n"
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** the first run of a cell.
    ///
    /// ```json
    /// { "method": "px/compare", "params": { "run": 7 } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "run": 7,
    ///     "summary": "",
    ///     "groups": [],
    ///     "text": "",
    ///     "markdown": "",
    ///     "message": "Run 7 is the first run of its cell that is kept, so there is nothing to compare it with; run the cell again"
    ///   }
    /// }
    /// ```
    request Compare "px/compare" client_to_server (CompareParams) -> CompareResult
}

/// The two runs to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompareParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
    /// The number of the other run, of any cell; if absent, the previous run of the same px cell that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<RunId>,
}

/// How the engines of a run compare with those of the other run, or why there is nothing to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompareResult {
    /// The number of the run.
    pub run: RunId,
    /// The number of the other run; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<RunId>,
    /// One line: `3 engines as before, [2] changed`. Plain text.
    #[serde(default)]
    pub summary: String,
    /// The groups; each engine of the two runs is in exactly one.
    #[serde(default)]
    pub groups: Vec<ComparedGroup>,
    /// The summary and the groups that are not as before, as plain text.
    #[serde(default)]
    pub text: String,
    /// The same as Markdown, at most 50,000 bytes; what engines wrote is in code fences.
    #[serde(default)]
    pub markdown: String,
    /// Why there is nothing to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// How an engine's output compares with the other run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EngineChange {
    /// The same output, to the letter, and the same end.
    Same,
    /// Different output, different numbers in it, or a different end.
    Changed,
    /// The other run was not on these engines.
    New,
    /// Only the other run was on these engines.
    Gone,
}

/// Engines that changed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparedGroup {
    /// The engines as a rank set.
    #[serde(default)]
    pub ranks: String,
    /// Their ids.
    #[serde(default)]
    pub engines: Vec<u32>,
    /// How they changed.
    pub change: EngineChange,
    /// What changed: changed words as `‹old → new›`, equal lines counted; for new engines, their output. Plain text, without
    /// keys of kernels.
    #[serde(default)]
    pub text: String,
}
