//! Consoles on engines, for both faces: from an engine of the session's cluster to the connection file of its kernel.
//!
//! It works in the caller's task. Its request to the engine is not a run and does not appear in the index of runs.

use std::time::Duration;

use super::{ClusterError, RunError, Session, SessionEvent, StartPolicy};
use crate::{
    cluster::{
        Console, ConsoleError,
        console::{self, Wait},
    },
    engines::EngineId,
};

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConsoleRequestError {
    /// The workspace is not trusted.
    #[error("{}", RunError::Untrusted)]
    Untrusted,
    /// There is no cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The engine cannot provide one.
    #[error(transparent)]
    Engine(#[from] ConsoleError),
}

impl Session {
    /// Binds the kernel of an engine and writes its connection file to where Jupyter's front ends look for it. Never
    /// starts a cluster.
    ///
    /// Waits for a busy engine, for at most `limit` or until `given_up` completes, and reports that as a
    /// [`SessionEvent::ConsoleWaits`].
    ///
    /// # Errors
    /// See [`ConsoleRequestError`].
    pub(crate) async fn console(
        &self,
        engine: EngineId,
        limit: Option<Duration>,
        given_up: impl Future<Output = ()>,
    ) -> Result<Console, ConsoleRequestError> {
        if !self.client().await.is_some_and(|(trusted, _)| trusted) {
            return Err(ConsoleRequestError::Untrusted);
        }
        let cluster = self.connect(StartPolicy::Never).await?;
        let Some((_, Some(client))) = self.client().await else { return Err(ClusterError::None.into()) };
        let folder = console::runtime_dir().ok_or(ConsoleError::NoFolder)?;
        let say = |text| self.tell(|actor| actor.notify(SessionEvent::ConsoleWaits(text)));
        Ok(console::open(&client, engine, &cluster.name(), &folder, Wait { say, limit, given_up }).await?)
    }
}
