//! `px/refreshOutputs`: asks for all outputs of a document again.

use lsp_types::Uri;
use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Asks for all outputs of a document again, for a client that lost them.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/refreshOutputs", "params": { "uri": "file:///home/ada/tour.py" } }
    /// ```
    notification RefreshOutputs "px/refreshOutputs" client_to_server (RefreshOutputsParams) announced as "`outputs`"
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshOutputsParams {
    /// The URI of the document.
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub uri: Uri,
}
