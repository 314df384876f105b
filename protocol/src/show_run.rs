//! `px/showRun`: show a run in the panel.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// The user wants to see a run in the client's panel, after following a link of its card (`pxlens.server.showRun`). The panel asks for the
    /// [page](#page) by itself.
    ///
    /// **Example:**
    ///
    /// ```json
    /// { "method": "px/showRun", "params": { "run": 7 } }
    /// ```
    ///
    /// ```json
    /// { "result": { "shown": true } }
    /// ```
    request ShowRun "px/showRun" server_to_client (ShowRunParams) -> ShowRunResult announced as "`panel`"
}

/// Which run to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowRunParams {
    /// The run.
    pub run: RunId,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowRunResult {
    /// Whether it is shown.
    #[serde(default)]
    pub shown: bool,
}
