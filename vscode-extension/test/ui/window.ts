/** A window of VS Code, in the words of somebody who uses it: what one clicks, types and reads. */

import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

import type { Browser, BrowserContext, Locator, Page } from "playwright-core";

import { screenshots } from "./surroundings";
import { until } from "./until";

/** What is painted behind a line of text. */
export type Painted = { line: string; after: string; style: string; color: string };

/** VS Code draws blanks as U+00A0. */
export function plain(text: string | null): string {
  return (text ?? "").replaceAll("\u00a0", " ");
}

export class Window {
  private constructor(
    private readonly context: BrowserContext,
    readonly page: Page,
    readonly workspace: string,
  ) {}

  static async open(browser: Browser, url: string, workspace: string, file: string): Promise<Window> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    const page = await context.newPage();
    page.setDefaultTimeout(90_000);
    const host = new URL(url).host;
    const payload = file.endsWith(".ipynb")
      ? []
      : [["openFile", `vscode-remote://${host}${join(workspace, file)}`]];
    const query = new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) });
    await page.goto(`${url}/?${query.toString()}`, { waitUntil: "domcontentloaded" });
    const window = new Window(context, page, workspace);
    await page.locator(".monaco-workbench .part.statusbar").waitFor();
    if (file.endsWith(".ipynb")) await window.openFromExplorer(file);
    return window;
  }

  /** Closes it, and opens the folder again as it was left, with editors open that have these words in their names. */
  async openAgain(...words: string[]): Promise<void> {
    // VS Code saves every few seconds which editors are open, and what is not saved when it is closed is lost.
    await until(`${words.join(" and ")} to be saved`, () => this.page.evaluate(areSaved, words));
    const url = new URL(this.page.url());
    // What it was opened with takes the place of what was open.
    url.searchParams.delete("payload");
    await this.page.goto(url.href, { waitUntil: "domcontentloaded" });
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor();
  }

  close(): Promise<void> {
    return this.context.close();
  }

  /** Keeps what one sees. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await this.page.screenshot({ path: join(screenshots, `${name}.png`), animations: "disabled" });
  }

  editor(file: string): Locator {
    return this.page.locator(`.editor-instance .monaco-editor[data-uri$="/${file}"]`).first();
  }

  async openFromExplorer(file: string): Promise<void> {
    const files = this.page.locator(".explorer-folders-view");
    await files.locator(`.monaco-list-row[aria-label^="${file}"]`).dblclick();
    await this.page.locator(`.tabs-container .tab[aria-label^="${file}"]`).first().waitFor();
  }

  /** The status bar item of the extension. */
  status(): Locator {
    return this.page.locator('[id="pxlens.pxlens.status"]');
  }

  async statusSays(text: string | RegExp, patience?: number): Promise<void> {
    await until(
      `the status bar to say ${text}`,
      async () => {
        const said = await this.status().textContent();
        if (!said?.match(text)) throw new Error(`it says ${said ?? "nothing"}`);
        return true;
      },
      patience,
    );
  }

  /** Runs a command of the palette. */
  async command(title: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget:visible .quick-input-box input");
    // Behind the title may stand its keys; another command may only begin with it.
    const labels = [`[aria-label="${title}"]`, `[aria-label^="${title}, "]`];
    const rows = labels.map((label) => `.quick-input-list .monaco-list-row${label}`);
    const row = this.page.locator(rows.join(", ")).first();
    await until(`the command ${title}`, async () => {
      // It closes when the focus moves on, as when a panel that was clicked takes it late: each try begins anew.
      if (await input.isVisible()) await this.page.keyboard.press("Escape");
      await this.page.keyboard.press("F1");
      await input.fill(`>${title}`, { timeout: 10_000 });
      await row.click({ timeout: 20_000 });
      return true;
    });
  }

  /** Takes back what was typed since the file was saved. */
  async undoAll(file: string): Promise<void> {
    const tab = this.page.locator(`.tabs-container .tab[aria-label^="${file}"]`).first();
    await until("nothing to undo", async () => {
      if (!(await tab.getAttribute("class"))?.includes("dirty")) return true;
      await this.page.keyboard.press("Control+Z");
      return false;
    });
  }

  /** Writes the settings of the workspace, as a user does. */
  async setInWorkspace(settings: Record<string, unknown>): Promise<void> {
    await this.command("Preferences: Open Workspace Settings (JSON)");
    const tab = this.page.locator('.tabs-container .tab[aria-label^="settings.json"]');
    await tab.waitFor();
    const editor = this.editor("settings.json");
    await editor.locator(".view-line").first().click();
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.insertText(JSON.stringify(settings));
    await this.page.keyboard.press("Control+S");
    await until(
      "the settings to be saved",
      async () => !(await tab.getAttribute("class"))?.includes("dirty"),
    );
    await this.closeTabs("settings.json");
  }

  /** Closes the tabs whose names begin with this, whichever editor has the focus: one that opens takes it late. */
  async closeTabs(name: string): Promise<void> {
    const tabs = this.page.locator(`.tabs-container .tab[aria-label^="${name}"]`);
    await until(`no tab ${name}`, async () => {
      if ((await tabs.count()) === 0) return true;
      await tabs.first().hover({ timeout: 10_000 });
      await tabs.first().locator(".tab-actions .action-label").first().click({ timeout: 10_000 });
      return false;
    });
    // The tab that is under the mouse now would show its name over what is below it.
    await this.page.mouse.move(0, 0);
  }

  /** The same, once its text is there: VS Code brings a tab back that is closed while it is still being opened. */
  async closeTabsOnceRead(name: string): Promise<void> {
    await this.page
      .locator(`.editor-instance .monaco-editor[data-uri*="${name}"] .view-line`)
      .first()
      .waitFor();
    await this.closeTabs(name);
  }

  /** Types into the quick pick that is open, and takes what comes first. */
  async pick(text: string, first: string): Promise<void> {
    const widget = this.page.locator(".quick-input-widget:visible");
    await widget.locator(".quick-input-box input").fill(text);
    const row = widget.locator(".monaco-list-row").first();
    await until(`${first} to be offered first`, async () =>
      (await row.getAttribute("aria-label"))?.startsWith(first),
    );
    await this.page.keyboard.press("Enter");
    await widget.waitFor({ state: "hidden" });
  }

  /** Takes the name that a dialog for saving offers, and waits for the file. */
  async saveAs(name: RegExp): Promise<string> {
    const input = this.page.locator(".quick-input-widget:visible .quick-input-box input");
    const file = await until(`a dialog that offers ${name}`, async () => {
      const offered = await input.inputValue();
      return name.test(offered) ? offered : undefined;
    });
    await input.press("Enter");
    await until(`the file ${file}`, () => Promise.resolve(existsSync(file) && statSync(file).size > 0));
    return file;
  }

  /** The titles of the palette's commands that begin with this. */
  async offered(title: string): Promise<string[]> {
    await this.page.keyboard.press("F1");
    await this.page.locator(".quick-input-widget:visible .quick-input-box input").fill(`>${title}`);
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    const labels = await until("the palette", async () => {
      const labels = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("aria-label") ?? ""));
      return labels.length > 0 ? labels : undefined;
    });
    await this.page.keyboard.press("Escape");
    return labels;
  }

  /** Puts the cursor at the beginning of a line. */
  async goTo(editor: Locator, line: string): Promise<void> {
    await editor
      .locator(".view-line", { hasText: line })
      .first()
      .click({ position: { x: 2, y: 8 } });
    await this.page.keyboard.press("Home");
  }

  /** Where the lens with this title is, right below the line with that text, once it stays there. */
  private async lensBelow(
    editor: Locator,
    heading: string,
    title: string,
  ): Promise<{ x: number; y: number }> {
    const lenses = editor.locator(".codelens-decoration a", { hasText: title });
    const line = editor.locator(".view-line", { hasText: heading }).first();
    let seen = "";
    return until(`the lens ${title} below ${heading}`, async () => {
      const top = await line.evaluate((element) => element.getBoundingClientRect().top);
      const boxes = await lenses.evaluateAll((all) =>
        all.map((lens) => {
          const { x, y, width, height } = lens.getBoundingClientRect();
          return { x: x + width / 2, y: y + height / 2, top: y };
        }),
      );
      const found = boxes.find((box) => box.top > top && box.top < top + 40);
      const before = seen;
      seen = JSON.stringify(found ?? boxes);
      return found && before === seen ? found : undefined;
    });
  }

  async waitForLens(editor: Locator, heading: string, title: string): Promise<void> {
    await this.lensBelow(editor, heading, title);
  }

  async clickLens(editor: Locator, heading: string, title: string): Promise<void> {
    // Lenses that come in move the lines below them: what is clicked is what the mouse is over.
    const hovered = editor.locator(".codelens-decoration a:hover", { hasText: title });
    await until(`the mouse over "${title}"`, async () => {
      const { x, y } = await this.lensBelow(editor, heading, title);
      await this.page.mouse.move(x, y);
      return (await hovered.count()) > 0;
    });
    await this.page.mouse.down();
    await this.page.mouse.up();
  }

  /** Everything that is painted at line ends, from top to bottom. */
  painted(editor: Locator): Promise<Painted[]> {
    return editor.evaluate((root) => {
      // The computed content is a CSS string: quotes, and escapes such as `\a0 `.
      const unquoted = (css: string): string =>
        css === "none" || css === "normal"
          ? ""
          : css
              .slice(1, -1)
              .replace(/\\([0-9a-f]{1,6}) ?|\\(.)/gi, (_, hex: string, escaped: string) =>
                hex ? String.fromCodePoint(Number.parseInt(hex, 16)) : escaped,
              );
      const lines = [...root.querySelectorAll<HTMLElement>(".view-line")];
      lines.sort((a, b) => Number.parseFloat(a.style.top) - Number.parseFloat(b.style.top));
      return lines.flatMap((line) =>
        [...line.querySelectorAll('span[class*="ced-"]')]
          .map((span) => getComputedStyle(span, "::after"))
          .filter((css) => unquoted(css.content) !== "")
          .map((css) => ({
            line: line.textContent.replaceAll("\u00a0", " "),
            after: unquoted(css.content).replaceAll("\u00a0", " "),
            style: css.fontStyle,
            color: css.color,
          })),
      );
    });
  }

  /** Waits until a line has something painted behind it that fits, and gives that. */
  paintedBehind(editor: Locator, line: string, text: string | RegExp, patience?: number): Promise<Painted> {
    return until(
      `${text} behind ${line}`,
      async () => {
        const all = await this.painted(editor);
        const found = all.find((one) => one.line.startsWith(line) && one.after.match(text));
        if (!found) throw new Error(JSON.stringify(all));
        return found;
      },
      patience,
    );
  }

  /** The text of the hover that is open, when it holds this. */
  async hoverSays(text: string | RegExp, patience?: number): Promise<string> {
    const hover = this.page.locator(".monaco-hover:not(.hidden) .monaco-hover-content:visible");
    return until(
      `a hover that says ${text}`,
      async () => {
        const all = (await hover.allTextContents()).map(plain);
        const found = all.find((one) => one.match(text));
        if (found === undefined) throw new Error(JSON.stringify(all));
        return found;
      },
      patience,
    );
  }

  /** Moves the mouse over what is painted behind a line, and gives the text of the hover there, when it holds this. */
  hoverOverPainted(editor: Locator, line: string, text: string | RegExp): Promise<string> {
    const spans = editor.locator(".view-line", { hasText: line }).locator('span[class*="ced-"]');
    return until(`a hover behind ${line} that says ${text}`, async () => {
      // A hover that is open stays as it is while the mouse does.
      await this.page.keyboard.press("Escape");
      await this.page.mouse.move(0, 0);
      const end = await spans.last().boundingBox();
      if (!end) throw new Error("nothing is painted there");
      await this.page.mouse.move(end.x + end.width - 40, end.y + end.height / 2);
      return this.hoverSays(text, 3_000);
    });
  }

  /** Clicks a link of the hover that is open. */
  async clickInHover(link: string): Promise<void> {
    const hover = this.page.locator(".monaco-hover:not(.hidden) .monaco-hover-content:visible");
    await hover.getByText(link, { exact: true }).first().click();
  }

  /** A notification that says this. */
  notification(text: string): Locator {
    return this.page.locator(".notification-list-item", { hasText: text }).first();
  }
}

/** Whether what the workbench keeps in the browser of the editors that are open has these words. Runs in the page. */
async function areSaved(words: string[]): Promise<boolean> {
  const done = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        reject(request.error ?? new Error("IndexedDB"));
      };
    });
  for (const { name } of await indexedDB.databases()) {
    if (!name?.startsWith("vscode-web-state-db-")) continue;
    const database = await done(indexedDB.open(name));
    try {
      if (!database.objectStoreNames.contains("ItemTable")) continue;
      const items = database.transaction("ItemTable", "readonly").objectStore("ItemTable");
      const parts: unknown = await done(items.get("memento/workbench.parts.editor"));
      if (typeof parts === "string" && words.every((word) => parts.includes(word))) return true;
    } finally {
      database.close();
    }
  }
  return false;
}
