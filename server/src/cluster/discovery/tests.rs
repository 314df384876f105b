//! Discovery, with fake IPython directories.

use std::time::Duration;

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

/// A folder of IPython profiles.
struct Profiles(tempfile::TempDir);

impl Profiles {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn write(&self, profile: &str, name: &str, content: &serde_json::Value) -> PathBuf {
        let folder = self.0.path().join(format!("profile_{profile}")).join("security");
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join(name);
        fs::write(&path, content.to_string()).expect("a file");
        path
    }

    fn client_file(&self, profile: &str, id: &str, content: &serde_json::Value) -> PathBuf {
        self.write(profile, &files::connection_file_name(id, "client"), content)
    }

    fn cluster(&self, profile: &str, id: &str, class: &str, pid: Option<u32>) {
        let state = json!({"pid": pid, "state": "running"});
        let engines = json!({"class": class, "sets": {"1": {"n": 3, "pid": -1, "engines": {}}}});
        let cluster = json!({"controller": {"class": class, "state": state}, "engines": engines});
        self.write(profile, &format!("cluster-{id}.json"), &cluster);
    }

    fn selection(&self) -> Selection {
        Selection { ipython_dir: Some(self.0.path().to_owned()), ..Selection::default() }
    }

    fn found(&self) -> Vec<FoundCluster> {
        find(&self.selection()).expect("the folder can be read")
    }
}

fn cluster(label: &str, state: ClusterState, age: u64) -> FoundCluster {
    let (profile, cluster_id) = label.split_once(':').expect("profile:id");
    FoundCluster {
        profile: profile.to_owned(),
        cluster_id: cluster_id.to_owned(),
        connection_file: PathBuf::from("client.json"),
        cluster_file: None,
        pid: None,
        state,
        engines_expected: None,
        launcher: None,
        ours: cluster_id.starts_with(OUR_PREFIX),
        written: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age)),
        note: None,
    }
}

fn check_choice(setting: &str, all: &[FoundCluster], expected: Expect) {
    let text = match choose_among(&Selection::parse(setting), all) {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(chosen)) => chosen.note.clone().unwrap_or_else(|| chosen.label()),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&text);
}

use ClusterState::{Gone, Running, Starting, Unknown};

#[test]
fn a_setting_names_a_file_a_profile_or_a_cluster() {
    let parsed = |text: &str| {
        let selection = Selection::parse(text);
        (selection.connection_file, selection.profile, selection.cluster_id, selection.name)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(parsed("  "), (None, None, None, None));
    assert_eq!(parsed("slurm"), (None, None, None, text("slurm")));
    assert_eq!(parsed("slurm:a1"), (None, text("slurm"), text("a1"), None));
    assert_eq!(parsed("slurm:"), (None, text("slurm"), text(""), None));
    assert_eq!(parsed(":a1"), (None, None, text("a1"), None));
    assert_eq!(parsed("/a/b-client.json").0, Some(PathBuf::from("/a/b-client.json")));
    assert_eq!(parsed("b-client.json").0, Some(PathBuf::from("b-client.json")));
    let home = etcetera::home_dir().expect("a home");
    assert_eq!(parsed("~/x.json").0, Some(home.join("x.json")));
}

#[test]
fn the_ipython_dir_is_the_given_one_then_the_variable_then_home() {
    let home = || Some(PathBuf::from("/home/me"));
    let given = Path::new("/given");
    let variable = |_: &str| Some(OsString::from("/variable"));
    let check = |found: Result<PathBuf, DiscoveryError>, path: &str| {
        assert_eq!(found.expect("found"), PathBuf::from(path));
    };
    check(ipython_dir_in(Some(given), variable, home), "/given");
    check(ipython_dir_in(None, variable, home), "/variable");
    check(ipython_dir_in(None, |_| None, home), "/home/me/.ipython");
    check(ipython_dir_in(None, |_| Some(OsString::new()), home), "/home/me/.ipython");
    ipython_dir_in(None, |_| None, || None).expect_err("no home");
}

#[test]
fn a_controller_that_is_gone_is_distinguished_from_one_that_may_run() {
    let profiles = Profiles::new();
    profiles.cluster("default", "stale", "local", Some(i32::MAX as u32));
    profiles.client_file("default", "stale", &json!({"location": ""}));
    profiles.cluster("default", "job", "slurm", None);
    profiles.client_file("default", "job", &json!({"interface": "tcp://*", "location": "node7"}));
    profiles.cluster("default", "queued", "slurm", None);
    // On a shared home the process id is one of the other machine.
    profiles.cluster("default", "there", "local", Some(i32::MAX as u32));
    profiles.client_file("default", "there", &json!({"interface": "tcp://*", "location": "node7"}));
    // This test's own process: alive, and no controller.
    profiles.cluster("default", "reused", "local", Some(std::process::id()));
    profiles.client_file("default", "reused", &json!({}));
    let states: Vec<_> = profiles.found().into_iter().map(|c| (c.cluster_id, c.state)).collect();
    let expected =
        [("job", Unknown), ("queued", Gone), ("reused", Gone), ("stale", Gone), ("there", Unknown)];
    assert_eq!(states, expected.map(|(id, state)| (id.to_owned(), state)));
}

#[test]
fn a_client_file_without_a_cluster_file_is_found_and_its_port_tried() {
    let profiles = Profiles::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let client = json!({"interface": "tcp://127.0.0.1", "registration": port, "key": "secret"});
    profiles.client_file("mine", "", &client);
    let [found] = profiles.found().try_into().expect("one cluster");
    assert_eq!((found.state, found.label()), (Running, "mine".to_owned()));
    assert!(!found.ours && !format!("{found:?}").contains("secret"));
    drop(listener);
    assert_eq!(profiles.found()[0].state, Gone);
}

#[cfg(unix)]
#[test]
fn a_controller_that_runs_is_running_once_its_connection_file_is_there() {
    let profiles = Profiles::new();
    let script = ["-c", "while :; do sleep 1; done", "ipyparallel.controller"];
    let mut controller = std::process::Command::new("sh").args(script).spawn().expect("sh is everywhere");
    profiles.cluster("default", "pxlens-1", "local", Some(controller.id()));
    let before = profiles.found().remove(0);
    profiles.client_file("default", "pxlens-1", &json!({"location": "somewhere"}));
    let after = profiles.found().remove(0);
    controller.kill().expect("it runs");
    controller.wait().expect("it ends");
    assert_eq!((before.state, after.state), (Starting, Running));
    assert_eq!(profiles.found()[0].state, Unknown, "its location is another machine");
    assert_eq!((after.engines_expected, after.launcher.as_deref()), (Some(3), Some("local")));
    assert!(after.ours);
}

#[test]
fn a_missing_ipython_dir_holds_no_clusters() {
    let profiles = Profiles::new();
    let selection = Selection { ipython_dir: Some(profiles.0.path().join("none")), ..Selection::default() };
    assert_eq!(choose(&selection).expect("no error"), None);
}

#[test]
fn a_connection_file_is_used_or_refused_with_a_reason() {
    let profiles = Profiles::new();
    let client = profiles.client_file("p", "a1", &json!({}));
    let choose_file =
        |path: &Path| choose(&Selection { connection_file: Some(path.to_owned()), ..Selection::default() });
    let chosen = choose_file(&client).expect("it is there").expect("chosen");
    assert_eq!((chosen.label().as_str(), &chosen.connection_file), ("p:a1", &client));
    profiles.cluster("p", "a1", "slurm", None);
    let cluster_file = client.with_file_name("cluster-a1.json");
    let chosen = choose_file(&cluster_file).expect("it is there").expect("chosen");
    assert_eq!((chosen.launcher.as_deref(), &chosen.connection_file), (Some("slurm"), &client));

    let check = |name: &str, expected: Expect| {
        let error = choose_file(Path::new(name)).expect_err("refused").to_string();
        expected.assert_eq(&error);
    };
    check(
        "/no/such.json",
        expect![
            "there is no connection file /no/such.json; a controller removes its file when it ends, so start the cluster again or name another file"
        ],
    );
    check(
        "/x/ipcontroller-engine.json",
        expect![
            "/x/ipcontroller-engine.json is the connection file for engines; name the file beside it that ends in -client.json"
        ],
    );
}

#[test]
fn a_running_cluster_is_chosen_and_of_several_ours_then_the_newest() {
    check_choice("", &[], expect!["nothing"]);
    check_choice("", &[cluster("default:a", Gone, 0), cluster("default:b", Starting, 0)], expect!["nothing"]);
    check_choice("", &[cluster("default:a", Gone, 0), cluster("p:b", Running, 5)], expect!["p:b"]);
    let starting = [cluster("default:pxlens-1", Starting, 0), cluster("p:b", Running, 5)];
    check_choice("", &starting, expect!["p:b"]);
    check_choice(
        "",
        &starting[..1],
        expect!["the cluster default:pxlens-1 is still starting; try again in a moment"],
    );
    check_choice("", &[cluster("default:pxlens-run-1", Starting, 0)], expect!["nothing"]);
    let several = [
        cluster("default:old", Running, 9),
        cluster("default:pxlens-1", Running, 7),
        cluster("default:pxlens-2", Running, 3),
        cluster("slurm:", Unknown, 0),
    ];
    check_choice(
        "",
        &several,
        expect![
            "using the cluster default:pxlens-2 (it is the newest); also running: default:pxlens-1, default:old, slurm"
        ],
    );
    check_choice(
        "",
        &several[..2],
        expect!["using the cluster default:pxlens-1 (pxlens started it); also running: default:old"],
    );
    check_choice("", &several[3..], expect!["slurm"]);
}

#[test]
fn a_cluster_that_ends_with_its_run_is_used_only_by_name() {
    let all = [cluster("default:pxlens-run-1", Running, 0)];
    check_choice("", &all, expect!["nothing"]);
    check_choice("pxlens-run-1", &all, expect!["default:pxlens-run-1"]);
}

#[test]
fn a_named_cluster_that_does_not_run_is_an_error_that_lists_those_that_do() {
    let all = [cluster("default:a", Running, 0), cluster("slurm:", Unknown, 0), cluster("p:b", Gone, 0)];
    check_choice("slurm", &all, expect!["slurm"]);
    check_choice("a", &all, expect!["default:a"]);
    check_choice(
        "p:b",
        &all,
        expect!["no cluster is running in profile 'p' with the id 'b'; running instead: default:a, slurm"],
    );
    check_choice(
        "q",
        &all[..1],
        expect!["no cluster is running in profile 'q' or with the id 'q'; running instead: default:a"],
    );
    check_choice(
        "default:",
        &[],
        expect![
            "no cluster is running in profile 'default' without a cluster id; no other cluster is running either; start one with `pxlens start`"
        ],
    );
    check_choice(
        "default",
        &[cluster("default:b", Starting, 0)],
        expect!["the cluster default:b is still starting; try again in a moment"],
    );
}
