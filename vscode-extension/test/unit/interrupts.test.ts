import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, questionAbout, said, saidOfEngines, underWay } from "../../src/interrupts";
import type { InterruptEnginesResult, InterruptResult, PastRun } from "../../src/protocol";

const live = [
  { uri: "file:///a.py", cell: "one", run: 1 },
  { uri: "file:///a.py", cell: "two", run: 2 },
  { uri: "vscode-notebook-cell:/n.ipynb#A", cell: "one", run: 3 },
  { uri: "vscode-notebook-cell:/n.ipynb#B", cell: "one", run: 4 },
];

function meant(uri: string, cell?: string): string {
  return nearest(live, { uri, cell })
    .map(({ run }) => run)
    .join(" ");
}

test("an interrupt means the px cell at the cursor, else its document, its notebook, or all", () => {
  assert.equal(meant("file:///a.py", "two"), "2");
  assert.equal(meant("file:///a.py", "three"), "1 2");
  assert.equal(meant("vscode-notebook-cell:/n.ipynb#B", "one"), "4");
  assert.equal(meant("vscode-notebook-cell:/n.ipynb#C", "one"), "3 4");
  assert.equal(meant("file:///b.py", "one"), "1 2 3 4");
  assert.equal(nearest(live, undefined), live);
});

test("runs that are over are not under way", () => {
  const states = ["queued", "running", "succeeded", "failed"] as const;
  const runs = states.map((state, run) => ({ run, uri: "file:///a.py", cell: "one", state }) as PastRun);
  assert.deepEqual(
    underWay(runs).map(({ run }) => run),
    [0, 1],
  );
});

test("the user hears of engines that go on, each once, and of nothing else", () => {
  const answer = (more: Partial<InterruptResult>): InterruptResult => ({
    signalled: [0],
    aborted: [],
    leftAlone: [],
    leftMine: [],
    unanswered: [],
    ...more,
  });
  assert.equal(said([answer({})]), undefined);
  assert.equal(
    said([answer({ leftMine: [1, 0] })]),
    'Engines 0, 1 work for another window or shell of yours and were left alone; "Interrupt Everything of Mine" stops that.',
  );
  assert.equal(
    said([
      answer({ leftAlone: [10, 2], refused: "No." }),
      answer({ leftAlone: [2], unanswered: [3], refused: "No." }),
    ]),
    "No. Engines 2, 10 work for another client and were left alone. Engines 3 did not answer in time; interrupt them again, or stop the cluster.",
  );
});

test("before work of another window or client is interrupted, the question says whose it is", () => {
  const none: InterruptEnginesResult = {
    signalled: [],
    aborted: [],
    leftAlone: [],
    leftMine: [],
    unanswered: [],
    idle: [0, 1, 2, 3],
  };
  assert.equal(questionAbout({ ...none, signalled: [0] }), undefined);
  assert.equal(
    questionAbout({ ...none, leftMine: [1, 0], leftAlone: [2] }),
    "Engines 0, 1 work for another window or shell of yours. Engine 2 works for another client. Interrupt that too?",
  );
  assert.equal(saidOfEngines(none), "No engine has anything to do.");
  assert.equal(
    saidOfEngines({ ...none, signalled: [1, 0], aborted: [2], unanswered: [3], refused: "No cluster" }),
    "No cluster. Engines 0, 1: interrupted. Engine 2: what waited was dropped. Engine 3: did not answer in time; interrupt again, or stop the cluster.",
  );
});
