//! What a view asks for that draws a run by itself.

use std::future::Future;

use pxlens_protocol::{PageParams, PageResult};

/// The part of the session that lays runs out in parts.
pub trait Pages {
    /// A run in parts; an error, as a sentence, where there is no such run.
    fn page(&self, params: PageParams) -> impl Future<Output = Result<PageResult, String>> + Send;
}
