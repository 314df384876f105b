/**
 * The outputs panel: one run at a time, drawn by the page in `webview/`.
 *
 * It shows the run that it was opened for, or that of the px cell at the cursor, and follows it while it goes on. The content comes
 * from `px/page`; the page draws it and reports what the user does.
 */

import { randomBytes } from "node:crypto";

import {
  commands,
  type Disposable,
  env,
  type LogOutputChannel,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from "vscode";

import { exportRunTo } from "../commands/export";
import { tell } from "../commands/interrupt";
import { complain, inform, why } from "../notice";
import { goTo, named, type Place, place } from "../place";
import * as px from "../protocol";
import type { Server } from "../server";
import { type Deed, type FromPage, isGiven, read, type ToPage } from "./messages";
import { untilNext } from "./pace";
import { bytes, extension, suggestedName } from "./picture";
import { shell } from "./shell";

/** How long to wait, in milliseconds, before looking which run is the one at the cursor. */
const SOON = 150;

/** The longest time, in milliseconds, between two requests for a run that goes on: the server sends nothing about it once its cell is gone. */
const PATIENCE = 2_000;

/** The type of the panel in VS Code. */
const TYPE = "pxlens.outputs";

export class OutputsPanel implements Disposable {
  private panel: WebviewPanel | undefined;
  /** Where the cursor was last: no editor is active while the panel has the focus, and the panel may cover the one that was. */
  private left: Place | undefined = place();
  private readonly subscriptions: Disposable[];
  /** The run that it was opened for; without one, it follows the cursor. */
  private pinned: px.RunId | undefined;
  private shown: px.PageResult | undefined;
  private last: { began: number; took: number } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: NodeJS.Timeout | undefined;
  private patience: NodeJS.Timeout | undefined;
  private isAsking = false;
  /** Whether to ask again after the awaited answer. */
  private again = false;

  constructor(
    private readonly server: Server,
    private readonly extensionUri: Uri,
    private readonly log: LogOutputChannel,
  ) {
    this.subscriptions = [
      window.onDidChangeTextEditorSelection(() => {
        this.left = place() ?? this.left;
        this.lookSoon();
      }),
      window.onDidChangeActiveTextEditor(() => {
        this.left = place() ?? this.left;
        this.lookSoon();
      }),
      server.onDidChange(() => {
        // Another server numbers its runs from the beginning.
        if (server.life === "running") this.refresh();
        else this.forget();
      }),
      // After a reload of the window, the panel is restored and follows the cursor.
      window.registerWebviewPanelSerializer(TYPE, {
        deserializeWebviewPanel: (panel) => {
          this.adopt(panel);
          this.refresh();
          return Promise.resolve();
        },
      }),
    ];
  }

  /** Opens the panel beside the editor: for a run, or for the px cell at the cursor. */
  show(run?: px.RunId): void {
    this.pinned = run;
    if (this.panel) this.panel.reveal(undefined, true);
    else this.open();
    this.refresh();
  }

  /** Opens the panel as for the px cell at the cursor; if it is in view already, gives it the focus. */
  showOrFocus(): void {
    const isInView = this.panel?.visible === true;
    this.show();
    if (isInView) this.panel?.reveal();
  }

  /** The run in the panel, while the panel has the focus. */
  get looked(): px.RunId | undefined {
    return this.panel?.active ? this.shown?.run : undefined;
  }

  /** Called with each `px/outputs`. */
  changed({ uri, cells }: px.OutputsParams): void {
    if (!this.panel) return;
    const shows = this.pinned ?? this.shown?.run;
    // Another run of the same px cell may have begun.
    const isShown = ({ id, run }: px.CellOutput): boolean =>
      id === this.shown?.cell || (run !== undefined && run === shows);
    if (cells.some(isShown)) this.refresh();
    else if (!this.shown || uri === place()?.at.uri) this.lookSoon();
  }

  dispose(): void {
    clearTimeout(this.timer);
    clearTimeout(this.looking);
    clearTimeout(this.patience);
    this.panel?.dispose();
    for (const one of this.subscriptions) one.dispose();
  }

  private open(): void {
    const beside = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    this.adopt(window.createWebviewPanel(TYPE, "Outputs", beside, { enableFindWidget: true }));
  }

  /** Uses this panel from now on. */
  private adopt(panel: WebviewPanel): void {
    this.panel?.dispose();
    const files = Uri.joinPath(this.extensionUri, "dist", "webview");
    panel.webview.options = { enableScripts: true, localResourceRoots: [files] };
    panel.iconPath = Uri.joinPath(this.extensionUri, "images", "icon.png");
    panel.webview.onDidReceiveMessage((message: unknown) => {
      const known = read(message);
      if (!known) return;
      // For instance a file that is gone, or a full disk.
      this.heard(known).catch((error: unknown) => {
        void complain(why(error));
      });
    });
    panel.onDidChangeViewState(() => {
      // To show what happened while it was hidden.
      this.refresh();
    });
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.forget();
    });
    const url = (name: string): string => panel.webview.asWebviewUri(Uri.joinPath(files, name)).toString();
    panel.webview.html = shell({
      source: panel.webview.cspSource,
      script: url("page.js"),
      style: url("page.css"),
      nonce: randomBytes(16).toString("hex"),
    });
    this.panel = panel;
  }

  private forget(): void {
    this.shown = undefined;
    this.pinned = undefined;
    this.last = undefined;
    clearTimeout(this.patience);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.tell();
  }

  private tell(): void {
    const page = this.shown;
    const message: ToPage = page
      ? { type: "run", page, where: where(page), following: this.pinned === undefined }
      : { type: "nothing", why: this.whyNothing() };
    void this.panel?.webview.postMessage(message);
  }

  private whyNothing(): string {
    if (!this.server.session) return "The server is not running.";
    if (this.pinned === undefined) return "No px cell has run yet.";
    return `Run ${this.pinned} is no longer kept. "pxlens: Show Outputs Panel" shows the run at the cursor.`;
  }

  private lookSoon(): void {
    if (!this.panel?.visible || this.pinned !== undefined) return;
    this.looking ??= setTimeout(() => {
      this.looking = undefined;
      void this.lookAtCursor();
    }, SOON);
  }

  /** Requests the whole page only if another run is at the cursor. */
  private async lookAtCursor(): Promise<void> {
    const page = await this.atCursor(false);
    if (!this.shown || (page && page.run !== this.shown.run)) this.refresh();
  }

  /** Asks again soon; several calls until then make one request. */
  private refresh(): void {
    if (!this.panel?.visible) return;
    if (this.isAsking) {
      this.again = true;
      return;
    }
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        void this.ask();
      },
      untilNext(Date.now(), this.last),
    );
  }

  private async ask(): Promise<void> {
    this.isAsking = true;
    this.again = false;
    clearTimeout(this.patience);
    const began = Date.now();
    try {
      const page = await this.wanted();
      if (page) this.shown = page;
      else if (this.shown?.run !== this.pinned) this.shown = undefined;
      this.tell();
    } catch (error) {
      this.log.warn(`the outputs panel: ${String(error)}`);
    } finally {
      this.last = { began, took: Date.now() - began };
      this.isAsking = false;
      if (this.wantsMore()) this.refresh();
      else if (this.shown?.state === "queued" || this.shown?.state === "running") {
        this.patience = setTimeout(() => {
          this.refresh();
        }, PATIENCE);
      }
    }
  }

  private wantsMore(): boolean {
    return this.again;
  }

  /** The run to show: the pinned one, the one at the cursor, the newest of the px cell that is shown already, or the newest of all. */
  private async wanted(): Promise<px.PageResult | undefined> {
    if (this.pinned !== undefined) return this.page({ run: this.pinned, media: true });
    return (await this.atCursor(true)) ?? (await this.newestShown()) ?? (await this.page({ media: true }));
  }

  private async newestShown(): Promise<px.PageResult | undefined> {
    const page = this.shown && (await this.page({ run: this.shown.run, media: true }));
    if (page?.newer === undefined) return page;
    return (await this.page({ run: page.newer, media: true })) ?? page;
  }

  private async atCursor(media: boolean): Promise<px.PageResult | undefined> {
    const at = (place() ?? (window.activeTextEditor ? undefined : this.left))?.at;
    return at && this.page({ uri: at.uri, position: at.position, media });
  }

  /** The page of a run; `undefined` if there is no such run. */
  private async page(params: px.PageParams): Promise<px.PageResult | undefined> {
    try {
      return await this.server.session?.client.sendRequest(px.page, params);
    } catch (error) {
      this.log.debug(`px/page: ${String(error)}`);
      return undefined;
    }
  }

  private async heard(message: FromPage): Promise<void> {
    const page = this.shown;
    if (message.type === "ready") this.tell();
    if (!page) return;
    const { run } = page;
    switch (message.type) {
      case "ready":
        return;
      case "group":
        await commands.executeCommand(px.serverCommands.group, { run, groupBy: message.by });
        this.refresh();
        return;
      case "follow":
        this.pinned = message.on ? undefined : run;
        this.refresh();
        return;
      case "open":
        if (isGiven(message.place, page)) await reveal(message.place);
        return;
      case "copy":
        await env.clipboard.writeText(message.text);
        window.setStatusBarMessage("Copied", 2000);
        return;
      case "save":
        await save(page, message.image);
        return;
      case "raw":
        if (page.engines.includes(message.engine)) {
          await commands.executeCommand(px.serverCommands.showOutput, { run, engine: message.engine });
        }
        return;
      case "do":
        await this.act(page, message.what);
    }
  }

  private async act({ run, uri, groupBy, newer }: px.PageResult, deed: Deed): Promise<void> {
    switch (deed) {
      case "newest":
        if (newer !== undefined) this.show(newer);
        return;
      case "interrupt": {
        const client = this.server.session?.client;
        if (client) await tell([client.sendRequest(px.interrupt, { run })]);
        return;
      }
      case "cell":
        await this.goToCell(uri, run);
        return;
      case "whole":
        await commands.executeCommand(px.serverCommands.showOutput, { run, groupBy });
        return;
      case "copy":
        await commands.executeCommand(px.serverCommands.copy, { run, groupBy });
        return;
      case "compare":
        await commands.executeCommand(px.serverCommands.compare, { run });
        return;
      case "export": {
        const session = this.server.session;
        if (session) await exportRunTo(session, run);
        return;
      }
      case "find":
        await commands.executeCommand("editor.action.webvieweditor.showFind");
    }
  }

  private async goToCell(uri: string, run: px.RunId): Promise<void> {
    const client = this.server.session?.client;
    const { cells } = (await client?.sendRequest(px.cells, { uri }).catch(() => undefined)) ?? { cells: [] };
    const cell = cells.find((one) => one.run === run);
    if (cell) await reveal({ uri, position: cell.magicRange.start });
    else void inform("The px cell of this run is gone or shows another run now.");
  }
}

/** Where the px cell of a run is, such as `tour.py:12`; lines are counted from 1, as in the editor. */
function where({ uri, line }: px.PageResult): string {
  return `${named(uri)}:${line + 1}`;
}

/** Opens a place in the first column, so that it does not cover the panel. */
function reveal({ uri, position }: px.PagePlace): Promise<void> {
  return goTo(uri, position, ViewColumn.One);
}

async function save(page: px.PageResult, index: number): Promise<void> {
  const image = page.images[index];
  const content = image && bytes(image);
  if (!content) return;
  const name = suggestedName(page.run, image);
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const to = await window.showSaveDialog({
    ...(folder && { defaultUri: Uri.joinPath(folder, name) }),
    filters: { Images: [extension(image)] },
  });
  if (!to) return;
  await workspace.fs.writeFile(to, content);
  window.setStatusBarMessage(`Saved ${workspace.asRelativePath(to)}`, 5000);
}
