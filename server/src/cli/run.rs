//! `pxlens run FILE`: the px cells of a file, in order, on a cluster; their output as text or as JSON.

use std::{path::Path, time::Duration};

use tokio::{sync::mpsc, time::timeout};

use super::{
    Failure, Status,
    args::RunArgs,
    file::SourceFile,
    follow::Show,
    output::{Form, Screen},
    quit::Quits,
};
use crate::{
    engines::Targets,
    lint::{
        AUTOMAGIC, CONDITIONAL, NO_END_OF_AUTOPX, OWN_MAGIC, Problem, Rule, SWITCHED_OFF, Severity,
        UNREAD_CLUSTER, fails,
    },
    plan::{Overrides, Refusal, plan},
    session::{
        CellView, ClusterView, DocumentKey, DocumentView, Level, NotRun, NotRunKind, Owner, RunCommand,
        RunError, RunResponse, Scope, Session, SessionEvent, StartPolicy, Starting,
    },
    text::Encoding,
};

/// How long to wait for the last messages of a session.
const LAST_MESSAGES: Duration = Duration::from_secs(1);

/// Runs the px cells of `args.file`.
pub(super) async fn run(args: RunArgs) -> Result<Status, Failure> {
    let file = SourceFile::read(&args.file)?;
    run_source(file, args, &mut Quits::listen()).await
}

/// Runs the px cells of a file that was read already, until its end or until pxlens is asked to end.
pub(super) async fn run_source(
    file: SourceFile,
    args: RunArgs,
    quits: &mut Quits,
) -> Result<Status, Failure> {
    let overrides =
        Overrides { targets: args.targets.as_deref().map(parse_targets).transpose()?, block: None };
    let settings = args.settings(file.folder.clone()).map_err(usage)?;
    let (session, notices) = Session::start(settings, Encoding::Utf8, true, false);
    let printing = tokio::spawn(print_messages(notices));
    let outcome = run_in(&session, &file, &args, overrides, quits).await;
    tokio::select! {
        biased;
        // A cluster that was started for this run ends with this process.
        () = quits.insisted() => return outcome,
        // Stops that cluster, and waits until it is gone.
        () = session.shutdown() => {}
    }
    // Work that was interrupted may still hold the other end of the channel.
    let _ = timeout(LAST_MESSAGES, printing).await;
    outcome
}

async fn run_in(
    session: &Session,
    file: &SourceFile,
    args: &RunArgs,
    overrides: Overrides,
    quits: &mut Quits,
) -> Result<Status, Failure> {
    // Absolute, since results that are kept under it are listed from any folder.
    let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
    let key = DocumentKey::from(&*path.to_string_lossy());
    session.open(key.clone(), file.dialect, 0, file.text.clone());
    let snapshot = session.snapshot(&key).await;
    let view = snapshot.document().ok_or_else(ended)?;
    if let Some(why) = &view.unreadable {
        return Err(Failure::new(Status::Usage, format!("{}: {why}", file.label)));
    }
    let whole_file = args.cell.is_none() && args.line.is_none();
    if whole_file
        && !args.keep_going
        && let Some(error) = refusal(view, &overrides)
    {
        return Err(refused(file, error));
    }
    let Some(scope) = scope_of(view, args).map_err(|why| usage(format!("{}: {why}", file.label)))? else {
        super::output::say(Level::Info, &format!("{} has no px cells, so nothing was run", file.label));
        for rule in [&AUTOMAGIC, &OWN_MAGIC] {
            say_once(file, view, args, rule);
        }
        return Ok(Status::Ok);
    };
    if let Some(folder) = &args.images {
        // Fails now rather than at the end of a long run.
        make_folder(folder)?;
    }
    if let Some(warning) = unread_cluster(view, args) {
        super::output::say(Level::Warning, &format!("{}: {warning}", file.label));
    }
    let start = StartPolicy::Attached;
    let keep_going = args.keep_going;
    let (document, canary) = (key.clone(), args.canary);
    let ask = RunCommand { document, scope, overrides, only: None, canary, keep_going, start };
    let asked = tokio::select! {
        asked = session.run(ask) => asked.map_err(|error| refused(file, error))?,
        quit = quits.asked() => {
            super::output::say(Level::Info, &format!("{} before anything was run", quit.cause()));
            return Ok(Status::Quit(quit));
        }
    };
    // This snapshot knows what each `%pxresult` shows.
    let snapshot = session.snapshot(&key).await;
    let view = snapshot.document().ok_or_else(ended)?;
    if let Some(note) = snapshot.connection.cluster().and_then(|cluster| ignored_flags(args, cluster)) {
        super::output::say(Level::Info, &note);
    }
    for warning in warnings(view, &asked, whole_file).iter().filter(|_| !args.plain) {
        super::output::say(Level::Warning, &format!("{}: {warning}", file.label));
    }
    for rule in [&SWITCHED_OFF, &AUTOMAGIC, &OWN_MAGIC] {
        say_once(file, view, args, rule);
    }
    for note in local_parts(&asked).iter().filter(|_| !args.plain) {
        super::output::say(Level::Info, &format!("{}: {note}", file.label));
    }
    let form = match (args.json, args.plain) {
        (true, _) => Form::Json,
        (_, true) => Form::Plain,
        _ => Form::Grouped,
    };
    let screen = Screen::new(form, args.group_by, args.images.clone(), file.name(), view.clone());
    let keep_going = args.keep_going;
    let show = Show { session, snapshot: &snapshot, asked: &asked, screen, quits, keep_going, whole_file };
    show.all().await
}

/// Says the first hint of a kind: there are lines that people may expect to run.
fn say_once(file: &SourceFile, view: &DocumentView, args: &RunArgs, rule: &Rule) {
    let first = view.problems.iter().find(|problem| problem.rule == rule).filter(|_| !args.plain);
    if let Some(problem) = first {
        let line = view.line_name(problem.range.start);
        super::output::say(Level::Info, &format!("{}: {line}: {}", file.label, problem.message));
    }
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| usage(format!("--images: {} cannot be created: {error}", folder.display())))
}

/// What is wrong first in a file, whatever the engines are: a cell that cannot run, or a line at which IPython fails. Reported
/// before anything runs, not after hours of work.
fn refusal(view: &DocumentView, overrides: &Overrides) -> Option<RunError> {
    let mut run = view.cells.iter().filter(|cell| cell.cell.suite.is_none());
    let cell = run.find_map(|cell| match plan(&cell.cell, overrides) {
        Err(Refusal::Cell(why)) => Some((cell, why)),
        _ => None,
    });
    let problem = view.problems.iter().find(|problem| fails(problem));
    let at = |cell: &CellView| cell.cell.magic_range().start;
    match (cell, problem) {
        (Some((cell, why)), problem) if problem.is_none_or(|problem| at(cell) < problem.range.start) => {
            Some(RunError::Refused { place_name: view.place_of(cell), why })
        }
        (_, Some(problem)) => {
            let place = view.line_name(problem.range.start);
            Some(RunError::Refused { place_name: place, why: problem.message.clone() })
        }
        _ => None,
    }
}

/// The warnings about the cells that run, show a result, or set something: they may not do what was meant.
fn warnings(view: &DocumentView, asked: &RunResponse, whole_file: bool) -> Vec<String> {
    let runs = |at: usize| {
        let of = |cell: &CellView| {
            let sets = |not_run: &NotRun| not_run.kind == NotRunKind::RunsNothing && not_run.cell == cell.id;
            asked.runs.iter().any(|handle| handle.cell == cell.id)
                || asked.shown_results.iter().any(|shown| shown.cell == cell.id)
                || asked.not_run.iter().any(sets)
        };
        view.cells
            .iter()
            .any(|cell| of(cell) && (cell.cell.range().start..=cell.cell.range().end).contains(&at))
    };
    // Somebody who asks for such a line by itself knows what it stands in.
    let is_reported = |problem: &Problem| {
        let is_said = [&CONDITIONAL, &UNREAD_CLUSTER].contains(&problem.rule);
        problem.severity == Severity::Warning && !is_said
    };
    // Where a file is run all the same, it decides about the cells below it.
    let is_lost = |problem: &Problem| whole_file && *problem.rule == NO_END_OF_AUTOPX;
    let is_warning =
        |problem: &&Problem| is_lost(problem) || (is_reported(problem) && runs(problem.range.start));
    let sentence =
        |problem: &Problem| format!("{}: {}", view.line_name(problem.range.start), problem.message);
    view.problems.iter().filter(is_warning).map(sentence).collect()
}

/// The first line of which nobody can tell which cluster it asks for, unless a flag names the cluster.
fn unread_cluster(view: &DocumentView, args: &RunArgs) -> Option<String> {
    if args.cluster.selection().is_explicit() {
        return None;
    }
    let problem = view.problems.iter().find(|problem| *problem.rule == UNREAD_CLUSTER)?;
    Some(format!("{}: {}", view.line_name(problem.range.start), problem.message))
}

/// A note for each `--local` cell: in a shell there is no local Python that could run its local part.
fn local_parts(asked: &RunResponse) -> Vec<String> {
    let wanting = asked.runs.iter().filter(|handle| handle.plan.local);
    wanting.map(|handle| format!("{}: --local: local part not run", handle.place_name)).collect()
}

/// A note about flags for starting a cluster, if one was already running.
fn ignored_flags(args: &RunArgs, cluster: &ClusterView) -> Option<String> {
    let flags: Vec<&str> = [(args.local.n.is_some(), "-n"), (args.local.python.is_some(), "--python")]
        .into_iter()
        .filter_map(|(given, flag)| given.then_some(flag))
        .collect();
    let running = cluster.owner != Owner::Session;
    (running && !flags.is_empty()).then(|| {
        let (flags, name) = (flags.join(" and "), cluster.name());
        format!("{flags} ignored: the cluster {name} was already running")
    })
}

async fn print_messages(mut notices: mpsc::UnboundedReceiver<SessionEvent>) {
    while let Some(notice) = notices.recv().await {
        match notice {
            SessionEvent::Say(level, text) => super::output::say(level, &text),
            SessionEvent::Starting(Starting::Step(text) | Starting::Ready(text)) => {
                super::output::say(Level::Info, &text);
            }
            _ => {}
        }
    }
}

/// The cells that the flags choose; `None` for a whole file without px cells.
fn scope_of(view: &DocumentView, args: &RunArgs) -> Result<Option<Scope>, String> {
    let count = view.cells.len();
    let has = match count {
        1 => "the file has 1".to_owned(),
        _ => format!("the file has {count}"),
    };
    let holds = |wanted: &dyn Fn(&CellView) -> bool| {
        view.cells.iter().find(|cell| wanted(cell)).map(|cell| Some(Scope::Cell(cell.id)))
    };
    match (args.cell, args.line) {
        (Some(number), _) => holds(&|cell| cell.cell.ordinal + 1 == number)
            .ok_or_else(|| format!("there is no px cell {number}; {has} (see `pxlens cells`)")),
        (None, Some(line)) => holds(&|cell| (cell.line + 1..=cell.last_line + 1).contains(&line))
            .ok_or_else(|| format!("there is no px cell at line {line}; {has} (see `pxlens cells`)")),
        (None, None) => Ok((count > 0).then_some(Scope::All)),
    }
}

fn parse_targets(text: &str) -> Result<Targets, Failure> {
    Targets::parse_flag(text).map_err(|error| Failure::new(Status::Usage, format!("--targets: {error}")))
}

fn refused(file: &SourceFile, error: RunError) -> Failure {
    let status = match error {
        RunError::Cluster(_) | RunError::Ended | RunError::Bug => Status::NoCluster,
        _ => Status::Usage,
    };
    match error {
        RunError::Refused { .. } | RunError::Targets { .. } | RunError::NoCell(_) => {
            Failure::new(status, format!("{}: {error}", file.label))
        }
        other => Failure::new(status, other),
    }
}

fn ended() -> Failure {
    Failure::new(Status::NoCluster, RunError::Ended)
}

fn usage(message: String) -> Failure {
    Failure::new(Status::Usage, message)
}

#[cfg(test)]
mod tests;
