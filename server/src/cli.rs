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
mod file;
mod follow;
mod images;
mod interrupt;
mod interrupts;
#[cfg(test)]
mod json_page;
mod output;
mod result;
mod run;
mod start;
mod stop;

use std::{
    io::{self, Write},
    process::ExitCode,
};

pub use args::{Args, Command, LspArgs};

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
    /// Ctrl-C.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Ok => 0,
            Status::EngineFailed => 1,
            Status::Usage => 2,
            Status::NoCluster => 3,
            Status::Interrupted => 130,
        })
    }
}

/// Why a command failed, and its exit status.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    status: Status,
    message: String,
    /// The reader of stdout has gone (`pxlens run … | head`), which is no failure.
    is_broken_pipe: bool,
}

impl Failure {
    fn new(status: Status, message: impl ToString) -> Self {
        Self { status, message: in_shell(&message.to_string()), is_broken_pipe: false }
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
        let is_broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self {
            is_broken_pipe,
            ..Self::new(Status::Usage, format!("the output could not be written: {error}"))
        }
    }
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
        Err(failure) if failure.is_broken_pipe => Status::Ok.into(),
        Err(failure) => {
            // If stderr is closed, nobody reads it.
            let _ = writeln!(io::stderr(), "pxlens: {failure}");
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
    cells::report(&file.label, &found, &problems, &file.text, args.json, &mut io::stdout().lock())?;
    Ok(Status::Ok)
}
