//! What the face asks of runs that were, and of results that are to be seen no more.

use std::future::Future;

use pxlens_protocol::{ClearParams, ClearResult, CompareParams, CompareResult};

/// The part of the session that compares runs and clears results.
pub trait History {
    /// Compares a run with the one before it, or with another; an error where there is no such run.
    fn compare(&self, params: CompareParams) -> impl Future<Output = Result<CompareResult, String>> + Send;

    /// Has px cells show their results no more; an error where there is no such document or px cell.
    fn clear(&self, params: ClearParams) -> impl Future<Output = Result<ClearResult, String>> + Send;
}
