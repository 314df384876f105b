//! The task of one run. It alone holds the [`Run`], applies events as the cluster hands them over, and publishes the
//! newest state in a watch channel: at once for the first event, then at most every [`PACE`].

use std::{ops::Range, sync::Arc, time::Duration};

use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::spill::Spill;
use crate::{
    clock::now,
    cluster::{ClusterClient, Execute, FeedReceiver, INTERRUPTED, Submitted, feed},
    run::{Ending, Event, EventKind, LostReason, Run, RunId, RunRequest, Slot},
};

/// The shortest time between two states that readers see while a run streams.
pub(crate) const PACE: Duration = Duration::from_millis(20);

/// How long after its arrival output that came after the end is reported; doubles each time, up to [`LATEST`].
const LATE: Duration = Duration::from_secs(1);

/// The longest time before such output is reported.
const LATEST: Duration = Duration::from_secs(120);

/// What becomes of a queued run.
pub(super) enum Dispatch {
    /// Its turn has come, and it was handed to the cluster client.
    Sent(Box<Sent>),
    /// It will not be sent, for this reason.
    Drop(String),
}

/// A run that was handed to the cluster client.
pub(super) struct Sent {
    /// The request, resolved anew, since engines may have come and gone since it was queued.
    pub(super) request: RunRequest,
    first: Part,
    rest: Option<Rest>,
}

/// The client that a run is sent with, and how.
#[derive(Clone)]
pub(super) struct Recipient {
    pub(super) client: ClusterClient,
    /// See [`Execute::noblock`].
    pub(super) noblock: Option<Arc<str>>,
}

impl Dispatch {
    /// Hands a run to the cluster client at once, since engines get runs in the order of these calls; the tasks of the runs
    /// could overtake each other. With `canary`, the other engines get the run only once the first has succeeded; it is
    /// cancelled if that is not wanted any more.
    pub(super) fn send(
        run: RunId,
        request: RunRequest,
        to: Recipient,
        canary: Option<CancellationToken>,
    ) -> Self {
        let canary = canary.filter(|_| request.engines.len() > 1);
        let slots = if canary.is_some() { 0..1 } else { 0..request.engines.len() };
        let first = Part::send(run, &request, &to, slots);
        let rest = canary.map(|unwanted| Rest { to, unwanted });
        Self::Sent(Box::new(Sent { request, first, rest }))
    }
}

/// Drives one run from the queue to its end, and keeps applying late output until the cluster client forgets the run.
///
/// Calls `over` once, when the last engine's part has ended; `late` now and then, if output arrives after that; `warn`
/// if output cannot be moved to files.
pub(super) async fn drive(
    mut run: Run,
    view: watch::Sender<Arc<Run>>,
    dispatch: oneshot::Receiver<Dispatch>,
    spill: Spill,
    warn: impl Fn(String) + Send,
    over: impl FnOnce(&Run) + Send,
    late: impl Fn(&Run) + Send,
) {
    let sent = match dispatch.await {
        Ok(Dispatch::Sent(sent)) => {
            let Sent { request, first, rest } = *sent;
            if *run.request != request {
                run = Run::new(run.id, Arc::new(request), run.created, run.blocking);
            }
            first.events().await.map(|events| (events, rest))
        }
        Ok(Dispatch::Drop(why)) => Err(why),
        Err(_) => Err("the session ended".to_owned()),
    };
    match sent {
        Err(why) => {
            not_sent(&mut run, 0, &why);
            view.send_replace(Arc::new(run.clone()));
            over(&run);
        }
        Ok((events, rest)) => follow(run, events, rest, view, spill, warn, over, late).await,
    }
}

/// Some of a run's requests, handed to the cluster client.
struct Part {
    events: FeedReceiver,
    submitted: Submitted,
}

impl Part {
    fn send(run: RunId, request: &RunRequest, to: &Recipient, slots: Range<usize>) -> Self {
        let (sender, events) = feed();
        let execute = Execute {
            run,
            code: request.code.clone(),
            first_slot: slot(slots.start).0,
            engines: request.engines[slots].to_vec(),
            noblock: to.noblock.clone(),
        };
        Self { events, submitted: to.client.submit(execute, sender) }
    }

    /// The feed of their events, once the client has accepted them.
    async fn events(self) -> Result<FeedReceiver, String> {
        self.submitted.accepted().await.map_err(|error| error.to_string())?;
        Ok(self.events)
    }
}

fn slot(index: usize) -> Slot {
    Slot(u32::try_from(index).expect("targets are bounded far below 2^32"))
}

/// Ends the requests from this index on as not sent.
fn not_sent(run: &mut Run, from: usize, why: &str) {
    for index in from..run.request.engines.len() {
        let kind = EventKind::Lost(LostReason::NotSent(why.to_owned()));
        run.apply(Event { slot: slot(index), at: now(), kind });
    }
}

/// The requests of a run that wait for its first engine.
struct Rest {
    to: Recipient,
    unwanted: CancellationToken,
}

/// Sends the rest of a run whose first engine has ended, if that succeeded and nobody interrupted the run. Returns the
/// feed to read once the one before it has closed.
async fn send_rest(run: &mut Run, rest: &Rest) -> Option<FeedReceiver> {
    let first = run.part(Slot(0))?;
    let stopped = rest.unwanted.is_cancelled().then(|| INTERRUPTED.to_owned());
    let failed = || {
        let failed = !matches!(first.ending(), Some(Ending::Ok));
        failed.then(|| format!("engine {} failed, so this was not sent", first.engine))
    };
    if let Some(why) = stopped.or_else(failed) {
        not_sent(run, 1, &why);
        return None;
    }
    let others = Part::send(run.id, &run.request, &rest.to, 1..run.request.engines.len());
    match others.events().await {
        Ok(events) => Some(events),
        Err(why) => {
            not_sent(run, 1, &why);
            None
        }
    }
}

/// Follows a run that was sent. `rest`: the other requests, if only that of the first engine was sent.
#[expect(clippy::too_many_arguments, reason = "these are all the parts that one run needs")]
async fn follow(
    mut run: Run,
    mut events: FeedReceiver,
    mut rest: Option<Rest>,
    view: watch::Sender<Arc<Run>>,
    mut spill: Spill,
    warn: impl Fn(String) + Send,
    over: impl FnOnce(&Run) + Send,
    late: impl Fn(&Run) + Send,
) {
    let mut over = Some(over);
    let mut batch = Vec::new();
    // The feed to read after this one.
    let mut next = None;
    let mut shown = Instant::now() - PACE;
    let mut unshown = false;
    // When to report late output, if there is any.
    let mut report_late = None;
    let mut patience = LATE;
    loop {
        tokio::select! {
            open = events.recv_many(&mut batch) => {
                if let Err(why) = spill.apply(&mut run, batch.drain(..)).await {
                    warn(why);
                }
                unshown = true;
                if over.is_none() && report_late.is_none() {
                    report_late = Some(Instant::now() + patience);
                    patience = (patience * 2).min(LATEST);
                }
                let first_over = run.part(Slot(0)).is_none_or(|first| first.ending().is_some());
                if first_over && let Some(rest) = rest.take() {
                    next = send_rest(&mut run, &rest).await;
                }
                if !open {
                    match next.take() {
                        Some(feed) => events = feed,
                        None => break,
                    }
                }
            }
            () = sleep_until(shown + PACE), if unshown => {}
            () = sleep_until(report_late.unwrap_or(shown)), if report_late.is_some() && !unshown => {
                report_late = None;
                late(&run);
            }
        }
        let ends = run.is_over() && over.is_some();
        if ends || shown.elapsed() >= PACE {
            view.send_replace(Arc::new(run.clone()));
            shown = Instant::now();
            unshown = false;
        }
        if ends && let Some(over) = over.take() {
            over(&run);
        }
    }
    if over.is_some() {
        // A client that hits a bug closes the feed too early. No answer will come, and the queue must not wait for one.
        lose_the_rest(&mut run);
    }
    view.send_replace(Arc::new(run.clone()));
    if let Some(over) = over {
        over(&run);
    }
}

/// Marks the requests that have not ended as lost.
fn lose_the_rest(run: &mut Run) {
    for index in 0..run.request.engines.len() {
        let slot = slot(index);
        if run.part(slot).is_some_and(|part| part.ending().is_none()) {
            run.apply(Event { slot, at: now(), kind: EventKind::Lost(LostReason::ControllerLost) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engines::EngineId,
        run::{RunId, RunState},
        session::{Limits, SpillFolder},
    };

    #[tokio::test]
    async fn a_run_whose_feed_closes_too_early_ends_as_lost() {
        let engines = vec![EngineId(0), EngineId(1)];
        let request = RunRequest { code: "work()".into(), engines, single: false };
        let run = Run::new(RunId(1), Arc::new(request), now(), true);
        let (view, seen) = watch::channel(Arc::new(run.clone()));
        let (sender, events) = feed();
        sender.send(Event { slot: Slot(0), at: now(), kind: EventKind::Busy });
        drop(sender);
        let spill =
            Spill::new(Limits::NONE, Arc::new(SpillFolder::new(Arc::default(), Limits::NONE, RunId(1))));
        let (ended, mut ends) = tokio::sync::mpsc::unbounded_channel();
        let over = move |run: &Run| ended.send(run.state()).expect("the test listens");
        follow(run, events, None, view, spill, |_| {}, over, |_| {}).await;
        let end = tokio::time::timeout(pxlens_tests::PATIENCE, ends.recv()).await;
        assert_eq!(end.expect("it ends in time"), Some(RunState::Failed));
        let run = seen.borrow();
        let lost = Some(Ending::Lost(LostReason::ControllerLost));
        assert!(run.parts().all(|part| part.ending() == lost.as_ref()), "{run:?}");
    }
}
