//! The shell's face: `pxlens run`, `cells`, `result`, `clusters`, `start`, `stop`, `engines`, `console`, `demo`.
//!
//! Parses flags, asks the session, and writes to the terminal. Lays nothing out by itself: that is `render`'s.

mod args;
pub mod cells;
mod clusters;
mod console;
mod demo;
mod engines;
mod file;
mod follow;
mod images;
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

/// How a command ended, as the shell is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All well.
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

/// A command that could not do its work: the sentence, and the exit status that goes with it.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(crate) struct Failure {
    status: Status,
    sentence: String,
    /// The reader of our output has gone (`pxlens run … | head`): nothing failed, there is nobody to tell.
    unheard: bool,
}

impl Failure {
    fn new(status: Status, sentence: impl ToString) -> Self {
        Self { status, sentence: sentence.to_string(), unheard: false }
    }
}

/// What concerns clusters is status 3.
fn no_cluster(error: impl std::error::Error) -> Failure {
    Failure::new(Status::NoCluster, error)
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let unheard = error.kind() == io::ErrorKind::BrokenPipe;
        Self { unheard, ..Self::new(Status::Usage, format!("the output could not be written: {error}")) }
    }
}

/// Runs a command of the shell's face to its end. A failure is one sentence on stderr.
pub async fn main(command: Command) -> ExitCode {
    let ended = match command {
        Command::Run(args) => run::run(args).await,
        Command::Cells(args) => cells_of(&args),
        Command::Result(args) => result::result(&args),
        Command::Clusters(args) => clusters::clusters(&args),
        Command::Start(args) => start::start(args).await,
        Command::Stop(args) => stop::stop(&args).await,
        Command::Engines(args) => engines::engines(args).await,
        Command::Console(args) => console::console(args).await,
        Command::Demo(args) => demo::demo(args).await,
        Command::Lsp(_) => unreachable!("main hands this to the other face"),
    };
    match ended {
        Ok(status) => status.into(),
        Err(failure) if failure.unheard => Status::Ok.into(),
        Err(failure) => {
            // With stderr closed there is nobody left to tell.
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
