/** What the UI tests need of the machine. Each can be named by a variable; what `cargo xtask` made is the default. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve("..");

function needed(variable: string, otherwise: string, how: string): string {
  const path = process.env[variable] ?? otherwise;
  if (!existsSync(path)) throw new Error(`there is no ${path}: ${how}, or set ${variable}`);
  return path;
}

/** The folder with code-server, as `test/ui/install-vscode.sh` makes it. */
export const vscode = needed(
  "PXLENS_TEST_VSCODE",
  join(root, "target/vscode/under-test"),
  "run `cargo xtask vscode`",
);

/** The extension, packed. */
export const vsix = needed(
  "PXLENS_TEST_VSIX",
  join(root, "target/vscode/pxlens.vsix"),
  "run `cargo xtask vscode`",
);

/** The server. */
export const server = needed("PXLENS_TEST_SERVER", join(root, "target/debug/pxlens"), "run `cargo build`");

/** What the extension starts: the server, by way of a recorder of what they say to one another where one is named. */
export const program = process.env.PXLENS_TEST_RECORDER ?? server;

/** A Python that has ipyparallel. */
export const python = needed(
  "PXLENS_TEST_PYTHON",
  join(root, "target/python/bin/python"),
  "run `cargo xtask python`",
);

export const chromium = needed("PXLENS_TEST_CHROMIUM", "/usr/bin/chromium", "install Chromium");

/** The files that windows open: a folder of their own each. */
export const sources = [resolve("test/ui/workspace"), join(root, "examples")];

/** Where screenshots go. */
export const screenshots = join(root, "target/vscode/screenshots");
