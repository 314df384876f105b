/** When the status bar item changes its words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Engines } from "../../src/engines";
import { Outputs } from "../../src/outputs";
import type { CellState, EnginesResult } from "../../src/protocol";
import type { Server } from "../../src/server";
import { StatusItem } from "../../src/status-item";
import { fake } from "./fake-vscode";

const silent = () => ({ dispose: () => undefined });

/** Four engines, of which nothing is heard any more. */
function idle(): EnginesResult {
  const engines = [0, 1, 2, 3].map((id) => ({ id, state: "idle" }));
  return { clusters: [{ inUse: true, state: "up", ours: true, engines }] } as unknown as EnginesResult;
}

test("a run that ends is over in the status bar, though engines were idle before it was heard of", () => {
  const outputs = new Outputs();
  const server = { life: "running", session: {}, onDidChange: silent } as unknown as Server;
  const engines = { known: idle(), onDidChange: silent } as unknown as Engines;
  const item = new StatusItem(server, engines, outputs);
  const say = (state: CellState): void => {
    const range = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
    const cells = [{ id: "c1", run: 1, range, state, stale: false, lineAt: 0 }];
    outputs.apply({ uri: "file:///tour.py", version: 1, seq: 1, full: false, cells, removed: [] });
  };
  say("running");
  assert.match(fake.status.text, /0\/4 busy/);
  say("succeeded");
  assert.match(fake.status.text, /4 engines/);
  item.dispose();
});
