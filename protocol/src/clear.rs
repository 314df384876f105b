//! `px/clear`: removes results from beside the code.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, TS};

message! {
    /// Removes the results of all px cells of a document, or of one of them: they are `removed` from `px/outputs`, and their diagnostics
    /// and hints disappear. The runs stay in the [history](#runs), but what is no longer in memory of their text is deleted, unless they have a name. If a run still goes on, its result is removed as well; the run is not stopped,
    /// can be interrupted by its number or its progress, and appears in the history. Later runs of the cell are shown as usual. The answer is
    /// the error `-32602` if there is no such document or px cell.
    ///
    /// **Example:** a script in which two px cells had run.
    ///
    /// ```json
    /// { "method": "px/clear", "params": { "uri": "file:///home/ada/tour.py" } }
    /// ```
    ///
    /// ```json
    /// { "result": { "cleared": 2 } }
    /// ```
    request Clear "px/clear" client_to_server (ClearParams) -> ClearResult
}

/// What to clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearParams {
    /// The document; a notebook's own URI means all its cells.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
    /// Only this px cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cell: Option<CellId>,
}

/// What was cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearResult {
    /// How many px cells showed a result and no longer do.
    #[serde(default)]
    pub cleared: u32,
}
