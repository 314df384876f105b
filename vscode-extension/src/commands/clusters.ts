/** Starts, stops and chooses clusters. */

import { ConfigurationTarget, type QuickPickItem, window, workspace } from "vscode";

import type { Commands, Live } from "../commands";
import { isNode } from "../engines-view-model";
import { complain, confirm, inform, warn } from "../notice";
import * as px from "../protocol";
import { settings } from "../settings";
import { nameOf } from "../status";

export const clusterCommands: Commands = {
  "pxlens.startCluster": startCluster,
  "pxlens.stopCluster": stopCluster,
  "pxlens.selectCluster": selectCluster,
};

/** Starts a cluster on this machine and uses it; asks first where that takes the place of another. */
async function startCluster({ session, engines }: Live): Promise<void> {
  const now = (await engines.ask())?.clusters.find((cluster) => cluster.inUse);
  if (now?.state === "starting") return;
  if (now) {
    const question = `${nameOf(now)} is in use. Start another cluster, and use that?`;
    if (!(await confirm(question, "Start Another"))) return;
  }
  // How far it is is shown as the server's progress, and in the view.
  const { message } = await inView(() => session.client.sendRequest(px.startCluster, {}));
  if (message) void complain(`No cluster was started: ${message}`);
}

/** Stops a cluster, the one of the view's line or one that is chosen, after asking. */
async function stopCluster({ session }: Live, line?: unknown): Promise<void> {
  const cluster = isNode(line) ? line.cluster : await pickCluster(session.client, "Cluster to stop");
  const { connectionFile, ours } = cluster ?? {};
  if (!cluster || connectionFile === undefined) return;
  const whose = ours ? "" : " pxlens did not start it.";
  const question = `Stop ${nameOf(cluster)}? Its engines end, with all their variables.${whose}`;
  if (!(await confirm(question, "Stop"))) return;
  const notOurs = ours !== true;
  const asked = { connectionFile, notOurs };
  const { message } = await inView(() => session.client.sendRequest(px.stopCluster, asked));
  if (message) void complain(message);
}

/** Uses another cluster from now on, in this workspace also after the window was closed. */
async function selectCluster({ session }: Live, line?: unknown): Promise<void> {
  const cluster = isNode(line) ? line.cluster : await pickCluster(session.client, "Cluster to use");
  if (!cluster) return;
  const choice = named(cluster);
  const { cluster: used, message } = await inView(() => session.client.sendRequest(px.connect, choice));
  if (message) void warn(message);
  // Where runs go on, the choice counts once they are over.
  if (!used || !workspace.workspaceFolders) return;
  // One that pxlens started has a name for its own life alone, which is of no use later.
  const kept = cluster.ours ? undefined : choice;
  if (!kept && settings().inspect("cluster")?.workspaceValue === undefined) return;
  await settings().update("cluster", kept, ConfigurationTarget.Workspace);
}

/** How a cluster is named in the setting: not by a path, where another name means the same elsewhere. */
function named({ profile, clusterId, connectionFile }: px.Cluster): px.ConnectParams {
  if (profile !== undefined) return { profile, clusterId: clusterId ?? "" };
  return connectionFile === undefined ? {} : { connectionFile };
}

async function pickCluster(
  client: Live["session"]["client"],
  placeHolder: string,
): Promise<px.Cluster | undefined> {
  const { clusters, message } = await client.sendRequest(px.clusters, {});
  const items: (QuickPickItem & { cluster: px.Cluster })[] = clusters
    .filter(({ state }) => state !== "down")
    .map((cluster) => ({
      label: nameOf(cluster),
      description: cluster.inUse ? "in use" : "",
      detail: cluster.connectionFile ?? "",
      cluster,
    }));
  if (items.length === 0) {
    void inform(message ?? "No cluster is running.");
    return undefined;
  }
  return (await window.showQuickPick(items, { placeHolder }))?.cluster;
}

function inView<T>(work: () => Promise<T>): Thenable<T> {
  return window.withProgress({ location: { viewId: "pxlens.engines" } }, work);
}
