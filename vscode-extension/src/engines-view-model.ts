/** What the engines view shows: clusters, their hosts where there are several, and engines. Pure. */

import type { Cluster, Engine, EnginesResult } from "./protocol";
import { idOf, nameOf } from "./status";

/** A line of the view. */
export type Node = {
  /** Stays the same as long as the line stands for the same cluster, host or engine. */
  id: string;
  label: string;
  description: string;
  tooltip: string;
  /** The name of a VS Code icon, and of a theme colour. */
  icon: { name: string; color?: string };
  /** The `contextValue`, by which menus know what the line is. */
  context: string;
  /** The cluster it belongs to. */
  cluster: Cluster;
  /** The engines it stands for. */
  engines: Engine[];
  children: Node[];
};

/** Whether a command was chosen on a line of the view: the palette passes nothing, and a key binding may pass anything. */
export function isNode(line: unknown): line is Node {
  return typeof line === "object" && line !== null && "cluster" in line && "engines" in line;
}

/** The clusters that were found, the one in use first. */
export function tree(known: EnginesResult | undefined): Node[] {
  return (known?.clusters ?? []).map(clusterNode);
}

function clusterNode(cluster: Cluster): Node {
  const id = cluster.connectionFile ?? "starting";
  return {
    id,
    // The names of clusters that pxlens started are long and tell the user nothing.
    label: cluster.ours ? "Local cluster" : nameOf(cluster),
    description: describeCluster(cluster),
    tooltip: [nameOf(cluster), cluster.connectionFile].filter(Boolean).join("\n"),
    icon: CLUSTER_ICONS[cluster.state],
    context: cluster.state === "starting" ? "starting" : cluster.inUse ? "cluster.inUse" : "cluster.other",
    cluster,
    engines: cluster.engines,
    children: below(id, cluster),
  };
}

const CLUSTER_ICONS: Record<Cluster["state"], Node["icon"]> = {
  found: { name: "circle-outline" },
  starting: { name: "loading~spin" },
  up: { name: "server-environment" },
  notResponding: { name: "warning", color: "list.warningForeground" },
  down: { name: "error", color: "list.errorForeground" },
};

function describeCluster(cluster: Cluster): string {
  const { ours, profile } = cluster;
  return ours && profile !== undefined ? `${condition(cluster)} · ${idOf(cluster)}` : condition(cluster);
}

function condition({ state, inUse, engines }: Cluster): string {
  switch (state) {
    case "found":
      return "not in use";
    case "starting":
      return "starting";
    case "notResponding":
      return "does not answer";
    case "down":
      return "is gone";
    case "up":
      return inUse ? summary(engines) : "not in use";
  }
}

function summary(engines: readonly Engine[]): string {
  const busy = engines.filter(({ state }) => state === "busy").length;
  const all = engines.length === 1 ? "1 engine" : `${engines.length} engines`;
  return busy > 0 ? `${all}, ${busy} busy` : all;
}

/** Hosts are a level of their own only if there are several. */
function below(id: string, cluster: Cluster): Node[] {
  const hosts = new Map<string, Engine[]>();
  for (const engine of cluster.engines) {
    const host = engine.host ?? "";
    const there = hosts.get(host);
    if (there) there.push(engine);
    else hosts.set(host, [engine]);
  }
  // Engines whose host is not known yet do not count, so that an engine moves in the tree at most once.
  const known = [...hosts.keys()].filter((host) => host !== "");
  if (known.length < 2) return cluster.engines.map((engine) => engineNode(id, cluster, engine));
  return [...hosts].map(([host, engines]) => ({
    id: `${id}\n${host}`,
    label: host === "" ? "host unknown" : host,
    description: summary(engines),
    tooltip: host === "" ? "These engines did not say where they run." : host,
    icon: { name: "vm" },
    context: "host",
    cluster,
    engines,
    children: engines.map((engine) => engineNode(id, cluster, engine)),
  }));
}

function engineNode(id: string, cluster: Cluster, engine: Engine): Node {
  const { current, worksFor, lastError, host, pid } = engine;
  const doing = current ? `${current.title} (line ${current.line + 1})` : undefined;
  const forOther =
    worksFor && (worksFor.whose === "mine" ? "another window or shell of yours" : "another client");
  const where = [host, pid === undefined ? undefined : `pid ${pid}`].filter(Boolean).join(", ");
  return {
    id: `${id}\n\n${engine.id}`,
    label: `Engine ${engine.id}`,
    description: doing ?? (forOther && `busy for ${forOther}`) ?? lastError?.text ?? STATES[engine.state],
    tooltip: [
      `Engine ${engine.id}: ${STATES[engine.state]}`,
      ...(where ? [where] : []),
      ...(doing ? [`works on ${doing}`] : []),
      ...(forOther
        ? [`works for ${forOther}${worksFor.run === undefined ? "" : `, run ${worksFor.run}`}`]
        : []),
      ...(lastError
        ? [`raised ${lastError.text} in ${lastError.at.title} (line ${lastError.at.line + 1})`]
        : []),
    ].join("\n"),
    icon: engineIcon(engine),
    context: current ? "engine.ours" : worksFor ? "engine.others" : "engine",
    cluster,
    engines: [engine],
    children: [],
  };
}

const STATES: Record<Engine["state"], string> = { unknown: "state unknown", idle: "idle", busy: "busy" };

function engineIcon({ state, lastError }: Engine): Node["icon"] {
  if (state === "busy") return { name: "sync~spin", color: "charts.blue" };
  if (lastError) return { name: "error", color: "list.errorForeground" };
  if (state === "unknown") return { name: "circle-outline" };
  return { name: "circle-filled", color: "charts.green" };
}

/**
 * Updates the shown nodes in place, because VS Code knows them by their identity. Returns the nodes that look different now, or
 * `undefined` if lines were added or removed; then nothing was updated.
 */
export function update(shown: readonly Node[], next: readonly Node[]): Node[] | undefined {
  if (shown.length !== next.length) return undefined;
  const changed: Node[] = [];
  for (const [index, now] of next.entries()) {
    const node = shown[index];
    if (node?.id !== now.id) return undefined;
    const inside = update(node.children, now.children);
    if (!inside) return undefined;
    if (look(node) !== look(now)) changed.push(node);
    changed.push(...inside);
  }
  for (const [index, now] of next.entries()) {
    const node = shown[index];
    if (node) Object.assign(node, now, { children: node.children });
  }
  return changed;
}

function look({ label, description, tooltip, icon, context }: Node): string {
  return JSON.stringify([label, description, tooltip, icon, context]);
}
