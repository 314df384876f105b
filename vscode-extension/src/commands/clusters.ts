/** Commands that start, stop and select clusters. */

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

/** Starts a cluster on this machine and uses it; asks first if it replaces another one. */
async function startCluster({ session, engines }: Live): Promise<void> {
  const now = (await engines.ask())?.clusters.find((cluster) => cluster.inUse);
  if (now?.state === "starting") return;
  if (now) {
    const question = `${nameOf(now)} is in use. Start another cluster and use that one?`;
    if (!(await confirm(question, "Start Another"))) return;
  }
  // The server reports progress, which is also shown in the view.
  const { message } = await inView(() => session.client.sendRequest(px.startCluster, {}));
  if (message) void complain(`No cluster was started: ${message}`);
}

/** Stops a cluster, that of the view's line or one that the user picks, after asking. */
async function stopCluster({ session }: Live, line?: unknown): Promise<void> {
  const cluster = isNode(line) ? line.cluster : await pickCluster(session.client, "Cluster to stop");
  const { connectionFile, ours } = cluster ?? {};
  if (!cluster || connectionFile === undefined) return;
  const whose = ours ? "" : " pxlens did not start it.";
  const question = `Stop ${nameOf(cluster)}? Its engines end, and all their variables are lost.${whose}`;
  if (!(await confirm(question, "Stop"))) return;
  const notOurs = ours !== true;
  const asked = { connectionFile, notOurs };
  const { message } = await inView(() => session.client.sendRequest(px.stopCluster, asked));
  if (message) void complain(message);
}

/** Uses another cluster from now on; this workspace remembers it. */
async function selectCluster({ session }: Live, line?: unknown): Promise<void> {
  const cluster = isNode(line) ? line.cluster : await pickCluster(session.client, "Cluster to use");
  if (!cluster) return;
  const choice = named(cluster);
  const { cluster: used, message } = await inView(() => session.client.sendRequest(px.connect, choice));
  if (message) void warn(message);
  // While runs go on, the server switches only once they are over.
  if (!used || !workspace.workspaceFolders) return;
  // The name of a cluster that pxlens started is of no use once that cluster has ended.
  const kept = cluster.ours ? undefined : choice;
  if (!kept && settings().inspect("cluster")?.workspaceValue === undefined) return;
  await settings().update("cluster", kept, ConfigurationTarget.Workspace);
}

/** How a cluster is named in the setting: preferably not by its path, which differs between machines. */
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
