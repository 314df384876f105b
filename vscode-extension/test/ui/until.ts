/** Waiting for states, never for time. */

/**
 * Asks until the answer is yes; fails with the last answer when that takes too long. Long is what no machine takes, however much
 * else it does: who waits for what comes loses nothing by it.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  patience = 90_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + patience;
  for (;;) {
    let last: unknown;
    try {
      const answer = await ask();
      if (answer) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`waited ${patience} ms for ${what}; last seen: ${seen}`);
    }
    await new Promise((next) => setTimeout(next, 50));
  }
}
