//! Converts actions to commands of the server: the command's id and its one argument.

use lsp_types::{Command, Uri};
use pxlens_protocol::{
    CellId, ClearParams, CompareParams, ConsoleParams, CopyParams, GroupParams, InterruptParams, Only,
    ResultParams, Scope, ShowOutputParams, ShowRunParams, WriteViewParams, commands,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{cell_id, group_by, run_id, uri};
use crate::{
    ide::{Action, CardFacts, Offer, RunAction, RunCells},
    render, session,
};

/// The one argument of a command. There may be thousands that run cells in one response, so these borrow what they share.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::lsp) enum Argument<'a> {
    Run(RunArgument<'a>),
    Other(Value),
}

impl Argument<'_> {
    fn of(params: &impl Serialize) -> Self {
        Self::Other(json!(params))
    }
}

/// A borrowed form of [`RunParams`](pxlens_protocol::RunParams).
#[derive(Debug, Serialize)]
pub(in crate::lsp) struct RunArgument<'a> {
    uri: &'a Uri,
    #[serde(skip_serializing_if = "is_cell")]
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<CellId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cells: Option<Vec<CellId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<Only>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    canary: bool,
}

fn is_cell(scope: &Scope) -> bool {
    *scope == Scope::Cell
}

fn run<'a>(uri: &'a Uri, scope: Scope, cell: session::CellId) -> Argument<'a> {
    Argument::Run(RunArgument {
        uri,
        scope,
        cell: Some(cell_id(cell)),
        cells: None,
        only: None,
        canary: false,
    })
}

/// The command for an action in this document, and its argument.
pub(in crate::lsp) fn command<'a>(uri: &'a Uri, action: &Action) -> (&'static str, Argument<'a>) {
    match action {
        Action::Run(RunAction { cells, only, canary }) => {
            let (cell, cells) = match cells {
                RunCells::One(cell) => (Some(cell_id(*cell)), None),
                RunCells::These(cells) => (None, Some(cells.iter().copied().map(cell_id).collect())),
            };
            let only = only.map(|only| match only {
                session::Only::Failed => Only::Failed,
                session::Only::Differing => Only::Differing,
            });
            let argument = RunArgument { uri, scope: Scope::Cell, cell, cells, only, canary: *canary };
            (commands::RUN, Argument::Run(argument))
        }
        Action::RunAbove(cell) => (commands::RUN_ABOVE, run(uri, Scope::Above, *cell)),
        Action::RunBelow(cell) => (commands::RUN_BELOW, run(uri, Scope::Below, *cell)),
        Action::Interrupt { run, stragglers } => {
            let (run, stragglers) = (run_id(*run), *stragglers);
            let params = InterruptParams { run, engines: None, stragglers, signal: None };
            (commands::INTERRUPT, Argument::of(&params))
        }
        Action::ShowResult(run) => {
            let params = ResultParams { run: Some(run_id(*run)), ..ResultParams::default() };
            (commands::SHOW_RESULT, Argument::of(&params))
        }
        Action::Console(engine) => (commands::CONSOLE, Argument::of(&ConsoleParams { engine: engine.0 })),
        Action::ShowOutput { run, group_by: by } => {
            let params = ShowOutputParams::whole(run_id(*run), by.map(group_by));
            (commands::SHOW_OUTPUT, Argument::of(&params))
        }
        Action::Clear(cell) => {
            let params = ClearParams { uri: uri.clone(), cell: Some(cell_id(*cell)) };
            (commands::CLEAR, Argument::of(&params))
        }
        Action::WriteView { suffix, targets } => {
            let params = WriteViewParams { suffix: suffix.clone(), targets: targets.clone() };
            (commands::WRITE_VIEW, Argument::of(&params))
        }
    }
}

/// Converts an offer to a command of LSP.
pub(in crate::lsp) fn offer(uri: &Uri, offer: Offer) -> Command {
    let (id, argument) = command(uri, &offer.action);
    Command { title: offer.title, tooltip: None, command: id.into(), arguments: Some(vec![json!(argument)]) }
}

/// The command behind a link of a card; `None` if the link does not apply, or the client does not follow it.
pub(in crate::lsp) fn card_link(
    facts: &CardFacts<'_>,
    action: render::CardAction,
    follows: impl Fn(&str) -> bool,
) -> Option<render::Command> {
    let run = run_id(facts.run);
    let rerun = || json!({ "uri": uri(facts.document), "cell": cell_id(facts.cell) });
    let (id, argument): (&'static str, Value) = match action {
        render::CardAction::Group(by) if facts.regroups => {
            (commands::GROUP, json!(GroupParams { run, group_by: group_by(by) }))
        }
        render::CardAction::Rerun if facts.reruns => (commands::RUN, rerun()),
        render::CardAction::RerunFailed if facts.reruns => {
            let mut rerun = rerun();
            rerun["only"] = json!(Only::Failed);
            (commands::RUN, rerun)
        }
        render::CardAction::Interrupt => (
            commands::INTERRUPT,
            json!(InterruptParams { run, engines: None, signal: None, stragglers: false }),
        ),
        render::CardAction::Compare if facts.has_earlier => {
            (commands::COMPARE, json!(CompareParams { run, with: None }))
        }
        render::CardAction::Copy => {
            (commands::COPY, json!(CopyParams { run, group_by: Some(group_by(facts.by)) }))
        }
        render::CardAction::ShowRun => (commands::SHOW_RUN, json!(ShowRunParams { run })),
        render::CardAction::ShowOutput => (commands::SHOW_OUTPUT, json!({ "run": run })),
        _ => return None,
    };
    follows(id).then_some(render::Command { id, argument })
}

#[cfg(test)]
mod tests {
    use pxlens_protocol::RunParams;

    use super::*;
    use crate::{render::GroupBy, run::RunId, session::DocumentKey};

    fn read(action: &Action) -> RunParams {
        let uri = Uri::from("file:///a.py");
        serde_json::from_value(json!(command(&uri, action).1)).expect("it is what the command takes")
    }

    #[test]
    fn borrowed_arguments_are_serialised_as_the_command_expects_them() {
        let above = read(&Action::RunAbove(session::CellId(3)));
        assert_eq!((above.scope, above.cell), (Scope::Above, Some("c3".into())));
        let cells = RunCells::These(vec![session::CellId(1), session::CellId(4)]);
        let failed = read(&Action::Run(RunAction { cells, only: Some(session::Only::Failed), canary: true }));
        assert_eq!((failed.cell, failed.only, failed.canary), (None, Some(Only::Failed), true));
        assert_eq!(failed.cells, Some(vec!["c1".into(), "c4".into()]));
        let one = json!(
            command(
                &"a".into(),
                &Action::Run(RunAction {
                    cells: RunCells::One(session::CellId(1)),
                    only: None,
                    canary: false
                })
            )
            .1
        );
        assert_eq!(one, json!({ "uri": "a", "cell": "c1" }));
    }

    fn facts(document: &DocumentKey) -> CardFacts<'_> {
        CardFacts {
            run: RunId(7),
            document,
            cell: session::CellId(2),
            regroups: true,
            reruns: true,
            has_earlier: true,
            by: GroupBy::Fold,
        }
    }

    fn link(facts: &CardFacts<'_>, action: render::CardAction) -> Option<(&'static str, Value)> {
        card_link(facts, action, |_| true).map(|command| (command.id, command.argument))
    }

    #[test]
    fn each_link_of_a_card_has_the_argument_that_its_command_expects() {
        use render::CardAction;
        let document = DocumentKey::from("file:///a.py");
        let facts = facts(&document);
        let check = |action, id, expected| assert_eq!(link(&facts, action), Some((id, expected)));
        check(CardAction::Group(GroupBy::Engine), commands::GROUP, json!({ "run": 7, "groupBy": "engine" }));
        check(CardAction::Rerun, commands::RUN, json!({ "uri": "file:///a.py", "cell": "c2" }));
        check(CardAction::Interrupt, commands::INTERRUPT, json!({ "run": 7 }));
        check(CardAction::Compare, commands::COMPARE, json!({ "run": 7 }));
        check(CardAction::Copy, commands::COPY, json!({ "run": 7, "groupBy": "fold" }));
        check(CardAction::ShowRun, commands::SHOW_RUN, json!({ "run": 7 }));
        check(CardAction::ShowOutput, commands::SHOW_OUTPUT, json!({ "run": 7 }));
    }

    #[test]
    fn rerunning_failed_engines_names_them_by_their_outcome() {
        let document = DocumentKey::from("file:///a.py");
        let expected = json!({ "uri": "file:///a.py", "cell": "c2", "only": "failed" });
        assert_eq!(link(&facts(&document), render::CardAction::RerunFailed), Some((commands::RUN, expected)));
    }

    #[test]
    fn what_the_client_does_not_follow_is_not_offered() {
        use render::CardAction;
        let document = DocumentKey::from("file:///a.py");
        let offered = |action| card_link(&facts(&document), action, |id| id == commands::RUN).is_some();
        let none = [
            CardAction::Interrupt,
            CardAction::Compare,
            CardAction::Copy,
            CardAction::ShowRun,
            CardAction::ShowOutput,
            CardAction::Group(GroupBy::Type),
        ];
        assert!(!none.into_iter().any(offered));
        assert!(offered(CardAction::Rerun) && offered(CardAction::RerunFailed));
    }

    #[test]
    fn the_result_of_another_cell_is_neither_run_again_nor_grouped_against_its_line() {
        use render::CardAction;
        let document = DocumentKey::from("file:///a.py");
        let facts = CardFacts { regroups: false, reruns: false, has_earlier: false, ..facts(&document) };
        let none = [
            CardAction::Rerun,
            CardAction::RerunFailed,
            CardAction::Compare,
            CardAction::Group(GroupBy::Type),
        ];
        assert!(none.into_iter().all(|action| link(&facts, action).is_none()));
        assert!(link(&facts, CardAction::Copy).is_some());
    }
}
