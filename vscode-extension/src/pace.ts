/**
 * How fast may be painted: at most so many calls in any second, and passes that come in a burst become one.
 *
 * ```text
 * asked   |x xxxxx xx x xxxxx|          x
 * painted |x    x    x    x  x|         x
 * ```
 *
 * Pure: the clock is the caller's, in milliseconds.
 */

/** Most calls of `setDecorations` in any second. */
const CALLS = 20;
const SECOND = 1000;

/** The least time between two passes. */
const GAP = 80;

export class Pace {
  private readonly spent: number[] = [];
  private last = -Infinity;

  /** How long to wait until a pass may begin. */
  untilPass(now: number): number {
    return Math.max(0, this.last + GAP - now);
  }

  /** Notes that a pass begins. */
  begin(now: number): void {
    this.last = now;
  }

  /** How long to wait until so many calls may be made at once. */
  untilCalls(now: number, calls: number): number {
    while (this.spent[0] !== undefined && this.spent[0] <= now - SECOND) this.spent.shift();
    const over = this.spent.length + Math.min(calls, CALLS) - CALLS;
    const frees = over > 0 ? this.spent[over - 1] : undefined;
    return frees === undefined ? 0 : frees + SECOND - now;
  }

  /** Notes that calls are made. */
  spend(now: number, calls: number): void {
    for (let n = 0; n < calls; n++) this.spent.push(now);
  }
}
