/** The messages between the panel and its page. Pure. */

import type { GroupBy, PagePlace, PageResult } from "../protocol";

/** A message to the page. */
export type ToPage =
  /** The run to draw, and where its px cell is. */
  | { type: "run"; page: PageResult; where: string; following: boolean }
  /** There is no run to draw, and why. */
  | { type: "nothing"; why: string };

/** A message from the page. */
export type FromPage =
  /** The page is ready to draw. */
  | { type: "ready" }
  | { type: "group"; by: GroupBy }
  /** Whether the panel shows the run of the px cell at the cursor. */
  | { type: "follow"; on: boolean }
  | { type: "open"; place: PagePlace }
  | { type: "copy"; text: string }
  /** Writes an image to a file, by its place in the page. */
  | { type: "save"; image: number }
  /** Opens what one engine wrote, as it came. */
  | { type: "raw"; engine: number }
  | { type: "do"; what: Deed };

/** What else the user can do with the run. */
export type Deed = "cell" | "newest" | "interrupt" | "whole" | "copy" | "compare" | "export" | "find";

export const GROUPINGS = ["fold", "type", "engine", "order"] as const satisfies readonly GroupBy[];

const DEEDS: readonly string[] = [
  "cell",
  "newest",
  "interrupt",
  "whole",
  "copy",
  "compare",
  "export",
  "find",
] satisfies Deed[];

/** Reads a message from the page; `undefined` if it is not a known one. The page is ours, but it is not trusted with anything else. */
export function read(message: unknown): FromPage | undefined {
  if (!isObject(message)) return undefined;
  switch (message.type) {
    case "ready":
      return { type: "ready" };
    case "group": {
      const by = GROUPINGS.find((one) => one === message.by);
      return by && { type: "group", by };
    }
    case "follow":
      return typeof message.on === "boolean" ? { type: "follow", on: message.on } : undefined;
    case "open": {
      const place = readPlace(message.place);
      return place && { type: "open", place };
    }
    case "copy":
      return typeof message.text === "string" ? { type: "copy", text: message.text } : undefined;
    case "save":
      return isCount(message.image) ? { type: "save", image: message.image } : undefined;
    case "raw":
      return isCount(message.engine) ? { type: "raw", engine: message.engine } : undefined;
    case "do":
      return typeof message.what === "string" && DEEDS.includes(message.what)
        ? { type: "do", what: message.what as Deed }
        : undefined;
    default:
      return undefined;
  }
}

function readPlace(place: unknown): PagePlace | undefined {
  if (!isObject(place) || typeof place.uri !== "string" || !isObject(place.position)) return undefined;
  const { line, character } = place.position;
  return isCount(line) && isCount(character) ? { uri: place.uri, position: { line, character } } : undefined;
}

/** Whether the server gave this place with the run. Other places are not opened. */
export function isGiven({ uri, position }: PagePlace, page: PageResult): boolean {
  return page.errors.some(({ lines }) =>
    lines.some(
      ({ place }) =>
        place?.uri === uri &&
        place.position.line === position.line &&
        place.position.character === position.character,
    ),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
