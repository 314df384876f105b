//! Views that no line tells: the action that offers to write one into the setting `pxlens.views`, and the command behind it.

use lsp_types::MessageType;
use pxlens_protocol::{WriteSetting, WriteSettingParams, WriteSettingResult, WriteViewParams};
use serde_json::json;

use crate::lsp::{backend::Backend, tasks};

/// Lets the client write the view, or tells the user what to write.
pub(super) async fn write(backend: &Backend, params: WriteViewParams) -> WriteSettingResult {
    let value = json!({ params.suffix: params.targets });
    if backend.capabilities().extension.write_settings {
        let asked = WriteSettingParams { key: "views".to_owned(), value: value.clone() };
        match tasks::ask(backend.client.send_request::<WriteSetting>(asked)).await {
            Ok(result) if result.written => return result,
            Ok(_) => tracing::warn!("the client did not write the setting"),
            Err(error) => tracing::warn!(%error, "the client did not write the setting"),
        }
    }
    let text = format!("Add this line to your settings: \"pxlens.views\": {value}");
    backend.say(MessageType::Info, text);
    WriteSettingResult::default()
}
