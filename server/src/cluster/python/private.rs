//! The private environment: a virtual environment of pxlens' own, for projects whose Python has no ipyparallel.
//!
//! It lies in the user's data directory and is made once. A stamp written last says that it is whole and what is in it;
//! without the right stamp it is made anew. A lock beside it lets one pxlens make it while others wait.

use std::{
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use etcetera::BaseStrategy;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::{PythonEnv, PythonError, PythonSource, Surroundings, probe, program_in};

/// What the private environment holds: ipyparallel as pxlens is tested with it, and what the demo plots with.
pub const PRIVATE_PACKAGES: [&str; 5] =
    ["ipyparallel==9.2.0", "ipykernel==7.4.0", "ipython==9.18.1", "numpy", "matplotlib"];

/// The oldest Python that those packages install on.
const OLDEST: (u32, u32) = (3, 11);

/// How long one step may take; the packages are some 100 MB.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long to wait for another pxlens that is making the environment.
const LOCK_LIMIT: Duration = Duration::from_secs(60 * 60);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Where systems keep the wheel that a working `ensurepip` would use.
pub(super) const SYSTEM_WHEELS: &[&str] =
    &["/usr/share/python-wheels", "/usr/share/python3-wheels", "/usr/lib/python3/wheels"];

/// Variables that would send packages somewhere else than into the environment.
const DIVERTING: [&str; 5] =
    ["PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH"];

/// The private environment, made first if it is missing or not whole; `base` is a Python that can make it.
///
/// `say` hears of each step that takes time.
pub async fn private_env(
    base: &PythonEnv,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    let data =
        etcetera::choose_base_strategy().map(|dirs| dirs.data_dir().join("pxlens")).map_err(|error| {
            PythonError::Failed { step: "find your data directory".to_owned(), output: error.to_string() }
        })?;
    let variable = |name: &str| std::env::var_os(name);
    let around = Surroundings { variable: &variable, folder: Path::new("/") };
    Workshop { folder: data.join("python"), around, wheel_folders: SYSTEM_WHEELS, say: &say }
        .environment(base)
        .await
}

/// Where and how the environment is made.
pub(super) struct Workshop<'a> {
    pub(super) folder: PathBuf,
    pub(super) around: Surroundings<'a>,
    /// Folders that may hold a pip wheel.
    pub(super) wheel_folders: &'a [&'a str],
    pub(super) say: &'a (dyn Fn(&str) + Sync),
}

fn failed<E: ToString>(step: impl Into<String>) -> impl FnOnce(E) -> PythonError {
    move |error| PythonError::Failed { step: step.into(), output: error.to_string() }
}

impl Workshop<'_> {
    fn stamp(&self) -> PathBuf {
        self.folder.join("pxlens-stamp.txt")
    }

    fn stamp_text() -> String {
        PRIVATE_PACKAGES.join("\n")
    }

    fn is_whole(&self) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|text| text == Self::stamp_text())
    }

    /// The environment, if it is whole and its Python still runs: an upgrade of the system may have taken that away.
    async fn ready(&self) -> Option<PythonEnv> {
        if !self.is_whole() {
            return None;
        }
        let env = probe(&program_in(&self.folder), PythonSource::Private).await.ok()?;
        env.ipyparallel.is_some().then_some(env)
    }

    pub(super) async fn environment(&self, base: &PythonEnv) -> Result<PythonEnv, PythonError> {
        if let Some(env) = self.ready().await {
            return Ok(env);
        }
        // Held until the end; the system lets go of it however we end.
        let _lock = self.lock().await?;
        if let Some(env) = self.ready().await {
            return Ok(env);
        }
        self.make(base).await?;
        let step = || format!("use the environment it made in {}", self.folder.display());
        let env = probe(&program_in(&self.folder), PythonSource::Private).await.map_err(failed(step()))?;
        if env.ipyparallel.is_none() {
            return Err(PythonError::Failed { step: step(), output: "ipyparallel is not in it".to_owned() });
        }
        fs::write(self.stamp(), Self::stamp_text()).map_err(failed(step()))?;
        (self.say)(&format!("the environment in {} is ready", self.folder.display()));
        Ok(env)
    }

    async fn lock(&self) -> Result<File, PythonError> {
        let path = self.folder.with_extension("lock");
        let step = || format!("lock {}", path.display());
        let parent = path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(parent).map_err(failed(step()))?;
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed(step()))?;
        let mut said = false;
        let waiting = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::Error(error)) => return Err(error),
                    Err(TryLockError::WouldBlock) if !said => {
                        said = true;
                        (self.say)("another pxlens is making its Python environment; waiting for it");
                    }
                    Err(TryLockError::WouldBlock) => {}
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let locked = tokio::time::timeout(LOCK_LIMIT, waiting).await;
        let too_long = |_| io::Error::new(io::ErrorKind::TimedOut, "another pxlens has held it for an hour");
        locked.map_err(too_long).and_then(|result| result).map_err(failed(step()))?;
        Ok(file)
    }

    /// Makes the environment: with uv if it is there, else with venv and pip.
    async fn make(&self, base: &PythonEnv) -> Result<(), PythonError> {
        let base = self.new_enough(base).await?;
        (self.say)(&format!(
            "making a Python environment for pxlens in {} (once; Python {}, about 300 MB)",
            self.folder.display(),
            base.version
        ));
        if let Some(uv) = self.around.on_path("uv") {
            match self.make_with_uv(&uv, &base).await {
                Ok(()) => return Ok(()),
                Err(error) => (self.say)(&format!("uv did not work, trying venv and pip: {error}")),
            }
        }
        self.make_with_venv(&base).await
    }

    /// The base, or else a newer Python on `PATH`.
    async fn new_enough(&self, base: &PythonEnv) -> Result<PythonEnv, PythonError> {
        if is_new_enough(&base.version) {
            return Ok(base.clone());
        }
        for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11"] {
            let Some(program) = self.around.on_path(name) else { continue };
            match probe(&program, PythonSource::Path).await {
                Ok(other) if is_new_enough(&other.version) => return Ok(other),
                _ => {}
            }
        }
        Err(PythonError::TooOld { program: base.program.clone(), version: base.version.clone() })
    }

    async fn clear(&self) -> Result<(), PythonError> {
        // Thousands of files: not on a thread that others wait for.
        match tokio::fs::remove_dir_all(&self.folder).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed(format!("remove the old {}", self.folder.display()))(error))
            }
            _ => Ok(()),
        }
    }

    async fn make_with_uv(&self, uv: &Path, base: &PythonEnv) -> Result<(), PythonError> {
        self.clear().await?;
        let make =
            command(uv, ["venv".as_ref(), "--python".as_ref(), base.program.as_os_str()], [&self.folder]);
        run(make, "make an environment with uv").await?;
        self.say_installing("uv");
        let program = program_in(&self.folder);
        let install = ["pip".as_ref(), "install".as_ref(), "--python".as_ref(), program.as_os_str()];
        run(command(uv, install, PRIVATE_PACKAGES), "install ipyparallel with uv").await
    }

    async fn make_with_venv(&self, base: &PythonEnv) -> Result<(), PythonError> {
        self.clear().await?;
        let python = program_in(&self.folder);
        let venv = |option: &[&str]| {
            let module = ["-m", "venv"].iter().chain(option).map(OsStr::new).collect::<Vec<_>>();
            command(&base.program, module, [&self.folder])
        };
        let Err(why) = run(venv(&[]), "make an environment with venv").await else {
            self.say_installing("pip");
            return run(install_with([python.as_os_str()], &python, false), "install ipyparallel with pip")
                .await;
        };
        // Debian's python3 comes without ensurepip; and some come without venv as a whole.
        tracing::info!(%why, "venv with pip failed, trying without");
        self.clear().await?;
        run(venv(&["--without-pip"]), "make an environment with venv").await?;
        self.install_without_ensurepip(base, &python).await
    }

    /// Installs with a pip from elsewhere: of the base, of `PATH`, or a wheel that the system keeps.
    async fn install_without_ensurepip(&self, base: &PythonEnv, python: &Path) -> Result<(), PythonError> {
        let step = "install ipyparallel with pip";
        let runs = async |pip: &[&OsStr]| {
            let (first, rest) = pip.split_first()?;
            let mut asked = command(Path::new(first), rest.iter().copied(), ["--version"]);
            let output = asked.output().await.ok().filter(|output| output.status.success())?;
            version_of_pip(&String::from_utf8_lossy(&output.stdout))
        };
        let named: Vec<PathBuf> =
            ["pip3", "pip"].iter().filter_map(|name| self.around.on_path(name)).collect();
        let mut pips = vec![vec![base.program.as_os_str(), "-m".as_ref(), "pip".as_ref()]];
        pips.extend(named.iter().map(|program| vec![program.as_os_str()]));
        for pip in pips {
            let Some(version) = runs(&pip).await else { continue };
            self.say_installing("a pip from elsewhere");
            // pip installs for another Python since 22.3; older ones can still fetch a newer pip.
            if version >= (22, 3) {
                return run(install_with(pip, python, true), step).await;
            }
            let wheels = self.folder.join("pip-wheel");
            let (first, rest) = (pip[0], &pip[1..]);
            let options = ["download", "--no-deps", "--no-input", "pip", "--dest"].map(OsStr::new);
            let download = command(Path::new(first), rest.iter().copied().chain(options), [&wheels]);
            if run(download, "download pip").await.is_ok()
                && let Some(wheel) = pip_wheel_in(&wheels)
            {
                let from_wheel = wheel.join("pip");
                return run(install_with([python.as_os_str(), from_wheel.as_os_str()], python, false), step)
                    .await;
            }
        }
        for folder in self.wheel_folders {
            if let Some(wheel) = pip_wheel_in(Path::new(folder)) {
                self.say_installing("the pip wheel of the system");
                let from_wheel = wheel.join("pip");
                return run(install_with([python.as_os_str(), from_wheel.as_os_str()], python, false), step)
                    .await;
            }
        }
        Err(PythonError::NoPip(base.program.clone()))
    }

    fn say_installing(&self, with: &str) {
        (self.say)(&format!("installing {} with {with}", PRIVATE_PACKAGES.join(", ")));
    }
}

fn is_new_enough(version: &str) -> bool {
    two_numbers(version).is_some_and(|version| version >= OLDEST)
}

/// `23.0` of `pip 23.0.1 from …`.
fn version_of_pip(text: &str) -> Option<(u32, u32)> {
    two_numbers(text.strip_prefix("pip ")?.split_whitespace().next()?)
}

fn two_numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next().unwrap_or("0").parse().ok()?))
}

/// The newest pip wheel in a folder.
fn pip_wheel_in(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let wheels = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("pip-") && name.ends_with(".whl")
    });
    wheels.max()
}

/// `pip install` of the packages: by a Python that has pip, or by a pip that installs for another Python.
fn install_with<'a>(pip: impl IntoIterator<Item = &'a OsStr>, python: &'a Path, for_other: bool) -> Command {
    let mut words: Vec<&OsStr> = pip.into_iter().collect();
    if words.len() == 1 && !for_other {
        words.extend(["-m", "pip"].map(OsStr::new));
    }
    if for_other {
        words.extend(["--python".as_ref(), python.as_os_str()]);
    }
    words.extend(["install", "--no-input", "--disable-pip-version-check"].map(OsStr::new));
    command(Path::new(words[0]), words[1..].iter().copied(), PRIVATE_PACKAGES)
}

fn command<'a, T: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = &'a OsStr>,
    last: impl IntoIterator<Item = T>,
) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).args(last).stdin(Stdio::null()).kill_on_drop(true);
    for name in DIVERTING {
        command.env_remove(name);
    }
    // A configuration file may ask for it, and pip refuses it in an environment.
    command.env("PIP_USER", "0");
    command
}

/// Runs a tool; if it fails, its last lines are the error: those of stdout, then those of stderr.
async fn run(mut command: Command, step: &str) -> Result<(), PythonError> {
    const LINES: usize = 8;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed(step))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Apart, or the many lines of one could push out the few of the other that say why.
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let reading = async {
        let mut out = stdout.map(|out| BufReader::new(out).split(b'\n'));
        let mut err = stderr.map(|err| BufReader::new(err).split(b'\n'));
        while out.is_some() || err.is_some() {
            let (line, last) = tokio::select! {
                line = next_line(&mut out) => (line, &mut said),
                line = next_line(&mut err) => (line, &mut complained),
            };
            let Some(line) = line.filter(|line| !line.trim().is_empty()) else { continue };
            if last.len() == LINES {
                last.remove(0);
            }
            last.push(line);
        }
        child.wait().await
    };
    let status = tokio::time::timeout(STEP_LIMIT, reading).await;
    match status {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) if said.is_empty() && complained.is_empty() => Err(failed(step)(status)),
        Ok(Err(error)) => Err(failed(step)(error)),
        Ok(Ok(_)) => Err(failed(step)([said, complained].concat().join("\n"))),
        Err(_) => Err(failed(step)(format!("it took more than {} minutes", STEP_LIMIT.as_secs() / 60))),
    }
}

/// The next line of a stream that is still open; at its end the stream is closed. Never ends on a closed one.
async fn next_line<R>(stream: &mut Option<tokio::io::Split<R>>) -> Option<String>
where
    R: tokio::io::AsyncBufRead + Unpin,
{
    let Some(open) = stream else { return std::future::pending().await };
    match open.next_segment().await {
        Ok(Some(line)) => Some(String::from_utf8_lossy(&line).trim_end().to_owned()),
        Ok(None) | Err(_) => {
            *stream = None;
            None
        }
    }
}
