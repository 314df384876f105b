//! The connection to a cluster: looking for one, taking it in, losing it.

use super::{Actor, Message, Waiter, send_back};
use crate::{
    cluster::ClusterStatus,
    session::{
        ClusterError, ClusterView, Level, Notice, StartPolicy,
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

    pub(super) fn attach(&mut self, policy: StartPolicy) {
        if self.attaching.is_some() {
            return;
        }
        self.attaching = Some(policy);
        let (settings, this) = (self.settings.clone(), self.this.clone());
        tokio::spawn(async move {
            let words = this.clone();
            let result =
                attach(settings, policy, move |level, text| send_back(&words, Message::Say(level, text)))
                    .await;
            send_back(&this, Message::Attached { policy, result: Box::new(result) });
        });
    }

    pub(super) fn attached(&mut self, policy: StartPolicy, result: Result<Attached, ClusterError>) {
        self.attaching = None;
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
            }
            Err(error) => {
                let mut again = None;
                for waiter in waiters {
                    let start = match &waiter {
                        Waiter::Run(ask, ..) => ask.start,
                        Waiter::Connect(start, _) => *start,
                    };
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
            loop {
                let changed = tokio::select! {
                    changed = engines.changed() => changed,
                    changed = status.changed() => changed,
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
