/** Which runs an interrupt stops, and what the user is told about the answers. Pure. */

import type { LiveRun } from "./outputs";
import type { CellId, InterruptEnginesResult, InterruptResult, PastRun } from "./protocol";

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

/** `Engine 2` or `Engines 0, 1`; nothing if there are none. */
function named(engines: readonly number[]): string {
  const ids = [...new Set(engines)].sort((a, b) => a - b);
  return ids.length > 0 ? `Engine${ids.length > 1 ? "s" : ""} ${ids.join(", ")}` : "";
}

/** What to ask before engines are interrupted that work for another window or client; nothing if none does. */
export function questionAbout({ leftMine, leftAlone }: InterruptEnginesResult): string | undefined {
  const works = (engines: readonly number[]): string => (engines.length > 1 ? "work" : "works");
  const parts = [
    ...(leftMine.length > 0
      ? [`${named(leftMine)} ${works(leftMine)} for another window or shell of yours.`]
      : []),
    ...(leftAlone.length > 0 ? [`${named(leftAlone)} ${works(leftAlone)} for another client.`] : []),
  ];
  return parts.length > 0 ? [...parts, "Interrupt that too?"].join(" ") : undefined;
}

/** What became of the engines that the user meant. */
export function saidOfEngines(result: InterruptEnginesResult): string {
  const { signalled, aborted, leftAlone, leftMine, unanswered, refused } = result;
  const about = (engines: readonly number[], what: string): string[] =>
    engines.length > 0 ? [`${named(engines)}: ${what}.`] : [];
  const sentences = [
    ...(refused === undefined ? [] : [refused.replace(/[^.!?]$/, "$&.")]),
    ...about(signalled, "interrupted"),
    ...about(aborted, "what waited was dropped"),
    ...about(leftMine, "left alone, at work for another window or shell of yours"),
    ...about(leftAlone, "left alone, at work for another client"),
    ...about(unanswered, "did not answer in time; interrupt again, or stop the cluster"),
  ];
  return sentences.length > 0 ? sentences.join(" ") : "No engine has anything to do.";
}

/** What to tell the user, if anything; the cells show the rest. */
export function said(answers: readonly InterruptResult[]): string | undefined {
  const list = (engines: number[]): string => [...new Set(engines)].sort((a, b) => a - b).join(", ");
  const leftAlone = list(answers.flatMap((answer) => answer.leftAlone));
  const leftMine = list(answers.flatMap((answer) => answer.leftMine));
  const unanswered = list(answers.flatMap((answer) => answer.unanswered));
  const refused = answers.flatMap((answer) => answer.refused ?? []);
  const sentences = [
    ...new Set(refused),
    ...(leftAlone ? [`Engines ${leftAlone} work for another client and were left alone.`] : []),
    ...(leftMine
      ? [
          `Engines ${leftMine} work for another window or shell of yours and were left alone; "Interrupt Everything of Mine" stops that.`,
        ]
      : []),
    ...(unanswered
      ? [`Engines ${unanswered} did not answer in time; interrupt them again, or stop the cluster.`]
      : []),
  ];
  return sentences.length > 0 ? sentences.join(" ") : undefined;
}
