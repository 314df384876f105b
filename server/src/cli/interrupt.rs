//! `pxlens interrupt`: stops what engines work on, also what an earlier window left running. What somebody else's client sent
//! is stopped only after asking.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::{Failure, Status, args::InterruptArgs, no_cluster, output::say, print};
use crate::{
    cluster::{ClientError, InterruptReport, RunName, Whose},
    engines::{Activity, EngineId, RankSet, Targets},
    session::{About, ClusterView, OthersInterruptError, Session, SessionEvent, StartPolicy},
    streams::{Stream, Text},
    text::Encoding,
};

/// How long engines may take until they are past what they were signalled for.
const REACTION: Duration = Duration::from_secs(5);

/// Interrupts engines of the running cluster. Starts no cluster.
pub(super) async fn interrupt(args: InterruptArgs) -> Result<Status, Failure> {
    let settings = args.cluster.settings();
    let (session, events) = Session::start(settings, Encoding::Utf8, true, false);
    let outcome = interrupt_in(&session, events, &args).await;
    session.shutdown().await;
    outcome
}

async fn interrupt_in(
    session: &Session,
    mut events: mpsc::UnboundedReceiver<SessionEvent>,
    args: &InterruptArgs,
) -> Result<Status, Failure> {
    let cluster = session.connect(StartPolicy::Never).await.map_err(no_cluster)?;
    let chosen = chosen(args, &cluster)?;
    let mut whose = match &args.run {
        Some(run) => Whose::Run(RunName::from(&**run)),
        None if args.yes && !args.mine => Whose::Anybody,
        None => Whose::Mine,
    };
    let may_ask = args.run.is_none() && !args.mine && !args.yes;
    let signal = args.signal.as_deref();
    let stop = |whose: Whose, engines: &RankSet| {
        let engines = engines.clone();
        async move { session.interrupt_others(whose, Some(engines), signal).await.map_err(failed) }
    };
    let mut report = stop(whose.clone(), &chosen).await?;
    if may_ask && !report.left_alone.is_empty() && consents(&report.left_alone).await? {
        whose = Whose::Anybody;
        let others = stop(whose.clone(), &report.left_alone).await?;
        report.merge(others);
    }
    let working = still_working(session, &mut events, &whose, &report.signalled).await;
    let left = Left { may_ask, run: args.run.as_deref() };
    let mut text = Vec::new();
    write_report(&mut text, &chosen, &report, &working, &left)?;
    print(&String::from_utf8_lossy(&text))?;
    Ok(left.status(&report, &working))
}

/// The engines that the flags name.
fn chosen(args: &InterruptArgs, cluster: &ClusterView) -> Result<RankSet, Failure> {
    let ids = cluster.engines.ids();
    let Some(text) = &args.engines else { return Ok(ids.into_iter().collect()) };
    let usage = |error: String| Failure::new(Status::Usage, format!("--engines: {error}"));
    let targets = Targets::parse_flag(text).map_err(|error| usage(error.to_string()))?;
    let resolved = targets.resolve(&ids).map_err(|error| usage(error.to_string()))?;
    Ok(resolved.engines.into_iter().collect())
}

fn failed(error: OthersInterruptError) -> Failure {
    let status = match error {
        OthersInterruptError::Client(ClientError::SignalRefused { .. }) => Status::Usage,
        _ => Status::NoCluster,
    };
    Failure::new(status, error)
}

/// Asks the user whether engines that work for another client are interrupted too. Without a terminal nobody can answer.
async fn consents(engines: &RankSet) -> io::Result<bool> {
    if !io::stdin().is_terminal() || !Stream::Stderr.is_terminal() {
        return Ok(false);
    }
    let question = match engines.len() {
        1 => format!("Engine {engines} works for another client. Interrupt it too?"),
        _ => format!("Engines {engines} work for another client. Interrupt them too?"),
    };
    Stream::Stderr.write(Text::Words(&format!("{question} [y/N] ")))?;
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    Ok(matches!(answer.await.map_err(io::Error::other)??.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Waits until engines are past what they were signalled for, and returns those that are not in time.
async fn still_working(
    session: &Session,
    events: &mut mpsc::UnboundedReceiver<SessionEvent>,
    whose: &Whose,
    signalled: &RankSet,
) -> RankSet {
    let until = Instant::now() + REACTION;
    loop {
        let connection = session.snapshot(About::Nothing).await.connection;
        // Engines that were lost work on nothing.
        let Some(cluster) = connection.cluster() else { return RankSet::default() };
        let works = |engine: &EngineId| match cluster.activities.of(*engine) {
            Activity::Busy(request) => whose.covers(&cluster.origins.of(request)),
            Activity::Idle | Activity::Unknown => false,
        };
        let working: RankSet = signalled.iter().filter(works).collect();
        if working.is_empty() {
            return working;
        }
        match timeout_at(until, events.recv()).await {
            Ok(Some(SessionEvent::Say(level, text))) => say(level, &text),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return working,
        }
    }
}

/// How what was left alone is spoken of.
struct Left<'a> {
    /// Whether `--yes` would have included it.
    may_ask: bool,
    /// The only run that was meant.
    run: Option<&'a str>,
}

impl Left<'_> {
    fn status(&self, report: &InterruptReport, working: &RankSet) -> Status {
        let unknown_run = self.run.is_some() && report.signalled.is_empty() && report.aborted.is_empty();
        if !report.unanswered.is_empty() || !working.is_empty() {
            Status::EngineFailed
        } else if unknown_run || (self.may_ask && !report.left_alone.is_empty()) {
            Status::Usage
        } else {
            Status::Ok
        }
    }
}

/// Says what became of each engine that was chosen.
fn write_report(
    out: &mut impl Write,
    chosen: &RankSet,
    report: &InterruptReport,
    working: &RankSet,
    left: &Left<'_>,
) -> io::Result<()> {
    let mut say = |engines: &RankSet, what: &str| match engines.len() {
        0 => Ok(()),
        1 => writeln!(out, "Engine {engines} {what}"),
        _ => writeln!(out, "Engines {engines} {what}"),
    };
    let stopped: RankSet = report.signalled.iter().filter(|id| !working.contains(*id)).collect();
    say(&stopped, "signalled: stopped")?;
    say(
        working,
        "signalled: still at work, perhaps in native code; try again with --signal SIGTERM or SIGKILL, which end the engine",
    )?;
    say(&report.aborted, "had requests waiting, which were dropped")?;
    say(&report.unanswered, "did not answer in time; try again, or stop the cluster with `pxlens stop`")?;
    match left.run {
        Some(run) => {
            let other: RankSet = report.left_alone.iter().chain(report.left_mine.iter()).collect();
            say(&other, &format!("left alone: at work on something else than run {run}"))?;
        }
        None if left.may_ask => {
            say(&report.left_alone, "left alone: at work for another client; --yes interrupts them too")?;
        }
        None => say(&report.left_alone, "left alone: at work for another client")?,
    }
    let idle: RankSet = chosen.iter().filter(|id| !report.names(*id)).collect();
    say(&idle, "had nothing to do")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn ranks(ids: &[u32]) -> RankSet {
        ids.iter().copied().map(EngineId).collect()
    }

    fn check(report: &InterruptReport, working: &[u32], left: &Left<'_>, status: Status, expected: Expect) {
        let mut out = Vec::new();
        let working = ranks(working);
        write_report(&mut out, &ranks(&[0, 1, 2, 3, 4, 5, 6]), report, &working, left)
            .expect("it is a vector");
        expected.assert_eq(&String::from_utf8(out).expect("it is text"));
        assert_eq!(left.status(report, &working), status);
    }

    #[test]
    fn the_report_names_each_engine_once() {
        let report = InterruptReport {
            signalled: ranks(&[0, 1]),
            aborted: ranks(&[2]),
            unanswered: ranks(&[3]),
            left_alone: ranks(&[4]),
            left_mine: ranks(&[]),
        };
        let left = Left { may_ask: true, run: None };
        check(
            &report,
            &[1],
            &left,
            Status::EngineFailed,
            expect![[r#"
                Engine [0] signalled: stopped
                Engine [1] signalled: still at work, perhaps in native code; try again with --signal SIGTERM or SIGKILL, which end the engine
                Engine [2] had requests waiting, which were dropped
                Engine [3] did not answer in time; try again, or stop the cluster with `pxlens stop`
                Engine [4] left alone: at work for another client; --yes interrupts them too
                Engines [5-6] had nothing to do
            "#]],
        );
    }

    #[test]
    fn work_of_others_is_no_failure_where_only_ones_own_was_meant() {
        let report = InterruptReport { left_alone: ranks(&[0]), ..InterruptReport::default() };
        let mine = Left { may_ask: false, run: None };
        check(
            &report,
            &[],
            &mine,
            Status::Ok,
            expect![[r#"
                Engine [0] left alone: at work for another client
                Engines [1-6] had nothing to do
            "#]],
        );
        let asked = Left { may_ask: true, run: None };
        assert_eq!(asked.status(&report, &RankSet::default()), Status::Usage);
    }

    #[test]
    fn a_run_that_no_engine_works_on_is_a_wrong_name() {
        let report =
            InterruptReport { left_alone: ranks(&[0]), left_mine: ranks(&[1]), ..InterruptReport::default() };
        check(
            &report,
            &[],
            &Left { may_ask: false, run: Some("3f2a91c4-7") },
            Status::Usage,
            expect![[r#"
                Engines [0-1] left alone: at work on something else than run 3f2a91c4-7
                Engines [2-6] had nothing to do
            "#]],
        );
    }
}
