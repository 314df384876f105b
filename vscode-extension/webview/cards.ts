/** Draws the content of cards. */

import type { FromPage } from "../src/panel/messages";
import type { PageBlock, PageError, PageHtml, ResultImage, TracebackLine } from "../src/protocol";
import { button, make } from "./elements";
import { frameDocument, frameHeight, type Theme } from "./frame";
import { type Card, mark } from "./model";

type Send = (message: FromPage) => void;

/** The elements of a card's content. */
export function content(card: Card, send: Send): Node[] {
  switch (card.kind) {
    case "block":
      return block(card.block, card.text, send);
    case "error":
      return error(card.error, send);
    case "table":
      return table(card.table);
    case "image":
      return image(card.image, card.index, send);
  }
}

function head(ranks: string, state: string, ...more: (Node | string)[]): HTMLElement {
  const label = make("span", { class: `ranks ${state}` }, ranks);
  return make("header", {}, label, ...more);
}

function copying(text: string, send: Send): HTMLButtonElement {
  return button("Copy", () => {
    send({ type: "copy", text });
  });
}

function block({ ranks, state, comparedWith, pieces }: PageBlock, text: string, send: Send): Node[] {
  const from =
    comparedWith === undefined ? [] : [make("span", { class: "note" }, `compared with ${comparedWith}`)];
  const shown = pieces.map((piece) => make("span", { class: piece.style }, piece.text));
  const body = text.slice(ranks.length + 1);
  return [
    head([mark(state), ranks].filter(Boolean).join(" "), state, ...from, copying(body, send)),
    make("pre", {}, ...shown),
  ];
}

function error({ ranks, title, variants, lines }: PageError, send: Send): Node[] {
  const line = (one: TracebackLine, n: number): Node[] => {
    const end = n + 1 < lines.length ? "\n" : "";
    const place = one.place;
    if (!place) return [document.createTextNode(one.text + end)];
    const open = (): void => {
      send({ type: "open", place });
    };
    const link = button(one.text, open, { class: "link", title: "Open" });
    return [link, document.createTextNode(end)];
  };
  const text = lines.map((one) => one.text).join("\n");
  const said = variants.map((variant) => make("div", { class: "error" }, variant));
  return [
    head(`✗ ${ranks}`, "error", make("span", { class: "error" }, title), copying(text, send)),
    ...said,
    make("pre", { class: "traceback" }, ...lines.flatMap(line)),
  ];
}

function table({ ranks, html, alt }: PageHtml): Node[] {
  if (html === undefined) return [head(ranks, "ok"), make("pre", {}, alt)];
  const frame = make("iframe", { sandbox: "", title: `Table of engines ${ranks}`, class: "html" });
  frame.style.height = `${frameHeight(html)}px`;
  frame.srcdoc = frameDocument(html, theme());
  return [head(ranks, "ok"), frame];
}

/** The look of the frames of HTML outputs, which inherit nothing from this page. */
function theme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    foreground: value("--vscode-foreground"),
    background: value("--vscode-editor-background"),
    border: value("--vscode-editorWidget-border") || value("--vscode-foreground"),
    font: value("--vscode-font-family"),
    size: value("--vscode-font-size"),
  };
}

function image(shown: ResultImage, index: number, send: Send): Node[] {
  const { ranks, mime, data, missing, alt, width, height } = shown;
  const size = width !== undefined && height !== undefined ? `${width}×${height}` : "";
  if (data === undefined) {
    const why = `${alt || mime}: ${missing ?? "the image is missing"}`;
    return [head(ranks, "ok"), make("p", { class: "note" }, why)];
  }
  const source =
    mime === "image/svg+xml" ? `data:${mime},${encodeURIComponent(data)}` : `data:${mime};base64,${data}`;
  const picture = make("img", { src: source, alt: alt || `image of engines ${ranks}` });
  const saving = button("Save…", () => {
    send({ type: "save", image: index });
  });
  return [head(ranks, "ok", make("span", { class: "note" }, size), saving), picture];
}
