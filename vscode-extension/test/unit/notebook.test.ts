import assert from "node:assert/strict";
import { test } from "node:test";

import { Bell, follow } from "../../src/notebook/follow";
import { type Job, Queue } from "../../src/notebook/queue";
import type { NotebookOutput, NotebookOutputsResult } from "../../src/protocol";

const output = (data: string): NotebookOutput => ({ items: [{ mime: "text/plain", data }] });

test("runs are followed to their end, and what is the same is not shown again", async () => {
  const answers: NotebookOutputsResult[] = [
    { over: false, succeeded: true, seen: "a", outputs: [output("1")] },
    { over: false, succeeded: true, seen: "a" },
    { over: true, succeeded: false, seen: "b", outputs: [output("2")] },
  ];
  const log: string[] = [];
  const succeeded = await follow({
    ask(seen) {
      log.push(`ask ${seen ?? "first"}`);
      return Promise.resolve(answers.shift() as NotebookOutputsResult);
    },
    show(outputs) {
      log.push(`show ${outputs[0]?.items[0]?.data ?? ""}`);
      return Promise.resolve();
    },
    bell: { rings: 0, next: () => Promise.resolve() },
  });
  assert.equal(succeeded, false);
  assert.deepEqual(log, ["ask first", "show 1", "ask a", "ask a", "show 2"]);
});

test("a bell wakes who waits, and patience ends without it", async () => {
  const bell = new Bell();
  const woken = bell.next(bell.rings, 0, 60_000);
  bell.ring();
  await woken;
  await bell.next(bell.rings, 0, 1);
});

test("a run that ends while its output is being shown is looked at again at once", async () => {
  const bell = new Bell();
  const forEver = 2 ** 31 - 1;
  const answers: NotebookOutputsResult[] = [
    { over: false, succeeded: true, seen: "a", outputs: [output("1")] },
    { over: true, succeeded: true, seen: "b", outputs: [output("2")] },
  ];
  const succeeded = await follow({
    ask: () => Promise.resolve(answers.shift() as NotebookOutputsResult),
    show() {
      // Nobody waits for it now.
      bell.ring();
      return Promise.resolve();
    },
    bell: {
      get rings() {
        return bell.rings;
      },
      next: (rings) => bell.next(rings, 0, forEver),
    },
  });
  assert.ok(succeeded);
});

/** A job whose end the test decides; `log` tells what becomes of it. */
class FakeJob implements Job {
  private finish: ((succeeded: boolean) => void) | undefined;
  private letGo: (() => void) | undefined;

  constructor(
    private readonly name: string,
    private readonly log: string[],
  ) {}

  run(free: () => void): Promise<boolean> {
    this.log.push(`${this.name} runs`);
    this.letGo = free;
    return new Promise((finish) => (this.finish = finish));
  }

  drop(): void {
    this.log.push(`${this.name} dropped`);
  }

  async end(succeeded: boolean): Promise<void> {
    this.finish?.(succeeded);
    await settled();
  }

  free(): void {
    this.letGo?.();
  }
}

function jobs(log: string[]): [FakeJob, FakeJob, FakeJob] {
  return [new FakeJob("a", log), new FakeJob("b", log), new FakeJob("c", log)];
}

/** Lets what is resolved go on. */
const settled = (): Promise<void> => new Promise((next) => setImmediate(next));

test("cells run one after the other, and none after one that failed", async () => {
  const log: string[] = [];
  const queue = new Queue();
  const [a, b, c] = jobs(log);
  queue.add([a, b]);
  queue.add([c]);
  assert.deepEqual(log, ["a runs"]);
  await a.end(true);
  await b.end(false);
  assert.deepEqual(log, ["a runs", "b runs", "c dropped"]);
});

test("a cell that nobody waits for lets the next one begin, and drops none", async () => {
  const log: string[] = [];
  const queue = new Queue();
  const [a, b, c] = jobs(log);
  queue.add([a, b, c]);
  a.free();
  assert.deepEqual(log, ["a runs", "b runs"]);
  await a.end(false);
  await b.end(true);
  assert.deepEqual(log, ["a runs", "b runs", "c runs"]);
});

test("what waits is dropped by an interrupt, and the queue serves again", async () => {
  const log: string[] = [];
  const queue = new Queue();
  const [a, b, c] = jobs(log);
  queue.add([a, b]);
  queue.clear();
  await a.end(false);
  queue.add([c]);
  assert.deepEqual(log, ["a runs", "b dropped", "c runs"]);
});
