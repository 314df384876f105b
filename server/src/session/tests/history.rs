//! How long runs are kept, and clearing them from cells.

use super::{pxresult::fixture_with, *};

/// Opens a notebook of three cells beside the session's other document.
async fn notebook(fixture: &Fixture) -> Vec<DocumentKey> {
    let keys: Vec<DocumentKey> = ["n#1", "n#2", "n#3"].into_iter().map(DocumentKey::from).collect();
    let texts = ["%px a()", "%%px -o mine\nb()", "%pxresult"];
    let cells = keys.iter().zip(texts);
    let cells = cells.map(|(key, text)| CellText { key: key.clone(), version: 1, text: text.to_owned() });
    fixture.session.open_notebook(DocumentKey::from("n"), keys.clone(), cells.collect(), Vec::new());
    keys
}

/// Runs the first px cell of a text, and waits until it is over.
async fn run(fixture: &Fixture, key: &DocumentKey) -> RunResponse {
    let command = RunCommand {
        document: key.clone(),
        scope: Scope::Lines(0, 0),
        overrides: Overrides::default(),
        only: None,
        canary: false,
        keep_going: false,
        start: StartPolicy::Never,
    };
    let response = fixture.session.run(command).await.expect("it runs");
    for handle in &response.runs {
        ends(handle).await;
    }
    response
}

/// Waits until exactly these runs of a document are kept: a run's watchers hear of its end before the session does.
async fn keeps(fixture: &Fixture, key: &DocumentKey, expected: &[RunId]) {
    let looking = async {
        while listed(fixture, key).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(format!("{expected:?} in the history"), looking).await;
}

async fn listed(fixture: &Fixture, key: &DocumentKey) -> Vec<RunId> {
    fixture.session.snapshot(key).await.history().map(|past| past.handle.id).collect()
}

async fn showing(fixture: &Fixture, key: &DocumentKey) -> Option<RunId> {
    let now = fixture.session.snapshot(key).await;
    now.document().expect("it is open").cells[0].run.as_ref().map(|run| run.id)
}

#[tokio::test]
async fn twenty_runs_of_each_cell_are_kept_and_a_pxresult_names_the_newest() {
    let sim = Sim::builder().engines(1).start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { results: Some(folder.path().to_owned()), ..at(&sim.connection_file()) };
    let fixture = fixture_with(settings, TEXT).await;
    let keys = notebook(&fixture).await;
    for key in &keys[..2] {
        for _ in 0..25 {
            run(&fixture, key).await;
        }
    }
    let now = fixture.session.snapshot(&keys[0]).await;
    let history: Vec<&RunRecord> = now.history().collect();
    let of = |at: usize| history.iter().filter(|past| past.handle.document() == keys[at]).count();
    // While a run is going on, its cell has one run more.
    assert_eq!((of(0), of(1), history.len()), (20, 20, 40));
    assert!(history.iter().all(|past| past.name.is_none() == (past.handle.document() == keys[0])));
    let newest = history.last().expect("there are some").handle.id;
    assert_eq!(newest, RunId(50));
    assert_eq!(now.runs.named("mine").expect("it has a name").id, newest);
    // The newest run of all cells, described by its place in the notebook.
    let response = run(&fixture, &keys[2]).await;
    assert_eq!(response.shown_results[0].run.id, newest);
    let now = fixture.session.snapshot(&keys[2]).await;
    let line =
        now.shown_result(&now.document().expect("it is open").cells[0]).as_ref().map(ResultSource::line);
    assert_eq!(line.as_deref(), Some("result of cell 2, line 1: %%px -o mine"));
}

#[tokio::test]
async fn the_oldest_runs_are_dropped_when_memory_is_short_except_those_that_a_cell_shows() {
    let text = "x".repeat(4000);
    let sim = Sim::builder()
        .engines(1)
        .on("work()", Script::new().stdout(text.as_str()))
        .on("a()", Script::new().stdout(text.as_str()))
        .start()
        .await;
    let limits = Limits { history: 10_000, ..Limits::default() };
    let fixture = fixture_with(Settings { limits, ..at(&sim.connection_file()) }, TEXT).await;
    let keys = notebook(&fixture).await;
    let shown = run(&fixture, &keys[0]).await.runs.remove(0);
    for _ in 0..5 {
        run(&fixture, &fixture.key).await;
    }
    keeps(&fixture, &fixture.key, &[RunId(5), RunId(6)]).await;
    assert_eq!(listed(&fixture, &keys[0]).await, [shown.id], "its cell shows it");
    // A run that no cell shows any more is dropped with the next run.
    assert_eq!(fixture.session.clear(keys[0].clone(), None).await, Some(1));
    run(&fixture, &fixture.key).await;
    keeps(&fixture, &keys[0], &[]).await;
}

#[tokio::test]
async fn the_runs_of_deleted_cells_are_counted_together() {
    let sim = Sim::builder().engines(1).start().await;
    let fixture = fixture_with(at(&sim.connection_file()), TEXT).await;
    for version in 2..27 {
        let text = format!("%px f{version}()\n");
        fixture.session.change(fixture.key.clone(), version, vec![Change { range: None, text }]);
        run(&fixture, &fixture.key).await;
    }
    let count = listed(&fixture, &fixture.key).await.len();
    assert!((20..=22).contains(&count), "{count}");
}

#[tokio::test]
async fn a_notebook_or_one_cell_is_cleared_and_its_runs_stay() {
    let sim = Sim::builder().engines(1).start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { results: Some(folder.path().to_owned()), ..at(&sim.connection_file()) };
    let fixture = fixture_with(settings, TEXT).await;
    let keys = notebook(&fixture).await;
    for key in &keys {
        run(&fixture, key).await;
    }
    let cell = fixture.session.snapshot(&keys[1]).await.document().expect("it is open").cells[0].id;
    assert_eq!(fixture.session.clear(keys[1].clone(), Some(cell)).await, Some(1));
    assert_eq!(fixture.session.clear(keys[1].clone(), Some(cell)).await, Some(0), "it shows none");
    assert_eq!(
        fixture.session.clear(keys[0].clone(), Some(cell)).await,
        None,
        "it is in another cell of the notebook"
    );
    assert_eq!(showing(&fixture, &keys[1]).await, None);
    assert_eq!(showing(&fixture, &keys[0]).await, Some(RunId(1)));
    assert_eq!(fixture.session.clear(DocumentKey::from("n"), None).await, Some(2), "with the %pxresult");
    for key in &keys {
        assert_eq!(showing(&fixture, key).await, None);
    }
    assert_eq!(listed(&fixture, &keys[0]).await, [RunId(1), RunId(2)]);
    assert_eq!(fixture.session.clear(DocumentKey::from("other"), None).await, None);
}

#[tokio::test]
async fn a_run_goes_on_when_its_cell_is_cleared_and_the_next_one_is_shown() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let fixture = fixture_with(at(&sim.connection_file()), TEXT).await;
    let first = fixture.run().await;
    sim.wait_for_runs(1).await;
    assert_eq!(fixture.session.clear(fixture.key.clone(), None).await, Some(1));
    assert_eq!(fixture.shown().await, None);
    let second = fixture.run().await;
    sim.open("gate");
    assert_eq!(ends(&first).await, RunState::Succeeded);
    assert_eq!(ends(&second).await, RunState::Succeeded);
    assert_eq!(fixture.shown().await, Some(second.id));
    assert_eq!(listed(&fixture, &fixture.key).await, [first.id, second.id]);
}

/// With each key that is pressed, a thousand runs would be listed again.
#[tokio::test]
async fn faces_share_one_list_of_the_runs_until_these_change() {
    let sim = Sim::builder().engines(1).start().await;
    let fixture = fixture_with(at(&sim.connection_file()), TEXT).await;
    let shared = async || fixture.session.snapshot(&fixture.key).await.runs;
    let before = shared().await;
    let change = Change { range: None, text: "%px work()\n# typed\n".to_owned() };
    fixture.session.change(fixture.key.clone(), 2, vec![change]);
    assert!(Arc::ptr_eq(&before, &shared().await), "typing changes no run");
    let run = fixture.run().await;
    let ran = shared().await;
    assert_eq!(ran.iter().map(|record| record.handle.id).collect::<Vec<_>>(), [run.id]);
    fixture.session.reveal(run.id);
    assert!(shared().await.iter().all(|record| record.revealed));
}
