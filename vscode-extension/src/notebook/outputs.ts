/** Converts outputs of a notebook's cell to VS Code's. */

import { NotebookCellOutput, NotebookCellOutputItem } from "vscode";

import type { NotebookItem, NotebookOutput } from "../protocol";

export function painted(outputs: readonly NotebookOutput[]): NotebookCellOutput[] {
  return outputs.map(({ items }) => new NotebookCellOutput(items.map(item)));
}

function item({ mime, data, base64 }: NotebookItem): NotebookCellOutputItem {
  return new NotebookCellOutputItem(Buffer.from(data, base64 ? "base64" : "utf8"), mime);
}

/** An error that occurred before the server could answer, as an output. */
export function problem(message: string): NotebookCellOutput {
  return new NotebookCellOutput([NotebookCellOutputItem.error({ name: "pxlens", message, stack: message })]);
}
