//! `cargo xtask`: the one entry for checks, code generation and benchmarks, the same here and in CI.

#![allow(clippy::print_stdout, reason = "a program for people at a terminal, which prints what it does")]

mod clients;
mod codegen;
mod node;
mod picture;
mod python;
mod steps;
mod tidy;
mod vscode;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use steps::{Steps, cargo};

/// Checks, code generation and benchmarks of pxlens.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run everything: tidiness, format, generated files, clippy, the Python of the tests, all tests, the VS Code extension.
    Test {
        /// Goes to `cargo test` behind `--workspace`, e.g. `-- --test-threads=1`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Check what no compiler does: layout, file sizes, paths, lock files, licences.
    Tidy,
    /// Make the Python environment of the tests under target/python, unless it is there.
    Python,
    /// Write the files that are generated from the protocol's types.
    Codegen {
        /// Write nothing; fail where a file is not what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Run the demo, and draw what it prints as docs/demo.svg.
    Picture,
    /// Try the server as plain LSP clients use it, on real engines: pytest-lsp, and a real Emacs.
    Clients,
    /// Check the VS Code extension, and try it in a real VS Code on real engines.
    Vscode {
        /// How often the UI tests run, one line each.
        #[arg(long, default_value_t = 1)]
        times: u32,
    },
    /// Pack the VS Code extension for this platform, with the server inside, into target/dist.
    Dist,
    /// Run the benchmarks, built for release.
    Bench {
        /// Goes to the benchmark program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let root = root();
    let result = match Arguments::parse().task {
        Task::Test { arguments } => test(&root, &arguments),
        Task::Tidy => tidy::check(&root),
        Task::Python => python::ensure(&root).map(|python| println!("{}", python.display())),
        Task::Codegen { check } => codegen::run(&root, generated(), check),
        Task::Picture => picture::draw(&root),
        Task::Clients => test_clients(&root),
        Task::Vscode { times } => test_extension(&root, times),
        Task::Dist => vscode::dist(&root),
        Task::Bench { arguments } => bench(&root, &arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn test(root: &Path, arguments: &[String]) -> Result<()> {
    let mut steps = Steps::default();
    steps.run("tidy", || tidy::check(root));
    steps.run("format", || cargo(root, &["fmt", "--all", "--check"]).run());
    steps.run("generated files", || codegen::run(root, generated(), true));
    steps.run("clippy", || {
        cargo(root, &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]).run()
    });
    let mut interpreter = None;
    steps.run("Python of the tests", || {
        interpreter = Some(python::ensure(root)?);
        Ok(())
    });
    steps.run("tests", || {
        let mut test = cargo(root, &["test", "--workspace", "--no-fail-fast"]);
        test.arguments(arguments);
        if let Some(python) = &interpreter {
            test.env("PXLENS_TEST_PYTHON", python);
        }
        test.env("PXLENS_TEST_MESSAGES", clients::empty_folder(root, clients::END_TO_END)?);
        test.run()
    });
    steps.run("messages of the tests", || clients::check(root, clients::END_TO_END));
    clients::steps(root, &mut steps);
    steps.run("VS Code extension", || vscode::check(root));
    // Not steady yet since lines are painted at the end of their cells: a status that stays busy, a line that is not stale.
    steps.skip("VS Code extension in VS Code", "run it by `cargo xtask vscode`");
    steps.sum_up("cargo xtask test")
}

fn test_clients(root: &Path) -> Result<()> {
    let mut steps = Steps::default();
    clients::steps(root, &mut steps);
    steps.sum_up("cargo xtask clients")
}

fn test_extension(root: &Path, times: u32) -> Result<()> {
    let mut steps = Steps::default();
    let python = python::ensure(root)?;
    const UI: &str = "VS Code extension in VS Code";
    steps.run("VS Code extension", || vscode::check(root));
    match vscode::lacking() {
        Some(why) if !vscode::is_ci() => steps.skip(UI, &why),
        Some(why) => steps.run(UI, || bail!("{why}")),
        None => {
            for _ in 0..times {
                steps.run(UI, || vscode::ui_tests(root, &python));
            }
        }
    }
    steps.sum_up("cargo xtask vscode")
}

fn bench(root: &Path, arguments: &[String]) -> Result<()> {
    let python = python::ensure(root)?;
    // The server is measured as a process of its own.
    cargo(root, &["build", "--release", "--package", "pxlens", "--bin", "pxlens"]).run()?;
    let mut bench = cargo(root, &["run", "--release", "--package", "pxlens-bench", "--"]);
    bench.arguments(arguments).env("PXLENS_TEST_PYTHON", &python);
    bench.run()
}

/// Path below the workspace and content of every generated file.
fn generated() -> Vec<(String, String)> {
    pxlens_protocol::generate()
}

/// The top level of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies one folder below the workspace")
        .to_owned()
}
