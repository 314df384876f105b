/** Which commands of the palette are offered, by what the server announces. */

import { serverCommands } from "./protocol";

/** What `when` clauses know of the server: `pxlens.canRun` is whether it executes `pxlens.server.run`, and so for each of its commands. */
export const OFFERED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(serverCommands).map(([name, command]) => [
    `pxlens.can${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    command,
  ]),
);
