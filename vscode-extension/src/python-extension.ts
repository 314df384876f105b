/** The Python extension, if it is installed: the interpreter chosen there reaches the server with its settings. */

import { Disposable, type LogOutputChannel, extensions } from "vscode";

import { PythonEnvironment, type PythonApi } from "./python-environment";

/** The interpreter that is chosen in this window. */
export const pythonEnvironment = new PythonEnvironment();

/** Begins to follow the choice; calls `changed` if it is another interpreter. */
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
