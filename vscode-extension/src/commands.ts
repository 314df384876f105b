/** The commands of the palette. They are defined in `commands/`, one file for each kind. */

import { commands, Disposable, type LogOutputChannel, type Memento } from "vscode";

import { clusterCommands } from "./commands/clusters";
import { consoleCommands } from "./commands/console";
import { engineCommands } from "./commands/engines";
import { interruptCommands } from "./commands/interrupt";
import { menuCommands } from "./commands/menu";
import { panelCommands } from "./commands/panel";
import { resultCommands } from "./commands/results";
import { runCommands } from "./commands/run";
import type { Engines } from "./engines";
import { complain, warn, why } from "./notice";
import type { Outputs } from "./outputs";
import type { Painter } from "./painter";
import type { OutputsPanel } from "./panel/panel";
import type { Server, Session } from "./server";

/** The parts that commands work with. */
export type Parts = {
  server: Server;
  engines: Engines;
  outputs: Outputs;
  painter: Painter;
  panel: OutputsPanel;
  log: LogOutputChannel;
  /** Outlives the window. */
  memory: Memento;
};

/** The parts, while the server is running. */
export type Live = Parts & { session: Session };

/** The commands by their ids; `line` is the line of the engines view on which a command was chosen. */
export type Commands = Readonly<Record<string, (live: Live, line?: unknown) => Promise<void>>>;

const COMMANDS: Commands = {
  ...runCommands,
  ...interruptCommands,
  ...resultCommands,
  ...panelCommands,
  ...consoleCommands,
  ...clusterCommands,
  ...engineCommands,
  ...menuCommands,
};

export function registerCommands(parts: Parts): Disposable {
  const { server, log } = parts;
  const registered = Object.entries(COMMANDS).map(([id, command]) =>
    commands.registerCommand(id, async (line?: unknown) => {
      const session = await server.ready();
      if (!session) {
        void warn("The pxlens server is not running; the log says why.");
        return;
      }
      try {
        await command({ ...parts, session }, line);
      } catch (error) {
        // If the server is gone, the user has been told already.
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
