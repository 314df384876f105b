/** The entry point: creates the parts of the extension and connects them. */

import { commands, type ExtensionContext, window, workspace, env } from "vscode";

import { createClient } from "./client";
import { registerCommands } from "./commands";
import { Engines } from "./engines";
import { OFFERED } from "./offered";
import { EnginesView } from "./engines-view";
import { EnginesController } from "./notebook/controller";
import { why } from "./notice";
import { Outputs } from "./outputs";
import { Painter } from "./painter";
import { OutputsPanel } from "./panel/panel";
import * as px from "./protocol";
import { followPythonExtension } from "./python-extension";
import { type Connect, restartOnNewPath, Server } from "./server";
import { writeSetting } from "./settings";
import { StatusItem } from "./status-item";
import { guardAgainstWrongMachine } from "./wrong-machine-notice";

let server: Server | undefined;

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("pxlens", { log: true });
  const outputs = new Outputs();

  const connect: Connect = (program, onClosed) => {
    const client = createClient(program, log, onClosed, (command, asked, answer) => {
      controller.began(command, asked, answer).catch((error: unknown) => {
        log.warn(`showing runs in a notebook: ${why(error)}`);
      });
    });
    client.onNotification(px.outputs, (params) => {
      outputs.apply(params);
      panel.changed(params);
      painter.repaint();
      controller.heard();
    });
    client.onNotification(px.enginesChanged, () => {
      engines.refresh();
    });
    client.onRequest(px.writeSetting, writeSetting);
    client.onRequest(px.copyText, async ({ text }) => {
      await env.clipboard.writeText(text);
      return { copied: true };
    });
    client.onRequest(px.showRun, ({ run }) => {
      panel.show(run);
      return { shown: true };
    });
    return client;
  };
  const running = (server = new Server(context.extensionPath, log, connect));
  const engines = new Engines(running);
  const painter = new Painter(
    outputs,
    (seq) => {
      void running.session?.client.sendNotification(px.ackOutputs, { seq });
    },
    (uri) => {
      void running.session?.client.sendNotification(px.refreshOutputs, { uri });
    },
  );
  const panel = new OutputsPanel(running, context.extensionUri, log);
  const controller = new EnginesController(running);
  // Cells tell it at once; engines also tell it of runs whose documents are closed.
  const showWhetherRunning = whenChanged("pxlens.running", () => outputs.live().length > 0 || engines.busy);
  const showWhetherReady = whenChanged("pxlens.ready", () => running.session !== undefined);
  const showCommands = Object.entries(OFFERED).map(([key, command]) =>
    whenChanged(key, () => running.session?.commands.has(command) ?? false),
  );

  // Trust may be granted while the server is starting.
  let wasGranted = false;
  const trust = (): void => {
    void running.session?.client.sendNotification(px.trust, {});
  };

  context.subscriptions.push(
    log,
    running,
    engines,
    painter,
    panel,
    new EnginesView(engines),
    controller,
    guardAgainstWrongMachine(context.workspaceState),
    new StatusItem(running, engines, outputs),
    restartOnNewPath(running),
    outputs.onDidChange(showWhetherRunning),
    engines.onDidChange(showWhetherRunning),
    running.onDidChange(() => {
      if (running.life !== "running") {
        // The server's runs are gone with it; the next server sends the cells with its first outputs.
        outputs.reset();
        painter.reset();
      }
      if (wasGranted) trust();
      engines.refresh();
      for (const show of [showWhetherReady, ...showCommands]) show();
    }),
    workspace.onDidGrantWorkspaceTrust(() => {
      wasGranted = true;
      trust();
      engines.refresh();
    }),
    registerCommands({
      server: running,
      engines,
      outputs,
      painter,
      panel,
      log,
      memory: context.workspaceState,
    }),
  );
  // The server does not wait until the Python extension is active; the interpreter chosen there reaches it as a change of settings.
  void followPythonExtension(log, () => {
    void running.session?.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
  }).then((following) => {
    if (following) context.subscriptions.push(following);
  });
  // Activation does not wait for the server: commands wait for it themselves.
  void running.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Sets a context key of `when` clauses, only if its value has changed. */
function whenChanged(key: string, fact: () => boolean): () => void {
  let told: boolean | undefined;
  return () => {
    const now = fact();
    if (now === told) return;
    told = now;
    void commands.executeCommand("setContext", key, now);
  };
}
