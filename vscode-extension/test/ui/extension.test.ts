/** The extension in a real VS Code, on four real engines: from the first click to a window that is opened again. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { basename } from "node:path";

import { CLUSTER, session } from "./steps";
import { until } from "./until";
import { VSCode } from "./vscode";
import type { Window } from "./window";

let vscode: VSCode;
let window: Window;

const step = session(() => window, "failed");

before(async () => {
  vscode = await VSCode.start();
  window = await vscode.open("tour.py");
});

after(async () => {
  await window.screenshot("last");
  await window.close();
  await vscode.stop();
});

step("a lens says what a click starts, and the click does it", async () => {
  const editor = window.editor("tour.py");
  const lens = editor.locator(".codelens-decoration a", { hasText: "Run (starts 4 local engines)" });
  await lens.first().waitFor();
  await window.statusSays("no cluster");
  await window.clickLens(editor, "# %% What all engines print alike", "Run (starts");
  await window.paintedBehind(editor, 'print("ready")', /^✓ \[0-3\] ready/, CLUSTER);
  await window.statusSays(/4 engines/);
  await window.screenshot("first-run");
});

step("running all paints one line beside each px cell, in the colour of how it went", async () => {
  const editor = window.editor("tour.py");
  await window.command("pxlens: Run All Px Cells");
  const ok = await window.paintedBehind(editor, "%px rank ** 2", "✓");
  await window.page.keyboard.press("Control+End");
  const failed = await window.paintedBehind(editor, "total = sum(shard)", /✗ \[1\] TypeError/, 60_000);
  assert.notEqual(failed.color, ok.color);
  await window.screenshot("error");
});

step("the line that raised has a diagnostic, which says on which engine", async () => {
  const editor = window.editor("tour.py");
  await editor.locator(".squiggly-error").first().waitFor({ state: "attached" });
  const problems = window.page.locator('[id="status.problems"] a');
  await until("a problem", async () => /Errors: 1/.test((await problems.getAttribute("aria-label")) ?? ""));
  await editor.locator(".view-line", { hasText: "total = sum(shard)" }).locator("span span").first().hover();
  assert.match(await window.hoverSays("TypeError"), /\[1\]/);
  await window.screenshot("traceback");
  await window.page.keyboard.press("Escape");
});

step("the hover over what is painted is the card of the run", async () => {
  const editor = window.editor("tour.py");
  await window.page.keyboard.press("Control+Home");
  await window.paintedBehind(editor, "%px rank ** 2", "0 1 4 9");
  const card = await window.hoverOverPainted(editor, "%px rank", "Parallel execution");
  assert.match(card, /0 1 4 9/);
  await window.screenshot("card");
  await window.page.keyboard.press("Escape");
});

step("a link of the card groups the run in another way", async () => {
  const editor = window.editor("tour.py");
  await window.hoverOverPainted(editor, "%px rank", "0 1 4 9");
  await window.clickInHover("engine");
  // Each engine with its own number, and none of them summed up.
  const card = await window.hoverOverPainted(editor, "%px rank", /\[0\][^]*0[^]*\[3\][^]*9/);
  assert.doesNotMatch(card, /0 1 4 9/);
  await window.screenshot("by-engine");
  await window.clickInHover("fold");
  await window.hoverOverPainted(editor, "%px rank", "0 1 4 9");
  await window.page.keyboard.press("Escape");
});

step(
  "what is painted moves with its line, dims when the code changes, and is fresh again after undo",
  async () => {
    const editor = window.editor("tour.py");
    const fresh = await window.paintedBehind(editor, 'print("ready")', "ready");
    await window.goTo(editor, "rank = get_ipython()");
    await window.page.keyboard.type("print('more')\n");
    const stale = await until("a stale line", async () => {
      const all = await window.painted(editor);
      const isStale = ({ line, after, style }: (typeof all)[number]) =>
        line.startsWith('print("ready")') && after.includes("ready") && style === "italic";
      return all.find(isStale);
    });
    assert.notEqual(stale.color, fresh.color);
    await window.screenshot("stale");
    await window.undoAll("tour.py");
    await until("it to be fresh again", async () => {
      const all = await window.painted(editor);
      return all.find(({ line, style }) => line.startsWith('print("ready")') && style === "normal");
    });
    await window.page.keyboard.press("Control+Home");
    await window.page.keyboard.type("#\n#\n#\n");
    await window.paintedBehind(editor, 'print("ready")', "ready");
    await window.paintedBehind(editor, "%px rank", "0 1 4 9");
    await window.undoAll("tour.py");
  },
);

step("density tick leaves a mark, and line brings the words back", async () => {
  const editor = window.editor("tour.py");
  await window.setInWorkspace({ "pxlens.density": "tick" });
  await window.paintedBehind(editor, 'print("ready")', /^✓$/);
  await window.screenshot("ticks");
  await window.setInWorkspace({});
  await window.paintedBehind(editor, 'print("ready")', "ready");
});

step("Run On runs on the engines that are typed, and remembers them", async () => {
  const editor = window.editor("tour.py");
  await window.goTo(editor, 'print("ready")');
  await window.command("pxlens: Run Px Cell On…");
  await window.pick("1-2", "1-2");
  await window.paintedBehind(editor, 'print("ready")', /^✓ \[1-2\] ready/);
  await window.command("pxlens: Run Px Cell On…");
  await window.pick("", "1-2");
  await window.paintedBehind(editor, 'print("ready")', /^✓ \[1-2\] ready/);
});

step("Run and Advance runs, and the cursor is in the next px cell", async () => {
  const editor = window.editor("tour.py");
  await window.goTo(editor, 'print("ready")');
  await window.page.keyboard.press("Shift+Alt+Enter");
  await window.paintedBehind(editor, 'print("ready")', /^✓ \[0-3\] ready/);
  const position = window.page.locator('[id="status.editor.selection"]');
  await until("the cursor in the next cell", async () =>
    (await position.textContent())?.includes("Ln 19, Col 1"),
  );
});

step("Show Last Result opens the card of the newest run", async () => {
  await window.command("pxlens: Show Last Result");
  await window.hoverSays("ready");
  await window.page.keyboard.press("Escape");
});

step("commands are offered where they can do something", async () => {
  const offered = await window.offered("pxlens: ");
  assert.ok(offered.some((label) => label.startsWith("pxlens: Run Px Cell On")));
  // Nothing of this window runs; whether anything of another one does is not known before it is asked.
  const ofOthers = ["pxlens: Interrupt Engines", "pxlens: Interrupt Everything of Mine"];
  const isOwn = (label: string) => !ofOthers.some((other) => label.startsWith(other));
  const interrupts = offered.filter((label) => label.startsWith("pxlens: Interrupt"));
  assert.deepEqual(interrupts.filter(isOwn), []);
});

step("a console without a front end says what to install, and opens no terminal", async () => {
  await window.command("pxlens: Open Console on Engine…");
  await window.pick("Engine 2", "Engine 2");
  await window.notification("has no Jupyter console; install it with").waitFor();
  assert.equal(await window.page.locator(".terminal-wrapper").count(), 0);
  await window.screenshot("console");
});

step("Clear Outputs takes everything away", async () => {
  const editor = window.editor("tour.py");
  await window.goTo(editor, 'print("ready")');
  await window.command("pxlens: Clear Outputs");
  await until("nothing to be painted", async () => (await window.painted(editor)).length === 0);
});

step("a long run shows how far it is, and is interrupted", async () => {
  await window.openFromExplorer("slow.py");
  const editor = window.editor("slow.py");
  await window.clickLens(editor, "# %% A cell that takes long", "Run on 4 engines");
  await window.paintedBehind(editor, "    time.sleep(0.1)", /waiting on \[0-3\]/);
  await window.statusSays("4/4 busy");
  await window.screenshot("running");
  await window.goTo(editor, "for step in");
  await window.command("pxlens: Interrupt");
  await window.paintedBehind(editor, "    ", /✗|interrupted/i);
  await window.statusSays(/4 engines/);
});

step("a run is interrupted though its file was closed", async () => {
  const editor = window.editor("slow.py");
  await window.clickLens(editor, "# %% A cell that takes long", "Run on 4 engines");
  await window.paintedBehind(editor, "    time.sleep(0.1)", /waiting on \[0-3\]/);
  await window.closeTabs("slow.py");
  await window.editor("tour.py").waitFor();
  await window.statusSays("4/4 busy");
  await window.command("pxlens: Interrupt");
  await window.statusSays(/px: 4 engines/);
  await window.openFromExplorer("slow.py");
});

step("a server that is killed is started again, says so, and finds the cluster", async () => {
  const before = vscode.languageServers();
  assert.equal(before.length, 1);
  for (const pid of before) process.kill(pid, "SIGKILL");
  await window.notification("stopped unexpectedly").waitFor();
  await window.screenshot("crash");
  const editor = window.editor("slow.py");
  await until("another server", () => {
    const now = vscode.languageServers();
    return Promise.resolve(now.length === 1 && now[0] !== before[0]);
  });
  await window.statusSays(/4 engines|cluster found/);
  await window.command("Notifications: Clear All Notifications");
  await window.waitForLens(editor, "# %% What an earlier window left", "Run on 4 engines");
});

step("a window that is opened again finds the cluster with its variables", async () => {
  const editor = window.editor("slow.py");
  await window.clickLens(editor, "# %% What a later window", "Run on 4 engines");
  await window.paintedBehind(editor, "%px kept = 100", "✓");
  await window.page.reload({ waitUntil: "domcontentloaded" });
  await window.page.locator(".monaco-workbench .part.statusbar").waitFor();
  await window.openFromExplorer("slow.py");
  const again = window.editor("slow.py");
  await window.clickLens(again, "# %% What an earlier window left", "Run on 4 engines");
  await window.paintedBehind(again, 'print("kept"', /^✓ .*kept/);
  await window.screenshot("reloaded");
});

step("what is painted stays when a file is renamed", async () => {
  const kept = window.editor("slow.py");
  await window.paintedBehind(kept, 'print("kept"', /^✓ .*kept/);
  const files = window.page.locator(".explorer-folders-view");
  await files.locator('.monaco-list-row[aria-label^="slow.py"]').click();
  await window.page.keyboard.press("F2");
  const name = files.locator(".monaco-inputbox input");
  await name.fill("renamed.py");
  await name.press("Enter");
  await window.paintedBehind(window.editor("renamed.py"), 'print("kept"', /^✓ .*kept/);
  await window.screenshot("renamed");
});

step("what is painted stays when an untitled document is saved", async () => {
  await window.command("File: New Untitled Text File");
  const untitled = window.page.locator('.editor-instance .monaco-editor[data-uri^="untitled:"]').first();
  await untitled.locator(".view-line").first().click();
  await window.command("Change Language Mode");
  await window.pick("python", "Python");
  await untitled.locator(".view-line").first().click();
  await window.page.keyboard.insertText('saved\n%px print("of an untitled one")');
  await window.command("pxlens: Run Px Cell");
  await window.paintedBehind(untitled, "%px print", /^✓ .*of an untitled one/);
  await window.page.keyboard.press("Control+S");
  const saved = basename(await window.saveAs(/\.py$/));
  await window.paintedBehind(window.editor(saved), "%px print", /^✓ .*of an untitled one/);
  await window.screenshot("saved");
});

step("the px cells of a notebook have their lens and what they gave in the cell", async () => {
  await window.openFromExplorer("cells.ipynb");
  const cell = window.page.locator(".notebook-editor .code-cell-row", { hasText: "%%px" }).first();
  const editor = cell.locator(".monaco-editor").first();
  await editor.locator(".codelens-decoration a", { hasText: "Run on 4 engines" }).first().click();
  await window.paintedBehind(editor, "print('from a notebook')", /^✓ \[0-3\] from a notebook/);
  await window.screenshot("notebook");
});

step("Show Last Result goes to the cell of a notebook that is behind another tab", async () => {
  await window.openFromExplorer("tour.py");
  await window.editor("tour.py").waitFor();
  await window.command("pxlens: Show Last Result");
  await window.hoverSays("from a notebook");
  await window.screenshot("notebook-last-result");
  await window.page.keyboard.press("Escape");
});

step("Clear Outputs takes away what is painted in a notebook", async () => {
  const editor = window.page.locator(".notebook-editor .code-cell-row .monaco-editor").first();
  await window.paintedBehind(editor, "print('from a notebook')", "✓");
  await window.command("pxlens: Clear Outputs");
  await until("nothing to be painted", async () => (await window.painted(editor)).length === 0);
});
