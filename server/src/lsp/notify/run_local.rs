//! Sends the local parts of `--local` cells to a client that has a kernel of its own, in the order of the runs.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use lsp_types::MessageType;
use pxlens_protocol::RunLocalParams;
use tokio::sync::{mpsc, watch};

use super::messages;
use crate::{
    lsp::{tasks, to_proto, wire::lifetime::Lifetime},
    run::{Ending, LostReason, Phase, Run},
    session::RunHandle,
};

/// The local part of a run.
#[derive(Debug)]
pub(super) struct LocalPart {
    params: RunLocalParams,
    run: watch::Receiver<Arc<Run>>,
}

impl LocalPart {
    pub(super) fn of(handle: &RunHandle) -> Self {
        let params = RunLocalParams {
            uri: handle.document().to_string(),
            cell: to_proto::cell_id(handle.cell),
            run: to_proto::run_id(handle.id),
            code: handle.plan.code.to_string(),
        };
        Self { params, run: handle.view.clone() }
    }
}

/// The local parts that are still to be sent. One task sends them, so that they arrive in the order of the runs.
#[derive(Debug)]
pub(super) struct LocalParts(mpsc::UnboundedSender<LocalPart>);

impl LocalParts {
    pub(super) fn start(client: tower_lsp::Client, lifetime: &Lifetime) -> Self {
        let (sender, mut parts) = mpsc::unbounded_channel();
        let sent = lifetime.clone();
        tasks::spawn("local parts", lifetime, async move {
            // Messages that were shown, so that each is shown once: without a kernel, every cell fails alike.
            let shown = Arc::default();
            while let Some(params) = next(&mut parts).await {
                send(&client, params, &shown, &sent).await;
            }
        });
        Self(sender)
    }

    /// Adds the local part of the newest run.
    pub(super) fn add(&self, part: LocalPart) {
        // The task ends only with the client, which then needs nothing any more.
        let _ = self.0.send(part);
    }
}

/// Waits until the next local part may run: its run was sent to the engines, and each run before it was sent or dropped. If
/// a run is dropped, its local part must not run either.
async fn next(parts: &mut mpsc::UnboundedReceiver<LocalPart>) -> Option<RunLocalParams> {
    loop {
        let LocalPart { params, mut run } = parts.recv().await?;
        let known = run.wait_for(|run| was_sent(run) || run.is_over()).await;
        if known.is_ok_and(|run| was_sent(&run)) {
            return Some(params);
        }
    }
}

/// Sends a local part, and shows the user the client's error. Does not wait for the answer, which comes when the client's
/// kernel is done.
async fn send(
    client: &tower_lsp::Client,
    params: RunLocalParams,
    shown: &Arc<Mutex<BTreeSet<String>>>,
    lifetime: &Lifetime,
) {
    let (sender, shown) = (client.clone(), Arc::clone(shown));
    let mut answer = Box::pin(async move { sender.send_request::<pxlens_protocol::RunLocal>(params).await });
    // The first poll puts the request in line to be written. Only the answer is left to the other task.
    let first = futures::poll!(&mut answer);
    let client = client.clone();
    tasks::spawn("local part", lifetime, async move {
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => answer.await,
        };
        let Err(error) = answer else { return };
        let text = format!("The local part of a --local cell was not run: {}", error.message);
        let is_new = shown.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
        if is_new {
            messages::show(&client, MessageType::Warning, text).await;
        }
    });
}

/// Whether anything of the run was sent to an engine.
fn was_sent(run: &Run) -> bool {
    run.parts()
        .any(|part| !matches!(part.phase, Phase::Queued | Phase::Ended(Ending::Lost(LostReason::NotSent(_)))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engines::EngineId,
        run::{Event, EventKind, RunId, RunRequest, Slot, Time},
    };

    fn event(view: &watch::Sender<Arc<Run>>, kind: EventKind) {
        view.send_modify(|run| Arc::make_mut(run).apply(Event { slot: Slot(0), at: Time(1), kind }));
    }

    #[tokio::test]
    async fn local_parts_are_sent_in_the_order_of_the_runs_whichever_begins_first() {
        let (sender, mut parts) = mpsc::unbounded_channel();
        let mut views = Vec::new();
        for id in 1..=4 {
            let request = RunRequest { code: "1".into(), engines: vec![EngineId(0)], single: false };
            let (view, run) = watch::channel(Arc::new(Run::new(RunId(id), Arc::new(request), Time(0), true)));
            let params = serde_json::json!({ "uri": "a", "cell": "c1", "run": id, "code": "1" });
            let params = serde_json::from_value(params).expect("parameters");
            sender.send(LocalPart { params, run }).expect("it is received");
            views.push(view);
        }
        event(&views[1], EventKind::Busy);
        {
            let mut first = Box::pin(next(&mut parts));
            assert!(futures::poll!(&mut first).is_pending(), "the second run waits for the first");
            event(&views[0], EventKind::Busy);
            assert_eq!(first.await.map(|params| params.run.0), Some(1));
        }
        assert_eq!(next(&mut parts).await.map(|params| params.run.0), Some(2));
        event(&views[2], EventKind::Lost(LostReason::NotSent("interrupted".to_owned())));
        event(&views[3], EventKind::Busy);
        assert_eq!(next(&mut parts).await.map(|params| params.run.0), Some(4), "the third was dropped");
        drop(sender);
        assert!(next(&mut parts).await.is_none());
    }
}
