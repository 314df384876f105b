//! The private environment: a virtual environment of pxlens, for projects whose Python has no ipyparallel.
//!
//! It is in the user's data directory and is created once. A stamp, written last, says that it is complete and what is in
//! it; without the right stamp it is created anew. A lock beside it lets one pxlens create it while others wait.

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

use super::{PythonEnv, PythonError, PythonSearch, PythonSource, probe, program_in};
use crate::{
    cluster::process::{self, ProcessState},
    private,
};

/// The packages of the private environment, in the versions that pxlens is tested with, with the hash of each file that may
/// be installed. Written by `cargo xtask requirements` from `requirements.in`.
pub(super) const PACKAGES: &str = include_str!("requirements.txt");

/// The same for the pip that is downloaded where there is none that can install for another Python.
const PIP: &str = include_str!("pip.txt");

/// The name of the file with the packages, in the environment.
const REQUIREMENTS: &str = "pxlens-requirements.txt";

/// Options of pip and uv, in front of a file of packages: nothing is installed that has another hash.
const ONLY_KNOWN_FILES: [&str; 2] = ["--require-hashes", "--requirement"];

/// The oldest Python on which these packages can be installed.
const MIN_VERSION: (u32, u32) = (3, 11);

/// How long one step may take; it may download some 100 MB.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);
/// How long to wait for another pxlens that is creating the environment.
const LOCK_LIMIT: Duration = Duration::from_secs(60 * 60);
/// How often to try the lock.
const LOCK_POLL: Duration = Duration::from_millis(200);

/// Where systems keep the pip wheel that a working `ensurepip` would use.
pub(super) const SYSTEM_WHEELS: &[&str] =
    &["/usr/share/python-wheels", "/usr/share/python3-wheels", "/usr/lib/python3/wheels"];

/// Variables that would make pip install somewhere else than into the environment.
const REDIRECTING_VARIABLES: [&str; 5] =
    ["PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH"];

/// The private environment, which `base` creates if it is missing or incomplete. `say` reports each step that takes time.
pub(crate) async fn private_env(
    base: &PythonEnv,
    say: impl Fn(&str) + Send + Sync,
) -> Result<PythonEnv, PythonError> {
    let folder = folder().map_err(failed("find your data directory"))?;
    let variable = |name: &str| std::env::var_os(name);
    let search = PythonSearch { variable: &variable, folder: Path::new("/") };
    PrivateEnv { folder, search, wheel_folders: SYSTEM_WHEELS, say: &say }.environment(base).await
}

fn folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("pxlens").join("python"))
}

/// Whether a process runs in the private environment, as far as its command line shows.
pub(crate) fn is_private(process: &ProcessState) -> bool {
    folder().is_ok_and(|folder| process.mentions(&[&program_in(&folder).display().to_string()]))
}

/// The private environment at a folder, and what is needed to create it.
pub(super) struct PrivateEnv<'a> {
    pub(super) folder: PathBuf,
    pub(super) search: PythonSearch<'a>,
    /// Folders that may hold a pip wheel.
    pub(super) wheel_folders: &'a [&'a str],
    pub(super) say: &'a (dyn Fn(&str) + Sync),
}

fn failed<E: ToString>(step: impl Into<String>) -> impl FnOnce(E) -> PythonError {
    move |error| PythonError::Failed { step: step.into(), output: error.to_string() }
}

impl PrivateEnv<'_> {
    fn stamp(&self) -> PathBuf {
        self.folder.join("pxlens-stamp.txt")
    }

    fn is_complete(&self) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|text| text == PACKAGES)
    }

    /// The environment, if it is complete and its Python still works, which an upgrade of the system may have removed.
    async fn ready(&self) -> Option<PythonEnv> {
        if !self.is_complete() {
            return None;
        }
        let env = probe(&program_in(&self.folder), PythonSource::Private).await.ok()?;
        env.ipyparallel.is_some().then_some(env)
    }

    pub(super) async fn environment(&self, base: &PythonEnv) -> Result<PythonEnv, PythonError> {
        if let Some(env) = self.ready().await {
            return Ok(env);
        }
        // Held to the end of this function; the system releases it if the process ends before.
        let _lock = self.lock().await?;
        if let Some(env) = self.ready().await {
            return Ok(env);
        }
        self.create(base).await?;
        let step = || format!("use the environment that it created in {}", self.folder.display());
        let env = probe(&program_in(&self.folder), PythonSource::Private).await.map_err(failed(step()))?;
        if env.ipyparallel.is_none() {
            return Err(PythonError::Failed {
                step: step(),
                output: "ipyparallel is missing in it".to_owned(),
            });
        }
        self.write("pxlens-stamp.txt", PACKAGES)?;
        (self.say)(&format!("the private environment in {} is ready", self.folder.display()));
        Ok(env)
    }

    async fn lock(&self) -> Result<File, PythonError> {
        let path = self.folder.with_extension("lock");
        let step = || format!("lock {}", path.display());
        let parent = path.parent().unwrap_or(Path::new("/"));
        private::make_folder(parent).map_err(failed(step()))?;
        let file = private::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed(step()))?;
        let mut said = false;
        let waiting = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::Error(error)) => return Err(error),
                    Err(TryLockError::WouldBlock) if !said => {
                        said = true;
                        (self.say)("waiting for another pxlens that is creating the private environment");
                    }
                    Err(TryLockError::WouldBlock) => {}
                }
                tokio::time::sleep(LOCK_POLL).await;
            }
        };
        let locked = tokio::time::timeout(LOCK_LIMIT, waiting).await;
        let too_long = |_| io::Error::new(io::ErrorKind::TimedOut, "another pxlens has held it for an hour");
        locked.map_err(too_long).and_then(|result| result).map_err(failed(step()))?;
        Ok(file)
    }

    /// Creates the environment: with uv if it is installed, or else with venv and pip.
    async fn create(&self, base: &PythonEnv) -> Result<(), PythonError> {
        let base = self.new_enough(base).await?;
        (self.say)(&format!(
            "creating a private environment in {} (only this once; Python {}, about 300 MB)",
            self.folder.display(),
            base.version
        ));
        if let Some(uv) = self.search.on_path("uv") {
            match self.create_with_uv(&uv, &base).await {
                Ok(()) => return Ok(()),
                Err(error) => (self.say)(&format!("uv failed, so pxlens tries venv and pip: {error}")),
            }
        }
        self.create_with_venv(&base).await
    }

    /// The base if it is new enough, or else a newer Python on `PATH`.
    async fn new_enough(&self, base: &PythonEnv) -> Result<PythonEnv, PythonError> {
        if is_new_enough(&base.version) {
            return Ok(base.clone());
        }
        for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11"] {
            let Some(program) = self.search.on_path(name) else { continue };
            match probe(&program, PythonSource::Path).await {
                Ok(other) if is_new_enough(&other.version) => return Ok(other),
                _ => {}
            }
        }
        Err(PythonError::TooOld { program: base.program.clone(), version: base.version.clone() })
    }

    /// Makes the folder anew, empty and for the user alone: what venv makes by itself follows the umask.
    async fn clear(&self) -> Result<(), PythonError> {
        // Thousands of files, so not on an async thread.
        match tokio::fs::remove_dir_all(&self.folder).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(format!("remove the old {}", self.folder.display()))(error));
            }
            _ => {}
        }
        private::make_folder(&self.folder).map_err(failed(format!("make {}", self.folder.display())))
    }

    async fn create_with_uv(&self, uv: &Path, base: &PythonEnv) -> Result<(), PythonError> {
        self.clear().await?;
        let create =
            command(uv, ["venv".as_ref(), "--python".as_ref(), base.program.as_os_str()], [&self.folder]);
        run(create, "create an environment with uv").await?;
        self.say_installing("uv");
        let program = program_in(&self.folder);
        let requirements = self.write(REQUIREMENTS, PACKAGES)?;
        let install = ["pip".as_ref(), "install".as_ref(), "--python".as_ref(), program.as_os_str()];
        let install = install.into_iter().chain(ONLY_KNOWN_FILES.map(OsStr::new));
        run(command(uv, install, [&requirements]), "install ipyparallel with uv").await
    }

    async fn create_with_venv(&self, base: &PythonEnv) -> Result<(), PythonError> {
        self.clear().await?;
        let python = program_in(&self.folder);
        let venv = |option: &[&str]| {
            let module = ["-m", "venv"].iter().chain(option).map(OsStr::new).collect::<Vec<_>>();
            command(&base.program, module, [&self.folder])
        };
        let Err(why) = run(venv(&[]), "create an environment with venv").await else {
            self.say_installing("pip");
            let requirements = self.write(REQUIREMENTS, PACKAGES)?;
            let install = install_with([python.as_os_str()], &python, false, &requirements);
            return run(install, "install ipyparallel with pip").await;
        };
        // Debian's python3 comes without ensurepip, and some Pythons without venv altogether.
        tracing::info!(%why, "venv with pip failed; trying venv without pip");
        self.clear().await?;
        run(venv(&["--without-pip"]), "create an environment with venv").await?;
        self.install_without_ensurepip(base, &python).await
    }

    /// Installs with another pip: that of the base, one on `PATH`, or a wheel that the system keeps.
    async fn install_without_ensurepip(&self, base: &PythonEnv, python: &Path) -> Result<(), PythonError> {
        let step = "install ipyparallel with pip";
        let requirements = self.write(REQUIREMENTS, PACKAGES)?;
        let runs = async |pip: &[&OsStr]| {
            let (first, rest) = pip.split_first()?;
            let mut asked = command(Path::new(first), rest.iter().copied(), ["--version"]);
            let output = asked.output().await.ok().filter(|output| output.status.success())?;
            version_of_pip(&String::from_utf8_lossy(&output.stdout))
        };
        let named: Vec<PathBuf> =
            ["pip3", "pip"].iter().filter_map(|name| self.search.on_path(name)).collect();
        let mut pips = vec![vec![base.program.as_os_str(), "-m".as_ref(), "pip".as_ref()]];
        pips.extend(named.iter().map(|program| vec![program.as_os_str()]));
        for pip in pips {
            let Some(version) = runs(&pip).await else { continue };
            self.say_installing("another pip");
            // pip can install for another Python since 22.3; an older one can still download a newer pip.
            if version >= (22, 3) {
                return run(install_with(pip, python, true, &requirements), step).await;
            }
            let wheels = self.folder.join("pip-wheel");
            let (first, rest) = (pip[0], &pip[1..]);
            let newer_pip = self.write("pxlens-pip.txt", PIP)?;
            let options = ["download", "--no-deps", "--no-input", "--dest"].map(OsStr::new);
            let words = rest.iter().copied().chain(options).chain([wheels.as_os_str()]);
            let words = words.chain(ONLY_KNOWN_FILES.map(OsStr::new));
            let download = command(Path::new(first), words, [&newer_pip]);
            if run(download, "download pip").await.is_ok()
                && let Some(wheel) = pip_wheel_in(&wheels)
            {
                let from_wheel = wheel.join("pip");
                let pip = [python.as_os_str(), from_wheel.as_os_str()];
                return run(install_with(pip, python, false, &requirements), step).await;
            }
        }
        for folder in self.wheel_folders {
            if let Some(wheel) = pip_wheel_in(Path::new(folder)) {
                self.say_installing("the system's pip wheel");
                let from_wheel = wheel.join("pip");
                let pip = [python.as_os_str(), from_wheel.as_os_str()];
                return run(install_with(pip, python, false, &requirements), step).await;
            }
        }
        Err(PythonError::NoPip(base.program.clone()))
    }

    fn say_installing(&self, with: &str) {
        let version = PACKAGES.lines().find_map(|line| line.strip_prefix("ipyparallel=="));
        let version = version.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        (self.say)(&format!(
            "installing ipyparallel {version}, numpy, matplotlib and what they need with {with}"
        ));
    }

    /// Writes a file into the environment, and returns its path.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, PythonError> {
        let path = self.folder.join(name);
        private::write_file(&path, |out| out.write_all(text.as_bytes()))
            .map_err(failed(format!("write {}", path.display())))?;
        Ok(path)
    }
}

fn is_new_enough(version: &str) -> bool {
    two_numbers(version).is_some_and(|version| version >= MIN_VERSION)
}

/// The version in `pip 23.0.1 from …`, as `(23, 0)`.
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
fn install_with<'a>(
    pip: impl IntoIterator<Item = &'a OsStr>,
    python: &'a Path,
    for_other: bool,
    requirements: &Path,
) -> Command {
    let mut words: Vec<&OsStr> = pip.into_iter().collect();
    if words.len() == 1 && !for_other {
        words.extend(["-m", "pip"].map(OsStr::new));
    }
    if for_other {
        words.extend(["--python".as_ref(), python.as_os_str()]);
    }
    words.extend(["install", "--no-input", "--disable-pip-version-check"].map(OsStr::new));
    words.extend(ONLY_KNOWN_FILES.map(OsStr::new));
    command(Path::new(words[0]), words[1..].iter().copied(), [requirements])
}

fn command<'a, T: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = &'a OsStr>,
    last: impl IntoIterator<Item = T>,
) -> Command {
    let mut command = Command::new(program);
    // In the project's folder a `venv.py` would be run in place of Python's module, and uv would read its settings there.
    command.current_dir(process::neutral_folder());
    command.args(arguments).args(last).stdin(Stdio::null()).kill_on_drop(true);
    for name in REDIRECTING_VARIABLES {
        command.env_remove(name);
    }
    // A configuration file may set `user`, which pip refuses in an environment.
    command.env("PIP_USER", "0");
    command
}

/// Runs a tool. If it fails, the error holds the last lines of its stdout, then those of its stderr.
async fn run(mut command: Command, step: &str) -> Result<(), PythonError> {
    const LINES: usize = 8;
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed(step))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Kept apart, so that many lines of one cannot push out the few of the other that say why.
    let (mut last_stdout, mut last_stderr) = (Vec::new(), Vec::new());
    let reading = async {
        let mut out = stdout.map(|out| BufReader::new(out).split(b'\n'));
        let mut err = stderr.map(|err| BufReader::new(err).split(b'\n'));
        while out.is_some() || err.is_some() {
            let (line, last) = tokio::select! {
                line = next_line(&mut out) => (line, &mut last_stdout),
                line = next_line(&mut err) => (line, &mut last_stderr),
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
        Ok(Ok(status)) if last_stdout.is_empty() && last_stderr.is_empty() => Err(failed(step)(status)),
        Ok(Err(error)) => Err(failed(step)(error)),
        Ok(Ok(_)) => Err(failed(step)([last_stdout, last_stderr].concat().join("\n"))),
        Err(_) => Err(failed(step)(format!("it took more than {} minutes", STEP_LIMIT.as_secs() / 60))),
    }
}

/// The next line of a stream; at the end of the stream it becomes `None`, on which this waits for ever.
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
