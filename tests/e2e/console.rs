//! Consoles on the engines of a real cluster: an ordinary Jupyter client connects by the file that pxlens wrote, and that file
//! is the only place with the key.

use std::path::{Path, PathBuf};

use pxlens_tests::{
    cli::{Cli, Done},
    lsp::{Client, uri},
    real::{self, RealCluster},
};
use serde_json::{Value, json};

use crate::{
    lsp_run::{hover, lens},
    program::{Written, cli, pxlens},
};

/// Runs code in the kernel of the connection file `argv[1]`, as any front end does, and prints its output.
const FRONT_END: &str = r"
import sys
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient()
client.load_connection_file(sys.argv[1])
client.start_channels()
client.wait_for_ready(timeout=60)
said = []
def hear(message):
    if message['msg_type'] == 'stream':
        said.append(message['content']['text'])
reply = client.execute_interactive('print(rank * 10)', timeout=60, output_hook=hear)
client.stop_channels()
print(reply['content']['status'], ''.join(said).strip())
";

fn run_in_front_end(file: &Path) -> String {
    let done = Cli::new(real::python()).args(["-c", FRONT_END]).arg(file).run();
    assert_eq!(done.status, 0, "{done:?}");
    done.stdout.trim().to_owned()
}

fn key_in(file: &Path) -> String {
    let text = std::fs::read_to_string(file).expect("it was written");
    let info: Value = serde_json::from_str(&text).expect("it is JSON");
    let key = info["key"].as_str().expect("a key").to_owned();
    assert!(key.len() >= 16, "a short key could be part of other text by chance");
    key
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).expect("it was written").permissions().mode() & 0o777
}

/// A program in a folder of its own.
fn program_in(folder: &Path, name: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    let file = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(real::python(), &file).expect("any program will do");
    file
}

#[test]
fn an_editor_opens_a_console_on_an_engine_and_is_never_sent_the_key() {
    let cluster = RealCluster::start(2);
    let text = "# %%\n%%px --targets 1\n%connect_info\n# %%\n%%px --targets 1\nrank\n";
    let file = Written::new("consoles.py", text);
    let (uri, runtime) = (uri(file.path()), file.folder().join("runtime"));
    // There is no Python, and one front end.
    let path = file.folder().join("path");
    let jupyter = program_in(&path, "jupyter-console");
    let mut client = Client::vscode(pxlens())
        .args(["lsp"])
        .env("IPYTHONDIR", cluster.ipython_dir())
        .env("JUPYTER_RUNTIME_DIR", &runtime)
        .env("PATH", &path)
        .env("PXLENS_LOG", "trace")
        .folder(file.folder())
        .start();
    client.open(&uri, text);
    let run = lens(&mut client, &uri, 1, "Run on engine 1");

    let at = json!({ "line": 1, "character": 0 });
    let params = json!({
        "textDocument": { "uri": uri }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] },
    });
    let actions = client.request("textDocument/codeAction", params);
    let of_engine_1 = |action: &&Value| action["title"] == "Open a console on engine 1";
    let action = actions.as_array().and_then(|all| all.iter().find(of_engine_1)).expect("it is offered");
    let command = action["command"].as_object().map_or(action, |_| &action["command"]).clone();
    let ask = json!({ "command": command["command"], "arguments": command["arguments"] });
    let opened = client.request("workspace/executeCommand", ask.clone());
    let console = PathBuf::from(opened["file"].as_str().expect("a file"));
    assert_eq!(console.parent(), Some(&*runtime));
    let expected = json!([{ "title": "Jupyter console", "argv": [jupyter, "--existing", console] }]);
    assert_eq!(opened["commands"], expected, "{opened:#}");
    #[cfg(unix)]
    assert_eq!(mode(&console), 0o600);
    let typed = client.expect("window/showMessage", |params| {
        params["message"].as_str().is_some_and(|text| text.contains("jupyter-console --existing"))
    });
    assert_eq!(run_in_front_end(&console), "ok 10");

    // A second request gives the same file, and the engine still works for the cluster.
    let again = client.request("workspace/executeCommand", ask);
    assert_eq!(again, opened);
    // Without a front end, nothing is offered that would not be found.
    std::fs::remove_file(&jupyter).expect("it is there");
    let lacking = client.request("px/console", json!({ "engine": 1 }));
    let hint = lacking["message"].as_str().expect("what to install");
    assert_eq!((&lacking["file"], &lacking["commands"]), (&opened["file"], &json!([])));
    assert!(
        hint.contains("`pip install jupyter-console`") && hint.contains("jupyter console --existing"),
        "{hint}"
    );
    let runs = client.request(
        "workspace/executeCommand",
        json!({
            "command": "pxlens.server.run",
            "arguments": [{ "uri": uri, "position": { "line": 4, "character": 0 } }],
        }),
    );
    assert_eq!(runs["runs"][0]["run"], 1, "opening a console is no run: {runs:#}");
    let other = hover(&mut client, &uri, 4, "Out: 1");

    // The user's own `%connect_info` prints the key, and the hover hides it.
    crate::lsp_run::click(&mut client, &run);
    let own = hover(&mut client, &uri, 1, "\"key\": \"hidden\"");
    client.expect("px/outputs", |params| {
        params["cells"].as_array().is_some_and(|cells| {
            cells.iter().any(|cell| cell["range"]["start"]["line"] == 1 && cell["state"] == "succeeded")
        })
    });
    let none = client.request("px/console", json!({ "engine": 9 }));
    assert_eq!(none["message"], "there is no engine 9; the cluster has [0-1]");

    let key = key_in(&console);
    let mut heard = vec![opened, again, typed, lacking, runs, none, json!([other, own]), actions];
    for method in [
        "window/showMessage",
        "window/logMessage",
        "px/outputs",
        "textDocument/publishDiagnostics",
        "$/progress",
    ] {
        heard.extend(client.heard(method));
    }
    assert!(heard.iter().all(|message| !message.to_string().contains(&key)), "{heard:#?}");
    let log = client.stderr();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the server logs at the most detailed level: {log}"
    );
    assert!(!log.contains(&key));
}

#[test]
fn without_a_front_end_the_shell_prints_the_command_line_and_what_to_install() {
    let cluster = RealCluster::start(1);
    let folder = Written::new("unused", "");
    let connection = cluster.connection_file();
    let console = |args: &[&str]| -> Done {
        cli(["console"])
            .args(args)
            .arg("--connection-file")
            .arg(&connection)
            .arg("--python")
            .arg(real::python())
            .env("JUPYTER_DATA_DIR", folder.folder())
            .env("PXLENS_LOG", "trace")
            .run()
    };
    let printed = console(&["0", "--print"]);
    assert_eq!(printed.status, 0, "{printed:?}");
    let file = printed.stdout.trim().strip_prefix("jupyter console --existing ").expect("a command line");
    let file = PathBuf::from(file);
    assert_eq!(file.parent(), Some(&*folder.folder().join("runtime")));
    #[cfg(unix)]
    assert_eq!(mode(&file), 0o600);
    assert_eq!(run_in_front_end(&file), "ok 0");
    let key = key_in(&file);

    // No front end is installed in the Python of the tests.
    let lacking = console(&["0", "--qtconsole"]);
    assert_eq!(lacking.status, 0, "{lacking:?}");
    assert_eq!(lacking.stdout, printed.stdout.replace("jupyter console", "jupyter qtconsole"));
    assert!(lacking.stderr.contains("-m pip install qtconsole"), "{lacking:?}");
    let refused = console(&["3"]);
    assert_eq!(refused.status, 2, "{refused:?}");
    assert!(refused.stderr.contains("there is no engine 3; the cluster has [0]"), "{refused:?}");
    for done in [&printed, &lacking, &refused] {
        assert!(!done.stderr.contains(&key) && !done.stdout.contains(&key));
    }
}

#[cfg(unix)]
#[test]
fn with_a_front_end_the_shell_starts_it() {
    use std::os::unix::fs::PermissionsExt;
    let cluster = RealCluster::start(1);
    // A Python that prints its command line instead of a front end, and claims to have every module.
    let script = format!(
        "#!/bin/sh\ncase \"$2\" in *run_module*) shift 3; echo \"front end: $*\"; exit 0;; *find_spec*) exit 0;; esac\nexec {} \"$@\"\n",
        real::python().display()
    );
    let python = Written::new("python", script);
    std::fs::set_permissions(python.path(), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let done = cli(["console", "0", "--connection-file"])
        .arg(cluster.connection_file())
        .arg("--python")
        .arg(python.path())
        .env("JUPYTER_RUNTIME_DIR", python.folder())
        .run();
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stdout.starts_with("front end: jupyter_console --existing "), "{done:?}");
}
