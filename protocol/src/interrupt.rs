//! `px/interrupt`: stops a run.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, RunId, TS};

message! {
    /// Stops a run: requests that were not sent yet are dropped, requests that wait on engines are aborted, and engines that work on this run are
    /// signalled. A request that waits behind other work ends at once. If a whole run is stopped, other waiting runs of the same px cell are dropped too: whoever stops a cell does not want
    /// it to begin again. An engine that is busy for another client is left alone; [`px/interruptEngines`](#interrupt-engines) stops what it works on. The answer comes when every engine has answered, or after a time
    /// limit.
    ///
    /// With `stragglers`, only the engines that still work are stopped, once at least half of the run's engines have ended. Before that, and
    /// after the end, nothing is done and `refused` says why.
    ///
    /// **Example:** engine 3 is busy for another client.
    ///
    /// ```json
    /// { "method": "px/interrupt", "params": { "run": 7 } }
    /// ```
    ///
    /// ```json
    /// { "result": { "signalled": [0, 1], "aborted": [2], "leftAlone": [3], "leftMine": [], "unanswered": [] } }
    /// ```
    ///
    /// **Example:** only one engine, with a stronger signal.
    ///
    /// ```json
    /// { "method": "px/interrupt", "params": { "run": 7, "engines": [1], "signal": "SIGTERM" } }
    /// ```
    ///
    /// **Example:** stragglers, while there are none.
    ///
    /// ```json
    /// { "method": "px/interrupt", "params": { "run": 7, "stragglers": true } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "signalled": [], "aborted": [], "leftAlone": [], "leftMine": [], "unanswered": [],
    ///     "refused": "Fewer than half of the engines of run 7 have ended, so none of [0-3] is a straggler; name the engines to interrupt them"
    ///   }
    /// }
    /// ```
    request Interrupt "px/interrupt" client_to_server (InterruptParams) -> InterruptResult
}

/// What to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterruptParams {
    /// The number of the run, as `px/run`, `px/runs` and `px/outputs` give it.
    pub run: RunId,
    /// Only its part on these engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engines: Option<Vec<u32>>,
    /// Only its part on engines that still work, once at least half of its engines have ended. With `engines`, only those among
    /// them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub stragglers: bool,
    /// The signal's name, such as `SIGTERM`; if absent, the one that the cell names with `--signal-on-interrupt`, or
    /// `SIGINT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub signal: Option<String>,
}

/// What happened to each engine that had something to do: of a run, to those that had not ended. An engine is in at most one list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InterruptResult {
    /// Engines that work on what is to be stopped, and were signalled.
    #[serde(default)]
    pub signalled: Vec<u32>,
    /// Engines where that had not begun; its requests were dropped or aborted.
    #[serde(default)]
    pub aborted: Vec<u32>,
    /// Engines that are busy for another client and were left alone. What waited there was aborted.
    #[serde(default)]
    pub left_alone: Vec<u32>,
    /// Engines that are busy for another pxlens of this user, such as an earlier window, and were left alone. What waited there was
    /// aborted.
    #[serde(default)]
    pub left_mine: Vec<u32>,
    /// Engines that were signalled or asked, but did not answer in time.
    #[serde(default)]
    pub unanswered: Vec<u32>,
    /// Why nothing was done: a sentence for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub refused: Option<String>,
}
