//! `%pxresult`, non-blocking runs, and named results.

use super::*;
use crate::run::OutputKind;

/// A session with this text, on a simulated controller with one engine.
pub(super) async fn fixture(sim: &Sim, text: &str) -> Fixture {
    fixture_with(at(&sim.connection_file()), text).await
}

pub(super) async fn fixture_with(settings: Settings, text: &str) -> Fixture {
    let mut fixture = Fixture::with(settings, true, text);
    fixture.engines(1).await;
    fixture
}

impl Fixture {
    /// Runs the px cell of this 1-based line.
    pub(super) async fn run_line(&self, line: u32) -> RunResponse {
        self.run_scope(Scope::Lines(line - 1, line - 1), false).await.expect("it is queued")
    }

    /// What the `%pxresult` on this 1-based line shows, and what it would show.
    async fn shows(&self, line: u32) -> (Option<String>, Option<String>) {
        let now = self.session.snapshot(&self.key).await;
        let cells = &now.document().expect("it is open").cells;
        let cell = cells.iter().find(|cell| cell.line + 1 == line).expect("there is a cell");
        let line = |source: Option<ResultSource>| source.as_ref().map(ResultSource::line);
        (line(now.shown_result(cell)), line(now.result_to_show(cell)))
    }

    async fn is_stale(&self, line: u32) -> bool {
        let now = self.session.snapshot(&self.key).await;
        let cells = &now.document().expect("it is open").cells;
        cells.iter().any(|cell| cell.line + 1 == line && now.is_stale(cell))
    }
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn said(run: &RunHandle) -> String {
    let run = run.now();
    let texts = run.parts().flat_map(|part| &part.outputs).filter_map(|output| match &output.kind {
        OutputKind::Stream(_, text) => Some(text.chunks().collect::<String>()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn pxresult_shows_the_newest_run_and_names_its_cell() {
    let sim = Sim::builder().engines(1).start().await;
    let fixture = fixture(&sim, "%px a()\n%%px_no\n%px b()\n%pxresult\n").await;
    drop(fixture);
    let fixture = self::fixture(&sim, "# %%\n%px a()\n# %%\n%px b()\n# %%\n%pxresult\n").await;
    assert_eq!(fixture.shows(6).await, (None, None));
    fixture.run_line(4).await;
    let newest = fixture.run_line(2).await.runs.remove(0);
    let hint = some("result of line 2: %px a() (line 4, right above, ran before that)");
    assert_eq!(fixture.shows(6).await, (None, hint.clone()));
    let response = fixture.run_line(6).await;
    assert_eq!((response.runs.len(), response.not_run.len()), (0, 0));
    assert_eq!(response.shown_results[0].run.id, newest.id);
    assert_eq!(fixture.shows(6).await, (hint.clone(), hint.clone()));
    assert!(!fixture.is_stale(6).await);
    // A newer run makes it stale, but it still shows the old one.
    let newer = fixture.run_line(4).await.runs.remove(0);
    assert_eq!(fixture.shows(6).await, (hint, some("result of line 4: %px b()")));
    assert!(fixture.is_stale(6).await);
    fixture.run_line(6).await;
    assert!(!fixture.is_stale(6).await);
    assert_eq!(ends(&newest).await, RunState::Succeeded);
    assert_eq!(ends(&newer).await, RunState::Succeeded);
    assert_eq!(sim.executed().len(), 3, "showing runs nothing");
}

#[tokio::test]
async fn pxresult_says_if_the_cell_of_its_run_was_deleted() {
    let sim = Sim::builder().engines(1).start().await;
    let text = "# %%\n%px a()\n# %%\n%pxresult\n# %%\n%px b()\n";
    let fixture = fixture(&sim, text).await;
    fixture.run_line(2).await;
    let second = text.replace("# %%\n%px a()\n", "");
    fixture.session.change(fixture.key.clone(), 2, vec![Change { range: None, text: second }]);
    assert_eq!(fixture.shows(2).await.1, some("result of a deleted cell, formerly line 2: %px a()"));
}

#[tokio::test]
async fn pxresult_without_a_run_says_so_and_needs_no_cluster() {
    let nowhere = tempfile::tempdir().unwrap();
    let fixture = Fixture::with(in_folder(nowhere.path()), true, "# %%\n%pxresult_even\n# %%\n%pxresult\n");
    for keep_going in [false, true] {
        let response = fixture.run_scope(Scope::All, keep_going).await.expect("it is no error");
        let kinds: Vec<NotRunKind> = response.not_run.iter().map(|one| one.kind).collect();
        let second = if keep_going { NotRunKind::NothingYet } else { NotRunKind::Skipped };
        assert!(matches!(kinds[0], NotRunKind::NothingYet | NotRunKind::Refused), "{response:?}");
        assert_eq!(kinds[1], second, "{response:?}");
    }
    let response = fixture.run_line(4).await;
    assert_eq!(
        response.not_run[0].why,
        "%pxresult shows the last result of %px, and no such cell of this document has run yet"
    );
}

#[tokio::test]
async fn in_a_sequence_pxresult_shows_the_run_before_it_and_later_cells_wait_for_that() {
    let sim = Sim::builder().engines(1).on("slow()", Script::new().wait("gate").stdout("slow")).start().await;
    let text = "# %%\n%%px --noblock\nslow()\n# %%\n%pxresult\n# %%\n%px after()\n";
    let mut fixture = fixture(&sim, text).await;
    let response = fixture.run_document().await.expect("it runs");
    assert_eq!(response.shown_results[0].run.id, response.runs[0].id);
    sim.wait_for_runs(1).await;
    // The cell after the `%pxresult` was not sent.
    assert_eq!(response.runs[1].now().state(), RunState::Queued);
    sim.open("gate");
    assert_eq!(ends(&response.runs[1]).await, RunState::Succeeded);
    assert_eq!(said(&response.shown_results[0].run), "slow");
    assert_eq!(sim.executed().len(), 2);
    fixture.events.close();
}

#[tokio::test]
async fn cells_that_are_run_again_with_a_pxresult_do_not_wait_for_each_other() {
    let text = "# %%\n%px slow()\n# %%\n%pxresult\n# %%\n%px a()\n# %%\n%px b()\n";
    for (first, second) in [
        (Scope::Lines(5, 5), Scope::Lines(3, 5)),
        (Scope::Below(Place::Line(5)), Scope::Below(Place::Line(3))),
    ] {
        let sim = Sim::builder().engines(1).on("slow()", Script::new().wait("gate")).start().await;
        let fixture = fixture(&sim, text).await;
        let slow = fixture.run_line(2).await.runs.remove(0);
        sim.wait_for_runs(1).await;
        fixture.run_scope(first, false).await.expect("they wait");
        let response = fixture.run_scope(second, false).await.expect("they wait again");
        assert_eq!(response.shown_results[0].run.id, slow.id, "not a run that this command replaces");
        sim.open("gate");
        for run in &response.runs {
            assert_eq!(ends(run).await, RunState::Succeeded);
        }
        let again = fixture.run_line(2).await.runs.remove(0);
        assert_eq!(ends(&again).await, RunState::Succeeded);
    }
}

#[tokio::test]
async fn a_sequence_stops_at_a_pxresult_whose_run_fails() {
    let fails = Script::new().stdout("begun").wait("gate").error("E", "no");
    let sim = Sim::builder().engines(1).on("fails()", fails).start().await;
    let text = "# %%\n%%px --noblock\nfails()\n# %%\n%pxresult\n# %%\n%px after()\n";
    let fixture = fixture(&sim, text).await;
    let response = fixture.run_document().await.expect("it runs");
    sim.open("gate");
    assert_eq!(ends(&response.runs[1]).await, RunState::Failed);
    assert!(response.runs[1].now().was_never_sent());
    // It shows the output and the error.
    assert_eq!(said(&response.shown_results[0].run), "begun");
    assert!(response.shown_results[0].run.now().parts().all(|part| part.error().is_some()));
    // The run is over by now, so it stops later cells at once, unless the command keeps going.
    let again = fixture.run_scope(Scope::Below(Place::Line(4)), false).await.expect("it is queued");
    assert_eq!((again.runs.len(), again.not_run[0].kind), (0, NotRunKind::Skipped));
    let again = fixture.run_scope(Scope::Below(Place::Line(4)), true).await.expect("it is queued");
    assert_eq!(ends(&again.runs[0]).await, RunState::Succeeded);
}

#[tokio::test]
async fn a_cell_that_cannot_run_stops_the_sequence_there() {
    let sim = Sim::builder().engines(1).start().await;
    for (bad, word) in [("%%px --nosuch", "--nosuch"), ("%%px --targets 7", "7")] {
        let text = format!("# %%\n%px a()\n# %%\n{bad}\nb()\n# %%\n%px c()\n");
        let fixture = fixture(&sim, &text).await;
        let response = fixture.run_document().await.expect("the cell before it runs");
        assert_eq!(response.runs.len(), 1);
        assert_eq!(ends(&response.runs[0]).await, RunState::Succeeded);
        let kinds: Vec<NotRunKind> = response.not_run.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [NotRunKind::Refused, NotRunKind::Skipped]);
        assert!(response.not_run[0].why.contains(word), "{response:?}");
        assert_eq!(response.not_run[1].why, "line 4 above cannot run");
        let response = fixture.run_scope(Scope::All, true).await.expect("it goes on");
        assert_eq!((response.runs.len(), response.not_run.len()), (2, 1));
    }
}

#[tokio::test]
async fn the_output_of_a_non_blocking_run_is_withheld_until_the_user_asks_for_it() {
    let sim = Sim::builder().engines(1).start().await;
    let fixture = fixture(&sim, "# %%\n%%px --noblock\na()\n# %%\n%pxresult\n").await;
    let withheld = async || {
        let now = fixture.session.snapshot(&fixture.key).await;
        let cell = &now.document().expect("it is open").cells[0];
        now.is_withheld(cell, &cell.run.as_ref().expect("it ran").now())
    };
    let run = fixture.run_line(2).await.runs.remove(0);
    assert_eq!(ends(&run).await, RunState::Succeeded);
    assert!(withheld().await);
    fixture.session.reveal(run.id);
    assert!(!withheld().await);
    fixture.run_line(2).await;
    assert!(withheld().await, "the user has not asked for the new run");
    fixture.run_line(5).await;
    assert!(!withheld().await);
}

#[tokio::test]
async fn a_named_run_is_kept_on_disk_when_it_is_over_and_the_newest_has_the_name() {
    let sim = Sim::builder()
        .engines(1)
        .on("a()", Script::new().stdout("first\n"))
        .on("b()", Script::new().stdout("second\n").error("E", "no"))
        .start()
        .await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { results: Some(folder.path().to_owned()), ..at(&sim.connection_file()) };
    let text =
        "# %%\n%%px -o one\na()\n# %%\n%%px --noblock\nb()\n# %%\n%pxresult -o one\n# %%\n%%px -o a/b\na()\n";
    let mut fixture = fixture_with(settings, text).await;
    let store = ResultStore::new(Some(folder.path())).unwrap();
    ends(&fixture.run_line(2).await.runs[0]).await;
    let second = fixture.run_line(5).await.runs.remove(0);
    ends(&second).await;
    let named = fixture.run_line(8).await;
    assert!(named.runs.is_empty() && named.shown_results.is_empty() && named.not_run.is_empty());
    assert_eq!(
        fixture.session.snapshot(About::Nothing).await.runs.named("one").expect("it is named").id,
        second.id
    );
    // An invalid name is reported, and the cell still runs.
    assert_eq!(ends(&fixture.run_line(10).await.runs[0]).await, RunState::Succeeded);
    fixture.session.shutdown().await;
    let kept = store.load("one").expect("it is kept");
    let text = crate::render::terminal(
        &kept.run().expect("it is a run"),
        kept.head.wanted_group_by().unwrap_or_default(),
        Default::default(),
    );
    assert!(text.contains("second") && text.contains("E: no") && !text.contains("first"), "{text}");
    assert!(text.starts_with("Async parallel execution on engine(s): [0]\n"), "{text}");
    assert_eq!(store.list().len(), 1);
    let warned = std::iter::from_fn(|| fixture.events.try_recv().ok())
        .any(|event| matches!(event, SessionEvent::Say(Level::Warning, text) if text.contains("'a/b' cannot be the name")));
    assert!(warned);
}

#[tokio::test]
async fn a_run_that_was_never_sent_takes_no_name_from_one_that_was() {
    let fails = Script::new().wait("gate").error("E", "no");
    let good = Script::new().stdout("good");
    let sim = Sim::builder().engines(1).on("fails()", fails).on("good()", good).start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { results: Some(folder.path().to_owned()), ..at(&sim.connection_file()) };
    let text = "# %%\n%px fails()\n# %%\n%%px -o fit\ngood()\n# %%\n%pxresult -o fit\n";
    let fixture = fixture_with(settings, text).await;
    let good = fixture.run_line(4).await.runs.remove(0);
    assert_eq!(ends(&good).await, RunState::Succeeded);
    let response = fixture.run_scope(Scope::Lines(0, 4), false).await.expect("it is queued");
    let named =
        async || fixture.session.snapshot(About::Nothing).await.runs.named("fit").expect("it has a name").id;
    assert_eq!(named().await, good.id, "a queued run has no name yet");
    // A `%pxresult -o` can name it while it is queued.
    fixture.run_line(7).await;
    assert_eq!(named().await, response.runs[1].id);
    sim.open("gate");
    assert_eq!(ends(&response.runs[1]).await, RunState::Failed);
    assert!(response.runs[1].now().was_never_sent());
    fixture.session.shutdown().await;
    let kept = ResultStore::new(Some(folder.path())).unwrap().load("fit").expect("it is kept");
    assert!(format!("{:?}", kept.events()).contains("good"), "{:?}", kept.head);
}

#[tokio::test]
async fn an_interrupt_sends_the_signal_that_the_cell_names() {
    let sim = Sim::builder().engines(1).on("work()", hangs()).start().await;
    let text = "# %%\n%%px --signal-on-interrupt SIGUSR1\nwork()\n";
    let fixture = fixture(&sim, text).await;
    let run = fixture.run_line(2).await.runs.remove(0);
    sim.wait_for_runs(1).await;
    fixture.session.interrupt(Some(run.id), InterruptScope::All, None).await;
    let signals: Vec<String> = sim
        .requests()
        .iter()
        .filter(|request| request.msg_type == "signal_request")
        .map(|request| request.content["sig"].to_string())
        .collect();
    assert_eq!(signals, ["\"SIGUSR1\""]);
}
