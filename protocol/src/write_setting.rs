//! `px/writeSetting`: write this into the user's settings.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Asks a client that announced `writeSettings` to write a setting of section `pxlens` where the user keeps those of the
/// workspace. Sent only when the user asked for it. The client tells of the change as of any other.
#[derive(Debug)]
pub enum WriteSetting {}

impl Request for WriteSetting {
    type Params = WriteSettingParams;
    type Result = WriteSettingResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/writeSetting");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteSettingParams {
    /// The key in the section, such as `views`.
    pub key: String,
    /// Its value. The fields of an object are added to what is there, and replace those of the same name.
    #[ts(type = "unknown")]
    pub value: Value,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteSettingResult {
    /// Whether it was written.
    #[serde(default)]
    pub written: bool,
}

/// The argument of [`WRITE_VIEW`](crate::commands::WRITE_VIEW): a view for the setting `views`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteViewParams {
    /// The suffix of its magics, such as `_even`.
    pub suffix: String,
    /// A target expression or rank set.
    pub targets: String,
}
