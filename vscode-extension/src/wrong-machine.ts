/**
 * Px cells that would run on the wrong machine: `# %%px` hides the magic from Jupyter's interactive window, which runs the cell in a
 * kernel of its own, on this machine.
 *
 * Pure.
 */

/** The 0-based line of the first cell magic that only pxlens recognises; prose that begins with one does not count. */
export function hiddenMagic(text: string): number | undefined {
  const lines = text.split(/\r\n|\r|\n/);
  const at = lines.findIndex((line) => /^#\s*%%px\w*(\s+-.*)?\s*$/.test(line));
  return at < 0 ? undefined : at;
}

/** The text of the warning. */
export function notice(name: string, line: number): string {
  return (
    `Line ${line + 1} of ${name} is only a comment to Jupyter: its "Run Cell" runs the cell on this machine, not on engines. ` +
    'Run it with pxlens, or write the magic as "#!%%px", which both understand.'
  );
}

/** Of the rewrites that the server offers, the one for Jupyter; the one of all magics rather than that of a single one. */
export function rewriteForJupyter<T extends { readonly title: string }>(offers: readonly T[]): T | undefined {
  const fitting = offers.filter(({ title }) => title.includes("#!%%px"));
  return fitting.find(({ title }) => title.includes(" all ")) ?? fitting[0];
}
