//! `px/runLocal`: has the client run the local part of a `--local` cell.

use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, RunId, TS};

message! {
    /// Asks the client to run the body of a `%%px --local` cell in a kernel of its own. The requests come in the order of the runs: each is sent as
    /// soon as the cell's part on the engines has begun, and the parts of all earlier runs with `--local` have begun or been dropped. If a run is
    /// dropped before it begins, its local part is not requested. The server goes on without waiting for the answer. If the answer is an error, it is
    /// shown to the user. A client without `runLocal` is told in the answer to the run that the local part does not run.
    ///
    /// **Example:** the body of a cell.
    ///
    /// ```json
    /// {
    ///   "method": "px/runLocal",
    ///   "params": { "uri": "file:///home/ada/tour.py", "cell": "c2", "run": 7, "code": "import numpy as np\n" }
    /// }
    /// ```
    ///
    /// ```json
    /// { "result": {} }
    /// ```
    request RunLocal "px/runLocal" server_to_client (RunLocalParams) -> RunLocalResult announced as "`runLocal`"
}

/// What to run, and which run it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunLocalParams {
    /// The document; a notebook's cell is named by the cell's own URI.
    pub uri: String,
    /// The id of the px cell, as `px/cells` gives it.
    pub cell: CellId,
    /// The number of its run on the engines, which has begun.
    pub run: RunId,
    /// The body, as the engines got it.
    pub code: String,
}

/// No result yet; an object, so that fields can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunLocalResult {}
