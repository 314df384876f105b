//! A client that does not read while engines write much: the server needs no more memory than the output itself, and when the
//! client reads again, nothing is missing. Displays that nobody sees any more are in files.

#![cfg(target_os = "linux")]

use std::path::Path;

use pxlens_tests::sim::{Script, Sim, flood_line};
use serde_json::{Value, json};

use crate::lsp_process::Server;

const URI: &str = "file:///flood.py";
const ENGINES: u32 = 16;
const LINES: usize = 1_000;
const BYTES: usize = 1_000;

/// The most memory that the server has had, in bytes.
fn peak(server: &Server) -> usize {
    let path = format!("/proc/{}/status", server.child.id());
    let status = std::fs::read_to_string(path).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux writes this line");
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024
}

fn client(sim: &Sim, extension: &Value, limits: &Value) -> Server {
    let mut server = Server::start_with_log("warn");
    let capabilities = json!({
        "experimental": { "pxlens": extension },
        "window": { "workDoneProgress": true },
        "workspace": { "codeLens": { "refreshSupport": true } },
    });
    let options = json!({
        "trusted": true, "cluster": { "connectionFile": sim.connection_file() }, "limits": limits,
    });
    server.request(
        "initialize",
        json!({ "processId": null, "capabilities": capabilities, "initializationOptions": options }),
    );
    server.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
    let document = json!({
        "uri": URI, "languageId": "python", "version": 1, "text": "%px flood()\n%px after()\n",
    });
    let open =
        json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": document } });
    server.send(&open);
    server
}

/// Engines flood a client with these capabilities, which reads nothing until all runs are over.
fn check(extension: &Value) {
    let sim = Sim::builder()
        .engines(ENGINES)
        .on("flood()", Script::new().flood_by(LINES, BYTES, 10))
        .start_blocking();
    let mut server = client(&sim, extension, &json!({}));
    let before = peak(&server);
    let answer = server.request("px/run", json!({ "uri": URI, "scope": "all" }));
    let run = answer["result"]["runs"][0]["run"].clone();
    // The second cell is sent when the first is over, that is, when all of its output has arrived.
    sim.wait_for_runs_blocking(2 * ENGINES as usize);
    let grown = peak(&server).saturating_sub(before);
    let output = ENGINES as usize * LINES * BYTES;
    assert!(grown < 2 * output + (24 << 20), "the server grew by {grown} bytes for {output} bytes of output");

    let result = server.request("px/result", json!({ "run": run, "groupBy": "engine" }));
    let groups = result["result"]["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), ENGINES as usize);
    for group in groups {
        let engine = u32::try_from(group["engines"][0].as_u64().expect("an id")).expect("it is small");
        let all: String = (0..LINES).map(|number| flood_line(engine, number, BYTES)).collect();
        assert!(group["text"].as_str().expect("a text") == all.trim_end(), "engine {engine} lost something");
    }
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}

#[test]
fn a_client_that_does_not_read_costs_no_memory_and_no_byte() {
    check(&json!({ "outputs": true, "blocks": true }));
}

#[test]
fn a_client_that_does_not_acknowledge_costs_no_memory_and_no_byte() {
    check(&json!({ "outputs": true, "blocks": true, "ack": true }));
}

/// The text of a large display.
fn display(number: usize) -> String {
    format!("{number} {}", "x".repeat(500_000))
}

/// How many bytes the files with displays of a server have.
fn displays_in_files(folder: &Path) -> usize {
    let entries = |folder: &Path| std::fs::read_dir(folder).expect("it is there").flatten();
    let files = entries(folder).flat_map(|run| entries(&run.path()));
    let files = files.filter(|file| file.file_name().to_string_lossy().ends_with("-displays.jsonl"));
    files.map(|file| file.metadata().map_or(0, |file| file.len())).sum::<u64>().try_into().expect("it fits")
}

/// Engines show one large display after the other in place of the one before; memory has no room for all of them, and an export
/// has all.
fn check_displays(script: Script, displays: usize) {
    const FEW: u32 = 3;
    // What an engine may keep, the growth after which it is looked at again, the newest display and the one before.
    const KEPT: usize = 1_500_000 + 2 * 510_000;
    let sim = Sim::builder().engines(FEW).on("flood()", script).start_blocking();
    let folder = tempfile::tempdir().expect("a folder");
    let limits = json!({ "folder": folder.path() });
    let mut server = client(&sim, &json!({ "outputs": true, "blocks": true }), &limits);
    let answer = server.request("px/run", json!({ "uri": URI, "scope": "all" }));
    let run = answer["result"]["runs"][0]["run"].clone();
    sim.wait_for_runs_blocking(2 * FEW as usize);
    let result = server.request("px/result", json!({ "run": run }));
    let groups = result["result"]["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 1, "all engines show the same");
    let output = FEW as usize * displays * 500_000;
    let moved = displays_in_files(folder.path());
    assert!(moved + FEW as usize * KEPT >= output, "only {moved} of {output} bytes are in files");

    let exports = tempfile::tempdir().expect("a folder");
    let path = exports.path().join("all.jsonl");
    let answer = server.request("px/export", json!({ "run": run, "path": path, "format": "json" }));
    assert_eq!(answer["error"], Value::Null, "{answer}");
    let mut seen = vec![0; FEW as usize];
    for line in std::fs::read_to_string(&path).expect("it was exported").lines() {
        let event: Value = serde_json::from_str(line).expect("events are JSON");
        if let Some(text) = event["data"]["text/plain"].as_str() {
            let engine = event["engine"].as_u64().and_then(|id| usize::try_from(id).ok()).expect("an id");
            assert!(text == display(seen[engine]), "display {} of engine {engine} is another", seen[engine]);
            seen[engine] += 1;
        }
    }
    assert_eq!(seen, [displays; FEW as usize]);
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}

#[test]
fn displays_that_are_replaced_or_cleared_go_to_files_and_are_all_exported() {
    const DISPLAYS: usize = 30;
    let data = |number| json!({ "text/plain": display(number) });
    let first = Script::new().display_id("bar", data(0));
    check_displays((1..DISPLAYS).fold(first, |script, n| script.update_display("bar", data(n))), DISPLAYS);
    let first = Script::new().display(data(0));
    let cleared = (1..DISPLAYS).fold(first, |script, n| script.clear_output(true).display(data(n)));
    check_displays(cleared, DISPLAYS);
}

#[test]
fn what_is_sent_per_cell_is_at_most_four_kilobytes_however_many_engines_write() {
    const MANY: u32 = 300;
    let sim = Sim::builder().engines(MANY).on("flood()", Script::new().flood_by(20, 500, 5)).start_blocking();
    let mut server = client(&sim, &json!({ "outputs": true, "blocks": true }), &json!({}));
    server.send(&json!({ "jsonrpc": "2.0", "id": "run", "method": "px/run", "params": { "uri": URI, "scope": "all" } }));
    let (mut over, mut largest) = (0, 0);
    while over < 2 {
        let message = server.read("px/outputs with the end of both cells");
        if message["method"] != "px/outputs" {
            continue;
        }
        for cell in message["params"]["cells"].as_array().expect("cells") {
            largest = largest.max(cell.to_string().len());
            over += usize::from(cell["state"] == "succeeded");
        }
    }
    assert!((1000..=4096).contains(&largest), "{largest} bytes");
    assert_eq!(server.request("shutdown", Value::Null)["result"], Value::Null);
    server.notify("exit");
    assert_eq!(server.code(), Some(0));
}
