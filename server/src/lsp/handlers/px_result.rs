//! `px/result`: the result of a run; and the command that shows it.

use std::sync::Arc;

use lsp_types::MessageType;
use pxlens_protocol::{ResultParams, ResultResult};
use tower_lsp::jsonrpc::{Error, Result};

use super::unknown::no_result;
use crate::{
    ide::{self, Shown},
    lsp::{
        backend::Backend,
        from_proto,
        snapshot::{Seen, Snapshot, shows},
        to_proto::{outputs, pictures},
    },
    render::{MOST_OF_DOCUMENT, without_keys},
    session::{KeptResult, ResultStore, ResultStoreError},
};

/// The largest kept result that is read, in bytes: in memory it takes about twice as much.
const MOST_KEPT: u64 = 200_000_000;

/// How many characters of a result a message shows.
const CHARACTERS: usize = 2000;

pub(crate) fn handle(snapshot: &Snapshot, params: ResultParams) -> Result<Seen<ResultResult>> {
    let Some(shown) = shown(snapshot, &params) else {
        return Ok(Seen(kept_result(snapshot, params)?, Vec::new()));
    };
    let by = params.group_by.map(from_protocol).unwrap_or_else(|| shown.group_by(snapshot));
    let (run, note) =
        (shown.run.excerpt(MOST_OF_DOCUMENT), ide::note(&shown.run, snapshot.client.extension.run_local));
    let mut result = outputs::result(Some(shown.run.id), &run, by, shown.line.as_deref(), note);
    pictures::add(&mut result, &run, pictures::Wanted::of(&params), &shown.run.magic_line);
    Ok(Seen(result, vec![shown.run.id]))
}

fn from_protocol(by: pxlens_protocol::GroupBy) -> crate::render::GroupBy {
    from_proto::group_by(by)
}

/// The run that a request is about.
fn shown(snapshot: &Snapshot, params: &ResultParams) -> Option<Shown> {
    if let Some(run) = params.run {
        return snapshot.runs.get(from_proto::run_id(run)).cloned().map(Shown::from);
    }
    if let Some(name) = &params.name {
        return snapshot.runs.named(name).cloned().map(Shown::from);
    }
    match params.position.filter(|_| params.uri.is_some()) {
        Some(position) => ide::shown_at(snapshot, from_proto::position(position)),
        None => ide::newest(snapshot, params.suffix.as_deref()),
    }
}

/// A result that was kept on disk under the requested name, maybe by another session.
fn kept_result(snapshot: &Snapshot, params: ResultParams) -> Result<ResultResult> {
    let wanted = pictures::Wanted::of(&params);
    let name = params.name.filter(|_| params.run.is_none()).ok_or_else(no_result)?;
    let folder = snapshot.settings.results.as_deref();
    let load = || -> std::result::Result<KeptResult, ResultStoreError> {
        ResultStore::new(folder)?.load_within(&name, MOST_KEPT)
    };
    let kept = load().map_err(|error| Error::invalid_params(error.to_string()))?;
    let by = params
        .group_by
        .map(from_protocol)
        .or(kept.head.wanted_group_by())
        .unwrap_or(snapshot.settings.group_by);
    let run = Arc::new(kept.run().ok_or_else(no_result)?).excerpt(MOST_OF_DOCUMENT);
    let mut result = outputs::result(None, &run, by, None, None);
    pictures::add(&mut result, &run, wanted, &format!("{} · {}", kept.head.name, kept.head.title));
    Ok(result)
}

/// The same for a client that only supports commands: the result is shown as a message.
pub(super) async fn show(backend: &Backend, params: ResultParams) -> Result<ResultResult> {
    let result = shows(handle)(backend, params).await?;
    // A client that paints outputs shows the response itself.
    if !backend.capabilities().extension.outputs {
        let text: String = without_keys(&result.text).chars().take(CHARACTERS).collect();
        backend.show_message(MessageType::Info, text);
    }
    Ok(result)
}
