/** The texts of the status bar item: cluster, engines, runs. Pure. */

import type { Cluster, Engine, EnginesResult } from "./protocol";
import type { Life } from "./server";

export type Status = { text: string; tooltip: string; alarming: boolean; command: string };

export function status(life: Life, known: EnginesResult | undefined, runs: number): Status {
  const command = COMMANDS[life];
  const calm = (text: string, tooltip: string): Status => ({ text, tooltip, alarming: false, command });
  const alarm = (text: string, tooltip: string): Status => ({ text, tooltip, alarming: true, command });
  switch (life) {
    case "stopped":
      return calm("$(circle-slash) px: stopped", "The pxlens server is stopped. Click to start it.");
    case "starting":
      return calm("$(loading~spin) px: starting", "The pxlens server is starting.");
    case "crashed":
      return alarm(
        "$(warning) px: restarting",
        "The pxlens server stopped unexpectedly and is being restarted.",
      );
    case "leftAlone":
      return alarm(
        "$(warning) px: stopped",
        "The pxlens server stopped again and again. The log says why; click to start it.",
      );
    case "missing":
      return alarm("$(warning) px: not found", "The program pxlens was not found; the log says what to do.");
    case "running":
  }
  const cluster = known?.clusters.find((one) => one.inUse);
  if (!cluster) {
    const why = known?.message ?? "Running a px cell finds a cluster, or starts one on this machine.";
    return calm("$(circle-outline) px: no cluster", why);
  }
  const name = nameOf(cluster);
  switch (cluster.state) {
    case "starting":
      return calm("$(loading~spin) px: cluster starting", `${name} is starting.`);
    case "notResponding":
      return alarm("$(warning) px: not responding", `${name} does not answer.`);
    case "down":
      return alarm("$(warning) px: cluster gone", known?.message ?? `${name} is gone.`);
    case "found":
    case "up":
  }
  const all = cluster.engines.length;
  if (all === 0) {
    return calm("$(circle-outline) px: cluster found", `${name} will be used when a px cell runs.`);
  }
  const busy = cluster.engines.filter((engine) => engine.state === "busy").length;
  const tooltip = [
    `${name}: ${count(all, "engine")}, ${busy === 0 ? "all idle" : `${busy} busy`}`,
    ...(runs > 0 ? [`${count(runs, "run")} under way`] : []),
    ...progress(cluster.engines),
  ].join("\n");
  if (busy === 0 && runs === 0) return calm(`$(server-environment) px: ${count(all, "engine")}`, tooltip);
  return calm(`$(sync~spin) px: ${busy}/${all} busy`, tooltip);
}

/** The command that a click runs. */
const COMMANDS: Record<Life, string> = {
  stopped: "pxlens.restartServer",
  starting: "pxlens.showLog",
  running: "pxlens.menu",
  crashed: "pxlens.showLog",
  leftAlone: "pxlens.restartServer",
  missing: "pxlens.showLog",
};

/** What to call a cluster. */
export function nameOf(cluster: Cluster): string {
  return cluster.ours ? `Local cluster ${idOf(cluster)}` : `Cluster ${idOf(cluster)}`;
}

/** Its profile, and its id in that profile. */
export function idOf({ profile, clusterId }: Cluster): string {
  return [profile, clusterId].filter(Boolean).join(":") || "default";
}

/** The px cells that engines work on, one line each. */
function progress(engines: readonly Engine[]): string[] {
  const cells = new Map<string, number>();
  for (const { current } of engines) {
    if (!current) continue;
    const cell = `${current.title} (line ${current.line + 1})`;
    cells.set(cell, (cells.get(cell) ?? 0) + 1);
  }
  return [...cells].map(([cell, engines]) => `${cell} on ${count(engines, "engine")}`);
}

function count(n: number, what: string): string {
  return n === 1 ? `1 ${what}` : `${n} ${what}s`;
}
