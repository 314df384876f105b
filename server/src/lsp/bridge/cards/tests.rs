//! Which commands the links of a card may execute.

use super::*;

/// Every command that a card could have, also those that this server may not have yet.
const EVERY: &[&str] = &[
    commands::RUN,
    commands::INTERRUPT,
    commands::GROUP,
    commands::COPY,
    commands::SHOW_OUTPUT,
    commands::SHOW_RUN,
    commands::COMPARE,
];

fn links(commands: &'static [&'static str]) -> Links {
    Links {
        commands,
        regroups: true,
        reruns: true,
        has_earlier: true,
        run: RunId(7),
        uri: "file:///a.py".into(),
        cell: "c2".into(),
        by: GroupBy::Fold,
    }
}

fn argument(links: &Links, action: Action) -> Option<(&'static str, Value)> {
    links.command(action).map(|command| (command.id, command.argument))
}

#[test]
fn each_command_gets_the_argument_that_it_takes() {
    let links = links(EVERY);
    let check = |action, id, expected| assert_eq!(argument(&links, action), Some((id, expected)));
    check(Action::Group(GroupBy::Engine), commands::GROUP, json!({ "run": 7, "groupBy": "engine" }));
    check(Action::Rerun, commands::RUN, json!({ "uri": "file:///a.py", "cell": "c2" }));
    check(Action::Interrupt, commands::INTERRUPT, json!({ "run": 7 }));
    check(Action::Compare, commands::COMPARE, json!({ "run": 7 }));
    check(Action::Copy, commands::COPY, json!({ "run": 7, "groupBy": "fold" }));
    check(Action::ShowRun, commands::SHOW_RUN, json!({ "run": 7 }));
    check(Action::ShowOutput, commands::SHOW_OUTPUT, json!({ "run": 7 }));
}

#[test]
fn failed_engines_alone_are_named_by_what_became_of_them() {
    let offered = argument(&links(EVERY), Action::RerunFailed);
    let expected = json!({ "uri": "file:///a.py", "cell": "c2", "only": "failed" });
    assert_eq!(offered, Some((commands::RUN, expected)));
}

#[test]
fn what_the_server_does_not_execute_is_not_offered() {
    let links = links(&[commands::RUN]);
    let none =
        [Action::Interrupt, Action::Compare, Action::Copy, Action::ShowOutput, Action::Group(GroupBy::Type)];
    assert!(none.into_iter().all(|action| links.command(action).is_none()));
    assert!(links.command(Action::Rerun).is_some());
}

#[test]
fn the_result_of_another_cell_is_neither_run_again_nor_grouped_against_its_line() {
    let links = Links { regroups: false, reruns: false, has_earlier: false, ..links(EVERY) };
    let none = [Action::Rerun, Action::RerunFailed, Action::Compare, Action::Group(GroupBy::Type)];
    assert!(none.into_iter().all(|action| links.command(action).is_none()));
    assert!(links.command(Action::Copy).is_some());
}
