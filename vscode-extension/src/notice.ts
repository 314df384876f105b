/**
 * Messages to the user. They quote documents and engines, and VS Code makes `[text](command:…)` in a message a link that runs a
 * command: nothing in them may read as a link.
 */

import { type MessageOptions, window } from "vscode";

export function inform(text: string, ...choices: string[]): Thenable<string | undefined> {
  return window.showInformationMessage(unlinked(text), ...choices);
}

export function warn(text: string, ...choices: string[]): Thenable<string | undefined> {
  return window.showWarningMessage(unlinked(text), ...choices);
}

export function complain(text: string, ...choices: string[]): Thenable<string | undefined> {
  return window.showErrorMessage(unlinked(text), ...choices);
}

/** Asks before something that cannot be undone; whether the user chose to do it. */
export async function confirm(question: string, choice: string): Promise<boolean> {
  const options: MessageOptions = { modal: true };
  return (await window.showWarningMessage(unlinked(question), options, choice)) === choice;
}

/** What an error says. */
export function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text with a blank between the two halves of what may be a link. */
export function unlinked(text: string): string {
  return text.replaceAll("](", "] (");
}
