/** Stops runs: the one in the panel, if that has the focus; else that of the px cell at the cursor, those of the document, or all. */

import { cellsAt } from "../cells-at";
import type { Commands, Live } from "../commands";
import { type Here, nearest, said, underWay } from "../interrupts";
import { inform, warn } from "../notice";
import { place } from "../place";
import * as px from "../protocol";

export const interruptCommands: Commands = {
  "pxlens.interrupt": interrupt,
};

async function interrupt({ session: { client }, panel }: Live): Promise<void> {
  // The server is asked, because runs outlive the documents that they were started from.
  const { runs } = await client.sendRequest(px.runs, {});
  const live = underWay(runs);
  if (live.length === 0) {
    void inform("There is no run to interrupt.");
    return;
  }
  const { looked } = panel;
  const here =
    looked === undefined ? nearest(live, await cellHere(client)) : live.filter(({ run }) => run === looked);
  if (here.length === 0) {
    void inform("The run in the panel has already ended.");
    return;
  }
  const meant = new Set(here.map(({ run }) => run));
  await tell([...meant].map((run) => client.sendRequest(px.interrupt, { run })));
}

/** Waits for the answers to interrupts, and tells the user what was not done. */
export async function tell(asked: readonly Promise<px.InterruptResult>[]): Promise<void> {
  const told = said(await Promise.all(asked));
  if (told) void warn(told);
}

async function cellHere(client: Live["session"]["client"]): Promise<Here | undefined> {
  const at = place()?.at;
  if (!at) return undefined;
  // A document that the server does not have, such as one side of a diff, has no px cells.
  const { cells } = await client.sendRequest(px.cells, { uri: at.uri }).catch(() => ({ cells: [] }));
  const { line } = at.position;
  return { uri: at.uri, cell: cellsAt(cells, line)[0]?.id };
}
