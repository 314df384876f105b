//! Views that no line tells: the action that offers to write one into the setting `pxlens.views`, and the command behind it.

use lsp_types::{Command, MessageType, Range};
use pxlens_protocol::{
    CellsResult, WriteSetting, WriteSettingParams, WriteSettingResult, WriteViewParams, commands,
};
use serde_json::json;

use super::code_action::{command, touch};
use crate::lsp::{backend::Backend, facade::Session, messages, tasks};

/// An action for each view that the px cells at the cursor need and that is not known.
pub(super) fn actions(found: &CellsResult, range: Range) -> Vec<Command> {
    let mut suffixes: Vec<&str> = Vec::new();
    for problem in &found.problems {
        if !["unknown-view", "unread-view"].contains(&problem.code.as_str()) || !touch(problem.range, range) {
            continue;
        }
        let cell = found.cells.iter().find(|cell| touch(cell.magic_range, problem.range));
        let Some(suffix) = cell.and_then(|cell| suffix(&cell.magic)) else { continue };
        if !suffixes.contains(&suffix) {
            suffixes.push(suffix);
        }
    }
    let action = |suffix: &str| {
        let targets = likely_targets(suffix);
        let title = format!("Add {} to the setting pxlens.views", json!({ suffix: targets }));
        let params = WriteViewParams { suffix: suffix.to_owned(), targets };
        command(&title, commands::WRITE_VIEW, json!(params))
    };
    suffixes.into_iter().map(action).collect()
}

/// Lets the client write the view, or tells the user what to write.
pub(super) async fn write<S: Session>(backend: &Backend<S>, params: WriteViewParams) -> WriteSettingResult {
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
    let client = backend.client.clone();
    tokio::spawn(async move { messages::show(&client, MessageType::Info, text).await });
    WriteSettingResult::default()
}

/// The suffix of a px magic's name; `None` for what has none.
fn suffix(magic: &str) -> Option<&str> {
    ["pxresult", "pxconfig", "autopx", "px"].into_iter().find_map(|name| magic.strip_prefix(name))
}

/// A first guess, which the title shows before anything is written.
fn likely_targets(suffix: &str) -> String {
    let name = suffix.trim_start_matches('_');
    match name {
        "even" => "::2".to_owned(),
        "odd" => "1::2".to_owned(),
        _ if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => "all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_what_stands_behind_the_longest_name() {
        let suffixes = ["px_even", "pxresult0", "autopx", "px", "pxconfig_a", "sync_imports"].map(suffix);
        assert_eq!(suffixes, [Some("_even"), Some("0"), Some(""), Some(""), Some("_a"), None]);
    }

    #[test]
    fn a_number_names_its_engine() {
        let targets = ["_even", "odd", "0", "_12", "_gpu", ""].map(likely_targets);
        assert_eq!(targets, ["::2", "1::2", "0", "12", "all", "all"]);
    }
}
