/** Exports a run to a file that the user chooses. */

import { Uri, window, workspace } from "vscode";

import { inform, warn } from "../notice";
import * as px from "../protocol";
import type { Session } from "../server";

const FORMATS: { label: string; description: string; format: px.ExportFormat; extension: string }[] = [
  {
    label: "Markdown",
    description: "a report to read, with pictures beside it",
    format: "markdown",
    extension: "md",
  },
  {
    label: "JSON",
    description: "everything the engines sent, one event per line",
    format: "json",
    extension: "jsonl",
  },
];

export async function exportRunTo({ client }: Session, run: px.RunId): Promise<void> {
  const chosen = await window.showQuickPick(FORMATS, { placeHolder: "Export as" });
  if (!chosen) return;
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const to = await window.showSaveDialog({
    ...(folder && { defaultUri: Uri.joinPath(folder, `run-${run}.${chosen.extension}`) }),
    filters: { [chosen.label]: [chosen.extension] },
  });
  if (!to) return;
  // The dialog has already asked whether to replace an existing file.
  const params = { run, format: chosen.format, path: to.fsPath, overwrite: true };
  const { file, message } = await client.sendRequest(px.exportRun, params);
  if (message) void warn(message);
  if (!file) return;
  const open = await inform(`Exported to ${workspace.asRelativePath(file)}`, "Open");
  if (open) await window.showTextDocument(Uri.file(file));
}
