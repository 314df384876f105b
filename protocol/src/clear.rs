//! `px/clear`: results that are not to be seen any more.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, TS};

message! {
    /// Has the px cells of a document, or one of them, show their results no more: they are `removed` from `px/outputs`, and their diagnostics
    /// and hints go. The runs stay in the [history](#runs). Of a px cell whose run goes on the result is cleared as well: the run goes on, can be
    /// interrupted by its number or its progress, and is seen in the history. A run of the cell that begins later is shown as ever. The result is
    /// `-32602` if there is no such document or px cell.
    ///
    /// **Example:** a script of which two px cells had run.
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
    /// How many px cells showed a result and do no more.
    #[serde(default)]
    pub cleared: u32,
}
