/** Commands for the engines of a line of the engines view. */

import { window } from "vscode";

import type { Commands, Live } from "../commands";
import { isNode } from "../engines-view-model";
import { questionAbout, saidOfEngines } from "../interrupts";
import { confirm, inform, warn } from "../notice";
import { goTo, nowhere, place } from "../place";
import * as px from "../protocol";
import { runAt } from "./run";

export const engineCommands: Commands = {
  "pxlens.runHere": runHere,
  "pxlens.interruptEngines": interruptEngines,
  "pxlens.interruptMine": interruptMine,
  "pxlens.showCellOf": showCellOf,
  "pxlens.refreshEngines": async ({ engines }) => {
    await engines.ask();
  },
};

/**
 * Stops what engines work on: the engines of a line, else all. What is of this window is stopped at once, and what is of another window
 * or client after asking.
 */
async function interruptEngines({ session: { client } }: Live, line?: unknown): Promise<void> {
  const whole = !isNode(line) || line.context.startsWith("cluster");
  const chosen = whole ? {} : { engines: line.engines.map(({ id }) => id) };
  const own = await client.sendRequest(px.interruptEngines, chosen);
  const question = questionAbout(own);
  if (question === undefined) {
    // The cells show what was interrupted.
    if (own.signalled.length === 0 || own.unanswered.length > 0 || own.refused !== undefined) {
      void inform(saidOfEngines(own));
    }
    return;
  }
  if (!(await confirm(question, "Interrupt"))) return;
  const whose = own.leftAlone.length > 0 ? "anybody" : "mine";
  const engines = [...own.leftMine, ...own.leftAlone];
  void inform(saidOfEngines(await client.sendRequest(px.interruptEngines, { engines, whose })));
}

/** Stops what this window and all others of this user have on the engines, also those that are gone. */
async function interruptMine({ session: { client } }: Live): Promise<void> {
  void inform(saidOfEngines(await client.sendRequest(px.interruptEngines, { whose: "mine" })));
}

/** Runs the px cells selected in the editor on the engines of a line, or on engines that the user picks. */
async function runHere({ engines }: Live, line?: unknown): Promise<void> {
  const here = place();
  if (!here) {
    nowhere();
    return;
  }
  const ids = isNode(line) ? line.engines.map(({ id }) => id) : await pickEngines(engines);
  if (ids && ids.length > 0) await runAt(here, px.serverCommands.run, { targets: ids.join(",") });
}

async function pickEngines(engines: Live["engines"]): Promise<number[] | undefined> {
  const known = (await engines.ask())?.clusters.find((cluster) => cluster.inUse)?.engines ?? [];
  if (known.length === 0) {
    void warn("There are no engines yet. Start a cluster or run a px cell first.");
    return undefined;
  }
  const items = known.map(({ id, state, host }) => ({
    label: `Engine ${id}`,
    description: [state, host].filter(Boolean).join(" · "),
    id,
  }));
  const placeHolder = "Engines to run the selected px cells on";
  return (await window.showQuickPick(items, { placeHolder, canPickMany: true }))?.map(({ id }) => id);
}

/** Goes to the px cell that an engine works on, or in which it raised last. */
async function showCellOf({ session }: Live, line?: unknown): Promise<void> {
  const engine = isNode(line) ? line.engines[0] : undefined;
  const at = engine?.current ?? engine?.lastError?.at;
  if (!at) return;
  // The line was right when the cell ran; the cell may have moved since.
  const { cells } = await session.client.sendRequest(px.cells, { uri: at.uri }).catch(() => ({ cells: [] }));
  const first = cells.find(({ id }) => id === at.cell)?.magicRange.start.line ?? at.line;
  await goTo(at.uri, { line: first, character: 0 });
}
