/** What the server knows about clusters and engines. It is requested again when the server says that it changed, but not too often. */

import { type Disposable, EventEmitter, window } from "vscode";

import { gap } from "./engines-pace";
import * as px from "./protocol";
import type { Server } from "./server";

export class Engines implements Disposable {
  private readonly changed = new EventEmitter<void>();
  private readonly focus: Disposable;
  private timer: NodeJS.Timeout | undefined;
  private asked = 0;
  private questions = 0;
  private answered = 0;
  private latest: px.EnginesResult | undefined;

  /** Fires when `known` has changed. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {
    this.focus = window.onDidChangeWindowState((state) => {
      // The server does not report clusters that others start.
      if (state.focused) this.refresh();
    });
  }

  /** What is known; `undefined` before the first answer and while no server is running. */
  get known(): px.EnginesResult | undefined {
    return this.latest;
  }

  /** The cluster that px cells run on, with its engines. */
  get inUse(): px.Cluster | undefined {
    return this.latest?.clusters.find((cluster) => cluster.inUse);
  }

  /** Whether an engine works on a px cell of this window. */
  get busy(): boolean {
    return this.inUse?.engines.some(({ current }) => current !== undefined) ?? false;
  }

  /** Asks the server soon: at once after a pause, otherwise when the gap is over. The server reports no change until it is asked. */
  refresh(): void {
    const wait = this.asked + gap(this.inUse?.engines.length ?? 0) - Date.now();
    this.timer ??= setTimeout(() => void this.ask(), Math.max(0, wait));
  }

  /** Asks the server now. */
  async ask(): Promise<px.EnginesResult | undefined> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.asked = Date.now();
    const question = ++this.questions;
    let answer: px.EnginesResult | undefined;
    try {
      answer = await this.server.session?.client.sendRequest(px.engines, {});
    } catch {
      // The server is going away; `server.ts` tells the user.
    }
    // The answer to a later request came first, so this one is outdated.
    if (question < this.answered) return this.latest;
    this.answered = question;
    if (JSON.stringify(answer) !== JSON.stringify(this.latest)) {
      this.latest = answer;
      this.changed.fire();
    }
    return answer;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.focus.dispose();
    this.changed.dispose();
  }
}
