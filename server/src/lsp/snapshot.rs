//! Requests that are answered from a snapshot: what they see, and how they are run.
//!
//! A handler of such a request is a plain function of a [`Snapshot`] and its parameters. It runs once, off the main
//! loop; its panics are caught where those of all handlers are. It sees one moment of the session, but not of the runs:
//! [`session::RunHandle::now`] gives the newest output when it is called.

use std::{ops::Deref, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use lsp_types as lsp;
use pxlens_protocol as px;
use serde::Serialize;
use tower_lsp::jsonrpc::Result;

use super::{
    backend::Backend,
    capabilities, from_proto,
    wire::{
        cancel::{self, unless_cancelled},
        raw_response::{Raw, RawResponses},
    },
};
use crate::{
    blocking,
    run::RunId,
    session::{self, About},
};

/// Everything a request needs: the session as it was at one moment, but for the output of runs, which is read when it is
/// laid out; and what the client announced.
#[derive(Debug)]
pub(super) struct Snapshot {
    session: session::Snapshot,
    pub(super) client: Arc<capabilities::Client>,
    raw: RawResponses,
}

impl Snapshot {
    /// Serialises a response right away, since it may be large.
    pub(super) fn raw(&self, answer: &impl Serialize) -> Result<Raw> {
        self.raw.put(answer)
    }
}

impl Deref for Snapshot {
    type Target = session::Snapshot;

    fn deref(&self) -> &Self::Target {
        &self.session
    }
}

/// Parameters that say what a request is about.
pub(super) trait Concerns {
    /// What the snapshot for the request must contain.
    fn about(&self) -> About;
}

macro_rules! concerns {
    ($($params:ty: |$it:ident| $about:expr;)*) => {$(
        impl Concerns for $params {
            fn about(&self) -> About {
                let $it = self;
                $about
            }
        }
    )*};
}

fn document(uri: &lsp::Uri) -> About {
    About::Document(from_proto::key(uri))
}

/// A request that may name a document.
fn some_document(uri: Option<&lsp::Uri>) -> About {
    uri.map_or(About::Nothing, document)
}

concerns! {
    lsp::CodeLensParams: |it| document(&it.text_document.uri);
    lsp::CodeActionParams: |it| document(&it.text_document.uri);
    lsp::HoverParams: |it| document(&it.text_document_position_params.text_document.uri);
    lsp::InlayHintParams: |it| document(&it.text_document.uri);
    lsp::CompletionParams: |it| document(&it.text_document_position_params.text_document.uri);
    lsp::SemanticTokensParams: |it| document(&it.text_document.uri);
    lsp::SemanticTokensRangeParams: |it| document(&it.text_document.uri);
    lsp::FoldingRangeParams: |it| document(&it.text_document.uri);
    lsp::DocumentSymbolParams: |it| document(&it.text_document.uri);
    px::CellsParams: |it| document(&it.uri);
    px::ResultParams: |it| some_document(it.uri.as_ref());
    px::RunsParams: |it| some_document(it.uri.as_ref());
    px::CompareParams: |it| About::Run(from_proto::run_id(it.run));
    px::NotebookOutputsParams: |_it| About::Nothing;
    // Its errors link to lines of the document that holds the cell of the run.
    px::PageParams: |it| match (it.run, &it.uri) {
        (Some(run), _) => About::Run(from_proto::run_id(run)),
        (None, Some(uri)) => document(uri),
        (None, None) => About::NewestRun,
    };
}

/// A handler's result, and the runs that it shows, whose output need not be withheld any more.
pub(super) struct Seen<T>(pub(super) T, pub(super) Vec<RunId>);

impl Backend {
    /// The session as it is when it handles this message.
    pub(super) fn snapshot(&self, about: impl Into<About>) -> BoxFuture<'static, Snapshot> {
        let session = self.session.snapshot(about);
        let (client, raw) = (self.capabilities(), self.raw.clone());
        async move { Snapshot { session: session.await, client, raw } }.boxed()
    }
}

/// Makes a request handler of a function of a snapshot.
pub(super) fn reads<P, R>(
    handle: fn(&Snapshot, P) -> Result<R>,
) -> impl Fn(&Backend, P) -> BoxFuture<'static, Result<R>> + Clone + Send + Sync + 'static
where
    P: Concerns + Send + 'static,
    R: Send + 'static,
{
    move |backend: &Backend, params: P| {
        let (snapshot, cancellation) = (backend.snapshot(params.about()), cancel::current());
        let answer = async move {
            let snapshot = snapshot.await;
            blocking::run(move || handle(&snapshot, params)).await
        };
        async move { unless_cancelled(&cancellation, answer).await }.boxed()
    }
}

/// Makes a request handler of a function that also shows runs, whose output is then no longer withheld.
pub(super) fn shows<P, R>(
    handle: fn(&Snapshot, P) -> Result<Seen<R>>,
) -> impl Fn(&Backend, P) -> BoxFuture<'static, Result<R>> + Clone + Send + Sync + 'static
where
    P: Concerns + Send + 'static,
    R: Send + 'static,
{
    move |backend: &Backend, params: P| {
        let (session, answer) = (backend.session.clone(), reads(handle)(backend, params));
        async move {
            let Seen(answer, runs) = answer.await?;
            runs.into_iter().for_each(|run| session.reveal(run));
            Ok(answer)
        }
        .boxed()
    }
}
