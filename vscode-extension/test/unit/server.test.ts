/** The lives of the server: one at a time, whatever is asked while it comes up. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import type { LogOutputChannel } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

import { type Connect, type Life, Server } from "../../src/server";

/** A server's process, as far as its client tells of it. */
class Process {
  state: "made" | "starting" | "up" | "stopped" = "made";
  private up: () => void = () => undefined;

  constructor(readonly end: () => void) {}

  readonly initializeResult = {
    capabilities: { experimental: { pxlens: { commands: ["pxlens.server.run"] } } },
  };

  start(): Promise<void> {
    this.state = "starting";
    return new Promise((resolve) => {
      this.up = () => {
        this.state = "up";
        resolve();
      };
    });
  }

  answer(): void {
    this.up();
  }

  stop(): Promise<void> {
    this.state = "stopped";
    return Promise.resolve();
  }
}

const log = { info() {}, error() {}, debug() {} } as unknown as LogOutputChannel;

const folders: string[] = [];

after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** An extension's folder with a program in it, or without one. */
function folder(hasProgram: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "pxlens-"));
  folders.push(folder);
  if (hasProgram) {
    const program = join(folder, "server", process.platform === "win32" ? "pxlens.exe" : "pxlens");
    mkdirSync(join(folder, "server"));
    writeFileSync(program, "");
    chmodSync(program, 0o755);
  }
  return folder;
}

function begin(hasProgram = true): { server: Server; processes: Process[]; lives: Life[] } {
  const processes: Process[] = [];
  const connect: Connect = (_, onClosed) => {
    const process = new Process(onClosed);
    processes.push(process);
    return process as unknown as LanguageClient;
  };
  const server = new Server(folder(hasProgram), log, connect);
  const lives: Life[] = [];
  server.onDidChange(() => lives.push(server.life));
  return { server, processes, lives };
}

/** Lets what is ready to go on do so. */
async function settle(): Promise<void> {
  await new Promise(setImmediate);
}

/** Answers whatever comes up, until all of this is done. */
async function through(processes: Process[], ...work: Promise<void>[]): Promise<void> {
  const left = new Set(work);
  for (const one of work) void one.then(() => left.delete(one));
  while (left.size > 0) {
    processes.at(-1)?.answer();
    await settle();
  }
}

function states(processes: Process[]): string {
  return processes.map(({ state }) => state).join(" ");
}

test("a server that answers is the session, with the commands that it announced", async () => {
  const { server, processes, lives } = begin();
  await through(processes, server.start());
  assert.deepEqual(lives, ["starting", "running"]);
  assert.deepEqual([...(server.session?.commands ?? [])], ["pxlens.server.run"]);
});

test("who wants a server that comes up waits for it, and for no other", async () => {
  const { server, processes } = begin();
  assert.equal(await server.ready(), undefined);
  const started = server.start();
  const ready = server.ready();
  await through(processes, started);
  assert.equal((await ready)?.client, processes[0]);
  assert.equal(await server.ready(), server.session);
});

test("of restarts that come in a burst one server is left, and none is left behind", async () => {
  const { server, processes } = begin();
  await through(processes, server.start());
  await through(processes, server.restart(), server.restart(), server.restart());
  await through(processes, server.restart());
  assert.equal(states(processes), "stopped stopped up");
  assert.ok(server.session);
});

test("a restart while the server comes up stops that one", async () => {
  const { server, processes } = begin();
  const first = server.start();
  const restarted = server.restart();
  await settle();
  await through(processes, first, restarted);
  assert.equal(states(processes), "stopped up");
  assert.equal(server.session?.client, processes[1]);
});

test("a server that never answers holds up no other", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { server, processes } = begin();
  void server.start();
  const restarted = server.restart();
  await settle();
  context.mock.timers.tick(60_000);
  await settle();
  processes[1]?.answer();
  await restarted;
  assert.equal(server.session?.client, processes[1]);
});

test("a server that ends unasked is crashed, and what ended before says nothing of the next", async () => {
  const { server, processes, lives } = begin();
  await through(processes, server.start());
  processes[0]?.end();
  assert.equal(server.life, "crashed");
  assert.equal(server.session, undefined);
  await through(processes, server.restart());
  processes[0]?.end();
  assert.equal(server.life, "running");
  assert.deepEqual(lives, ["starting", "running", "crashed", "stopped", "starting", "running"]);
});

test("a server that ends over and over is started later each time, and left alone in the end", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { server, processes } = begin();
  await through(processes, server.start());
  while (server.life === "running") {
    processes.at(-1)?.end();
    context.mock.timers.tick(60_000);
    processes.at(-1)?.answer();
    await settle();
  }
  assert.equal(server.life, "leftAlone");
  assert.equal(processes.length, 6);
  await through(processes, server.restart());
  assert.equal(server.life, "running");
});

test("a program that is missing is told, and nothing waits for the user to read it", async () => {
  const { server, processes } = begin(false);
  // The message stays open: the window of the tests answers nothing.
  await server.start();
  assert.equal(server.life, "missing");
  assert.equal(processes.length, 0);
});
