/** Opens a Jupyter console on an engine, in a terminal. */

import { ProgressLocation, window } from "vscode";

import type { Commands, Live } from "../commands";
import { isNode } from "../engines-view-model";
import { warn } from "../notice";
import * as px from "../protocol";
import { commandLine } from "../shell";

export const consoleCommands: Commands = {
  "pxlens.openConsole": openConsole,
};

async function openConsole(live: Live, line?: unknown): Promise<void> {
  const { engines, session } = live;
  const engine = isNode(line) ? line.engines[0]?.id : await pickEngine(engines);
  if (engine === undefined) return;
  const options = {
    location: ProgressLocation.Notification,
    title: `Console on engine ${engine}`,
    cancellable: true,
  };
  const { commands, message } = await window.withProgress(options, (_, cancelled) =>
    session.client.sendRequest(px.console, { engine }, cancelled),
  );
  if (message) void warn(message);
  const argv = commands[0]?.argv;
  if (!argv) return;
  // Sent to a shell, because Jupyter is in the user's environment.
  const terminal = window.createTerminal({ name: `engine ${engine}` });
  terminal.show();
  terminal.sendText(commandLine(argv, process.platform));
}

async function pickEngine(engines: Live["engines"]): Promise<number | undefined> {
  const known = await engines.ask();
  const cluster = known?.clusters.find((one) => one.inUse);
  if (!cluster || cluster.engines.length === 0) {
    void warn(known?.message ?? "There are no engines yet. Run a px cell first.");
    return undefined;
  }
  const items = cluster.engines.map(({ id, state, host }) => ({
    label: `Engine ${id}`,
    description: [state, host].filter(Boolean).join(" · "),
    id,
  }));
  return (await window.showQuickPick(items, { placeHolder: "Engine to open a console on" }))?.id;
}
