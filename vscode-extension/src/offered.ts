/** Which commands of the palette are offered, by what the server announces. */

import { serverCommands } from "./protocol";

/** What `when` clauses know of the server: whether it executes what a command of the palette needs. */
export const OFFERED: Readonly<Record<string, string>> = {
  "pxlens.canRun": serverCommands.run,
  "pxlens.canRunAbove": serverCommands.runAbove,
  "pxlens.canRunBelow": serverCommands.runBelow,
  "pxlens.canRunAll": serverCommands.runAll,
  "pxlens.canInterrupt": serverCommands.interrupt,
  "pxlens.canCompare": serverCommands.compare,
  "pxlens.canExport": serverCommands.export,
  "pxlens.canOpenConsole": serverCommands.console,
};
