/** What is handed to VS Code, and how often, in a time that the tests let pass. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { MOST } from "../../src/layout";
import { Outputs } from "../../src/outputs";
import { Painter } from "../../src/painter";
import type { CellOutput, LineSeverity } from "../../src/protocol";
import { fake, FakeEditor, Range } from "./fake-vscode";

const URI = "file:///tour.py";

/** Longer than the gap between passes. */
const PASS = 100;

let outputs: Outputs;
let seq: number;
let lost: string[];
let made: Painter | undefined;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  outputs = new Outputs();
  seq = 0;
  lost = [];
});

afterEach(() => {
  made?.dispose();
});

function paintsInto(...editors: FakeEditor[]): Painter {
  fake.begin(...editors);
  return (made = new Painter(
    outputs,
    () => undefined,
    (uri) => lost.push(uri),
  ));
}

function cell(line: number, severity: LineSeverity = "ok", text = "done"): CellOutput {
  const range = { start: { line, character: 0 }, end: { line: line + 1, character: 0 } };
  return {
    id: `c${line}`,
    range,
    state: "succeeded",
    stale: false,
    lineAt: line,
    line: { text, severity },
  };
}

/** The server says something of cells. */
function say(painter: Painter, cells: CellOutput[], version = 1, uri = URI): void {
  outputs.apply({ uri, version, seq: ++seq, full: false, cells, removed: [] });
  painter.repaint();
}

/** The lines that were painted in the last call. */
function lastLines(): number[] | undefined {
  return fake.calls.at(-1)?.options.map(({ range }) => range.start.line);
}

const enterAbove = { at: new Range(2, 0, 2, 0), text: "\n" };

test("a line that was painted while the window moved it is painted again where it belongs", () => {
  const editor = new FakeEditor(URI, 0, 50);
  const painter = paintsInto(editor);
  say(painter, [cell(9)]);
  mock.timers.tick(PASS);
  assert.deepEqual(lastLines(), [9]);
  // The window has not said that it painted: it may have done so after this.
  editor.edit(enterAbove.at, enterAbove.text);
  mock.timers.tick(PASS);
  assert.equal(fake.calls.length, 2);
  assert.deepEqual(lastLines(), [10]);
});

test("a line that the window had before it moved is left to the window", async () => {
  const editor = new FakeEditor(URI, 0, 50);
  const painter = paintsInto(editor);
  say(painter, [cell(9)]);
  mock.timers.tick(PASS);
  await fake.answer();
  editor.edit(enterAbove.at, enterAbove.text);
  mock.timers.tick(PASS);
  assert.equal(fake.calls.length, 1);
});

test("an edit that replaces painted lines has their cells told again, once", () => {
  const editor = new FakeEditor(URI, 0, 50);
  const painter = paintsInto(editor);
  say(painter, [cell(5), cell(9)]);
  mock.timers.tick(PASS);
  editor.edit(new Range(3, 0, 12, 0), "all\nanew\n");
  editor.edit(new Range(0, 0, 0, 0), "x");
  mock.timers.tick(PASS);
  assert.deepEqual(lost, [URI]);
});

test("a flood of outputs, edits and scrolling makes few calls, and small ones", async () => {
  const other = "file:///other.py";
  const editors = [new FakeEditor(URI, 0, 300), new FakeEditor(other, 0, 300)];
  const painter = paintsInto(...editors);
  const severities: LineSeverity[] = ["info", "ok", "warning", "error"];
  const at: number[] = [];
  for (let now = 0; now < 6_000; now += 5) {
    const severity = severities[now % 4] ?? "ok";
    const uri = now % 2 ? other : URI;
    const cells = Array.from({ length: 500 }, (_, n) => ({
      ...cell(n, severity, `${now}`),
      stale: n % 7 === 0,
    }));
    say(painter, cells, editors[0]?.document.version, uri);
    if (now % 50 === 0) editors[0]?.edit(enterAbove.at, enterAbove.text);
    if (now % 100 === 0) editors[1]?.scroll(now / 100, now / 100 + 300);
    if (now % 30 === 0) await fake.answer();
    mock.timers.tick(5);
    while (at.length < fake.calls.length) at.push(now);
  }
  const inSecond = at.map((from) => at.filter((one) => one >= from && one < from + 1000).length);
  assert.equal(Math.max(...inSecond), 20);
  assert.equal(Math.max(...fake.calls.map(({ options }) => options.length)), MOST);
  for (const editor of editors) {
    const share = fake.calls.filter((call) => call.editor === editor).length / fake.calls.length;
    assert.ok(share > 0.3, `an editor has ${share} of the calls`);
  }
});
