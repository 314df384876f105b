/**
 * The cells of one notebook that wait to be run: one after the other, and none after one that failed or was interrupted.
 *
 * Pure.
 */

export type Job = {
  /**
   * Runs it. `free` lets the next one begin before this one is over. Says whether it went well.
   */
  run(free: () => void): Promise<boolean>;
  /** It will not be run. */
  drop(): void;
};

export class Queue {
  private waiting: Job[] = [];
  private busy = false;

  /** Puts jobs at the end. */
  add(jobs: readonly Job[]): void {
    this.waiting.push(...jobs);
    this.step();
  }

  /** Drops what waits. What runs is left alone. */
  clear(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const job of waiting) job.drop();
  }

  private step(): void {
    if (this.busy) return;
    const job = this.waiting.shift();
    if (!job) return;
    this.busy = true;
    let isFree = false;
    const free = (): void => {
      if (isFree) return;
      isFree = true;
      this.busy = false;
      this.step();
    };
    void job
      .run(free)
      .catch(() => false)
      .then((succeeded) => {
        // What was let go does not hold up those behind it.
        if (!succeeded && !isFree) this.clear();
        free();
      });
  }
}
