//! Run commands that wait: they run the code as it was when the user asked, and repeated commands give one run.

use tokio::task::JoinHandle;

use super::*;
use crate::text::Position;

/// Three cells: `a()`, `b()` and `c()`, each the last line of its own.
const THREE: &str = "# %%\n%%px\na()\n# %%\n%%px\nb()\n# %%\n%%px\nc()\n";

type Answer = JoinHandle<Result<RunResponse, RunError>>;

/// A cluster without engines, and a session that does not look for it before a command needs it.
async fn starting(text: &str) -> (Sim, Fixture) {
    let sim = Sim::builder().engines(0).start().await;
    let fixture = Fixture::idle(at(&sim.connection_file()), Dialect::Script, text);
    (sim, fixture)
}

impl Fixture {
    /// Sends a run command, as pressing a button does. Later messages to the session come after it.
    async fn press(&self, scope: Scope) -> Answer {
        self.press_with(scope, Overrides::default(), None).await
    }

    async fn press_with(&self, scope: Scope, overrides: Overrides, only: Option<Only>) -> Answer {
        self.send(RunCommand { overrides, only, ..self.command(scope) }).await
    }

    fn command(&self, scope: Scope) -> RunCommand {
        RunCommand {
            document: self.key.clone(),
            scope,
            overrides: Overrides::default(),
            only: None,
            canary: false,
            keep_going: false,
            start: StartPolicy::Detached,
        }
    }

    async fn send(&self, command: RunCommand) -> Answer {
        let session = self.session.clone();
        let mut answer = Box::pin(async move { session.run(command).await });
        // The first poll sends the message.
        let answered = futures::poll!(&mut answer);
        assert!(answered.is_pending());
        tokio::spawn(answer)
    }

    async fn cell_ids(&self) -> Vec<CellId> {
        let now = self.session.snapshot(&self.key).await;
        now.document().expect("it is open").cells.iter().map(|cell| cell.id).collect()
    }

    /// Replaces the text between two positions, each a 0-based line and column.
    fn replace(&self, from: [u32; 2], to: [u32; 2], text: &str) {
        let [from, to] = [from, to].map(|[line, character]| Position { line, character });
        let change = Change { range: Some((from, to)), text: text.to_owned() };
        self.session.change(self.key.clone(), 2, vec![change]);
    }
}

async fn answered(answer: Answer) -> RunResponse {
    let answer = within("a response to the run command", answer).await;
    answer.expect("no panic").expect("it is queued")
}

fn ids(response: &RunResponse) -> Vec<RunId> {
    response.runs.iter().map(|run| run.id).collect()
}

fn cells_of(response: &RunResponse) -> Vec<CellId> {
    response.runs.iter().map(|run| run.cell).collect()
}

/// The code that the engines were sent, once all of these runs have ended.
async fn sent(sim: &Sim, response: &[&RunResponse]) -> Vec<String> {
    for run in response.iter().flat_map(|response| &response.runs) {
        ends(run).await;
    }
    sim.executed().iter().map(|received| received.code().trim().to_owned()).collect()
}

/// The clicked cell used to be looked up as a line first: with an edit sent right before or after the command, 284 of
/// 300 tries of "above" ran the cell itself, and 29 of 100 of "below" ran cells above it.
#[tokio::test]
async fn above_and_below_a_cell_pick_the_right_cells_whatever_is_typed_around_the_command() {
    let sim = Sim::builder().engines(1).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(1).await;
    let cell_ids = fixture.cell_ids().await;
    let [first, second, third] = cell_ids[..] else { panic!("three cells: {cell_ids:?}") };
    for round in 0..300_u32 {
        let (scope, expected) = match round / 2 % 2 {
            0 => (Scope::Above(Place::Cell(second)), vec![first]),
            _ => (Scope::Below(Place::Cell(second)), vec![second, third]),
        };
        // Inserts lines above all cells, and removes them again.
        let edit = || match round % 2 {
            0 => fixture.replace([0, 0], [0, 0], "\n\n\n\n"),
            _ => fixture.replace([0, 0], [4, 0], ""),
        };
        let edits_first = round / 4 % 2 == 0;
        if edits_first {
            edit();
        }
        let answer = fixture.press(scope).await;
        if !edits_first {
            edit();
        }
        let response = answered(answer).await;
        assert_eq!(cells_of(&response), expected, "try {round}");
        sent(&sim, &[&response]).await;
    }
    assert_eq!(fixture.cell_ids().await, cell_ids);
}

#[tokio::test]
async fn above_and_below_span_the_notebook_and_are_refused_if_the_cell_was_deleted() {
    let sim = Sim::builder().engines(1).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, "");
    let keys = ["n#1", "n#2", "n#3"].map(DocumentKey::from);
    let texts = ["%px a()", "%px b()\n%px c()", "%px d()"];
    let cells = keys.iter().zip(texts);
    let cells = cells.map(|(key, text)| CellText { key: key.clone(), version: 1, text: text.to_owned() });
    fixture.session.open_notebook(DocumentKey::from("n"), keys.to_vec(), cells.collect(), Vec::new());
    fixture.engines(1).await;
    fixture.key = keys[1].clone();
    let [b, c] = fixture.cell_ids().await[..] else { panic!("two cells") };
    for (scope, expected) in [
        (Scope::Above(Place::Cell(c)), "a() b()"),
        (Scope::Below(Place::Cell(c)), "c() d()"),
        (Scope::Above(Place::Line(0)), "a()"),
        (Scope::Below(Place::Line(0)), "b() c() d()"),
        (Scope::Cell(b), "b()"),
    ] {
        let response = answered(fixture.press(scope.clone()).await).await;
        let codes: Vec<&str> = response.runs.iter().map(|run| run.plan.code.trim()).collect();
        assert_eq!(codes.join(" "), expected, "{scope:?}");
        sent(&sim, &[&response]).await;
    }
    let before = sim.executed().len();
    fixture.replace([0, 0], [1, 0], "");
    let [c] = fixture.cell_ids().await[..] else { panic!("one cell") };
    for scope in [Scope::Above(Place::Cell(b)), Scope::Below(Place::Cell(b)), Scope::Cell(b)] {
        let refused = fixture.press(scope).await.await.expect("no panic");
        assert_eq!(refused.unwrap_err(), RunError::NoCell(NoCell::Gone));
    }
    assert_eq!(sim.executed().len(), before);
    assert_eq!(cells_of(&answered(fixture.press(Scope::Cell(c)).await).await), [c]);
}

/// What a command runs, and what its answer says was left out.
async fn ran_and_left_out(fixture: &Fixture, scope: Scope) -> (String, Option<String>) {
    let response = answered(fixture.press(scope).await).await;
    for run in &response.runs {
        ends(run).await;
    }
    let codes: Vec<&str> = response.runs.iter().map(|run| run.plan.code.trim()).collect();
    (codes.join(" "), response.conditional_lines())
}

/// `if CLEAN: %px shutil.rmtree(...)` ran with the file, and a `%px` line that fails in a `try` stopped it.
#[tokio::test]
async fn what_is_in_the_body_of_a_statement_runs_only_where_it_is_named_itself() {
    let sim = Sim::builder().engines(1).start().await;
    let text = "# %%\n%px a()\nfor i in x:\n    %px b()\n    %px c()\n# %%\ntry:\n    %px d()\nfinally:\n    pass\n\
                # %%\n%px e()\n";
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, text);
    fixture.engines(1).await;
    let [_, b, _, d, e] = fixture.cell_ids().await[..] else { panic!("five cells") };
    for (scope, runs, left_out) in [
        (Scope::All, "a() e()", Some("3 lines under `for` and `try`")),
        (Scope::Above(Place::Cell(e)), "a()", Some("3 lines under `for` and `try`")),
        (Scope::Below(Place::Cell(d)), "e()", Some("1 line under `try`")),
        // The lens of a cell, a cell of it alone, and a selection that goes beyond.
        (Scope::Lines(1, 4), "a()", Some("2 lines under `for`")),
        (Scope::Lines(6, 9), "", Some("1 line under `try`")),
        (Scope::Lines(3, 4), "", Some("2 lines under `for`")),
        // Itself: its lens, the cursor on it.
        (Scope::Cell(b), "b()", None),
        (Scope::Lines(3, 3), "b()", None),
        (Scope::Lines(7, 7), "d()", None),
    ] {
        let answer = ran_and_left_out(&fixture, scope.clone()).await;
        assert_eq!((answer.0.as_str(), answer.1.as_deref()), (runs, left_out), "{scope:?}");
    }
    assert_eq!(
        fixture.run_scope(Scope::Lines(2, 2), false).await.unwrap_err(),
        RunError::NoCell(NoCell::Here)
    );
}

/// "No px cell at the cursor", while the cursor was on the line with which Jupyter's cell begins.
#[tokio::test]
async fn the_marker_of_a_cell_stands_for_its_px_cells() {
    let sim = Sim::builder().engines(1).start().await;
    let text =
        "%px first()\n# %% one\n%px a()\nx = 1\n%px b()\n# %% two\nif x:\n    %px c()\n# %% none\ny = 1\n";
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, text);
    fixture.engines(1).await;
    for (line, runs, left_out) in
        [(0, "first()", None), (1, "a() b()", None), (2, "a()", None), (5, "", Some("1 line under `if`"))]
    {
        let answer = ran_and_left_out(&fixture, Scope::Lines(line, line)).await;
        assert_eq!((answer.0.as_str(), answer.1.as_deref()), (runs, left_out), "line {line}");
    }
    for line in [3, 8] {
        assert_eq!(
            fixture.run_scope(Scope::Lines(line, line), false).await.unwrap_err(),
            RunError::NoCell(NoCell::Here)
        );
    }
}

#[tokio::test]
async fn a_document_that_holds_nothing_else_needs_no_cluster() {
    let fixture = Fixture::with(Settings::default(), true, "if x:\n    %px a()\n    %pxconfig --bogus\n");
    let response = fixture.run_document().await.expect("nothing is wrong with what the command names");
    assert!(response.runs.is_empty() && response.not_run.is_empty(), "{response:?}");
    assert_eq!(response.conditional_lines().as_deref(), Some("2 lines under `if`"));
}

/// Only ids used to wait for the cluster, and the code was read when it was up: typing for 3 s after the click sent
/// half a line.
#[tokio::test]
async fn code_typed_after_the_click_is_never_sent_however_late_the_cluster_starts() {
    let (sim, fixture) = starting(THREE).await;
    let answer = fixture.press(Scope::Below(Place::Line(5))).await;
    let before = fixture.session.snapshot(&fixture.key).await;
    let before = before.document().expect("it is open");
    // In the code, in the magic, and in a line above that decides what is sent.
    fixture.replace([5, 0], [5, 3], "half_ty");
    fixture.replace([7, 4], [7, 4], " --targets 7 --noblock");
    fixture.replace([0, 0], [0, 0], "# %%\n%pxconfig --noblock\n");
    sim.wait_for("a connection", |_| true).await;
    sim.add_engine().await;
    let response = answered(answer).await;
    assert_eq!(sent(&sim, &[&response]).await, ["b()", "c()"]);
    let lines: Vec<u32> = response.runs.iter().map(|run| run.line).collect();
    assert_eq!(lines, [4, 7], "as they were at the click");
    assert!(response.runs.iter().zip(&before.cells[1..]).all(|(run, cell)| Ok(&run.plan) == cell.plan()));
    let now = fixture.session.snapshot(&fixture.key).await;
    let now = now.document().expect("it is open");
    let own = now.cells.iter().filter(|cell| cell.run.is_some());
    assert!(own.clone().count() == 2 && own.clone().all(|cell| cell.stale), "what was typed has not run");
}

#[tokio::test]
async fn a_cell_that_is_deleted_while_the_cluster_starts_does_not_run() {
    let (sim, fixture) = starting(THREE).await;
    let answer = fixture.press(Scope::All).await;
    let cell_ids = fixture.cell_ids().await;
    fixture.replace([3, 0], [6, 0], "");
    sim.add_engine().await;
    let response = answered(answer).await;
    assert_eq!(sent(&sim, &[&response]).await, ["a()", "c()"]);
    assert_eq!(response.not_run[0].cell, cell_ids[1]);
    assert_eq!(response.not_run[0].why, "it was deleted before there was a cluster");
}

/// "It was deleted before there was a cluster", though it was closed.
#[tokio::test]
async fn a_cell_whose_document_is_closed_while_the_cluster_starts_runs_as_it_was() {
    let (sim, fixture) = starting(THREE).await;
    let answer = fixture.press(Scope::All).await;
    fixture.session.close(fixture.key.clone());
    sim.add_engine().await;
    let response = answered(answer).await;
    assert_eq!(sent(&sim, &[&response]).await, ["a()", "b()", "c()"]);
    assert!(response.not_run.is_empty());
}

/// A run of `a()` that goes on until it is interrupted, and one of `b()` that waits for its engine.
async fn queued() -> (Sim, Fixture, [RunResponse; 2]) {
    let sim = Sim::builder().engines(1).on("a()", Script::new().hang()).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(1).await;
    let cells = fixture.cell_ids().await;
    let first = answered(fixture.press(Scope::Cell(cells[0])).await).await;
    sim.wait_for_runs(1).await;
    let second = answered(fixture.press(Scope::Cell(cells[1])).await).await;
    (sim, fixture, [first, second])
}

/// It ran, and no place was left to show it.
#[tokio::test]
async fn a_cell_that_is_deleted_while_it_waits_for_its_engines_is_not_sent() {
    let (sim, fixture, [first, second]) = queued().await;
    fixture.replace([3, 0], [6, 0], "");
    fixture.session.interrupt(Some(first.runs[0].id), InterruptScope::All, None).await;
    ends(&second.runs[0]).await;
    assert!(second.runs[0].now().was_never_sent());
    assert_eq!(sim.executed().len(), 1);
}

#[tokio::test]
async fn a_cell_whose_document_is_closed_while_it_waits_for_its_engines_runs_as_it_was() {
    let (sim, fixture, [first, second]) = queued().await;
    fixture.session.close(fixture.key.clone());
    fixture.session.interrupt(Some(first.runs[0].id), InterruptScope::All, None).await;
    assert_eq!(sent(&sim, &[&second]).await, ["a()", "b()"]);
}

/// Three impatient presses used to give two runs.
#[tokio::test]
async fn three_presses_while_a_cluster_starts_give_one_run() {
    let (sim, fixture) = starting(THREE).await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(fixture.press(Scope::Lines(1, 1)).await);
    }
    sim.add_engine().await;
    let mut all = Vec::new();
    for answer in answers {
        all.push(answered(answer).await);
    }
    assert_eq!(sent(&sim, &[&all[0], &all[2]]).await, ["a()"]);
    assert!(
        all.iter().all(|response| ids(response) == ids(&all[0]) && response.not_run.is_empty()),
        "{all:?}"
    );
    assert_eq!(fixture.session.snapshot(About::Nothing).await.history().count(), 1);
}

#[tokio::test]
async fn other_code_replaces_a_command_that_waits_for_a_cluster_and_its_answer_says_so() {
    let (sim, fixture) = starting(THREE).await;
    let first = fixture.press(Scope::Below(Place::Line(5))).await;
    fixture.replace([5, 0], [5, 0], "new_");
    let second = fixture.press(Scope::Lines(5, 5)).await;
    let elsewhere = Overrides { block: Some(false), ..Overrides::default() };
    let third = fixture.press_with(Scope::Lines(8, 8), elsewhere, None).await;
    sim.add_engine().await;
    let (first, second, third) = (answered(first).await, answered(second).await, answered(third).await);
    assert_eq!(sent(&sim, &[&second, &third]).await.len(), 2);
    assert_eq!(sim.executed().iter().filter(|received| received.code().trim() == "new_b()").count(), 1);
    let reported: Vec<_> = first.not_run.iter().map(|one| (one.cell, one.kind, one.why.as_str())).collect();
    let why = "it was run again before its turn came";
    let expected = [&second, &third].map(|response| (response.runs[0].cell, NotRunKind::Replaced, why));
    assert_eq!(reported, expected);
    assert!(first.runs.is_empty() && second.not_run.is_empty() && third.not_run.is_empty());
}

#[tokio::test]
async fn cells_run_several_times_while_a_cluster_starts_run_once_in_the_order_of_the_newest_command() {
    for scopes in [
        vec![Scope::All, Scope::All],
        vec![Scope::Lines(8, 8), Scope::All],
        vec![Scope::All, Scope::Lines(8, 8), Scope::All],
        vec![Scope::Below(Place::Line(5)), Scope::Lines(5, 5), Scope::Above(Place::Line(8)), Scope::All],
    ] {
        let (sim, fixture) = starting(THREE).await;
        let mut answers = Vec::new();
        for scope in &scopes {
            answers.push(fixture.press(scope.clone()).await);
        }
        sim.add_engine().await;
        let mut all = Vec::new();
        for answer in answers {
            all.push(answered(answer).await);
        }
        let every: Vec<&RunResponse> = all.iter().collect();
        assert_eq!(sent(&sim, &every).await, ["a()", "b()", "c()"], "{scopes:?}");
        assert!(all.iter().all(|response| response.not_run.is_empty()), "{all:?}");
        assert_eq!(all.last().map(cells_of), Some(fixture.cell_ids().await));
    }
}

#[tokio::test]
async fn a_cancelled_command_takes_no_run_from_others_and_runs_nothing_by_itself() {
    let (sim, fixture) = starting(THREE).await;
    let (first, second, third) = (
        fixture.press(Scope::Lines(2, 2)).await,
        fixture.press(Scope::Lines(2, 2)).await,
        fixture.press(Scope::Lines(8, 8)).await,
    );
    for cancelled in [first, third] {
        cancelled.abort();
        assert!(cancelled.await.is_err_and(|error| error.is_cancelled()));
    }
    sim.add_engine().await;
    let second = answered(second).await;
    assert_eq!(sent(&sim, &[&second]).await, ["a()"]);
    assert_eq!(fixture.session.snapshot(About::Nothing).await.history().count(), 1);
}

/// Each press used to drop the queued run and make a new one.
#[tokio::test]
async fn three_presses_while_a_cell_is_queued_give_one_queued_run() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate")).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(1).await;
    let running = answered(fixture.press(Scope::Lines(2, 2)).await).await;
    sim.wait_for_runs(1).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(answered(fixture.press(Scope::Lines(5, 5)).await).await);
    }
    assert!(all.iter().all(|response| ids(response) == ids(&all[0])), "{all:?}");
    // With other options it is another run, which replaces the queued one.
    let canary = RunCommand { canary: true, ..fixture.command(Scope::Lines(5, 5)) };
    let other = answered(fixture.send(canary).await).await;
    assert_ne!(ids(&other), ids(&all[0]));
    assert_eq!(ends(&all[0].runs[0]).await, RunState::Failed);
    fixture.replace([5, 0], [5, 0], "new_");
    let newest = answered(fixture.press(Scope::Lines(5, 5)).await).await;
    assert!(ends(&other.runs[0]).await == RunState::Failed && other.runs[0].now().was_never_sent());
    sim.open("gate");
    assert_eq!(sent(&sim, &[&running, &newest]).await, ["a()", "new_b()"]);
}

#[tokio::test]
async fn run_all_twice_repeats_the_running_cell_and_runs_queued_cells_once() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate")).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(1).await;
    let first = answered(fixture.press(Scope::All).await).await;
    sim.wait_for_runs(1).await;
    let second = answered(fixture.press(Scope::All).await).await;
    let third = answered(fixture.press(Scope::All).await).await;
    assert_eq!(ids(&second)[1..], ids(&first)[1..]);
    assert_eq!(ids(&third), ids(&second), "at most one more run of the running cell");
    sim.open("gate");
    assert_eq!(sent(&sim, &[&first, &third]).await, ["a()", "a()", "b()", "c()"]);
}

#[tokio::test]
async fn a_pxresult_shows_the_run_of_its_own_command_even_if_that_was_queued_before() {
    let sim = Sim::builder().engines(1).on("a()", Script::new().wait("gate")).start().await;
    let text = "# %%\n%px a()\n# %%\n%px b()\n# %%\n%pxresult\n# %%\n%px c()\n";
    let fixture = pxresult::fixture(&sim, text).await;
    fixture.run_line(2).await;
    sim.wait_for_runs(1).await;
    let waiting = fixture.run_line(4).await;
    fixture.run_line(8).await;
    let response = fixture.run_scope(Scope::Lines(3, 7), false).await.expect("they wait");
    assert_eq!(ids(&response)[0], waiting.runs[0].id);
    assert_eq!(response.shown_results[0].run.id, waiting.runs[0].id);
    sim.open("gate");
    assert_eq!(sent(&sim, &[&response]).await, ["a()", "b()", "c()"]);
}

/// The cell, its code and its last run used to be read in several messages, the code in the last one.
#[tokio::test]
async fn running_again_on_some_engines_sends_the_code_of_the_moment_of_the_command() {
    let raises = Script::new().stdout("another\n").error("OSError", "no file");
    let sim = Sim::builder().engines(3).on_engine(1, "a()", raises).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(3).await;
    let cell = Scope::Lines(2, 2);
    let first = answered(fixture.press(cell.clone()).await).await;
    ends(&first.runs[0]).await;
    for only in [Only::Differing, Only::Failed] {
        let before = sim.executed().len();
        let answer = fixture.press_with(cell.clone(), Overrides::default(), Some(only)).await;
        fixture.replace([2, 0], [2, 0], "x");
        let response = answered(answer).await;
        assert!(!response.changed, "it changed afterwards");
        assert_eq!(response.runs[0].engines, [EngineId(1)]);
        ends(&response.runs[0]).await;
        let codes: Vec<String> =
            sim.executed()[before..].iter().map(|received| received.code().trim().to_owned()).collect();
        assert_eq!(codes, ["a()"]);
        fixture.replace([2, 0], [2, 1], "");
        // The next round needs a run on all three.
        ends(&answered(fixture.press(cell.clone()).await).await.runs[0]).await;
    }
    fixture.replace([2, 0], [2, 0], "x");
    let response = answered(fixture.press_with(cell, Overrides::default(), Some(Only::Failed)).await).await;
    assert!(response.changed);
    assert_eq!(ends(&response.runs[0]).await, RunState::Succeeded);
}

#[tokio::test]
async fn three_presses_of_run_again_on_some_engines_give_one_run_while_comparing_and_while_queued() {
    let other = Script::new().stdout("another\n");
    let sim = Sim::builder().engines(2).on_engine(1, "a()", other).on("b()", Script::new().wait("gate"));
    let sim = sim.start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(2).await;
    let cell = Scope::Lines(2, 2);
    ends(&answered(fixture.press(cell.clone()).await).await.runs[0]).await;
    let busy = answered(fixture.press(Scope::Lines(5, 5)).await).await;
    sim.wait_for_runs(4).await;
    let command =
        async || fixture.press_with(cell.clone(), Overrides::default(), Some(Only::Differing)).await;
    let answers = [command().await, command().await];
    let mut all = Vec::new();
    for answer in answers {
        all.push(answered(answer).await);
    }
    all.push(answered(command().await).await);
    assert!(all.iter().all(|response| response.runs.len() == 1 && ids(response) == ids(&all[0])), "{all:?}");
    sim.open("gate");
    sent(&sim, &[&busy, &all[0]]).await;
    assert_eq!(sim.executed().len(), 5);
}

#[tokio::test]
async fn a_newer_command_replaces_one_whose_outputs_are_being_compared() {
    let sim = Sim::builder().engines(2).on_engine(1, "a()", Script::new().stdout("another\n")).start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(2).await;
    let cell = Scope::Lines(2, 2);
    ends(&answered(fixture.press(cell.clone()).await).await.runs[0]).await;
    let older = fixture.press_with(cell.clone(), Overrides::default(), Some(Only::Differing)).await;
    fixture.replace([2, 0], [2, 0], "new_");
    let newer = answered(fixture.press(cell).await).await;
    let older = answered(older).await;
    // The comparison may have finished first; then both ran, in this order.
    assert!(older.runs.len() == 1 || older.not_run[0].kind == NotRunKind::Replaced, "{older:?}");
    assert_eq!(sent(&sim, &[&older, &newer]).await.last().map(String::as_str), Some("new_a()"));
}

#[tokio::test]
async fn interrupting_stragglers_finds_them_or_says_why_there_are_none() {
    let hangs = Script::new().wait("first").hang();
    let sim = Sim::builder().engines(2).on("a()", Script::new().wait("gate")).on_engine(1, "a()", hangs);
    let sim = sim.start().await;
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, THREE);
    fixture.engines(2).await;
    let response = answered(fixture.press(Scope::Lines(2, 2)).await).await;
    let run = &response.runs[0];
    sim.wait_for_runs(2).await;
    let stop = async || {
        let scope = InterruptScope::Stragglers(None);
        fixture.session.interrupt(Some(run.id), scope, None).await.expect("there is such a run")
    };
    let refused = stop().await.refused.expect("none has ended");
    assert!(refused.starts_with("Fewer than half of the engines of run 1 have ended"), "{refused}");
    sim.open("gate");
    run_is(run, "the end of one engine", |run| run.parts().any(|part| part.ending().is_some())).await;
    let stopped = stop().await;
    let report = &stopped.reports[0].1;
    assert_eq!((stopped.refused, report.signalled.to_string()), (None, "[1]".to_owned()));
    assert_eq!(ends(run).await, RunState::Failed);
    assert_eq!(stop().await.refused.as_deref(), Some("Run 1 is over, so it has no stragglers"));
    assert_eq!(fixture.session.interrupt(Some(RunId(99)), InterruptScope::All, None).await, None);
}
