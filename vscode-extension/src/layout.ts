/**
 * Which lines are painted in an editor, and how. Pure: what `painter.ts` hands to VS Code is decided here.
 *
 * Changing many decorations at once freezes the window (52 s for 10,000 of them), so only what can be seen, and a margin, is painted.
 */

import type { Change, Shown } from "./outputs";
import type { LineSeverity } from "./protocol";

/** How a line is coloured; each is one decoration type. */
export type Style = LineSeverity | "stale";

/** All of them. */
export const STYLES: readonly Style[] = ["info", "ok", "warning", "error", "stale"];

/** How much is painted beside a px cell. */
export type Density = "line" | "tick" | "off";

/** What is painted at the end of a line. */
export type Item = { line: number; text: string };

/** What is painted in one editor. */
export type Layout = Map<Style, Item[]>;

/** Lines that can be seen, both ends included. */
export type Stretch = { first: number; last: number };

/** Lines above and below what can be seen that are painted too, so that scrolling finds them there. */
export const MARGIN = 40;

/** Most lines of one style. */
export const MOST = 200;

const TICKS: Record<LineSeverity, string> = { info: "⋯", ok: "✓", warning: "▲", error: "✗" };

/** A line that no item is on: what is painted there has to be painted again. */
const NOWHERE = -1;

/** What an editor that shows these stretches should look like. */
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
 * What VS Code makes of a layout while the user types: it moves decorations by itself. Only one whose own line was split or joined
 * may have ended up elsewhere; it counts as nowhere, so that it is painted again. So does any that would move while it is not
 * `settled` that VS Code had it before the change: the change may have been made first.
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

/** VS Code draws runs of blanks in decorations as one; of these it keeps all. */
function solid(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}
