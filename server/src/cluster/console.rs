//! Engines as kernels: binds an engine's kernel to ports of its own, so that an ordinary Jupyter front end can connect.
//!
//! In goes an engine, out comes the connection file of its kernel. The engine's answer holds its key, so it never becomes a
//! run: it goes into a feed that only [`open`] reads, and from there into the file. An engine whose kernel is known to be
//! bound is not asked again, since its process keeps its ports.

mod info;
mod runtime;

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use self::info::KernelInfo;
pub(crate) use self::runtime::runtime_dir;
use super::{ClientError, ClusterClient, Execute, FeedReceiver, feed, process};
use crate::{
    blocking,
    engines::{Activity, EngineId, EngineUuid, RankSet},
    jupyter::content::{ExecuteReply, StreamName},
    run::{EventKind, LostReason, RunId},
};

/// The code that binds an engine's kernel and prints its connection info and host. Leaves no name behind.
const BIND_CODE: &str = "\
__import__('ipyparallel').bind_kernel()
%connect_info
print('\\npxlens: host', __import__('socket').gethostname())";

/// The beginning of the line with the engine's host.
const HOST: &str = "pxlens: host ";

/// After this time without an answer, the user is told what pxlens waits for.
const REPORT_AFTER: Duration = Duration::from_millis(500);

/// How many bytes of an answer are read.
const MAX_ANSWER: usize = 1 << 20;

/// Numbers for requests that belong to no run; runs count up from 1.
static NEXT: AtomicU32 = AtomicU32::new(u32::MAX);

/// A kernel that a front end can connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Console {
    /// The engine it belongs to.
    pub engine: EngineId,
    /// Its connection file, which nobody else can read.
    pub file: PathBuf,
    /// The machine it runs on, if its ports can only be reached through a tunnel.
    pub tunnel: Option<String>,
}

/// A Jupyter front end that works in an existing kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrontEnd {
    /// In the terminal.
    Console,
    /// In a window.
    QtConsole,
}

impl FrontEnd {
    /// The subcommand of `jupyter`.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::QtConsole => "qtconsole",
        }
    }

    /// The Python module, which runs with `python -m`.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Console => "jupyter_console",
            Self::QtConsole => "qtconsole",
        }
    }

    /// Its program, which pip installs beside the Python.
    fn program(self) -> &'static str {
        match self {
            Self::Console => "jupyter-console",
            Self::QtConsole => "jupyter-qtconsole",
        }
    }

    /// Where its program is: beside this Python, or else in one of the folders of `PATH`.
    pub(crate) fn find(self, python: Option<&Path>, path: Option<&OsStr>) -> Option<PathBuf> {
        let file = format!("{}{}", self.program(), env::consts::EXE_SUFFIX);
        let beside = python.and_then(Path::parent).map(Path::to_owned);
        let on_path = path.into_iter().flat_map(env::split_paths).filter(|folder| folder.is_absolute());
        beside
            .into_iter()
            .chain(on_path)
            .map(|folder| folder.join(&file))
            .find(|file| process::is_program(file))
    }

    /// The packages to install for it.
    pub(crate) fn packages(self) -> &'static str {
        match self {
            Self::Console => "jupyter-console",
            Self::QtConsole => "qtconsole PyQt6",
        }
    }
}

impl Console {
    /// The arguments of a front end.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--existing".to_owned(), self.file.display().to_string()];
        if let Some(host) = &self.tunnel {
            arguments.extend(["--ssh".to_owned(), host.clone()]);
        }
        arguments
    }

    /// Program and arguments that open a front end, for instance `jupyter console --existing FILE`.
    pub(crate) fn argv(&self, front_end: FrontEnd) -> Vec<String> {
        let mut argv = vec!["jupyter".to_owned(), front_end.command().to_owned()];
        argv.extend(self.arguments());
        argv
    }

    /// The same with a front end that was found.
    pub(crate) fn argv_of(&self, program: &Path) -> Vec<String> {
        let mut argv = vec![program.display().to_string()];
        argv.extend(self.arguments());
        argv
    }

    /// [`Self::argv`], quoted for a shell.
    pub(crate) fn command_line(&self, front_end: FrontEnd) -> String {
        command_line(&self.argv(front_end))
    }

    /// What the user should know before opening a front end.
    pub(crate) fn note(&self) -> Option<String> {
        let host = self.tunnel.as_ref()?;
        Some(format!(
            "engine {} runs on {host}, and its ports can only be reached from there, so the command opens a tunnel with \
             --ssh {host}; if that name does not work from here, replace it",
            self.engine
        ))
    }
}

/// A program and its arguments, quoted for a shell.
pub(crate) fn command_line(argv: &[String]) -> String {
    argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word, quoted for a POSIX shell where needed.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,~".contains(c);
    if !word.is_empty() && !word.starts_with('~') && word.chars().all(plain) {
        return word.to_owned();
    }
    if cfg!(windows) { format!("\"{word}\"") } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Why there is no console. No message quotes the engine's output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConsoleError {
    /// There is no such engine.
    #[error("there is no engine {engine}; the cluster has {}", if there.is_empty() { "none".to_owned() } else { there.to_string() })]
    NoEngine {
        /// The engine that was asked for.
        engine: EngineId,
        /// The engines of the cluster.
        there: RankSet,
    },
    /// The request could not be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The engine worked on something else all the time.
    #[error("engine {engine} is still busy after {} s; try again when it is idle, or interrupt its work", limit.as_secs())]
    Busy {
        /// The engine that was asked.
        engine: EngineId,
        /// How long pxlens waited.
        limit: Duration,
    },
    /// The user gave up.
    #[error("cancelled; engine {0} goes on with its work")]
    GivenUp(EngineId),
    /// The engine did not answer, and will not.
    #[error("engine {engine} did not answer: {why}")]
    Lost {
        /// The engine that was asked.
        engine: EngineId,
        /// How pxlens found out.
        why: String,
    },
    /// The engine could not bind its kernel.
    #[error("engine {engine} could not bind its kernel: {why}")]
    Raised {
        /// The engine that was asked.
        engine: EngineId,
        /// The exception's name.
        why: String,
    },
    /// The answer holds no ports.
    #[error(
        "engine {0} did not say how to connect to it; its output may be redirected, or its ipykernel may be too old"
    )]
    NoInfo(EngineId),
    /// The user has no home directory.
    #[error(
        "pxlens cannot find your home directory, where Jupyter keeps connection files; set JUPYTER_RUNTIME_DIR"
    )]
    NoFolder,
    /// The file could not be written.
    #[error("the connection file {} cannot be written: {source}; set JUPYTER_RUNTIME_DIR to a folder that you can write to", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// Binds the kernel of one engine and writes its connection file into `folder`, as `kernel-pxlens-CLUSTER-ENGINE.json`.
///
/// Waits while the engine is busy, for `limit` if there is one and until `given_up` ends, and says so. A request that is
/// not waited for any more is taken back.
///
/// # Errors
/// See [`ConsoleError`].
pub(crate) async fn open(
    client: &ClusterClient,
    engine: EngineId,
    cluster: &str,
    folder: &Path,
    wait: Wait<impl Fn(String), impl Future<Output = ()>>,
) -> Result<Console, ConsoleError> {
    let table = client.engines().borrow().clone();
    let Some(uuid) = table.get(engine).map(|engine| engine.uuid.clone()) else {
        return Err(ConsoleError::NoEngine { engine, there: table.ids().into_iter().collect() });
    };
    let path = folder.join(runtime::file_name(cluster, engine));
    let (known, is_its) = (path.clone(), uuid.clone());
    let known = blocking::run(move || runtime::read(&known).filter(|info| info.is_of(&is_its))).await;
    let info = match known {
        Some(info) => info,
        None => {
            let info = ask(client, engine, uuid, wait).await?;
            let (written, to) = (info.clone(), path.clone());
            let outcome = blocking::run(move || runtime::write(&to, &written.to_file())).await;
            outcome.map_err(|source| ConsoleError::NotWritten { path: path.clone(), source })?;
            info
        }
    };
    let here = process::host_name();
    let tunnel = info.needs_tunnel(here.as_deref());
    Ok(Console { engine, file: path, tunnel })
}

/// How long an engine that is busy is waited for, and who hears of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait<S, G> {
    /// Takes sentences for the user.
    pub say: S,
    /// The longest; `None` for as long as it takes.
    pub limit: Option<Duration>,
    /// Ends when the user does not want to wait any more.
    pub given_up: G,
}

async fn ask(
    client: &ClusterClient,
    engine: EngineId,
    uuid: EngineUuid,
    wait: Wait<impl Fn(String), impl Future<Output = ()>>,
) -> Result<KernelInfo, ConsoleError> {
    let mut request = Request::send(client, engine).await?;
    let waits = format!("engine {engine} is busy; waiting until it is free");
    let waits = wait.limit.map_or(waits.clone(), |limit| format!("{waits}, {} s at most", limit.as_secs()));
    let began = Instant::now();
    let busy_now = matches!(client.activities().borrow().of(engine), Activity::Busy(_));
    let say_at = if busy_now { began } else { began + REPORT_AFTER };
    let mut said = false;
    let given_up = wait.given_up;
    tokio::pin!(given_up);
    let end = loop {
        tokio::select! {
            biased;
            answered = request.advance() => {
                if answered.is_err() {
                    break answered;
                }
            }
            () = &mut given_up => break Err(ConsoleError::GivenUp(engine)),
            () = sleep_until(say_at), if !said && !request.begun => {
                said = true;
                (wait.say)(waits.clone());
            }
            () = limit_of(began, wait.limit) => {
                break Err(ConsoleError::Busy { engine, limit: wait.limit.unwrap_or_default() });
            }
        }
        if request.is_over {
            break Ok(());
        }
    };
    if end.is_err() {
        request.take_back().await;
    }
    end?;
    let host = request.output.lines().rev().find_map(|line| line.strip_prefix(HOST)).map(str::trim);
    KernelInfo::find(&request.output, uuid, host).ok_or(ConsoleError::NoInfo(engine))
}

async fn limit_of(began: Instant, limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep_until(began + limit).await,
        None => std::future::pending().await,
    }
}

/// The request to an engine. Dropped before its end, it is taken back. No `Debug`, since its output holds the key.
struct Request {
    client: ClusterClient,
    run: RunId,
    engine: EngineId,
    events: FeedReceiver,
    output: String,
    begun: bool,
    replied: bool,
    idle: bool,
    is_over: bool,
}

impl Request {
    async fn send(client: &ClusterClient, engine: EngineId) -> Result<Self, ClientError> {
        let run = RunId(NEXT.fetch_sub(1, Ordering::Relaxed));
        let (sender, events) = feed();
        let execute =
            Execute { run, code: Arc::from(BIND_CODE), engines: vec![engine], first_slot: 0, noblock: None };
        // Made before the request is sent, so that a caller that goes away meanwhile takes it back as well.
        let mut request = Self {
            client: client.clone(),
            run,
            engine,
            events,
            output: String::new(),
            begun: false,
            replied: false,
            idle: false,
            is_over: false,
        };
        if let Err(error) = client.execute_silently(execute, sender).await {
            request.is_over = true;
            return Err(error);
        }
        Ok(request)
    }

    /// Takes in the events that arrived, or waits for one. Cancel safe.
    async fn advance(&mut self) -> Result<(), ConsoleError> {
        let mut events = Vec::new();
        let open = self.events.recv_many(&mut events).await;
        let engine = self.engine;
        for event in events {
            match event.kind {
                EventKind::Busy | EventKind::Input { .. } => self.begun = true,
                EventKind::Stream { name: StreamName::Stdout, text } => {
                    self.begun = true;
                    if self.output.len() + text.len() <= MAX_ANSWER {
                        self.output.push_str(&text);
                    }
                }
                // Its text is the engine's; only the name is shown.
                EventKind::Error(error) | EventKind::Reply(ExecuteReply::Error { error, .. }) => {
                    self.is_over = true;
                    return Err(ConsoleError::Raised { engine, why: name_of(&error.ename) });
                }
                EventKind::Reply(ExecuteReply::Aborted { .. }) => {
                    self.is_over = true;
                    return Err(ConsoleError::Lost { engine, why: "the request was aborted".to_owned() });
                }
                EventKind::Reply(ExecuteReply::Ok { .. }) => self.replied = true,
                EventKind::Idle => self.idle = true,
                // What it printed until then may be complete.
                EventKind::Lost(
                    LostReason::OutputIncomplete | LostReason::ReplyMissing | LostReason::ReplyUnreadable,
                ) => self.is_over = true,
                EventKind::Lost(reason) => {
                    self.is_over = true;
                    return Err(ConsoleError::Lost { engine, why: reason.to_string() });
                }
                _ => {}
            }
        }
        if !open && !self.is_over {
            self.is_over = true;
            return Err(ConsoleError::Lost { engine, why: LostReason::ControllerLost.to_string() });
        }
        self.is_over |= self.replied && self.idle;
        Ok(())
    }

    /// Takes the request back: aborted while it waits, interrupted if it has begun.
    async fn take_back(&mut self) {
        if !std::mem::replace(&mut self.is_over, true) {
            take_back(self.client.clone(), self.run).await;
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if self.is_over {
            self.client.forget(self.run);
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(take_back(self.client.clone(), self.run));
        }
    }
}

async fn take_back(client: ClusterClient, run: RunId) {
    // Where the cluster cannot be reached there is nothing left to take back.
    let _ = client.interrupt(run, None, "SIGINT").await;
    client.forget(run);
}

/// The name of an exception as far as it is one.
fn name_of(ename: &str) -> String {
    ename.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).take(80).collect()
}

#[cfg(test)]
mod tests;
