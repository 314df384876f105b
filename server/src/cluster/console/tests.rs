//! Consoles on the engines of simulated controllers, and the file that comes of them.

use std::{
    ffi::OsString,
    sync::{Arc, Mutex},
};

use pxlens_tests::{
    sim::{Script, Sim, Step},
    within,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{info::KernelInfo, runtime::runtime_dir_in, *};
use crate::cluster::{ClientOptions, ConnectionInfo};

/// What the user lets a console wait for a busy engine.
const LIMIT: Duration = Duration::from_secs(30);

const KEY: &str = "eee2dd69-7dd3-4340-bf3e-7e2e22a62542";

fn connection_info() -> Value {
    json!({
        "shell_port": 55328, "iopub_port": 58264, "stdin_port": 60387, "control_port": 40001, "hb_port": 50835,
        "ip": "127.0.0.1", "key": KEY, "transport": "tcp", "signature_scheme": "hmac-sha256", "kernel_name": "",
    })
}

/// As ipykernel prints it after the note of the port binding.
fn printed(host: &str) -> String {
    format!(
        "NOTE: When using the `ipython kernel` entry point, Ctrl-C will not work.\n\nTo connect another client to this kernel, \
         use:\n    --existing kernel-1.json {{not JSON}}\n{:#}\n\nPaste the above JSON into a file, and connect with:\n    $> \
         jupyter <app> --existing <file>\n\npxlens: host {host}\n",
        connection_info()
    )
}

fn answers(host: &str) -> Script {
    Script::new().stderr("a warning\n").stdout(printed(host))
}

fn here() -> String {
    process::host_name().unwrap_or_default()
}

/// A simulated controller, a client of it, and a folder for connection files.
struct Desk {
    sim: Sim,
    client: ClusterClient,
    folder: TempDir,
    said: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    async fn new(engines: u32, script: Script) -> Self {
        let sim = Sim::builder().engines(engines).on(BIND_CODE, script).start().await;
        let info = ConnectionInfo::read(&sim.connection_file()).expect("the simulation wrote it");
        let client = ClusterClient::connect(info, ClientOptions::default()).await.expect("it listens");
        Self { sim, client, folder: tempfile::tempdir().expect("a folder"), said: Arc::default() }
    }

    async fn open(&self, engine: u32, limit: Option<Duration>) -> Result<Console, ConsoleError> {
        self.open_until(engine, limit, std::future::pending()).await
    }

    async fn open_until(
        &self,
        engine: u32,
        limit: Option<Duration>,
        given_up: impl Future<Output = ()>,
    ) -> Result<Console, ConsoleError> {
        let said = Arc::clone(&self.said);
        let say = move |text: String| said.lock().expect("no test panics here").push(text);
        let wait = Wait { say, limit, given_up };
        let folder = self.folder.path().join("jupyter/runtime");
        let opening = open(&self.client, EngineId(engine), "default:my cluster", &folder, wait);
        within("the console or a refusal", opening).await
    }

    async fn open_the_gate_once_it_is_said(&self) {
        let said = async {
            while self.said().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within("word that the engine is busy", said).await;
        self.sim.open("gate");
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().expect("no test panics here").clone()
    }
}

#[tokio::test]
async fn the_file_holds_the_connection_info_and_is_readable_by_its_owner_only() {
    let desk = Desk::new(2, answers(&here())).await;
    let console = desk.open(1, None).await.expect("engine 1 answers");
    let expected = desk.folder.path().join("jupyter/runtime/kernel-pxlens-default-my-cluster-1.json");
    assert_eq!((&console.file, &console.tunnel), (&expected, &None));
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&expected).unwrap()).unwrap();
    let fields = file.as_object_mut().unwrap();
    assert_eq!(fields.remove("pxlens_engine"), Some(json!(desk.sim.engines()[1].1)));
    assert_eq!(fields.remove("pxlens_host"), Some(json!(here())));
    assert_eq!(file, connection_info());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&expected), mode(expected.parent().unwrap())), (0o600, 0o700));
    }
    let asked = &desk.sim.wait_for_runs(1).await[0];
    assert_eq!(asked.content["silent"], true, "no prompt is counted");
    assert_eq!(asked.content["store_history"], false);
    assert!(desk.said().is_empty());
}

#[tokio::test]
async fn a_second_ask_reuses_the_file_and_asks_nobody() {
    let desk = Desk::new(1, answers(&here())).await;
    let first = desk.open(0, None).await.expect("it answers");
    assert_eq!(desk.open(0, None).await.expect("it is known"), first);
    assert_eq!(desk.sim.executed().len(), 1);
    // What others could read is no secret any more, and what others wrote is no file of ours.
    #[cfg(unix)]
    {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(&first.file, open).unwrap();
        desk.open(0, None).await.expect("it answers again");
        assert_eq!(desk.sim.executed().len(), 2);
        let mode = std::fs::metadata(&first.file).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    }
}

#[tokio::test]
async fn the_file_of_an_earlier_engine_with_that_number_is_replaced() {
    let desk = Desk::new(1, answers(&here())).await;
    let first = desk.open(0, None).await.expect("it answers");
    let text = std::fs::read_to_string(&first.file).unwrap();
    std::fs::write(&first.file, text.replace(&desk.sim.engines()[0].1, "another").replace("55328", "1"))
        .unwrap();
    desk.open(0, None).await.expect("it answers again");
    assert_eq!(std::fs::read_to_string(&first.file).unwrap(), text);
}

/// A desk whose engine 0 works on something until the gate opens.
async fn with_work(script: Script) -> (Desk, FeedReceiver) {
    let desk = Desk::new(2, script).await;
    desk.sim.on("work", Script::new().wait("gate"));
    let (sender, events) = feed();
    let engines = vec![EngineId(0)];
    let work = Execute { run: RunId(1), code: "work".into(), engines, first_slot: 0, noblock: None };
    desk.client.execute(work, sender).await.expect("it is sent");
    let mut activities = desk.client.activities();
    let is_busy = activities.wait_for(|all| matches!(all.of(EngineId(0)), Activity::Busy(_)));
    within("engine 0 to be busy", is_busy).await.expect("the client lives");
    (desk, events)
}

#[tokio::test]
async fn the_user_is_told_that_pxlens_waits_for_a_busy_engine() {
    let (desk, _work) = with_work(answers(&here())).await;
    let watching = desk.open_the_gate_once_it_is_said();
    let (console, ()) = tokio::join!(desk.open(0, Some(LIMIT)), watching);
    console.expect("it answers when it is free");
    assert_eq!(desk.said(), ["engine 0 is busy; waiting until it is free, 30 s at most"]);
}

#[tokio::test]
async fn the_user_is_told_that_pxlens_waits_for_an_engine_that_does_not_begin() {
    let steps = Script::exactly([Step::Wait("gate".into())]).stdout(printed(&here()));
    let desk = Desk::new(1, steps.step(Step::Reply).step(Step::Idle)).await;
    let watching = desk.open_the_gate_once_it_is_said();
    let (console, ()) = tokio::join!(desk.open(0, None), watching);
    console.expect("it answers when it is free");
    assert_eq!(desk.said(), ["engine 0 is busy; waiting until it is free"]);
}

#[tokio::test]
async fn what_is_not_waited_for_any_more_is_taken_back() {
    let (desk, _work) = with_work(answers(&here())).await;
    let limit = Duration::from_millis(1);
    let error = desk.open(0, Some(limit)).await.expect_err("it is busy").to_string();
    assert_eq!(error, "engine 0 is still busy after 0 s; try again when it is idle, or interrupt its work");
    let error = desk.open_until(0, None, std::future::ready(())).await.expect_err("nobody waits").to_string();
    assert_eq!(error, "cancelled; engine 0 goes on with its work");
    {
        // As a request is that the client cancels.
        let opening = desk.open(0, None);
        tokio::pin!(opening);
        tokio::select! {
            _ = &mut opening => panic!("it is busy"),
            _ = desk.sim.wait_for_runs(4) => {}
        }
    }
    let ids: Vec<Value> = desk.sim.executed()[1..].iter().map(|asked| json!([asked.msg_id])).collect();
    for id in ids {
        desk.sim
            .wait_for("abort", |one| one.msg_type == "abort_request" && one.content["msg_ids"] == id)
            .await;
    }
    assert!(desk.sim.requests().iter().all(|one| one.msg_type != "signal_request"), "its work goes on");
}

#[tokio::test]
async fn an_engine_that_dies_or_fails_is_reported_and_never_quoted() {
    let secret = format!("{:#}", connection_info());
    let failing = Script::new().stdout(secret.clone()).error("RuntimeError", &secret);
    let silent = Script::new().stdout("not { it }\n");
    for (script, sentence) in [
        (Script::new().die(), "engine 0 did not answer: the engine died"),
        (failing, "engine 0 could not bind its kernel: RuntimeError"),
        (
            silent,
            "engine 0 did not say how to connect to it; its output may be redirected, or its ipykernel may be too old",
        ),
    ] {
        let desk = Desk::new(1, script).await;
        let error = desk.open(0, None).await.expect_err("it tells nothing");
        assert_eq!(error.to_string(), sentence);
        assert!(!format!("{error:?}").contains(KEY));
        assert!(!desk.folder.path().join("jupyter").exists(), "nothing is written");
    }
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_refused_with_those_that_are() {
    let desk = Desk::new(3, answers(&here())).await;
    let error = desk.open(7, None).await.expect_err("there are three").to_string();
    assert_eq!(error, "there is no engine 7; the cluster has [0-2]");
    assert!(desk.sim.executed().is_empty());
}

#[tokio::test]
async fn an_engine_on_another_machine_is_reached_through_a_tunnel() {
    let desk = Desk::new(1, answers("node7.cluster")).await;
    let console = desk.open(0, None).await.expect("it answers");
    assert_eq!(console.tunnel.as_deref(), Some("node7.cluster"));
    let argv = console.argv(FrontEnd::QtConsole);
    assert_eq!(
        (&argv[..3], &argv[4..]),
        (
            &["jupyter", "qtconsole", "--existing"].map(String::from)[..],
            &["--ssh", "node7.cluster"].map(String::from)[..]
        )
    );
    let note = console.note().expect("the user has to know");
    assert!(note.starts_with("engine 0 runs on node7.cluster, and its ports"), "{note}");
    assert_eq!(desk.open(0, None).await.expect("it is known"), console);
}

fn find(text: &str, host: Option<&str>) -> Option<KernelInfo> {
    KernelInfo::find(text, EngineUuid("uuid".into()), host)
}

#[test]
fn what_is_not_connection_info_is_not_taken_for_it() {
    assert!(find(&printed("h"), None).is_some());
    for (name, value) in
        [("shell_port", json!(0)), ("hb_port", json!("1")), ("key", json!(null)), ("ip", json!(1))]
    {
        let mut odd = connection_info();
        odd[name] = value;
        assert_eq!(find(&odd.to_string(), None), None, "{name}");
    }
    assert_eq!(find(&connection_info().to_string()[..80], None), None);
    assert_eq!(find("", None), None);
}

#[test]
fn the_key_is_not_in_debug_and_a_host_is_a_word() {
    let info = find(&printed("h"), Some("--oProxyCommand=x")).expect("it is one");
    assert!(!format!("{info:?}").contains(KEY), "{info:?}");
    assert_eq!(info.needs_tunnel(Some("here")), None, "that is no name of a machine");
    let far = find(&printed("h"), Some("Far")).expect("it is one");
    assert_eq!(far.needs_tunnel(Some("far")), None);
    assert_eq!(far.needs_tunnel(Some("here")).as_deref(), Some("Far"));
    let open = printed("h").replace("127.0.0.1", "10.0.0.7");
    assert_eq!(
        find(&open, Some("Far")).expect("it is one").needs_tunnel(Some("here")),
        None,
        "it is reached as it is"
    );
}

#[test]
fn a_command_line_survives_a_shell() {
    let console = |file: &str| Console { engine: EngineId(0), file: file.into(), tunnel: None };
    let line = |file| console(file).command_line(FrontEnd::Console);
    assert_eq!(line("/a/kernel-1.json"), "jupyter console --existing /a/kernel-1.json");
    #[cfg(unix)]
    assert_eq!(line("/it's me/k.json"), r"jupyter console --existing '/it'\''s me/k.json'");
}

/// A bare `jupyter` is not found where the environment of the cluster's Python is not activated.
#[cfg(unix)]
#[test]
fn a_front_end_beside_the_python_goes_before_one_on_path() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    let folder = tempfile::tempdir().expect("a folder");
    let program = |environment: &str, name: &str| {
        let file = folder.path().join(environment).join(name);
        std::fs::create_dir_all(file.parent().expect("it is in one")).expect("a folder");
        std::fs::write(&file, "").expect("a file");
        std::fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("it is ours");
        file
    };
    let python = program("venv", "python");
    let (own, other) = (program("venv", "jupyter-console"), program("bin", "jupyter-console"));
    let path =
        std::env::join_paths([Path::new("."), &folder.path().join("bin")]).expect("they can be joined");
    let find = |python: Option<&Path>| FrontEnd::Console.find(python, Some(&path));
    assert_eq!(find(Some(&python)), Some(own));
    assert_eq!(find(Some(Path::new("/nowhere/python"))), Some(other.clone()));
    assert_eq!(find(None), Some(other));
    assert_eq!(FrontEnd::QtConsole.find(Some(&python), Some(&path)), None);
}

#[test]
fn the_folder_is_the_one_where_jupyter_looks() {
    let of = |system: &str, set: &[(&str, &str)]| {
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        runtime_dir_in(system, &variable, Some("/home/ada".into()))
            .map(|folder| folder.display().to_string().replace('\\', "/"))
    };
    for (system, set, folder) in [
        ("linux", &[][..], "/home/ada/.local/share/jupyter/runtime"),
        ("linux", &[("XDG_DATA_HOME", "/x"), ("JUPYTER_RUNTIME_DIR", "")], "/x/jupyter/runtime"),
        ("linux", &[("XDG_DATA_HOME", "/x"), ("JUPYTER_DATA_DIR", "/d")], "/d/runtime"),
        ("linux", &[("JUPYTER_DATA_DIR", "/d"), ("JUPYTER_RUNTIME_DIR", "/r")], "/r"),
        ("macos", &[("XDG_DATA_HOME", "/x")], "/home/ada/Library/Jupyter/runtime"),
        ("macos", &[("JUPYTER_PLATFORM_DIRS", "1")], "/home/ada/Library/Application Support/Jupyter/runtime"),
        ("macos", &[("JUPYTER_PLATFORM_DIRS", "False")], "/home/ada/Library/Jupyter/runtime"),
        ("windows", &[("APPDATA", "C:/r")], "C:/r/jupyter/runtime"),
        ("windows", &[], "/home/ada/.jupyter/data/runtime"),
    ] {
        assert_eq!(of(system, set).as_deref(), Some(folder), "{system} {set:?}");
    }
}
