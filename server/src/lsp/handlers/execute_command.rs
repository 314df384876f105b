//! `workspace/executeCommand`: what lenses and code actions ask for. Each command takes one object.

use lsp_types::{ExecuteCommandParams, MessageType};
use pxlens_protocol::{
    ClearParams, CompareParams, ConsoleParams, ConsoleResult, CopyParams, ExportParams, GroupParams,
    InterruptParams, ResultParams, ResultResult, RunParams, RunResult, Scope, ShowOutputParams,
    ShowRunParams, WriteViewParams, commands,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Result};

use super::{copy, px_clear, px_compare, px_export, px_interrupt, show_output, show_run, write_view};
use crate::{
    cluster::console::command_line,
    lsp::{backend::Backend, facade::Session, messages, tolerance::drop_nulls},
    render::without_keys,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: ExecuteCommandParams) -> Result<Value> {
    let command = params.command.as_str();
    let scope = match command {
        commands::RUN => None,
        commands::RUN_ABOVE => Some(Scope::Above),
        commands::RUN_BELOW => Some(Scope::Below),
        commands::RUN_ALL => Some(Scope::All),
        commands::INTERRUPT => {
            let params: InterruptParams = argument(command, params.arguments)?;
            return Ok(written(px_interrupt::told(backend, params).await?));
        }
        commands::SHOW_RESULT => {
            let params: ResultParams = argument(command, params.arguments)?;
            return Ok(written(show_result(backend, params).await?));
        }
        commands::CONSOLE => {
            let params: ConsoleParams = argument(command, params.arguments)?;
            let result = backend.session.console(params).await;
            let (severity, text) = how_to_open(&result);
            let client = backend.client.clone();
            tokio::spawn(async move { messages::show(&client, severity, text).await });
            return Ok(written(result));
        }
        commands::SHOW_OUTPUT => {
            let params: ShowOutputParams = argument(command, params.arguments)?;
            return Ok(written(show_output::show(backend, params).await?));
        }
        commands::SHOW_RUN => {
            let params: ShowRunParams = argument(command, params.arguments)?;
            return Ok(written(show_run::show(backend, params).await));
        }
        commands::EXPORT => {
            let params: ExportParams = argument(command, params.arguments)?;
            return Ok(written(px_export::command(backend, params).await?));
        }
        commands::WRITE_VIEW => {
            let params: WriteViewParams = argument(command, params.arguments)?;
            return Ok(written(write_view::write(backend, params).await));
        }
        commands::GROUP => {
            let params: GroupParams = argument(command, params.arguments)?;
            let grouped = backend.session.group(params).await;
            return grouped.map(written).ok_or_else(|| {
                let what = format!("there is no run {}", params.run.0);
                Error::invalid_params(what)
            });
        }
        commands::COPY => {
            let params: CopyParams = argument(command, params.arguments)?;
            return Ok(written(copy::copy(backend, params).await?));
        }
        commands::COMPARE => {
            let params: CompareParams = argument(command, params.arguments)?;
            return Ok(written(px_compare::command(backend, params).await?));
        }
        commands::CLEAR => {
            let params: ClearParams = argument(command, params.arguments)?;
            return Ok(written(px_clear::handle(backend, params).await?));
        }
        other => return Err(Error::invalid_params(format!("pxlens has no command {other}"))),
    };
    let mut params: RunParams = argument(command, params.arguments)?;
    params.scope = scope.unwrap_or(params.scope);
    let result = backend.session.run(params).await;
    // A client that only knows commands shows their result nowhere.
    if let Some((severity, text)) = to_say(&result) {
        let client = backend.client.clone();
        tokio::spawn(async move { messages::show(&client, severity, text).await });
    }
    Ok(written(result))
}

/// What the newest run of a px cell gave, or what a `%pxresult` shows.
async fn show_result<S: Session>(backend: &Backend<S>, params: ResultParams) -> Result<ResultResult> {
    let result = super::px_result::handle(backend, params).await?;
    // Who paints outputs shows the answer by itself; a client that only knows commands shows it nowhere.
    if !backend.capabilities().extension.outputs {
        const MOST: usize = 2000;
        let text: String = without_keys(&result.text).chars().take(MOST).collect();
        let client = backend.client.clone();
        tokio::spawn(async move { messages::show(&client, MessageType::Info, text).await });
    }
    Ok(result)
}

fn argument<T: DeserializeOwned>(command: &str, arguments: Option<Vec<Value>>) -> Result<T> {
    let mut first = arguments.unwrap_or_default().into_iter().next().unwrap_or(Value::Null);
    if let Value::Object(object) = &mut first {
        drop_nulls(object);
    }
    serde_json::from_value(first)
        .map_err(|error| Error::invalid_params(format!("{command} takes one object: {error}")))
}

fn written(result: impl serde::Serialize) -> Value {
    serde_json::to_value(result).unwrap_or_default()
}

/// What to type for a console, or why there is none.
fn how_to_open(result: &ConsoleResult) -> (MessageType, String) {
    let mut said: Vec<String> = result.message.iter().cloned().collect();
    let severity = if result.file.is_some() { MessageType::Info } else { MessageType::Warning };
    said.extend(
        result.commands.first().map(|command| format!("in a terminal: {}", command_line(&command.argv))),
    );
    (severity, said.join("\n"))
}

/// What the user has to hear of a run that was asked for, if anything.
fn to_say(result: &RunResult) -> Option<(MessageType, String)> {
    let mut said: Vec<String> = Vec::new();
    for not_run in &result.not_run {
        if !said.contains(&not_run.reason) {
            said.push(not_run.reason.clone());
        }
    }
    let severity = if said.is_empty() { MessageType::Info } else { MessageType::Warning };
    match result.local_lines {
        0 => {}
        1 => said.push("1 local line not run".into()),
        n => said.push(format!("{n} local lines not run")),
    }
    let notes = result.runs.iter().filter_map(|run| run.note.as_ref());
    for note in notes {
        if !said.contains(note) {
            said.push(note.clone());
        }
    }
    (!said.is_empty()).then(|| (severity, said.join("\n")))
}

#[cfg(test)]
mod tests {
    use pxlens_protocol::{ConsoleCommand, NotRun};

    use super::*;

    #[test]
    fn a_console_is_opened_by_what_one_types() {
        let argv = ["jupyter", "console", "--existing", "/a b.json"].map(String::from).into();
        let command = ConsoleCommand { title: "Jupyter console".into(), argv };
        let result = ConsoleResult { file: Some("/a b.json".into()), commands: vec![command], message: None };
        let text = "in a terminal: jupyter console --existing '/a b.json'".to_owned();
        assert_eq!(how_to_open(&result), (MessageType::Info, text));
        let none = ConsoleResult { message: Some("there is no engine 9".into()), ..Default::default() };
        assert_eq!(how_to_open(&none), (MessageType::Warning, "there is no engine 9".to_owned()));
    }

    #[test]
    fn a_run_that_goes_well_says_nothing() {
        assert_eq!(to_say(&RunResult::default()), None);
    }

    #[test]
    fn reasons_are_said_once_and_local_lines_are_counted() {
        let reason = || NotRun { cell: None, reason: "no cluster".into() };
        let result = RunResult { not_run: vec![reason(), reason()], local_lines: 2, ..Default::default() };
        let text = "no cluster\n2 local lines not run".to_owned();
        assert_eq!(to_say(&result), Some((MessageType::Warning, text)));
    }
}
