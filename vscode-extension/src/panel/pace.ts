/** When a page is requested again while its run goes on: at once after a pause, later the longer the last answer took. Pure. */

/** The shortest pause after an answer, in milliseconds. */
const GAP = 250;

/** The pause after an answer is at least this many times as long as the answer took. */
const REST = 3;

/** How long to wait until asking again, given when the last request began and how long its answer took. */
export function untilNext(now: number, last: { began: number; took: number } | undefined): number {
  if (!last) return 0;
  return Math.max(0, last.began + last.took + Math.max(GAP, REST * last.took) - now);
}
