//! `px/content`: the output of a run as a document, for clients without `workspace/textDocumentContent`; and the command that shows one.

use serde::{Deserialize, Serialize};

use crate::{GroupBy, JsonSchema, RunId, TS};

message! {
    /// Returns the text of an output. Outputs are read-only documents with these addresses:
    ///
    /// | address | what |
    /// |---|---|
    /// | `px-output:/run-7/fold.txt` | the run as a shell shows it, without colours, in a grouping: `fold`, `type`, `engine` or `order` |
    /// | `px-output:/run-7/group-0-2,4.txt` | the same for these engines alone, folded; the name holds a rank set as the server writes it, without brackets |
    /// | `px-output:/run-7/raw-3.txt` | what engine 3 wrote, stdout and stderr in order of arrival |
    /// | `px-output:/run-7/raw-3-request-5.txt` | the same for its request at place 5 (0-based), if the run sent an engine more than one request |
    /// | `px-output:/run-7/compared-with-5.txt` | how the output of the engines differs from that in run 5 |
    ///
    /// A comma may be written `%2C`, and `px-output:///` may be written for `px-output:/`. For any other address, and for a run or an engine that
    /// does not exist, the answer is the error `-32602` with a sentence. Each server numbers its runs from the beginning.
    ///
    /// A document has at most 5,000,000 bytes of UTF-8, lines that end in `\n`, and no control characters but tabs. A longer output is shown with
    /// both ends and a line between them, which says how much is left out and names the file or the address that has it. A raw document is what the
    /// engine wrote, with invisible characters spelled out (`\x1b[31m`, `\u202e`; a lone carriage return is `\x0d` and ends the line). It is
    /// therefore longer than the file of [output beyond the memory limits](../docs/settings.md#limits), which holds the bytes as they came. Keys of
    /// kernels are hidden in documents, but not in that file.
    ///
    /// A client that announced LSP's `workspace.textDocumentContent` asks with `workspace/textDocumentContent` instead: the server announces
    /// the scheme `px-output`. While a run goes on, the server sends it `workspace/textDocumentContent/refresh` for each document that it asked for,
    /// at most twice a second and once per answer, so that a closed document costs nothing. With `px/content`, `goesOn` says that asking
    /// again may give more.
    ///
    /// `pxlens.server.showOutput` has the server ask the client to show a document (`window/showDocument`): by its address if the client announced
    /// `workspace.textDocumentContent` or the capability `content`, otherwise as a file in the folder for output beyond the memory limits. If the
    /// client does not support `window/showDocument` either, a message names the file.
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
    /// Whether the run still goes on, so that there may be more text later.
    #[serde(default)]
    pub goes_on: bool,
}

/// Which output to show: that of some engines, of one engine, or the differences from another run. Without these, that of all engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowOutputParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
    /// The grouping of the whole output; if absent, the one that the user chose for the run, else the one that the cell asks for, else the
    /// setting `pxlens.groupBy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
    /// Only these engines, as a rank set, folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ranks: Option<String>,
    /// Only what this engine wrote, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engine: Option<u32>,
    /// Only how the engines' output differs from that in this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub compared_with: Option<RunId>,
}

impl ShowOutputParams {
    /// The whole output of a run.
    pub fn whole(run: RunId, group_by: Option<GroupBy>) -> Self {
        Self { run, group_by, ranks: None, engine: None, compared_with: None }
    }

    /// How the output of a run differs from that of another.
    pub fn compared(run: RunId, with: RunId) -> Self {
        Self { compared_with: Some(with), ..Self::whole(run, None) }
    }
}

/// Where the requested output is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowOutputResult {
    /// Its `px-output:` address.
    pub uri: String,
    /// A file with it, for a client that cannot show the address. It is deleted when the run is forgotten or the server ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
}
