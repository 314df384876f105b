//! `px/compare`, and the command for it.

use lsp_types::MessageType;
use pxlens_protocol::{CompareParams, CompareResult, ComparedGroup, EngineChange, ShowOutputParams};
use tower_lsp::jsonrpc::Result;

use super::{show_output, unknown::no_run};
use crate::{
    lsp::{
        backend::Backend,
        from_proto,
        snapshot::{Seen, Snapshot, shows},
        to_proto::{ids, run_id},
    },
    render::{self, Compared, MOST_OF_DOCUMENT},
    run::{Run, RunId},
    session::RunHandle,
};

/// How much of a comparison a message shows, in lines and in characters.
const LINES: usize = 12;
const CHARACTERS: usize = 1000;

pub(crate) fn handle(snapshot: &Snapshot, params: CompareParams) -> Result<Seen<CompareResult>> {
    let known = |run: RunId| snapshot.runs.get(run).ok_or_else(|| no_run(run));
    let handle = known(from_proto::run_id(params.run))?;
    let with = match params.with {
        Some(with) => Some(known(from_proto::run_id(with))?),
        None => snapshot.runs.earlier(handle),
    };
    let seen = [Some(handle), with].into_iter().flatten().map(|handle| handle.id).collect();
    let why = why_not(handle, with.map(|with| &**with));
    let result = match with.filter(|_| why.is_none()) {
        Some(with) => compared(&with.excerpt(MOST_OF_DOCUMENT), &handle.excerpt(MOST_OF_DOCUMENT)),
        None => CompareResult {
            run: params.run,
            with: None,
            summary: String::new(),
            groups: Vec::new(),
            text: String::new(),
            markdown: String::new(),
            message: why,
        },
    };
    Ok(Seen(result, seen))
}

fn why_not(handle: &RunHandle, with: Option<&RunHandle>) -> Option<String> {
    let id = handle.id.0;
    if handle.now().was_never_sent() {
        return Some(format!("Run {id} was never sent, so there is nothing to compare"));
    }
    let none = || {
        format!(
            "Run {id} is the first run of its cell that is kept, so there is nothing to compare it with; run the cell again"
        )
    };
    with.is_none().then(none)
}

fn compared(before: &Run, now: &Run) -> CompareResult {
    let comparison = render::compare(before, now);
    let group = |group: &Compared| ComparedGroup {
        ranks: group.ranks.to_string(),
        engines: ids(&group.ranks).collect(),
        change: match group.change {
            render::Change::Same => EngineChange::Same,
            render::Change::Changed => EngineChange::Changed,
            render::Change::New => EngineChange::New,
            render::Change::Gone => EngineChange::Gone,
        },
        text: group.text(),
    };
    CompareResult {
        run: run_id(now.id),
        with: Some(run_id(before.id)),
        summary: comparison.summary(),
        groups: comparison.groups.iter().map(group).collect(),
        text: comparison.text(),
        markdown: comparison.markdown(),
        message: None,
    }
}

/// Compares runs and shows the comparison: as a document if the client can open it, or else its beginning as a message.
pub(super) async fn command(backend: &Backend, params: CompareParams) -> Result<CompareResult> {
    let result = shows(handle)(backend, params).await?;
    if let Some(with) = result.with
        && show_output::shows_addresses(backend)
    {
        show_output::show(backend, ShowOutputParams::compared(result.run, with)).await?;
        return Ok(result);
    }
    backend
        .show_message(MessageType::Info, result.message.clone().unwrap_or_else(|| beginning(&result.text)));
    Ok(result)
}

/// The beginning of a text, short enough for a message.
fn beginning(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(LINES + 1).collect();
    let shown = lines[..lines.len().min(LINES)].join("\n");
    let whole = lines.len() <= LINES && shown.chars().nth(CHARACTERS).is_none();
    let mut text: String = shown.chars().take(CHARACTERS).collect();
    if !whole {
        text.push_str(" …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_first_lines_and_shows_that_there_are_more() {
        assert_eq!(beginning("summary\n[2] changed\n"), "summary\n[2] changed");
        let long = beginning(&"line\n".repeat(100));
        assert_eq!((long.lines().count(), long.ends_with(" …")), (LINES, true));
        assert!(beginning(&"é".repeat(5000)).chars().count() <= CHARACTERS + 2);
    }
}
