import assert from "node:assert/strict";
import { test } from "node:test";

import { cellsAt } from "../../src/cells-at";
import type { Cell } from "../../src/protocol";

function cell(id: string, first: number, last: number, marker: number): Cell {
  const range = { start: { line: first, character: 0 }, end: { line: last, character: 0 } };
  return { id, range, magicRange: range, magic: "px", code: "", state: "idle", stale: false, marker };
}

test("a marker stands for the px cells of its cell, and a line in one for that one", () => {
  const cells = [cell("a", 1, 3, 0), cell("b", 6, 6, 5), cell("c", 8, 8, 5)];
  const ids = (line: number): string =>
    cellsAt(cells, line)
      .map(({ id }) => id)
      .join("");
  assert.deepEqual([0, 2, 4, 5, 6, 7].map(ids), ["a", "a", "", "bc", "b", ""]);
});
