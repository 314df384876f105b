/** The Python extension, where it is installed: what is chosen there reaches the server with its settings. */

import { Disposable, type LogOutputChannel, extensions } from "vscode";

import { PythonEnvironment, type PythonApi } from "./python-environment";

/** What is chosen in this window. */
export const pythonEnvironment = new PythonEnvironment();

/** Begins to follow it; `changed` hears of another interpreter. */
export async function followPythonExtension(
  log: LogOutputChannel,
  changed: () => void,
): Promise<Disposable | undefined> {
  const extension = extensions.getExtension<PythonApi>("ms-python.python");
  if (!extension) return undefined;
  try {
    return Disposable.from(await pythonEnvironment.follow(await extension.activate(), changed));
  } catch (error) {
    log.warn(`the Python extension does not say which interpreter is chosen: ${String(error)}`);
    return undefined;
  }
}
