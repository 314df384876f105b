import assert from "node:assert/strict";
import { test } from "node:test";

import { type Change, changed, moved, Outputs } from "../../src/outputs";
import type { CellOutput, OutputsParams } from "../../src/protocol";

const URI = "file:///tour.py";

function cell(id: string, line: number, more: Partial<CellOutput> = {}): CellOutput {
  const range = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
  return {
    id,
    range,
    state: "succeeded",
    stale: false,
    lineAt: line,
    line: { text: `✓ ${id}`, severity: "ok" },
    ...more,
  };
}

function said(version: number, cells: CellOutput[], more: Partial<OutputsParams> = {}): OutputsParams {
  return { uri: URI, version, seq: version, full: false, cells, removed: [], ...more };
}

/** Replaces what is between two places, written `line:character`. */
function change(start: string, end: string, text: string): Change {
  const at = (place: string) => {
    const [line, character] = place.split(":").map(Number);
    return { line: line ?? 0, character: character ?? 0 };
  };
  return changed({ start: at(start), end: at(end) }, text);
}

function lines(outputs: Outputs): string {
  return [...outputs.of(URI)].map(({ id, at }) => `${id}@${at.line}`).join(" ");
}

test("cells that a message names are replaced, others stay", () => {
  const outputs = new Outputs();
  outputs.apply(said(1, [cell("a", 1), cell("b", 5)], { full: true }));
  outputs.apply(said(1, [cell("b", 6)]));
  assert.equal(lines(outputs), "a@1 b@6");
});

test("a full message forgets what it does not name", () => {
  const outputs = new Outputs();
  outputs.apply(said(1, [cell("a", 1), cell("b", 5)]));
  outputs.apply(said(1, [cell("c", 2)], { full: true }));
  assert.equal(lines(outputs), "c@2");
});

test("removed cells are gone", () => {
  const outputs = new Outputs();
  outputs.apply(said(1, [cell("a", 1), cell("b", 5)]));
  outputs.apply(said(1, [], { removed: ["a"] }));
  assert.equal(lines(outputs), "b@5");
});

test("what is shown moves with an edit", () => {
  const outputs = new Outputs();
  outputs.apply(said(1, [cell("a", 1), cell("b", 5)]));
  outputs.edit(URI, 2, [change("3:0", "3:0", "x\ny\n")]);
  assert.equal(lines(outputs), "a@1 b@7");
});

test("a message about an older version is moved by the edits that the server had not seen", () => {
  const outputs = new Outputs();
  outputs.edit(URI, 2, [change("0:0", "0:0", "\n")]);
  outputs.edit(URI, 3, [change("0:0", "0:0", "\n\n")]);
  outputs.apply(said(2, [cell("a", 4)]));
  assert.equal(lines(outputs), "a@6");
});

test("a message about the version at hand stays where it says", () => {
  const outputs = new Outputs();
  outputs.edit(URI, 2, [change("0:0", "0:0", "\n")]);
  outputs.apply(said(2, [cell("a", 4)]));
  assert.equal(lines(outputs), "a@4");
});

test("documents do not know each other", () => {
  const outputs = new Outputs();
  outputs.apply(said(1, [cell("a", 4)]));
  outputs.edit("file:///other.py", 2, [change("0:0", "0:0", "\n")]);
  outputs.clear("file:///other.py");
  assert.equal(lines(outputs), "a@4");
});

test("runs that wait or go on are live, each with its cell", () => {
  const outputs = new Outputs();
  outputs.apply(
    said(1, [
      cell("a", 1, { run: 1, state: "succeeded" }),
      cell("b", 2, { run: 2, state: "running" }),
      cell("c", 3, { run: 3, state: "queued" }),
      cell("d", 4, { run: 4, state: "failed" }),
    ]),
  );
  assert.deepEqual(outputs.live(), [
    { uri: URI, cell: "b", run: 2 },
    { uri: URI, cell: "c", run: 3 },
  ]);
});

test("who watches hears when a run begins and when the last one ends", () => {
  const outputs = new Outputs();
  const heard: number[] = [];
  outputs.onDidChange(() => heard.push(outputs.live().length));
  outputs.apply(said(1, [cell("a", 1, { run: 1, state: "running" })]));
  outputs.apply(said(2, [cell("a", 1, { run: 1, state: "running", stale: true })]));
  outputs.apply(said(3, [cell("a", 1, { run: 1, state: "succeeded" })]));
  outputs.apply(said(4, [cell("a", 1, { run: 1, state: "succeeded", stale: true })]));
  assert.deepEqual(heard, [1, 1, 0, 0]);
});

test("no run stays live in a document that was closed, whatever was still on its way", () => {
  const outputs = new Outputs();
  const running = cell("a", 1, { run: 1, state: "running" });
  outputs.apply(said(1, [running], { full: true }));
  outputs.close(URI);
  outputs.apply(said(2, [running]));
  assert.deepEqual([outputs.live(), lines(outputs), outputs.seq], [[], "", 2]);
  outputs.apply(said(3, [running], { full: true }));
  assert.equal(outputs.live().length, 1);
});

test("a cleared document shows nothing until its cells run again", () => {
  const outputs = new Outputs();
  outputs.apply(said(1, [cell("a", 1), cell("b", 5)]));
  outputs.clear(URI);
  outputs.apply(said(1, [cell("b", 5)]));
  assert.equal(lines(outputs), "b@5");
});

test("another server begins with nothing", () => {
  const outputs = new Outputs();
  outputs.apply(said(7, [cell("a", 1)]));
  outputs.reset();
  assert.equal(lines(outputs), "");
  assert.equal(outputs.seq, 0);
});

test("places move as an editor moves them", () => {
  const cases: [string, Change, string][] = [
    ["typed before, in the same line", change("2:0", "2:0", "ab"), "2:6"],
    ["typed behind, in the same line", change("2:5", "2:5", "ab"), "2:4"],
    ["typed at the place", change("2:4", "2:4", "x"), "2:5"],
    ["a line break before it", change("2:1", "2:1", "\n"), "3:3"],
    ["a line break at the place", change("2:4", "2:4", "\r\n"), "3:0"],
    ["a line above is deleted", change("0:0", "1:0", ""), "1:4"],
    ["the line end above is deleted", change("1:3", "2:0", ""), "1:7"],
    ["its own line is deleted", change("2:0", "3:0", ""), "2:0"],
    ["several lines become one word", change("1:1", "2:2", "word"), "1:7"],
    ["a line below is deleted", change("3:0", "4:0", ""), "2:4"],
  ];
  for (const [what, edit, expected] of cases) {
    const { line, character } = moved({ line: 2, character: 4 }, edit);
    assert.equal(`${line}:${character}`, expected, what);
  }
});
