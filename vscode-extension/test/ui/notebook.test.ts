/** A notebook whose kernel are four real engines: its cells run there, and what they give is saved with the file. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";

import type { Locator } from "playwright-core";

import { CLUSTER, session } from "./steps";
import { until } from "./until";
import { VSCode } from "./vscode";
import { plain, type Window } from "./window";

const FILE = "engines.ipynb";

type Output = {
  output_type: string;
  text?: string | string[];
  data?: Record<string, string | string[]>;
  ename?: string;
  traceback?: string[];
};

type Cell = {
  id: string;
  source: string | string[];
  outputs: Output[];
  execution_count: number | null;
};

let vscode: VSCode;
let window: Window;

const step = session(() => window, "notebook-failed");

before(async () => {
  vscode = await VSCode.start();
  window = await vscode.open("tour.py");
  // The extension is up.
  await window.statusSays("no cluster", 60_000);
  await window.openFromExplorer(FILE);
  await cell("plain cell").waitFor();
});

after(async () => {
  await window.screenshot("notebook-last");
  await window.close();
  await vscode.stop();
});

/** The cell whose code holds this. */
function cell(code: string): Locator {
  return window.page.locator(".notebook-editor .code-cell-row", { hasText: code }).first();
}

/** Scrolls to a cell, and puts the cursor into it. */
async function focus(code: string): Promise<Locator> {
  const found = cell(code);
  const box = await until("the notebook", () =>
    window.page.locator(".notebook-editor").first().boundingBox(),
  );
  await window.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  // Only what is in view is there at all.
  if (!(await found.isVisible())) await window.page.mouse.wheel(0, -100_000);
  await until(`the cell of ${code}`, async () => {
    if (await found.isVisible()) return true;
    await window.page.mouse.wheel(0, 200);
    return false;
  });
  await found.scrollIntoViewIfNeeded();
  await found.locator(".view-line").first().click();
  return found;
}

/** Runs a cell as a user does. */
async function run(code: string): Promise<Locator> {
  const found = await focus(code);
  await found.locator(".run-button-container .action-item a").first().click();
  return found;
}

/** Waits until a cell shows how its run went. */
async function ended(code: string, state: "success" | "error", patience?: number): Promise<void> {
  const icon = cell(code).locator(`.cell-statusbar-container .codicon-notebook-state-${state}`);
  await until(`${code} to end in ${state}`, () => icon.isVisible(), patience);
}

/** Waits until a cell has been executed as the `count`th of the session, and is done. */
async function executed(id: string, count: number): Promise<void> {
  const busy = window.page.locator(".cell-statusbar-container .codicon-notebook-state-executing");
  // Where its output is out of view, the window does not show the number.
  await until(`${id} to be executed as ${count}`, async () => {
    await window.page.keyboard.press("Control+S");
    const { execution_count } = inFile(id);
    if (execution_count !== count) throw new Error(`it is ${execution_count ?? "none"}`);
    return (await busy.count()) === 0;
  });
}

/** Saves the notebook, and gives what the file holds of a cell. */
async function saved(id: string): Promise<Cell> {
  await window.page.keyboard.press("Control+S");
  const tab = window.page.locator(`.tabs-container .tab[aria-label^="${FILE}"]`).first();
  await until("the notebook to be saved", async () => !(await tab.getAttribute("class"))?.includes("dirty"));
  // It may still be written.
  return until(`what the file has of ${id}`, () => Promise.resolve(inFile(id)));
}

function inFile(id: string): Cell {
  const notebook = JSON.parse(readFileSync(join(window.workspace, FILE), "utf8")) as { cells: Cell[] };
  const found = notebook.cells.find((one) => one.id === id);
  assert.ok(found, id);
  return found;
}

function words(text: string | string[] | undefined): string {
  return Array.isArray(text) ? text.join("") : (text ?? "");
}

/** The outputs as text. */
function told(outputs: readonly Output[]): string[] {
  return outputs.map(({ text, data }) => words(text ?? data?.["text/plain"]));
}

step("nothing runs before the kernel is chosen, and it is offered by its name", async () => {
  await focus("plain cell");
  await window.command("Notebook: Select Notebook Kernel");
  await window.pick("pxlens", "pxlens: engines");
  const kernel = window.page.locator(".kernel-label, .kernel-action-view-item");
  await until("the kernel to be chosen", async () =>
    (await kernel.allTextContents()).some((text) => plain(text).includes("pxlens: engines")),
  );
  assert.deepEqual((await saved("plain")).outputs, []);
});

step("a cell that is stopped while a cluster starts for it does not run", async () => {
  await run("plain cell");
  await window.statusSays("cluster starting");
  await window.command("Notebook: Interrupt");
  await ended("plain cell", "error");
  const error = (await saved("plain")).outputs.find(({ output_type }) => output_type === "error");
  assert.match(error?.traceback?.join("\n") ?? "", /Stopped before it ran/);
});

step("a plain cell runs on all engines, and says so", async () => {
  await run("plain cell");
  await ended("plain cell", "success", CLUSTER);
  const { outputs, execution_count } = await saved("plain");
  assert.deepEqual(told(outputs), ["ran on engines [0-3]", "[0-3] plain cell 42\n"]);
  assert.deepEqual(
    outputs.map((output) => output.output_type),
    ["display_data", "stream"],
  );
  assert.equal(execution_count, 2);
  await window.screenshot("notebook-controller");
});

step("set-up is read for views and not sent", async () => {
  await run("ipp.Client");
  await ended("ipp.Client", "success");
  assert.deepEqual(told((await saved("setup")).outputs), [
    "Set-up code because of line 1: pxlens reads it for views and does not send it to the engines",
  ]);
});

step("px lines run where their view says, and local lines are counted", async () => {
  await run("px line");
  await ended("px line", "success");
  assert.deepEqual(told((await saved("mixed")).outputs), ["[0,2] px line\n", "1 local line not run"]);
});

step(
  "a px cell that its key runs shows what the run gave, in place of what an earlier one gave",
  async () => {
    await focus("px line");
    await window.page.keyboard.press("Control+A");
    await window.page.keyboard.insertText('%px_even print("px line", 6 + 1)');
    await window.page.keyboard.press("Control+Alt+Enter");
    await executed("mixed", 5);
    const { outputs, source } = await saved("mixed");
    assert.deepEqual(told(outputs), ["[0,2] px line 7\n"]);
    assert.equal(words(source), '%px_even print("px line", 6 + 1)');
    await window.screenshot("notebook-key");
  },
);

step("the lens fills a cell that has never run", async () => {
  const found = await focus("b64decode");
  await found.locator(".codelens-decoration a", { hasText: "Run on" }).first().click();
  await executed("image", 6);
  assert.match(told((await saved("image")).outputs)[0] ?? "", /^\[0-1\]/);
});

step("an image is an output with its engines above it", async () => {
  await run("b64decode");
  await executed("image", 7);
  const { outputs } = await saved("image");
  assert.match(told(outputs)[0] ?? "", /^\[0-1\]/);
  assert.match(words(outputs[1]?.data?.["image/png"]), /^iVBORw0KGgo/);
});

step(
  "all px cells at once show what their runs gave, and those that do not run keep what they show",
  async () => {
    await focus("px line");
    await window.command("pxlens: Run All Px Cells");
    await executed("image", 9);
    const mixed = await saved("mixed");
    assert.deepEqual([mixed.execution_count, told(mixed.outputs)], [8, ["[0,2] px line 7\n"]]);
    assert.equal((await saved("plain")).execution_count, 2);
  },
);

step("what is running shows what it gave so far, and is interrupted", async () => {
  const long = await run("range(600)");
  const frame = window.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await frame
    .getByText(/step \d/)
    .first()
    .waitFor({ timeout: 30_000 });
  await window.screenshot("notebook-running");
  assert.equal(await long.locator(".codicon-notebook-state-success").count(), 0);
  await window.command("Notebook: Interrupt");
  await ended("range(600)", "error");
  const { outputs } = await saved("long");
  assert.match(told(outputs).join(""), /step 0/);
  assert.ok(outputs.some(({ ename }) => ename?.includes("KeyboardInterrupt")));
  await window.screenshot("notebook-interrupted");
});

step("an error has its engines and its line, and what follows it does not run", async () => {
  await focus("from the engines");
  await window.command("Notebook: Execute Cell and Below");
  await ended("from the engines", "error");
  const { outputs } = await saved("error");
  const error = outputs.find(({ output_type }) => output_type === "error");
  assert.equal(error?.ename, "ValueError");
  assert.match(error.traceback?.join("\n") ?? "", /\[0-3\] ValueError: from the engines · line 3/);
  // With line ends in them, the lines are twice as far apart when the file is opened again.
  assert.ok((error.traceback?.length ?? 0) > 3 && !error.traceback?.some((line) => line.includes("\n")));
  assert.deepEqual((await saved("behind")).outputs, []);
  await cell("from the engines").locator(".squiggly-error").first().waitFor({ state: "attached" });
});

/** Replaces the code of a cell. */
async function replace(code: string, now: string): Promise<void> {
  await focus(code);
  await window.page.keyboard.press("Control+A");
  await window.page.keyboard.insertText(now);
}

step("a cell that is changed while it waits does not run", async () => {
  const gate = join(window.workspace, "go");
  const isThere = `lambda: os.path.exists(${JSON.stringify(gate)})`;
  await replace("range(600)", `import os, time; [time.sleep(0.05) for _ in iter(${isThere}, True)]`);
  await run("import os, time");
  await window.statusSays("4/4 busy");
  await run("never");
  await focus("never");
  await window.page.keyboard.press("Control+Home");
  await window.page.keyboard.insertText("unfinished = (");
  writeFileSync(gate, "");
  await ended("never", "error");
  const error = (await saved("behind")).outputs.find(({ output_type }) => output_type === "error");
  assert.match(error?.traceback?.join("\n") ?? "", /changed while it waited, so it was not run/);
  await replace("import os, time", "import time; [time.sleep(0.1) for _ in range(600)]");
});

step("a server that ends while a cell runs is said in the cell", async () => {
  await run("range(600)");
  await window.statusSays("4/4 busy");
  for (const pid of vscode.languageServers()) process.kill(pid, "SIGKILL");
  await ended("range(600)", "error");
  const { outputs } = await saved("long");
  const error = outputs.find(({ output_type }) => output_type === "error");
  assert.match(error?.traceback?.join("\n") ?? "", /stopped while this cell ran/);
});
