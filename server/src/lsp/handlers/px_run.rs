//! `px/run`, and the commands that run px cells.

use futures::FutureExt;
use lsp_types::MessageType;
use pxlens_protocol::{NotRun, RunParams, RunResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::{
    lsp::{
        backend::Backend,
        from_proto, to_proto,
        wire::cancel::{self, unless_cancelled},
    },
    session::{RunError, RunResponse},
};

pub(crate) async fn handle(backend: &Backend, params: RunParams) -> Result<RunResult> {
    match run(backend, params).await? {
        Err(unknown @ RunError::NoDocument(_)) => Err(Error::invalid_params(unknown.to_string())),
        response => Ok(result(backend, response)),
    }
}

type Response = std::result::Result<RunResponse, RunError>;

async fn run(backend: &Backend, params: RunParams) -> Result<Response> {
    let document = from_proto::key(&params.uri);
    match from_proto::run_command(params) {
        Ok(command) => {
            let cancellation = cancel::current();
            let run = backend.session.run_unless(command, cancellation.clone());
            unless_cancelled(&cancellation, run.map(Ok)).await
        }
        Err(error) => {
            let is_open = backend.session.snapshot(document.clone()).await.document().is_some();
            Ok(Err(if is_open { error } else { RunError::NoDocument(document) }))
        }
    }
}

fn result(backend: &Backend, response: Response) -> RunResult {
    match response {
        Ok(response) => to_proto::run_result(response, backend.capabilities().extension.run_local),
        Err(error) => RunResult {
            not_run: vec![NotRun { cell: None, reason: error.to_string() }],
            ..RunResult::default()
        },
    }
}

/// Runs px cells for a client that shows no result of a command, and shows a message if something was not run. That the document
/// is no longer open is such a message: a lens may be clicked after that.
pub(super) async fn command(backend: &Backend, params: RunParams) -> Result<RunResult> {
    let result = result(backend, run(backend, params).await?);
    if let Some((severity, text)) = message(&result) {
        backend.show_message(severity, text);
    }
    Ok(result)
}

/// The message to the user about a run command, if one is needed.
fn message(result: &RunResult) -> Option<(MessageType, String)> {
    let mut lines: Vec<String> = Vec::new();
    for not_run in &result.not_run {
        if !lines.contains(&not_run.reason) {
            lines.push(not_run.reason.clone());
        }
    }
    let severity = if lines.is_empty() { MessageType::Info } else { MessageType::Warning };
    lines.extend(result.left_out.iter().cloned());
    let notes = result.runs.iter().filter_map(|run| run.note.as_ref());
    for note in notes {
        if !lines.contains(note) {
            lines.push(note.clone());
        }
    }
    (!lines.is_empty()).then(|| (severity, lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successful_run_command_shows_no_message() {
        assert_eq!(message(&RunResult::default()), None);
    }

    #[test]
    fn each_reason_is_shown_once_and_what_is_left_out_after_them() {
        let reason = || NotRun { cell: None, reason: "no cluster".into() };
        let left_out = vec!["2 local lines not run".into()];
        let result = RunResult { not_run: vec![reason(), reason()], left_out, ..Default::default() };
        let text = "no cluster\n2 local lines not run".to_owned();
        assert_eq!(message(&result), Some((MessageType::Warning, text)));
    }

    #[test]
    fn lines_that_may_not_be_meant_to_run_are_told() {
        let left_out = vec!["1 local line not run".into(), "1 line under `for` not run".into()];
        let result = RunResult { left_out, ..Default::default() };
        let text = "1 local line not run\n1 line under `for` not run".to_owned();
        assert_eq!(message(&result), Some((MessageType::Info, text)));
    }
}
