//! Real ipyparallel clusters for tests.
//!
//! Each has an IPython directory of its own in a temporary folder, so it is invisible to anything but the test.
//! It never outlives the test process: a watchdog ends it when the pipe from the test closes, whether the
//! process ended, panicked or was killed.
//!
//! [`shared`] gives one cluster per size and test process, to one test at a time. A test that kills engines or
//! stops the controller starts its own with [`RealCluster::start`].

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    ops::{Deref, DerefMut},
    path::PathBuf,
    process::{Child, ChildStdin, Stdio},
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    time::Instant,
};

use serde_json::{Value, json};

use crate::{PATIENCE, cli::clean_command, waits, workspace};

const DRIVER: &str = include_str!("real/driver.py");
const WATCHDOG: &str = include_str!("real/watchdog.py");

/// The Python of the tests: `PXLENS_TEST_PYTHON`, else the environment that `cargo xtask test` makes.
pub fn python() -> PathBuf {
    let python = std::env::var_os("PXLENS_TEST_PYTHON")
        .map_or_else(|| workspace().join("target/python/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "there is no {}: run `cargo xtask python` once, or set PXLENS_TEST_PYTHON to a Python that has \
         tests/python/requirements.txt installed",
        python.display()
    );
    python
}

/// A controller and its engines. Dropping it ends them all.
#[derive(Debug)]
pub struct RealCluster {
    engines: usize,
    folder: PathBuf,
    driver: Child,
    requests: Option<ChildStdin>,
    answers: mpsc::Receiver<String>,
    watchdog: Child,
}

impl RealCluster {
    /// Starts a controller and `engines` engines, and waits until all are registered. Each engine knows its
    /// `rank`.
    pub fn start(engines: usize) -> Self {
        let python = python();
        let folder =
            tempfile::Builder::new().prefix("pxlens-cluster-").tempdir().expect("a temporary folder").keep();
        let token = format!("pxlens-test-{}", uuid::Uuid::new_v4());

        let mut watchdog = clean_command(&python, &folder);
        watchdog.args(["-c", WATCHDOG, &token]).arg(&folder);
        watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        own_group(&mut watchdog);
        let watchdog = watchdog.spawn().expect("the test Python starts");

        let log =
            std::fs::File::create(folder.join("driver.log")).expect("the temporary folder can be written");
        let mut driver = clean_command(&python, &folder);
        driver
            .args(["-c", DRIVER, &engines.to_string()])
            .env("IPYTHONDIR", folder.join("ipython"))
            .env("PXLENS_TEST_CLUSTER", &token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        own_group(&mut driver);
        let mut driver = driver.spawn().expect("the test Python starts");
        let requests = driver.stdin.take();
        let answers = lines(driver.stdout.take().expect("stdout is piped"));

        let mut cluster = Self { engines, folder, driver, requests, answers, watchdog };
        let ready = cluster.answer("the start of the cluster");
        let ready = ready.unwrap_or_else(|error| panic!("the cluster does not start: {error}"));
        assert_eq!(ready, json!({"ready": true}));
        cluster.reset();
        cluster
    }

    /// How many engines it was started with.
    pub fn engines(&self) -> usize {
        self.engines
    }

    /// The IPython directory; as `IPYTHONDIR` it makes discovery find this cluster.
    pub fn ipython_dir(&self) -> PathBuf {
        self.folder.join("ipython")
    }

    /// The client's connection file.
    pub fn connection_file(&self) -> PathBuf {
        self.ipython_dir().join("profile_default/security/ipcontroller-client.json")
    }

    /// Runs Python code in the process that started the cluster, where `rc` is an ipyparallel client and `cluster` the
    /// cluster; returns what the code assigned to `answer`. Panics with the traceback when it raises.
    pub fn python(&mut self, code: &str) -> Value {
        self.try_python(code).unwrap_or_else(|error| panic!("the test's own Python failed: {error}"))
    }

    /// Like [`Self::python`], with what the code raised as an error.
    ///
    /// # Errors
    /// The traceback.
    pub fn try_python(&mut self, code: &str) -> Result<Value, String> {
        let requests = self.requests.as_mut().expect("the driver's stdin is open while the cluster lives");
        writeln!(requests, "{}", json!({"code": code}))
            .map_err(|error| self.with_log(&format!("the driver takes no code: {error}")))?;
        self.answer(code).map(|mut answer| answer["answer"].take())
    }

    /// Brings the engines into the state in which the golden files were captured: each knows its `rank`, and its next
    /// prompt is `[1]`.
    pub fn reset(&mut self) {
        self.python("for i in rc.ids:\n    rc[i].push({'rank': i}, block=True)");
        self.reset_counts();
    }

    /// Makes the next prompt of every engine `[1]`.
    pub fn reset_counts(&mut self) {
        self.python("rc[:].execute('get_ipython().execution_count = 1', silent=True, block=True)");
    }

    /// The process id of each engine.
    pub fn pids(&mut self) -> BTreeMap<u32, u32> {
        let code = "import os\nanswer = dict(zip(rc.ids, rc[:].apply_sync(os.getpid)))";
        serde_json::from_value(self.python(code)).expect("process ids by engine")
    }

    /// Kills one engine with SIGKILL, as the system would.
    #[cfg(unix)]
    pub fn kill_engine(&mut self, engine: u32) {
        let pid = *self.pids().get(&engine).unwrap_or_else(|| panic!("there is no engine {engine}"));
        kill(pid);
    }

    fn answer(&mut self, asked: &str) -> Result<Value, String> {
        let line = self.answers.recv_timeout(PATIENCE).map_err(|error| {
            let what = match error {
                mpsc::RecvTimeoutError::Timeout => format!("waited {PATIENCE:?} in vain for an answer"),
                mpsc::RecvTimeoutError::Disconnected => "the driver ended without an answer".to_owned(),
            };
            self.with_log(&format!("{what} to {asked:?}"))
        })?;
        let mut answer: Value = serde_json::from_str(&line).expect("the driver writes JSON");
        match answer["error"].take() {
            Value::String(error) => Err(error),
            _ => {
                answer.as_object_mut().map(|answer| answer.remove("error"));
                Ok(answer)
            }
        }
    }

    /// An error, followed by what the driver wrote to stderr.
    fn with_log(&self, error: &str) -> String {
        let log = std::fs::read_to_string(self.folder.join("driver.log")).unwrap_or_default();
        format!("{error}; the driver wrote:\n{log}")
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        // Once its stdin closes, the watchdog kills all processes of the cluster, the driver too, and ends after them.
        drop(self.watchdog.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        let ended = [&mut self.watchdog, &mut self.driver].map(|child| waits::exit_status(child, deadline));
        if ended.iter().any(Option::is_none) && !std::thread::panicking() {
            panic!(
                "waited {PATIENCE:?} in vain for the watchdog and the driver of a cluster to end: {ended:?}"
            );
        }
    }
}

/// Kills a process at once.
#[cfg(unix)]
pub fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("process ids fit"));
    // An error says that it is gone already.
    _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
}

/// A cluster that the tests of one process share, lent to one at a time.
///
/// A test that fails may leave an engine at work for ever. Its cluster therefore ends with it, and the next test gets a
/// new one.
#[derive(Debug)]
pub struct Lent(MutexGuard<'static, Option<RealCluster>>);

impl Deref for Lent {
    type Target = RealCluster;

    fn deref(&self) -> &RealCluster {
        self.0.as_ref().expect("the cluster is there until it is given back")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut RealCluster {
        self.0.as_mut().expect("the cluster is there until it is given back")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.take();
        }
    }
}

/// The shared cluster of 4 or of 6 engines, started when first asked for, and reset: see
/// [`RealCluster::reset`]. Waits while another test has it.
pub fn shared(engines: usize) -> Lent {
    static FOUR: Mutex<Option<RealCluster>> = Mutex::new(None);
    static SIX: Mutex<Option<RealCluster>> = Mutex::new(None);
    let slot = match engines {
        4 => &FOUR,
        6 => &SIX,
        other => panic!("shared clusters have 4 or 6 engines, not {other}"),
    };
    let mut guard = slot.lock().unwrap_or_else(PoisonError::into_inner);
    guard.get_or_insert_with(|| RealCluster::start(engines));
    let mut lent = Lent(guard);
    lent.reset();
    lent
}

/// Gives a process a group of its own, so that Ctrl-C in the terminal of the tests does not reach it.
fn own_group(command: &mut std::process::Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

fn lines(pipe: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_shared_cluster_answers_with_ranks_and_fresh_counts() {
        let mut cluster = shared(4);
        assert!(cluster.connection_file().exists());
        assert_eq!(cluster.python("answer = rc[:]['rank']"), json!([0, 1, 2, 3]));
        let count = "answer = [r.execution_count for r in rc[:].execute('1+1', silent=False, block=True)]";
        assert_eq!(cluster.python(count), json!([1, 1, 1, 1]));
        cluster.reset_counts();
        assert_eq!(cluster.python(count), json!([1, 1, 1, 1]));
        assert!(cluster.try_python("1/0").is_err_and(|error| error.contains("ZeroDivisionError")));
    }

    #[test]
    fn after_a_test_that_fails_the_next_one_gets_a_new_cluster() {
        let failing = std::thread::spawn(|| {
            let mut cluster = shared(4);
            let pids = cluster.pids();
            cluster.python("rc[2].execute('import time; time.sleep(600)', block=False)");
            std::panic::resume_unwind(Box::new(pids));
        });
        let pids = failing.join().expect_err("the thread panicked");
        let pids = pids.downcast::<BTreeMap<u32, u32>>().expect("it panicked with the process ids");
        // The old cluster would let this wait for an engine that sleeps.
        let next = shared(4).pids();
        assert!(pids.values().all(|pid| !next.values().any(|other| other == pid)), "{pids:?} {next:?}");
    }

    #[test]
    fn a_killed_engine_is_gone_and_a_dropped_cluster_leaves_nothing() {
        let mut cluster = RealCluster::start(2);
        let pids = cluster.pids();
        cluster.kill_engine(1);
        cluster.python("import time\nwhile 1 in rc.ids: time.sleep(0.01)");
        assert_eq!(cluster.python("answer = rc.ids"), json!([0]));
        let folder = cluster.folder.clone();
        drop(cluster);
        assert!(!folder.exists());
        wait_for_end(pids[&0]);
        wait_for_end(pids[&1]);
    }

    /// Runs itself in a second process, which starts a cluster and is then killed.
    #[test]
    fn a_killed_test_process_leaves_no_cluster_behind() {
        const HOLD: &str = "PXLENS_TEST_HOLD_CLUSTER";
        if std::env::var_os(HOLD).is_some() {
            let mut cluster = RealCluster::start(1);
            println!("engine at {}.", cluster.pids()[&0]);
            println!("folder at {}.", cluster.folder.display());
            cluster.python("import time\nwhile True: time.sleep(60)");
        }
        let name = "real::tests::a_killed_test_process_leaves_no_cluster_behind";
        let mut holder = Cli::new(std::env::current_exe().expect("a test knows its program"))
            .args([name, "--exact", "--nocapture"])
            .env(HOLD, "1")
            .env("PXLENS_TEST_PYTHON", python())
            .start();
        let found = |text: &str, what: &str| {
            let (_, rest) = text.split_once(what).expect("the holder wrote it");
            rest.split('.').next().expect("split gives one part at least").to_owned()
        };
        holder.wait_for_stdout("folder at ");
        let engine: u32 = found(holder.stdout(), "engine at ").parse().expect("a process id");
        assert!(alive(engine));
        kill(holder.pid());
        assert_eq!(holder.wait().status, 128 + 9);
        wait_for_end(engine);
    }

    /// A process that was killed still exists until its parent has waited for it.
    fn wait_for_end(pid: u32) {
        let deadline = Instant::now() + PATIENCE;
        while alive(pid) {
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for process {pid} to end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn alive(pid: u32) -> bool {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("process ids fit"));
        nix::sys::signal::kill(pid, None).is_ok()
    }
}
