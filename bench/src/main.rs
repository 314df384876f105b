//! Benchmarks of pxlens. Each compares side by side in one run, and prints what it measured and on what.
#![allow(clippy::print_stdout, reason = "figures are what a benchmark is for")]

mod fold;
mod pxlens_client;
mod round_trip;
mod skeleton;
mod typing;

use clap::{Parser, Subcommand};

/// Measures pxlens; without a command, everything.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Everything, one after the other
    All,
    /// Grouping the output of 1,000 engines, from scratch and after each chunk
    Fold,
    /// Round trip of `1+1` through pxlens and through ipyparallel, for 1, 4 and 8 engines
    RoundTrip,
    /// Memory of the language server while 16 engines write 100,000 lines each
    Skeleton,
    /// CPU of the language server for one typed character, and for all lenses, in a script of 100,000 lines
    Typing,
    /// The pxlens side of the round trip: reads "rounds N" lines from stdin
    #[command(hide = true)]
    PxlensClient {
        /// The cluster's connection file
        connection_file: std::path::PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Args::parse().command.unwrap_or(Command::All) {
        Command::All => {
            fold::measure()?;
            typing::measure().await?;
            skeleton::measure().await?;
            round_trip::measure().await
        }
        Command::Fold => fold::measure(),
        Command::RoundTrip => round_trip::measure().await,
        Command::Typing => typing::measure().await,
        Command::Skeleton => skeleton::measure().await,
        Command::PxlensClient { connection_file } => pxlens_client::serve(&connection_file).await,
    }
}
