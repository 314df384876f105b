//! `cargo xtask`: the one entry for checks, code generation and benchmarks, the same here and in CI.

#![allow(clippy::print_stdout, reason = "a program for people at a terminal, which prints what it does")]

mod clients;
mod codegen;
mod fuzz;
mod lua;
mod node;
mod notices;
mod nvim;
mod picture;
mod python;
mod requirements;
mod steps;
mod tidy;
mod upstream;
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
    /// Run everything: tidiness, format, generated files, clippy, the Python of the tests, all tests, some fuzzing, the VS Code extension.
    ///
    /// With `--fast`: tidiness, format, clippy, the Lua code, and the unit tests of the crates, without clusters and editors.
    Test {
        /// Only what needs no cluster and no editor; about three minutes once all is built.
        #[arg(long)]
        fast: bool,
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
    /// Pin the packages of the private environment, with the hashes of their files; needs uv and a network.
    Requirements {
        /// Write nothing and download nothing; fail if a package is not pinned as it should be.
        #[arg(long)]
        check: bool,
    },
    /// Write the notices of the libraries that are part of what is handed out.
    Notices {
        /// Write nothing; fail if the libraries are not those of the lock files.
        #[arg(long)]
        check: bool,
    },
    /// Run the demo, and draw what it prints as docs/demo.svg.
    Picture,
    /// Try the server as plain LSP clients use it, on real engines: pytest-lsp, and a real Emacs.
    Clients,
    /// Run ipyparallel's own tests of its magics with pxlens in place of them.
    Upstream,
    /// Check the VS Code extension, and try it in a real VS Code on real engines.
    Vscode {
        /// Run only the test files with this in their names, e.g. `trust`.
        #[arg(default_value = "")]
        pattern: String,
        /// How often the UI tests run, one line each.
        #[arg(long, default_value_t = 1)]
        times: u32,
        /// Take what they saw as the pictures in the documentation.
        #[arg(long)]
        picture: bool,
    },
    /// Try the Neovim plugin in a real Neovim on real engines.
    Nvim {
        /// Only the tests of which the name holds this.
        only: Option<String>,
        /// Draw what a terminal showed as docs/nvim.svg.
        #[arg(long)]
        picture: bool,
    },
    /// Pack the VS Code extension for this platform, with the server inside, into target/packages.
    Dist,
    /// Look for input that pxlens does not take, with cargo-fuzz; needs a C++ compiler.
    Fuzz {
        /// One of those in `fuzz/targets`, instead of all.
        target: Option<String>,
        /// How long each target runs, built with optimizations; otherwise ten seconds, of a build that is sooner done.
        #[arg(long)]
        minutes: Option<f64>,
    },
    /// Run the benchmarks, built as users get pxlens, and `painting`: frames of VS Code while somebody types.
    Bench {
        /// Goes to the benchmark program, but for `painting`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let root = root();
    let result = match Arguments::parse().task {
        Task::Test { fast: true, arguments } => test_fast(&root, &arguments),
        Task::Test { fast: false, arguments } => test(&root, &arguments),
        Task::Tidy => tidy::check(&root),
        Task::Python => python::ensure(&root).map(|python| println!("{}", python.display())),
        Task::Codegen { check } => codegen::run(&root, generated(), check),
        Task::Requirements { check: true } => requirements::check(&root),
        Task::Requirements { check: false } => requirements::write(&root),
        Task::Notices { check: true } => notices::check(&root),
        Task::Notices { check: false } => notices::write(&root),
        Task::Picture => picture::draw(&root),
        Task::Vscode { pattern, times, picture } => test_extension(&root, &pattern, times, picture),
        Task::Nvim { only, picture } => nvim::run(&root, only.as_deref(), picture),
        Task::Clients => test_clients(&root),
        Task::Upstream => test_upstream(&root),
        Task::Fuzz { target, minutes } => fuzz::fuzz(&root, target.as_deref(), minutes),
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

/// The crates whose unit tests start no cluster and no editor.
const UNIT_TESTED: [&str; 3] = ["pxlens", "pxlens-protocol", "xtask"];

fn test_fast(root: &Path, arguments: &[String]) -> Result<()> {
    let mut steps = Steps::default();
    static_steps(root, &mut steps);
    steps.run("unit tests", || {
        // Some of them start engines of a made-up cluster with it.
        let interpreter = python::ensure(root)?;
        let mut test = cargo(root, &["test", "--quiet", "--no-fail-fast", "--lib", "--bins"]);
        test.env("PXLENS_TEST_PYTHON", interpreter);
        test.arguments(&UNIT_TESTED.map(|name| format!("--package={name}"))).arguments(arguments).run()
    });
    steps.sum_up("cargo xtask test --fast")
}

/// What is checked without running the program.
fn static_steps(root: &Path, steps: &mut Steps) {
    steps.run("tidy", || tidy::check(root));
    steps.run("pinned packages", || requirements::check(root));
    steps.run("notices", || notices::check(root));
    steps.run("format", || cargo(root, &["fmt", "--all", "--check"]).run());
    steps.run("generated files", || codegen::run(root, generated(), true));
    steps.run("clippy", || {
        cargo(root, &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]).run()
    });
    steps.run("Lua", || lua::check(root));
}

fn test(root: &Path, arguments: &[String]) -> Result<()> {
    let mut steps = Steps::default();
    static_steps(root, &mut steps);
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
    const MESSAGES: &str = "messages of the tests";
    match arguments {
        [] => drop(steps.run(MESSAGES, || clients::check(root, clients::END_TO_END))),
        _ => steps.skip(MESSAGES, "only some tests ran, perhaps none that speaks LSP"),
    }
    fuzz::step(root, &mut steps);
    upstream::step(root, &mut steps);
    clients::steps(root, &mut steps);
    extension_steps(root, &mut steps, interpreter.as_deref(), "", 1);
    nvim::step(root, &mut steps, None);
    steps.sum_up("cargo xtask test")
}

fn test_clients(root: &Path) -> Result<()> {
    let mut steps = Steps::default();
    clients::steps(root, &mut steps);
    steps.sum_up("cargo xtask clients")
}

fn test_upstream(root: &Path) -> Result<()> {
    let mut steps = Steps::default();
    upstream::step(root, &mut steps);
    steps.sum_up("cargo xtask upstream")
}

fn test_extension(root: &Path, pattern: &str, times: u32, picture: bool) -> Result<()> {
    let mut steps = Steps::default();
    let python = python::ensure(root)?;
    extension_steps(root, &mut steps, Some(&python), pattern, times);
    if picture {
        steps.run("pictures", || vscode::keep_pictures(root));
    }
    steps.sum_up("cargo xtask vscode")
}

fn extension_steps(root: &Path, steps: &mut Steps, python: Option<&Path>, pattern: &str, times: u32) {
    const UI: &str = "VS Code extension in VS Code";
    steps.run("VS Code extension", || vscode::check(root));
    match (vscode::lacking(), python) {
        (Some(why), _) if !vscode::is_ci() => steps.skip(UI, &why),
        (Some(why), _) => drop(steps.run(UI, || bail!("{why}"))),
        (None, None) => drop(steps.run(UI, || bail!("no Python to start engines with"))),
        (None, Some(python)) => {
            let mut tests = None;
            steps.run("what the UI tests run in", || {
                tests = Some(vscode::UiTests::prepare(root, python, pattern)?);
                Ok(())
            });
            let Some(tests) = tests else { return };
            if times == 1 {
                steps.run_steadily(UI, || tests.run(root));
                return;
            }
            let runs: Vec<String> = (1..=times)
                .map(|run| format!("{run} of {times}: {}", steps.run(UI, || tests.run(root))))
                .collect();
            println!("{UI}, run by run:\n{}\n", runs.join("\n"));
        }
    }
}

fn bench(root: &Path, arguments: &[String]) -> Result<()> {
    let python = python::ensure(root)?;
    let only_painting = arguments == ["painting"];
    if !only_painting {
        bench_program(root, &python, arguments)?;
    }
    if only_painting || arguments.is_empty() || arguments == ["all"] {
        match vscode::lacking() {
            Some(why) => println!("painting: SKIPPED: {why}"),
            None => vscode::UiTests::prepare(root, &python, "")?.bench_painting(root)?,
        }
    }
    Ok(())
}

fn bench_program(root: &Path, python: &Path, arguments: &[String]) -> Result<()> {
    // The server is measured as a process of its own.
    vscode::built_for_users(root)?;
    let mut bench = cargo(root, &["run", "--profile", vscode::PROFILE, "--package", "pxlens-bench", "--"]);
    bench.arguments(arguments).env("PXLENS_TEST_PYTHON", python);
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
