/** Tests that are one session in a window: what follows one that failed has nothing to stand on. */

import { test } from "node:test";

import type { Window } from "./window";

/** Starting a cluster takes as long as Python takes to import ipyparallel six times. */
export const CLUSTER = 120_000;

/** Gives what makes the steps of a session; the window shows on the picture of this name what it was like when one failed. */
export function session(
  window: () => Window,
  picture: string,
): (name: string, body: () => Promise<void>) => void {
  let failed: string | undefined;
  return (name, body) => {
    test(name, async (context) => {
      if (failed !== undefined) {
        context.skip(`"${failed}" failed`);
        return;
      }
      try {
        await body();
      } catch (error) {
        failed = name;
        await window().screenshot(picture);
        throw error;
      }
    });
  };
}
