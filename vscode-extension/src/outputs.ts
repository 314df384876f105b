/**
 * What the server said about px cells, per document: merges `px/outputs`, and moves it with the edits the server has not seen yet.
 *
 * Pure: knows no editor. What is painted of it, and when, is `layout.ts` and `painter.ts`.
 */

import type { CellId, CellOutput, OutputsParams, Position, RunId } from "./protocol";

/**
 * One change of a document's text: what was between `start` and `end` is a text now that has so many line breaks and a last line so
 * long. Changes are kept for a while, and what was pasted may be long, so the text itself is not in it.
 */
export type Change = { start: Position; end: Position; breaks: number; last: number };

/** The change that puts `text` in place of what was between `start` and `end`. */
export function changed({ start, end }: Pick<Change, "start" | "end">, text: string): Change {
  const lines = text.split(/\r\n|\r|\n/);
  return { start, end, breaks: lines.length - 1, last: lines[lines.length - 1]?.length ?? 0 };
}

/** A px cell that has something to show, and where its line is painted. */
export type Shown = Pick<CellOutput, "id" | "run" | "state" | "stale" | "line"> & { at: Position };

/** A run that is not over. */
export type LiveRun = { uri: string; cell: CellId; run: RunId };

/** How many edits of a document are kept for outputs of an older version; what is older is mended by the next message. */
const KEPT_EDITS = 500;

/** All documents. */
export class Outputs {
  private readonly documents = new Map<string, DocumentOutputs>();
  /** Documents that were closed: what is still on its way about them is of the past. */
  private readonly closed = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private newest = 0;

  /** Calls back when there is other news of cells and runs than that they moved. */
  onDidChange(listener: () => void): { dispose: () => void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  /** The last `seq` that came in, 0 if there was none. */
  get seq(): number {
    return this.newest;
  }

  /** Takes a message of the server. */
  apply(params: OutputsParams): void {
    this.newest = params.seq;
    // A document that is opened again begins with all there is.
    if (params.full) this.closed.delete(params.uri);
    if (this.closed.has(params.uri)) return;
    this.document(params.uri).apply(params);
    this.changed();
  }

  /** Takes an edit; `version` is the document's after it. Says whether all cells are still known to be where they are. */
  edit(uri: string, version: number, changes: readonly Change[]): boolean {
    return this.document(uri).edit(version, changes);
  }

  /** Forgets a document that was closed. */
  close(uri: string): void {
    if (!this.documents.delete(uri)) return;
    this.closed.add(uri);
    this.changed();
  }

  /** Shows nothing of a document any more, until its cells run again. */
  clear(uri: string): void {
    this.documents.get(uri)?.clear();
    this.changed();
  }

  /** Forgets everything: the server is another one now. */
  reset(): void {
    this.documents.clear();
    this.closed.clear();
    this.newest = 0;
    this.changed();
  }

  /** The px cells of a document that have something to show. */
  of(uri: string): Iterable<Shown> {
    return this.documents.get(uri)?.shown() ?? [];
  }

  /** The runs that wait or go on, in the order in which documents and cells came in. */
  live(): LiveRun[] {
    const live: LiveRun[] = [];
    for (const [uri, document] of this.documents) {
      for (const { id, run, state } of document.shown()) {
        if (run !== undefined && (state === "queued" || state === "running")) {
          live.push({ uri, cell: id, run });
        }
      }
    }
    return live;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  private document(uri: string): DocumentOutputs {
    let document = this.documents.get(uri);
    if (!document) {
      document = new DocumentOutputs();
      this.documents.set(uri, document);
    }
    return document;
  }
}

class DocumentOutputs {
  private readonly cells = new Map<CellId, Shown>();
  private readonly edits: { version: number; changes: readonly Change[] }[] = [];

  apply({ full, version, cells, removed }: OutputsParams): void {
    if (full) this.cells.clear();
    for (const id of removed) this.cells.delete(id);
    const unseen = this.edits.filter((edit) => edit.version > version).flatMap((edit) => edit.changes);
    for (const cell of cells) {
      this.cells.set(cell.id, { ...cell, at: unseen.reduce(moved, { line: cell.lineAt, character: 0 }) });
    }
  }

  edit(version: number, changes: readonly Change[]): boolean {
    this.edits.push({ version, changes });
    if (this.edits.length > KEPT_EDITS) this.edits.shift();
    let known = true;
    for (const cell of this.cells.values()) {
      for (const change of changes) {
        known &&= !replaced(cell.at, change);
        cell.at = moved(cell.at, change);
      }
    }
    return known;
  }

  clear(): void {
    this.cells.clear();
  }

  shown(): Iterable<Shown> {
    return this.cells.values();
  }
}

/** Where a place is after a change. One inside what was replaced is where the replacement begins. */
export function moved(at: Position, { start, end, breaks, last }: Change): Position {
  if (isBefore(at, start)) return at;
  if (isBefore(at, end)) return start;
  const line = at.line + breaks - (end.line - start.line);
  if (at.line !== end.line) return { line, character: at.character };
  const from = breaks === 0 ? start.character : 0;
  return { line, character: from + last + at.character - end.character };
}

/** Whether the line of a place was replaced with others, so that where it is now is a guess. */
function replaced(at: Position, { start, end }: Change): boolean {
  return start.line !== end.line && !isBefore(at, start) && isBefore(at, end);
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
