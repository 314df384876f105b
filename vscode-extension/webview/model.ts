/** The content of the panel as a model: sections of cards. Pure. */

import type { GroupState, PageBlock, PageError, PageHtml, PageResult, ResultImage } from "../src/protocol";

/** A box in the panel; the keyboard goes from one to the next. */
export type Card = {
  /** Stays the same as long as the card shows the same kind of output of the same engines. */
  key: string;
  /** What a screen reader reads first. */
  label: string;
  /** Changes when the content does. */
  print: string;
  /** The text that the filter searches. */
  text: string;
} & Content;

export type Content =
  | { kind: "block"; block: PageBlock }
  | { kind: "error"; error: PageError }
  | { kind: "table"; table: PageHtml }
  | { kind: "image"; image: ResultImage; index: number };

export type Section = { key: string; title: string; cards: Card[] };

const STATES: Record<GroupState, { mark: string; words: string }> = {
  pending: { mark: "⏳", words: "still running" },
  ok: { mark: "", words: "" },
  error: { mark: "✗", words: "failed" },
  aborted: { mark: "✗", words: "aborted" },
  lost: { mark: "✗", words: "lost" },
};

/** The mark before engines that have not succeeded. */
export function mark(state: GroupState): string {
  return STATES[state].mark;
}

/** The sections of a run, without empty ones. */
export function sections(page: PageResult): Section[] {
  const all: Section[] = [
    { key: "errors", title: "Errors", cards: page.errors.map(errorCard) },
    ...page.sections.map(({ title, blocks }, n) => ({
      key: `output-${title ?? ""}`,
      title: title ?? "Output",
      cards: blocks.map((block) => blockCard(block, `${title ?? ""}-${n}`)),
    })),
    { key: "tables", title: "Tables", cards: page.tables.map(tableCard) },
    { key: "plots", title: "Plots", cards: page.images.map(imageCard) },
  ];
  return all.filter(({ cards }) => cards.length > 0).map(distinct);
}

/** Makes keys unique: later cards with the same key get a number. */
function distinct(section: Section): Section {
  const seen = new Map<string, number>();
  const cards = section.cards.map((card) => {
    const before = seen.get(card.key) ?? 0;
    seen.set(card.key, before + 1);
    return before === 0 ? card : { ...card, key: `${card.key}#${before}` };
  });
  return { ...section, cards };
}

function blockCard(block: PageBlock, section: string): Card {
  const text = block.pieces.map((piece) => piece.text).join("");
  const label = [`Engines ${block.ranks}`, STATES[block.state].words].filter(Boolean).join(", ");
  return {
    kind: "block",
    key: `block-${section}-${block.ranks}`,
    label,
    print: JSON.stringify(block),
    text: `${block.ranks}\n${text}`,
    block,
  };
}

function errorCard(error: PageError): Card {
  const lines = error.lines.map(({ text }) => text);
  return {
    kind: "error",
    key: `error-${error.ranks}`,
    label: `Engines ${error.ranks}: ${error.title}`,
    print: JSON.stringify(error),
    text: [error.ranks, error.title, ...error.variants, ...lines].join("\n"),
    error,
  };
}

function tableCard(table: PageHtml): Card {
  return {
    kind: "table",
    key: `table-${table.ranks}`,
    label: `Table of engines ${table.ranks}`,
    print: JSON.stringify(table),
    text: `${table.ranks}\n${table.alt}`,
    table,
  };
}

function imageCard(image: ResultImage, index: number): Card {
  // The data may be megabytes, so only its length, beginning and end are compared.
  const { data = "", ...rest } = image;
  return {
    kind: "image",
    key: `image-${image.ranks}-${image.ordinal}`,
    label: `Plot of engines ${image.ranks}${image.alt ? `: ${image.alt}` : ""}`,
    print: JSON.stringify([rest, index, data.length, data.slice(-200), data.slice(0, 2000)]),
    text: `${image.ranks}\n${image.alt}`,
    image,
    index,
  };
}

/** Whether a card contains what was typed into the filter, ignoring case. */
export function matches(card: Card, filter: string): boolean {
  return card.text.toLowerCase().includes(filter.trim().toLowerCase());
}

/** The index of the card to which a key moves, of `count` cards; `undefined` for other keys. */
export function step(at: number, key: string, count: number): number | undefined {
  if (count === 0) return undefined;
  switch (key) {
    case "ArrowDown":
    case "ArrowRight":
      return Math.min(at + 1, count - 1);
    case "ArrowUp":
    case "ArrowLeft":
      return Math.max(at - 1, 0);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

/** How many cards the filter leaves, in words; empty without a filter. */
export function filtered(shown: number, all: number, filter: string): string {
  return filter.trim() === "" ? "" : `${shown} of ${all}`;
}

/** How many gaps are named one by one. */
const MOST_NAMED = 3;

/** What the filter cannot search, since it is left out here, in words; empty without a filter, or if nothing is. */
export function unsearched({ sections, note }: PageResult, filter: string): string {
  if (filter.trim() === "") return "";
  const leftOut = sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.leftOut === undefined ? [] : [`${block.leftOut} of ${block.ranks}`])),
  );
  const all = [...leftOut, ...(note === undefined ? [] : [note])];
  const more = all.length - MOST_NAMED;
  return [...all.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more such gaps`] : [])].join("; ");
}
