/** What a server announces when it starts. */

import type { LanguageClient } from "vscode-languageclient/node";

/** The commands that the server of a running client executes. */
export function announcedCommands(client: LanguageClient): ReadonlySet<string> {
  const experimental = client.initializeResult?.capabilities.experimental as
    { pxlens?: { commands?: string[] } } | undefined;
  return new Set(experimental?.pxlens?.commands);
}
