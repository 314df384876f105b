//! Finds the Python that runs controllers and engines: the project's own, or one in a private environment.
//!
//! Candidates are tried in the order flag, `$VIRTUAL_ENV`, `.venv`, conda, `PATH`; the first that works is the project's
//! Python. A `.venv` that other users can have put there or changed is passed over: any folder above the project may be
//! shared, and a Python that is tried out runs. Its package metadata says whether it has ipyparallel; nothing of the project is imported.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

mod private;
mod probe;

pub(crate) use private::{is_private, private_env};
use probe::{ProbeError, probe};

use super::process;
use crate::ownership::{self, Foreign};

/// Where a Python was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PythonSource {
    /// Named by the user: `--python`, or the setting `pxlens.python`.
    Flag,
    /// `$VIRTUAL_ENV`.
    VirtualEnv,
    /// `.venv` in the folder or one above it.
    DotVenv,
    /// `$CONDA_PREFIX`.
    Conda,
    /// `python3` or `python` on `PATH`.
    Path,
    /// The private environment of pxlens.
    Private,
}

impl fmt::Display for PythonSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "named by you",
            Self::VirtualEnv => "$VIRTUAL_ENV",
            Self::DotVenv => ".venv",
            Self::Conda => "$CONDA_PREFIX",
            Self::Path => "on PATH",
            Self::Private => "the private environment of pxlens",
        })
    }
}

/// A working Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PythonEnv {
    /// The absolute path of the program.
    pub program: PathBuf,
    /// Where it was found.
    pub source: PythonSource,
    /// Its version, e.g. `3.13.1`.
    pub version: String,
    /// The version of its ipyparallel, if installed.
    pub ipyparallel: Option<String>,
    /// The version of its ipykernel, if installed.
    pub ipykernel: Option<String>,
    /// The version of its matplotlib, if installed; the demo plots with it.
    pub matplotlib: Option<String>,
    /// Which candidates before it did not work, as a sentence for the user.
    pub note: Option<String>,
}

/// Why there is no usable Python.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PythonError {
    /// None was found.
    #[error(
        "no Python was found: there is no active environment, no .venv, and no python3 on PATH; install Python 3.11 or later, or choose one with --python or the setting pxlens.python{skipped}"
    )]
    NotFound {
        /// The candidates that did not work: empty, or a continuation of the sentence.
        skipped: String,
    },
    /// The one that was named does not work.
    #[error("the Python {} cannot be used: {why}; choose another with --python or the setting pxlens.python", program.display())]
    DoesNotRun {
        /// The program that was named.
        program: PathBuf,
        /// What happened.
        why: String,
    },
    /// The one that was named lacks ipyparallel.
    #[error("the Python {} has no ipyparallel; install it with `{} -m pip install ipyparallel`, or leave the choice to pxlens, which then uses a private environment", .0.display(), .0.display())]
    NoIpyparallel(PathBuf),
    /// No Python is new enough for the private environment.
    #[error("the private environment of pxlens needs Python 3.11 or later, and {} is {version}; install a newer Python, or install ipyparallel into this one", program.display())]
    TooOld {
        /// The newest that was found.
        program: PathBuf,
        /// The version of that Python.
        version: String,
    },
    /// Neither venv nor pip works with this Python.
    #[error("{} cannot create environments: its ensurepip is missing and there is no pip; install both (on Debian and Ubuntu: `sudo apt install python3-venv`) and try again", .0.display())]
    NoPip(PathBuf),
    /// The Python that was found lacks ipyparallel, and there is no private environment either.
    #[error(
        "{} has no ipyparallel, and pxlens could not make an environment that has it. Install it with `{} -m pip install ipyparallel`, or choose another Python with --python or the setting pxlens.python. Details: {why}",
        found.display(), found.display()
    )]
    NoPrivateEnv {
        /// The Python that was found.
        found: PathBuf,
        /// What happened.
        why: Box<PythonError>,
    },
    /// A step of creating the private environment failed.
    #[error("pxlens could not {step}{}", output_of(output))]
    Failed {
        /// What was being done.
        step: String,
        /// The last lines that the tool wrote, or the system's error.
        output: String,
    },
}

fn output_of(output: &str) -> String {
    match output {
        "" => String::new(),
        output if output.contains('\n') => format!(":\n{output}"),
        output => format!(": {output}"),
    }
}

/// Where to look for a Python: the environment variables, and the project's folder.
struct PythonSearch<'a> {
    variable: &'a (dyn Fn(&str) -> Option<OsString> + Sync),
    folder: &'a Path,
}

/// A Python that may be the project's.
struct Candidate {
    program: PathBuf,
    source: PythonSource,
    /// Why it is not run unless the user names it.
    foreign: Option<Foreign>,
}

impl Candidate {
    /// One that the user's own environment names.
    fn chosen(program: PathBuf, source: PythonSource) -> Self {
        Self { program, source, foreign: None }
    }

    /// Runs it, or says why it is not usable.
    async fn try_out(&self) -> Result<PythonEnv, String> {
        match &self.foreign {
            Some(why) => {
                Err(format!("{why}; if you trust it, choose it with --python or the setting pxlens.python"))
            }
            None => probe(&self.program, self.source).await.map_err(|error| error.to_string()),
        }
    }
}

impl PythonSearch<'_> {
    /// The programs that exist, in the order in which they are tried.
    fn candidates(&self) -> Vec<Candidate> {
        let prefix = |name: &str| (self.variable)(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let mut found = Vec::new();
        if let Some(folder) = prefix("VIRTUAL_ENV") {
            found.push(Candidate::chosen(program_in(&folder), PythonSource::VirtualEnv));
        }
        found.extend(self.dot_venvs());
        if let Some(folder) = prefix("CONDA_PREFIX") {
            found.push(Candidate::chosen(conda_program_in(&folder), PythonSource::Conda));
        }
        for name in ["python3", "python"] {
            found.extend(self.on_path(name).map(|program| Candidate::chosen(program, PythonSource::Path)));
        }
        found.retain(|candidate| process::is_program(&candidate.program));
        found
    }

    /// The nearest `.venv` that nobody else can have put there, and those that are nearer.
    fn dot_venvs(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        for environment in self.folder.ancestors().map(|folder| folder.join(".venv")) {
            let program = program_in(&environment);
            if !process::is_program(&program) {
                continue;
            }
            let foreign = ownership::check_environment(&environment, &program).err();
            let is_usable = foreign.is_none();
            found.push(Candidate { program, source: PythonSource::DotVenv, foreign });
            if is_usable {
                break;
            }
        }
        found
    }

    /// The first program of this name on `PATH`.
    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = (self.variable)("PATH")?;
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        let mut programs =
            env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(&file));
        programs.find(|program| process::is_program(program))
    }
}

/// Runs a module in a folder as `python -m` does, but never takes one from there: a `json.py` or `random.py` would be run
/// in place of Python's own. `-P` does not say as much, and only from Python 3.11 on: an empty entry in `PYTHONPATH` means
/// the working folder too, so this starts in another.
const RUN_MODULE: &str = r#"
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import os, runpy
os.chdir(sys.argv.pop(1))
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"#;

impl PythonEnv {
    /// A command that runs a module in a folder, without importing anything from there.
    pub(crate) fn run_module(&self, module: &str, folder: &Path) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command
            .args(["-c", RUN_MODULE.trim()])
            .arg(folder)
            .arg(module)
            .current_dir(process::neutral_folder());
        command
    }
}

/// The Python of a virtual environment.
fn program_in(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join("python.exe")
    } else {
        environment.join("bin").join("python")
    }
}

fn conda_program_in(environment: &Path) -> PathBuf {
    if cfg!(windows) { environment.join("python.exe") } else { program_in(environment) }
}

/// The Python for a folder. One that was named must work and have ipyparallel. Otherwise the first that works is used, with
/// or without ipyparallel (see [`private_env`]).
pub(crate) async fn find_python(explicit: Option<&Path>, folder: &Path) -> Result<PythonEnv, PythonError> {
    let variable = |name: &str| env::var_os(name);
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    find_in(explicit, &PythonSearch { variable: &variable, folder: &folder }).await
}

/// As [`find_python`], but with the private environment if the Python that was found has no ipyparallel. `warn` is told of that
/// before it is created, which takes minutes.
pub(crate) async fn ready_python(
    explicit: Option<&Path>,
    folder: &Path,
    warn: impl Fn(&str) + Send + Sync,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    let found = find_python(explicit, folder).await?;
    say_note(&found, &say);
    if found.ipyparallel.is_some() {
        return Ok(found);
    }
    let program = found.program.display();
    warn(&format!(
        "{program} ({}) has no ipyparallel. Engines run in a private environment, which does not have your project's packages. \
         To run them with {program}, install ipyparallel with `{program} -m pip install ipyparallel`, or choose another Python \
         with --python or the setting pxlens.python; then stop the cluster and run again.",
        found.source
    ));
    let ready = private_env(&found, say).await;
    ready.map_err(|why| PythonError::NoPrivateEnv { found: found.program, why: Box::new(why) })
}

/// A Python for the demo, which plots: one that was named is used as it is, others need matplotlib.
pub(crate) async fn ready_python_for_demo(
    explicit: Option<&Path>,
    folder: &Path,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    let found = find_python(explicit, folder).await?;
    if found.ipyparallel.is_some() && (found.matplotlib.is_some() || explicit.is_some()) {
        say_note(&found, &say);
        return Ok(found);
    }
    say_note(&found, &say);
    say(&format!(
        "{} ({}) has no {}; using a private environment, which does not have your project's packages",
        found.program.display(),
        found.source,
        if found.ipyparallel.is_none() { "ipyparallel" } else { "matplotlib" },
    ));
    private_env(&found, say).await
}

fn say_note(found: &PythonEnv, say: impl Fn(&str) + Send + Sync) {
    if let Some(note) = &found.note {
        say(note);
    }
}

async fn find_in(explicit: Option<&Path>, search: &PythonSearch<'_>) -> Result<PythonEnv, PythonError> {
    if let Some(program) = explicit {
        return named(program, search).await;
    }
    let mut skipped = Vec::new();
    for candidate in search.candidates() {
        match candidate.try_out().await {
            Ok(env) if skipped.is_empty() => return Ok(env),
            Ok(env) => return Ok(PythonEnv { note: Some(skipped.join("; ")), ..env }),
            Err(why) => {
                skipped.push(format!(
                    "skipped {} ({}): {why}",
                    candidate.program.display(),
                    candidate.source
                ));
            }
        }
    }
    let skipped: String = skipped.iter().map(|why| format!("; {why}")).collect();
    Err(PythonError::NotFound { skipped })
}

/// The Python that the user named: a program, a name on `PATH`, or the folder of an environment.
async fn named(program: &Path, search: &PythonSearch<'_>) -> Result<PythonEnv, PythonError> {
    let is_bare_name = program.components().count() == 1 && !program.exists();
    let program = match program.to_str().filter(|_| is_bare_name).and_then(|name| search.on_path(name)) {
        Some(program) => program,
        None => std::path::absolute(program).unwrap_or_else(|_| program.to_owned()),
    };
    let program = if program.is_dir() { program_in(&program) } else { program };
    let does_not_run =
        |why: ProbeError| PythonError::DoesNotRun { program: program.clone(), why: why.to_string() };
    let env = probe(&program, PythonSource::Flag).await.map_err(does_not_run)?;
    if env.ipyparallel.is_none() {
        return Err(PythonError::NoIpyparallel(program));
    }
    Ok(env)
}

#[cfg(all(test, unix))]
mod tests;
