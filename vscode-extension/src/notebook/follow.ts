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
  /** Waits until there may be more, and a moment at least. */
  next: () => Promise<void>;
};

/** Ends when the runs are over and what they gave is shown; says whether all of them went well. */
export async function follow({ ask, show, next }: Following): Promise<boolean> {
  let seen: string | undefined;
  for (;;) {
    const answer = await ask(seen);
    seen = answer.seen;
    if (answer.outputs) await show(answer.outputs);
    if (answer.over) return answer.succeeded;
    await next();
  }
}

/** The least time between two looks at runs. */
const GAP = 300;

/** The longest: nothing is told of a cell that was deleted while it ran. */
const PATIENCE = 2_000;

/** What wakes those who follow runs. */
export class Bell {
  private waiting: (() => void)[] = [];

  /** There may be more to see. */
  ring(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const wake of waiting) wake();
  }

  /** Waits until it rings, and until `gap` is over; no longer than `patience`. */
  async next(gap = GAP, patience = PATIENCE): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const rung = new Promise<void>((wake) => {
      this.waiting.push(wake);
      timer = setTimeout(wake, patience);
    });
    await Promise.all([rung, new Promise((over) => setTimeout(over, gap))]);
    clearTimeout(timer);
  }
}
