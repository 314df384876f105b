//! The argument and the answer of [`GROUP`](crate::commands::GROUP), which changes how a run is grouped.

use serde::{Deserialize, Serialize};

use crate::{GroupBy, JsonSchema, RunId, TS};

/// A run and its new grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
    /// How it is grouped from now on, unless a request asks for another grouping. The next run of its cell starts as the cell and the setting say.
    pub group_by: GroupBy,
}

/// How the run is grouped now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupResult {
    /// The number of the run.
    pub run: RunId,
    /// The grouping in which it is shown from now on.
    pub group_by: GroupBy,
}
