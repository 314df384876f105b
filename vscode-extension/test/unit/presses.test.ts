import assert from "node:assert/strict";
import { test } from "node:test";

import { Presses } from "../../src/presses";

test("a double click asks once, and both presses get its answer", () => {
  const presses = new Presses<number>();
  let asked = 0;
  const press = (button: string, now: number) => presses.press(button, now, () => ++asked);
  assert.deepEqual([press("run a", 0), press("run a", 180)], [1, 1]);
  // Somebody who waits wants it again, and another button is another wish.
  assert.deepEqual([press("run a", 700), press("run b", 750), press("run a", 800)], [2, 3, 4]);
});
