//! `pxlens console N`: an ordinary Jupyter front end on one engine.
//!
//! Binds the engine's kernel, writes its connection file, and becomes the front end of the project's Python. If that Python
//! has no front end, it prints the command to run and what to install.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use tokio::sync::mpsc;

use super::{Failure, Quit, Status, args::ConsoleArgs, no_cluster, output::say, print, quit::Quits};
use crate::{
    cluster::{
        Console, ConsoleError,
        console::FrontEnd,
        process,
        python::{self, PythonEnv},
    },
    engines::EngineId,
    session::{ConsoleRequestError, Level, Session, SessionEvent, StartPolicy},
    signals::EndSignal,
    text::Encoding,
};

/// Opens a console on an engine of the running cluster. Starts no cluster.
pub(super) async fn console(args: ConsoleArgs) -> Result<Status, Failure> {
    let front_end = if args.qtconsole { FrontEnd::QtConsole } else { FrontEnd::Console };
    let settings = args.cluster.settings();
    let (session, notices) = Session::start(settings, Encoding::Utf8, true, false);
    let printing = tokio::spawn(print_messages(notices));
    session.connect(StartPolicy::Never).await.map_err(no_cluster)?;
    let mut quits = Quits::listen();
    let opened = session.console(EngineId(args.engine), None, async { _ = quits.asked().await }).await;
    // The engine's kernel stays bound; nothing of this process is needed for it.
    session.shutdown().await;
    printing.abort();
    let console = opened.map_err(|error| refused(error, quits.why()))?;
    if let Some(note) = console.note() {
        say(Level::Info, &note);
    }
    if args.print {
        print(&format!("{}\n", console.command_line(front_end)))?;
        return Ok(Status::Ok);
    }
    let folder = std::env::current_dir()?;
    match python::find_python(args.python.as_deref(), &folder).await {
        Ok(python) if has(&python.program, front_end) => {
            become_front_end(&python, front_end, &console, &folder)
        }
        found => {
            let hint = match found {
                Ok(python) => {
                    let (python, packages) = (python.program.display().to_string(), front_end.packages());
                    format!(
                        "{python} has no {}; install it with `{python} -m pip install {packages}`, or run this command where it is installed:",
                        front_end.module()
                    )
                }
                Err(error) => format!("{error}; run this command where {} is installed:", front_end.module()),
            };
            say(Level::Warning, &hint);
            print(&format!("{}\n", console.command_line(front_end)))?;
            Ok(Status::Ok)
        }
    }
}

async fn print_messages(mut notices: mpsc::UnboundedReceiver<SessionEvent>) {
    while let Some(notice) = notices.recv().await {
        match notice {
            SessionEvent::Say(level, text) => say(level, &text),
            SessionEvent::ConsoleWaits(text) => {
                say(Level::Info, &format!("{text} (press Ctrl-C to give up)"));
            }
            _ => {}
        }
    }
}

fn refused(error: ConsoleRequestError, quit: Option<Quit>) -> Failure {
    let status = match &error {
        ConsoleRequestError::Engine(ConsoleError::GivenUp(_)) => {
            Status::Quit(quit.unwrap_or(Quit::Signal(EndSignal::Interrupt)))
        }
        ConsoleRequestError::Engine(ConsoleError::NoEngine { .. }) => Status::Usage,
        ConsoleRequestError::Engine(ConsoleError::Raised { .. } | ConsoleError::NoInfo(_)) => {
            Status::EngineFailed
        }
        _ => Status::NoCluster,
    };
    Failure::new(status, error)
}

/// Whether a Python has a front end. Does not import it, and runs outside the project's folder.
fn has(python: &Path, front_end: FrontEnd) -> bool {
    let script =
        format!("import importlib.util as u, sys; sys.exit(u.find_spec('{}') is None)", front_end.module());
    let asked = Command::new(python)
        .args(["-c", &script])
        .current_dir(process::neutral_folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// Replaces this process by the front end.
fn become_front_end(
    python: &PythonEnv,
    front_end: FrontEnd,
    console: &Console,
    folder: &Path,
) -> Result<Status, Failure> {
    let mut command = python.run_module(front_end.module(), folder);
    command.args(console.arguments());
    let not_started = |error: io::Error| {
        let program = python.program.display();
        Failure::new(Status::Usage, format!("{program} -m {} cannot be started: {error}", front_end.module()))
    };
    #[cfg(unix)]
    return Err(not_started(std::os::unix::process::CommandExt::exec(&mut command)));
    #[cfg(not(unix))]
    match command.status() {
        Ok(status) if status.success() => Ok(Status::Ok),
        Ok(status) => Err(not_started(io::Error::other(status.to_string()))),
        Err(error) => Err(not_started(error)),
    }
}
