/**
 * What painting costs somebody who types: frames of a real VS Code, with painting on and off in turns, in a script of 10,000 lines
 * with 500 px cells that have run, while the last of them streams.
 *
 * The frames are counted in the page, by `requestAnimationFrame`, from the first key of a turn to the last.
 */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Locator } from "playwright-core";

import { until } from "./until";
import { VSCode } from "./vscode";
import type { Window } from "./window";

const LINES = 10_000;
const CELLS = 500;
/** Turns with painting, and as many without. */
const TURNS = 8;
/** The least time between two keys. */
const BETWEEN_KEYS = 25;
/** What is typed in a turn; each line moves what is painted below the cursor, and the cursor's own line in sight of a stream. */
const TYPED = "total = [rank * step for step in range(100)]\nprint(total)";
/** How much longer the 95th percentile of frames may be with painting. */
const LIMIT = 1.5;

const FILE = "long.py";
const STREAM = "print(step, 'of many')";

function script(): string {
  const filled = (head: string[], lines: number): string[] => [
    ...head,
    ...Array.from({ length: lines - head.length }, (_, n) => `local_${n} = ${n}`),
  ];
  const each = LINES / CELLS;
  const quick = Array.from({ length: CELLS - 1 }, (_, n) =>
    filled([`# %% ${n}`, `%px ${n} * 2`, "# %%"], each),
  );
  const stream = ["import time", "for step in range(1_000_000):", `    ${STREAM}`, "    time.sleep(0.005)"];
  const last = filled(["# %% the stream", "%%px", ...stream, "# %% typed here"], each - 8);
  return [...quick.flat(), ...last, ...Array.from({ length: 8 }, () => "")].join("\n");
}

/** The durations of frames, in milliseconds, while something is done. */
async function frames(window: Window, act: () => Promise<void>): Promise<number[]> {
  await window.page.evaluate(() => {
    const state = { at: [] as number[], goes: true };
    Object.assign(globalThis, { frames: state });
    const next = (now: number): void => {
      state.at.push(now);
      if (state.goes) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await act();
  const at = await window.page.evaluate(() => {
    const { frames } = globalThis as unknown as { frames: { at: number[]; goes: boolean } };
    frames.goes = false;
    return frames.at;
  });
  return at.slice(1).map((now, n) => now - (at[n] ?? now));
}

/** Switches painting, and waits until it is so. */
async function paint(window: Window, editor: Locator, on: boolean): Promise<void> {
  const folder = join(window.workspace, ".vscode");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify({ "pxlens.density": on ? "line" : "off" }));
  await until(`painting to be ${on ? "on" : "off"}`, async () => {
    const painted = await window.painted(editor);
    return on === painted.length > 0;
  });
}

async function streamed(window: Window, editor: Locator): Promise<string> {
  const line = await window.paintedBehind(editor, "    time.sleep", /\[0-3\]/);
  return line.after;
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

async function measure(window: Window): Promise<number> {
  const editor = window.editor(FILE);
  await editor.locator(".codelens-decoration a").first().waitFor();
  await window.page.locator(".view-line").first().click();
  await window.page.keyboard.press("Control+End");
  await window.goTo(editor, "for step in");
  await window.command("pxlens: Run Px Cells Above");
  await window.statusSays(/busy/);
  await window.statusSays(/4 engines/, 300_000);
  await window.goTo(editor, "for step in");
  await window.command("pxlens: Run Px Cell");
  await streamed(window, editor);

  const durations = { on: [] as number[], off: [] as number[] };
  for (let turn = 0; turn < 2 * TURNS; turn++) {
    // On, off, off, on, ...: neither always comes first.
    const on = [0, 3].includes(turn % 4);
    await paint(window, editor, on);
    const before = on ? await streamed(window, editor) : "";
    await window.page.keyboard.press("Control+End");
    const these = await frames(window, () => window.page.keyboard.type(TYPED, { delay: BETWEEN_KEYS }));
    durations[on ? "on" : "off"].push(...these);
    if (on) assert.notEqual(await streamed(window, editor), before, "nothing streamed");
    else assert.deepEqual(await window.painted(editor), []);
    await window.undoAll(FILE);
  }
  await window.command("pxlens: Interrupt");

  console.log(
    `Frames while typing in ${LINES} lines with ${CELLS} px cells, one of which streams; ${TURNS} turns each.\n`,
  );
  console.log("| painting | frames | p50 ms | p95 ms | longest ms |");
  console.log("|---|---|---|---|---|");
  const p95 = (["off", "on"] as const).map((kind) => {
    const sorted = durations[kind].sort((a, b) => a - b);
    const columns = [0.5, 0.95, 1].map((share) => percentile(sorted, share).toFixed(1));
    console.log(`| ${kind} | ${sorted.length} | ${columns.join(" | ")} |`);
    return percentile(sorted, 0.95);
  });
  const [without = NaN, withPainting = NaN] = p95;
  const ratio = withPainting / without;
  console.log(`\np95 with painting is ${ratio.toFixed(2)} times that without (limit ${LIMIT}).`);
  return ratio;
}

async function main(): Promise<void> {
  const vscode = await VSCode.start();
  try {
    const window = await vscode.open(FILE, script());
    try {
      const ratio = await measure(window);
      process.exitCode = ratio <= LIMIT ? 0 : 1;
    } finally {
      await window.screenshot("painting");
    }
  } finally {
    await vscode.stop();
  }
}

void main();
