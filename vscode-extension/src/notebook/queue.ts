/**
 * The cells of one notebook that wait to be run. They run one after the other, and none runs after one that failed or was interrupted.
 *
 * Pure.
 */

export type Job = {
  /**
   * Runs it. `free` lets the next one begin before this one is over. Resolves to whether it succeeded.
   */
  run(free: () => void): Promise<boolean>;
  /** Called when it will not be run. */
  drop(): void;
};

export class Queue {
  private waiting: Job[] = [];
  private busy = false;

  /** Adds jobs at the end. */
  add(jobs: readonly Job[]): void {
    this.waiting.push(...jobs);
    this.step();
  }

  /** Drops the waiting jobs. A running one is left alone. */
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
        // A job that has freed the queue does not hold up those after it.
        if (!succeeded && !isFree) this.clear();
        free();
      });
  }
}
