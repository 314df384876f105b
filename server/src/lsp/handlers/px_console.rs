//! `px/console`: binds the kernel of an engine for a Jupyter front end; and the command that shows how to open it.

use std::time::Duration;

use lsp_types::MessageType;
use pxlens_protocol::{ConsoleCommand, ConsoleParams, ConsoleResult};
use tower_lsp::jsonrpc::Result;

use crate::{
    cluster::console::{FrontEnd, command_line},
    engines::EngineId,
    lsp::backend::Backend,
};

/// How long to wait for a busy engine.
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

/// The same for a client that only supports commands: the answer is shown as a message.
pub(super) async fn command(backend: &Backend, params: ConsoleParams) -> Result<ConsoleResult> {
    let result = handle(backend, params).await?;
    let (severity, text) = how_to_open(&result);
    backend.show_message(severity, text);
    Ok(result)
}

/// How to open a console in a terminal, or why there is none.
fn how_to_open(result: &ConsoleResult) -> (MessageType, String) {
    let mut lines: Vec<String> = result.message.iter().cloned().collect();
    let severity = if result.file.is_some() { MessageType::Info } else { MessageType::Warning };
    lines.extend(
        result.commands.first().map(|command| format!("In a terminal: {}", command_line(&command.argv))),
    );
    (severity, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_for_a_console_can_be_typed() {
        let argv = ["jupyter", "console", "--existing", "/a b.json"].map(String::from).into();
        let command = ConsoleCommand { title: "Jupyter console".into(), argv };
        let result = ConsoleResult { file: Some("/a b.json".into()), commands: vec![command], message: None };
        let text = "In a terminal: jupyter console --existing '/a b.json'".to_owned();
        assert_eq!(how_to_open(&result), (MessageType::Info, text));
        let none = ConsoleResult { message: Some("there is no engine 9".into()), ..Default::default() };
        assert_eq!(how_to_open(&none), (MessageType::Warning, "there is no engine 9".to_owned()));
    }
}
