/** Commands that run px cells. The server tells the user what cannot run, as with its lenses. */

import { commands, type QuickPickItem, Range, Selection, TextEditorRevealType, window } from "vscode";

import { cellsAt } from "../cells-at";
import type { Commands, Live } from "../commands";
import { nowhere, place, type Place } from "../place";
import * as px from "../protocol";
import { type Choice, choices, remember, withTyped } from "../targets";

export const runCommands: Commands = {
  "pxlens.run": () => run(px.serverCommands.run),
  "pxlens.runAndAdvance": runAndAdvance,
  "pxlens.runAbove": () => run(px.serverCommands.runAbove),
  "pxlens.runBelow": () => run(px.serverCommands.runBelow),
  "pxlens.runAll": () => run(px.serverCommands.runAll),
  "pxlens.runOn": runOn,
  "pxlens.runCanary": () => run(px.serverCommands.run, { canary: true }),
  "pxlens.rerunFailed": () => rerun("failed"),
  "pxlens.rerunDiffering": () => rerun("differing"),
};

/** Runs px cells relative to the cursor; `command` says which. */
async function run(command: string, more: Partial<px.RunParams> = {}): Promise<void> {
  const here = place();
  if (here) await runAt(here, command, more);
  else nowhere();
}

/** Runs the px cell at the cursor again, on some of the engines of its last run. */
async function rerun(only: px.Only): Promise<void> {
  const here = place();
  if (!here) {
    nowhere();
    return;
  }
  const { uri, position } = here.at;
  await commands.executeCommand(px.serverCommands.run, { uri, position, only });
}

export async function runAt(here: Place, command: string, more: Partial<px.RunParams> = {}): Promise<void> {
  await commands.executeCommand(command, { ...here.at, ...more });
}

/** Runs a px cell and goes to the next one. */
async function runAndAdvance({ session }: Live): Promise<void> {
  const here = place();
  if (!here) {
    nowhere();
    return;
  }
  // The target is found first, because running may have to start a cluster.
  const { cells } = await session.client.sendRequest(px.cells, { uri: here.at.uri });
  const { line } = here.at.range?.end ?? here.at.position;
  const last = Math.max(line, ...cellsAt(cells, line).map(({ magicRange }) => magicRange.start.line));
  const next = cells.find((cell) => cell.magicRange.start.line > last);
  const ran = runAt(here, px.serverCommands.run);
  const editor = window.activeTextEditor;
  if (next && editor?.document === here.document) {
    const { start } = next.magicRange;
    editor.selection = new Selection(start.line, start.character, start.line, start.character);
    const range = new Range(start.line, 0, next.range.end.line, 0);
    editor.revealRange(range, TextEditorRevealType.InCenterIfOutsideViewport);
  } else if (window.activeNotebookEditor) {
    await commands.executeCommand("notebook.focusNextEditor");
  }
  await ran;
}

/** The key under which the choices of "Run Px Cell On…" are remembered. */
const RECENT = "recentTargets";

/** Asks on which engines to run a px cell, and runs it there. */
async function runOn({ engines, memory }: Live): Promise<void> {
  const here = place();
  if (!here) {
    nowhere();
    return;
  }
  const recent = memory.get<string[]>(RECENT, []);
  const known = (await engines.ask())?.clusters.find((cluster) => cluster.inUse)?.engines ?? [];
  const offered = choices(
    known.map(({ id }) => id),
    recent,
  );
  const targets = await pickTargets(offered);
  if (targets === undefined) return;
  await memory.update(RECENT, remember(recent, targets));
  await runAt(here, px.serverCommands.run, { targets });
}

/** Lets the user choose targets, or type others. */
function pickTargets(offered: readonly Choice[]): Promise<string | undefined> {
  const pick = window.createQuickPick<QuickPickItem & Choice>();
  pick.placeholder = "Engines to run this px cell on: choose, or type targets such as 0-3,7 or ::2";
  pick.items = [...offered];
  return new Promise((resolve) => {
    pick.onDidChangeValue((typed) => {
      pick.items = withTyped(offered, typed);
    });
    pick.onDidAccept(() => {
      resolve(pick.activeItems[0]?.targets);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}
