/** Converts outputs of a notebook's cell to VS Code's. */

import { NotebookCellOutput, NotebookCellOutputItem } from "vscode";

import type { NotebookItem, NotebookOutput } from "../protocol";

/** The type of errors; `NotebookCellOutputItem.error` makes the same. */
const ERROR = "application/vnd.code.notebook.error";

export function painted(outputs: readonly NotebookOutput[]): NotebookCellOutput[] {
  return outputs.map(({ items }) => {
    const error = items.find(({ mime }) => mime === ERROR);
    return new NotebookCellOutput(items.map(item), error && saved(JSON.parse(error.data) as Error));
  });
}

/**
 * The metadata by which VS Code writes an error into the file. On its own it leaves the line ends in the lines of the traceback, and when the
 * file is opened again, it puts a line end behind each.
 */
function saved({ name, message, stack }: Error): Record<string, unknown> {
  const traceback = (stack ?? "").split("\n");
  return { originalError: { output_type: "error", ename: name, evalue: message, traceback } };
}

function item({ mime, data, base64 }: NotebookItem): NotebookCellOutputItem {
  return new NotebookCellOutputItem(Buffer.from(data, base64 ? "base64" : "utf8"), mime);
}

/** An error that occurred before the server could answer, as an output. */
export function problem(message: string): NotebookCellOutput {
  const error: Error = { name: "pxlens", message, stack: message };
  return new NotebookCellOutput([NotebookCellOutputItem.error(error)], saved(error));
}
