/** A script in a real VS Code, on four real engines: from the first click to a window that is opened again. */

import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { until } from "./until";
import { VSCode } from "./vscode";
import { plain, type Window } from "./window";

/** Starting a cluster takes as long as Python takes to import ipyparallel six times. */
const CLUSTER = 120_000;

let vscode: VSCode;
let window: Window;
let failed: string | undefined;

/** A step of one session: what follows one that failed has nothing to stand on. */
function step(name: string, body: () => Promise<void>): void {
  test(name, async (context) => {
    if (failed !== undefined) {
      context.skip(`"${failed}" failed`);
      return;
    }
    try {
      await body();
    } catch (error) {
      failed = name;
      await window.screenshot("failed");
      throw error;
    }
  });
}

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
  await lens.first().waitFor({ timeout: 20_000 });
  await window.statusSays("no cluster");
  await (await window.lensOf(editor, "# %% What all engines print alike", "Run (starts")).click();
  await window.paintedBehind(editor, "%%px", /^✓ \[0-3\] ready/, CLUSTER);
  await window.statusSays(/4 engines/);
  await window.screenshot("first-run");
});

step("running all paints one line beside each px cell, in the colour of how it went", async () => {
  const editor = window.editor("tour.py");
  await window.command("pxlens: Run All Px Cells");
  const ok = await window.paintedBehind(editor, "%px rank ** 2", "✓");
  await window.page.keyboard.press("Control+End");
  const failed = await window.paintedBehind(editor, "%%px", /✗ \[1\] TypeError/, 60_000);
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
  await window.paintedBehind(editor, "%%px", /engine/);
  const line = editor.locator('.view-line:has(span[class*="ced-"])').nth(1);
  const end = await until("the line", () => line.locator('span[class*="ced-"]').last().boundingBox());
  await window.page.mouse.move(end.x + end.width - 40, end.y + end.height / 2);
  assert.match(await window.hoverSays("engine 0 of four"), /engine 3 of four/);
  await window.screenshot("card");
  await window.page.keyboard.press("Escape");
});

step(
  "what is painted moves with its line, dims when the code changes, and is fresh again after undo",
  async () => {
    const editor = window.editor("tour.py");
    const fresh = await window.paintedBehind(editor, "%%px", "ready");
    await window.goTo(editor, "rank = get_ipython()");
    await window.page.keyboard.type("print('more')\n");
    const stale = await until("a stale line", async () => {
      const all = await window.painted(editor);
      return all.find(({ after, style }) => after.includes("ready") && style === "italic");
    });
    assert.ok(stale.line.startsWith("%%px"));
    assert.notEqual(stale.color, fresh.color);
    await window.screenshot("stale");
    for (let n = 0; n < 3; n++) await window.page.keyboard.press("Control+Z");
    await until("it to be fresh again", async () => {
      const all = await window.painted(editor);
      return all.find(({ after, style }) => after.includes("ready") && style === "normal");
    });
    await window.page.keyboard.press("Control+Home");
    await window.page.keyboard.type("#\n#\n#\n");
    const all = await window.painted(editor);
    assert.deepEqual([...new Set(all.map(({ line }) => line.slice(0, 3)))].sort(), ["%%p", "%px"]);
    for (let n = 0; n < 3; n++) await window.page.keyboard.press("Control+Z");
  },
);

step("density tick leaves a mark, and line brings the words back", async () => {
  const editor = window.editor("tour.py");
  vscode.set({ "pxlens.density": "tick" });
  await window.paintedBehind(editor, "%%px", /^✓$/);
  await window.screenshot("ticks");
  vscode.set({});
  await window.paintedBehind(editor, "%%px", "ready");
});

step("Run On runs on the engines that are typed, and remembers them", async () => {
  const editor = window.editor("tour.py");
  await window.goTo(editor, 'print("ready")');
  await window.command("pxlens: Run Px Cell On…");
  await window.pick("1-2", "1-2");
  await window.paintedBehind(editor, "%%px", /^✓ \[1-2\] ready/);
  await window.command("pxlens: Run Px Cell On…");
  await window.pick("", "1-2");
  await window.paintedBehind(editor, "%%px", /^✓ \[1-2\] ready/);
});

step("Run and Advance runs, and the cursor is in the next px cell", async () => {
  const editor = window.editor("tour.py");
  await window.goTo(editor, 'print("ready")');
  await window.page.keyboard.press("Shift+Alt+Enter");
  await window.paintedBehind(editor, "%%px", /^✓ \[0-3\] ready/);
  const position = window.page.locator('[id="status.editor.selection"]');
  const next = await editor.evaluate((root) => {
    const lines = [...root.querySelectorAll<HTMLElement>(".view-line")];
    lines.sort((a, b) => Number.parseFloat(a.style.top) - Number.parseFloat(b.style.top));
    return lines.filter((line) => line.textContent.startsWith("%%px")).length;
  });
  assert.ok(next >= 2);
  await until("the cursor in the next cell", async () =>
    (await position.textContent())?.includes("Ln 18, Col 1"),
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
  // Nothing runs.
  assert.ok(!offered.some((label) => label.startsWith("pxlens: Interrupt")));
});

step("a console on an engine opens in a terminal", async () => {
  await window.command("pxlens: Open Console on Engine…");
  await window.pick("Engine 2", "Engine 2");
  const terminal = window.page.locator(".part.panel .terminal-tabs-entry, .part.panel .single-terminal-tab");
  await until(
    "the terminal",
    async () => /engine 2/.test((await terminal.first().textContent()) ?? ""),
    60_000,
  );
  await window.screenshot("console");
  await window.command("Terminal: Kill All Terminals");
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
  await (await window.lensOf(editor, "# %% A cell that takes long", "Run on 4 engines")).click();
  await window.paintedBehind(editor, "%%px", /waiting on \[0-3\]/);
  await window.statusSays("4/4 busy");
  await window.screenshot("running");
  await window.goTo(editor, "for step in");
  await window.command("pxlens: Interrupt");
  await window.paintedBehind(editor, "%%px", /✗|interrupted/i);
  await window.statusSays(/4 engines/);
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
  await (await window.lensOf(editor, "# %% What an earlier window left", "Run on 4 engines")).waitFor();
});

step("a window that is opened again finds the cluster with its variables", async () => {
  const workspace = join(window.workspace, "slow.py");
  appendFileSync(workspace, "\n# %%\n%px kept = 100\n");
  const editor = window.editor("slow.py");
  await (await window.lensOf(editor, "%px kept = 100", "Run on 4 engines")).click();
  await window.paintedBehind(editor, "%px kept = 100", "✓");
  await window.page.reload({ waitUntil: "domcontentloaded" });
  await window.page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout: 20_000 });
  await window.openFromExplorer("slow.py");
  const again = window.editor("slow.py");
  const lens = await window.lensOf(again, "# %% What an earlier window left", "Run on 4 engines");
  await lens.click();
  await window.paintedBehind(again, "%%px", /kept/);
  const line = await window.paintedBehind(again, "%%px", /kept/);
  assert.match(plain(line.after), /✓/);
  await window.screenshot("reloaded");
});
