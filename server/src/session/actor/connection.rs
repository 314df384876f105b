//! The connection to a cluster: looking for one, taking it in, losing it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

use super::{Actor, Message, Waiter, send_back};
use crate::{
    cluster::ClusterStatus,
    session::{
        ClusterError, ClusterView, Level, Notice, Settings, StartPolicy,
        attach::{Attached, attach},
    },
};

impl Actor {
    pub(super) fn wants_cluster(&self) -> bool {
        self.follow
            && self.trusted
            && self.cluster.is_none()
            && self.attaching.is_none()
            && self.documents.has_cells()
    }

    pub(super) fn cluster_view(&self) -> ClusterView {
        self.cluster.as_ref().map(Attached::view).unwrap_or_default()
    }

    /// Puts settings in force. Where they name another cluster, the present one is left as soon as nothing runs on it.
    pub(super) fn configure(&mut self, settings: Settings) {
        if settings == self.settings {
            return;
        }
        self.settings = settings;
        let notices = self.documents.set_views(&self.settings.views);
        self.tell_all(notices);
        self.tell(Notice::Cluster);
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
        if let Some(left) = self.cluster.take() {
            // What is still heard of it is not about the present connection.
            self.generation += 1;
            self.tell(Notice::Cluster);
            tokio::spawn(async move { left.client.close().await });
        }
        if !self.waiters.is_empty() {
            self.attach_for_waiters();
        }
    }

    /// Looks for a cluster with leave to start one if any waiter gives it.
    fn attach_for_waiters(&mut self) {
        let start = self.waiters.iter().map(Waiter::start).find(|start| *start != StartPolicy::Never);
        self.attach(start.unwrap_or(StartPolicy::Never));
    }

    pub(super) fn attach(&mut self, policy: StartPolicy) {
        // A cluster that is about to be left is left before another is looked for.
        if self.attaching.is_some() || self.cluster.is_some() {
            return;
        }
        self.attaching = Some(policy);
        let (settings, this) = (self.settings.clone(), self.this.clone());
        tokio::spawn(async move {
            let words = this.clone();
            let say = move |level, text| send_back(&words, Message::Say(level, text));
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
        let waiters = std::mem::take(&mut self.waiters);
        match result {
            Ok(attached) => {
                self.generation += 1;
                self.watch(&attached);
                self.cluster = Some(attached);
                self.tell(Notice::Cluster);
                for waiter in waiters {
                    match waiter {
                        // Whoever cancelled the request does not want its code run.
                        Waiter::Run(_, _, reply) if reply.is_closed() => {}
                        Waiter::Run(ask, chosen, reply) => drop(reply.send(self.start_runs(&ask, &chosen))),
                        Waiter::Connect(_, reply) => drop(reply.send(Ok(self.cluster_view()))),
                    }
                }
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
                        Waiter::Run(.., reply) => drop(reply.send(Err(error.clone().into()))),
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
                            continue;
                        }
                        known = now;
                        changed
                    }
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
            self.cluster = None;
            self.tell(Notice::Say(Level::Error, format!("the cluster was lost: {why}")));
        }
        self.tell(Notice::Cluster);
    }
}
