/** Which runs an interrupt stops, and what the user is told about the answers. Pure. */

import type { LiveRun } from "./outputs";
import type { CellId, InterruptResult, PastRun } from "./protocol";

/** Where the cursor is. */
export type Here = { uri: string; cell: CellId | undefined };

/** The runs to stop: those of the px cell at the cursor; if there are none, those of its document, then those of its notebook, then all. */
export function nearest(live: readonly LiveRun[], here: Here | undefined): readonly LiveRun[] {
  if (!here) return live;
  const inDocument = live.filter(({ uri }) => uri === here.uri);
  const inCell = inDocument.filter(({ cell }) => cell === here.cell);
  const inFile = live.filter(({ uri }) => fileOf(uri) === fileOf(here.uri));
  return [inCell, inDocument, inFile].find((runs) => runs.length > 0) ?? live;
}

/** The URI without its fragment, by which the cells of a notebook differ. */
function fileOf(uri: string): string {
  return uri.split("#", 1)[0] ?? uri;
}

/** Of the runs that the server keeps, those that are waiting or running. */
export function underWay(runs: readonly PastRun[]): LiveRun[] {
  return runs
    .filter(({ state }) => state === "queued" || state === "running")
    .map(({ uri, cell, run }) => ({ uri, cell, run }));
}

/** What to tell the user, if anything; the cells show the rest. */
export function said(answers: readonly InterruptResult[]): string | undefined {
  const list = (engines: number[]): string => [...new Set(engines)].sort((a, b) => a - b).join(", ");
  const leftAlone = list(answers.flatMap((answer) => answer.leftAlone));
  const unanswered = list(answers.flatMap((answer) => answer.unanswered));
  const refused = answers.flatMap((answer) => answer.refused ?? []);
  const sentences = [
    ...new Set(refused),
    ...(leftAlone ? [`Engines ${leftAlone} work for another client and were left alone.`] : []),
    ...(unanswered
      ? [`Engines ${unanswered} did not answer in time; interrupt them again, or stop the cluster.`]
      : []),
  ];
  return sentences.length > 0 ? sentences.join(" ") : undefined;
}
