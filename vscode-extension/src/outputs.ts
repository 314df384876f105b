/**
 * What the server said about px cells, per document: merges `px/outputs`, and moves them with edits that the server has not seen yet.
 *
 * Pure: knows no editor. `layout.ts` and `painter.ts` decide what is painted, and when.
 */

import type { CellId, CellOutput, OutputsParams, Position, RunId } from "./protocol";

/**
 * One change of a document's text: the text between `start` and `end` was replaced with one of `breaks` line breaks, whose last line
 * has `last` characters. Changes are kept for a while and a pasted text may be long, so the text itself is not kept.
 */
export type Change = { start: Position; end: Position; breaks: number; last: number };

/** The change that replaces the text between `start` and `end` with `text`. */
export function changed({ start, end }: Pick<Change, "start" | "end">, text: string): Change {
  const lines = text.split(/\r\n|\r|\n/);
  return { start, end, breaks: lines.length - 1, last: lines[lines.length - 1]?.length ?? 0 };
}

/** A px cell that has something to show, and where its line is painted. */
export type Shown = Pick<CellOutput, "id" | "run" | "state" | "stale" | "line"> & { at: Position };

/** A run that is not over. */
export type LiveRun = { uri: string; cell: CellId; run: RunId };

/** How many edits of a document are kept for outputs of older versions; if one is older still, the next message corrects its place. */
const KEPT_EDITS = 500;

/** The px cells of all documents. */
export class Outputs {
  private readonly documents = new Map<string, DocumentOutputs>();
  /** Documents that were closed: messages about them that are still on their way are ignored. */
  private readonly closed = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private newest = 0;

  /** Calls back when cells or runs have changed, but not when cells have only moved. */
  onDidChange(listener: () => void): { dispose: () => void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  /** The last `seq` that was received; 0 if there was none. */
  get seq(): number {
    return this.newest;
  }

  /** Applies a message of the server. */
  apply(params: OutputsParams): void {
    this.newest = params.seq;
    // The first message about a document that is opened again is a full one.
    if (params.full) this.closed.delete(params.uri);
    if (this.closed.has(params.uri)) return;
    this.document(params.uri).apply(params);
    this.changed();
  }

  /** Applies an edit; `version` is the document's version after it. Returns whether the places of all cells are still certain. */
  edit(uri: string, version: number, changes: readonly Change[]): boolean {
    return this.document(uri).edit(version, changes);
  }

  /** Forgets a document that was closed. */
  close(uri: string): void {
    if (!this.documents.delete(uri)) return;
    this.closed.add(uri);
    this.changed();
  }

  /** Removes all outputs of a document, until its cells run again. */
  clear(uri: string): void {
    this.documents.get(uri)?.clear();
    this.changed();
  }

  /** Forgets everything, because another server runs now. */
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

  /** The runs that are waiting or running, in the order in which documents and cells were received. */
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

/** Where a place is after a change. A place inside the replaced text moves to the start of the replacement. */
export function moved(at: Position, { start, end, breaks, last }: Change): Position {
  if (isBefore(at, start)) return at;
  if (isBefore(at, end)) return start;
  const line = at.line + breaks - (end.line - start.line);
  if (at.line !== end.line) return { line, character: at.character };
  const from = breaks === 0 ? start.character : 0;
  return { line, character: from + last + at.character - end.character };
}

/** Whether the line of a place was replaced by others, so that its new place is a guess. */
function replaced(at: Position, { start, end }: Change): boolean {
  return start.line !== end.line && !isBefore(at, start) && isBefore(at, end);
}

function isBefore(a: Position, b: Position): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
