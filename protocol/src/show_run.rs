//! `px/showRun`: has the client show a run in its panel.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// Asks the client to show a run in its panel, because the user followed a link in its card (`pxlens.server.showRun`). The panel itself asks
    /// for the [page](#page).
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
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
}

/// Whether the client shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowRunResult {
    /// Whether the run is shown.
    #[serde(default)]
    pub shown: bool,
}
