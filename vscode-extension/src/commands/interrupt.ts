/** Stops runs: that of the px cell at the cursor, else those of the document, else all. */

import { window } from "vscode";

import type { Live } from "../commands";
import type { LiveRun } from "../outputs";
import { place } from "../place";
import * as px from "../protocol";

export async function interrupt({ session, outputs }: Live): Promise<void> {
  const live = outputs.live();
  if (live.length === 0) {
    void window.showInformationMessage("No run is under way.");
    return;
  }
  const runs = new Set(nearest(live, await cellHere(session.client)).map(({ run }) => run));
  const answers = await Promise.all(
    [...runs].map((run) => session.client.sendRequest(px.interrupt, { run })),
  );
  const told = said(answers);
  if (told) void window.showWarningMessage(told);
}

type Here = { uri: string; cell: px.CellId | undefined };

async function cellHere(client: Live["session"]["client"]): Promise<Here | undefined> {
  const at = place()?.at;
  if (!at) return undefined;
  const { cells } = await client.sendRequest(px.cells, { uri: at.uri });
  const { line } = at.position;
  const cell = cells.find(({ range }) => range.start.line <= line && line <= range.end.line);
  return { uri: at.uri, cell: cell?.id };
}

/** The runs that are meant. */
export function nearest(live: readonly LiveRun[], here: Here | undefined): readonly LiveRun[] {
  const inDocument = live.filter(({ uri }) => uri === here?.uri);
  const inCell = inDocument.filter(({ cell }) => cell === here?.cell);
  return [inCell, inDocument].find((runs) => runs.length > 0) ?? live;
}

/** What the user has to hear, if anything: the cells show the rest. */
export function said(answers: readonly px.InterruptResult[]): string | undefined {
  const list = (engines: number[]): string => [...new Set(engines)].sort((a, b) => a - b).join(", ");
  const leftAlone = list(answers.flatMap((answer) => answer.leftAlone));
  const unanswered = list(answers.flatMap((answer) => answer.unanswered));
  const refused = answers.flatMap((answer) => answer.refused ?? []);
  const sentences = [
    ...new Set(refused),
    ...(leftAlone ? [`Engines ${leftAlone} work for another client and were left alone.`] : []),
    ...(unanswered ? [`Engines ${unanswered} did not answer in time.`] : []),
  ];
  return sentences.length > 0 ? sentences.join(" ") : undefined;
}
