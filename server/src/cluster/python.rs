//! Finding the Python that runs controllers and engines: the project's own, or one in a private environment.
//!
//! Candidates are looked up in the order flag, `$VIRTUAL_ENV`, `.venv`, conda, `PATH`; the first that runs is the
//! project's Python. Whether it has ipyparallel is asked of its package metadata; nothing of the project is imported.

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

mod private;
mod probe;

pub use private::private_env;
use probe::{ProbeError, probe};

use super::process;

/// Where a Python was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PythonSource {
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
            Self::Private => "private environment of pxlens",
        })
    }
}

/// A Python that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonEnv {
    /// The program, absolute.
    pub program: PathBuf,
    /// Where it was found.
    pub source: PythonSource,
    /// Its version, e.g. `3.13.1`.
    pub version: String,
    /// The version of ipyparallel it has.
    pub ipyparallel: Option<String>,
    /// The version of ipykernel it has.
    pub ipykernel: Option<String>,
    /// The version of matplotlib it has; the demo plots with it.
    pub matplotlib: Option<String>,
    /// What was passed over on the way to it: a sentence for the user.
    pub note: Option<String>,
}

/// Why there is no usable Python.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// There is none.
    #[error(
        "no Python was found: there is no active environment, no .venv, and no python3 on PATH; install Python 3.11 or later, or name one with --python{passed_over}"
    )]
    NotFound {
        /// Candidates that did not run: empty, or a continuation of the sentence.
        passed_over: String,
    },
    /// The one that was named does not run.
    #[error("the Python {} cannot be used: {why}", program.display())]
    DoesNotRun {
        /// What was named.
        program: PathBuf,
        /// What happened.
        why: String,
    },
    /// The one that was named lacks ipyparallel.
    #[error("the Python {} has no ipyparallel; install it with `{} -m pip install ipyparallel`, or leave the Python out and pxlens will use an environment of its own", .0.display(), .0.display())]
    NoIpyparallel(PathBuf),
    /// No Python is new enough for the private environment.
    #[error("the Python {} is version {version}, and pxlens' own environment needs 3.11 or later; install a newer Python, or install ipyparallel into this one and name it with --python", program.display())]
    TooOld {
        /// The newest that was found.
        program: PathBuf,
        /// Its version.
        version: String,
    },
    /// Neither venv nor pip works with this Python.
    #[error("{} cannot make environments: its ensurepip is missing and there is no pip; install both (on Debian and Ubuntu: `sudo apt install python3-venv`) and try again", .0.display())]
    NoPip(PathBuf),
    /// Making the private environment failed.
    #[error("pxlens could not {step}{}", output_of(output))]
    Failed {
        /// What was being done.
        step: String,
        /// The last lines that the tool wrote.
        output: String,
    },
}

fn output_of(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("; the last lines said:\n{output}") }
}

/// The environment variables that decide, and the folder one works in.
struct Surroundings<'a> {
    variable: &'a (dyn Fn(&str) -> Option<OsString> + Sync),
    folder: &'a Path,
}

impl Surroundings<'_> {
    /// The Pythons that are there, in the order in which they are asked.
    fn candidates(&self) -> Vec<(PathBuf, PythonSource)> {
        let prefix = |name: &str| (self.variable)(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let mut found = Vec::new();
        if let Some(folder) = prefix("VIRTUAL_ENV") {
            found.push((program_in(&folder), PythonSource::VirtualEnv));
        }
        let above = self.folder.ancestors().map(|folder| program_in(&folder.join(".venv")));
        found.extend(
            above.filter(|program| process::is_program(program)).take(1).map(|p| (p, PythonSource::DotVenv)),
        );
        if let Some(folder) = prefix("CONDA_PREFIX") {
            found.push((conda_program_in(&folder), PythonSource::Conda));
        }
        for name in ["python3", "python"] {
            found.extend(self.on_path(name).map(|program| (program, PythonSource::Path)));
        }
        found.retain(|(program, _)| process::is_program(program));
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

/// The program of a virtual environment.
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

/// The Python for a folder. One that was named must run and have ipyparallel; of the others the first that runs is
/// taken, with or without it (then see [`private_env`]).
pub async fn find_python(explicit: Option<&Path>, folder: &Path) -> Result<PythonEnv, PythonError> {
    let variable = |name: &str| env::var_os(name);
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    find_in(explicit, &Surroundings { variable: &variable, folder: &folder }).await
}

/// [`find_python`], and the private environment where what was found has no ipyparallel.
pub async fn ready_python(
    explicit: Option<&Path>,
    folder: &Path,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    let found = find_python(explicit, folder).await?;
    if found.ipyparallel.is_some() {
        say_note(&found, &say);
        return Ok(found);
    }
    instead_of(&found, "ipyparallel", say).await
}

/// A Python that also plots, for the demo: one that was named is taken as it is, others need matplotlib.
pub async fn ready_python_for_demo(
    explicit: Option<&Path>,
    folder: &Path,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    let found = find_python(explicit, folder).await?;
    if found.ipyparallel.is_some() && (found.matplotlib.is_some() || explicit.is_some()) {
        say_note(&found, &say);
        return Ok(found);
    }
    let lacks = if found.ipyparallel.is_none() { "ipyparallel" } else { "matplotlib" };
    instead_of(&found, lacks, say).await
}

fn say_note(found: &PythonEnv, say: impl Fn(&str) + Send + Sync) {
    if let Some(note) = &found.note {
        say(note);
    }
}

async fn instead_of(
    found: &PythonEnv,
    lacks: &str,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    say_note(found, &say);
    say(&format!(
        "{} ({}) has no {lacks}; using an environment of pxlens' own, without your project's packages",
        found.program.display(),
        found.source
    ));
    private_env(found, say).await
}

async fn find_in(explicit: Option<&Path>, around: &Surroundings<'_>) -> Result<PythonEnv, PythonError> {
    if let Some(program) = explicit {
        return named(program, around).await;
    }
    let mut passed_over = Vec::new();
    for (program, source) in around.candidates() {
        match probe(&program, source).await {
            Ok(env) if passed_over.is_empty() => return Ok(env),
            Ok(env) => return Ok(PythonEnv { note: Some(passed_over.join("; ")), ..env }),
            Err(why) => passed_over.push(format!("passed over {} ({source}): {why}", program.display())),
        }
    }
    let passed_over: String = passed_over.iter().map(|why| format!("; {why}")).collect();
    Err(PythonError::NotFound { passed_over })
}

/// The Python that the user named: a program, a name on `PATH`, or the folder of an environment.
async fn named(program: &Path, around: &Surroundings<'_>) -> Result<PythonEnv, PythonError> {
    let is_bare_name = program.components().count() == 1 && !program.exists();
    let program = match program.to_str().filter(|_| is_bare_name).and_then(|name| around.on_path(name)) {
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
