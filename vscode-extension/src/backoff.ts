/** When a server that crashed is started again: later each time, and not at all if it crashes over and over. Pure. */

/** How long to wait after the first recent crash, the second, and so on, in milliseconds; after more crashes it is not started again. */
const DELAYS = [200, 1_000, 3_000, 8_000, 15_000];

/** How long a crash counts as recent, in milliseconds. */
const WHILE = 5 * 60_000;

export class Backoff {
  private crashes: number[] = [];

  /** Records a crash; returns how many milliseconds to wait, or `undefined` if the server should stay down. */
  crashed(now: number): number | undefined {
    this.crashes = this.crashes.filter((crash) => crash > now - WHILE);
    this.crashes.push(now);
    return DELAYS[this.crashes.length - 1];
  }

  /** Forgets the crashes, because the user started the server again. */
  forget(): void {
    this.crashes = [];
  }
}
