/**
 * How fast painting may go: a limited number of calls per second, and several passes in a burst become one.
 *
 * ```text
 * asked   |x xxxxx xx x xxxxx|          x
 * painted |x    x    x    x  x|         x
 * ```
 *
 * Pure: the clock is the caller's, in milliseconds.
 */

/** The largest number of `setDecorations` calls in any second. */
const CALLS = 20;
const SECOND = 1000;

/** The shortest time between two passes, in milliseconds. */
const GAP = 80;

export class Pace {
  private readonly spent: number[] = [];
  private last = -Infinity;

  /** How long to wait until a pass may begin. */
  untilPass(now: number): number {
    return Math.max(0, this.last + GAP - now);
  }

  /** Records that a pass begins. */
  begin(now: number): void {
    this.last = now;
  }

  /** How long to wait until this many calls may be made at once. */
  untilCalls(now: number, calls: number): number {
    while (this.spent[0] !== undefined && this.spent[0] <= now - SECOND) this.spent.shift();
    const over = this.spent.length + Math.min(calls, CALLS) - CALLS;
    const frees = over > 0 ? this.spent[over - 1] : undefined;
    return frees === undefined ? 0 : frees + SECOND - now;
  }

  /** Records that calls are made. */
  spend(now: number, calls: number): void {
    for (let n = 0; n < calls; n++) this.spent.push(now);
  }
}
