/** The status bar item; a click opens a menu. Its texts are in `status.ts`. */

import { Disposable, StatusBarAlignment, ThemeColor, window } from "vscode";

import type { Engines } from "./engines";
import type { Outputs } from "./outputs";
import type { Server } from "./server";
import { status } from "./status";

export class StatusItem {
  private readonly item = window.createStatusBarItem("status", StatusBarAlignment.Left, 0);
  private readonly subscriptions: Disposable;
  private shown = "";

  constructor(
    private readonly server: Server,
    private readonly engines: Engines,
    private readonly outputs: Outputs,
  ) {
    this.item.name = "pxlens";
    const show = (): void => {
      this.show();
    };
    this.subscriptions = Disposable.from(
      this.item,
      server.onDidChange(show),
      engines.onDidChange(show),
      outputs.onDidChange(show),
    );
    this.show();
    this.item.show();
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private show(): void {
    const runs = new Set(this.outputs.live().map(({ run }) => run)).size;
    const now = status(this.server.life, this.engines.known, runs);
    // Outputs change often, and each assignment sends a message to the window.
    const words = JSON.stringify(now);
    if (words === this.shown) return;
    this.shown = words;
    const { text, tooltip, alarming, command } = now;
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.command = command;
    this.item.backgroundColor = alarming ? new ThemeColor("statusBarItem.warningBackground") : undefined;
  }
}
