//! What the user sees while a cluster is started: a progress, if the client supports it, or else a message for each
//! step.
//!
//! A failure is not reported here, since the request that started the cluster gets the error.

use lsp_types::{MessageType, ProgressToken};
use tokio::sync::mpsc;

use super::messages;
use crate::{
    lsp::{tasks, wire::lifetime::Lifetime},
    session::Starting,
};

const TITLE: &str = "Starting a cluster";

/// Shows the progress of clusters that are started, one after the other.
#[derive(Debug)]
pub(in crate::lsp) struct StartProgress {
    client: tower_lsp::Client,
    lifetime: Lifetime,
    progress: bool,
    /// How many were started, since each has a progress of its own.
    count: u32,
    shown: Option<mpsc::UnboundedSender<Starting>>,
}

impl StartProgress {
    /// `progress`: whether the client shows progress.
    pub(in crate::lsp) fn new(client: tower_lsp::Client, lifetime: Lifetime, progress: bool) -> Self {
        Self { client, lifetime, progress, count: 0, shown: None }
    }

    pub(in crate::lsp) fn handle(&mut self, starting: Starting) {
        if !self.progress {
            if let Starting::Step(text) | Starting::Ready(text) = starting {
                let client = self.client.clone();
                tasks::spawn("message", &self.lifetime, async move {
                    messages::show(&client, MessageType::Info, text).await;
                });
            }
            return;
        }
        let is_step = matches!(starting, Starting::Step(_));
        if self.shown.is_none() && is_step {
            self.count += 1;
            let (sender, steps) = mpsc::unbounded_channel();
            let token = ProgressToken::String(format!("px/start/{}", self.count));
            tasks::spawn("progress", &self.lifetime, show(self.client.clone(), token, steps));
            self.shown = Some(sender);
        }
        if let Some(shown) = &self.shown {
            // Fails if the client did not create the progress.
            let _ = shown.send(starting);
        }
        if !is_step {
            self.shown = None;
        }
    }
}

async fn show(client: tower_lsp::Client, token: ProgressToken, mut steps: mpsc::UnboundedReceiver<Starting>) {
    if let Err(error) = tasks::request(client.create_work_done_progress(token.clone())).await {
        tracing::debug!(%error, "the client did not create the progress");
        return;
    }
    let shown = client.progress(token, TITLE).begin().await;
    while let Some(step) = steps.recv().await {
        match step {
            Starting::Step(text) => shown.report(text).await,
            Starting::Ready(text) => return shown.finish_with_message(text).await,
            Starting::Failed => break,
        }
    }
    shown.finish().await;
}
