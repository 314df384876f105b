//! Runs that were: listed, found again, and compared; results that are to be seen no more.

use std::sync::Arc;

use pxlens_protocol::{
    ClearParams, ClearResult, CompareParams, CompareResult, ComparedGroup, EngineChange, RunId, RunsParams,
    RunsResult,
};

use super::{Bridge, answers, aside, ids, key, session_cell};
use crate::{
    lsp::facade::History,
    render::{self, Compared},
    run::{self, Run},
    session::{DocumentKey, RunHandle},
};

impl Bridge {
    /// The newest run in time, in a document and what belongs to it. Of a suffix one that was sent: any other gave nothing.
    pub(super) async fn newest(
        &self,
        document: Option<DocumentKey>,
        suffix: Option<&str>,
    ) -> Option<Arc<RunHandle>> {
        let fits = |run: &Arc<RunHandle>| {
            suffix.is_none_or(|suffix| run.suffix == suffix && !run.view.borrow().was_never_sent())
        };
        let runs = self.session.history(document).await;
        runs.into_iter().rev().map(|past| past.run).find(fits)
    }

    pub(super) async fn past_runs(&self, params: RunsParams) -> RunsResult {
        let mut runs = self.session.history(params.uri.as_ref().map(key)).await;
        if let Some(cell) = params.cell {
            let cell = session_cell(&cell);
            runs.retain(|past| Some(past.run.cell) == cell);
        }
        aside(move || RunsResult { runs: runs.iter().rev().map(answers::past_run).collect() }).await
    }

    /// The run before of the same cell that was sent, if it is still in reach.
    pub(super) async fn earlier(&self, handle: &RunHandle) -> Option<Arc<RunHandle>> {
        let before = |run: &Arc<RunHandle>| {
            run.cell == handle.cell && run.id < handle.id && !run.view.borrow().was_never_sent()
        };
        let runs = self.session.history(None).await;
        runs.into_iter().rev().map(|past| past.run).find(before)
    }

    async fn known(&self, run: RunId) -> Result<Arc<RunHandle>, String> {
        let found = self.session.run_handle(run::RunId(run.0)).await;
        let handle = found.ok_or_else(|| format!("there is no run {}", run.0))?;
        if !handle.plan.blocking {
            self.session.asked_for(handle.id);
        }
        Ok(handle)
    }
}

impl History for Bridge {
    async fn compare(&self, params: CompareParams) -> Result<CompareResult, String> {
        let handle = self.known(params.run).await?;
        let with = match params.with {
            Some(with) => Some(self.known(with).await?),
            None => self.earlier(&handle).await,
        };
        let id = handle.id;
        let why = if handle.now().was_never_sent() {
            Some(format!("{id} was never sent, so there is nothing to compare"))
        } else if with.is_none() {
            Some(format!(
                "{id} is the first run of its cell that is kept, so there is none to compare it with"
            ))
        } else {
            None
        };
        Ok(match with.filter(|_| why.is_none()) {
            Some(with) => aside(move || compared(&with.now(), &handle.now())).await,
            None => CompareResult {
                run: params.run,
                with: None,
                summary: String::new(),
                groups: Vec::new(),
                text: String::new(),
                markdown: String::new(),
                message: why,
            },
        })
    }

    async fn clear(&self, params: ClearParams) -> Result<ClearResult, String> {
        let ClearParams { uri, cell } = params;
        let unknown = |id: &pxlens_protocol::CellId| format!("there is no px cell {} in {}", id.0, uri.0);
        let wanted = match &cell {
            Some(id) => Some(session_cell(id).ok_or_else(|| unknown(id))?),
            None => None,
        };
        let cleared = self.session.clear(key(&uri), wanted).await;
        let cleared = cleared.ok_or_else(|| match &cell {
            Some(id) => unknown(id),
            None => format!("{} is not open", uri.0),
        })?;
        Ok(ClearResult { cleared: u32::try_from(cleared).unwrap_or(u32::MAX) })
    }
}

fn compared(before: &Run, now: &Run) -> CompareResult {
    let comparison = render::compare(before, now);
    let group = |group: &Compared| ComparedGroup {
        ranks: group.ranks.to_string(),
        engines: ids(&group.ranks).collect(),
        change: match group.change {
            render::Change::Same => EngineChange::Same,
            render::Change::Changed => EngineChange::Changed,
            render::Change::New => EngineChange::New,
            render::Change::Gone => EngineChange::Gone,
        },
        text: group.text(),
    };
    CompareResult {
        run: RunId(now.id.0),
        with: Some(RunId(before.id.0)),
        summary: comparison.summary(),
        groups: comparison.groups.iter().map(group).collect(),
        text: comparison.text(),
        markdown: comparison.markdown(),
        message: None,
    }
}
