//! Outputs as documents and files, from the session's runs; results that were kept on disk.

use std::{path::PathBuf, sync::Arc};

use futures::FutureExt;
use lsp_types::Uri;
use pxlens_protocol::{ContentResult, ExportFormat, ExportParams, ExportResult, ShowOutputParams};

use super::{Bridge, aside, from_protocol};
use crate::{
    engines::{EngineId, RankSet},
    lsp::{
        facade::{Content, Contents},
        file_path,
    },
    render::{Address, Extract},
    run::RunId,
    session::{self, AskError, Format, KeptResult, RunHandle, Shelf, ShelfError},
};

impl Bridge {
    async fn handle(&self, run: RunId) -> Result<Arc<RunHandle>, String> {
        let handle = self.session().run_handle(run).await.ok_or_else(|| {
            let number = run.0;
            format!("there is no run {number}; runs are numbered anew whenever pxlens starts, and old ones are forgotten")
        })?;
        if !handle.plan.blocking {
            self.session().asked_for(handle.id);
        }
        Ok(handle)
    }

    async fn addressed(&self, uri: &str) -> Result<Addressed, String> {
        let address: Address = uri.parse().map_err(|error: crate::render::NoAddress| error.to_string())?;
        let handle = self.handle(address.run).await?;
        let other = match address.what {
            Extract::Compared(with) => Some(self.handle(with).await?),
            _ => None,
        };
        Ok(Addressed { handle, what: address.what, other })
    }
}

/// What an address stands for.
struct Addressed {
    handle: Arc<RunHandle>,
    what: Extract,
    /// The run that it is compared with, where it is.
    other: Option<Arc<RunHandle>>,
}

impl Contents for Bridge {
    async fn content(&self, uri: &str) -> Result<Content, String> {
        let Addressed { handle, what, other } = self.addressed(uri).await?;
        let mut view = handle.view.clone();
        // Looked at first: what comes meanwhile is told of once more than needed, not once less.
        let goes_on = !view.borrow_and_update().is_over();
        let text = aside(move || session::content(&handle, &what, other.as_deref())).await;
        let text = text.map_err(|error| error.to_string())?;
        let more = async move { view.changed().await.is_ok() }.boxed();
        Ok(Content { result: ContentResult { text, goes_on }, more })
    }

    async fn address(&self, params: ShowOutputParams) -> Result<String, String> {
        let handle = self.handle(RunId(params.run.0)).await?;
        let what = match (params.group_by, params.ranks, params.engine, params.compared_with) {
            (None, None, None, Some(with)) => Extract::Compared(self.handle(RunId(with.0)).await?.id),
            (None, Some(ranks), None, None) => {
                let ranks: RankSet = ranks.parse().map_err(|error| format!("ranks: {error}"))?;
                Extract::Group(ranks)
            }
            (None, None, Some(engine), None) => Extract::Raw { engine: EngineId(engine), slot: None },
            (by, None, None, None) => {
                let by = by.map(from_protocol).or(handle.plan.group_by);
                Extract::Whole(by.unwrap_or_else(|| self.group_by()))
            }
            _ => {
                return Err("of groupBy, ranks, engine and comparedWith only one can be asked for".to_owned());
            }
        };
        session::check(&handle.now(), &what).map_err(|error| error.to_string())?;
        Ok(Address { run: handle.id, what }.to_string())
    }

    async fn content_file(&self, uri: &str) -> Result<PathBuf, String> {
        let Addressed { handle, what, other } = self.addressed(uri).await?;
        let file = aside(move || session::content_file(&handle, &what, other.as_deref())).await;
        file.map_err(|error| error.to_string())
    }

    async fn export(&self, params: ExportParams) -> Result<ExportResult, String> {
        let told = |message: String| Ok(ExportResult { message: Some(message), ..ExportResult::default() });
        if params.path.is_some() && !self.state(|state| state.trusted) {
            return told(untrusted());
        }
        let handle = self.handle(RunId(params.run.0)).await?;
        let format = match params.format {
            ExportFormat::Markdown => Format::Markdown,
            ExportFormat::Json => Format::Json,
        };
        let path = params.path.map(|path| match file_path(&Uri::from(path.as_str())) {
            Some(file) => file,
            None => PathBuf::from(path),
        });
        let written = path.clone();
        let exported = aside(move || match &path {
            Some(path) => session::export_to(&handle, format, path, params.overwrite),
            None => session::export(&handle, format),
        });
        match exported.await {
            Err(error) => told(error.to_string()),
            Ok(exported) => Ok(ExportResult {
                text: exported.text,
                file: written.map(|path| path.display().to_string()),
                images: exported.images.iter().map(|path| path.display().to_string()).collect(),
                message: (!exported.missing.is_empty()).then(|| exported.missing.join("; ")),
            }),
        }
    }
}

/// The largest kept result that is read, in bytes: in memory it takes about as much again.
const MOST_KEPT: u64 = 200_000_000;

/// A result that was kept under this name, also by another session.
pub(super) async fn kept(name: String) -> Result<KeptResult, ShelfError> {
    aside(move || Shelf::new(None).and_then(|shelf| shelf.load_within(&name, MOST_KEPT))).await
}

fn untrusted() -> String {
    AskError::Untrusted.to_string().replace("nothing is run", "nothing is written")
}
