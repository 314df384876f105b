//! Asks that wait: what runs is what stood there when somebody asked, and each wish is one.

use tokio::task::JoinHandle;

use super::*;
use crate::text::Position;

/// Three cells: `a()`, `b()` and `c()`, each the last line of its own.
const THREE: &str = "# %%\n%%px\na()\n# %%\n%%px\nb()\n# %%\n%%px\nc()\n";

type Answer = JoinHandle<Result<Asked, AskError>>;

/// A cluster that is there and has no engine yet, and a session that does not look for it before somebody asks.
async fn starting(text: &str) -> (Sim, Desk) {
    let sim = Sim::builder().engines(0).start().await;
    let (session, notices) = Session::start(at(&sim.connection_file()), Encoding::Utf16, true, false);
    let key = DocumentKey::from("a");
    session.open(key.clone(), Dialect::Script, 1, text.to_owned());
    (sim, Desk { session, notices, key })
}

impl Desk {
    /// Presses a button. What is done to the session afterwards comes behind it.
    async fn press(&self, scope: Scope) -> Answer {
        self.press_with(scope, Overrides::default(), None).await
    }

    async fn press_with(&self, scope: Scope, overrides: Overrides, only: Option<Only>) -> Answer {
        let document = self.key.clone();
        let start = StartPolicy::Detached;
        let ask = Ask { document, scope, overrides, only, keep_going: false, start };
        let session = self.session.clone();
        let mut answer = Box::pin(async move { session.run(ask).await });
        // With the first poll the message is sent.
        let answered = futures::poll!(&mut answer);
        assert!(answered.is_pending());
        tokio::spawn(answer)
    }

    async fn cell_ids(&self) -> Vec<CellId> {
        let now = self.session.snapshot(&self.key).await;
        now.document().expect("it is open").cells.iter().map(|cell| cell.id).collect()
    }

    /// Types over what stands between two places, each a 0-based line and column.
    fn replace(&self, from: [u32; 2], to: [u32; 2], text: &str) {
        let [from, to] = [from, to].map(|[line, character]| Position { line, character });
        let change = Change { range: Some((from, to)), text: text.to_owned() };
        self.session.change(self.key.clone(), 2, vec![change]);
    }
}

async fn answered(answer: Answer) -> Asked {
    let answer = within("an answer to the press", answer).await;
    answer.expect("no panic").expect("it is asked for")
}

fn ids(asked: &Asked) -> Vec<RunId> {
    asked.runs.iter().map(|run| run.id).collect()
}

fn cells_of(asked: &Asked) -> Vec<CellId> {
    asked.runs.iter().map(|run| run.cell).collect()
}

/// What the engines were sent, once all of these have ended.
async fn sent(sim: &Sim, asked: &[&Asked]) -> Vec<String> {
    for run in asked.iter().flat_map(|asked| &asked.runs) {
        ends(run).await;
    }
    sim.executed().iter().map(|received| received.code().trim().to_owned()).collect()
}

/// The cell that was clicked was looked up as a line first: with an edit in the same breath, 284 of 300 tries of "above" ran
/// the cell itself, and 29 of 100 of "below" cells that stood above it.
#[tokio::test]
async fn above_and_below_a_cell_never_pick_another_whatever_is_typed_in_the_same_breath() {
    let sim = Sim::builder().engines(1).start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(1).await;
    let cell_ids = desk.cell_ids().await;
    let [first, second, third] = cell_ids[..] else { panic!("three cells: {cell_ids:?}") };
    for round in 0..300_u32 {
        let (scope, expected) = match round / 2 % 2 {
            0 => (Scope::Above(Place::Cell(second)), vec![first]),
            _ => (Scope::Below(Place::Cell(second)), vec![second, third]),
        };
        // Lines come above all of them, and go again.
        let edit = || match round % 2 {
            0 => desk.replace([0, 0], [0, 0], "\n\n\n\n"),
            _ => desk.replace([0, 0], [4, 0], ""),
        };
        let edits_first = round / 4 % 2 == 0;
        if edits_first {
            edit();
        }
        let answer = desk.press(scope).await;
        if !edits_first {
            edit();
        }
        let asked = answered(answer).await;
        assert_eq!(cells_of(&asked), expected, "try {round}");
        sent(&sim, &[&asked]).await;
    }
    assert_eq!(desk.cell_ids().await, cell_ids);
}

#[tokio::test]
async fn above_ends_at_the_cell_in_all_of_its_notebook_and_holds_nothing_where_the_cell_was_deleted() {
    let sim = Sim::builder().engines(1).start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, "");
    let keys = ["n#1", "n#2", "n#3"].map(DocumentKey::from);
    let texts = ["%px a()", "%px b()\n%px c()", "%px d()"];
    let cells = keys.iter().zip(texts);
    let cells = cells.map(|(key, text)| CellText { key: key.clone(), version: 1, text: text.to_owned() });
    desk.session.open_notebook(DocumentKey::from("n"), keys.to_vec(), cells.collect());
    desk.engines(1).await;
    desk.key = keys[1].clone();
    let [b, c] = desk.cell_ids().await[..] else { panic!("two cells") };
    for (scope, expected) in [
        (Scope::Above(Place::Cell(c)), "a() b()"),
        (Scope::Below(Place::Cell(c)), "c() d()"),
        (Scope::Above(Place::Line(0)), "a()"),
        (Scope::Below(Place::Line(0)), "b() c() d()"),
        (Scope::Cell(b), "b()"),
    ] {
        let asked = answered(desk.press(scope.clone()).await).await;
        let codes: Vec<&str> = asked.runs.iter().map(|run| run.plan.code.trim()).collect();
        assert_eq!(codes.join(" "), expected, "{scope:?}");
        sent(&sim, &[&asked]).await;
    }
    let before = sim.executed().len();
    desk.replace([0, 0], [1, 0], "");
    let [c] = desk.cell_ids().await[..] else { panic!("one cell") };
    for scope in [Scope::Above(Place::Cell(b)), Scope::Below(Place::Cell(b)), Scope::Cell(b)] {
        let refused = desk.press(scope).await.await.expect("no panic");
        assert_eq!(refused.unwrap_err(), AskError::NoCell);
    }
    assert_eq!(sim.executed().len(), before);
    assert_eq!(cells_of(&answered(desk.press(Scope::Cell(c)).await).await), [c]);
}

/// Only ids waited for the cluster, and the code was read when it was up: whoever typed for 3 s after the click had half a line
/// sent.
#[tokio::test]
async fn code_typed_after_the_click_is_never_sent_however_late_the_cluster_comes_up() {
    let (sim, desk) = starting(THREE).await;
    let answer = desk.press(Scope::Below(Place::Line(5))).await;
    let before = desk.session.snapshot(&desk.key).await;
    let before = before.document().expect("it is open");
    // In the code, in the magic, and above it where it decides what is sent.
    desk.replace([5, 0], [5, 3], "half_ty");
    desk.replace([7, 4], [7, 4], " --targets 7 --noblock");
    desk.replace([0, 0], [0, 0], "# %%\n%pxconfig --noblock\n");
    sim.wait_for("a connection", |_| true).await;
    sim.add_engine().await;
    let asked = answered(answer).await;
    assert_eq!(sent(&sim, &[&asked]).await, ["b()", "c()"]);
    let lines: Vec<u32> = asked.runs.iter().map(|run| run.line).collect();
    assert_eq!(lines, [4, 7], "as they stood then");
    assert!(asked.runs.iter().zip(&before.cells[1..]).all(|(run, cell)| Ok(&run.plan) == cell.plan.as_ref()));
    let now = desk.session.snapshot(&desk.key).await;
    let now = now.document().expect("it is open");
    let own = now.cells.iter().filter(|cell| cell.run.is_some());
    assert!(own.clone().count() == 2 && own.clone().all(|cell| cell.stale), "what was typed has not run");
}

#[tokio::test]
async fn a_cell_that_is_deleted_while_the_cluster_starts_does_not_run() {
    let (sim, desk) = starting(THREE).await;
    let answer = desk.press(Scope::All).await;
    let cell_ids = desk.cell_ids().await;
    desk.replace([3, 0], [6, 0], "");
    sim.add_engine().await;
    let asked = answered(answer).await;
    assert_eq!(sent(&sim, &[&asked]).await, ["a()", "c()"]);
    assert_eq!(asked.not_run[0].cell, cell_ids[1]);
    assert_eq!(asked.not_run[0].why, "it was deleted before there was a cluster");
}

/// Three impatient presses gave two runs.
#[tokio::test]
async fn three_presses_while_a_cluster_starts_give_one_run() {
    let (sim, desk) = starting(THREE).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(desk.press(Scope::Lines(1, 1)).await);
    }
    sim.add_engine().await;
    let mut all = Vec::new();
    for answer in answers {
        all.push(answered(answer).await);
    }
    assert_eq!(sent(&sim, &[&all[0], &all[2]]).await, ["a()"]);
    assert!(all.iter().all(|asked| ids(asked) == ids(&all[0]) && asked.not_run.is_empty()), "{all:?}");
    assert_eq!(desk.session.snapshot(About::Nothing).await.history().count(), 1);
}

#[tokio::test]
async fn other_code_replaces_what_waits_for_a_cluster_and_the_first_asker_is_told() {
    let (sim, desk) = starting(THREE).await;
    let first = desk.press(Scope::Below(Place::Line(5))).await;
    desk.replace([5, 0], [5, 0], "new_");
    let second = desk.press(Scope::Lines(5, 5)).await;
    let elsewhere = Overrides { block: Some(false), ..Overrides::default() };
    let third = desk.press_with(Scope::Lines(8, 8), elsewhere, None).await;
    sim.add_engine().await;
    let (first, second, third) = (answered(first).await, answered(second).await, answered(third).await);
    assert_eq!(sent(&sim, &[&second, &third]).await.len(), 2);
    assert_eq!(sim.executed().iter().filter(|received| received.code().trim() == "new_b()").count(), 1);
    let told: Vec<_> = first.not_run.iter().map(|one| (one.cell, one.kind, one.why.as_str())).collect();
    let why = "it was asked for again before its turn came";
    let expected = [&second, &third].map(|asked| (asked.runs[0].cell, NotRunKind::Replaced, why));
    assert_eq!(told, expected);
    assert!(first.runs.is_empty() && second.not_run.is_empty() && third.not_run.is_empty());
}

#[tokio::test]
async fn cells_asked_for_several_times_while_a_cluster_starts_run_once_in_the_order_of_the_newest_ask() {
    for scopes in [
        vec![Scope::All, Scope::All],
        vec![Scope::Lines(8, 8), Scope::All],
        vec![Scope::All, Scope::Lines(8, 8), Scope::All],
        vec![Scope::Below(Place::Line(5)), Scope::Lines(5, 5), Scope::Above(Place::Line(8)), Scope::All],
    ] {
        let (sim, desk) = starting(THREE).await;
        let mut answers = Vec::new();
        for scope in &scopes {
            answers.push(desk.press(scope.clone()).await);
        }
        sim.add_engine().await;
        let mut all = Vec::new();
        for answer in answers {
            all.push(answered(answer).await);
        }
        let every: Vec<&Asked> = all.iter().collect();
        assert_eq!(sent(&sim, &every).await, ["a()", "b()", "c()"], "{scopes:?}");
        assert!(all.iter().all(|asked| asked.not_run.is_empty()), "{all:?}");
        assert_eq!(all.last().map(cells_of), Some(desk.cell_ids().await));
    }
}

#[tokio::test]
async fn who_cancels_takes_no_run_from_the_others_and_what_nobody_waits_for_does_not_run() {
    let (sim, desk) = starting(THREE).await;
    let (first, second, third) = (
        desk.press(Scope::Lines(2, 2)).await,
        desk.press(Scope::Lines(2, 2)).await,
        desk.press(Scope::Lines(8, 8)).await,
    );
    for cancelled in [first, third] {
        cancelled.abort();
        assert!(cancelled.await.is_err_and(|error| error.is_cancelled()));
    }
    sim.add_engine().await;
    let second = answered(second).await;
    assert_eq!(sent(&sim, &[&second]).await, ["a()"]);
    assert_eq!(desk.session.snapshot(About::Nothing).await.history().count(), 1);
}

/// Each press dropped the run that waited and made a new one.
#[tokio::test]
async fn three_presses_while_a_cell_waits_in_the_queue_give_one_run_that_waits() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate")).start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(1).await;
    let running = answered(desk.press(Scope::Lines(2, 2)).await).await;
    sim.wait_for_runs(1).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(answered(desk.press(Scope::Lines(5, 5)).await).await);
    }
    assert!(all.iter().all(|asked| ids(asked) == ids(&all[0])), "{all:?}");
    // In other words the same cell is another wish, and takes its place.
    let canary = Overrides { canary: true, ..Overrides::default() };
    let other = answered(desk.press_with(Scope::Lines(5, 5), canary, None).await).await;
    assert_ne!(ids(&other), ids(&all[0]));
    assert_eq!(ends(&all[0].runs[0]).await, RunState::Failed);
    desk.replace([5, 0], [5, 0], "new_");
    let newest = answered(desk.press(Scope::Lines(5, 5)).await).await;
    assert!(ends(&other.runs[0]).await == RunState::Failed && other.runs[0].now().was_never_sent());
    sim.open("gate");
    assert_eq!(sent(&sim, &[&running, &newest]).await, ["a()", "new_b()"]);
}

#[tokio::test]
async fn run_all_twice_runs_again_what_runs_and_once_what_waits() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate")).start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(1).await;
    let first = answered(desk.press(Scope::All).await).await;
    sim.wait_for_runs(1).await;
    let second = answered(desk.press(Scope::All).await).await;
    let third = answered(desk.press(Scope::All).await).await;
    assert_eq!(ids(&second)[1..], ids(&first)[1..]);
    assert_eq!(ids(&third), ids(&second), "one more of what runs, at most");
    sim.open("gate");
    assert_eq!(sent(&sim, &[&first, &third]).await, ["a()", "a()", "b()", "c()"]);
}

#[tokio::test]
async fn a_pxresult_shows_the_run_that_was_asked_for_with_it_though_it_waited_before() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate")).start().await;
    let text = "# %%\n%px a()\n# %%\n%px b()\n# %%\n%pxresult\n# %%\n%px c()\n";
    let desk = pxresult::desk(&sim, text).await;
    desk.line(2).await;
    sim.wait_for_runs(1).await;
    let waiting = desk.line(4).await;
    desk.line(8).await;
    let asked = desk.ask_for(Scope::Lines(3, 7), false).await.expect("they wait");
    assert_eq!(ids(&asked)[0], waiting.runs[0].id);
    assert_eq!(asked.recalled[0].run.id, waiting.runs[0].id);
    sim.open("gate");
    assert_eq!(sent(&sim, &[&asked]).await, ["a()", "b()", "c()"]);
}

/// The cell, its code and its last run were asked for in several messages, and the code was read at the last.
#[tokio::test]
async fn a_part_of_the_last_run_gets_the_code_that_stood_there_when_it_was_asked_for() {
    let raises = Script::new().stdout("another\n").error("OSError", "no file");
    let sim = Sim::builder().engines(3).on_engine(1, "a()", raises).start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(3).await;
    let cell = Scope::Lines(2, 2);
    let first = answered(desk.press(cell.clone()).await).await;
    ends(&first.runs[0]).await;
    for only in [Only::Differing, Only::Failed] {
        let before = sim.executed().len();
        let answer = desk.press_with(cell.clone(), Overrides::default(), Some(only)).await;
        desk.replace([2, 0], [2, 0], "x");
        let asked = answered(answer).await;
        assert!(!asked.changed, "it changed afterwards");
        assert_eq!(asked.runs[0].engines, [EngineId(1)]);
        ends(&asked.runs[0]).await;
        let codes: Vec<String> =
            sim.executed()[before..].iter().map(|received| received.code().trim().to_owned()).collect();
        assert_eq!(codes, ["a()"]);
        desk.replace([2, 0], [2, 1], "");
        // The next one asks about a run of all three.
        ends(&answered(desk.press(cell.clone()).await).await.runs[0]).await;
    }
    desk.replace([2, 0], [2, 0], "x");
    let asked = answered(desk.press_with(cell, Overrides::default(), Some(Only::Failed)).await).await;
    assert!(asked.changed);
    assert_eq!(ends(&asked.runs[0]).await, RunState::Succeeded);
}

#[tokio::test]
async fn three_presses_of_a_part_of_the_last_run_give_one_run_while_it_is_looked_for_and_while_it_waits() {
    let other = Script::new().stdout("another\n");
    let sim = Sim::builder().engines(2).on_engine(1, "a()", other).on("b()", Script::new().wait("gate"));
    let sim = sim.start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(2).await;
    let cell = Scope::Lines(2, 2);
    ends(&answered(desk.press(cell.clone()).await).await.runs[0]).await;
    let busy = answered(desk.press(Scope::Lines(5, 5)).await).await;
    sim.wait_for_runs(4).await;
    let ask = async || desk.press_with(cell.clone(), Overrides::default(), Some(Only::Differing)).await;
    let answers = [ask().await, ask().await];
    let mut all = Vec::new();
    for answer in answers {
        all.push(answered(answer).await);
    }
    all.push(answered(ask().await).await);
    assert!(all.iter().all(|asked| asked.runs.len() == 1 && ids(asked) == ids(&all[0])), "{all:?}");
    sim.open("gate");
    sent(&sim, &[&busy, &all[0]]).await;
    assert_eq!(sim.executed().len(), 5);
}

#[tokio::test]
async fn a_newer_wish_takes_the_place_of_one_whose_engines_are_being_compared() {
    let sim = Sim::builder().engines(2).on_engine(1, "a()", Script::new().stdout("another\n")).start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(2).await;
    let cell = Scope::Lines(2, 2);
    ends(&answered(desk.press(cell.clone()).await).await.runs[0]).await;
    let older = desk.press_with(cell.clone(), Overrides::default(), Some(Only::Differing)).await;
    desk.replace([2, 0], [2, 0], "new_");
    let newer = answered(desk.press(cell).await).await;
    let older = answered(older).await;
    // The comparison may have been the faster of the two; then both ran, in this order.
    assert!(older.runs.len() == 1 || older.not_run[0].kind == NotRunKind::Replaced, "{older:?}");
    assert_eq!(sent(&sim, &[&older, &newer]).await.last().map(String::as_str), Some("new_a()"));
}

#[tokio::test]
async fn an_interrupt_of_stragglers_finds_them_itself_or_says_why_there_are_none() {
    let hangs = Script::new().wait("first").hang();
    let sim = Sim::builder().engines(2).on("a()", Script::new().wait("gate")).on_engine(1, "a()", hangs);
    let sim = sim.start().await;
    let mut desk = Desk::with(at(&sim.connection_file()), true, THREE);
    desk.engines(2).await;
    let asked = answered(desk.press(Scope::Lines(2, 2)).await).await;
    let run = &asked.runs[0];
    sim.wait_for_runs(2).await;
    let stop = async || {
        let scope = InterruptScope::Stragglers(None);
        desk.session.interrupt(Some(run.id), scope, None).await.expect("there is such a run")
    };
    let refused = stop().await.refused.expect("none has ended");
    assert!(refused.starts_with("fewer than half of the engines of r1 have ended"), "{refused}");
    sim.open("gate");
    run_is(run, "the end of one engine", |run| run.parts().any(|part| part.ending().is_some())).await;
    let stopped = stop().await;
    let report = &stopped.reports[0].1;
    assert_eq!((stopped.refused, report.signalled.to_string()), (None, "[1]".to_owned()));
    assert_eq!(ends(run).await, RunState::Failed);
    assert_eq!(stop().await.refused.as_deref(), Some("r1 is over, so no engine is a straggler"));
    assert_eq!(desk.session.interrupt(Some(RunId(99)), InterruptScope::All, None).await, None);
}
