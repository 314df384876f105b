/**
 * The interpreter that is chosen in the Python extension, as a default for the setting `pxlens.python`.
 *
 * Pure: knows the part of that extension's API that matters, and no editor.
 */

/** The part of the API of `ms-python.python` that is used here. */
export type PythonApi = {
  readonly environments: {
    getActiveEnvironmentPath(resource?: unknown): { readonly id: string; readonly path: string };
    resolveEnvironment(path: { readonly id: string; readonly path: string }): Promise<Resolved | undefined>;
    onDidChangeActiveEnvironmentPath(listener: () => void): { dispose(): void };
  };
};

type Resolved = {
  readonly executable: { readonly uri?: { readonly fsPath: string } | undefined };
  /** Absent for an interpreter that belongs to no environment, such as the system's. */
  readonly environment?: unknown;
};

/**
 * The interpreter of the chosen environment. `undefined` if it belongs to no environment: then it is just the first one on `PATH`,
 * which the server finds itself.
 */
export async function chosenPython(api: PythonApi): Promise<string | undefined> {
  const { environments } = api;
  const resolved = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  return resolved?.environment ? resolved.executable.uri?.fsPath : undefined;
}

/** Follows which interpreter is chosen. */
export class PythonEnvironment {
  private path: string | undefined;
  private asked = 0;

  /** The interpreter, if one is chosen. */
  get python(): string | undefined {
    return this.path;
  }

  /** Asks which interpreter is chosen, now and whenever that changes; calls `changed` if it is another one. */
  async follow(api: PythonApi, changed: () => void): Promise<{ dispose(): void }> {
    const listening = api.environments.onDidChangeActiveEnvironmentPath(() => void this.ask(api, changed));
    await this.ask(api, changed);
    return listening;
  }

  /** The settings of section `pxlens`, with the interpreter added if they name none. */
  fill(section: unknown): unknown {
    if (typeof section !== "object" || section === null || this.path === undefined) return section;
    const { python } = section as { python?: unknown };
    return python ? section : { ...section, python: this.path };
  }

  private async ask(api: PythonApi, changed: () => void): Promise<void> {
    const number = ++this.asked;
    const path = await chosenPython(api).catch(() => undefined);
    // The answer to a later request takes precedence.
    if (number !== this.asked || path === this.path) return;
    this.path = path;
    changed();
  }
}
