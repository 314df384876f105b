/** The outputs panel in a real VS Code, on four real engines that plot. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";

import type { FrameLocator } from "playwright-core";

import { CLUSTER, session } from "./steps";
import { until } from "./until";
import { VSCode } from "./vscode";
import type { Window } from "./window";

let vscode: VSCode;
let window: Window;
/** What browsers print of what a policy forbids. */
const violations: string[] = [];

const step = session(() => window, "panel-failed");

before(async () => {
  vscode = await VSCode.start();
  window = await vscode.open("plots.py");
  window.page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) {
      violations.push(`${message.location().url}: ${message.text()}`);
    }
  });
});

after(async () => {
  await window.screenshot("panel-last");
  await window.close();
  await vscode.stop();
});

function panel(): FrameLocator {
  return window.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
}

async function summary(text: RegExp): Promise<void> {
  const said = panel().locator(".summary");
  await until(
    `the panel to say ${String(text)}`,
    async () => text.exec((await said.textContent()) ?? ""),
    60_000,
  );
}

/** What is focused in the panel, by its label or text. */
function focused(): Promise<string> {
  return panel()
    .locator("body")
    .evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute("aria-label") ?? (element as HTMLInputElement | null)?.value ?? "";
    });
}

step("the panel shows four plots and folds those that are alike", async () => {
  const editor = window.editor("plots.py");
  await window.clickLens(editor, "# %% Each engine draws", "Run (starts 4 local engines)");
  await window.paintedBehind(editor, "plt.show()", /^✓ \[0-3\]/, CLUSTER);
  await window.goTo(editor, "import matplotlib.pyplot");
  await window.command("pxlens: Show Outputs Panel");
  await summary(/^✓ \[0-3\] 4 engines · /);
  const plots = panel().locator(".plots article");
  await until("five plots", async () => (await plots.count()) === 5);
  assert.deepEqual(await plots.locator(".ranks").allTextContents(), ["[0]", "[1]", "[2]", "[3]", "[0-3]"]);
  const drawn = await plots.locator("img").evaluateAll((all) =>
    Promise.all(
      (all as HTMLImageElement[]).map(async (image) => {
        await image.decode();
        return image.naturalWidth;
      }),
    ),
  );
  assert.ok(
    drawn.every((width) => width > 100),
    String(drawn),
  );
  await window.screenshot("panel-plots");
});

step(
  "the panel names the line, and goes on to a newer run of its px cell while the cursor is on none",
  async () => {
    const editor = window.editor("plots.py");
    await panel().getByText("plots.py:2", { exact: true }).waitFor();
    // The cursor on a px cell that has not run.
    await window.goTo(editor, "import sys");
    await window.clickLens(editor, "# %% Each engine draws", "Run on 4 engines");
    await until("the newer run", async () => / r2$/.test((await panel().locator("h1").textContent()) ?? ""));
    await summary(/^✓ \[0-3\] 4 engines · /);
    // On its marker, the cursor is in the cell.
    await window.goTo(editor, "# %% Each engine draws");
    await window.command("pxlens: Run Px Cell");
    await until("the newest run", async () => / r3$/.test((await panel().locator("h1").textContent()) ?? ""));
    await summary(/^✓ \[0-3\] 4 engines · /);
  },
);

step("the key that opened the panel goes to it when it is pressed again", async () => {
  const { keyboard } = window.page;
  await window.goTo(window.editor("plots.py"), "import matplotlib.pyplot");
  await keyboard.press("Control+Alt+Shift+Enter");
  await until("the focus in the panel", () =>
    window.page.evaluate(() => document.activeElement?.tagName === "IFRAME"),
  );
});

step("what is chosen can be told from what is not, in high contrast too", async () => {
  const marks = (): Promise<[string, boolean, boolean, boolean][]> =>
    panel()
      .locator("input[type=radio], input[type=checkbox]")
      .evaluateAll((all) =>
        (all as HTMLInputElement[]).map((input) => {
          const { borderTopColor, backgroundColor } = getComputedStyle(input);
          const mark = getComputedStyle(input, "::before");
          const isMarked = mark.content !== "none" && mark.backgroundColor !== backgroundColor;
          return [input.value, input.checked, isMarked, borderTopColor !== backgroundColor];
        }),
      );
  for (const theme of ["Default High Contrast", "Default Light Modern"]) {
    await window.setInWorkspace({ "workbench.colorTheme": theme });
    await until(`the theme ${theme} in the panel`, () =>
      panel()
        .locator("body")
        .evaluate(
          (body, dark) => body.classList.contains("vscode-high-contrast") === dark,
          theme.includes("High"),
        ),
    );
    const all = await marks();
    assert.equal(all.length, 5);
    for (const [name, isChosen, isMarked, hasBorder] of all) {
      assert.deepEqual([isMarked, hasBorder], [isChosen, true], `${name} in ${theme}`);
    }
    await window.screenshot(`panel-choices-${theme.includes("High") ? "contrast" : "light"}`);
  }
});

step("the keyboard alone switches the grouping and walks through the cards", async () => {
  const { keyboard } = window.page;
  await panel().locator('input[value="fold"]').focus();
  await keyboard.press("ArrowRight");
  await until("grouping by type", () => panel().locator('input[value="type"]').isChecked());
  await panel().locator("section h2", { hasText: "displays" }).waitFor();
  await keyboard.press("ArrowRight");
  const engines = panel().locator("[data-kind=block] .ranks");
  await until(
    "a block for each engine",
    async () => (await engines.allTextContents()).join() === "[0],[1],[2],[3]",
  );
  assert.equal(await focused(), "engine", "the focus stays where it was");
  // From the radio buttons on to the cards, with Tab alone.
  for (let presses = 0; !(await focused()).startsWith("Engines [0]"); presses++) {
    assert.ok(presses < 20, `Tab does not lead to the cards but to ${await focused()}`);
    await keyboard.press("Tab");
  }
  await keyboard.press("ArrowDown");
  assert.equal(await focused(), "Engines [1]");
  await keyboard.press("End");
  assert.match(await focused(), /^Plot of engines \[0-3\]/);
  const outline = await panel()
    .locator("article:focus")
    .evaluate((element) => getComputedStyle(element).outlineStyle);
  assert.equal(outline, "solid");
  await keyboard.press("Enter");
  await panel().locator("article.large").waitFor();
  await window.screenshot("panel-keyboard");
  await keyboard.press("Home");
  assert.equal(await focused(), "Engines [0]");
  await panel().locator('input[value="engine"]').focus();
  await keyboard.press("ArrowLeft");
  await keyboard.press("ArrowLeft");
  await panel().locator("[data-kind=block] .ranks", { hasText: "[0-3]" }).waitFor();
});

step("the panel follows the cursor, and shows HTML in a frame where nothing runs", async () => {
  const editor = window.editor("plots.py");
  await window.clickLens(editor, "# %% A table that all show", "Run on 4 engines");
  await window.goTo(editor, "from IPython.display");
  const frame = panel().locator("[data-kind=table] iframe");
  await frame.waitFor({ timeout: 60_000 });
  assert.equal(await frame.getAttribute("sandbox"), "");
  await panel().frameLocator("[data-kind=table] iframe").locator("td", { hasText: "41" }).waitFor();
  await panel().locator(".stderr", { hasText: "careful" }).waitFor();
  await window.screenshot("panel-table");
});

step("a traceback has links to the cell and to files, and nothing of engines is markup", async () => {
  const editor = window.editor("plots.py");
  await window.page.keyboard.press("Control+End");
  await window.clickLens(editor, "# %% A call into a file", "Run on 4 engines");
  await window.goTo(editor, "import json");
  await summary(/^✗ \[0-3\] 1 of 4 failed/);
  await panel().locator(".stdout", { hasText: "<img src=x onerror=alert(1)>" }).first().waitFor();
  assert.equal(await panel().locator("section.plots").isVisible(), false);
  await window.screenshot("panel-error");
  await panel().locator("[data-kind=error] .link", { hasText: "Cell In[" }).first().click();
  const position = window.page.locator('[id="status.editor.selection"]');
  await until("the cursor on the line that raised", async () =>
    (await position.textContent())?.includes("Ln 26"),
  );
  await panel().locator("[data-kind=error] .link", { hasText: "decoder.py" }).first().click();
  await window.closeTabsOnceRead("decoder.py");
});

step("what is typed into the filter leaves the cards that have it", async () => {
  await panel().locator('input[type="search"]').fill("decodeerror");
  await until("one card", async () => (await panel().locator("article:visible").count()) === 1);
  await panel().locator('input[type="search"]').fill("");
  await until("all cards", async () => (await panel().locator("article:visible").count()) > 1);
});

step(
  "a cell runs again on the engines that failed, is compared, and runs on the first engine first",
  async () => {
    const editor = window.editor("plots.py");
    await window.goTo(editor, "import json");
    await window.command("pxlens: Re-run on Failed Engines");
    await summary(/^✗ \[1\] /);
    await panel().getByRole("button", { name: "Compare" }).click();
    await window.page
      .locator(".monaco-editor .view-line", { hasText: /compared.with/ })
      .first()
      .waitFor();
    await window.screenshot("panel-compared");
    await window.closeTabs("compared-with-");
    await window.page.locator('.tabs-container .tab[aria-label^="plots.py"]').first().click();
    await window.goTo(editor, "import json");
    await window.command("pxlens: Run on One Engine First");
    await summary(/^✗ \[0-3\] 1 of 4 failed/);
  },
);

step("a run is exported, and an image saved, to files that the user names", async () => {
  await window.goTo(window.editor("plots.py"), "import json");
  await window.command("pxlens: Export Run");
  // What is chosen leads from one quick input to the next, so that none is ever hidden.
  await window.page.locator('.quick-input-list .monaco-list-row[aria-label^="Markdown"]').first().click();
  const report = await window.saveAs(/run-\d+\.md$/);
  assert.match(readFileSync(report, "utf8"), /JSONDecodeError/);
  await window.page.keyboard.press("Control+Home");
  await window.goTo(window.editor("plots.py"), "import matplotlib.pyplot");
  await panel().locator(".plots article").nth(4).getByRole("button").click();
  const image = await window.saveAs(/run-3-engines-0-3-2\.png$/);
  assert.deepEqual([...readFileSync(image).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  await window.page.keyboard.press("Control+Home");
  await window.goTo(window.editor("plots.py"), "import json");
  await summary(/^✗ \[0-3\] 1 of 4 failed/);
});

step("the whole output, and what one engine wrote, open in tabs that cannot be written", async () => {
  await panel().getByRole("button", { name: "Whole output" }).click();
  const tab = window.page.locator('.tabs-container .tab[aria-label^="fold.txt"]').first();
  await tab.waitFor();
  const text = window.page.locator('.monaco-editor[data-uri^="px-output:"]').first();
  await text.locator(".view-line", { hasText: "JSONDecodeError" }).first().waitFor();
  await window.screenshot("panel-whole");
  // The page is made anew when it is seen again.
  await window.page.locator('.tabs-container .tab[aria-label^="Outputs"]').first().click();
  await summary(/^✗ \[0-3\] 1 of 4 failed/);
  await panel().locator("select").selectOption("2");
  await panel().getByRole("button", { name: "Raw", exact: true }).click();
  await window.closeTabsOnceRead("raw-2.txt");
  // It may have opened beside the panel, where no other tab takes its place.
  await window.closeTabs("fold.txt");
  await window.page.locator('.tabs-container .tab[aria-label^="plots.py"]').first().click();
});

step("a run that goes on is followed until it is stopped", async () => {
  const editor = window.editor("plots.py");
  await window.page.keyboard.press("Control+End");
  await window.clickLens(editor, "# %% A run that goes on", "Run on 4 engines");
  await window.goTo(editor, "for step in");
  await summary(/^⏳ \[0-3\] /);
  const text = panel().locator("[data-kind=block] pre").first();
  const seen = new Set<string>();
  await until("three states of the run", async () => {
    const lines = (await text.textContent())?.split("\n") ?? [];
    seen.add(lines[lines.length - 1] ?? "");
    return seen.size >= 3;
  });
  await panel().getByRole("button", { name: "Interrupt" }).click();
  await summary(/^✗ \[0-3\] /);
});

step("a link of the hover opens the panel for that run, which stays when the cursor moves", async () => {
  const editor = window.editor("plots.py");
  await window.closeTabs("Outputs");
  await window.goTo(editor, "import time");
  await window.command("pxlens: Show Last Result");
  await window.hoverSays("Outputs panel");
  await window.page.locator(".monaco-hover:not(.hidden) a", { hasText: "Outputs panel" }).first().click();
  await summary(/^✗ \[0-3\] /);
  assert.equal(await panel().getByLabel("Follow the cursor").isChecked(), false);
  assert.equal(await panel().getByRole("button", { name: "Interrupt" }).isVisible(), false);
  await window.page.keyboard.press("Escape");
  await window.page.keyboard.press("Control+Home");
  await window.goTo(editor, "import matplotlib.pyplot");
  // With the focus in the panel, no editor is active.
  await panel().locator("h1").click();
  await panel().getByLabel("Follow the cursor").check();
  await until("the run at the cursor", async () => (await panel().locator(".plots article").count()) === 5);
});

step("a run that is not the newest of its px cell says so, and leads to that one", async () => {
  const editor = window.editor("plots.py");
  const runs = async (): Promise<void> => {
    await window.goTo(editor, "for line in");
    await window.command("pxlens: Run Px Cell");
  };
  await window.goTo(editor, "import matplotlib.pyplot");
  await window.page.keyboard.press("Control+End");
  await runs();
  await panel().getByText("plots.py:37", { exact: true }).waitFor();
  await summary(/^✓ \[0-3\] /);
  await panel().getByLabel("Follow the cursor").uncheck();
  await runs();
  await panel().getByText("An earlier run: the newest of this px cell is r").waitFor();
  await window.screenshot("panel-earlier");
  await panel().getByRole("button", { name: "Show newest" }).click();
  await panel().getByText("An earlier run").waitFor({ state: "hidden" });
  await panel().getByLabel("Follow the cursor").check();
  await summary(/^✓ \[0-3\] /);
});

step("the filter says what it cannot search, and leads to the whole output", async () => {
  await panel().locator('input[type="search"]').fill("needle");
  await panel()
    .getByText(/^Not searched, since not shown: [\d,]+ lines \(/)
    .waitFor();
  await window.screenshot("panel-not-searched");
  await panel().getByRole("button", { name: "Search the whole output" }).click();
  await window.closeTabsOnceRead("fold.txt");
  await panel().locator('input[type="search"]').fill("");
  await panel().getByText("Not searched").waitFor({ state: "hidden" });
});

step("the panel follows a run whose file is closed to its end, and stops it", async () => {
  const editor = window.editor("plots.py");
  // Another tab beside it keeps its group, and so the panel alone in the other one.
  await window.page.locator('.tabs-container .tab[aria-label^="plots.py"]').first().click();
  await window.openFromExplorer("tour.py");
  await window.page.locator('.tabs-container .tab[aria-label^="plots.py"]').first().click();
  await window.goTo(editor, "for line in");
  await window.clickLens(editor, "# %% A run that goes on", "Run on 4 engines");
  await window.goTo(editor, "for step in");
  await summary(/^⏳ \[0-3\] /);
  await window.closeTabs("plots.py");
  await editor.waitFor({ state: "detached" });
  await panel().locator("h1").click();
  await window.page.keyboard.press("Control+Alt+Shift+Backspace");
  await summary(/^✗ \[0-3\] /);
  await window.page.locator('.tabs-container .tab[aria-label^="tour.py"]').first().click();
  await window.openFromExplorer("plots.py");
});

step("the panel is there again when the window is loaded again, and shows what runs then", async () => {
  await window.openAgain("pxlens.outputs", "plots.py");
  await panel().getByText("No px cell has run yet.").waitFor({ timeout: 60_000 });
  const editor = window.editor("plots.py");
  await window.page.locator('.tabs-container .tab[aria-label^="plots.py"]').first().click();
  await window.page.keyboard.press("Control+Home");
  await window.clickLens(editor, "# %% Each engine draws", "Run on 4 engines");
  await summary(/^✓ \[0-3\] /);
});

step("nothing that the panel did was against its policy, which is in force", async () => {
  assert.deepEqual(violations, []);
  await panel()
    .locator("body")
    .evaluate(() => {
      new Image().src = "https://example.org/pixel.png";
    });
  await until("a violation", () => Promise.resolve(violations.length > 0));
});
