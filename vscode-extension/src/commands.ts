/** The commands of the palette. What they do is in `commands/`, one file for each kind. */

import { commands, Disposable, type LogOutputChannel, type Memento } from "vscode";

import { selectCluster, startCluster, stopCluster } from "./commands/clusters";
import { openConsole } from "./commands/console";
import { interruptEngines, runHere, showCellOf } from "./commands/engines";
import { interrupt } from "./commands/interrupt";
import { menu } from "./commands/menu";
import { openPanel } from "./commands/panel";
import { clearOutputs, compare, exportRun, showLastResult } from "./commands/results";
import { rerun, run, runAndAdvance, runOn } from "./commands/run";
import type { Engines } from "./engines";
import { complain, warn, why } from "./notice";
import type { Outputs } from "./outputs";
import type { Painter } from "./painter";
import type { OutputsPanel } from "./panel/panel";
import { serverCommands } from "./protocol";
import type { Server, Session } from "./server";

/** What commands work with. */
export type Parts = {
  server: Server;
  engines: Engines;
  outputs: Outputs;
  painter: Painter;
  panel: OutputsPanel;
  log: LogOutputChannel;
  /** What lasts longer than the window. */
  memory: Memento;
};

/** The same, and a server that answers. */
export type Live = Parts & { session: Session };

export function registerCommands(parts: Parts): Disposable {
  const { server, log } = parts;
  const live: Record<string, (live: Live, line?: unknown) => Promise<void>> = {
    "pxlens.run": () => run(serverCommands.run),
    "pxlens.runAndAdvance": runAndAdvance,
    "pxlens.runAbove": () => run(serverCommands.runAbove),
    "pxlens.runBelow": () => run(serverCommands.runBelow),
    "pxlens.runAll": () => run(serverCommands.runAll),
    "pxlens.runOn": runOn,
    "pxlens.runCanary": () => run(serverCommands.run, { canary: true }),
    "pxlens.rerunFailed": () => rerun("failed"),
    "pxlens.rerunDiffering": () => rerun("differing"),
    "pxlens.interrupt": interrupt,
    "pxlens.showLastResult": showLastResult,
    "pxlens.openPanel": openPanel,
    "pxlens.compare": compare,
    "pxlens.export": exportRun,
    "pxlens.clearOutputs": clearOutputs,
    "pxlens.openConsole": openConsole,
    "pxlens.startCluster": startCluster,
    "pxlens.stopCluster": stopCluster,
    "pxlens.selectCluster": selectCluster,
    "pxlens.runHere": runHere,
    "pxlens.interruptEngines": interruptEngines,
    "pxlens.showCellOf": showCellOf,
    "pxlens.refreshEngines": async ({ engines }) => {
      await engines.ask();
    },
    "pxlens.menu": menu,
  };
  const registered = Object.entries(live).map(([id, command]) =>
    commands.registerCommand(id, async (line?: unknown) => {
      const session = await server.ready();
      if (!session) {
        void warn("The pxlens server is not running; the log says why.");
        return;
      }
      try {
        await command({ ...parts, session }, line);
      } catch (error) {
        // That a server is gone is said already.
        if (server.session === session) void complain(why(error));
      }
    }),
  );
  return Disposable.from(
    ...registered,
    commands.registerCommand("pxlens.restartServer", () => server.restart()),
    commands.registerCommand("pxlens.showLog", () => {
      log.show();
    }),
  );
}
