//! Steps of a task: each announced, each run though an earlier one failed, summed up in one last line.

use std::{
    ffi::OsStr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// The steps that ran so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: usize,
    failed: Vec<&'static str>,
    skipped: Vec<&'static str>,
    /// Steps that failed, and passed when they were tried once more.
    unsteady: Vec<&'static str>,
    spent: Duration,
}

impl Steps {
    /// Runs one step, says how it went, and gives that in a few words.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) -> String {
        println!("==> {name}");
        let start = Instant::now();
        let result = step();
        let spent = start.elapsed();
        self.done += 1;
        self.spent += spent;
        let how = match result {
            Ok(()) => format!("ok ({:.1} s)", spent.as_secs_f32()),
            Err(error) => {
                self.failed.push(name);
                format!("FAILED: {error:#}")
            }
        };
        println!("==> {name}: {how}\n");
        how
    }

    /// Runs a step with a whole editor in it, a second time where it fails: a window that got no processor for a while is no
    /// fault of what is tested. What passed only then is named in the last line.
    pub(crate) fn run_steadily(&mut self, name: &'static str, step: impl Fn() -> Result<()>) -> String {
        let mut is_second = false;
        let how = self.run(name, || {
            step().or_else(|error| {
                println!("==> {name}: FAILED: {error:#}\n==> {name}: once more\n");
                is_second = true;
                step()
            })
        });
        if is_second && self.failed.last() != Some(&name) {
            self.unsteady.push(name);
        }
        how
    }

    /// Passes over a step that cannot run on this machine, loudly.
    pub(crate) fn skip(&mut self, name: &'static str, why: &str) {
        println!("==> {name}: SKIPPED: {why}\n");
        self.skipped.push(name);
    }

    /// The last line, and whether all went well.
    pub(crate) fn sum_up(self, task: &str) -> Result<()> {
        let Self { done, failed, skipped, unsteady, spent } = self;
        let skipped =
            if skipped.is_empty() { String::new() } else { format!("; SKIPPED: {}", skipped.join(", ")) };
        let unsteady = if unsteady.is_empty() {
            String::new()
        } else {
            format!("; {} PASSED ONLY WHEN TRIED AGAIN: {}", unsteady.len(), unsteady.join(", "))
        };
        if !failed.is_empty() {
            let count = failed.len();
            bail!("{task}: {count} of {done} steps failed: {}{skipped}{unsteady}", failed.join(", "));
        }
        println!("{task}: all {done} steps passed in {:.0} s{skipped}{unsteady}", spent.as_secs_f32());
        Ok(())
    }
}

/// A program to run in the workspace, its output shown.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

/// Cargo with these arguments.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Program {
    let name = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = program(root, name);
    cargo.shown = "cargo".to_owned();
    cargo.arguments(arguments);
    cargo
}

/// A program by name or path.
pub(crate) fn program(root: &Path, name: impl AsRef<OsStr>) -> Program {
    let mut command = Command::new(name.as_ref());
    command.current_dir(root);
    Program { shown: name.as_ref().to_string_lossy().into_owned(), command }
}

impl Program {
    /// Where it runs, instead of the workspace.
    pub(crate) fn folder(&mut self, folder: &Path) -> &mut Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn arguments(&mut self, arguments: &[impl AsRef<str>]) -> &mut Self {
        for argument in arguments.iter().map(AsRef::as_ref) {
            self.command.arg(argument);
            self.shown.push(' ');
            self.shown.push_str(argument);
        }
        self
    }

    pub(crate) fn path(&mut self, path: &Path) -> &mut Self {
        self.command.arg(path);
        self.shown.push(' ');
        self.shown.push_str(&path.display().to_string());
        self
    }

    pub(crate) fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self
    }

    /// Runs it, showing the command line first.
    pub(crate) fn run(&mut self) -> Result<()> {
        println!("  $ {}", self.shown);
        let status = self.command.status().with_context(|| format!("cannot start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown);
        }
        Ok(())
    }

    /// Whether it runs and ends well, without showing anything.
    pub(crate) fn succeeds(&mut self) -> bool {
        self.command.output().is_ok_and(|output| output.status.success())
    }

    /// Its standard output.
    pub(crate) fn output(&mut self) -> Result<String> {
        let output = self.command.output().with_context(|| format!("cannot start `{}`", self.shown))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` ended with {}: {stderr}", self.shown, output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", self.shown))
    }
}
