/** How often engines are asked for. Pure. */

/** The least time between two questions, in milliseconds: an answer about many engines is long. */
export function gap(engines: number): number {
  return engines <= 64 ? 200 : 1000;
}
