//! `px/run`, and the commands that run px cells.

use lsp_types::MessageType;
use pxlens_protocol::{NotRun, RunParams, RunResult};
use tower_lsp::jsonrpc::Result;

use crate::lsp::{backend::Backend, from_proto, to_proto};

pub(crate) async fn handle(backend: &Backend, params: RunParams) -> Result<RunResult> {
    let asked = match from_proto::ask(params) {
        Ok(ask) => backend.session.run(ask).await,
        Err(error) => Err(error),
    };
    Ok(match asked {
        Ok(asked) => to_proto::run_result(asked, backend.capabilities().extension.run_local),
        Err(error) => RunResult {
            not_run: vec![NotRun { cell: None, reason: error.to_string() }],
            ..RunResult::default()
        },
    })
}

/// The same, told to a client that only knows commands and shows their result nowhere.
pub(super) async fn command(backend: &Backend, params: RunParams) -> Result<RunResult> {
    let result = handle(backend, params).await?;
    if let Some((severity, text)) = to_say(&result) {
        backend.say(severity, text);
    }
    Ok(result)
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
    said.extend(result.conditional.clone());
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
    use super::*;

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

    #[test]
    fn lines_that_may_not_be_meant_to_run_are_told() {
        let conditional = Some("1 line under `for` not run".to_owned());
        let result = RunResult { local_lines: 1, conditional, ..Default::default() };
        let text = "1 local line not run\n1 line under `for` not run".to_owned();
        assert_eq!(to_say(&result), Some((MessageType::Info, text)));
    }
}
