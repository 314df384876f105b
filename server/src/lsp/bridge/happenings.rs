//! The session's notices and the life of its runs, as happenings of this face.

use std::{sync::Arc, time::Duration};

use lsp_types::{MessageType, Uri};
use pxlens_protocol::{RunId, RunLocalParams};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

use super::answers::cell_id;
use crate::{
    lsp::facade::{Happening, Progress, Starting},
    plan::ProgressAfter,
    render,
    run::{Ending, LostReason, Phase, Run, RunState},
    session::{self, DocumentKey, Level, Notice, Recalled, RunHandle},
};

/// How often the time of a run that goes on is shown anew while nothing else happens.
const TICK: Duration = Duration::from_secs(1);

/// Translates until the session or the face has ended.
pub(super) async fn translate(
    mut notices: mpsc::UnboundedReceiver<Notice>,
    to: mpsc::UnboundedSender<Happening>,
) {
    while let Some(notice) = notices.recv().await {
        let happening = match notice {
            Notice::Cells(key) => Happening::CellsChanged { uri: Uri::from(&*key.0) },
            Notice::Cluster | Notice::Plans => Happening::EnginesChanged,
            Notice::Engines => Happening::EnginesWorked,
            Notice::Starting(how) => Happening::ClusterStarting(match how {
                session::Starting::Step(text) => Starting::Step(text),
                session::Starting::Ready(text) => Starting::Ready(text),
                session::Starting::Failed => Starting::Failed,
            }),
            Notice::Say(level, text) => Happening::Said { severity: severity(level), text },
            Notice::Started(handle) => {
                tokio::spawn(follow(handle, to.clone()));
                continue;
            }
            Notice::Recalled { document, recalled } => {
                tokio::spawn(follow_recalled(document, recalled, to.clone()));
                continue;
            }
            // Whoever follows the run has seen its end.
            Notice::Over(_) => continue,
        };
        if to.send(happening).is_err() {
            return;
        }
    }
}

/// Tells of one run until nothing more can come of it, late output included.
async fn follow(handle: Arc<RunHandle>, to: mpsc::UnboundedSender<Happening>) {
    let (run, uri, cell) = (RunId(handle.id.0), Uri::from(&*handle.document.0), cell_id(handle.cell));
    let title = format!("px cell {} on {}", handle.number, ranks(&handle));
    // The face has gone where a send fails; then so does this.
    let tell = |happening| to.send(happening).is_ok();
    let progress = match handle.plan.progress {
        None => Progress::Usual,
        Some(ProgressAfter::Milliseconds(milliseconds)) => {
            Progress::After(Duration::from_millis(milliseconds))
        }
        Some(ProgressAfter::Never) => Progress::Never,
    };
    let mut view = handle.view.clone();
    let mut local = handle.plan.local.then(|| RunLocalParams {
        uri: handle.document.to_string(),
        cell: cell.clone(),
        run,
        code: handle.plan.code.to_string(),
    });
    drop(handle);
    if !tell(Happening::RunStarted { run, title, progress }) {
        return;
    }
    let mut seen: Option<(usize, usize)> = None;
    let mut worked = 0;
    let mut over = false;
    loop {
        let now = view.borrow_and_update().clone();
        let ended = now.parts().filter(|part| part.ending().is_some()).count();
        let begun = now.parts().filter(|part| part.phase != Phase::Queued).count();
        let working = now.parts().filter(|part| part.phase == Phase::Running).count();
        // What an engine works on is told with the engines.
        if std::mem::replace(&mut worked, working) != working && !tell(Happening::EnginesWorked) {
            return;
        }
        let state_changed = seen.replace((begun, ended)) != Some((begun, ended));
        let mut heard = if state_changed {
            tell(Happening::StateChanged { uri: uri.clone(), cell: cell.clone() })
                && tell(Happening::RunAdvanced {
                    run,
                    ended: count(ended),
                    of: count(now.parts().len()),
                    message: render::progress(&now),
                })
        } else {
            tell(Happening::OutputGrew { uri: uri.clone(), cell: cell.clone() })
        };
        // Not before its turn has come: a run that is dropped has no local part either.
        if was_sent(&now)
            && let Some(params) = local.take()
        {
            heard = heard && tell(Happening::LocalPart(params));
        }
        if now.is_over() && !std::mem::replace(&mut over, true) {
            heard = heard && tell(Happening::RunEnded { run, summary: summary(&now) });
        }
        let ticks = now.state() == RunState::Running;
        drop(now);
        if !heard || !next(&mut view, ticks).await {
            return;
        }
    }
}

/// Waits for news of a run; `ticks`: a second that has passed is news, since its time is shown. `false` where there will be
/// none any more.
async fn next(view: &mut watch::Receiver<Arc<Run>>, ticks: bool) -> bool {
    if !ticks {
        return view.changed().await.is_ok();
    }
    !matches!(timeout(TICK, view.changed()).await, Ok(Err(_)))
}

/// Whether anything of the run was sent to an engine.
fn was_sent(run: &Run) -> bool {
    run.parts()
        .any(|part| !matches!(part.phase, Phase::Queued | Phase::Ended(Ending::Lost(LostReason::NotSent(_)))))
}

/// Tells of the run that a `%pxresult` shows, as something of that line, until nothing more can come of it.
async fn follow_recalled(document: DocumentKey, recalled: Recalled, to: mpsc::UnboundedSender<Happening>) {
    let (uri, cell) = (Uri::from(&*document.0), cell_id(recalled.cell));
    let mut view = recalled.run.view.clone();
    drop(recalled);
    let mut seen = None;
    loop {
        let state = view.borrow_and_update().state();
        let (uri, cell) = (uri.clone(), cell.clone());
        let happening = if seen.replace(state) == Some(state) {
            Happening::OutputGrew { uri, cell }
        } else {
            Happening::StateChanged { uri, cell }
        };
        let heard = to.send(happening).is_ok();
        if !heard || !next(&mut view, state == RunState::Running).await {
            return;
        }
    }
}

fn summary(run: &Run) -> String {
    render::outcome(run)
}

fn ranks(handle: &RunHandle) -> String {
    handle.engines.iter().copied().collect::<crate::engines::RankSet>().to_string()
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn severity(level: Level) -> MessageType {
    match level {
        Level::Info => MessageType::Info,
        Level::Warning => MessageType::Warning,
        Level::Error => MessageType::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{self, RunRequest, Time};

    #[tokio::test(start_paused = true)]
    async fn a_second_that_has_passed_is_news_only_while_a_run_goes_on() {
        let request = RunRequest { code: "1".into(), engines: Vec::new(), single: false };
        let run = Arc::new(Run::new(run::RunId(1), Arc::new(request), Time(0)));
        let (sender, mut view) = watch::channel(run.clone());
        let begun = tokio::time::Instant::now();
        assert!(next(&mut view, true).await);
        assert_eq!(begun.elapsed(), TICK);
        let waiting = timeout(100 * TICK, next(&mut view, false)).await;
        assert!(waiting.is_err(), "it waits for the next change");
        sender.send_replace(run);
        assert!(next(&mut view, false).await);
        drop(sender);
        assert!(!next(&mut view, true).await);
    }
}
