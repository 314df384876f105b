import assert from "node:assert/strict";
import { test } from "node:test";

import type { Cluster, EngineState } from "../../src/protocol";
import { unlinked } from "../../src/notice";
import { explicit } from "../../src/settings";
import { commandLine } from "../../src/shell";
import { status } from "../../src/status";
import { choices, remember, withTyped } from "../../src/targets";
import { mayBeWritten, merged } from "../../src/written";

function cluster(states: EngineState[], more: Partial<Cluster> = {}): Cluster {
  const engines = states.map((state, id) => ({ id, state }));
  return { profile: "default", clusterId: "", state: "up", inUse: true, ours: false, engines, ...more };
}

test("the status bar says how many engines are busy", () => {
  const text = (one: Cluster, runs = 0) => status("running", { clusters: [one] }, runs).text;
  assert.equal(text(cluster(["idle", "idle"])), "$(server-environment) px: 2 engines");
  assert.equal(text(cluster(["idle"])), "$(server-environment) px: 1 engine");
  assert.equal(text(cluster(["idle", "busy", "busy"]), 1), "$(sync~spin) px: 2/3 busy");
  assert.match(text(cluster([], { state: "starting" })), /cluster starting/);
});

test("the status bar says which px cells are under way, and on how many engines", () => {
  const current = { run: 1, uri: "file:///a.py", cell: "c1", line: 3, title: "%%px" };
  const one = cluster(["busy", "busy", "idle"]);
  const engines = one.engines.map((engine) => (engine.state === "busy" ? { ...engine, current } : engine));
  const { tooltip } = status("running", { clusters: [{ ...one, engines }] }, 1);
  const expected = ["Cluster default: 3 engines, 2 busy", "1 run under way", "%%px (line 4) on 2 engines"];
  assert.deepEqual(tooltip.split("\n"), expected);
});

test("the status bar says what is wrong, and shows it", () => {
  const one = status("running", { clusters: [cluster(["idle"], { state: "notResponding" })] }, 0);
  assert.ok(one.alarming);
  assert.match(one.tooltip, /Cluster default does not answer/);
  assert.ok(status("crashed", undefined, 0).alarming);
  assert.ok(status("missing", undefined, 0).alarming);
  const leftAlone = status("leftAlone", undefined, 0);
  assert.deepEqual([leftAlone.text, leftAlone.command], ["$(warning) px: stopped", "pxlens.restartServer"]);
});

test("without a cluster the status bar says why", () => {
  const one = status("running", { clusters: [], message: "no cluster runs" }, 0);
  assert.deepEqual([one.tooltip, one.alarming], ["no cluster runs", false]);
});

test("Run On offers what was chosen before first, and each set once", () => {
  const labels = choices([0, 1, 2], ["::2", "0-1,2"]).map(({ label }) => label);
  assert.deepEqual(labels, ["::2", "0-1,2", "all", "1::2", "0", "1", "2"]);
});

test("Run On takes targets that are typed, as they are", () => {
  const offered = choices([0, 1], []);
  assert.deepEqual(withTyped(offered, " 0-3,7 ")[0]?.targets, "0-3,7");
  assert.deepEqual(withTyped(offered, "all"), offered);
});

test("what was chosen last is remembered first", () => {
  assert.deepEqual(remember(["a", "b", "c", "d", "e"], "c"), ["c", "a", "b", "d", "e"]);
  assert.deepEqual(remember(["a", "b", "c", "d", "e"], "f"), ["f", "a", "b", "c", "d"]);
});

test("a view is added to those that the settings have", () => {
  assert.deepEqual(merged({ _odd: "1::2" }, { _even: "::2" }), { _odd: "1::2", _even: "::2" });
  assert.deepEqual(merged(undefined, { _even: "::2" }), { _even: "::2" });
  assert.equal(merged({ profile: "mpi" }, "lab"), "lab");
});

test("a setting that names a program is never written for the server", () => {
  assert.deepEqual(["views", "path", "python", "trace"].map(mayBeWritten), [true, false, false, false]);
});

test("a command is written as one types it", () => {
  const argv = ["jupyter", "console", "--existing", "/a b/it's.json"];
  assert.equal(commandLine(argv, "linux"), "jupyter console --existing '/a b/it'\\''s.json'");
  assert.equal(commandLine(["jupyter", "C:\\a b\\k.json"], "win32"), 'jupyter "C:\\a b\\k.json"');
});

test("a cluster that is not set any more is told as none", () => {
  assert.deepEqual(explicit({ cluster: null, engines: 2 }), { cluster: "", engines: 2 });
  assert.deepEqual(explicit({ cluster: { profile: "mpi" } }), { cluster: { profile: "mpi" } });
  assert.equal(explicit(null), null);
});

test("what a document or an engine says is no link in a message", () => {
  assert.equal(unlinked("E: [click](command:x) [0-3]"), "E: [click] (command:x) [0-3]");
});
