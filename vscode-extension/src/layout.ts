/**
 * Decides which lines are painted in an editor, and how; `painter.ts` hands the result to VS Code. Pure.
 *
 * Changing many decorations at once freezes the window (52 s for 10,000 of them), so only what is visible, and a margin, is painted.
 */

import type { Change, Shown } from "./outputs";
import type { LineSeverity } from "./protocol";

/** How a line is coloured; each style is one decoration type. */
export type Style = LineSeverity | "stale";

/** All of them. */
export const STYLES: readonly Style[] = ["info", "ok", "warning", "error", "stale"];

/** How much is painted beside a px cell. */
export type Density = "line" | "tick" | "off";

/** What is painted at the end of a line. */
export type Item = { line: number; text: string };

/** Everything that is painted in one editor. */
export type Layout = Map<Style, Item[]>;

/** A range of visible lines, both ends included. */
export type Stretch = { first: number; last: number };

/** How many lines above and below the visible ones are painted too, so that they are there when the user scrolls. */
export const MARGIN = 40;

/** The largest number of lines of one style. */
export const MOST = 200;

const TICKS: Record<LineSeverity, string> = { info: "⋯", ok: "✓", warning: "▲", error: "✗" };

/** A line number that no item has: an item here has to be painted again. */
const NOWHERE = -1;

/** The layout of an editor that shows these ranges of lines. */
export function layout(cells: Iterable<Shown>, visible: readonly Stretch[], density: Density): Layout {
  const near: (Item & { style: Style; far: number })[] = [];
  for (const { at, line, stale } of cells) {
    if (!line || density === "off") continue;
    const far = Math.min(...visible.map((stretch) => distance(at.line, stretch)));
    if (far > MARGIN) continue;
    const text = density === "tick" ? TICKS[line.severity] : line.text;
    near.push({ line: at.line, text: solid(text), style: stale ? "stale" : line.severity, far });
  }
  near.sort((a, b) => a.far - b.far || a.line - b.line);
  const result: Layout = new Map();
  for (const style of STYLES) {
    const items = near.filter((item) => item.style === style).slice(0, MOST);
    items.sort((a, b) => a.line - b.line);
    result.set(
      style,
      items.map(({ line, text }) => ({ line, text })),
    );
  }
  return result;
}

/** The styles in which two layouts differ. */
export function differing(before: Layout, after: Layout): Style[] {
  return STYLES.filter((style) => {
    const [a, b] = [before.get(style) ?? [], after.get(style) ?? []];
    return a.length !== b.length || a.some((item, i) => item.line !== b[i]?.line || item.text !== b[i].text);
  });
}

/**
 * What a layout looks like after edits, given that VS Code moves decorations itself. An item whose own line was split or joined may
 * have ended up anywhere, so it gets the line `NOWHERE` and is painted again. So does an item that moves while it is not `settled`
 * that VS Code had painted it before the edit: the edit may have come first.
 */
export function carried(shown: Layout, changes: readonly Change[], settled: boolean): Layout {
  const carry = (item: Item): Item => ({
    text: item.text,
    line: changes.reduce((line, { start, end, breaks: added }) => {
      const gone = end.line - start.line;
      if (line === NOWHERE || (added === 0 && gone === 0) || line < start.line) return line;
      return line > end.line && (settled || added === gone) ? line + added - gone : NOWHERE;
    }, item.line),
  });
  return new Map([...shown].map(([style, items]) => [style, items.map(carry)]));
}

function distance(line: number, { first, last }: Stretch): number {
  return Math.max(first - line, line - last, 0);
}

/** VS Code collapses repeated spaces in decorations; no-break spaces stay. */
function solid(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}
