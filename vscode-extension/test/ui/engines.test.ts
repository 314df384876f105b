/** The engines view on a real cluster: started from the welcome, watched at work, an engine killed, and stopped. */

import assert from "node:assert/strict";
import { after, before } from "node:test";

import type { Locator } from "playwright-core";

import { CLUSTER, session } from "./steps";
import { until } from "./until";
import { VSCode } from "./vscode";
import { plain, type Window } from "./window";

let vscode: VSCode;
let window: Window;

const step = session(() => window, "engines-failed");

before(async () => {
  vscode = await VSCode.start();
  window = await vscode.open("slow.py");
});

after(async () => {
  await window.close();
  await vscode.stop();
});

function sidebar(): Locator {
  return window.page.locator(".part.sidebar");
}

function row(label: string): Locator {
  return sidebar().locator(".monaco-list-row", { hasText: label }).first();
}

/** Waits until the lines of the view, each with its words, are as wanted. */
function lines(
  what: string,
  fits: (lines: string[]) => boolean,
  patience?: number,
): Promise<NonNullable<string[] | undefined>> {
  return until(
    what,
    async () => {
      const all = (await sidebar().locator(".monaco-list-row").allTextContents()).map(plain);
      if (!fits(all)) throw new Error(JSON.stringify(all));
      return all;
    },
    patience,
  );
}

function welcome(): Locator {
  return sidebar().locator(".welcome-view .monaco-button", { hasText: "Start a Local Cluster" });
}

step("the welcome of the engines view starts a cluster with one click, and no message is shown", async () => {
  await window.statusSays("no cluster", CLUSTER);
  await window.page.locator('.activitybar .action-item a[aria-label^="pxlens"]').first().click();
  await welcome().waitFor();
  await window.screenshot("engines-welcome");
  await welcome().click();
  await lines("a cluster that starts", (all) => all.some((line) => line.includes("starting")));
  const up = await lines(
    "4 engines",
    (all) => all.filter((line) => /Engine \d/.test(line)).length === 4,
    CLUSTER,
  );
  assert.match(up[0] ?? "", /^Local cluster.*4 engines/);
  await window.statusSays("4 engines");
  assert.equal(await window.page.locator(".notification-list-item").count(), 0);
  await window.screenshot("engines");
});

step("engines at work say on what, and are interrupted from the palette", async () => {
  const editor = window.editor("slow.py");
  await window.clickLens(editor, "# %% A cell that takes long", "Run on 4 engines");
  await lines(
    "the px cell beside each engine",
    (all) => all.filter((line) => /Engine \d.*%%px/.test(line)).length === 4,
  );
  await window.statusSays("4/4 busy");
  await window.screenshot("engines-busy");
  await window.command("pxlens: Interrupt Engines");
  await lines(
    "what they raised",
    (all) => all.filter((line) => /Engine \d.*interrupted/.test(line)).length === 4,
  );
  await window.statusSays("4 engines");
});

const LOST = '%%px\nimport time\nprint("lost", flush=True)\nwhile True: time.sleep(0.01)\n';

step("what a lost shell left running says so, and is interrupted after asking", async () => {
  await vscode.loseShell(LOST, "lost\\n", 4);
  const forOthers = (all: string[]): number =>
    all.filter((line) => /Engine \d.*busy for another window or shell of yours/.test(line)).length;
  await lines("for whom the engines work", (all) => forOthers(all) === 4);
  await window.command("pxlens: Interrupt Engines");
  const dialog = window.page.locator(".monaco-dialog-box");
  await dialog.getByText("Engines 0, 1, 2, 3 work for another window or shell of yours").first().waitFor();
  await window.screenshot("engines-lost");
  await dialog
    .locator(".monaco-button", { hasText: /^Interrupt$/ })
    .first()
    .click();
  await lines("engines that are free", (all) => forOthers(all) === 0);
  // Without a question, since that is what the command says.
  await vscode.loseShell(LOST, "lost\\n", 4);
  await lines("for whom the engines work again", (all) => forOthers(all) === 4);
  await window.command("pxlens: Interrupt Everything of Mine");
  await lines("engines that are free again", (all) => forOthers(all) === 0);
});

step("an engine that is killed leaves the view", async () => {
  // A row that is drawn anew takes its hover away, and a mouse that rests brings none back.
  const said = await until("the hover of an engine", async () => {
    await row("Engine 0").hover();
    await row("Engine 2").hover();
    return window.hoverSays(/pid \d+/, 3_000);
  });
  const pid = Number(/pid (\d+)/.exec(said)?.[1]);
  await window.page.keyboard.press("Escape");
  process.kill(pid, "SIGKILL");
  const left = await lines(
    "3 engines",
    (all) => all.filter((line) => /Engine \d/.test(line)).length === 3,
    60_000,
  );
  assert.ok(!left.some((line) => line.includes("Engine 2")), left.join("; "));
  await window.statusSays("3 engines");
  await window.screenshot("engines-killed");
});

step("a cluster is stopped after asking, and the welcome is back", async () => {
  await window.command("pxlens: Stop Cluster…");
  await window.pick("", "Local cluster");
  await window.page
    .locator(".monaco-dialog-box .monaco-button", { hasText: /^Stop$/ })
    .first()
    .click();
  await welcome().waitFor({ timeout: 60_000 });
  await window.statusSays("no cluster");
});
