/** The menu of the status bar item. */

import { commands, window } from "vscode";

import type { Commands, Live } from "../commands";
import { place } from "../place";

export const menuCommands: Commands = {
  "pxlens.menu": menu,
};

async function menu({ engines, outputs }: Live): Promise<void> {
  const inDocument = place() !== undefined;
  const isRunning = outputs.live().length > 0 || engines.busy;
  const entries = [
    { label: "$(play-all) Run All Px Cells", command: "pxlens.runAll", offered: inDocument },
    { label: "$(target) Run Px Cell On…", command: "pxlens.runOn", offered: inDocument },
    { label: "$(debug-stop) Interrupt", command: "pxlens.interrupt", offered: isRunning },
    { label: "$(output) Show Last Result", command: "pxlens.showLastResult", offered: true },
    { label: "$(preview) Show Outputs Panel", command: "pxlens.openPanel", offered: true },
    { label: "$(terminal) Open Console on Engine…", command: "pxlens.openConsole", offered: true },
    { label: "$(server-environment) Select Cluster…", command: "pxlens.selectCluster", offered: true },
    { label: "$(debug-restart) Restart Server", command: "pxlens.restartServer", offered: true },
    { label: "$(list-flat) Show Log", command: "pxlens.showLog", offered: true },
  ];
  const chosen = await window.showQuickPick(
    entries.filter(({ offered }) => offered),
    { placeHolder: "pxlens" },
  );
  if (chosen) await commands.executeCommand(chosen.command);
}
