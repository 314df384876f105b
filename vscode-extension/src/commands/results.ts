/** Commands that show, compare, export and clear results. */

import { commands } from "vscode";

import type { Commands, Live } from "../commands";
import { inform } from "../notice";
import { cellsAt } from "../cells-at";
import { file, goTo, nowhere, place, showHover } from "../place";
import * as px from "../protocol";
import { exportRunTo } from "./export";

export const resultCommands: Commands = {
  "pxlens.showLastResult": showLastResult,
  "pxlens.compare": compare,
  "pxlens.export": exportRun,
  "pxlens.clearOutputs": clearOutputs,
};

/** Goes to the px cell of the newest run and shows its card. */
async function showLastResult({ session }: Live): Promise<void> {
  const { runs } = await session.client.sendRequest(px.runs, {});
  const newest = runs[0];
  if (!newest) {
    void inform("No px cell has run yet.");
    return;
  }
  const { cells } = await session.client
    .sendRequest(px.cells, { uri: newest.uri })
    .catch(() => ({ cells: [] }));
  const line = cells.find(({ id }) => id === newest.cell)?.magicRange.start.line;
  if (line === undefined) {
    void inform(`${newest.title}: ${newest.summary}. Its px cell is gone.`);
    return;
  }
  await goTo(newest.uri, { line, character: 0 });
  await showHover();
}

/** Compares the newest run of the px cell at the cursor with the one before. */
async function compare(live: Live): Promise<void> {
  const run = await runHere(live);
  if (run !== undefined) await commands.executeCommand(px.serverCommands.compare, { run });
}

/** Writes the newest run of the px cell at the cursor to a file. */
async function exportRun(live: Live): Promise<void> {
  const run = await runHere(live);
  if (run !== undefined) await exportRunTo(live.session, run);
}

/** Removes the outputs of a file; for a notebook, those of all its cells. */
async function clearOutputs({ session, outputs, painter }: Live): Promise<void> {
  const here = place();
  if (!here) {
    nowhere();
    return;
  }
  const command = px.serverCommands.clear;
  const { uri, documents } = file(here.document);
  if (session.commands.has(command)) await commands.executeCommand(command, { uri });
  for (const document of documents) outputs.clear(document);
  painter.repaint();
}

/** The newest run of the px cell at the cursor; if there is none, tells the user what to do. */
async function runHere({ session }: Live): Promise<px.RunId | undefined> {
  const here = place();
  if (!here) {
    nowhere();
    return undefined;
  }
  const { cells } = await session.client.sendRequest(px.cells, { uri: here.at.uri });
  // Of several on the same marker, the one that ran last.
  const run = cellsAt(cells, here.at.position.line)
    .flatMap((cell) => cell.run ?? [])
    .reduce<px.RunId | undefined>((newest, run) => Math.max(run, newest ?? run), undefined);
  if (run === undefined) void inform("Run the px cell at the cursor first.");
  return run;
}
