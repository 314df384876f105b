/** Warns once that Jupyter would run px cells on this machine, and offers the server's rewrite. */

import {
  type CodeAction,
  commands,
  type Disposable,
  extensions,
  type Memento,
  Range,
  type TextDocument,
  window,
  workspace,
} from "vscode";

import { inform, warn } from "./notice";
import { hiddenMagic, notice, rewriteForJupyter } from "./wrong-machine";

/** The key under which the warning is remembered. */
const SAID = "wrongMachineSaid";

export function guardAgainstWrongMachine(memory: Memento): Disposable {
  const look = (document: TextDocument | undefined): void => {
    if (document) void tell(document, memory);
  };
  look(window.activeTextEditor?.document);
  return window.onDidChangeActiveTextEditor((editor) => {
    look(editor?.document);
  });
}

async function tell(document: TextDocument, memory: Memento): Promise<void> {
  if (document.languageId !== "python" || document.uri.scheme === "vscode-notebook-cell") return;
  if (memory.get(SAID) === true || !extensions.getExtension("ms-toolsai.jupyter")) return;
  const line = hiddenMagic(document.getText());
  if (line === undefined) return;
  await memory.update(SAID, true);
  const name = workspace.asRelativePath(document.uri);
  const choice = await warn(notice(name, line), "Rewrite");
  if (choice) await rewrite(document);
}

async function rewrite(document: TextDocument): Promise<void> {
  // It may have been edited since.
  const line = hiddenMagic(document.getText());
  if (line === undefined) return;
  const at = new Range(line, 0, line, 0);
  const asked = ["vscode.executeCodeActionProvider", document.uri, at, "refactor.rewrite", 20] as const;
  const offers = await commands.executeCommand<CodeAction[]>(...asked);
  const edit = rewriteForJupyter(offers)?.edit;
  if (edit) await workspace.applyEdit(edit);
  else void inform("pxlens cannot rewrite this magic for Jupyter. Run the cell with pxlens instead.");
}
