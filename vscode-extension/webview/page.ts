/** The page of the outputs panel: draws what the extension sends, and tells it what the user does. */

import type { FromPage, ToPage } from "../src/panel/messages";
import type { PageResult } from "../src/protocol";
import { content } from "./cards";
import { arrange, make } from "./elements";
import { type Card, filtered, matches, type Section, sections, step, unsearched } from "./model";
import { Toolbar } from "./toolbar";

declare function acquireVsCodeApi(): { postMessage: (message: FromPage) => void };

const api = acquireVsCodeApi();
const send = (message: FromPage): void => {
  api.postMessage(message);
};

/** A card that is drawn. */
type Drawn = { element: HTMLElement; print: string };

const toolbar = new Toolbar(send);
const main = make("main", { "aria-label": "Outputs" });
const nothing = make("p", { class: "nothing" }, "…");
const drawn = new Map<string, Drawn>();
const headed = new Map<string, HTMLElement>();
let page: PageResult | undefined;
/** The card that Tab leads to. */
let current: HTMLElement | undefined;

function draw(): void {
  if (!page) return;
  const all = sections(page);
  const filter = toolbar.filter.value;
  const kept = new Set<string>();
  const parts = all.map((section) => drawSection(section, filter, kept));
  const count = all.reduce((sum, { cards }) => sum + cards.length, 0);
  toolbar.tell(filtered(kept.size, count, filter), unsearched(page, filter));
  for (const key of drawn.keys()) if (!kept.has(key)) drawn.delete(key);
  const notes = [page.across, page.note].filter((text) => text !== undefined);
  const notices = notes.map((text) => make("p", { class: "note" }, text));
  const empty = count === 0 ? [make("p", { class: "note" }, "(no output yet)")] : [];
  arrange(main, [...parts, ...notices, ...empty]);
  const cards = walk();
  enter(cards.find((card) => card === current) ?? cards[0]);
}

function drawSection({ key, title, cards }: Section, filter: string, kept: Set<string>): HTMLElement {
  let element = headed.get(key);
  if (!element) {
    element = make(
      "section",
      { "aria-label": title, class: key },
      make("h2", {}, title),
      make("div", { class: "cards" }),
    );
    headed.set(key, element);
  }
  const shown = cards.filter((card) => matches(card, filter));
  element.hidden = shown.length === 0;
  for (const { key } of shown) kept.add(key);
  const list = element.lastElementChild;
  if (list) arrange(list, shown.map(drawCard));
  return element;
}

function drawCard(card: Card): HTMLElement {
  let known = drawn.get(card.key);
  if (!known) {
    const element = make("article", { tabindex: -1, "data-kind": card.kind });
    known = { element, print: "" };
    drawn.set(card.key, known);
  }
  const { element, print } = known;
  if (print !== card.print) {
    const focused = controls(element).findIndex((control) => control === document.activeElement);
    element.setAttribute("aria-label", card.label);
    element.replaceChildren(...content(card, send));
    if (card.kind === "image")
      element.querySelector("img")?.addEventListener("click", () => {
        enlarge(element);
      });
    known.print = card.print;
    controls(element)[focused]?.focus();
  }
  return element;
}

/** The visible cards, in the order in which the keyboard goes through them. */
function walk(): HTMLElement[] {
  return [...main.querySelectorAll<HTMLElement>("section:not([hidden]) article")];
}

function controls(card: Element): HTMLElement[] {
  return [...card.querySelectorAll<HTMLElement>("button, iframe, pre")];
}

/** Makes Tab lead to this card and what is in it. */
function enter(card: HTMLElement | undefined): void {
  for (const one of walk()) {
    const inside = one === card ? 0 : -1;
    one.tabIndex = inside;
    for (const control of controls(one)) control.tabIndex = inside;
  }
  current = card;
}

function enlarge(card: HTMLElement): void {
  card.classList.toggle("large");
}

main.addEventListener("keydown", (event) => {
  const target = event.target;
  if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
  const card = target.closest("article");
  if (!card) return;
  if (event.key === "Escape" && target !== card) {
    card.focus();
    return;
  }
  if (target !== card) return;
  if (event.key === "Enter" && card.dataset.kind === "image") {
    enlarge(card);
    event.preventDefault();
    return;
  }
  const cards = walk();
  const to = step(cards.indexOf(card), event.key, cards.length);
  const next = to === undefined ? undefined : cards[to];
  if (!next) return;
  event.preventDefault();
  enter(next);
  next.focus();
});

main.addEventListener("focusin", (event) => {
  const card = event.target instanceof HTMLElement ? event.target.closest("article") : null;
  if (card && card !== current) enter(card);
});

toolbar.filter.addEventListener("input", draw);
toolbar.filter.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    current?.focus();
  }
});

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  if (data.type === "nothing") {
    page = undefined;
    nothing.textContent = data.why;
    arrange(document.body, [nothing]);
    return;
  }
  page = data.page;
  toolbar.show(page, data.where, data.following);
  arrange(document.body, [toolbar.element, main]);
  draw();
});

// The frames of tables do not follow the theme, so they are redrawn when it changes.
new MutationObserver(() => {
  for (const [key, { element }] of drawn) if (element.dataset.kind === "table") drawn.delete(key);
  draw();
}).observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });

send({ type: "ready" });
