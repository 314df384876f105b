//! `px/console`: binds the kernel of an engine for a Jupyter front end, and the command that says how to open it.

use std::time::Duration;

use lsp_types::MessageType;
use pxlens_protocol::{ConsoleCommand, ConsoleParams, ConsoleResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    cluster::console::{FrontEnd, command_line},
    engines::EngineId,
    lsp::backend::Backend,
};

/// How long a busy engine is waited for that is to give a console.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn handle(backend: &Backend, params: ConsoleParams) -> Result<ConsoleResult> {
    let opened = backend.session.console(EngineId(params.engine), Some(LIMIT), std::future::pending()).await;
    Ok(match opened {
        Ok(console) => ConsoleResult {
            file: Some(console.file.display().to_string()),
            commands: [("Jupyter console", FrontEnd::Console), ("Jupyter QtConsole", FrontEnd::QtConsole)]
                .map(|(title, front_end)| ConsoleCommand {
                    title: title.to_owned(),
                    argv: console.argv(front_end),
                })
                .into(),
            message: console.note(),
        },
        Err(error) => ConsoleResult { message: Some(error.to_string()), ..ConsoleResult::default() },
    })
}

/// The same, told to a client that only knows commands.
pub(super) async fn command(backend: &Backend, params: ConsoleParams) -> Result<ConsoleResult> {
    let result = handle(backend, params).await?;
    let (severity, text) = how_to_open(&result);
    backend.say(severity, text);
    Ok(result)
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

#[cfg(test)]
mod tests {
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
}
