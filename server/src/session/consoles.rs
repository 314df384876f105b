//! Consoles on engines, for both faces: the way from an engine of the session's cluster to its kernel's connection file.
//!
//! Runs in the asker's task, beside the session; what it asks of the engine is no run and leaves no trace in the index.

use std::time::Duration;

use super::{AskError, ClusterError, Level, Session, StartPolicy, actor};
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
pub(crate) enum NoConsole {
    /// The workspace is not trusted.
    #[error("{}", AskError::Untrusted)]
    Untrusted,
    /// There is no cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The engine gives none.
    #[error(transparent)]
    Engine(#[from] ConsoleError),
}

impl Session {
    /// Binds the kernel of an engine and writes its connection file where Jupyter's front ends look. Starts no cluster.
    ///
    /// A busy engine is waited for, which is said as a [`SessionEvent::Say`](super::SessionEvent): for `limit` if there is one, and until
    /// `given_up` ends.
    ///
    /// # Errors
    /// See [`NoConsole`].
    pub(crate) async fn console(
        &self,
        engine: EngineId,
        limit: Option<Duration>,
        given_up: impl Future<Output = ()>,
    ) -> Result<Console, NoConsole> {
        let in_use = || self.ask(|reply| actor::Message::Client { reply });
        if !in_use().await.is_some_and(|(trusted, _)| trusted) {
            return Err(NoConsole::Untrusted);
        }
        let cluster = self.connect(StartPolicy::Never).await?;
        let Some((_, Some(client))) = in_use().await else { return Err(ClusterError::None.into()) };
        let folder = console::runtime_dir().ok_or(ConsoleError::NoFolder)?;
        let say = |text| self.tell(actor::Message::Say(Level::Info, text));
        Ok(console::open(&client, engine, &cluster.name, &folder, Wait { say, limit, given_up }).await?)
    }
}
