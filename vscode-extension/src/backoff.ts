/** When a server that crashed is started again: later each time, and not at all if it crashes over and over. Pure. */

/** How long to wait after the first crash in a while, the second, ...; after the last one no more is tried. */
const DELAYS = [200, 1_000, 3_000, 8_000, 15_000];

/** A crash counts for this long. */
const WHILE = 5 * 60_000;

export class Backoff {
  private crashes: number[] = [];

  /** Notes a crash, and says how many milliseconds to wait; `undefined` if it is to stay down. */
  crashed(now: number): number | undefined {
    this.crashes = this.crashes.filter((crash) => crash > now - WHILE);
    this.crashes.push(now);
    return DELAYS[this.crashes.length - 1];
  }

  /** Forgets the crashes: the user started it anew. */
  forget(): void {
    this.crashes = [];
  }
}
