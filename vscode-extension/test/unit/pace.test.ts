import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "../../src/backoff";
import { Pace } from "../../src/pace";

test("a burst of output costs at most 20 calls in any second", () => {
  const pace = new Pace();
  const calls: number[] = [];
  // Something changes in two styles every millisecond, for ten seconds.
  for (let now = 0, free = 0; now < 10_000; now++) {
    if (now < free || pace.untilPass(now) > 0) continue;
    pace.begin(now);
    const wait = pace.untilCalls(now, 2);
    if (wait > 0) {
      free = now + wait;
      continue;
    }
    pace.spend(now, 2);
    calls.push(now, now);
  }
  const inSecond = calls.map((from) => calls.filter((at) => at >= from && at < from + 1000).length);
  assert.equal(Math.max(...inSecond), 20);
  assert.ok(calls.length > 180, `${calls.length} calls in ten seconds: the pace is not used`);
});

test("the first pass after a pause begins at once", () => {
  const pace = new Pace();
  assert.equal(pace.untilPass(0), 0);
  pace.begin(0);
  assert.ok(pace.untilPass(10) > 0);
  assert.equal(pace.untilPass(5000), 0);
});

test("calls are free again a second later", () => {
  const pace = new Pace();
  pace.spend(0, 20);
  assert.equal(pace.untilCalls(400, 1), 600);
  assert.equal(pace.untilCalls(1000, 20), 0);
});

test("a server that crashes is started again later each time, and left alone in the end", () => {
  const backoff = new Backoff();
  const delays = Array.from({ length: 7 }, (_, n) => backoff.crashed(n * 1000));
  const tried = delays.filter((delay) => delay !== undefined);
  assert.deepEqual(
    tried,
    [...tried].sort((a, b) => a - b),
  );
  assert.deepEqual(delays.slice(-2), [undefined, undefined]);
});

test("crashes of long ago do not count, nor those before the user started it anew", () => {
  const backoff = new Backoff();
  const first = backoff.crashed(0);
  assert.equal(backoff.crashed(3_600_000), first);
  backoff.forget();
  assert.equal(backoff.crashed(3_600_001), first);
});
