/** How often the engines are requested. Pure. */

/** The shortest time between two requests, in milliseconds: an answer about many engines is long. */
export function gap(engines: number): number {
  return engines <= 64 ? 200 : 1000;
}
