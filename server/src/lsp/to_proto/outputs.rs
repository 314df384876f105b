//! Converts what is painted beside cells for `px/outputs`, results for `px/result`, and runs for `px/runs`.

use lsp_types::Uri;
use pxlens_protocol::{
    BlockLine, CellOutput, Group, GroupState, Line, LineSeverity, LineStyle, NotebookItem, NotebookOutput,
    PastRun, ResultResult,
};

use super::{cell_id, ids, range, run_id, run_state};
use crate::{
    engines::RankSet,
    ide,
    render::{self, GroupBy, Limits, Paint, Style},
    run::{Ending, Run, RunId, Slot, Time},
    session,
};

/// What is painted beside a px cell.
pub(in crate::lsp) fn cell_output(output: ide::CellOutput) -> CellOutput {
    CellOutput {
        id: cell_id(output.cell),
        run: Some(run_id(output.run.id)),
        range: range(output.range),
        state: run_state(&output.now),
        stale: output.stale,
        line: Some(Line { text: output.line.text, severity: severity(output.line.severity) }),
        line_at: output.line_at,
        block: Some(output.block.iter().map(block_line).collect()),
    }
}

fn severity(severity: render::Severity) -> LineSeverity {
    match severity {
        render::Severity::Pending => LineSeverity::Info,
        render::Severity::Ok => LineSeverity::Ok,
        render::Severity::Warning => LineSeverity::Warning,
        render::Severity::Error => LineSeverity::Error,
    }
}

/// A line has one style in the protocol: that of its text, not of the label or the rule beside it.
fn block_line(line: &render::BlockLine) -> BlockLine {
    let says = |paint: &Paint| !matches!(paint, Paint::Ranks | Paint::Rule | Paint::Note);
    let paint = line
        .spans
        .iter()
        .map(|span| span.paint)
        .find(says)
        .or_else(|| line.spans.first().map(|span| span.paint));
    let style = match paint {
        Some(Paint::Ranks | Paint::Rule | Paint::Pending) => LineStyle::Label,
        Some(Paint::Stderr) => LineStyle::Stderr,
        Some(Paint::Display | Paint::Result) => LineStyle::Result,
        Some(Paint::FailedRanks | Paint::Error | Paint::Traceback) => LineStyle::Error,
        Some(Paint::Note) => LineStyle::Note,
        Some(Paint::Stdout) | None => LineStyle::Stdout,
    };
    BlockLine { text: line.text(), style, ranks: ranks(line) }
}

/// The number of characters up to the end of the rank set at the start of a line.
fn ranks(line: &render::BlockLine) -> Option<u32> {
    let names = |paint: Paint| matches!(paint, Paint::Ranks | Paint::FailedRanks | Paint::Pending);
    let at = line.spans.iter().position(|span| names(span.paint))?;
    let characters = line.spans[..=at].iter().map(|span| span.text.chars().count()).sum::<usize>();
    u32::try_from(characters).ok()
}

/// The response to `px/result`. `id` is the run's number, if this session ran it. `line` describes the run, if it is not the
/// run of the cell in question; `note` is shown below the output.
pub(in crate::lsp) fn result(
    id: Option<RunId>,
    run: &Run,
    group_by: GroupBy,
    line: Option<&str>,
    note: Option<&str>,
) -> ResultResult {
    let named = line.map(|line| render::terminal_text(line, false)).unwrap_or_default();
    let (mut text, mut markdown) = (String::new(), String::new());
    if !named.is_empty() {
        text = format!("{named}\n");
        // It quotes the document, so the fence must be longer than any in the text.
        let longest = named.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest + 1);
        markdown = format!("{fence} {named} {fence}\n\n");
    }
    text += &render::terminal(run, group_by, Style::default());
    markdown += &render::markdown(run, group_by, Limits::default());
    if let Some(note) = note {
        text.push_str(&format!("{note}\n"));
        markdown.push_str(&format!("\n*{note}*\n"));
    }
    ResultResult {
        run: run_id(id.unwrap_or(RunId(0))),
        state: run_state(run),
        groups: groups(run, group_by),
        text,
        markdown,
        images: Vec::new(),
        contact_sheet: None,
    }
}

/// The groups in the response to `px/result`: one per engine, if grouped by engine.
fn groups(run: &Run, group_by: GroupBy) -> Vec<Group> {
    let state = |ending: Option<&Ending>| match ending {
        None => GroupState::Pending,
        Some(Ending::Ok) => GroupState::Ok,
        Some(Ending::Error(_)) => GroupState::Error,
        Some(Ending::Aborted(_)) => GroupState::Aborted,
        Some(Ending::Lost(_)) => GroupState::Lost,
    };
    match group_by {
        GroupBy::Engine => (0..)
            .map(Slot)
            .zip(run.parts())
            .map(|(slot, part)| Group {
                ranks: std::iter::once(part.engine).collect::<RankSet>().to_string(),
                engines: vec![part.engine.0],
                state: state(part.ending()),
                text: render::part_text(run, slot),
            })
            .collect(),
        GroupBy::Fold | GroupBy::Type | GroupBy::Order => render::fold(run)
            .into_iter()
            .map(|group| Group {
                ranks: group.ranks.to_string(),
                engines: ids(&group.ranks).collect(),
                state: state(group.ending.as_ref()),
                text: render::group_text(run, &group),
            })
            .collect(),
    }
}

/// A run in the response to `px/runs`.
pub(in crate::lsp) fn past_run(past: &session::RunRecord, now: Time) -> PastRun {
    let handle = &past.handle;
    let run = handle.excerpt(ide::SHOWN);
    let engines = &run.request.engines;
    PastRun {
        run: run_id(handle.id),
        uri: Uri::from(&*handle.document().0),
        cell: cell_id(handle.cell),
        line: handle.line,
        title: handle.magic_line.clone(),
        suffix: handle.suffix.clone(),
        name: past.name.clone(),
        state: run_state(&run),
        engines: super::engines(engines),
        ranks: engines.iter().copied().collect::<RankSet>().to_string(),
        block: run.blocking,
        created: run.created.0,
        ended: run.ended().map(|at| at.0),
        summary: render::inline(&run, now).text,
    }
}

/// An output of a notebook cell.
pub(in crate::lsp) fn notebook_output(output: render::NotebookOutput) -> NotebookOutput {
    let item = |item: render::NotebookItem| NotebookItem {
        mime: item.mime.to_owned(),
        data: item.data,
        base64: item.base64,
    };
    NotebookOutput { items: output.items.into_iter().map(item).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_where_its_rank_set_ends() {
        let check = |spans: &[(&str, Paint)], expected| {
            let spans =
                spans.iter().map(|(text, paint)| render::Span { text: (*text).into(), paint: *paint });
            assert_eq!(block_line(&render::BlockLine { spans: spans.collect() }).ranks, expected);
        };
        check(&[("[0-1]", Paint::Ranks), (" ", Paint::Note), ("[2] ready", Paint::Stdout)], Some(5));
        check(&[("── ", Paint::Rule), ("✗ [3]", Paint::FailedRanks), (" ──", Paint::Rule)], Some(8));
        check(&[("[0] printed by an engine", Paint::Stdout)], None);
    }
}
