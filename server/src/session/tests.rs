//! The session with simulated controllers: which cluster it uses, what it does with what it was told.

mod history;
mod kept;
mod pxresult;
mod wishes;

use std::{path::Path, time::Duration};

use pxlens_tests::sim::{Script, Sim};
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::{cluster::discovery::Selection, run::RunState};

/// Only to end a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

const TEXT: &str = "%px work()\n";

fn at(file: &Path) -> Settings {
    let cluster = Selection { connection_file: Some(file.to_owned()), ..Selection::default() };
    Settings { cluster, ..Settings::default() }
}

fn in_folder(ipython_dir: &Path) -> Settings {
    let cluster = Selection { ipython_dir: Some(ipython_dir.to_owned()), ..Selection::default() };
    Settings { cluster, ..Settings::default() }
}

/// A session that follows, with one document open.
struct Desk {
    session: Session,
    notices: UnboundedReceiver<SessionEvent>,
    key: DocumentKey,
}

impl Desk {
    fn open(settings: Settings, trusted: bool) -> Self {
        Self::with(settings, trusted, TEXT)
    }

    fn with(settings: Settings, trusted: bool, text: &str) -> Self {
        let (session, notices) = Session::start(settings, Encoding::Utf16, trusted, true);
        let key = DocumentKey::from("a");
        session.open(key.clone(), Dialect::Script, 1, text.to_owned());
        Self { session, notices, key }
    }

    /// Asks until the cluster is as wanted.
    async fn cluster(&mut self, what: &str, fits: impl Fn(&ClusterView) -> bool) -> Arc<ClusterView> {
        let looking = async {
            loop {
                let view = self.session.snapshot(About::Nothing).await.cluster;
                if fits(&view) {
                    return view;
                }
                while !matches!(self.notices.recv().await.expect("the session lives"), SessionEvent::Cluster)
                {
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("no cluster with {what}"))
    }

    async fn engines(&mut self, count: usize) -> Arc<ClusterView> {
        self.cluster(&format!("{count} engines"), |view| view.owner.is_some() && view.engines.len() == count)
            .await
    }

    async fn ask(&self) -> Result<Asked, AskError> {
        self.ask_for(Scope::All, false).await
    }

    async fn ask_for(&self, scope: Scope, keep_going: bool) -> Result<Asked, AskError> {
        self.ask_with(scope, keep_going, StartPolicy::Never).await
    }

    async fn ask_with(&self, scope: Scope, keep_going: bool, start: StartPolicy) -> Result<Asked, AskError> {
        let ask = Ask {
            document: self.key.clone(),
            scope,
            overrides: Overrides::default(),
            only: None,
            keep_going,
            start,
        };
        tokio::time::timeout(PATIENCE, self.session.run(ask)).await.expect("an answer")
    }

    async fn run(&self) -> Arc<RunHandle> {
        self.ask().await.expect("it runs").runs.remove(0)
    }

    async fn shown(&self) -> Option<RunId> {
        let now = self.session.snapshot(&self.key).await;
        now.document().expect("it is open").cells[0].run.as_ref().map(|run| run.id)
    }
}

async fn ends(handle: &RunHandle) -> RunState {
    let mut view = handle.view.clone();
    let over = tokio::time::timeout(PATIENCE, view.wait_for(|run| run.is_over())).await.expect("it ends");
    over.expect("a run's view outlives it").state()
}

fn hangs() -> Script {
    Script::new().stdout("begun").hang()
}

#[tokio::test]
async fn a_panic_over_one_message_costs_that_message_only() {
    let sim = Sim::builder().engines(2).start().await;
    let mut desk = Desk::open(at(&sim.connection_file()), true);
    desk.engines(2).await;
    let run = desk.run().await;
    desk.session.panic();
    assert_eq!(ends(&run).await, RunState::Succeeded);
    assert_eq!(desk.shown().await, Some(run.id));
    assert_eq!(ends(&*desk.run().await).await, RunState::Succeeded);
    let said = std::iter::from_fn(|| desk.notices.try_recv().ok())
        .filter(|notice| matches!(notice, SessionEvent::Say(Level::Error, text) if text.contains("bug in pxlens") || text.contains("met a bug")))
        .count();
    assert_eq!(said, 1);
}

#[tokio::test]
async fn nothing_is_looked_for_in_an_untrusted_workspace_until_it_is_trusted() {
    let sim = Sim::builder().engines(2).start().await;
    let mut desk = Desk::open(at(&sim.connection_file()), false);
    assert_eq!(desk.ask().await.unwrap_err(), AskError::Untrusted);
    assert!(desk.session.snapshot(About::Nothing).await.cluster.owner.is_none());
    assert!(sim.requests().is_empty() && sim.subscribers() == 0, "it was not connected to");
    let console = desk.session.console(EngineId(0), None, std::future::pending()).await;
    assert!(matches!(console, Err(NoConsole::Untrusted)), "{console:?}");
    assert!(sim.requests().is_empty(), "nor asked anything");
    desk.session.set_trust(true);
    desk.engines(2).await;
    assert_eq!(ends(&*desk.run().await).await, RunState::Succeeded);
}

#[tokio::test]
async fn other_settings_lead_to_the_other_cluster() {
    let (one, two) = (Sim::builder().engines(1).start().await, Sim::builder().engines(2).start().await);
    let mut desk = Desk::open(at(&one.connection_file()), true);
    desk.engines(1).await;
    desk.session.configure(at(&two.connection_file()));
    desk.engines(2).await;
    assert_eq!(ends(&*desk.run().await).await, RunState::Succeeded);
    assert_eq!((one.executed().len(), two.executed().len()), (0, 2));
}

#[tokio::test]
async fn other_settings_wait_for_what_runs() {
    let one = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let two = Sim::builder().engines(2).start().await;
    let mut desk = Desk::open(at(&one.connection_file()), true);
    desk.engines(1).await;
    let first = desk.run().await;
    one.wait_for_runs(1).await;
    desk.session.configure(at(&two.connection_file()));
    // Asked for now, it runs on the cluster that is asked for now, when that is in use.
    let second = desk.ask();
    let opened = async {
        assert_eq!(desk.session.snapshot(About::Nothing).await.cluster.engines.len(), 1);
        one.open("gate");
    };
    let (second, ()) = tokio::join!(second, opened);
    assert_eq!(ends(&first).await, RunState::Succeeded);
    assert_eq!(ends(&second.expect("it runs").runs[0]).await, RunState::Succeeded);
    assert_eq!((one.executed().len(), two.executed().len()), (1, 2));
}

/// A run that was asked for while pxlens still waited for the engines of the wrong cluster was told that those did not come.
#[tokio::test]
async fn why_there_is_no_cluster_is_no_answer_once_another_is_set() {
    let (one, two) = (Sim::builder().engines(0).start().await, Sim::builder().engines(2).start().await);
    let (session, notices) = Session::start(at(&one.connection_file()), Encoding::Utf16, true, false);
    let desk = Desk { session, notices, key: DocumentKey::from("a") };
    desk.session.open(desk.key.clone(), Dialect::Script, 1, TEXT.to_owned());
    let asked = desk.ask_with(Scope::All, false, StartPolicy::Detached);
    let failed = async {
        desk.session.snapshot(About::Nothing).await;
        desk.session.configure(at(&two.connection_file()));
        desk.session.tell(actor::Message::Attached {
            policy: StartPolicy::Detached,
            selection: at(&one.connection_file()).cluster,
            result: Box::new(Err(ClusterError::NoEngines(30))),
        });
    };
    let (asked, ()) = tokio::join!(asked, failed);
    assert_eq!(ends(&asked.expect("it runs").runs[0]).await, RunState::Succeeded);
    assert_eq!(two.executed().len(), 2);
}

#[tokio::test]
async fn a_choice_that_is_taken_back_takes_no_later_one_along() {
    let (one, two) = (Sim::builder().engines(1).start().await, Sim::builder().engines(2).start().await);
    let mut desk = Desk::open(at(&one.connection_file()), true);
    desk.engines(1).await;
    let bad = at(Path::new("/nowhere/ipcontroller-client.json")).cluster;
    // What `choose` does, with a later choice before it knows that the first one leads nowhere.
    let choose = |reply| actor::Message::Choose { choice: Some(bad.clone()), reply };
    let before = desk.session.ask(choose).await.expect("the session lives").choice;
    let chosen = desk.session.choose(Some(at(&two.connection_file()).cluster)).await;
    assert!(matches!(chosen, Ok(Choice::InUse(_))), "{chosen:?}");
    desk.session.tell(actor::Message::TakeBack { choice: Some(bad), before });
    let now = desk.session.snapshot(About::Nothing).await;
    assert_eq!((now.cluster.engines.len(), &now.settings.cluster), (2, &at(&two.connection_file()).cluster));
    let failed = desk.session.choose(Some(at(Path::new("/nowhere/else.json")).cluster)).await;
    assert!(failed.is_err());
    desk.engines(2).await;
}

#[tokio::test]
async fn what_waits_for_another_cluster_goes_on_where_the_one_in_use_is_lost() {
    let one = Sim::builder().engines(1).on("work()", hangs()).start().await;
    let two = Sim::builder().engines(2).start().await;
    let (session, notices) = Session::start(at(&one.connection_file()), Encoding::Utf16, true, false);
    let desk = Desk { session, notices, key: DocumentKey::from("a") };
    desk.session.open(desk.key.clone(), Dialect::Script, 1, TEXT.to_owned());
    let first = desk.run().await;
    one.wait_for_runs(1).await;
    desk.session.configure(at(&two.connection_file()));
    let lost = async {
        // The ask is there by now.
        desk.session.snapshot(About::Nothing).await;
        let why = Some("a test asked for it".to_owned());
        desk.session.tell(actor::Message::ClusterChanged { generation: 1, lost: why });
    };
    let (second, ()) = tokio::join!(desk.ask(), lost);
    assert_eq!(ends(&second.expect("it runs").runs[0]).await, RunState::Succeeded);
    assert_eq!(ends(&first).await, RunState::Failed);
}

/// "Start a cluster", pressed while one came up for a run, started a second one and left the first behind.
#[tokio::test]
async fn who_asks_for_a_new_cluster_while_one_is_started_gets_that_one() {
    let (empty, new) = (Sim::builder().engines(0).start().await, Sim::builder().engines(2).start().await);
    let (session, notices) = Session::start(at(&empty.connection_file()), Encoding::Utf16, true, false);
    let desk = Desk { session, notices, key: DocumentKey::from("a") };
    desk.session.open(desk.key.clone(), Dialect::Script, 1, TEXT.to_owned());
    let started = attach::attach(at(&new.connection_file()), StartPolicy::Never, |_| {}).await;
    let started = started.expect("it runs");
    let selection = at(&empty.connection_file()).cluster;
    let started = attach::Attached { is_new: true, selection: selection.clone(), ..started };
    let asked = desk.ask_with(Scope::All, false, StartPolicy::Detached);
    let other = desk.session.connect(StartPolicy::Another);
    let came_up = async {
        desk.session.snapshot(About::Nothing).await;
        let (policy, result) = (StartPolicy::Detached, Box::new(Ok(started)));
        desk.session.tell(actor::Message::Attached { policy, selection, result });
    };
    let (asked, other, ()) = tokio::join!(asked, other, came_up);
    assert_eq!(other.expect("it is there").engines.len(), 2);
    assert_eq!(ends(&asked.expect("it runs").runs[0]).await, RunState::Succeeded);
}

#[tokio::test]
async fn settings_that_say_the_same_again_change_nothing() {
    let sim = Sim::builder().engines(1).start().await;
    let mut desk = Desk::open(at(&sim.connection_file()), true);
    desk.engines(1).await;
    let engines = Settings { engines: 7, ..at(&sim.connection_file()) };
    desk.session.configure(at(&sim.connection_file()));
    desk.session.configure(engines);
    assert_eq!(desk.session.snapshot(About::Nothing).await.cluster.engines.len(), 1);
}

#[tokio::test]
async fn a_cluster_that_comes_up_later_is_found_and_one_that_dies_is_said_once_and_used_again_when_it_is_back()
 {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(in_folder(folder.path()), true);
    assert!(matches!(desk.ask().await, Err(AskError::Cluster(ClusterError::None))));
    let sim = Sim::builder().engines(2).start().await;
    // Discovery looks there; the files of the simulation appear as those of a new cluster do.
    copy(sim.ipython_dir(), folder.path());
    desk.engines(2).await;
    let gone = sim.vanish();
    desk.cluster("nobody in it", |view| view.owner.is_none()).await;
    assert!(matches!(desk.ask().await, Err(AskError::Cluster(_))));
    sim.come_back(gone, 3).await;
    desk.engines(3).await;
    assert_eq!(ends(&*desk.run().await).await, RunState::Succeeded);
    desk.session.shutdown().await;
    let mut said = Vec::new();
    while let Some(notice) = desk.notices.recv().await {
        if let SessionEvent::Say(_, text) = notice {
            said.push(text);
        }
    }
    assert!(said.iter().all(|text| !text.contains("lost")), "said once, and it was read above: {said:?}");
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
async fn a_cell_asked_for_again_while_it_runs_shows_the_run_that_goes_on() {
    let sim = Sim::builder().engines(1).on("work()", hangs()).start().await;
    let mut desk = Desk::open(at(&sim.connection_file()), true);
    desk.engines(1).await;
    let first = desk.run().await;
    sim.wait_for_runs(1).await;
    let second = desk.run().await;
    assert_eq!(desk.shown().await, Some(first.id), "the second one waits");
    let third = desk.run().await;
    assert_eq!(third.id, second.id, "one waits at most, and it is the one that was asked for");
    assert_eq!(desk.shown().await, Some(first.id));
    // Stopping the cell stops what runs and drops what waits.
    let stopped = desk.session.interrupt(Some(first.id), InterruptScope::All, None).await;
    assert_eq!(stopped.expect("there is such a run").dropped, [third.id]);
    assert_eq!(ends(&first).await, RunState::Failed);
    assert_eq!(ends(&third).await, RunState::Failed);
    assert_eq!(sim.executed().len(), 1);
    assert_eq!(desk.shown().await, Some(first.id));
}

#[tokio::test]
async fn a_cell_asked_for_again_shows_the_second_run_once_that_is_sent() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate")).start().await;
    let mut desk = Desk::open(at(&sim.connection_file()), true);
    desk.engines(1).await;
    let first = desk.run().await;
    let second = desk.run().await;
    assert_eq!(desk.shown().await, Some(first.id));
    sim.open("gate");
    assert_eq!(ends(&second).await, RunState::Succeeded);
    assert_eq!(desk.shown().await, Some(second.id));
}

#[tokio::test]
async fn a_run_outlives_its_document() {
    let sim = Sim::builder().engines(1).on("work()", Script::new().wait("gate").stdout("done")).start().await;
    let mut desk = Desk::open(at(&sim.connection_file()), true);
    desk.engines(1).await;
    let run = desk.run().await;
    desk.session.close(desk.key.clone());
    assert!(desk.session.snapshot(&desk.key).await.document().is_none());
    sim.open("gate");
    assert_eq!(ends(&run).await, RunState::Succeeded);
    assert!(desk.session.snapshot(About::Nothing).await.runs.get(run.id).is_some());
}

#[tokio::test]
async fn views_of_the_settings_plan_open_documents_anew() {
    let mut views = crate::cells::Views::default();
    views.add("_even", "::2", false).expect("a view");
    let nowhere = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(in_folder(nowhere.path()), false);
    let notebook = DocumentKey::from("notebook");
    let cell = |name: &str| CellText { key: name.into(), version: 1, text: "%px_even 1".to_owned() };
    desk.session.open_notebook(notebook, vec!["b".into()], vec![cell("b")]);
    desk.session.open(desk.key.clone(), Dialect::Script, 2, "%px_even 1".to_owned());
    let plans = async |desk: &Desk| {
        let mut plans = Vec::new();
        for key in [desk.key.clone(), DocumentKey::from("b")] {
            let now = desk.session.snapshot(key).await;
            let view = now.document().expect("it is open");
            plans
                .push(view.cells[0].plan.as_ref().map(|plan| (plan.targets.to_string(), plan.blocking)).ok());
        }
        plans
    };
    assert_eq!(plans(&desk).await, [None, None]);
    desk.session.configure(Settings { views: Arc::new(views), ..in_folder(nowhere.path()) });
    assert_eq!(plans(&desk).await, [None, None], "the workspace is not trusted");
    desk.session.set_trust(true);
    assert_eq!(plans(&desk).await, [Some(("::2".to_owned(), false)), Some(("::2".to_owned(), false))]);
    while !matches!(desk.notices.recv().await, Some(SessionEvent::Plans)) {}
    desk.session.configure(in_folder(nowhere.path()));
    assert_eq!(plans(&desk).await, [None, None]);
}
