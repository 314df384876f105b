/**
 * The lifecycle of the server: found, started, watched, restarted after a crash, stopped.
 *
 * Each start makes a new language client, so that nothing of a dead server is left. To talk to the server, use `session`, and listen
 * to `onDidChange`.
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

/** A running server. */
export type Session = {
  readonly client: LanguageClient;
  /** The commands that it announced. */
  readonly commands: ReadonlySet<string>;
};

/** Creates a client with its handlers, without starting it; `onClosed` is called when the server ends unasked. */
export type Connect = (program: string, onClosed: () => void) => LanguageClient;

/** What the server does. After a crash it is started again, unless it crashes over and over: then it is left alone. */
export type Life = "stopped" | "starting" | "running" | "crashed" | "leftAlone" | "missing";

export class Server implements Disposable {
  private readonly changed = new EventEmitter<void>();
  private readonly backoff = new Backoff();
  private current: Session | undefined;
  private state: Life = "stopped";
  /** Counts starts and stops, so that events of an earlier server are ignored. */
  private generation = 0;
  private timer: NodeJS.Timeout | undefined;
  private client: LanguageClient | undefined;
  private starting: Promise<void> | undefined;
  /** The last restart; each waits for the one before. */
  private restarts: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  /** Fires when `session` or `life` has changed. */
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

  /** The session; if the server is starting, waits for it, and gives `undefined` if that takes too long. */
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
      // Nothing waits for the user's answer.
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

  /** Stops the server and starts it again. Restarts happen one at a time, and at most one waits. */
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
    // A client that is starting cannot be stopped yet. One that never finishes starting is left behind, and ends with the window.
    await ended(this.starting, PATIENCE);
    await client?.stop().catch((error: unknown) => {
      this.log.debug(`stopping: ${String(error)}`);
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }

  /** The server of this generation ended unasked. */
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
      this.tell(`${what} and is being restarted. Clusters and their variables are still there.`, [
        "Show Log",
      ]);
    } else {
      const again = `${what} again and again, so it is not restarted. The log says why.`;
      this.tell(again, ["Restart Server", "Show Log"]);
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

/** How long a command waits for a server that is starting, in milliseconds. */
const READY = 10_000;

/** How long to wait for the start of a server that is to be stopped, in milliseconds. */
const PATIENCE = 5_000;

/** Waits until work has succeeded or failed, but not longer than `patience` milliseconds. */
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

/** Restarts the server when the setting that names its program changes. */
export function restartOnNewPath(server: Server): Disposable {
  return workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration("pxlens.path")) void server.restart();
  });
}
