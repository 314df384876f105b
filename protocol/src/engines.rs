//! `px/engines`: the clusters in reach, and the engines of the one in use.

use serde::{Deserialize, Serialize};

use crate::{CellId, JsonSchema, RunId, TS};

message! {
    /// The clusters that were found, and the engines of the one that px cells run on. Nothing is started. Each engine is asked once
    /// where it runs, when it appears; the answer here waits for that, two seconds, or five where many are still telling. A client that
    /// announced `engines` is not made to wait, since it hears of what comes later. Engines whose ipykernel is older than 6.10 do not tell.
    ///
    /// A cluster that is being started is in the list with the state `starting`, in use and without engines.
    ///
    /// **Example:** a cluster of two engines, one of them busy, the other one after an error.
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
    ///           }
    ///         ]
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    request Engines "px/engines" client_to_server (EnginesParams) -> EnginesResult
}

/// Nothing to say yet; an object all the same, so that it can grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesParams {}

/// What is in reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnginesResult {
    /// The one in use first.
    #[serde(default)]
    pub clusters: Vec<Cluster>,
    /// Why there is none, or none that can be used: a sentence for the user.
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
    /// Its id in that profile, `""` for the one without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cluster_id: Option<String>,
    /// Where its connection file is.
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
    /// Its engines by rising id; empty unless it is in use.
    #[serde(default)]
    pub engines: Vec<Engine>,
}

/// Whether a cluster answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClusterState {
    /// It was found, and nobody asked it yet.
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
    /// Its rank.
    pub id: u32,
    /// What it does.
    pub state: EngineState,
    /// Where it runs, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub host: Option<String>,
    /// Its process, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pid: Option<u32>,
    /// What it works on, where that is a run of this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub current: Option<EngineCell>,
    /// What it raised in the last run of this session that it finished; absent where that went well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_error: Option<EngineFailure>,
}

/// A px cell that an engine has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineCell {
    /// The run.
    pub run: RunId,
    /// The document; a notebook's cell is named by the cell's own URI.
    pub uri: String,
    /// The px cell.
    pub cell: CellId,
    /// 0-based line of its magic when it was run.
    pub line: u32,
    /// Its magic's line.
    pub title: String,
}

/// What an engine raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineFailure {
    /// The exception in one line. Plain text: no markup, no control characters.
    pub text: String,
    /// Where.
    pub at: EngineCell,
}

/// What an engine does, as far as it told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EngineState {
    /// It said nothing yet.
    Unknown,
    /// It waits for a request.
    Idle,
    /// It works, perhaps for another client.
    Busy,
}
