//! `px/writeSetting`: write this into the user's settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{JsonSchema, TS};

message! {
    /// The user wants a setting of section `pxlens` written, after choosing a code action: so far a view whose engines no line of a document
    /// tells (`pxlens.server.writeView`). The client writes it where it keeps the settings of the workspace, and tells of the change as of any
    /// other. A client that did not announce this is shown a message with the line to add.
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

/// The argument of `pxlens.server.writeView`: a view for the setting `views`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WriteViewParams {
    /// The suffix of its magics, such as `_even`.
    pub suffix: String,
    /// A target expression or rank set.
    pub targets: String,
}
