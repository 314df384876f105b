/** Commands for the engines of a line of the engines view. */

import { window } from "vscode";

import type { Commands, Live } from "../commands";
import { isNode } from "../engines-view-model";
import { underWay } from "../interrupts";
import { inform, warn } from "../notice";
import { goTo, nowhere, place } from "../place";
import * as px from "../protocol";
import { runAt } from "./run";
import { tell } from "./interrupt";

export const engineCommands: Commands = {
  "pxlens.runHere": runHere,
  "pxlens.interruptEngines": interruptEngines,
  "pxlens.showCellOf": showCellOf,
  "pxlens.refreshEngines": async ({ engines }) => {
    await engines.ask();
  },
};

/** Stops what engines work on in this session: the engines of a line, else all. */
async function interruptEngines({ session, engines }: Live, line?: unknown): Promise<void> {
  const known = (await engines.ask())?.clusters.find((cluster) => cluster.inUse)?.engines ?? [];
  const whole = !isNode(line) || line.context.startsWith("cluster");
  const wanted = new Set(whole ? known.map(({ id }) => id) : line.engines.map(({ id }) => id));
  const byRun = new Map<px.RunId, number[]>();
  for (const { id, current } of known) {
    if (current && wanted.has(id)) byRun.set(current.run, [...(byRun.get(current.run) ?? []), id]);
  }
  // Waiting runs are on no engine yet.
  const waiting = whole ? underWay((await session.client.sendRequest(px.runs, {})).runs) : [];
  const runs = new Set([...byRun.keys(), ...waiting.map(({ run }) => run)]);
  const asked = [...runs].map((run) => (whole ? { run } : { run, engines: byRun.get(run) ?? [] }));
  if (asked.length === 0) {
    void inform("No run of this window is on these engines.");
    return;
  }
  await tell(asked.map((one) => session.client.sendRequest(px.interrupt, one)));
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
