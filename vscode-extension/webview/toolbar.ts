/** The head of the panel: which run it shows, how the run is grouped, and what the user can do with it. */
import { type FromPage, GROUPINGS } from "../src/panel/messages";
import type { PageResult } from "../src/protocol";
import { button, make } from "./elements";

type Send = (message: FromPage) => void;

/** Created once; `show` changes only what differs, so that the focus stays where it is. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly filter = make("input", {
    type: "search",
    placeholder: "Filter",
    "aria-label": "Show only what contains this text",
  });
  private readonly title = make("h1");
  private readonly summary = make("span", { class: "summary", role: "status", "aria-live": "polite" });
  private readonly where = make("span", { class: "note" });
  /** Shown for a run that is not the newest of its px cell. */
  private readonly superseded: HTMLElement;
  private readonly newest = make("span", { class: "note", role: "status", "aria-live": "polite" });
  private readonly interrupt: HTMLButtonElement;
  private readonly found = make("span", { class: "note", role: "status", "aria-live": "polite" });
  /** Shown while the filter cannot search everything. */
  private readonly unsearched: HTMLElement;
  private readonly leftOut = make("span", { class: "note" });
  private readonly groupings: Map<string, HTMLInputElement>;
  private readonly engine = make("select", { "aria-label": "Engine" });
  private readonly follow = make("input", { type: "checkbox", id: "follow" });
  private readonly compare: HTMLButtonElement;

  constructor(send: Send) {
    this.groupings = new Map(GROUPINGS.map((by) => [by, radio(by, send)]));
    const doing = (words: string, what: Extract<FromPage, { type: "do" }>["what"], title: string) =>
      button(
        words,
        () => {
          send({ type: "do", what });
        },
        { title },
      );
    this.compare = doing("Compare", "compare", "Show what differs from the previous run");
    const raw = button(
      "Raw",
      () => {
        send({ type: "raw", engine: Number(this.engine.value) });
      },
      { title: "Show what this engine wrote, as it came" },
    );
    this.follow.addEventListener("change", () => {
      send({ type: "follow", on: this.follow.checked });
    });
    const choices = [...this.groupings].map(([by, input]) => make("label", {}, input, by));
    const cell = doing("Go to cell", "cell", "Show the px cell of this run");
    this.interrupt = doing("Interrupt", "interrupt", "Stop this run");
    const newest = doing("Show newest", "newest", "Show the newest run of this px cell");
    this.superseded = make("div", { class: "row", hidden: true }, this.newest, newest);
    const whole = doing("Search the whole output", "whole", "Open the whole output in a tab");
    whole.classList.add("link");
    this.unsearched = make("div", { class: "row", hidden: true }, this.leftOut, whole);
    this.element = make(
      "header",
      { class: "toolbar", role: "toolbar", "aria-label": "Run" },
      make("div", { class: "row" }, this.title, this.where, this.summary, this.interrupt, cell),
      this.superseded,
      make(
        "div",
        { class: "row" },
        make("fieldset", {}, make("legend", {}, "Group by"), ...choices),
        make("span", { role: "search" }, this.filter, this.found),
        make("label", { for: "follow" }, this.follow, "Follow the cursor"),
      ),
      make(
        "div",
        { class: "row" },
        doing("Copy all", "copy", "Copy the whole output as text"),
        doing("Whole output", "whole", "Open the whole output in a tab"),
        this.compare,
        doing("Export…", "export", "Write the run to a file"),
        doing("Find", "find", "Find in this panel"),
        this.engine,
        raw,
      ),
      this.unsearched,
    );
  }

  show(page: PageResult, where: string, following: boolean): void {
    set(this.title, `${page.title} · r${page.run}`);
    set(this.where, where);
    this.interrupt.hidden = page.state !== "queued" && page.state !== "running";
    const { newer } = page;
    this.superseded.hidden = newer === undefined;
    set(this.newest, newer === undefined ? "" : `An earlier run: the newest of this px cell is r${newer}`);
    set(this.summary, `${marks[page.state]} ${page.ranks} ${page.summary}`);
    this.summary.dataset.state = page.state;
    const chosen = this.groupings.get(page.groupBy);
    if (chosen) chosen.checked = true;
    this.follow.checked = following;
    this.compare.disabled = !page.hasEarlier;
    const engines = page.engines.map(String);
    if ([...this.engine.options].map(({ value }) => value).join() === engines.join()) return;
    const before = this.engine.value;
    this.engine.replaceChildren(...engines.map((id) => make("option", { value: id }, `engine ${id}`)));
    if (engines.includes(before)) this.engine.value = before;
  }

  /** Shows how many cards the filter leaves, and what it did not search. */
  tell(found: string, unsearched: string): void {
    set(this.found, found);
    this.unsearched.hidden = unsearched === "";
    set(this.leftOut, unsearched === "" ? "" : `Not searched, since not shown: ${unsearched}`);
  }
}

const marks: Record<PageResult["state"], string> = {
  idle: "",
  queued: "⏳",
  running: "⏳",
  succeeded: "✓",
  failed: "✗",
};

function radio(by: (typeof GROUPINGS)[number], send: Send): HTMLInputElement {
  const input = make("input", { type: "radio", name: "grouping", value: by });
  input.addEventListener("change", () => {
    send({ type: "group", by });
  });
  return input;
}

/** Sets a text only if it differs, so that a screen reader does not read it again. */
function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
