import assert from "node:assert/strict";
import { test } from "node:test";

import { type PythonApi, PythonEnvironment } from "../../src/python-environment";

/** An API in which the test chooses. */
class FakeApi implements PythonApi {
  chosen: { path: string; environment?: object } | undefined;
  listeners: (() => void)[] = [];
  readonly environments = {
    getActiveEnvironmentPath: () => ({ id: "1", path: this.chosen?.path ?? "" }),
    resolveEnvironment: ({ path }: { path: string }) =>
      Promise.resolve(
        this.chosen && { executable: { uri: { fsPath: path } }, environment: this.chosen.environment },
      ),
    onDidChangeActiveEnvironmentPath: (listener: () => void) => {
      this.listeners.push(listener);
      return { dispose: () => (this.listeners = []) };
    },
  };
}

test("the environment that is chosen is the default, and the setting goes before it", async () => {
  const api = new FakeApi();
  api.chosen = { path: "/home/ada/.venv/bin/python", environment: {} };
  const environment = new PythonEnvironment();
  let changes = 0;
  await environment.follow(api, () => changes++);
  assert.deepEqual(environment.fill({ python: "", engines: 4 }), {
    python: "/home/ada/.venv/bin/python",
    engines: 4,
  });
  assert.deepEqual(environment.fill({ python: "/other" }), { python: "/other" });
  assert.equal(changes, 1);
});

test("another choice is told, the same one is not", async () => {
  const api = new FakeApi();
  const environment = new PythonEnvironment();
  const told: (string | undefined)[] = [];
  const following = await environment.follow(api, () => told.push(environment.python));
  const choose = async (chosen: FakeApi["chosen"]): Promise<void> => {
    api.chosen = chosen;
    for (const listener of api.listeners) listener();
    await new Promise((next) => setImmediate(next));
  };
  await choose({ path: "/a/python", environment: {} });
  await choose({ path: "/a/python", environment: {} });
  // The system's interpreter is no choice.
  await choose({ path: "/usr/bin/python3" });
  assert.deepEqual(told, ["/a/python", undefined]);
  following.dispose();
  await choose({ path: "/b/python", environment: {} });
  assert.equal(environment.python, undefined);
});

test("without a choice the settings are as they are", () => {
  const environment = new PythonEnvironment();
  assert.deepEqual(environment.fill({ python: "" }), { python: "" });
  assert.equal(environment.fill(null), null);
});
