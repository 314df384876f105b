//! Asking a Python what it is and what it has, without importing anything of the project.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::Deserialize;
use tokio::process::Command;

use super::{PythonEnv, PythonSource};

/// How long an answer may take: an environment on a slow network file system may need seconds.
const LIMIT: Duration = Duration::from_secs(20);

const QUESTION: &str = "
import json, sys
def version(name):
    try:
        from importlib.metadata import version
        return version(name)
    except Exception:
        return None
print(json.dumps({
    'program': sys.executable,
    'version': '%d.%d.%d' % sys.version_info[:3],
    'ipyparallel': version('ipyparallel'),
    'ipykernel': version('ipykernel'),
    'matplotlib': version('matplotlib'),
}))
";

#[derive(Deserialize)]
struct Answer {
    program: Option<PathBuf>,
    version: String,
    ipyparallel: Option<String>,
    ipykernel: Option<String>,
    matplotlib: Option<String>,
}

/// Why a program did not answer as Python does.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    #[error("it does not run ({0})")]
    NotRun(#[from] io::Error),
    #[error("it did not answer within {} s", LIMIT.as_secs())]
    TooSlow,
    #[error("it does not answer as Python does ({0})")]
    NoAnswer(String),
}

/// Runs the program once. The folder it runs in holds nothing that could be imported.
pub(super) async fn probe(program: &Path, source: PythonSource) -> Result<PythonEnv, ProbeError> {
    let mut command = Command::new(program);
    command.args(["-c", QUESTION]).current_dir(if cfg!(windows) { "\\" } else { "/" });
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await.map_err(|_| ProbeError::TooSlow)??;
    // Start-up files may print before the answer.
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().rev().find_map(|line| serde_json::from_str::<Answer>(line).ok());
    let Some(answer) = answer.filter(|_| output.status.success()) else {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().lines().next_back().unwrap_or("it printed nothing");
        return Err(ProbeError::NoAnswer(format!("{}: {said}", output.status)));
    };
    // What is on PATH may be a shim that starts the real one.
    let real = answer.program.filter(|real| source == PythonSource::Path && real.is_absolute());
    Ok(PythonEnv {
        program: real.unwrap_or_else(|| program.to_owned()),
        source,
        version: answer.version,
        ipyparallel: answer.ipyparallel,
        ipykernel: answer.ipykernel,
        matplotlib: answer.matplotlib,
        note: None,
    })
}
