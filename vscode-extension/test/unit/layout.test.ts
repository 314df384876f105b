import assert from "node:assert/strict";
import { test } from "node:test";

import { carried, differing, layout, type Layout, MARGIN, MOST } from "../../src/layout";
import { changed, type Shown } from "../../src/outputs";
import type { LineSeverity } from "../../src/protocol";

function shown(line: number, severity: LineSeverity = "ok", stale = false): Shown {
  const text = `${severity} at ${line}`;
  return {
    id: `c${line}`,
    at: { line, character: 0 },
    state: "succeeded",
    stale,
    line: { text, severity },
  };
}

function every(step: number, count: number): Shown[] {
  return Array.from({ length: count }, (_, n) => shown(n * step));
}

/** A layout as text: `style line:text`. */
function written(result: Layout): string[] {
  return [...result].flatMap(([style, items]) =>
    items.map(({ line, text }) => `${style} ${line}:${text.replaceAll("\u00a0", " ")}`),
  );
}

test("only what can be seen, and a margin, is painted", () => {
  const result = layout(every(10, 1000), [{ first: 500, last: 540 }], "line");
  const lines = (result.get("ok") ?? []).map(({ line }) => line);
  assert.deepEqual([lines[0], lines.at(-1)], [500 - MARGIN, 540 + MARGIN]);
});

test("nothing is painted in an editor that shows no line yet", () => {
  assert.deepEqual(written(layout(every(1, 10), [], "line")), []);
});

test("where too much is in reach, what can be seen goes first", () => {
  const result = layout(every(1, 5000), [{ first: 1000, last: 1199 }], "line");
  const lines = (result.get("ok") ?? []).map(({ line }) => line);
  assert.equal(lines.length, MOST);
  assert.deepEqual([lines[0], lines.at(-1)], [1000, 1199]);
});

test("each severity has its style, and what is stale has one of its own", () => {
  const cells = [
    shown(0, "info"),
    shown(1, "ok"),
    shown(2, "warning"),
    shown(3, "error"),
    shown(4, "ok", true),
  ];
  assert.deepEqual(written(layout(cells, [{ first: 0, last: 9 }], "line")), [
    "info 0:info at 0",
    "ok 1:ok at 1",
    "warning 2:warning at 2",
    "error 3:error at 3",
    "stale 4:ok at 4",
  ]);
});

test("density tick paints a mark that says how it went, also without colour", () => {
  const cells = [shown(0, "info"), shown(1, "ok"), shown(2, "warning"), shown(3, "error")];
  const texts = [...layout(cells, [{ first: 0, last: 9 }], "tick").values()].flat().map(({ text }) => text);
  assert.equal(new Set(texts).size, 4);
  assert.ok(texts.every((text) => text.length === 1));
});

test("density off paints nothing", () => {
  assert.deepEqual(written(layout(every(1, 10), [{ first: 0, last: 9 }], "off")), []);
});

test("blanks are kept apart", () => {
  const cell = { ...shown(0), line: { text: "a  b", severity: "ok" as const } };
  assert.equal(layout([cell], [{ first: 0, last: 0 }], "line").get("ok")?.[0]?.text, "a\u00a0\u00a0b");
});

test("only styles that differ are painted again", () => {
  const visible = [{ first: 0, last: 9 }];
  const before = layout([shown(1), shown(2, "info")], visible, "line");
  assert.deepEqual(differing(before, layout([shown(1), shown(2, "info")], visible, "line")), []);
  assert.deepEqual(differing(before, layout([shown(1), shown(2, "error")], visible, "line")), [
    "info",
    "error",
  ]);
});

test("what VS Code moved by itself is not painted again", () => {
  const visible = [{ first: 0, last: 9 }];
  const before = layout([shown(5)], visible, "line");
  const typed = changed({ start: { line: 2, character: 3 }, end: { line: 2, character: 3 } }, "a\nb");
  const after = layout([{ ...shown(5), at: { line: 6, character: 0 } }], visible, "line");
  assert.deepEqual(differing(carried(before, [typed], true), after), []);
});

test("a line whose end may have moved elsewhere is painted again", () => {
  const visible = [{ first: 0, last: 9 }];
  const before = layout([shown(5)], visible, "line");
  const enter = changed({ start: { line: 5, character: 4 }, end: { line: 5, character: 4 } }, "\n");
  assert.deepEqual(differing(carried(before, [enter], true), before), ["ok"]);
});

test("typing in a line paints nothing", () => {
  const before = layout([shown(5)], [{ first: 0, last: 9 }], "line");
  const typed = changed({ start: { line: 5, character: 4 }, end: { line: 5, character: 4 } }, "x");
  assert.deepEqual(differing(carried(before, [typed], true), before), []);
});
