/** The language client: which documents it serves, what it announces, and which options it starts the server with. */

import { type LogOutputChannel, workspace } from "vscode";
import {
  type ClientCapabilities as LspCapabilities,
  CloseAction,
  type DocumentSelector,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  type StaticFeature,
} from "vscode-languageclient/node";

import { type ClientCapabilities, type RunParams, type RunResult, serverCommands } from "./protocol";
import { Presses } from "./presses";
import { pythonEnvironment } from "./python-extension";
import { explicit, serverSettings } from "./settings";

/** What this extension does beyond LSP. */
const ANNOUNCED: ClientCapabilities = {
  outputs: true,
  ack: true,
  commandLinks: true,
  images: true,
  copy: true,
  writeSettings: true,
  panel: true,
  engines: true,
};

/** The documents that the server gets: scripts, and the Python cells of notebooks. */
const SELECTOR: DocumentSelector = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
  { notebook: { notebookType: "jupyter-notebook" }, language: "python" },
];

/** The commands that links in a hover may run: those about runs and their outputs, but not the one that writes settings. */
const LINKED = Object.values(serverCommands).filter((command) => command !== serverCommands.writeView);

/** The commands that run px cells. */
const RUNNING: readonly string[] = [
  serverCommands.run,
  serverCommands.runAbove,
  serverCommands.runBelow,
  serverCommands.runAll,
];

/** Called when a command of the server has begun runs: by a lens, a link, a code action or a command of the extension. */
export type OnBegan = (command: string, asked: RunParams, answer: RunResult) => void;

/** Shows no errors of its own: `server.ts` tells the user what went wrong and what to do. The library's messages go to the log. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** The library also stops a client that did not start, and nothing awaits that promise; so its failure is caught here. */
  override async stop(timeout?: number): Promise<void> {
    await super.stop(timeout).catch((error: unknown) => {
      this.error("stopping", error);
    });
  }
}

/** Creates a client without starting it. `onClosed` is called when the server ends unasked. */
export function createClient(
  program: string,
  log: LogOutputChannel,
  onClosed: () => void,
  onBegan: OnBegan,
): LanguageClient {
  const presses = new Presses<Promise<unknown>>();
  const client = new QuietClient(
    "pxlens",
    "pxlens",
    { command: program, args: ["lsp"] },
    {
      documentSelector: SELECTOR,
      outputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: () => ({
        ...(pythonEnvironment.fill(serverSettings()) as object),
        trusted: workspace.isTrusted,
      }),
      middleware: {
        executeCommand: async (command, args: unknown[], next) => {
          const isRun = RUNNING.includes(command);
          const ask = async (): Promise<unknown> => {
            const answer: unknown = await next(command, args);
            // Both were made by the server, or for it.
            if (isRun) onBegan(command, args[0] as RunParams, answer as RunResult);
            return answer;
          };
          if (!isRun) return await ask();
          return await presses.press(JSON.stringify([command, args]), Date.now(), ask);
        },
        workspace: {
          // The server only ever asks for section `pxlens`, perhaps for several folders.
          configuration: async (params, token, next) => {
            const sections = await next(params, token);
            return Array.isArray(sections)
              ? sections.map((section: unknown) => explicit(pythonEnvironment.fill(section)))
              : sections;
          },
        },
      },
      markdown: { isTrusted: { enabledCommands: LINKED }, supportHtml: false },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        // Each start of the server gets a new client.
        closed: () => {
          onClosed();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    },
  );
  client.registerFeature(announcement);
  return client;
}

const announcement: StaticFeature = {
  fillClientCapabilities(capabilities: LspCapabilities) {
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), pxlens: ANNOUNCED };
  },
  initialize() {},
  getState: () => ({ kind: "static" }),
  clear() {},
};
