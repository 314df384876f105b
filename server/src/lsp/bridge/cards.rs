//! The card of a run: which commands its links may execute, with what.

use std::sync::Arc;

use pxlens_protocol::{
    CompareParams, CopyParams, GroupParams, InterruptParams, Only, RunId, ShowRunParams, commands,
};
use serde_json::{Value, json};

use super::{Bridge, Found, Uri, answers, aside, from_protocol, to_protocol};
use crate::{
    lsp::facade::{CardForm, CardWish},
    render::{self, Action, Card, Command, GroupBy, Style},
    session::RunHandle,
};

impl Bridge {
    pub(super) async fn card_of(&self, wish: CardWish) -> Option<String> {
        let Found { run: handle, group_by, line } = self.find_run(&wish.of).await?;
        if !handle.plan.blocking {
            self.session.asked_for(handle.id);
        }
        let asked = wish.of.group_by.map(from_protocol).or(group_by);
        let by = asked.or(handle.group_by()).unwrap_or_else(|| self.group_by());
        let note = self.note(&handle);
        let CardForm::Markdown { commands, images, bytes } = wish.form else {
            return Some(aside(move || plain(&handle, by, line.as_deref(), note)).await);
        };
        let links = Links {
            commands,
            // Where a line says how its result is grouped, choosing would change nothing.
            regroups: asked.is_none(),
            // What a %pxresult shows is run again at its own cell.
            reruns: line.is_none(),
            has_earlier: line.is_none() && self.earlier(&handle).await.is_some(),
            run: RunId(handle.id.0),
            uri: Uri::from(&*handle.document.0),
            cell: answers::cell_id(handle.cell),
            by,
        };
        let work = move || {
            let named = line.as_deref();
            let command = |action| links.command(action);
            render::card(&handle.now(), Card { by, named, note, images, command: &command, bytes })
        };
        Some(aside(work).await)
    }
}

fn plain(handle: &Arc<RunHandle>, by: GroupBy, line: Option<&str>, note: Option<&str>) -> String {
    let named = line.map(|line| format!("{}\n", render::terminal_text(line, false))).unwrap_or_default();
    let text = render::terminal(&handle.now(), by, Style::default());
    let note = note.map(|note| format!("{note}\n")).unwrap_or_default();
    named + &text + &note
}

/// What the links of a card depend on.
#[derive(Debug)]
struct Links {
    /// The commands that there are.
    commands: &'static [&'static str],
    regroups: bool,
    reruns: bool,
    has_earlier: bool,
    run: RunId,
    uri: Uri,
    cell: pxlens_protocol::CellId,
    by: GroupBy,
}

impl Links {
    fn command(&self, action: Action) -> Option<Command> {
        let run = self.run;
        let (id, argument) = match action {
            Action::Group(by) if self.regroups => {
                (commands::GROUP, json!(GroupParams { run, group_by: to_protocol(by) }))
            }
            Action::Rerun if self.reruns => (commands::RUN, self.again()),
            Action::RerunFailed if self.reruns => {
                let mut again = self.again();
                again["only"] = json!(Only::Failed);
                (commands::RUN, again)
            }
            Action::Interrupt => (
                commands::INTERRUPT,
                json!(InterruptParams { run, engines: None, signal: None, stragglers: false }),
            ),
            Action::Compare if self.has_earlier => {
                (commands::COMPARE, json!(CompareParams { run, with: None }))
            }
            Action::Copy => (commands::COPY, json!(CopyParams { run, group_by: Some(to_protocol(self.by)) })),
            Action::ShowRun => (commands::SHOW_RUN, json!(ShowRunParams { run })),
            Action::ShowOutput => (commands::SHOW_OUTPUT, json!({ "run": run })),
            _ => return None,
        };
        self.commands.contains(&id).then_some(Command { id, argument })
    }

    /// The argument that runs the cell again.
    fn again(&self) -> Value {
        json!({ "uri": self.uri, "cell": self.cell })
    }
}

#[cfg(test)]
mod tests;
