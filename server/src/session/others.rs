//! Interrupting what other clients have on the engines, such as an earlier window of the same user.

use super::{ClusterError, Session};
use crate::{
    cells::magic::defaults::SIGNAL_ON_INTERRUPT,
    cluster::{ClientError, InterruptReport, Whose},
    engines::RankSet,
};

/// Why nothing was interrupted of what other clients sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OthersInterruptError {
    /// There is no cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The cluster did not take the interrupt.
    #[error("Nothing was interrupted: {0}")]
    Client(#[from] ClientError),
    /// The workspace is not trusted.
    #[error("This workspace is not trusted, so pxlens interrupts nothing; trust it first")]
    Untrusted,
    /// The session has ended.
    #[error("The session has ended; start pxlens again")]
    Ended,
}

impl Session {
    /// Interrupts what other clients sent to some engines or to all, such as an earlier window of this user.
    ///
    /// # Errors
    /// See [`OthersInterruptError`].
    pub(crate) async fn interrupt_others(
        &self,
        whose: Whose,
        engines: Option<RankSet>,
        signal: Option<&str>,
    ) -> Result<InterruptReport, OthersInterruptError> {
        let client = match self.client().await {
            Some((true, Some(client))) => client,
            Some((true, None)) => return Err(ClusterError::None.into()),
            Some((false, _)) => return Err(OthersInterruptError::Untrusted),
            None => return Err(OthersInterruptError::Ended),
        };
        Ok(client.interrupt_others(whose, engines, signal.unwrap_or(SIGNAL_ON_INTERRUPT)).await?)
    }
}
