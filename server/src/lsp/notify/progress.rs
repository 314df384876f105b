//! `$/progress` of a run: it begins when the run has taken as long as `--progress-after` says, is reported at most ten
//! times a second, and ends with the run.

use std::time::Duration;

use lsp_types::ProgressToken;
use pxlens_protocol::RunId;
use tokio::sync::watch;

use crate::{
    lsp::{tasks, wire::lifetime::Lifetime},
    plan::ProgressAfter,
};

/// The shortest time between two reports.
const GAP: Duration = Duration::from_millis(100);
const TOKEN: &str = "px/run/";

/// The progress of one run. Dropping this ends the progress.
#[derive(Debug)]
pub(in crate::lsp) struct Progress(watch::Sender<Standing>);

#[derive(Clone, Debug, Default)]
struct Standing {
    ended: u32,
    of: u32,
    message: String,
    over: Option<String>,
}

impl Progress {
    /// Begins the progress of a run.
    pub(in crate::lsp) fn start(
        run: RunId,
        title: String,
        delay: Duration,
        client: tower_lsp::Client,
        lifetime: &Lifetime,
    ) -> Self {
        let (sender, standing) = watch::channel(Standing::default());
        tasks::spawn("progress", lifetime, show(run, title, delay, client, standing));
        Self(sender)
    }

    /// Reports how many of the engines have ended.
    pub(in crate::lsp) fn advance(&self, ended: u32, of: u32, message: String) {
        self.0.send_modify(|standing| {
            (standing.ended, standing.of, standing.message) = (ended, of, message);
        });
    }

    /// Ends the progress with a summary.
    pub(in crate::lsp) fn end(self, summary: String) {
        self.0.send_modify(|standing| standing.over = Some(summary));
    }
}

/// How long after its start the progress of a run is shown; `None` if it never is.
pub(in crate::lsp) fn delay(progress: ProgressAfter) -> Option<Duration> {
    match progress {
        ProgressAfter::Milliseconds(milliseconds) => Some(Duration::from_millis(milliseconds)),
        ProgressAfter::Never => None,
    }
}

/// The run that a progress token belongs to, if pxlens made the token for a run.
pub(in crate::lsp) fn run_of(token: &ProgressToken) -> Option<RunId> {
    let ProgressToken::String(token) = token else { return None };
    token.strip_prefix(TOKEN)?.parse().ok().map(RunId)
}

async fn show(
    run: RunId,
    title: String,
    delay: Duration,
    client: tower_lsp::Client,
    mut standing: watch::Receiver<Standing>,
) {
    let over = standing.wait_for(|standing| standing.over.is_some());
    if tokio::time::timeout(delay, over).await.is_ok() {
        return;
    }
    let token = ProgressToken::String(format!("{TOKEN}{}", run.0));
    if let Err(error) = tasks::request(client.create_work_done_progress(token.clone())).await {
        tracing::debug!(%error, "the client did not create the progress");
        return;
    }
    let shown = client.progress(token, title).with_percentage(0).with_cancel_button().begin().await;
    loop {
        let Standing { ended, of, message, over } = standing.borrow_and_update().clone();
        if let Some(summary) = over {
            return shown.finish_with_message(summary).await;
        }
        if of > 0 {
            let percentage = u32::try_from(u64::from(ended) * 100 / u64::from(of)).unwrap_or(100);
            shown.report_with_message(message, percentage.min(100), Some(true)).await;
        }
        tokio::time::sleep(GAP).await;
        if standing.changed().await.is_err() && standing.borrow().over.is_none() {
            return shown.finish().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_for_runs_belong_to_a_run() {
        assert_eq!(run_of(&ProgressToken::String("px/run/7".into())), Some(RunId(7)));
        assert_eq!(run_of(&ProgressToken::String("px/run/x".into())), None);
        assert_eq!(run_of(&ProgressToken::String("7".into())), None);
        assert_eq!(run_of(&ProgressToken::Int(7)), None);
    }
}
