//! `px/result`: what a run gave, and what the command of that name shows.

use lsp_types::MessageType;
use pxlens_protocol::{ResultParams, ResultResult};
use tower_lsp::jsonrpc::{Error, Result};

use crate::{
    ide::{self, Shown},
    lsp::{
        backend::Backend,
        from_proto,
        snapshot::{Seen, Snapshot, shows},
        to_proto::{outputs, pictures},
    },
    render::without_keys,
    run::RunId,
    session::{KeptResult, ResultStore, ResultStoreError},
};

/// The largest kept result that is read, in bytes: in memory it takes about as much again.
const MOST_KEPT: u64 = 200_000_000;

/// How much of a result a message shows, in characters.
const CHARACTERS: usize = 2000;

pub(crate) fn handle(snapshot: &Snapshot, params: ResultParams) -> Result<Seen<ResultResult>> {
    let Some(shown) = shown(snapshot, &params) else {
        return Ok(Seen(kept_result(snapshot, params)?, Vec::new()));
    };
    let by = params.group_by.map(from_protocol).unwrap_or_else(|| shown.group_by(snapshot));
    let (run, note) = (shown.run.now(), ide::note(&shown.run, snapshot.client.extension.run_local));
    let mut result = outputs::result(shown.run.id, &run, by, shown.line.as_deref(), note);
    pictures::add(&mut result, &run, pictures::Wanted::of(&params), shown.run.title.trim());
    Ok(Seen(result, vec![shown.run.id]))
}

fn from_protocol(by: pxlens_protocol::GroupBy) -> crate::render::GroupBy {
    from_proto::group_by(by)
}

/// The run that a question is about.
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

/// A result that was kept on disk under the name that is asked for, also by another session.
fn kept_result(snapshot: &Snapshot, params: ResultParams) -> Result<ResultResult> {
    let unknown = || Error::invalid_params("there is no such run; nothing was run there yet");
    let wanted = pictures::Wanted::of(&params);
    let name = params.name.filter(|_| params.run.is_none()).ok_or_else(unknown)?;
    let folder = snapshot.settings.results.as_deref();
    let load = || -> std::result::Result<KeptResult, ResultStoreError> {
        ResultStore::new(folder)?.load_within(&name, MOST_KEPT)
    };
    let kept = load().map_err(|error| Error::invalid_params(error.to_string()))?;
    let by = params.group_by.map(from_protocol).or(kept.head.wish()).unwrap_or(snapshot.settings.group_by);
    let run = kept.run().ok_or_else(unknown)?;
    let mut result = outputs::result(RunId(0), &run, by, None, None);
    pictures::add(&mut result, &run, wanted, &format!("{} · {}", kept.head.name, kept.head.title));
    Ok(result)
}

/// The same, shown to a client that only knows commands.
pub(super) async fn show(backend: &Backend, params: ResultParams) -> Result<ResultResult> {
    let result = shows(handle)(backend, params).await?;
    // Who paints outputs shows the answer by itself.
    if !backend.capabilities().extension.outputs {
        let text: String = without_keys(&result.text).chars().take(CHARACTERS).collect();
        backend.say(MessageType::Info, text);
    }
    Ok(result)
}
