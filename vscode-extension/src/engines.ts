/** What the server knows of clusters and engines, asked again when something happened, at most once in a while. */

import { type Disposable, EventEmitter, window } from "vscode";

import * as px from "./protocol";
import type { Server } from "./server";

/** The least time between two questions. */
const GAP = 500;

/** While a run goes on engines change state without a word; so they are asked for this often. */
const WHILE_BUSY = 2_000;

/** A server that has just come up looks for a cluster, and says no word when it found one; so it is asked so often more. */
const LOOKS = 15;

export class Engines implements Disposable {
  private readonly changed = new EventEmitter<void>();
  private readonly focus: Disposable;
  private next: { at: number; timer: NodeJS.Timeout } | undefined;
  private asked = 0;
  private looked = { session: undefined as Server["session"], times: 0 };
  private latest: px.EnginesResult | undefined;

  /** Fires when `known` is another. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {
    this.focus = window.onDidChangeWindowState((state) => {
      if (state.focused) this.refresh();
    });
  }

  /** What is known; nothing before the first answer and while there is no server. */
  get known(): px.EnginesResult | undefined {
    return this.latest;
  }

  /** Asks soon: at once after a pause, else when the gap is over. */
  refresh(): void {
    this.askAt(Math.max(Date.now(), this.asked + GAP));
  }

  /** Asks now. */
  async ask(): Promise<px.EnginesResult | undefined> {
    this.asked = Date.now();
    let answer: px.EnginesResult | undefined;
    try {
      answer = await this.server.session?.client.sendRequest(px.engines, {});
    } catch {
      // The server is going away; whoever watches it says so.
    }
    if (JSON.stringify(answer) !== JSON.stringify(this.latest)) {
      this.latest = answer;
      this.changed.fire();
    }
    const isBusy = answer?.clusters.some(({ engines }) => engines.some(({ state }) => state === "busy"));
    if (isBusy || this.mayComeUp(answer)) this.askAt(Date.now() + WHILE_BUSY);
    return answer;
  }

  dispose(): void {
    clearTimeout(this.next?.timer);
    this.focus.dispose();
    this.changed.dispose();
  }

  private mayComeUp(answer: px.EnginesResult | undefined): boolean {
    const { session } = this.server;
    if (session !== this.looked.session) this.looked = { session, times: 0 };
    if (!answer || answer.clusters.some(({ inUse }) => inUse)) return false;
    return ++this.looked.times <= LOOKS;
  }

  private askAt(at: number): void {
    if (this.next && this.next.at <= at) return;
    clearTimeout(this.next?.timer);
    const timer = setTimeout(() => {
      this.next = undefined;
      void this.ask();
    }, at - Date.now());
    this.next = { at, timer };
  }
}
