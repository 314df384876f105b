//! `px/console`: an engine's kernel, for an ordinary Jupyter front end.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Binds the kernel of an engine and writes its connection file. Starts no front end.
#[derive(Debug)]
pub enum Console {}

impl Request for Console {
    type Params = ConsoleParams;
    type Result = ConsoleResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/console");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Whose kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleParams {
    /// The engine.
    pub engine: u32,
}

/// Where its connection file is and what opens it, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleResult {
    /// The connection file, which only its owner can read; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
    /// Front ends that can be started with it; the first is the one for a terminal.
    #[serde(default)]
    pub commands: Vec<ConsoleCommand>,
    /// What the user has to know: why there is none, or what has to be in reach. Never holds the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub message: Option<String>,
}

/// A front end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsoleCommand {
    /// What to call it.
    pub title: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
}
