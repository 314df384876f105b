//! `px/console`: opens an engine's kernel to an ordinary Jupyter front end.

use serde::{Deserialize, Serialize};

use crate::{JsonSchema, TS};

message! {
    /// Binds the kernel of one engine to ports of its own, and writes its connection file where Jupyter's front ends look for it, so that
    /// one of `commands` can be started in a terminal. These are the front ends that are installed beside the Python that starts clusters, or on `PATH`; if none
    /// of them runs in a terminal, the `message` says what to install. This is not a run and does not appear in the history. If the engine is busy, the server
    /// shows a message and waits for it, at most a minute; cancelling the request ends the wait. Asking again gives the same file. The key in the
    /// file is never part of a message.
    ///
    /// **Example:** an engine on this machine.
    ///
    /// ```json
    /// { "method": "px/console", "params": { "engine": 2 } }
    /// ```
    ///
    /// ```json
    /// {
    ///   "result": {
    ///     "file": "/home/ada/.local/share/jupyter/runtime/kernel-pxlens-default-2.json",
    ///     "commands": [
    ///       {
    ///         "title": "Jupyter console",
    ///         "argv": ["/home/ada/tour/.venv/bin/jupyter-console", "--existing", "/home/ada/.local/share/jupyter/runtime/kernel-pxlens-default-2.json"]
    ///       },
    ///       {
    ///         "title": "Jupyter QtConsole",
    ///         "argv": ["/home/ada/tour/.venv/bin/jupyter-qtconsole", "--existing", "/home/ada/.local/share/jupyter/runtime/kernel-pxlens-default-2.json"]
    ///       }
    ///     ]
    ///   }
    /// }
    /// ```
    ///
    /// **Example:** no such engine.
    ///
    /// ```json
    /// { "method": "px/console", "params": { "engine": 9 } }
    /// ```
    ///
    /// ```json
    /// { "result": { "commands": [], "message": "there is no engine 9; the cluster has [0-3]" } }
    /// ```
    request Console "px/console" client_to_server (ConsoleParams) -> ConsoleResult
}

/// Which engine's kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleParams {
    /// The id of the engine.
    pub engine: u32,
}

/// Where the connection file is and what opens it, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleResult {
    /// The connection file, which only its owner can read; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
    /// Front ends that were found and can be started with it, first the one that runs in a terminal.
    #[serde(default)]
    pub commands: Vec<ConsoleCommand>,
    /// What the user has to know: why there is no file, what to install, or what must be reachable. Never contains the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// A front end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleCommand {
    /// Its name, to be shown to the user.
    pub title: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
}
