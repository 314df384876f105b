//! Starting and stopping, with a real Python.

use pxlens_tests::{cli::Cli, within};

use super::*;
use crate::cluster::{
    process::{self, ProcessState},
    python::{PythonEnv, PythonSource},
};

/// Waits for something that another process does.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(POLL).await;
        }
    };
    within(what, waiting).await;
}

fn test_python() -> PythonEnv {
    let of_workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python");
    let program = std::env::var_os("PXLENS_TEST_PYTHON").map_or(of_workspace, PathBuf::from);
    assert!(program.exists(), "{} is missing: set PXLENS_TEST_PYTHON", program.display());
    PythonEnv {
        program,
        source: PythonSource::Flag,
        version: "3".to_owned(),
        ipyparallel: Some("9.2.0".to_owned()),
        ipykernel: None,
        matplotlib: None,
        note: None,
    }
}

fn options(ipython_dir: &Path, detached: bool) -> StartOptions {
    StartOptions {
        n: 2,
        python: test_python(),
        profile: None,
        cluster_id: None,
        detached,
        ipython_dir: Some(ipython_dir.to_owned()),
        folder: Some(ipython_dir.to_owned()),
    }
}

/// Ends what a failed test leaves.
struct Cleanup(Vec<u32>);

impl Drop for Cleanup {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = process::end_group(*pid, process::EndSignal::Kill);
        }
    }
}

#[tokio::test]
async fn a_detached_cluster_is_seen_by_ipcluster_and_leaves_nothing_when_stopped() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = start(options(folder.path(), true), |_| {}).await.expect("it starts");
    let mut pids = started.engine_pids.clone();
    pids.push(started.controller_pid);
    let _cleanup = Cleanup(pids.clone());
    let table = started.layout.engine_table();
    until("both engines to register", || {
        let table = fs::read_to_string(&table).unwrap_or_default();
        let table: serde_json::Value = serde_json::from_str(&table).unwrap_or_default();
        table["engines"].as_object().is_some_and(|engines| engines.len() == 2)
    })
    .await;
    // Detached: letting go of the handle ends nothing.
    let cluster_id = started.cluster_id.clone();
    drop(started);

    let selection = Selection { ipython_dir: Some(folder.path().to_owned()), ..Selection::default() };
    let found = discovery::choose(&selection).expect("no error").expect("it is found");
    assert_eq!((&found.cluster_id, found.state, found.ours), (&cluster_id, ClusterState::Running, true));
    assert_eq!((found.engines_expected, found.note.as_deref()), (Some(2), None));
    let listed = Cli::new(test_python().program)
        .args(["-m", "ipyparallel.cluster", "list"])
        .env("IPYTHONDIR", folder.path())
        .run()
        .stdout;
    let line = listed.lines().find(|line| line.contains(&cluster_id)).expect("it is listed");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["default", &cluster_id, "True", "2", "Local"]);

    let nannies = process::descendants(&pids);
    assert!(nannies.len() >= 2, "{nannies:?}");
    stop(&found, false).await.expect("ours needs no confirmation");
    for pid in pids.iter().chain(&nannies) {
        assert_eq!(process::state_of(*pid), ProcessState::Gone);
    }
    assert_eq!(process::matching(&[&cluster_id]), [] as [u32; 0]);
    assert_eq!(discovery::find(&selection).expect("no error"), []);
    for name in ["security", "log"] {
        let left =
            fs::read_dir(folder.path().join("profile_default").join(name)).expect("the folder is there");
        assert_eq!(left.count(), 0, "files left in {name}");
    }
}

#[tokio::test]
async fn an_attached_cluster_ends_when_its_owner_lets_go_of_it_while_it_starts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = start(options(folder.path(), false), |_| {}).await.expect("it starts");
    let cluster_id = started.cluster_id.clone();
    let _cleanup = Cleanup([vec![started.controller_pid], started.engine_pids.clone()].concat());
    assert!(started.found().is_temporary());
    let files = started.layout.all_files(2);
    drop(started);
    until("its processes to end", || process::matching(&[&cluster_id]).is_empty()).await;
    until("its files to go", || files.iter().all(|file| !file.exists())).await;
}

#[tokio::test]
async fn an_engine_that_ends_unexpectedly_is_named_with_the_end_of_its_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut started = start(options(folder.path(), false), |_| {}).await.expect("it starts");
    let _cleanup = Cleanup([vec![started.controller_pid], started.engine_pids.clone()].concat());
    process::end_process(started.engine_pids[1], process::EndSignal::Kill).expect("it is ours");
    let error = within("the end of the cluster", started.ended()).await.to_string();
    assert!(error.starts_with("engine 1 ended unexpectedly (signal: 9"), "{error}");
    let cluster_id = started.cluster_id.clone();
    started.stop().await.expect("the others stop");
    assert_eq!(process::matching(&[&cluster_id]), [] as [u32; 0]);
}

#[tokio::test]
async fn a_cluster_that_is_stopped_while_it_starts_leaves_no_process() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The connection file is there before the schedulers are.
    let started = start(options(folder.path(), false), |_| {}).await.expect("it starts");
    let cluster_id = started.cluster_id.clone();
    started.stop().await.expect("it stops");
    assert_eq!(process::matching(&[&cluster_id]), [] as [u32; 0]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_cluster_whose_controller_was_killed_is_gone_and_stopping_it_ends_what_is_left() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let started = start(options(folder.path(), true), |_| {}).await.expect("it starts");
    let _cleanup = Cleanup([vec![started.controller_pid], started.engine_pids.clone()].concat());
    until("the schedulers start", || process::descendants(&[started.controller_pid]).len() >= 7).await;
    process::end_process(started.controller_pid, process::EndSignal::Kill).expect("it is ours");
    until("the controller ends", || process::state_of(started.controller_pid) == ProcessState::Gone).await;
    let selection = Selection { ipython_dir: Some(folder.path().to_owned()), ..Selection::default() };
    let found = discovery::find(&selection).expect("no error").remove(0);
    assert_eq!(found.state, ClusterState::Gone);
    stop(&found, false).await.expect("what is left stops");
    assert_eq!(process::matching(&[&started.cluster_id]), [] as [u32; 0]);
    assert_eq!(discovery::find(&selection).expect("no error"), []);
}

#[tokio::test]
async fn a_controller_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("profile_default");
    fs::create_dir_all(&config).expect("a folder");
    fs::write(config.join("ipcontroller_config.py"), "raise SystemExit('no licence')\n").expect("a file");
    let said = std::cell::RefCell::new(Vec::new());
    let result = start(options(folder.path(), false), |text| said.borrow_mut().push(text.to_owned())).await;
    let error = result.expect_err("the configuration is broken").to_string();
    assert!(
        error.starts_with("the controller ended unexpectedly (exit status: 1); the end of its log:"),
        "{error}"
    );
    assert!(error.ends_with("no licence"), "{error}");
    assert!(said.borrow()[0].starts_with("starting a controller and 2 engines with "), "{said:?}");
}

#[tokio::test]
async fn a_cluster_of_somebody_else_is_stopped_only_after_confirmation() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let security = folder.path().join("profile_default/security");
    fs::create_dir_all(&security).expect("a folder");
    fs::write(security.join("ipcontroller-job-client.json"), r#"{"location": "node7"}"#).expect("a file");
    let selection = Selection { ipython_dir: Some(folder.path().to_owned()), ..Selection::default() };
    let found = discovery::find(&selection).expect("no error").remove(0);
    let unconfirmed = stop(&found, false).await.expect_err("it is not ours").to_string();
    assert_eq!(
        unconfirmed,
        "pxlens did not start the cluster default:job; stopping it needs your confirmation"
    );
    let confirmed = stop(&found, true).await.expect_err("there is no process id").to_string();
    assert!(confirmed.ends_with("e.g. with `ipcluster stop --cluster-id=job`"), "{confirmed}");
    assert!(found.connection_file.exists());
}

#[tokio::test]
async fn what_cannot_be_started_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refused = async |change: fn(&mut StartOptions)| {
        let mut options = options(folder.path(), true);
        change(&mut options);
        start(options, |_| {}).await.expect_err("refused").to_string()
    };
    assert!(refused(|o| o.n = 0).await.contains("at least one engine"));
    let gone = refused(|o| o.folder = o.folder.take().map(|folder| folder.join("gone"))).await;
    assert!(
        gone.starts_with("pxlens cannot run engines in ") && gone.contains("gone: No such file"),
        "{gone}"
    );
    assert!(refused(|o| o.cluster_id = Some("../x".to_owned())).await.contains("'../x' cannot be the name"));
    assert!(refused(|o| o.profile = Some(String::new())).await.contains("'' cannot be the name"));
    assert!(refused(|o| o.python.ipyparallel = None).await.contains("has no ipyparallel"));
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}
