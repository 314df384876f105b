/** The choices of "Run Px Cell On…". Pure. */

/** A set of engines to choose. */
export type Choice = { label: string; description: string; targets: string };

/** How many choices are remembered. */
const REMEMBERED = 5;

/** All choices: first those made before, then those for the engines of the cluster. */
export function choices(engines: readonly number[], recent: readonly string[]): Choice[] {
  const usual: Choice[] = [{ label: "all", description: describeAll(engines.length), targets: "all" }];
  if (engines.length > 2) {
    usual.push({ label: "::2", description: "every second engine, from the first", targets: "::2" });
    usual.push({ label: "1::2", description: "every second engine, from the second", targets: "1::2" });
  }
  usual.push(
    ...engines.map((id) => ({ label: String(id), description: `engine ${id}`, targets: String(id) })),
  );
  const before = recent.map((targets) => ({ label: targets, description: "chosen before", targets }));
  return [...before, ...usual.filter(({ targets }) => !recent.includes(targets))];
}

/** The choices, and before them what was typed, unless it is one of them. */
export function withTyped(offered: readonly Choice[], typed: string): Choice[] {
  const targets = typed.trim();
  if (!targets || offered.some((choice) => choice.targets === targets)) return [...offered];
  return [{ label: targets, description: "as typed: 0, ::2, [0, 2] or 0-3,7", targets }, ...offered];
}

/** What to remember after a choice. */
export function remember(recent: readonly string[], chosen: string): string[] {
  return [chosen, ...recent.filter((targets) => targets !== chosen)].slice(0, REMEMBERED);
}

function describeAll(engines: number): string {
  return engines > 0 ? `all ${engines} engines` : "all engines";
}
