/** The context keys by which the palette offers only commands that the server can execute. */

import { serverCommands } from "./protocol";

/** Context keys, each with its command: `pxlens.canRun` is true if the server executes `pxlens.server.run`, and so on. */
export const OFFERED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(serverCommands).map(([name, command]) => [
    `pxlens.can${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    command,
  ]),
);
