//! One run is one task. It alone holds the [`Run`], applies events as the cluster hands them over, and leaves the newest
//! state in a watch cell, at once for the first event and then at most every [`PACE`].

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

/// Readers see a new state at most this often while a run streams.
const PACE: Duration = Duration::from_millis(20);

/// Output that came after the end is told of after so long; each further time after twice as long, up to [`LATEST`].
const LATE: Duration = Duration::from_secs(1);

/// The longest that such output waits.
const LATEST: Duration = Duration::from_secs(120);

/// What a run that waits in the queue is told.
pub(super) enum Order {
    /// Its turn has come, and it was handed to the cluster client.
    Sent(Box<Sent>),
    /// It will not be sent, and why.
    Drop(String),
}

/// A run that was handed to the cluster client.
pub(super) struct Sent {
    /// The request as it is sent, for engines that may have come and gone since it was asked for.
    request: RunRequest,
    first: Part,
    rest: Option<Rest>,
}

/// Over which connection a run is sent, and how.
#[derive(Clone)]
pub(super) struct Recipient {
    pub(super) client: ClusterClient,
    /// See [`Execute::noblock`].
    pub(super) noblock: Option<Arc<str>>,
}

impl Order {
    /// Hands a run to the cluster client at once: the order of these calls is the one in which engines get the runs, and tasks
    /// keep none among themselves. `canary`: the others are sent only once the first engine has succeeded; it is cancelled if
    /// they are not wanted any more.
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

/// Drives one run from the queue to its end, and goes on taking in late output until the cluster forgets the run.
///
/// `over` is called once, when the last engine's part has ended; `late` now and then, where output came after that; `warn`
/// where output cannot be put away.
pub(super) async fn drive(
    mut run: Run,
    view: watch::Sender<Arc<Run>>,
    order: oneshot::Receiver<Order>,
    spill: Spill,
    warn: impl Fn(String) + Send,
    over: impl FnOnce(&Run) + Send,
    late: impl Fn(&Run) + Send,
) {
    let sent = match order.await {
        Ok(Order::Sent(sent)) => {
            let Sent { request, first, rest } = *sent;
            if *run.request != request {
                let blocking = run.blocking;
                run = Run::new(run.id, Arc::new(request), run.created);
                run.blocking = blocking;
            }
            first.events().await.map(|events| (events, rest))
        }
        Ok(Order::Drop(why)) => Err(why),
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

    /// The feed of all that were sent so far.
    async fn events(self) -> Result<FeedReceiver, String> {
        self.submitted.taken().await.map_err(|error| error.to_string())?;
        Ok(self.events)
    }
}

fn slot(index: usize) -> Slot {
    Slot(u32::try_from(index).expect("targets are bounded far below 2^32"))
}

/// Ends the requests from this one on, which were not sent.
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

/// Sends the rest of a run whose first engine has ended, if that ended well and nobody stopped the run. Gives the feed to read
/// once the one before it has closed.
async fn go_on(run: &mut Run, rest: &Rest) -> Option<FeedReceiver> {
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

/// `rest`: where only the first engine was sent to, how the others are.
#[expect(clippy::too_many_arguments, reason = "they are what one run has to do with")]
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
    // The feed that follows on this one.
    let mut next = None;
    let mut shown = Instant::now() - PACE;
    let mut unshown = false;
    // When to tell of late output, where there is some.
    let mut untold = None;
    let mut patience = LATE;
    loop {
        tokio::select! {
            open = events.recv_many(&mut batch) => {
                if let Err(why) = spill.take_in(&mut run, batch.drain(..)).await {
                    warn(why);
                }
                unshown = true;
                if over.is_none() && untold.is_none() {
                    untold = Some(Instant::now() + patience);
                    patience = (patience * 2).min(LATEST);
                }
                let first_over = run.part(Slot(0)).is_none_or(|first| first.ending().is_some());
                if first_over && let Some(rest) = rest.take() {
                    next = go_on(&mut run, &rest).await;
                }
                if !open {
                    match next.take() {
                        Some(feed) => events = feed,
                        None => break,
                    }
                }
            }
            () = sleep_until(shown + PACE), if unshown => {}
            () = sleep_until(untold.unwrap_or(shown)), if untold.is_some() && !unshown => {
                untold = None;
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
    view.send_replace(Arc::new(run.clone()));
}
