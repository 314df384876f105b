/** When a page is asked for again while its run goes on: at once after a pause, then not before the last one is paid for. Pure. */

/** The least time between two questions, in milliseconds. */
const GAP = 250;

/** So many times as long as an answer took, nothing is asked. */
const REST = 3;

/** How long to wait until asking again, when the last question began and how long its answer took. */
export function untilNext(now: number, last: { began: number; took: number } | undefined): number {
  if (!last) return 0;
  return Math.max(0, last.began + last.took + Math.max(GAP, REST * last.took) - now);
}
