//! Snapshots: what a request of an editor is answered from.

use std::sync::Arc;

use futures::{FutureExt, future::BoxFuture};

use super::{Actor, run_index::RunEntry};
use crate::{
    clock::now,
    session::{About, Session, Snapshot},
};

impl Session {
    /// Everything that a request needs, as it is when the session handles this. It is asked for before this returns, so that
    /// snapshots are taken in the order of the calls.
    pub(crate) fn snapshot(&self, about: impl Into<About>) -> BoxFuture<'static, Snapshot> {
        let about = about.into();
        let answer = self.ask(move |actor| actor.snapshot(&about));
        // A session that has ended has nothing.
        async move { answer.await.unwrap_or_default() }.boxed()
    }
}

impl Actor {
    /// Everything that a request needs, as it is now.
    pub(super) fn snapshot(&mut self, about: &About) -> Snapshot {
        let held = |entry: &RunEntry| entry.handle.document();
        let key = match about {
            About::Nothing => None,
            About::Document(key) => Some(key.clone()),
            About::Run(run) => self.index.runs.get(run).map(held),
            About::NewestRun => self.index.runs.values().next_back().map(held),
        };
        Snapshot {
            home: key.as_ref().map(|key| self.documents.home(key)),
            here: key.and_then(|key| self.documents.texts(&key)),
            connection: Arc::new(self.connection_view()),
            runs: self.index.shared(),
            settings: Arc::clone(&self.settings),
            encoding: self.documents.encoding(),
            trusted: self.trusted,
            at: now(),
        }
    }
}
