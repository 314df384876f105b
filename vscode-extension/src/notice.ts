/**
 * Messages to the user. They quote documents and engines, and VS Code turns `[text](command:…)` in a message into a link that runs a
 * command. So nothing in them may look like a link.
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

/** Asks before something that cannot be undone; returns whether the user agreed. */
export async function confirm(question: string, choice: string): Promise<boolean> {
  const options: MessageOptions = { modal: true };
  return (await window.showWarningMessage(unlinked(question), options, choice)) === choice;
}

/** The message of an error. */
export function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text with a space between the two halves of anything that looks like a link. */
export function unlinked(text: string): string {
  return text.replaceAll("](", "] (");
}
