/** Which settings `px/writeSetting` may write, and their new values. Pure. */

/** Settings that name a program are missing here: only the user may write them. */
const WRITABLE = ["cluster", "engines", "groupBy", "views"];

export function mayBeWritten(key: string): boolean {
  return WRITABLE.includes(key);
}

/** The new value; the fields of an object are added to the existing ones. */
export function merged(before: unknown, value: unknown): unknown {
  return isObject(before) && isObject(value) ? { ...before, ...value } : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
