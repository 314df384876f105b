//! `px/interruptEngines`: stops what engines work on, whoever sent it.

use serde::{Deserialize, Serialize};

use crate::{InterruptResult, JsonSchema, TS};

message! {
    /// Stops what engines of the cluster in use work on, and what waits there. With `whose`, a client chooses how far this goes: by
    /// default only runs of this session, with `mine` also what other windows and shells of the same user sent, such as one that is gone, and with
    /// `anybody` what any client sent. Before it sends `anybody`, a client asks the user: it sends the request without, and names the engines in
    /// `leftMine` and `leftAlone`.
    ///
    /// The answer comes when every engine has answered, or after a time limit. What an engine works on is in [`px/engines`](#engines).
    ///
    /// **Example:** everything of this user. Engine 2 works for somebody else, engine 3 for nobody.
    ///
    /// ```json
    /// { "method": "px/interruptEngines", "params": { "whose": "mine" } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "signalled": [0, 1], "aborted": [], "leftAlone": [2], "leftMine": [], "unanswered": [], "idle": [3]
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** one engine, after asking.
    ///
    /// ```json
    /// { "method": "px/interruptEngines", "params": { "engines": [2], "whose": "anybody" } }
    /// ```
    request InterruptEngines "px/interruptEngines" client_to_server (InterruptEnginesParams) -> InterruptEnginesResult
}

/// Which engines to interrupt, and how far that goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterruptEnginesParams {
    /// Only these engines; if absent, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engines: Option<Vec<u32>>,
    /// Whose work is stopped.
    #[serde(default)]
    #[ts(as = "Option<Whose>", optional)]
    pub whose: Whose,
    /// The signal's name, such as `SIGTERM`; if absent, `SIGINT`, or for a run of this session the one that its cell names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signal: Option<String>,
}

/// Whose work is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Whose {
    /// That of this session.
    #[default]
    Session,
    /// That of any pxlens of this user.
    Mine,
    /// That of any client.
    Anybody,
}

/// What happened to each engine that was meant. An engine is in one list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterruptEnginesResult {
    /// The engines that had something to do.
    #[serde(flatten)]
    #[ts(flatten)]
    pub engines: InterruptResult,
    /// Engines that had nothing to do.
    #[serde(default)]
    pub idle: Vec<u32>,
}
