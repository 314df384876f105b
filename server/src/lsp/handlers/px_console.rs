//! `px/console`: binds the kernel of an engine for a Jupyter front end; and the command that shows how to open it.

use std::{env, path::Path, time::Duration};

use lsp_types::MessageType;
use pxlens_protocol::{ConsoleCommand, ConsoleParams, ConsoleResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::{
    cluster::{
        Console, ConsoleError,
        console::{FrontEnd, command_line},
        python,
    },
    engines::EngineId,
    lsp::{backend::Backend, wire::cancel},
    session::{About, ConsoleRequestError},
};

/// How long to wait for a busy engine.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn handle(backend: &Backend, params: ConsoleParams) -> Result<ConsoleResult> {
    let cancellation = cancel::current();
    let opened =
        backend.session.console(EngineId(params.engine), Some(LIMIT), cancellation.cancelled()).await;
    Ok(match opened {
        Ok(console) => {
            let settings = backend.snapshot(About::Nothing).await.settings.clone();
            let python = python::find_python(settings.python.as_deref(), &settings.folder).await.ok();
            ways_to_open(&console, python.as_ref().map(|python| python.program.as_path()))
        }
        // It waited for a busy engine, and was taken back.
        Err(ConsoleRequestError::Engine(ConsoleError::GivenUp(_))) => return Err(Error::request_cancelled()),
        Err(error) => ConsoleResult { message: Some(error.to_string()), ..ConsoleResult::default() },
    })
}

/// The front ends that are installed beside the Python or on `PATH`; if there is none for a terminal, what to install.
fn ways_to_open(console: &Console, python: Option<&Path>) -> ConsoleResult {
    let path = env::var_os("PATH");
    let find = |(title, front_end): (&str, FrontEnd)| {
        let program = front_end.find(python, path.as_deref())?;
        Some(ConsoleCommand { title: title.to_owned(), argv: console.argv_of(&program) })
    };
    let in_terminal = find(("Jupyter console", FrontEnd::Console));
    let lacks = in_terminal.is_none().then(|| lacking(console, python));
    let message: Vec<String> = lacks.into_iter().chain(console.note()).collect();
    ConsoleResult {
        file: Some(console.file.display().to_string()),
        commands: in_terminal.into_iter().chain(find(("Jupyter QtConsole", FrontEnd::QtConsole))).collect(),
        message: (!message.is_empty()).then(|| message.join("\n")),
    }
}

fn lacking(console: &Console, python: Option<&Path>) -> String {
    let front_end = FrontEnd::Console;
    let (who, pip) = match python {
        Some(python) => {
            (format!("{} has no Jupyter console", python.display()), format!("{} -m pip", python.display()))
        }
        None => ("No Jupyter console was found".to_owned(), "pip".to_owned()),
    };
    format!(
        "{who}; install it with `{pip} install {}`, or run this where it is installed: {}",
        front_end.packages(),
        console.command_line(front_end)
    )
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
