//! The shell's face: `pxlens run`, `cells`, `result`, `clusters`, `start`, `stop`, `engines`, `interrupt`, `console`,
//! `demo`.
//!
//! Parses flags, asks the session, and writes to the terminal. The layout of outputs is `render`'s.

mod args;
mod cells;
mod clusters;
mod console;
mod demo;
mod engines;
mod failures;
mod file;
mod follow;
mod images;
mod interrupt;
#[cfg(test)]
mod json_page;
mod output;
mod quit;
mod result;
mod run;
mod start;
mod stop;

use std::{io, process::ExitCode};

pub use args::{Args, Command, LspArgs};
pub use quit::Quit;

use crate::streams::{Stream, Text};

/// How a command ended, as an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Success.
    Ok,
    /// An engine raised, aborted or died.
    EngineFailed,
    /// Wrong usage: flags, a cell or targets that do not exist, a file that cannot be read.
    Usage,
    /// No cluster, or it was lost.
    NoCluster,
    /// pxlens was asked to end before its work was done.
    Quit(Quit),
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Ok => 0,
            Status::EngineFailed => 1,
            Status::Usage => 2,
            Status::NoCluster => 3,
            Status::Quit(quit) => quit.exit_status(),
        })
    }
}

/// Why a command failed, and its exit status.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    status: Status,
    message: String,
}

impl Failure {
    fn new(status: Status, message: impl ToString) -> Self {
        Self { status, message: in_shell(&message.to_string()) }
    }
}

/// A sentence that tells an editor's user of a setting, with the flag that does the same in the shell.
fn in_shell(text: &str) -> String {
    text.replace("the setting pxlens.views", "the flag --view, as in --view _even=::2")
}

/// A failure of the cluster.
fn no_cluster(error: impl std::error::Error) -> Failure {
    Failure::new(Status::NoCluster, error)
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let has_no_reader = error.kind() == io::ErrorKind::BrokenPipe;
        let status = if has_no_reader { Status::Quit(Quit::Unread) } else { Status::Usage };
        Self::new(status, format!("the output could not be written: {error}"))
    }
}

/// Prints what clap says of a command line: help, or what is wrong with it.
pub fn explain(said: &clap::Error) -> ExitCode {
    let text = said.render();
    // If nobody reads it, there is nothing else to do.
    let _ = match said.use_stderr() {
        // It quotes the command line, which may hold anything.
        true => Stream::Stderr.write(Text::Words(&text.to_string())),
        false if Stream::Stdout.takes_color() => {
            Stream::Stdout.write(Text::Colored(&text.ansi().to_string()))
        }
        false => Stream::Stdout.write(Text::Words(&text.to_string())),
    };
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2))
}

/// Writes a result for people to stdout.
fn print(text: &str) -> Result<(), Failure> {
    Ok(Stream::Stdout.write(Text::Words(text))?)
}

/// Writes JSON to stdout.
fn print_json(text: &str) -> Result<(), Failure> {
    Ok(Stream::Stdout.write(Text::Json(text))?)
}

/// Runs a command of the shell's face to its end. A failure is one sentence on stderr, after `pxlens: `.
pub async fn main(command: Command) -> ExitCode {
    let ended = match command {
        Command::Run(args) => run::run(args).await,
        Command::Cells(args) => cells_of(&args),
        Command::Result(args) => result::result(&args),
        Command::Clusters(args) => clusters::clusters(&args),
        Command::Start(args) => start::start(args).await,
        Command::Stop(args) => stop::stop(&args).await,
        Command::Engines(args) => engines::engines(args).await,
        Command::Interrupt(args) => interrupt::interrupt(args).await,
        Command::Console(args) => console::console(args).await,
        Command::Demo(args) => demo::demo(args).await,
        Command::Lsp(_) => unreachable!("main hands this to the other face"),
    };
    match ended {
        Ok(status) => status.into(),
        Err(failure) => {
            // Programs that lose their reader end without a word.
            if failure.status != Status::Quit(Quit::Unread) {
                // If stderr is closed, nobody reads it.
                let _ = Stream::Stderr.write(Text::Words(&format!("pxlens: {failure}\n")));
            }
            failure.status.into()
        }
    }
}

fn cells_of(args: &args::CellsArgs) -> Result<Status, Failure> {
    let file = file::SourceFile::read(&args.file)?;
    let views = args::views(&args.views).map_err(|why| Failure::new(Status::Usage, why))?;
    let is_ipy = args.file.extension().is_some_and(|extension| extension == "ipy");
    let format = args::format(args.format.as_deref()).map_err(|why| Failure::new(Status::Usage, why))?;
    let wanted = crate::cells::Wanted { format, is_ipy };
    let (found, problems) = crate::lint::recognize_as(&file.text, file.dialect, wanted, &views)
        .map_err(|error| Failure::new(Status::Usage, format!("{}: {error}", file.label)))?;
    let mut report = Vec::new();
    cells::report(&file.label, &found, &problems, &file.text, args.json, &mut report)?;
    let report = String::from_utf8_lossy(&report);
    if args.json {
        print_json(&report)?
    } else {
        print(&report)?
    }
    Ok(Status::Ok)
}
