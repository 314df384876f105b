//! The binary: reads the command line, sets up the log, and hands over to one of the two faces.

use std::{io::IsTerminal, process::ExitCode};

use clap::{CommandFactory, Parser};
use pxlens::{
    cli::{self, Args, Command, LspArgs},
    lsp, memory,
};

fn main() -> ExitCode {
    memory::share_between_threads();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(said) => return cli::explain(&said),
    };
    let Some(command) = args.command.or_else(|| default_command(args.lsp)) else {
        return Args::command().print_help().map_or(ExitCode::from(2), |()| ExitCode::from(2));
    };
    pxlens::log::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("Cannot start the async runtime: {error}");
            return ExitCode::FAILURE;
        }
    };

    match command {
        Command::Lsp(_) => {
            let code = runtime.block_on(async { lsp::serve_stdio().await });
            // Reading stdin blocks a thread that nobody can stop.
            runtime.shutdown_background();
            code
        }
        command => runtime.block_on(cli::main(command)),
    }
}

/// A client that starts the bare binary with pipes wants LSP; a person at a terminal wants help.
fn default_command(lsp: LspArgs) -> Option<Command> {
    (lsp.stdio || !std::io::stdin().is_terminal()).then_some(Command::Lsp(lsp))
}
