/** Outputs of a notebook's cell as VS Code has them. */

import { NotebookCellOutput, NotebookCellOutputItem } from "vscode";

import type { NotebookItem, NotebookOutput } from "../protocol";

export function painted(outputs: readonly NotebookOutput[]): NotebookCellOutput[] {
  return outputs.map(({ items }) => new NotebookCellOutput(items.map(item)));
}

function item({ mime, data, base64 }: NotebookItem): NotebookCellOutputItem {
  return new NotebookCellOutputItem(Buffer.from(data, base64 ? "base64" : "utf8"), mime);
}

/** What stands in the way before the server could say anything. */
export function problem(message: string): NotebookCellOutput {
  return new NotebookCellOutput([NotebookCellOutputItem.error({ name: "pxlens", message, stack: message })]);
}
