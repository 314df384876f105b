//! Benchmarks of pxlens. Each compares side by side in one run, and prints what it measured and on what.
#![allow(clippy::print_stdout, reason = "figures are what a benchmark is for")]

mod cpu;
mod fold;
mod notebook;
mod round_trip;
mod servers;
mod skeleton;
mod soak;
mod typing;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures pxlens; without a command, everything.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Another server's binary, to be measured beside the one built here: by `notebook`, `round-trip` and `typing`
    #[arg(long, global = true, value_name = "PATH")]
    against: Option<PathBuf>,
    /// Cells of the largest notebook that the other server is measured with
    #[arg(long, global = true, value_name = "CELLS", default_value_t = 200)]
    against_up_to: usize,
}

#[derive(Subcommand)]
enum Command {
    /// Everything, one after the other
    All,
    /// Grouping the output of 1,000 engines, from scratch and after each chunk
    Fold,
    /// CPU of the language server for a request per cell, and for one typed character, in notebooks of up to 1,600 cells
    Notebook,
    /// From the click on a lens to the final output, beside ipyparallel and a bare client, for 1, 4, 8 and 16 engines
    RoundTrip,
    /// Memory of the language server while 16 engines write 100,000 lines each
    Skeleton,
    /// 10,000 runs while engines die, connections break and the controller restarts: nothing lost, and memory stays flat
    Soak,
    /// CPU of the language server for one typed character, and for all lenses, in a script of 100,000 lines
    Typing,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Args { command, against, against_up_to } = Args::parse();
    let against = against.as_deref();
    match command.unwrap_or(Command::All) {
        Command::All => {
            fold::measure()?;
            typing::measure(against).await?;
            notebook::measure(against, against_up_to).await?;
            skeleton::measure().await?;
            round_trip::measure(against).await
        }
        Command::Fold => fold::measure(),
        Command::Notebook => notebook::measure(against, against_up_to).await,
        Command::RoundTrip => round_trip::measure(against).await,
        Command::Typing => typing::measure(against).await,
        Command::Skeleton => skeleton::measure().await,
        Command::Soak => soak::measure().await,
    }
}
