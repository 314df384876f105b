/**
 * Finds the server's program: the one in the setting, the one that came with the extension, or one on `PATH`, in this order. Pure: whether a
 * file is a program is the caller's to say.
 */

import * as path from "node:path";

/** What the search depends on. */
export type Surroundings = {
  /** The setting `pxlens.path`. */
  setting: string;
  /** The folder that the extension is installed in. */
  extension: string;
  /** The user's home. */
  home: string;
  /** `PATH`. */
  searchPath: string;
  platform: NodeJS.Platform;
  /** Whether this file exists and can be run. */
  isProgram: (file: string) => boolean;
};

/** The program, or a sentence that says what is missing and what to do. */
export type Found = { program: string; from: "setting" | "extension" | "PATH" } | { missing: string };

export function findBinary(around: Surroundings): Found {
  const { setting, extension, home, searchPath, platform, isProgram } = around;
  const name = platform === "win32" ? "pxlens.exe" : "pxlens";
  if (setting.trim()) {
    const program = setting.trim().replace(/^~(?=$|[\\/])/, home);
    if (isProgram(program)) return { program, from: "setting" };
    return {
      missing: `The setting pxlens.path names ${program}, but there is no program. Correct or clear the setting.`,
    };
  }
  const bundled = path.join(extension, "server", name);
  if (isProgram(bundled)) return { program: bundled, from: "extension" };
  for (const folder of searchPath.split(platform === "win32" ? ";" : ":")) {
    const program = path.join(folder, name);
    // A relative entry of `PATH` would find a program in whichever folder is open, which nobody chose.
    if (path.isAbsolute(folder) && isProgram(program)) return { program, from: "PATH" };
  }
  return {
    missing:
      "The program pxlens was not found: none came with this extension, and none is on PATH. " +
      "Install it, or name it in the setting pxlens.path.",
  };
}
