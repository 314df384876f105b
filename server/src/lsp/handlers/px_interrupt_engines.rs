//! `px/interruptEngines`.

use pxlens_protocol::{InterruptEnginesParams, InterruptEnginesResult, Whose};
use tower_lsp::jsonrpc::Result;

use super::px_interrupt;
use crate::{
    cluster,
    engines::{EngineId, RankSet},
    lsp::{backend::Backend, to_proto},
    session::{About, InterruptScope},
};

/// Stops runs of this session first, which also drops what waits in it, then what other clients sent.
pub(crate) async fn handle(
    backend: &Backend,
    params: InterruptEnginesParams,
) -> Result<InterruptEnginesResult> {
    let InterruptEnginesParams { engines, whose, signal } = params;
    let engines: Option<RankSet> = engines.map(|ids| ids.into_iter().map(EngineId).collect());
    let scope = engines.clone().map_or(InterruptScope::All, InterruptScope::Engines);
    let own = backend.session.interrupt(None, scope, signal.clone()).await.unwrap_or_default();
    let snapshot = backend.session.snapshot(About::Nothing).await;
    let mut report = px_interrupt::report_of(&own, &snapshot.runs);
    let whose = match whose {
        Whose::Session => cluster::Whose::Nobody,
        Whose::Mine => cluster::Whose::Mine,
        Whose::Anybody => cluster::Whose::Anybody,
    };
    let refused = match backend.session.interrupt_others(whose, engines.clone(), signal.as_deref()).await {
        Ok(others) => {
            report.merge(others);
            None
        }
        Err(error) => Some(error.to_string()),
    };
    let ids = snapshot.connection.engines().ids();
    let meant = ids.into_iter().filter(|id| engines.as_ref().is_none_or(|engines| engines.contains(*id)));
    let idle: RankSet = meant.filter(|id| !report.names(*id)).collect();
    let idle = to_proto::ids(&idle).collect();
    Ok(InterruptEnginesResult { engines: px_interrupt::result_of(&report, refused), idle })
}
