//! `px/writeSetting`: has the client write a setting.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{JsonSchema, TS};

message! {
    /// Asks the client to write a setting of section `pxlens`, because the user chose a code action: so far only a view whose engines no line of a
    /// document names (`pxlens.server.writeView`). The client writes it to the settings of the workspace, and reports the change like any
    /// other. For a client that did not announce this, the server shows a message with the line to add.
    ///
    /// **Example:** `%px_even` is in use, and no line above activates a view with that suffix.
    ///
    /// ```json
    /// { "method": "px/writeSetting", "params": { "key": "views", "value": { "_even": "::2" } } }
    /// ```
    ///
    /// ```json
    /// { "result": { "written": true } }
    /// ```
    request WriteSetting "px/writeSetting" server_to_client (WriteSettingParams) -> WriteSettingResult announced as "`writeSettings`"
}

/// What to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteSettingParams {
    /// The key in the section, such as `views`.
    pub key: String,
    /// Its value. The fields of an object are added to the existing ones, and replace those of the same name.
    #[ts(type = "unknown")]
    pub value: Value,
}

/// Whether the client wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteSettingResult {
    /// Whether the setting was written.
    #[serde(default)]
    pub written: bool,
}

/// The argument of `pxlens.server.writeView`: a view for the setting `views`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteViewParams {
    /// The suffix of its magics, such as `_even`.
    pub suffix: String,
    /// A target expression or rank set.
    pub targets: String,
}
