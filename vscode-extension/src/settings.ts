/** The settings of section `pxlens`, and `px/writeSetting`. */

import { ConfigurationTarget, workspace, type WorkspaceConfiguration } from "vscode";

import type { WriteSettingParams, WriteSettingResult } from "./protocol";
import { merged, mayBeWritten } from "./written";

/** The settings that the server reads; the others are for the extension. */
const SERVER_KEYS = [
  "python",
  "cluster",
  "sharedConnectionFiles",
  "engines",
  "groupBy",
  "views",
  "scriptFormat",
  "limits",
] as const;

export function settings(): WorkspaceConfiguration {
  return workspace.getConfiguration("pxlens");
}

/** The settings that the server starts with; later it asks for them itself. */
export function serverSettings(): Record<string, unknown> {
  const section = settings();
  return Object.fromEntries(SERVER_KEYS.map((key) => [key, section.get(key)]));
}

/**
 * A section as the answer to the server. A cluster that is not set any more becomes `""`, because `null` would leave the initial value in
 * force.
 */
export function explicit(section: unknown): unknown {
  if (typeof section !== "object" || section === null) return section;
  const { cluster } = section as { cluster?: unknown };
  return { ...section, cluster: cluster ?? "" };
}

/** Writes a setting that the user chose in a code action: to the workspace, if there is one, else to the user's settings. */
export async function writeSetting({ key, value }: WriteSettingParams): Promise<WriteSettingResult> {
  if (!mayBeWritten(key)) return { written: false };
  const section = settings();
  const inWorkspace = workspace.workspaceFolders !== undefined;
  const known = section.inspect(key);
  const before = inWorkspace ? known?.workspaceValue : known?.globalValue;
  const target = inWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
  await section.update(key, merged(before, value), target);
  return { written: true };
}
