//! Asks a Python for its version and its packages, without importing anything of the project.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use super::{PythonEnv, PythonSource};
use crate::{
    cluster::process::{self, EndSignal},
    json,
};

/// How long the answer may take: on a slow network file system, Python may need seconds to start.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How many bytes of its output are read.
const MAX_OUTPUT: u64 = 64 * 1024;

const SCRIPT: &str = "
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

/// Why a program is not a working Python.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    #[error("it does not run ({0})")]
    NotRun(#[from] io::Error),
    #[error("it did not answer within {} s", TIMEOUT.as_secs())]
    TooSlow,
    #[error("it is not a working Python ({0})")]
    NoAnswer(String),
}

/// Runs the program once. The folder it runs in holds nothing that could be imported.
pub(super) async fn probe(program: &Path, source: PythonSource) -> Result<PythonEnv, ProbeError> {
    let mut command = Command::new(program);
    command.args(["-c", SCRIPT]).current_dir(process::neutral_folder());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A shim may start children; in a process group of their own all can be ended together.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn()?;
    let group = child.id();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let answering = async {
        let (out, err) = tokio::join!(beginning(out), beginning(err));
        Ok::<_, io::Error>((child.wait().await?, out?, err?))
    };
    let Ok(answered) = tokio::time::timeout(TIMEOUT, answering).await else {
        // An error means that it has ended by now.
        let _ = group.map(|group| process::end_group(group, EndSignal::Kill));
        return Err(ProbeError::TooSlow);
    };
    let (status, out, err) = answered?;
    // Start-up files may print something before the answer.
    let answer = out.lines().rev().find_map(|line| json::read::<Answer>(line.as_bytes()).ok());
    let Some(answer) = answer.filter(|_| status.success()) else {
        let last = |text: &str| text.trim().lines().next_back().map(str::to_owned);
        let said = last(&err).or_else(|| last(&out)).unwrap_or_else(|| "it printed nothing".to_owned());
        let said: String = said.chars().take(200).collect();
        return Err(ProbeError::NoAnswer(format!("{status}: {said}")));
    };
    // A program on PATH may be a shim that starts the real Python.
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

/// The first [`MAX_OUTPUT`] bytes; after that the pipe is closed.
async fn beginning(pipe: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(MAX_OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
