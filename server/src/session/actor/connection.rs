//! The connection to a cluster: looking for one, using it, leaving it and losing it.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Actor, Message, Waiter, send_back};
use crate::{
    cluster::{
        ClusterClient, ClusterStatus,
        discovery::{FoundCluster, Selection},
        local,
    },
    engines::EngineTable,
    run::RunId,
    session::{
        Choice, ClusterError, ClusterView, ConnectionView, Level, RunError, Session, SessionEvent, Settings,
        StartPolicy, Starting,
        attach::{Attached, Report, attach},
        wishes::{Ask, FileWish},
    },
};

/// How long to wait for the next engine to report its host; some never do.
const HOSTS_QUIET: Duration = Duration::from_secs(2);

/// How long to wait for the hosts of all engines at most.
const HOSTS_LIMIT: Duration = Duration::from_secs(5);

impl Session {
    /// Puts new settings in force.
    pub(crate) fn configure(&self, settings: Settings) {
        self.tell(|actor| actor.configure(settings));
    }

    /// Sets whether the workspace is trusted. In an untrusted one nothing is run and no cluster is looked for.
    pub(crate) fn set_trust(&self, trusted: bool) {
        self.tell(move |actor| actor.set_trust(trusted));
    }

    /// Finds a cluster, or starts one if `start` allows it, and connects to it.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub(crate) async fn connect(&self, start: StartPolicy) -> Result<ClusterView, ClusterError> {
        self.ask_for(move |actor, reply| actor.connect(start, reply))
            .await
            .unwrap_or(Err(ClusterError::Unreachable(RunError::Ended.to_string())))
    }

    /// Uses another cluster than the settings name, or (`None`) that one again. While runs are going on, the switch
    /// waits until they are over, and the answer is the cluster that is in use until then.
    ///
    /// # Errors
    /// See [`ClusterError`]; then the choice is as it was.
    pub(crate) async fn choose(&self, choice: Option<Selection>) -> Result<Choice, ClusterError> {
        let before = self.put_choice(choice.clone()).await;
        if let Some(cluster) = before.waits {
            return Ok(Choice::Waits(cluster));
        }
        let connected = self.connect(StartPolicy::Never).await;
        if connected.is_err() {
            // Go back to the choice that worked.
            self.take_back(choice, before.choice);
        }
        connected.map(Choice::InUse)
    }

    /// Puts a choice in force, whether or not it leads to a cluster; returns the previous one.
    pub(in crate::session) async fn put_choice(&self, choice: Option<Selection>) -> PreviousChoice {
        self.ask(|actor| actor.choose(choice)).await.unwrap_or_default()
    }

    /// A choice led to no cluster: puts the previous one in force again, unless another choice has been made since.
    pub(in crate::session) fn take_back(&self, choice: Option<Selection>, before: Option<Selection>) {
        self.tell(move |actor| actor.take_back(&choice, before));
    }

    /// Stops a cluster. `not_ours`: even one that pxlens did not start. It runs to the end even if the caller is
    /// dropped, since half a cluster is of no use.
    ///
    /// # Errors
    /// A sentence that says why it was not stopped.
    pub(crate) async fn stop(&self, cluster: FoundCluster, not_ours: bool) -> Result<(), String> {
        let session = self.clone();
        let stopping = tokio::spawn(async move {
            let file = cluster.connection_file.clone();
            session.tell(|actor| {
                actor.stopping.insert(file);
            });
            let stopped = local::stop(&cluster, not_ours).await;
            let is_gone = stopped.is_ok();
            session.tell(move |actor| actor.stopped(&cluster, is_gone));
            stopped
        });
        match stopping.await {
            Ok(stopped) => stopped.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Waits until every engine has reported its host, or the time limit has passed.
    pub(crate) async fn settle_hosts(&self) {
        if let Some((_, Some(client))) = self.client().await {
            // After a timeout the caller goes on with the hosts that are known.
            let _ = timeout(HOSTS_LIMIT, client.settled(HOSTS_QUIET)).await;
        }
    }

    /// Whether the workspace is trusted, and the client of the cluster in use; `None` if the session has ended.
    pub(in crate::session) async fn client(&self) -> Option<(bool, Option<ClusterClient>)> {
        let client = |actor: &mut Actor| actor.cluster().map(|cluster| cluster.client.clone());
        self.ask(move |actor| (actor.trusted, client(actor))).await.ok()
    }
}

/// The connection to a cluster.
#[derive(Default)]
pub(super) enum Connection {
    /// There is none, and none is looked for.
    #[default]
    None,
    /// A cluster is looked for, or started.
    Attaching(Box<Attempt>),
    /// A cluster is in use. `first_run`: the first run that may be on it.
    InUse { cluster: Box<Attached>, first_run: RunId },
}

/// An attempt to find or start a cluster.
pub(super) struct Attempt {
    policy: StartPolicy,
    /// What the settings named when it began.
    selection: Selection,
    /// Which clusters would do.
    asked: Selection,
    /// Whether it starts one, as last reported.
    is_starting: bool,
    given_up: CancellationToken,
    task: JoinHandle<()>,
}

impl Connection {
    /// Takes the cluster in use out; then there is no connection.
    pub(super) fn take_cluster(&mut self) -> Option<Attached> {
        match std::mem::take(self) {
            Self::InUse { cluster, .. } => Some(*cluster),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Takes the attempt to find one out; then there is no connection.
    fn take_attempt(&mut self) -> Option<Attempt> {
        match std::mem::take(self) {
            Self::Attaching(attempt) => Some(*attempt),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// The choice that was in force before.
#[derive(Debug, Default)]
pub(in crate::session) struct PreviousChoice {
    pub(in crate::session) choice: Option<Selection>,
    /// The cluster in use, if it is left only once its runs are over.
    waits: Option<ClusterView>,
}

impl Actor {
    pub(super) fn wants_cluster(&self) -> bool {
        self.follow
            && self.trusted
            && matches!(self.connection, Connection::None)
            && self.stopping.is_empty()
            && self.documents.has_cells()
    }

    /// The cluster in use.
    pub(super) fn cluster(&self) -> Option<&Attached> {
        match &self.connection {
            Connection::InUse { cluster, .. } => Some(cluster),
            Connection::None | Connection::Attaching(_) => None,
        }
    }

    /// The engines of the cluster in use.
    pub(super) fn engines(&self) -> Arc<EngineTable> {
        self.cluster().map(|cluster| cluster.client.engines().borrow().clone()).unwrap_or_default()
    }

    pub(super) fn connection_view(&self) -> ConnectionView {
        match &self.connection {
            Connection::None => ConnectionView::None,
            Connection::Attaching(attempt) if attempt.is_starting => ConnectionView::Starting,
            Connection::Attaching(_) => ConnectionView::Looking,
            Connection::InUse { cluster, first_run } => {
                ConnectionView::InUse(Box::new(cluster.view(*first_run)))
            }
        }
    }

    pub(super) fn cluster_view(&self) -> Option<ClusterView> {
        match self.connection_view() {
            ConnectionView::InUse(cluster) => Some(*cluster),
            _ => None,
        }
    }

    fn connect(&mut self, start: StartPolicy, reply: oneshot::Sender<Result<ClusterView, ClusterError>>) {
        if let Some(cluster) = self.cluster_view() {
            if start == StartPolicy::Another && !self.queue.is_empty() {
                drop(reply.send(Err(ClusterError::Busy(cluster.found.label()))));
                return;
            }
            if start != StartPolicy::Another && !self.is_leaving() {
                drop(reply.send(Ok(cluster)));
                return;
            }
            if start == StartPolicy::Another {
                self.leave();
            }
        }
        self.waiters.push(Waiter::Connect(start, reply));
        self.attach(start);
    }

    /// The attempt to stop a cluster has ended, while nothing looked for it or reported it as lost. Leaves it if it was
    /// stopped.
    fn stopped(&mut self, cluster: &FoundCluster, is_gone: bool) {
        self.stopping.remove(&cluster.connection_file);
        if !is_gone {
            return;
        }
        if self.uses(&cluster.connection_file) {
            self.leave();
        }
        // The chosen cluster is gone: the next run uses the one that is running, or starts one.
        if self.chosen.take_if(|choice| names(choice, cluster)).is_some() {
            self.apply_settings();
        }
        self.attach_for_waiters();
    }

    fn uses(&self, connection_file: &Path) -> bool {
        self.cluster().is_some_and(|cluster| cluster.found.connection_file == connection_file)
    }

    /// Reports the progress of a cluster that is being started.
    pub(super) fn report_starting(&mut self, how: Starting) {
        let starting = matches!(how, Starting::Step(_));
        if let Connection::Attaching(attempt) = &mut self.connection
            && std::mem::replace(&mut attempt.is_starting, starting) != starting
        {
            self.notify(SessionEvent::Engines);
        }
        self.notify(SessionEvent::Starting(how));
    }

    /// Trust changes what every cell would do, or why it does nothing.
    fn set_trust(&mut self, trusted: bool) {
        if std::mem::replace(&mut self.trusted, trusted) != trusted {
            self.apply_settings();
            self.notify(SessionEvent::Cluster);
        }
    }

    /// Puts the user's settings in force.
    fn configure(&mut self, settings: Settings) {
        let is_named = settings.cluster != Selection::default();
        if is_named && settings.cluster != self.wanted.cluster {
            // Naming a new cluster in the settings overrides an earlier choice.
            self.chosen = None;
        }
        self.wanted = settings;
        self.apply_settings();
    }

    /// Uses another cluster than the settings name, or that one again; returns the previous choice, and the cluster in
    /// use if it is not left yet.
    fn choose(&mut self, choice: Option<Selection>) -> PreviousChoice {
        let before = std::mem::replace(&mut self.chosen, choice);
        self.apply_settings();
        PreviousChoice { choice: before, waits: self.cluster_view().filter(|_| self.is_leaving()) }
    }

    fn take_back(&mut self, choice: &Option<Selection>, before: Option<Selection>) {
        if self.chosen == *choice {
            self.chosen = before;
            self.apply_settings();
        }
    }

    /// Puts settings in force. If they name another cluster, the current one is left as soon as nothing runs on it.
    pub(super) fn apply_settings(&mut self) {
        let mut settings = self.wanted.clone();
        if let Some(chosen) = &self.chosen {
            settings.cluster = chosen.clone();
        }
        if !self.trusted {
            // A workspace can bring these settings with it.
            let Settings { python, cluster, shared_connection_files, views, .. } = Settings::default();
            settings = Settings { python, cluster, shared_connection_files, views, ..settings };
        }
        if settings == *self.settings {
            return;
        }
        let moved = settings.limits.folder != self.settings.limits.folder;
        self.settings = Arc::new(settings);
        if moved {
            self.sweep_files();
        }
        let mut events = self.documents.set_views(&self.settings.views);
        events.extend(self.documents.set_format(self.settings.format));
        self.notify_all(events);
        self.notify(SessionEvent::Cluster);
        self.leave_if_idle();
    }

    /// Whether the settings no longer name the cluster in use, or the file that runs asks for another.
    pub(super) fn is_leaving(&self) -> bool {
        self.cluster().is_some_and(|cluster| {
            cluster.selection != self.settings.cluster || !self.wished.fits(&self.settings, &cluster.found)
        })
    }

    /// Leaves a cluster that the settings no longer name, unless a run is on it or queued for it.
    pub(super) fn leave_if_idle(&mut self) {
        if !self.is_leaving() || !self.queue.is_empty() {
            return;
        }
        self.leave();
        self.attach_for_waiters();
    }

    /// Leaves the cluster in use.
    fn leave(&mut self) {
        if let Some(left) = self.connection.take_cluster() {
            // Messages that still arrive from it are not about the present connection.
            self.generation += 1;
            self.notify(SessionEvent::Cluster);
            tokio::spawn(async move { left.client.close().await });
        }
    }

    /// Looks for a cluster if anyone waits for one, and may start one if any waiter allows it.
    fn attach_for_waiters(&mut self) {
        if self.waiters.is_empty() {
            return;
        }
        let starts = || self.waiters.iter().map(Waiter::start);
        let another = starts().find(|start| *start == StartPolicy::Another);
        let start = another.or_else(|| starts().find(|start| *start != StartPolicy::Never));
        self.attach(start.unwrap_or(StartPolicy::Never));
    }

    pub(super) fn attach(&mut self, policy: StartPolicy) {
        // The cluster in use must be left before another one is looked for.
        if !matches!(self.connection, Connection::None) {
            return;
        }
        let (settings, this) = (Settings::clone(&self.settings), self.this.clone());
        let ask = self.ask(policy);
        let (asked, selection) = (ask.selection.clone(), settings.cluster.clone());
        let given_up = CancellationToken::new();
        let until = given_up.clone();
        let task = tokio::spawn(async move {
            let session = this.clone();
            let report = move |report| {
                let message = match report {
                    Report::Say(level, text) => Message::Say(level, text),
                    Report::Step(text) => Message::Starting(Starting::Step(text)),
                    Report::Ready(text) => Message::Starting(Starting::Ready(text)),
                };
                send_back(&session, message);
            };
            let attempt = attach(settings, ask, policy, report, until.cancelled());
            let attempt = AssertUnwindSafe(attempt).catch_unwind().await;
            // A panic must end the attempt too, or the session would never look again.
            let result = attempt.unwrap_or_else(|_| {
                let why = "pxlens hit a bug while looking for a cluster; please report this";
                Err(ClusterError::Unreachable(why.to_owned()))
            });
            send_back(&this, Message::Attached(Box::new(result)));
        });
        let attempt = Attempt { policy, selection, asked, is_starting: false, given_up, task };
        self.connection = Connection::Attaching(Box::new(attempt));
    }

    /// The session ends: gives up starting a cluster for a run that will not come any more. One that the user asked for by
    /// itself goes on.
    pub(super) async fn give_up_start(&mut self) {
        let is_wanted = self.waiters.iter().any(|waiter| waiter.start() == StartPolicy::Another);
        let Some(Attempt { policy, given_up, task, .. }) = self.connection.take_attempt() else { return };
        if policy == StartPolicy::Detached && !is_wanted {
            given_up.cancel();
            if task.await.is_err() {
                tracing::error!("giving up the start of a cluster panicked; this is a bug in pxlens");
            }
        }
    }

    /// What is asked of a cluster by the newest command that waits for one; if none does, by the open documents.
    fn ask(&mut self, policy: StartPolicy) -> Ask {
        if policy == StartPolicy::Never && self.waiters.is_empty() && !self.wished.chooses() {
            self.wished = self.documents.wish_of_all();
        }
        let waiting = self.waiters.iter().rev().find_map(Waiter::command);
        match waiting {
            Some(command) => command.wish.ask(&self.settings),
            None => {
                let selection = self.wished.selection(&self.settings);
                Ask { selection, ..FileWish::default().ask(&self.settings) }
            }
        }
    }

    /// The attempt to find or start a cluster has ended.
    pub(super) fn attached(&mut self, result: Result<Attached, ClusterError>) {
        if matches!(&self.connection, Connection::Attaching(attempt) if attempt.is_starting) {
            // It did not start, or not with all engines; that is reported elsewhere.
            self.report_starting(Starting::Failed);
        }
        let Some(Attempt { policy, selection, asked, .. }) = self.connection.take_attempt() else { return };
        let is_useful = result.is_ok() && policy != StartPolicy::Never;
        if selection != self.settings.cluster && !is_useful {
            // The settings changed in the meantime. Nobody asked for the cluster that was found, and if none was found, the
            // reason does not concern those who wait now.
            return self.attach_for_waiters();
        }
        let newest = self.waiters.iter().rev().find_map(Waiter::command);
        if policy == StartPolicy::Never
            && newest.is_some_and(|command| command.wish.selection(&self.settings) != asked)
        {
            // A file that is to be run meanwhile asks for something else.
            return self.attach_for_waiters();
        }
        let another = self.waiters.iter().any(|waiter| waiter.start() == StartPolicy::Another);
        let is_new = result.as_ref().is_ok_and(|found| found.is_new);
        if another && policy != StartPolicy::Another && !is_new {
            // This attempt began before somebody asked for a new cluster, and found one that was already there. If it had
            // started one, that would do: starting a second would leave the first behind with nobody to stop it.
            return self.attach_for_waiters();
        }
        let waiters = std::mem::take(&mut self.waiters);
        match result {
            Ok(attached) => {
                self.generation += 1;
                self.watch(&attached);
                let first_run = RunId(self.next_run);
                let view = attached.view(first_run);
                self.connection = Connection::InUse { cluster: Box::new(attached), first_run };
                self.notify(SessionEvent::Cluster);
                let mut commands = Vec::new();
                for waiter in waiters {
                    match waiter {
                        Waiter::Run(command) => commands.push(command),
                        Waiter::Connect(_, reply) => drop(reply.send(Ok(view.clone()))),
                    }
                }
                self.start_waiting(commands);
                self.leave_if_idle();
            }
            Err(error) => self.not_attached(policy, &error, waiters),
        }
    }

    /// Tells those who waited that there is no cluster, but for those who allow more than the attempt was allowed.
    fn not_attached(&mut self, policy: StartPolicy, error: &ClusterError, waiters: Vec<Waiter>) {
        // What one file asks for must not keep the session from the cluster of the others.
        self.wished = FileWish::default();
        let mut again = None;
        for waiter in waiters {
            let start = waiter.start();
            // The failed attempt was not allowed to start a cluster; this waiter allows it.
            if policy == StartPolicy::Never && start != StartPolicy::Never {
                again = Some(start);
                self.waiters.push(waiter);
                continue;
            }
            match waiter {
                Waiter::Run(command) => command.answer(&Err(error.clone().into())),
                Waiter::Connect(_, reply) => drop(reply.send(Err(error.clone()))),
            }
        }
        if let Some(start) = again {
            self.attach(start);
        }
    }

    /// Turns changes of the engine table and of the connection into messages to the session.
    fn watch(&self, attached: &Attached) {
        let (mut engines, mut status) = (attached.client.engines(), attached.client.status());
        let mut activities = attached.client.activities();
        let (this, generation) = (self.this.clone(), self.generation);
        tokio::spawn(async move {
            let mut known = engines.borrow_and_update().ids();
            loop {
                let changed = tokio::select! {
                    changed = status.changed() => changed,
                    changed = engines.changed() => {
                        let now = engines.borrow_and_update().ids();
                        // The hosts of engines do not affect plans.
                        if changed.is_ok() && now == known {
                            send_back(&this, Message::EnginesChanged { generation });
                            continue;
                        }
                        known = now;
                        changed
                    }
                    changed = activities.changed() => match changed {
                        Ok(()) => {
                            send_back(&this, Message::EnginesChanged { generation });
                            continue;
                        }
                        gone => gone,
                    },
                };
                let lost = match &*status.borrow_and_update() {
                    ClusterStatus::Lost { why } => Some(why.clone()),
                    // The client's task ended without reporting why, and nothing answers any more.
                    _ if changed.is_err() => Some("pxlens hit a bug; please report this".to_owned()),
                    _ => None,
                };
                let ended = changed.is_err() || lost.is_some();
                send_back(&this, Message::ClusterChanged { generation, lost });
                if ended {
                    return;
                }
            }
        });
    }

    pub(super) fn cluster_changed(&mut self, generation: u64, lost: Option<String>) {
        if generation != self.generation {
            return;
        }
        if let Some(why) = lost {
            let lost = self.connection.take_cluster();
            let wanted = lost.is_some_and(|lost| self.stopping.contains(&lost.found.connection_file));
            if !wanted {
                let text = format!(
                    "The cluster was lost: {why}. To go on, run px cells again; pxlens then looks for a cluster"
                );
                self.notify(SessionEvent::Say(Level::Error, text));
            }
        }
        self.notify(SessionEvent::Cluster);
        if matches!(self.connection, Connection::None) {
            self.attach_for_waiters();
        }
    }
}

/// Whether a selection names this cluster.
fn names(choice: &Selection, cluster: &FoundCluster) -> bool {
    let by_file = choice.connection_file.as_ref() == Some(&cluster.connection_file);
    let by_name = choice.profile.as_ref() == Some(&cluster.profile)
        && choice.cluster_id.as_ref() == Some(&cluster.cluster_id)
        && choice.connection_file.is_none();
    by_file || by_name
}
