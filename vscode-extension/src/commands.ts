/** The commands of the palette. Which there are and what they do is in `commands/`, one file for each kind. */

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

/** What commands do, by their ids; `line` is the line of a view that a command was chosen on. */
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
