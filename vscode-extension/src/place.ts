/** Where the user is, from which commands find "the px cell at the cursor". */

import {
  commands,
  type NotebookCell,
  Range as Stretch,
  type TextDocument,
  type TextEditor,
  Uri,
  type ViewColumn,
  window,
  workspace,
} from "vscode";

import { inform } from "./notice";
import type { Position, Range } from "./protocol";

export type Place = {
  document: TextDocument;
  /** The place as `px/*` messages name it. */
  at: { uri: string; position: Position; range?: Range };
};

/** The cursor or the selection in the active editor; in a notebook whose cells are selected but not edited, the first selected cell. */
export function place(): Place | undefined {
  const editor = window.activeTextEditor;
  if (editor?.document.languageId === "python") return ofEditor(editor);
  const notebook = window.activeNotebookEditor;
  const cell = notebook?.notebook.getCells(notebook.selection)[0]?.document;
  if (!cell) return undefined;
  const end = cell.lineAt(cell.lineCount - 1).range.end;
  const position = { line: 0, character: 0 };
  return {
    document: cell,
    at: { uri: cell.uri.toString(), position, range: { start: position, end: plain(end) } },
  };
}

function ofEditor({ document, selection }: TextEditor): Place {
  const at = { uri: document.uri.toString(), position: plain(selection.active) };
  if (selection.isEmpty) return { document, at };
  return { document, at: { ...at, range: { start: plain(selection.start), end: plain(selection.end) } } };
}

function plain({ line, character }: Position): Position {
  return { line, character };
}

/** Tells the user to open a document with px cells; in other documents, commands called by key bindings end here. */
export function nowhere(): void {
  void inform("Open a Python file or a notebook with px cells first.");
}

/** The file that a document belongs to, and all documents of that file: each cell of a notebook is one. */
export function file(document: TextDocument): { uri: string; documents: string[] } {
  const uri = document.uri.toString();
  const isIts = (cell: NotebookCell): boolean => cell.document === document;
  const notebook = workspace.notebookDocuments.find((one) => one.getCells().some(isIts));
  if (!notebook) return { uri, documents: [uri] };
  const documents = notebook.getCells().map((cell) => cell.document.uri.toString());
  return { uri: notebook.uri.toString(), documents };
}

/** How people call a document: its path in the workspace; of a cell of a notebook, with its number there. */
export function named(uri: string): string {
  const found = workspace.notebookDocuments
    .flatMap((notebook) => notebook.getCells())
    .find(({ document }) => document.uri.toString() === uri);
  const path = workspace.asRelativePath(found?.notebook.uri ?? Uri.parse(uri, true));
  return found ? `${path} cell ${found.index + 1}` : path;
}

/** Goes to a place in a document: in the editor that shows it already, else in `column`. */
export async function goTo(uri: string, { line, character }: Position, column?: ViewColumn): Promise<void> {
  const document = await workspace.openTextDocument(Uri.parse(uri, true));
  const open = window.visibleTextEditors.find((editor) => editor.document === document);
  const viewColumn = open?.viewColumn ?? column;
  await window.showTextDocument(document, {
    selection: new Stretch(line, character, line, character),
    ...(viewColumn !== undefined && { viewColumn }),
  });
}

/** Shows the hover at the cursor. */
export async function showHover(): Promise<void> {
  await commands.executeCommand("editor.action.showHover");
}
