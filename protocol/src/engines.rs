//! `px/engines`: the clusters that were found, and the engines of the one in use.

use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, RunId, TS, Whose};

message! {
    /// Lists the clusters that were found, and the engines of the one that px cells run on. Nothing is started. The server asks each engine once,
    /// when it appears, where it runs. The answer to this request waits until all have told, or until nothing new has come for two seconds, five
    /// seconds at most. A client that announced `engines` is answered at once, since it is told about later changes. The host and process of an
    /// engine with an ipykernel older than 6.10 stay unknown.
    ///
    /// A cluster that is being started is in the list with the state `starting`, in use and without engines.
    ///
    /// **Example:** a cluster of three engines: one idle after an error, one busy with a px cell, one busy for a window that is gone.
    ///
    /// ```json
    /// { "method": "px/engines", "params": {} }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "clusters": [
    ///       {
    ///         "profile": "default",
    ///         "clusterId": "",
    ///         "connectionFile": "/home/ada/.ipython/profile_default/security/ipcontroller-client.json",
    ///         "state": "up",
    ///         "inUse": true,
    ///         "ours": false,
    ///         "engines": [
    ///           {
    ///             "id": 0,
    ///             "state": "idle",
    ///             "lastError": {
    ///               "text": "ValueError: only here",
    ///               "at": { "run": 6, "uri": "file:///home/ada/tour.py", "cell": "c1", "line": 3, "title": "%%px" }
    ///             }
    ///           },
    ///           {
    ///             "id": 1,
    ///             "state": "busy",
    ///             "host": "node1",
    ///             "pid": 4711,
    ///             "current": { "run": 7, "uri": "file:///home/ada/tour.py", "cell": "c2", "line": 9, "title": "%%px -t 1" }
    ///           },
    ///           { "id": 2, "state": "busy", "worksFor": { "whose": "mine", "run": "3f2a91c4-7" } }
    ///         ]
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    request Engines "px/engines" client_to_server (EnginesParams) -> EnginesResult
}

/// No parameters yet; an object, so that fields can be added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesParams {}

/// The clusters that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesResult {
    /// The clusters, the one in use first.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Why there is no cluster, or none that can be used: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// One ipyparallel cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Its IPython profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub profile: Option<String>,
    /// Its id in that profile; `""` for the cluster without an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cluster_id: Option<String>,
    /// The path of its connection file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub connection_file: Option<String>,
    /// Whether it answers.
    pub state: ClusterState,
    /// Whether it is the one that px cells run on.
    #[serde(default)]
    pub in_use: bool,
    /// Whether pxlens started it.
    #[serde(default)]
    pub ours: bool,
    /// Its engines, by ascending id; empty unless it is in use.
    #[serde(default)]
    pub engines: Vec<Engine>,
}

/// Whether a cluster answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClusterState {
    /// It was found, and has not been contacted yet.
    Found,
    /// It is being started.
    Starting,
    /// It answers.
    Up,
    /// It did not answer in time.
    NotResponding,
    /// It is gone.
    Down,
}

/// One engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Engine {
    /// Its id, by which targets choose it.
    pub id: u32,
    /// What it is doing.
    pub state: EngineState,
    /// The machine it runs on, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub host: Option<String>,
    /// Its process id, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pid: Option<u32>,
    /// The px cell that it works on, if that is a run of this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub current: Option<EngineCell>,
    /// For whom it works, if that is not this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub works_for: Option<WorksFor>,
    /// What it raised in the last run of this session that it finished; absent if that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_error: Option<EngineFailure>,
}

/// The other client that an engine works for. [`px/interruptEngines`](#interrupt-engines) stops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorksFor {
    /// `mine`: another pxlens of this user, such as an earlier window; `anybody`: any other client.
    pub whose: Whose,
    /// Of this user's: the name of the run, as `pxlens engines` shows it and `pxlens interrupt --run` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub run: Option<String>,
}

/// A px cell that an engine runs or ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineCell {
    /// The number of the run.
    pub run: RunId,
    /// The document; a notebook's cell is named by the cell's own URI.
    pub uri: String,
    /// The id of the px cell, as `px/cells` gives it.
    pub cell: CellId,
    /// The 0-based line of its magic when it was run.
    pub line: u32,
    /// The text of that line.
    pub title: String,
}

/// What an engine raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineFailure {
    /// The exception in one line. Plain text: no markup, no control characters.
    pub text: String,
    /// In which px cell.
    pub at: EngineCell,
}

/// What an engine is doing, as far as it has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EngineState {
    /// It has not told yet.
    Unknown,
    /// It waits for a request.
    Idle,
    /// It works, perhaps for another client: see `worksFor`.
    Busy,
}
