//! How long runs are kept, and cells that show them no more.

use super::{pxresult::desk_with, *};

/// A notebook of three cells, in a session beside its other document.
async fn notebook(desk: &Desk) -> Vec<DocumentKey> {
    let keys: Vec<DocumentKey> = ["n#1", "n#2", "n#3"].into_iter().map(DocumentKey::from).collect();
    let texts = ["%px a()", "%%px -o mine\nb()", "%pxresult"];
    let cells = keys.iter().zip(texts);
    let cells = cells.map(|(key, text)| CellText { key: key.clone(), version: 1, text: text.to_owned() });
    desk.session.open_notebook(DocumentKey::from("n"), keys.clone(), cells.collect());
    keys
}

/// Runs the first px cell of a text, and waits until it is over.
async fn run(desk: &Desk, key: &DocumentKey) -> Asked {
    let ask = Ask {
        document: key.clone(),
        scope: Scope::Lines(0, 0),
        overrides: Overrides::default(),
        only: None,
        keep_going: false,
        start: StartPolicy::Never,
    };
    let asked = desk.session.run(ask).await.expect("it runs");
    for handle in &asked.runs {
        ends(handle).await;
    }
    asked
}

/// Waits until these runs are kept of a document: that one is over is told to who looks at it before the session hears of it.
async fn keeps(desk: &Desk, key: &DocumentKey, expected: &[RunId]) {
    let looking = async {
        while listed(desk, key).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within(format!("{expected:?} in the history"), looking).await;
}

async fn listed(desk: &Desk, key: &DocumentKey) -> Vec<RunId> {
    desk.session.snapshot(key).await.history().map(|past| past.run.id).collect()
}

async fn showing(desk: &Desk, key: &DocumentKey) -> Option<RunId> {
    let now = desk.session.snapshot(key).await;
    now.document().expect("it is open").cells[0].run.as_ref().map(|run| run.id)
}

#[tokio::test]
async fn twenty_runs_of_each_cell_are_kept_and_a_pxresult_names_the_newest() {
    let sim = Sim::builder().engines(1).start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { results: Some(folder.path().to_owned()), ..at(&sim.connection_file()) };
    let desk = desk_with(settings, TEXT).await;
    let keys = notebook(&desk).await;
    for key in &keys[..2] {
        for _ in 0..25 {
            run(&desk, key).await;
        }
    }
    let now = desk.session.snapshot(&keys[0]).await;
    let history: Vec<PastRun> = now.history().collect();
    let of = |at: usize| history.iter().filter(|past| past.run.document == keys[at]).count();
    // One more of a cell is there from when it was asked for until it is over.
    assert_eq!((of(0), of(1), history.len()), (20, 20, 40));
    assert!(history.iter().all(|past| past.name.is_none() == (past.run.document == keys[0])));
    let newest = history.last().expect("there are some").run.id;
    assert_eq!(newest, RunId(50));
    assert_eq!(now.runs.named("mine").expect("it has a name").id, newest);
    // Over all cells, and named by its place in the notebook.
    let asked = run(&desk, &keys[2]).await;
    assert_eq!(asked.recalled[0].run.id, newest);
    let now = desk.session.snapshot(&keys[2]).await;
    let line = now.recalled(&now.document().expect("it is open").cells[0]).as_ref().map(Recall::line);
    assert_eq!(line.as_deref(), Some("result of line 1 of cell 2: %%px -o mine"));
}

#[tokio::test]
async fn the_oldest_runs_go_where_memory_ends_but_for_those_that_a_cell_shows() {
    let text = "x".repeat(4000);
    let sim = Sim::builder()
        .engines(1)
        .on("work()", Script::new().stdout(text.as_str()))
        .on("a()", Script::new().stdout(text.as_str()))
        .start()
        .await;
    let limits = Limits { history: 10_000, ..Limits::default() };
    let desk = desk_with(Settings { limits, ..at(&sim.connection_file()) }, TEXT).await;
    let keys = notebook(&desk).await;
    let shown = run(&desk, &keys[0]).await.runs.remove(0);
    for _ in 0..5 {
        run(&desk, &desk.key).await;
    }
    keeps(&desk, &desk.key, &[RunId(5), RunId(6)]).await;
    assert_eq!(listed(&desk, &keys[0]).await, [shown.id], "its cell shows it");
    // What nobody shows any more goes with the next run.
    assert_eq!(desk.session.clear(keys[0].clone(), None).await, Some(1));
    run(&desk, &desk.key).await;
    keeps(&desk, &keys[0], &[]).await;
}

#[tokio::test]
async fn the_runs_of_cells_that_are_gone_are_counted_together() {
    let sim = Sim::builder().engines(1).start().await;
    let desk = desk_with(at(&sim.connection_file()), TEXT).await;
    for version in 2..27 {
        let text = format!("%px f{version}()\n");
        desk.session.change(desk.key.clone(), version, vec![Change { range: None, text }]);
        run(&desk, &desk.key).await;
    }
    let count = listed(&desk, &desk.key).await.len();
    assert!((20..=22).contains(&count), "{count}");
}

#[tokio::test]
async fn a_notebook_or_one_cell_is_cleared_and_its_runs_stay() {
    let sim = Sim::builder().engines(1).start().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { results: Some(folder.path().to_owned()), ..at(&sim.connection_file()) };
    let desk = desk_with(settings, TEXT).await;
    let keys = notebook(&desk).await;
    for key in &keys {
        run(&desk, key).await;
    }
    let cell = desk.session.snapshot(&keys[1]).await.document().expect("it is open").cells[0].id;
    assert_eq!(desk.session.clear(keys[1].clone(), Some(cell)).await, Some(1));
    assert_eq!(desk.session.clear(keys[1].clone(), Some(cell)).await, Some(0), "it shows none");
    assert_eq!(desk.session.clear(keys[0].clone(), Some(cell)).await, None, "it stands elsewhere");
    assert_eq!(showing(&desk, &keys[1]).await, None);
    assert_eq!(showing(&desk, &keys[0]).await, Some(RunId(1)));
    assert_eq!(desk.session.clear(DocumentKey::from("n"), None).await, Some(2), "with the %pxresult");
    for key in &keys {
        assert_eq!(showing(&desk, key).await, None);
    }
    assert_eq!(listed(&desk, &keys[0]).await, [RunId(1), RunId(2)]);
    assert_eq!(desk.session.clear(DocumentKey::from("other"), None).await, None);
}

#[tokio::test]
async fn a_run_goes_on_when_its_cell_is_cleared_and_the_next_one_is_shown() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let desk = desk_with(at(&sim.connection_file()), TEXT).await;
    let first = desk.run().await;
    sim.wait_for_runs(1).await;
    assert_eq!(desk.session.clear(desk.key.clone(), None).await, Some(1));
    assert_eq!(desk.shown().await, None);
    let second = desk.run().await;
    sim.open("gate");
    assert_eq!(ends(&first).await, RunState::Succeeded);
    assert_eq!(ends(&second).await, RunState::Succeeded);
    assert_eq!(desk.shown().await, Some(second.id));
    assert_eq!(listed(&desk, &desk.key).await, [first.id, second.id]);
}
