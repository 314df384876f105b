/**
 * Follows the runs of a notebook's cell to their end: asks the server for their output and shows it, at most a few times a second.
 *
 * Pure: asking, showing and waiting are passed in.
 */

import type { NotebookOutput, NotebookOutputsResult } from "../protocol";

export type Following = {
  /** Asks the server; `seen` is from its last answer. */
  ask: (seen: string | undefined) => Promise<NotebookOutputsResult>;
  /** Shows these outputs in place of the previous ones. */
  show: (outputs: readonly NotebookOutput[]) => Promise<void>;
  /** Rings when there may be more output. */
  bell: Pick<Bell, "rings" | "next">;
};

/** Resolves when the runs are over and their output is shown; says whether all of them succeeded. */
export async function follow({ ask, show, bell }: Following): Promise<boolean> {
  let seen: string | undefined;
  // The gap grows, so that short runs are shown soon.
  for (let gap = FIRST_GAP; ; gap = Math.min(2 * gap, GAP)) {
    // Counted before asking: what happens from here on may be missing from the answer.
    const rings = bell.rings;
    const answer = await ask(seen);
    seen = answer.seen;
    if (answer.outputs) await show(answer.outputs);
    if (answer.over) return answer.succeeded;
    await bell.next(rings, gap);
  }
}

/** The shortest time between two requests, in milliseconds: at first, and later. */
const FIRST_GAP = 40;
const GAP = 300;

/** The longest time between two requests, in milliseconds: the server sends nothing about a cell that was deleted while it ran. */
const PATIENCE = 2_000;

/** Wakes those who follow runs. */
export class Bell {
  private waiting: (() => void)[] = [];
  private count = 0;

  /** How often it has rung. */
  get rings(): number {
    return this.count;
  }

  /** Tells that there may be more output. */
  ring(): void {
    this.count++;
    const waiting = this.waiting;
    this.waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits until it has rung more than `rings` times or `patience` is over, and in any case until `gap` is over. */
  async next(rings: number, gap: number, patience = PATIENCE): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const rung = new Promise<void>((wake) => {
      if (this.count > rings) {
        wake();
        return;
      }
      this.waiting.push(wake);
      timer = setTimeout(wake, patience);
    });
    await Promise.all([rung, new Promise((over) => setTimeout(over, gap))]);
    clearTimeout(timer);
  }
}
