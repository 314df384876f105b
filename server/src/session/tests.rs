//! The session against simulated controllers: which cluster it uses, and which runs it shows.

mod commands;
mod history;
mod kept;
mod noblock;
mod pxresult;
mod wishes;

use std::{path::Path, time::Duration};

use pxlens_tests::{
    sim::{Script, Sim},
    within,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::{cells::Dialect, cluster::discovery::Selection, plan::Overrides, run::RunState};

const TEXT: &str = "%px work()\n";

fn at(file: &Path) -> Settings {
    let cluster = Selection { connection_file: Some(file.to_owned()), ..Selection::default() };
    Settings { cluster, ..Settings::default() }
}

fn in_folder(ipython_dir: &Path) -> Settings {
    let cluster = Selection { ipython_dir: Some(ipython_dir.to_owned()), ..Selection::default() };
    Settings { cluster, ..Settings::default() }
}

/// A session that looks for a cluster, with one document open.
struct Fixture {
    session: Session,
    events: UnboundedReceiver<SessionEvent>,
    key: DocumentKey,
}

impl Fixture {
    fn open(settings: Settings, trusted: bool) -> Self {
        Self::with(settings, trusted, TEXT)
    }

    fn with(settings: Settings, trusted: bool, text: &str) -> Self {
        let (session, events) = Session::start(settings, Encoding::Utf16, trusted, true);
        let key = DocumentKey::from("a");
        session.open(key.clone(), Dialect::Script, 1, text.to_owned());
        Self { session, events, key }
    }

    /// A session that looks for no cluster by itself, with one document open.
    fn idle(settings: Settings, dialect: Dialect, text: &str) -> Self {
        let (session, events) = Session::start(settings, Encoding::Utf16, true, false);
        let key = DocumentKey::from("a");
        session.open(key.clone(), dialect, 1, text.to_owned());
        Self { session, events, key }
    }

    /// Waits until the connection is as wanted.
    async fn connection(
        &mut self,
        what: &str,
        fits: impl Fn(&ConnectionView) -> bool,
    ) -> Arc<ConnectionView> {
        let looking = async {
            loop {
                let view = self.session.snapshot(About::Nothing).await.connection;
                if fits(&view) {
                    return view;
                }
                while !matches!(self.events.recv().await.expect("the session lives"), SessionEvent::Cluster) {
                }
            }
        };
        within(format!("a cluster with {what}"), looking).await
    }

    async fn engines(&mut self, count: usize) -> Arc<ConnectionView> {
        self.connection(&format!("{count} engines"), |view| {
            view.cluster().is_some_and(|cluster| cluster.engines.len() == count)
        })
        .await
    }

    async fn run_document(&self) -> Result<RunResponse, RunError> {
        self.run_scope(Scope::All, false).await
    }

    async fn run_scope(&self, scope: Scope, keep_going: bool) -> Result<RunResponse, RunError> {
        self.run_with(scope, keep_going, StartPolicy::Never).await
    }

    async fn run_with(
        &self,
        scope: Scope,
        keep_going: bool,
        start: StartPolicy,
    ) -> Result<RunResponse, RunError> {
        let command = RunCommand {
            document: self.key.clone(),
            scope,
            overrides: Overrides::default(),
            only: None,
            canary: false,
            keep_going,
            start,
        };
        within("a response to the run command", self.session.run(command)).await
    }

    async fn run(&self) -> Arc<RunHandle> {
        self.run_document().await.expect("it runs").runs.remove(0)
    }

    async fn shown(&self) -> Option<RunId> {
        let now = self.session.snapshot(&self.key).await;
        now.document().expect("it is open").cells[0].run.as_ref().map(|run| run.id)
    }
}

async fn ends(handle: &RunHandle) -> RunState {
    run_is(handle, "the end", |run| run.is_over()).await.state()
}

/// Waits until a run is as wanted.
async fn run_is(handle: &RunHandle, awaited: &str, fits: impl Fn(&Run) -> bool) -> Arc<Run> {
    let mut view = handle.view.clone();
    let run = within(format!("{awaited} of run {}", handle.id.0), view.wait_for(|run| fits(run))).await;
    run.expect("a run's view outlives it").clone()
}

fn hangs() -> Script {
    Script::new().stdout("begun").hang()
}

#[tokio::test]
async fn a_panic_costs_only_the_message_that_caused_it() {
    let sim = Sim::builder().engines(2).start().await;
    let mut fixture = Fixture::open(at(&sim.connection_file()), true);
    fixture.engines(2).await;
    let run = fixture.run().await;
    fixture.session.panic();
    assert_eq!(ends(&run).await, RunState::Succeeded);
    assert_eq!(fixture.shown().await, Some(run.id));
    assert_eq!(ends(&*fixture.run().await).await, RunState::Succeeded);
    let said = std::iter::from_fn(|| fixture.events.try_recv().ok())
        .filter(|event| matches!(event, SessionEvent::Say(Level::Error, text) if text.contains("hit a bug")))
        .count();
    assert_eq!(said, 1);
}

#[tokio::test]
async fn no_cluster_is_looked_for_until_the_workspace_is_trusted() {
    let sim = Sim::builder().engines(2).start().await;
    let mut fixture = Fixture::open(at(&sim.connection_file()), false);
    assert_eq!(fixture.run_document().await.unwrap_err(), RunError::Untrusted);
    let now = fixture.session.snapshot(About::Nothing).await;
    assert!(matches!(*now.connection, ConnectionView::None));
    assert!(sim.requests().is_empty() && sim.subscribers() == 0, "it was not connected to");
    let console = fixture.session.console(EngineId(0), None, std::future::pending()).await;
    assert!(matches!(console, Err(ConsoleRequestError::Untrusted)), "{console:?}");
    assert!(sim.requests().is_empty(), "nothing was sent to it");
    fixture.session.set_trust(true);
    fixture.engines(2).await;
    assert_eq!(ends(&*fixture.run().await).await, RunState::Succeeded);
}

#[tokio::test]
async fn settings_that_name_another_cluster_switch_to_it() {
    let (one, two) = (Sim::builder().engines(1).start().await, Sim::builder().engines(2).start().await);
    let mut fixture = Fixture::open(at(&one.connection_file()), true);
    fixture.engines(1).await;
    fixture.session.configure(at(&two.connection_file()));
    fixture.engines(2).await;
    assert_eq!(ends(&*fixture.run().await).await, RunState::Succeeded);
    assert_eq!((one.executed().len(), two.executed().len()), (0, 2));
}

#[tokio::test]
async fn a_switch_of_the_cluster_waits_for_runs() {
    let one = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let two = Sim::builder().engines(2).start().await;
    let mut fixture = Fixture::open(at(&one.connection_file()), true);
    fixture.engines(1).await;
    let first = fixture.run().await;
    one.wait_for_runs(1).await;
    fixture.session.configure(at(&two.connection_file()));
    // A run that is asked for now waits for the new cluster.
    let second = fixture.run_document();
    let opened = async {
        assert_eq!(fixture.session.snapshot(About::Nothing).await.connection.engines().len(), 1);
        one.open("gate");
    };
    let (second, ()) = tokio::join!(second, opened);
    assert_eq!(ends(&first).await, RunState::Succeeded);
    assert_eq!(ends(&second.expect("it runs").runs[0]).await, RunState::Succeeded);
    assert_eq!((one.executed().len(), two.executed().len()), (1, 2));
}

/// A run that was requested while pxlens still waited for the engines of the wrong cluster used to fail because they did not
/// come.
#[tokio::test]
async fn a_failed_attempt_does_not_fail_a_run_once_another_cluster_is_set() {
    let (one, two) = (Sim::builder().engines(0).start().await, Sim::builder().engines(2).start().await);
    let fixture = Fixture::idle(at(&one.connection_file()), Dialect::Script, TEXT);
    let requested = fixture.run_with(Scope::All, false, StartPolicy::Detached);
    let failed = async {
        fixture.session.snapshot(About::Nothing).await;
        fixture.session.configure(at(&two.connection_file()));
        fixture.session.send(Message::Attached(Box::new(Err(ClusterError::NoEngines(30)))));
    };
    let (response, ()) = tokio::join!(requested, failed);
    assert_eq!(ends(&response.expect("it runs").runs[0]).await, RunState::Succeeded);
    assert_eq!(two.executed().len(), 2);
}

#[tokio::test]
async fn taking_back_a_choice_does_not_undo_a_later_one() {
    let (one, two) = (Sim::builder().engines(1).start().await, Sim::builder().engines(2).start().await);
    let mut fixture = Fixture::open(at(&one.connection_file()), true);
    fixture.engines(1).await;
    let bad = at(Path::new("/nowhere/ipcontroller-client.json")).cluster;
    // What `choose` does, with a later choice made before it knows that the first one leads nowhere.
    let before = fixture.session.put_choice(Some(bad.clone())).await.choice;
    let chosen = fixture.session.choose(Some(at(&two.connection_file()).cluster)).await;
    assert!(matches!(chosen, Ok(Choice::InUse(_))), "{chosen:?}");
    fixture.session.take_back(Some(bad), before);
    let now = fixture.session.snapshot(About::Nothing).await;
    assert_eq!(
        (now.connection.engines().len(), &now.settings.cluster),
        (2, &at(&two.connection_file()).cluster)
    );
    let failed = fixture.session.choose(Some(at(Path::new("/nowhere/else.json")).cluster)).await;
    assert!(failed.is_err());
    fixture.engines(2).await;
}

#[tokio::test]
async fn what_waits_for_another_cluster_continues_when_the_one_in_use_is_lost() {
    let one = Sim::builder().engines(1).on("work()", hangs()).start().await;
    let two = Sim::builder().engines(2).start().await;
    let fixture = Fixture::idle(at(&one.connection_file()), Dialect::Script, TEXT);
    let first = fixture.run().await;
    one.wait_for_runs(1).await;
    fixture.session.configure(at(&two.connection_file()));
    let lost = async {
        // The request has arrived by now.
        fixture.session.snapshot(About::Nothing).await;
        let why = Some("a test asked for it".to_owned());
        fixture.session.send(Message::ClusterChanged { generation: 1, lost: why });
    };
    let (second, ()) = tokio::join!(fixture.run_document(), lost);
    assert_eq!(ends(&second.expect("it runs").runs[0]).await, RunState::Succeeded);
    assert_eq!(ends(&first).await, RunState::Failed);
}

/// "Start a cluster", pressed while one was being started for a run, used to start a second one and leave the first behind.
#[tokio::test]
async fn a_request_for_a_new_cluster_gets_the_one_that_is_being_started() {
    let (empty, new) = (Sim::builder().engines(0).start().await, Sim::builder().engines(2).start().await);
    let fixture = Fixture::idle(at(&empty.connection_file()), Dialect::Script, TEXT);
    let settings = at(&new.connection_file());
    let ask = FileWish::default().ask(&settings);
    let started = attach::attach(settings, ask, StartPolicy::Never, |_| {}, std::future::pending()).await;
    let started = started.expect("it runs");
    let selection = at(&empty.connection_file()).cluster;
    let started = attach::Attached { is_new: true, selection, ..started };
    let requested = fixture.run_with(Scope::All, false, StartPolicy::Detached);
    let other = fixture.session.connect(StartPolicy::Another);
    let started_up = async {
        fixture.session.snapshot(About::Nothing).await;
        fixture.session.send(Message::Attached(Box::new(Ok(started))));
    };
    let (response, other, ()) = tokio::join!(requested, other, started_up);
    assert_eq!(other.expect("it is there").engines.len(), 2);
    assert_eq!(ends(&response.expect("it runs").runs[0]).await, RunState::Succeeded);
}

#[tokio::test]
async fn settings_that_name_the_same_cluster_keep_the_connection() {
    let sim = Sim::builder().engines(1).start().await;
    let mut fixture = Fixture::open(at(&sim.connection_file()), true);
    fixture.engines(1).await;
    let engines = Settings { engines: Some(7), ..at(&sim.connection_file()) };
    fixture.session.configure(at(&sim.connection_file()));
    fixture.session.configure(engines);
    assert_eq!(fixture.session.snapshot(About::Nothing).await.connection.engines().len(), 1);
}

#[tokio::test]
async fn a_cluster_that_starts_later_is_found_and_a_lost_one_is_reported_once_and_used_again_when_it_is_back()
{
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::open(in_folder(folder.path()), true);
    assert!(matches!(fixture.run_document().await, Err(RunError::Cluster(ClusterError::None))));
    let sim = Sim::builder().engines(2).start().await;
    // Discovery looks in this folder, where the files appear as those of a new cluster do.
    copy(sim.ipython_dir(), folder.path());
    fixture.engines(2).await;
    let gone = sim.vanish();
    fixture.connection("nobody in it", |view| view.cluster().is_none()).await;
    assert!(matches!(fixture.run_document().await, Err(RunError::Cluster(_))));
    sim.come_back(gone, 3).await;
    fixture.engines(3).await;
    assert_eq!(ends(&*fixture.run().await).await, RunState::Succeeded);
    fixture.session.shutdown().await;
    let mut said = Vec::new();
    while let Some(event) = within("the end of the session", fixture.events.recv()).await {
        if let SessionEvent::Say(_, text) = event {
            said.push(text);
        }
    }
    assert!(
        said.iter().all(|text| !text.contains("lost")),
        "it is reported once, and that event was read above: {said:?}"
    );
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_cell_that_is_run_again_while_it_runs_shows_the_running_one() {
    let sim = Sim::builder().engines(1).on("work()", hangs()).start().await;
    let mut fixture = Fixture::open(at(&sim.connection_file()), true);
    fixture.engines(1).await;
    let first = fixture.run().await;
    sim.wait_for_runs(1).await;
    let second = fixture.run().await;
    assert_eq!(fixture.shown().await, Some(first.id), "the second one waits");
    let third = fixture.run().await;
    assert_eq!(third.id, second.id, "at most one is queued, and it is the same one");
    assert_eq!(fixture.shown().await, Some(first.id));
    // Interrupting the cell interrupts the running run and drops the queued one.
    let stopped = fixture.session.interrupt(Some(first.id), InterruptScope::All, None).await;
    assert_eq!(stopped.expect("there is such a run").dropped, [third.id]);
    assert_eq!(ends(&first).await, RunState::Failed);
    assert_eq!(ends(&third).await, RunState::Failed);
    assert_eq!(sim.executed().len(), 1);
    assert_eq!(fixture.shown().await, Some(first.id));
}

#[tokio::test]
async fn a_cell_that_is_run_again_shows_the_second_run_once_that_is_sent() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let mut fixture = Fixture::open(at(&sim.connection_file()), true);
    fixture.engines(1).await;
    let first = fixture.run().await;
    let second = fixture.run().await;
    assert_eq!(fixture.shown().await, Some(first.id));
    sim.open("gate");
    assert_eq!(ends(&second).await, RunState::Succeeded);
    assert_eq!(fixture.shown().await, Some(second.id));
}

#[tokio::test]
async fn a_run_outlives_its_document() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate").stdout("done")).start().await;
    let mut fixture = Fixture::open(at(&sim.connection_file()), true);
    fixture.engines(1).await;
    let run = fixture.run().await;
    fixture.session.close(fixture.key.clone());
    assert!(fixture.session.snapshot(&fixture.key).await.document().is_none());
    sim.open("gate");
    assert_eq!(ends(&run).await, RunState::Succeeded);
    assert!(fixture.session.snapshot(About::Nothing).await.runs.get(run.id).is_some());
}

#[tokio::test]
async fn new_views_in_the_settings_change_the_plans_of_open_documents() {
    let mut views = crate::cells::Views::default();
    views.add("_even", "::2", false).expect("a view");
    let nowhere = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::open(in_folder(nowhere.path()), false);
    let notebook = DocumentKey::from("notebook");
    let cell = |name: &str| CellText { key: name.into(), version: 1, text: "%px_even 1".to_owned() };
    fixture.session.open_notebook(notebook, vec!["b".into()], vec![cell("b")], Vec::new());
    fixture.session.open(fixture.key.clone(), Dialect::Script, 2, "%px_even 1".to_owned());
    let plans = async |fixture: &Fixture| {
        let mut plans = Vec::new();
        for key in [fixture.key.clone(), DocumentKey::from("b")] {
            let now = fixture.session.snapshot(key).await;
            let view = now.document().expect("it is open");
            plans.push(view.cells[0].plan().map(|plan| (plan.targets.to_string(), plan.blocking)).ok());
        }
        plans
    };
    assert_eq!(plans(&fixture).await, [None, None]);
    fixture.session.configure(Settings { views: Arc::new(views), ..in_folder(nowhere.path()) });
    assert_eq!(plans(&fixture).await, [None, None], "the workspace is not trusted");
    fixture.session.set_trust(true);
    assert_eq!(plans(&fixture).await, [Some(("::2".to_owned(), false)), Some(("::2".to_owned(), false))]);
    while !matches!(
        within("a report of changed plans", fixture.events.recv()).await,
        Some(SessionEvent::Plans)
    ) {}
    fixture.session.configure(in_folder(nowhere.path()));
    assert_eq!(plans(&fixture).await, [None, None]);
}
