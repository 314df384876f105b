//! Named results on disk: they are whole, however little stayed in memory, and include late output.

use super::*;
use crate::jupyter::content::StreamName;

/// A session that keeps little in memory, with one document whose one cell has a name.
async fn fixture(sim: &Sim, folder: &Path) -> Fixture {
    let limits = Limits { engine_text: 10_000, folder: Some(folder.join("spilled")), ..Limits::default() };
    let settings = Settings { results: Some(folder.join("results")), limits, ..at(&sim.connection_file()) };
    let mut fixture = Fixture::with(settings, true, "# %%\n%%px -o fit\nwork()\n");
    fixture.engines(1).await;
    fixture
}

/// The engine's stdout according to the kept result.
fn kept(folder: &Path) -> String {
    let kept = ResultStore::new(Some(&folder.join("results"))).and_then(|store| store.load("fit"));
    let run = kept.ok().and_then(|kept| kept.run());
    let part = run.as_ref().and_then(|run| run.part(crate::run::Slot(0)));
    part.map(|part| part.stream(StreamName::Stdout)).unwrap_or_default()
}

fn lines() -> String {
    (0..20_000).map(|n| format!("line {n} é\n")).collect()
}

#[tokio::test]
async fn a_named_result_includes_text_that_was_moved_to_files() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout(lines())).start().await;
    let folder = tempfile::tempdir().unwrap();
    let fixture = fixture(&sim, folder.path()).await;
    let run = fixture.run().await;
    assert_eq!(ends(&run).await, RunState::Succeeded);
    assert!(
        run.now()
            .part(crate::run::Slot(0))
            .is_some_and(|part| part.spilled.is_some() && part.kept() < 20_000)
    );
    fixture.session.shutdown().await;
    assert!(kept(folder.path()) == lines(), "nothing is missing in it");
    assert_eq!(std::fs::read_dir(folder.path().join("spilled")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_named_result_includes_output_that_came_after_its_end() {
    let script = Script::new().stdout("early\n").afterwards().wait("gate").stdout("late\n");
    let sim = Sim::builder().engines(1).on("work()", script).start().await;
    for waits in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let fixture = fixture(&sim, folder.path()).await;
        let run = fixture.run().await;
        assert_eq!(ends(&run).await, RunState::Succeeded);
        sim.open("gate");
        let came = |run: &Run| {
            run.part(crate::run::Slot(0)).is_some_and(|part| part.stream(StreamName::Stdout).contains("late"))
        };
        run_is(&run, "the late output", came).await;
        if waits {
            // It is written a while after it arrived, or else at the end of the session.
            let written = async {
                while kept(folder.path()) != "early\nlate\n" {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            within("the late output in the kept result", written).await;
        }
        fixture.session.shutdown().await;
        assert_eq!(kept(folder.path()), "early\nlate\n");
    }
}

/// The bytes of all files for spilled text.
fn spilled_bytes(folder: &Path) -> u64 {
    let runs = std::fs::read_dir(folder.join("spilled")).into_iter().flatten().flatten();
    let files = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
    // A file may go meanwhile.
    files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
}

/// They were kept until the server ended. A document that was closed may be opened again.
#[tokio::test]
async fn the_files_of_a_run_go_when_its_result_is_cleared_and_not_when_its_document_is_closed() {
    let lines = lines();
    let sim = Sim::builder().engines(1).on("work()", Script::new().stdout(lines.as_str())).start().await;
    let folder = tempfile::tempdir().unwrap();
    let limits =
        Limits { engine_text: 10_000, folder: Some(folder.path().join("spilled")), ..Limits::default() };
    let mut fixture = Fixture::with(Settings { limits, ..at(&sim.connection_file()) }, true, "%px work()\n");
    fixture.engines(1).await;
    let handle = fixture.run().await;
    assert_eq!(ends(&handle).await, RunState::Succeeded);
    fixture.session.close(fixture.key.clone());
    fixture.session.open(fixture.key.clone(), Dialect::Script, 1, "%px work()\n".to_owned());
    let snapshot = fixture.session.snapshot(About::from(&fixture.key)).await;
    let shown = snapshot.document().and_then(|view| view.cells[0].run.as_ref()).map(|run| run.id);
    assert_eq!((shown, spilled_bytes(folder.path())), (Some(handle.id), lines.len() as u64));
    assert_eq!(fixture.session.clear(fixture.key.clone(), None).await, Some(1));
    let gone = async {
        while spilled_bytes(folder.path()) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within("the files to be deleted", gone).await;
    let kept = handle.now().part(crate::run::Slot(0)).unwrap().stream(StreamName::Stdout);
    assert!(kept.ends_with("line 19999 é\n"), "both ends stay in the history");
    fixture.session.shutdown().await;
}

/// Of deleted cells that nothing can bring back, twenty runs are kept in all.
#[tokio::test]
async fn a_closed_document_keeps_the_results_of_all_of_its_cells() {
    let sim = Sim::builder().engines(1).start().await;
    let text = "# %%\n%px x\n".repeat(30);
    let mut fixture = Fixture::with(at(&sim.connection_file()), true, &text);
    fixture.engines(1).await;
    for handle in fixture.run_document().await.expect("it runs").runs {
        assert_eq!(ends(&handle).await, RunState::Succeeded);
    }
    fixture.session.close(fixture.key.clone());
    fixture.session.open(fixture.key.clone(), Dialect::Script, 1, text);
    let snapshot = fixture.session.snapshot(About::from(&fixture.key)).await;
    let shown: Vec<Option<RunId>> = snapshot
        .document()
        .expect("it is open")
        .cells
        .iter()
        .map(|cell| cell.run.as_ref().map(|run| run.id))
        .collect();
    assert_eq!(shown, (1..=30).map(|run| Some(RunId(run))).collect::<Vec<_>>());
    fixture.session.shutdown().await;
}

#[tokio::test]
async fn what_killed_processes_left_is_deleted_when_a_session_starts() {
    let folder = tempfile::tempdir().unwrap();
    let host = crate::cluster::process::host_name().unwrap();
    let left = folder.path().join(format!("{host}@1-r1-abc"));
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join(".lock"), "").unwrap();
    std::fs::write(left.join("engine-0.txt"), "text").unwrap();
    let limits = Limits { folder: Some(folder.path().to_owned()), ..Limits::default() };
    let (session, _events) =
        Session::start(Settings { limits, ..Settings::default() }, Encoding::Utf16, true, false);
    let gone = async {
        while left.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within("it to be deleted", gone).await;
    session.shutdown().await;
}
