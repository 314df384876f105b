/** What `px/writeSetting` may write, and what is written then. Pure. */

/** Settings that name a program are the user's alone to write. */
const WRITABLE = ["cluster", "engines", "groupBy", "views"];

export function mayBeWritten(key: string): boolean {
  return WRITABLE.includes(key);
}

/** The new value; the fields of an object are added to those that are there. */
export function merged(before: unknown, value: unknown): unknown {
  return isObject(before) && isObject(value) ? { ...before, ...value } : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
