/**
 * The server's life: found, started, watched, started again after a crash, stopped.
 *
 * Each life has a language client of its own, so that nothing of a dead server is left. Who wants to talk to the server asks for
 * `session`, and listens to `onDidChange`.
 */

import * as fs from "node:fs";
import * as os from "node:os";
import { commands, EventEmitter, type Disposable, type LogOutputChannel, workspace } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { announcedCommands } from "./announced";
import { Backoff } from "./backoff";
import { findBinary } from "./binary";
import { complain, warn, why } from "./notice";
import { settings } from "./settings";

/** A server that answers. */
export type Session = {
  readonly client: LanguageClient;
  /** The commands that it announced. */
  readonly commands: ReadonlySet<string>;
};

/** Makes a client that has not been started, with its handlers; `onClosed` hears of an end that nobody asked for. */
export type Connect = (program: string, onClosed: () => void) => LanguageClient;

/** What the server does. One that crashed is started again, until it crashes over and over: then it is left alone. */
export type Life = "stopped" | "starting" | "running" | "crashed" | "leftAlone" | "missing";

export class Server implements Disposable {
  private readonly changed = new EventEmitter<void>();
  private readonly backoff = new Backoff();
  private current: Session | undefined;
  private state: Life = "stopped";
  /** Counts lives, so that what belongs to an earlier one is passed over. */
  private generation = 0;
  private timer: NodeJS.Timeout | undefined;
  private client: LanguageClient | undefined;
  private starting: Promise<void> | undefined;
  /** The last restart; each waits for the one before. */
  private restarts: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  /** Fires when `session` or `life` is another. */
  readonly onDidChange = this.changed.event;

  constructor(
    /** The folder that the extension is installed in. */
    private readonly folder: string,
    private readonly log: LogOutputChannel,
    private readonly connect: Connect,
  ) {}

  get session(): Session | undefined {
    return this.current;
  }

  get life(): Life {
    return this.state;
  }

  /** The session; of a server that is coming up, once it is there. Not for ever: nothing if that takes too long. */
  ready(patience = READY): Promise<Session | undefined> {
    const isComing = (): boolean => this.state === "starting" || this.state === "crashed";
    if (!isComing()) return Promise.resolve(this.current);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        listening.dispose();
        resolve(this.current);
      };
      const timer = setTimeout(done, patience);
      const listening = this.onDidChange(() => {
        if (!isComing()) done();
      });
    });
  }

  async start(): Promise<void> {
    const generation = ++this.generation;
    const found = findBinary({
      setting: settings().get("path", ""),
      extension: this.folder,
      home: os.homedir(),
      searchPath: process.env.PATH ?? "",
      platform: process.platform,
      isProgram,
    });
    if ("missing" in found) {
      this.become("missing");
      this.log.error(found.missing);
      // Nothing waits for what the user makes of it.
      void complain(found.missing, "Open Settings").then((choice) => {
        if (choice) void commands.executeCommand("workbench.action.openSettings", "pxlens.path");
      });
      return;
    }
    this.log.info(`starting ${found.program} (from ${found.from})`);
    this.become("starting");
    const client = this.connect(found.program, () => {
      this.lost(generation, "it ended");
    });
    this.client = client;
    try {
      this.starting = client.start();
      await this.starting;
    } catch (error) {
      this.lost(generation, why(error));
      return;
    }
    if (generation !== this.generation) return;
    this.current = { client, commands: announcedCommands(client) };
    this.become("running");
  }

  /** Stops it, and starts it anew, one at a time; one that waits for its turn is enough. */
  restart(): Promise<void> {
    this.next ??= this.restarts.then(async () => {
      this.next = undefined;
      this.backoff.forget();
      await this.stop();
      await this.start();
    });
    this.restarts = this.next;
    return this.next;
  }

  async stop(): Promise<void> {
    this.generation++;
    clearTimeout(this.timer);
    const client = this.client;
    this.client = undefined;
    this.current = undefined;
    this.become("stopped");
    // One that is coming up cannot be stopped yet; one that never comes up is left behind, and ends with the window.
    await ended(this.starting, PATIENCE);
    await client?.stop().catch((error: unknown) => {
      this.log.debug(`stopping: ${String(error)}`);
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }

  /** The server of this life is gone, unasked. */
  private lost(generation: number, why: string): void {
    if (generation !== this.generation) return;
    this.generation++;
    this.client = undefined;
    this.current = undefined;
    const delay = this.backoff.crashed(Date.now());
    this.become(delay === undefined ? "leftAlone" : "crashed");
    const what = "The pxlens server stopped unexpectedly";
    this.log.error(`${what}: ${why}`);
    if (delay !== undefined) {
      this.timer = setTimeout(() => void this.start(), delay);
      this.tell(`${what} and is started again. Clusters and their variables are still there.`, ["Show Log"]);
    } else {
      this.tell(`${what} again and again, and is left alone now.`, ["Restart Server", "Show Log"]);
    }
  }

  private tell(message: string, choices: string[]): void {
    void warn(message, ...choices).then((choice) => {
      if (choice === "Show Log") this.log.show();
      if (choice === "Restart Server") void this.restart();
    });
  }

  private become(state: Life): void {
    this.state = state;
    this.changed.fire();
  }
}

/** How long a command waits for a server that is coming up, in milliseconds. */
const READY = 10_000;

/** How long a server may take to come up that is not wanted any more, in milliseconds. */
const PATIENCE = 5_000;

/** Waits until work is done, in whatever way, but not for ever. */
async function ended(work: Promise<void> | undefined, patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((over) => (timer = setTimeout(over, patience)));
  await Promise.race([work?.catch(() => undefined), late]);
  clearTimeout(timer);
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Starts the server anew when the setting that names it changes. */
export function restartOnNewPath(server: Server): Disposable {
  return workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration("pxlens.path")) void server.restart();
  });
}
