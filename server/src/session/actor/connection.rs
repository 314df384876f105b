//! The connection to a cluster: looking for one, taking it in, losing it.

use std::{panic::AssertUnwindSafe, path::Path, sync::Arc};

use futures::FutureExt;

use tokio::sync::oneshot;

use super::{Actor, Message, Waiter, send_back};
use crate::{
    cluster::{
        ClusterStatus,
        discovery::{FoundCluster, Selection},
    },
    run::RunId,
    session::{
        ClusterError, ClusterView, Level, PreviousChoice, SessionEvent, Settings, StartPolicy, Starting,
        attach::{Attached, Word, attach},
    },
};

impl Actor {
    pub(super) fn wants_cluster(&self) -> bool {
        self.follow
            && self.trusted
            && self.cluster.is_none()
            && self.attaching.is_none()
            && self.stopping.is_none()
            && self.documents.has_cells()
    }

    pub(super) fn cluster_view(&self) -> ClusterView {
        let starting = ClusterView { starting: self.starting, ..ClusterView::default() };
        self.cluster.as_ref().map_or(starting, |cluster| cluster.view(self.first_run))
    }

    pub(super) fn connect(
        &mut self,
        start: StartPolicy,
        reply: oneshot::Sender<Result<ClusterView, ClusterError>>,
    ) {
        if let Some(name) = self.cluster.as_ref().map(|cluster| cluster.found.label()) {
            if start == StartPolicy::Another && !self.queue.is_empty() {
                drop(reply.send(Err(ClusterError::Busy(name))));
                return;
            }
            if start != StartPolicy::Another && !self.is_leaving() {
                drop(reply.send(Ok(self.cluster_view())));
                return;
            }
            if start == StartPolicy::Another {
                self.leave();
            }
        }
        self.waiters.push(Waiter::Connect(start, reply));
        self.attach(start);
    }

    /// Has nobody look for a cluster that is being stopped, nor hear that it was lost; lets go of one that was.
    pub(super) fn stopping(&mut self, cluster: &FoundCluster, stopped: Option<bool>) {
        let Some(stopped) = stopped else {
            self.stopping = Some(cluster.connection_file.clone());
            return;
        };
        self.stopping = None;
        if !stopped {
            return;
        }
        if self.uses(&cluster.connection_file) {
            self.leave();
        }
        // There is nothing to choose any more: the next run takes what there is, or starts one.
        if self.chosen.take_if(|choice| names(choice, cluster)).is_some() {
            self.apply_settings();
        }
    }

    fn uses(&self, connection_file: &Path) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| cluster.found.connection_file == connection_file)
    }

    /// Tells how far a cluster is that is being started.
    pub(super) fn tell_starting(&mut self, how: Starting) {
        let starting = matches!(how, Starting::Step(_));
        if std::mem::replace(&mut self.starting, starting) != starting {
            self.tell(SessionEvent::Engines);
        }
        self.tell(SessionEvent::Starting(how));
    }

    /// Takes in what the user set.
    pub(super) fn configure(&mut self, settings: Settings) {
        let is_named = settings.cluster != Selection::default();
        if is_named && settings.cluster != self.wanted.cluster {
            // One that the settings name no more takes no place.
            self.chosen = None;
        }
        self.wanted = settings;
        self.apply_settings();
    }

    /// Uses another cluster than the settings name, or that again; says what was so before, and whether it is so now.
    pub(super) fn choose(&mut self, choice: Option<Selection>) -> PreviousChoice {
        let before = std::mem::replace(&mut self.chosen, choice);
        self.apply_settings();
        PreviousChoice {
            choice: before,
            waits: (self.cluster.is_some() && self.is_leaving()).then(|| self.cluster_view()),
        }
    }

    /// Puts settings in force. Where they name another cluster, the present one is left as soon as nothing runs on it.
    pub(super) fn apply_settings(&mut self) {
        let mut settings = self.wanted.clone();
        if let Some(chosen) = &self.chosen {
            settings.cluster = chosen.clone();
        }
        if !self.trusted {
            // What a workspace may bring with it.
            let Settings { python, cluster, views, .. } = Settings::default();
            settings = Settings { python, cluster, views, ..settings };
        }
        if settings == *self.settings {
            return;
        }
        self.settings = Arc::new(settings);
        let mut notices = self.documents.set_views(&self.settings.views);
        notices.extend(self.documents.set_format(self.settings.format));
        self.tell_all(notices);
        self.tell(SessionEvent::Cluster);
        self.leave_if_idle();
    }

    /// Whether the settings now name another cluster than the one in use was found by.
    pub(super) fn is_leaving(&self) -> bool {
        self.cluster.as_ref().is_some_and(|cluster| cluster.selection != self.settings.cluster)
    }

    /// Lets go of a cluster that the settings no longer name, unless a run of ours is on it or waits for it.
    pub(super) fn leave_if_idle(&mut self) {
        if !self.is_leaving() || !self.queue.is_empty() {
            return;
        }
        self.leave();
        if !self.waiters.is_empty() {
            self.attach_for_waiters();
        }
    }

    /// Lets go of the cluster in use.
    fn leave(&mut self) {
        if let Some(left) = self.cluster.take() {
            // What is still heard of it is not about the present connection.
            self.generation += 1;
            self.tell(SessionEvent::Cluster);
            tokio::spawn(async move { left.client.close().await });
        }
    }

    /// Looks for a cluster with leave to start one if any waiter gives it.
    fn attach_for_waiters(&mut self) {
        let starts = || self.waiters.iter().map(Waiter::start);
        let another = starts().find(|start| *start == StartPolicy::Another);
        let start = another.or_else(|| starts().find(|start| *start != StartPolicy::Never));
        self.attach(start.unwrap_or(StartPolicy::Never));
    }

    pub(super) fn attach(&mut self, policy: StartPolicy) {
        // A cluster that is about to be left is left before another is looked for.
        if self.attaching.is_some() || self.cluster.is_some() {
            return;
        }
        self.attaching = Some(policy);
        let (settings, this) = (Settings::clone(&self.settings), self.this.clone());
        tokio::spawn(async move {
            let words = this.clone();
            let say = move |word| {
                let message = match word {
                    Word::Say(level, text) => Message::Say(level, text),
                    Word::Step(text) => Message::Starting(Starting::Step(text)),
                    Word::Ready(text) => Message::Starting(Starting::Ready(text)),
                };
                send_back(&words, message);
            };
            let attempt = AssertUnwindSafe(attach(settings, policy, say)).catch_unwind().await;
            // A session that waited for an attempt for ever would never look again.
            let result = attempt.unwrap_or_else(|_| {
                let why = "pxlens met a bug while it looked for a cluster; please report this";
                Err(ClusterError::Unreachable(why.to_owned()))
            });
            send_back(&this, Message::Attached { policy, result: Box::new(result) });
        });
    }

    pub(super) fn attached(&mut self, policy: StartPolicy, result: Result<Attached, ClusterError>) {
        self.attaching = None;
        if self.starting {
            // It did not come up, or not whole, which somebody else says.
            self.tell_starting(Starting::Failed);
        }
        if let Ok(found) = &result
            && policy == StartPolicy::Never
            && found.selection != self.settings.cluster
        {
            // The settings changed meanwhile, and nobody asked for this one.
            if !self.waiters.is_empty() {
                self.attach_for_waiters();
            }
            return;
        }
        let another = self.waiters.iter().any(|waiter| waiter.start() == StartPolicy::Another);
        if another && policy != StartPolicy::Another {
            // What was looked for before somebody wanted a new one is not what they want.
            self.attach_for_waiters();
            return;
        }
        let waiters = std::mem::take(&mut self.waiters);
        match result {
            Ok(attached) => {
                self.generation += 1;
                self.first_run = RunId(self.next_run);
                self.watch(&attached);
                self.cluster = Some(attached);
                self.tell(SessionEvent::Cluster);
                let mut wishes = Vec::new();
                for waiter in waiters {
                    match waiter {
                        Waiter::Run(wish) => wishes.push(wish),
                        Waiter::Connect(_, reply) => drop(reply.send(Ok(self.cluster_view()))),
                    }
                }
                self.start_waiting(wishes);
                self.leave_if_idle();
            }
            Err(error) => {
                let mut again = None;
                for waiter in waiters {
                    let start = waiter.start();
                    // The attempt that failed was made without leave to start; this waiter gives it.
                    if policy == StartPolicy::Never && start != StartPolicy::Never {
                        again = Some(start);
                        self.waiters.push(waiter);
                        continue;
                    }
                    match waiter {
                        Waiter::Run(wish) => wish.answer(&Err(error.clone().into())),
                        Waiter::Connect(_, reply) => drop(reply.send(Err(error.clone()))),
                    }
                }
                if let Some(start) = again {
                    self.attach(start);
                }
            }
        }
    }

    /// Has changes of the engine table and of the connection come back as messages.
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
                        // Where engines run changes no plan.
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
            let wanted = self.stopping.as_deref().is_some_and(|file| self.uses(file));
            self.cluster = None;
            if !wanted {
                self.tell(SessionEvent::Say(Level::Error, format!("the cluster was lost: {why}")));
            }
        }
        self.tell(SessionEvent::Cluster);
    }
}

/// Whether a choice is of this cluster.
fn names(choice: &Selection, cluster: &FoundCluster) -> bool {
    let by_file = choice.connection_file.as_ref() == Some(&cluster.connection_file);
    let by_name = choice.profile.as_ref() == Some(&cluster.profile)
        && choice.cluster_id.as_ref() == Some(&cluster.cluster_id)
        && choice.connection_file.is_none();
    by_file || by_name
}
