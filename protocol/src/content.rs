//! `px/content`: an output as a document, for clients without `workspace/textDocumentContent`; and showing one.

use serde::{Deserialize, Serialize};

use crate::{GroupBy, JsonSchema, RunId, TS};

message! {
    /// Outputs are read-only documents, with addresses:
    ///
    /// | address | what |
    /// |---|---|
    /// | `px-output:/run-7/fold.txt` | the run as a shell shows it, without colours, in a grouping: `fold`, `type`, `engine` or `order` |
    /// | `px-output:/run-7/group-0-2,4.txt` | the same of these engines alone, folded; the name holds a rank set as the server writes it, without brackets |
    /// | `px-output:/run-7/raw-3.txt` | what engine 3 wrote, stdout and stderr in order of arrival |
    /// | `px-output:/run-7/raw-3-request-5.txt` | the same of its request in place 5 (0-based), where a run asked an engine more than once |
    /// | `px-output:/run-7/compared-with-5.txt` | what engines gave otherwise than in run 5 |
    ///
    /// A comma may be written `%2C`, and `px-output:///` may stand for `px-output:/`. Nothing else is an address; the answer is then `-32602` with a
    /// sentence, and so it is where there is no such run or engine. Numbers of runs begin anew with each server.
    ///
    /// A document has at most 5,000,000 bytes of UTF-8, lines that end in `\n`, and no control character but tabs. Of a longer output both ends are
    /// there, and a line between them that says how much is left out, and names the file or the address that has it. A raw document is what the engine
    /// wrote, with what cannot be seen spelled out (`\x1b[31m`, `\u202e`; a lone carriage return is `\x0d` and ends the line), so it is
    /// longer than the file of what [left the memory](../docs/settings.md#limits), which holds the bytes as they came. Keys of kernels are hidden in
    /// documents, and not in that file.
    ///
    /// A client that announced LSP's `workspace.textDocumentContent` asks with `workspace/textDocumentContent` instead: the server announces
    /// the scheme `px-output`. While a run goes on, it is then sent `workspace/textDocumentContent/refresh` for a document that it asked for, at
    /// most twice a second and once per answer, so that a document which is closed costs nothing. With `px/content`, `goesOn` says that asking
    /// again may give more.
    ///
    /// `pxlens.server.showOutput` has the server ask the client to show one (`window/showDocument`): by its address, where the client announced
    /// `workspace.textDocumentContent` or the capability `content`; else as a file, in the folder where the run's output goes that left the
    /// memory. Where the client cannot be asked either, a message names the file.
    ///
    /// **Example:** the whole run.
    ///
    /// ```json
    /// { "method": "px/content", "params": { "uri": "px-output:/run-7/fold.txt" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "text": "run 7 · tour.py line 5 · %px rank % 2\nParallel execution on engine(s): [0-1]\n[0] Out: 0\n[1] Out: 1\n✓ 2 engines · 12 ms\n",
    ///     "goesOn": false
    ///   }
    /// }
    /// ```
    request Content "px/content" client_to_server (ContentParams) -> ContentResult
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentParams {
    /// A `px-output:` address.
    pub uri: String,
}

/// The document as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentResult {
    /// Its text: at most 5,000,000 bytes of UTF-8, without escape sequences and control characters.
    pub text: String,
    /// Whether the run still goes on, so that there may be more of it.
    #[serde(default)]
    pub goes_on: bool,
}

/// Which output to show: of these engines, or of one, or what is other than in another run; else of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowOutputParams {
    /// The run.
    pub run: RunId,
    /// The grouping of all of it; the one that the cell asks for, or the setting `pxlens.groupBy`, if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
    /// Only these engines, as a rank set; folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ranks: Option<String>,
    /// Only what this engine wrote, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engine: Option<u32>,
    /// Only what engines gave otherwise than in this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub compared_with: Option<RunId>,
}

impl ShowOutputParams {
    /// All of a run.
    pub fn whole(run: RunId, group_by: Option<GroupBy>) -> Self {
        Self { run, group_by, ranks: None, engine: None, compared_with: None }
    }

    /// What engines gave otherwise than in another run.
    pub fn compared(run: RunId, with: RunId) -> Self {
        Self { compared_with: Some(with), ..Self::whole(run, None) }
    }
}

/// Where the output is that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowOutputResult {
    /// Its `px-output:` address.
    pub uri: String,
    /// A file with it, for a client that cannot show the address. It goes when the run is forgotten or the server ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
}
