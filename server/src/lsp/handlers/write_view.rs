//! The command that adds a view to the setting `pxlens.views`, for views that pxlens cannot read from the document.

use lsp_types::MessageType;
use pxlens_protocol::{WriteSetting, WriteSettingParams, WriteSettingResult, WriteViewParams};
use serde_json::json;

use crate::lsp::{backend::Backend, tasks};

/// Asks the client to write the view, or shows the user what to write.
pub(super) async fn write(backend: &Backend, params: WriteViewParams) -> WriteSettingResult {
    let value = json!({ params.suffix: params.targets });
    if backend.capabilities().extension.write_settings {
        let params = WriteSettingParams { key: "views".to_owned(), value: value.clone() };
        match tasks::request(backend.client.send_request::<WriteSetting>(params)).await {
            Ok(result) if result.written => return result,
            Ok(_) => tracing::warn!("the client did not write the setting"),
            Err(error) => tracing::warn!(%error, "the client did not write the setting"),
        }
    }
    let text = format!("Add this line to your settings: \"pxlens.views\": {value}");
    backend.show_message(MessageType::Info, text);
    WriteSettingResult::default()
}
