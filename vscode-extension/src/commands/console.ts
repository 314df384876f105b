/** Opens a Jupyter console on an engine, in a terminal. */

import { ProgressLocation, window } from "vscode";

import type { Live } from "../commands";
import * as px from "../protocol";
import { commandLine } from "../shell";

export async function openConsole({ engines, session }: Live): Promise<void> {
  const known = await engines.ask();
  const cluster = known?.clusters.find((one) => one.inUse);
  if (!cluster || cluster.engines.length === 0) {
    void window.showWarningMessage(known?.message ?? "No engine is there yet: run a px cell first.");
    return;
  }
  const items = cluster.engines.map(({ id, state, host }) => ({
    label: `Engine ${id}`,
    description: [state, host].filter(Boolean).join(" · "),
    id,
  }));
  const chosen = await window.showQuickPick(items, { placeHolder: "Engine to open a console on" });
  if (!chosen) return;
  const options = {
    location: ProgressLocation.Notification,
    title: `Console on engine ${chosen.id}`,
    cancellable: true,
  };
  const { commands, message } = await window.withProgress(options, (_, cancelled) =>
    session.client.sendRequest(px.console, { engine: chosen.id }, cancelled),
  );
  if (message) void window.showWarningMessage(message);
  const argv = commands[0]?.argv;
  if (!argv) return;
  // Typed into a shell, which has the user's environment: that is where Jupyter is.
  const terminal = window.createTerminal({ name: `engine ${chosen.id}` });
  terminal.show();
  terminal.sendText(commandLine(argv, process.platform));
}
