//! Outputs as documents, on a real cluster that writes more than stays in memory: every byte is in a document or in the file
//! that it names, an export has all of it, and no file is left when the server ends.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pxlens_tests::{
    lsp::{Client, uri},
    real,
};
use serde_json::{Value, json};

use crate::{
    lsp_run::start,
    program::{Written, cli, pxlens},
};

const SCRIPT: &str = "\
# %%
%%px -o flood
import sys
for n in range(12_000):
    print('engine', rank, 'wrote line', n)
print('\\x1b[31mred\\x1b[0m \\u202e \\x00', file=sys.stderr)
# %%
%px print('few', rank)
# %%
%%px -t 0
for n in range(60_000):
    print(f'{n:099}')
";

/// What an engine wrote to stdout.
fn flood(engine: u32) -> String {
    (0..12_000).map(|n| format!("engine {engine} wrote line {n}\n")).collect()
}

fn run(client: &mut Client, uri: &str, line: u32) -> u64 {
    let position = json!({"line": line, "character": 0});
    let answer = client.request("px/run", json!({"uri": uri, "position": position}));
    let run = answer["runs"][0]["run"].as_u64().unwrap_or_else(|| panic!("it did not run: {answer:#}"));
    client.ask_until("px/result", &json!({"run": run}), |answer| answer["state"] == "succeeded");
    run
}

/// The document of a run, which both requests must give alike.
fn document(client: &mut Client, run: u64, name: &str) -> String {
    let uri = json!({"uri": format!("px-output:/run-{run}/{name}.txt")});
    let text = client.request("workspace/textDocumentContent", uri.clone())["text"].clone();
    let result = client.request("px/content", uri);
    assert_eq!((result["text"] == text, &result["goesOn"]), (true, &json!(false)));
    text.as_str().expect("a text").to_owned()
}

fn is_safe(text: &str) -> bool {
    text.len() <= 5_000_000
        && !text.contains(|c: char| (c.is_control() && !"\n\t".contains(c)) || c == '\u{202e}')
}

/// Checks that exported events have all that the engines of the flood wrote to stdout.
fn check_events(text: &str) {
    let mut wrote = vec![String::new(); 4];
    for event in text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event")) {
        assert_ne!(event["event"], "spilled");
        if event["event"] == "stdout" {
            let engine = event["engine"].as_u64().and_then(|id| usize::try_from(id).ok()).expect("an id");
            wrote[engine].push_str(event["text"].as_str().expect("a text"));
        }
    }
    for (engine, wrote) in (0u32..).zip(&wrote) {
        assert!(*wrote == flood(engine), "engine {engine} lost something");
    }
}

fn folder_of(file: &str) -> &Path {
    Path::new(file).parent().expect("it is in a folder")
}

#[test]
fn text_that_left_the_memory_is_in_documents_files_exports_and_kept_results() {
    let cluster = real::shared(4);
    let file = Written::new("flood.py", SCRIPT);
    let spilled = tempfile::tempdir().expect("a folder");
    let settings = json!({"limits": {"engineText": 20_000, "folder": spilled.path()}});
    let state = file.folder().join("state");
    let builder = Client::vscode(pxlens()).settings(settings.clone()).env("XDG_STATE_HOME", &state);
    let mut client = start(builder, &file, &cluster);
    let uri = uri(file.path());
    client.open(&uri, SCRIPT);
    let few = run(&mut client, &uri, 7);
    let flooded = run(&mut client, &uri, 1);

    // A raw document is what an engine wrote, with invisible characters escaped.
    for engine in 0..4 {
        let raw = document(&mut client, flooded, &format!("raw-{engine}"));
        assert!(is_safe(&raw));
        let (out, err) = raw.split_at(flood(engine).len());
        assert!(out == flood(engine), "engine {engine} lost something");
        assert_eq!(err, "\\x1b[31mred\\x1b[0m \\u202e \\x00\n");
    }
    // The engines differ only in their rank, so that they are one group; a group of one engine is its own text.
    let fold = document(&mut client, flooded, "fold");
    let name = fold.lines().next().expect("a line");
    assert_eq!(name, format!("run {flooded} · flood.py line 2 · %%px -o flood"));
    assert!(is_safe(&fold) && fold.contains("wrote line 0") && fold.contains("wrote line 11999"), "{name}");
    let one = document(&mut client, flooded, "group-2");
    assert!(is_safe(&one) && one.contains(&flood(2)) && !one.contains("engine 1 wrote"));
    let two = document(&mut client, flooded, "group-1,3");
    assert!(two.contains("Parallel execution on engine(s): [1,3]"), "{}", &two[..200]);
    assert!(document(&mut client, few, "engine").contains("[3] few 3\n"));

    // Of a text that is too long for a document, it has both ends and the name of the file with all of it.
    let long = run(&mut client, &uri, 9);
    let whole: String = (0..60_000).map(|n| format!("{n:099}\n")).collect();
    let raw = document(&mut client, long, "raw-0");
    let note = raw.lines().find(|line| line.starts_with('…')).expect("a note about the cut");
    let (front, back) = raw.split_once(&format!("{note}\n")).expect("the note has a line of its own");
    assert!(is_safe(&raw) && whole.starts_with(front) && whole.ends_with(back), "{note}");
    let named = note.split_once("all of it is in ").map(|(_, path)| path.trim_end_matches(" …"));
    let path = named.expect("the note names a file");
    assert!(path.starts_with(&spilled.path().display().to_string()), "{path}");
    assert!(fs::read_to_string(path).expect("it is there") == whole);

    // Each engine of the flood has such a file too.
    let files: Vec<PathBuf> =
        files_in(spilled.path()).into_iter().filter(|other| !other.starts_with(folder_of(path))).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for path in &files {
        let name = path.file_name().and_then(|name| name.to_str()).expect("it has a name");
        let engine: u32 = name.trim_start_matches("engine-").trim_end_matches(".txt").parse().expect("an id");
        let bytes = fs::read_to_string(path).expect("it is there");
        assert!(bytes == flood(engine) + "\x1b[31mred\x1b[0m \u{202e} \0\n", "{name} is not whole");
    }

    // An export as JSON has all events, and does not replace a file.
    let target = file.folder().join("flood.jsonl");
    let export = json!({"run": flooded, "format": "json", "path": target});
    let answer = client.request("px/export", export.clone());
    assert_eq!(answer, json!({"file": target, "images": []}));
    let text = fs::read_to_string(&target).expect("it was written");
    check_events(&text);
    let again = client.request("px/export", export);
    assert!(again["message"].as_str().is_some_and(|why| why.contains("already exists")), "{again}");

    // A command shows it in the way that the client can.
    client.answer_with("window/showDocument", json!({"success": true}));
    let show =
        json!({"command": "pxlens.server.showOutput", "arguments": [{"run": flooded, "ranks": "[0-1]"}]});
    let shown = client.request("workspace/executeCommand", show);
    assert_eq!(shown["uri"], format!("px-output:/run-{flooded}/group-0-1.txt"));
    client.expect("window/showDocument", |params| params["uri"] == shown["uri"]);

    assert_eq!(client.shut_down(), 0);
    assert!(files_in(spilled.path()).is_empty(), "no file is left behind");

    // Another process finds all of it by the name of the result.
    let kept = cli(["result", "flood", "--json"]).env("XDG_STATE_HOME", &state).run();
    assert_eq!(kept.status, 0, "{}", kept.stderr);
    check_events(&kept.stdout);
    let report = cli(["result", "flood", "--markdown"]).env("XDG_STATE_HOME", &state).run();
    assert!(report.stdout.starts_with("# `%%px -o flood`\n") && report.stdout.contains("## Output"));
}

#[test]
fn neovim_is_shown_a_file_that_is_deleted_when_the_server_ends() {
    let cluster = real::shared(4);
    let file = Written::new("few.py", SCRIPT);
    let spilled = tempfile::tempdir().expect("a folder");
    let settings = json!({"limits": {"folder": spilled.path()}});
    let mut client = start(Client::neovim(pxlens()).settings(settings), &file, &cluster);
    let uri = uri(file.path());
    client.open(&uri, SCRIPT);
    let run = run(&mut client, &uri, 7);
    client.answer_with("window/showDocument", json!({"success": true}));
    let show =
        json!({"command": "pxlens.server.showOutput", "arguments": [{"run": run, "groupBy": "engine"}]});
    let shown = client.request("workspace/executeCommand", show);
    let path = PathBuf::from(shown["file"].as_str().expect("a file"));
    client.expect("window/showDocument", |params| {
        params["uri"].as_str().is_some_and(|uri| uri.starts_with("file://") && uri.ends_with("-engine.txt"))
    });
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains("[2] few 2\n"), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(client.shut_down(), 0);
    assert!(!path.exists() && files_in(spilled.path()).is_empty());
}

/// The output files below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder).expect("it is there").flatten();
    let files = folders.flat_map(|run| fs::read_dir(run.path()).expect("a folder of a run").flatten());
    let all = files.map(|file| file.path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).collect()
}
