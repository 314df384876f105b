//! `px/compare`: what a run gave otherwise than the one before it.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// What a run gave otherwise than the one before of the same px cell that was sent, or than any other run. Engines are compared one by one,
    /// by their id: as before is who gave the same output, with the same numbers, and came to the same end. Counters of cells do not count, nor
    /// does the time that it took. Where the cell has no earlier run, `message` says so. The result is `-32602` if there is no such run.
    ///
    /// Keys of kernels are hidden, in the text as well. The command `pxlens.server.compare` shows it too: as a document, where the client
    /// opens [such](#content), else the summary and the first lines of the text as a message.
    ///
    /// **Example:** one engine answered otherwise.
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

/// What to compare with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompareParams {
    /// The run.
    pub run: RunId,
    /// The other run, of whatever cell; the run before of the same px cell that was sent if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<RunId>,
}

/// How the engines of a run did, compared with the other run; or why there is nothing to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompareResult {
    /// The run.
    pub run: RunId,
    /// The other run; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<RunId>,
    /// One line: `3 engines as before, [2] changed`. Plain text.
    #[serde(default)]
    pub summary: String,
    /// Every engine of both runs, in one group.
    #[serde(default)]
    pub groups: Vec<ComparedGroup>,
    /// The summary and the groups that are not as before, as plain text.
    #[serde(default)]
    pub text: String,
    /// The same as Markdown, at most 50,000 bytes; what engines wrote stands in code fences.
    #[serde(default)]
    pub markdown: String,
    /// Why there is nothing to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// How engines did, compared with the other run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EngineChange {
    /// The same output and the same end, to the letter.
    Same,
    /// Other output, other numbers in it, or another end.
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
    /// The engines.
    #[serde(default)]
    pub engines: Vec<u32>,
    /// How they did.
    pub change: EngineChange,
    /// What changed, with words as `‹old → new›` and lines that are the same counted; of new engines what they gave. Plain
    /// text, without keys of kernels.
    #[serde(default)]
    pub text: String,
}
