/**
 * Follows the runs of a notebook's cell to their end: asks the server what they gave, and shows it, a few times a second at most.
 *
 * Pure: what asks, shows and waits is the caller's.
 */

import type { NotebookOutput, NotebookOutputsResult } from "../protocol";

export type Following = {
  /** Asks the server; `seen` is what its last answer gave. */
  ask: (seen: string | undefined) => Promise<NotebookOutputsResult>;
  /** Shows these outputs in place of those before. */
  show: (outputs: readonly NotebookOutput[]) => Promise<void>;
  /** Rings when there may be more. */
  bell: Pick<Bell, "rings" | "next">;
};

/** Ends when the runs are over and what they gave is shown; says whether all of them went well. */
export async function follow({ ask, show, bell }: Following): Promise<boolean> {
  let seen: string | undefined;
  // What ends soon is shown soon.
  for (let gap = FIRST_GAP; ; gap = Math.min(2 * gap, GAP)) {
    // What happens while the answer is on its way, or is being shown, may not be in it.
    const rings = bell.rings;
    const answer = await ask(seen);
    seen = answer.seen;
    if (answer.outputs) await show(answer.outputs);
    if (answer.over) return answer.succeeded;
    await bell.next(rings, gap);
  }
}

/** The least time between two looks at runs: at first, and in the end. */
const FIRST_GAP = 40;
const GAP = 300;

/** The longest: nothing is told of a cell that was deleted while it ran. */
const PATIENCE = 2_000;

/** What wakes those who follow runs. */
export class Bell {
  private waiting: (() => void)[] = [];
  private count = 0;

  /** How often it rang. */
  get rings(): number {
    return this.count;
  }

  /** There may be more to see. */
  ring(): void {
    this.count++;
    const waiting = this.waiting;
    this.waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits until it has rung more often than so many times, and until `gap` is over; no longer than `patience`. */
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
