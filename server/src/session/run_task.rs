//! One run is one task. It alone holds the [`Run`], applies events as the cluster hands them over, and leaves the newest
//! state in a watch cell, at once for the first event and then at most every [`PACE`].

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep_until},
};

use super::spill::Spill;
use crate::{
    clock::now,
    cluster::{ClusterClient, Execute, FeedReceiver, feed},
    run::{Event, EventKind, LostReason, Run, RunRequest, Slot},
};

/// Readers see a new state at most this often while a run streams.
const PACE: Duration = Duration::from_millis(20);

/// Output that came after the end is told of after so long; each further time after twice as long, up to [`LATEST`].
const LATE: Duration = Duration::from_secs(1);

/// The longest that such output waits.
const LATEST: Duration = Duration::from_secs(120);

/// What a run that waits in the queue is told.
pub(super) enum Order {
    /// Its turn has come; the request as it is to be sent, for engines that may have come and gone since it was asked for.
    Send(ClusterClient, RunRequest),
    /// It will not be sent, and why.
    Drop(String),
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
        Ok(Order::Send(client, request)) => {
            if *run.request != request {
                let blocking = run.blocking;
                run = Run::new(run.id, Arc::new(request), run.created);
                run.blocking = blocking;
            }
            send(&run, &client).await
        }
        Ok(Order::Drop(why)) => Err(why),
        Err(_) => Err("the session ended".to_owned()),
    };
    match sent {
        Err(why) => {
            for slot in 0..run.request.engines.len() {
                let slot = Slot(u32::try_from(slot).expect("targets are bounded far below 2^32"));
                let kind = EventKind::Lost(LostReason::NotSent(why.clone()));
                run.apply(Event { slot, at: now(), kind });
            }
            view.send_replace(Arc::new(run.clone()));
            over(&run);
        }
        Ok(events) => follow(run, events, view, spill, warn, over, late).await,
    }
}

async fn send(run: &Run, client: &ClusterClient) -> Result<FeedReceiver, String> {
    let (sender, events) = feed();
    let execute =
        Execute { run: run.id, code: run.request.code.clone(), engines: run.request.engines.clone() };
    client.execute(execute, sender).await.map_err(|error| error.to_string())?;
    Ok(events)
}

async fn follow(
    mut run: Run,
    mut events: FeedReceiver,
    view: watch::Sender<Arc<Run>>,
    mut spill: Spill,
    warn: impl Fn(String) + Send,
    over: impl FnOnce(&Run) + Send,
    late: impl Fn(&Run) + Send,
) {
    let mut over = Some(over);
    let mut batch = Vec::new();
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
                if !open {
                    break;
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
