/** Quotes a command line for a shell. Pure. */

export function commandLine(argv: readonly string[], platform: NodeJS.Platform): string {
  const quoted = (text: string): string =>
    platform === "win32" ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`;
  return argv.map((word) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : quoted(word))).join(" ");
}
