/** An image of a run as a file. Pure. */

import type { ResultImage } from "../protocol";

const EXTENSIONS: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
  "image/gif": "gif",
  "image/svg+xml": "svg",
};

export function extension({ mime }: Pick<ResultImage, "mime">): string {
  return EXTENSIONS[mime] ?? "bin";
}

/** A name for the file, such as `run-7-engines-0-2-1.png`. */
export function suggestedName(run: number, image: ResultImage): string {
  const ranks = image.ranks.replaceAll(/[[\]]/g, "").slice(0, 40);
  return `run-${run}-engines-${ranks}-${image.ordinal}.${extension(image)}`;
}

/** The bytes of its file; `undefined` if the server gave none. */
export function bytes({ mime, data }: Pick<ResultImage, "mime" | "data">): Uint8Array | undefined {
  if (data === undefined) return undefined;
  return Buffer.from(data, mime === "image/svg+xml" ? "utf8" : "base64");
}
