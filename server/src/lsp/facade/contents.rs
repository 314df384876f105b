//! What the face asks of outputs as documents and files.

use std::{future::Future, path::PathBuf};

use futures::future::BoxFuture;
use pxlens_protocol::{ContentResult, ExportParams, ExportResult, ShowOutputParams};

/// The part of the session that gives outputs as documents and files. What cannot be had is a sentence for the user.
pub trait Contents {
    /// The document of a `px-output:` address.
    fn content(&self, uri: &str) -> impl Future<Output = Result<Content, String>> + Send;

    /// The address of an output.
    fn address(&self, params: ShowOutputParams) -> impl Future<Output = Result<String, String>> + Send;

    /// Puts the document of an address into a file of pxlens' own.
    fn content_file(&self, uri: &str) -> impl Future<Output = Result<PathBuf, String>> + Send;

    /// Exports a run; an error where there is no such run.
    fn export(&self, params: ExportParams) -> impl Future<Output = Result<ExportResult, String>> + Send;
}

/// A document as it was when it was asked for.
pub struct Content {
    /// What is told of it.
    pub result: ContentResult,
    /// Waits until there may be more of it; `false` once there can be no more.
    pub more: BoxFuture<'static, bool>,
}
