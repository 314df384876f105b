/** The language client: what it is for, what it announces, and what it starts with. */

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

import { type ClientCapabilities, serverCommands } from "./protocol";
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

/** Which documents are the server's: scripts, and the Python cells of notebooks. */
const SELECTOR: DocumentSelector = [
  { scheme: "file", language: "python" },
  { scheme: "untitled", language: "python" },
  { notebook: { notebookType: "jupyter-notebook" }, language: "python" },
];

/** What links in a hover may do: what concerns runs and what they gave. None of them writes settings. */
const LINKED = Object.values(serverCommands).filter((command) => command !== serverCommands.writeView);

/** What goes wrong with the server is told by `server.ts`, in words that say what to do; the library's own are for the log. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  /** One that does not come up is stopped by the library too early, and nobody waits for that. */
  override async stop(timeout?: number): Promise<void> {
    await super.stop(timeout).catch((error: unknown) => {
      this.error("stopping", error);
    });
  }
}

/** A client that has not been started. `onClosed` hears of an end that nobody asked for. */
export function createClient(program: string, log: LogOutputChannel, onClosed: () => void): LanguageClient {
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
        workspace: {
          // What the server asks for is section `pxlens`, of one folder or another.
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
        // A new life gets a new client.
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
