/**
 * Paints `outputs` into the visible editors: at the ends of lines, in the colours of the theme.
 *
 * A pass looks at every visible editor, hands VS Code only the styles that differ from what is there, and tells the server how far
 * it is. Passes are few (`pace.ts`) and small (`layout.ts`).
 */

import {
  DecorationRangeBehavior,
  type Disposable,
  Range,
  type TextDocument,
  type TextEditor,
  type TextEditorDecorationType,
  ThemeColor,
  window,
  workspace,
} from "vscode";

import {
  carried,
  type Density,
  differing,
  type Item,
  layout,
  type Layout,
  type Style,
  STYLES,
} from "./layout";
import type { Change, Outputs } from "./outputs";
import { Pace } from "./pace";
import { settings } from "./settings";

/** Farther right than any line's end; VS Code makes the end of the line of it. */
const LINE_END = 100_000;

export class Painter implements Disposable {
  private readonly types: ReadonlyMap<Style, TextEditorDecorationType>;
  private readonly shown = new WeakMap<TextEditor, Layout>();
  private readonly pace = new Pace();
  private readonly subscriptions: Disposable[];
  private density: Density = density();
  private timer: NodeJS.Timeout | undefined;
  private acknowledged = 0;

  constructor(
    private readonly outputs: Outputs,
    /** Hears of the last `seq` that is painted. */
    private readonly painted: (seq: number) => void,
  ) {
    this.types = new Map(STYLES.map((style) => [style, decorationType(style)]));
    this.subscriptions = [
      ...this.types.values(),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0 || document.languageId !== "python") return;
        this.edited(document, contentChanges.map(change));
      }),
      workspace.onDidCloseTextDocument((document) => {
        this.outputs.close(document.uri.toString());
      }),
      window.onDidChangeVisibleTextEditors(() => {
        this.repaint();
      }),
      window.onDidChangeTextEditorVisibleRanges(() => {
        this.repaint();
      }),
      workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration("pxlens.density")) return;
        this.density = density();
        this.repaint();
      }),
    ];
  }

  /** Has what changed painted, now or as soon as the pace allows. */
  repaint(): void {
    this.timer ??= setTimeout(() => {
      this.pass();
    }, this.pace.untilPass(Date.now()));
  }

  /** Forgets how far the last server was told. */
  reset(): void {
    this.acknowledged = 0;
    this.repaint();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.subscriptions) one.dispose();
  }

  private edited(document: TextDocument, changes: Change[]): void {
    this.outputs.edit(document.uri.toString(), document.version, changes);
    for (const editor of window.visibleTextEditors) {
      const shown = editor.document === document && this.shown.get(editor);
      if (shown) this.shown.set(editor, carried(shown, changes));
    }
    this.repaint();
  }

  private pass(): void {
    this.timer = undefined;
    const now = Date.now();
    this.pace.begin(now);
    for (const editor of window.visibleTextEditors) {
      const before = this.shown.get(editor) ?? new Map<Style, Item[]>();
      const after = this.layout(editor);
      const styles = differing(before, after);
      if (styles.length === 0) continue;
      // All styles of an editor or none, so that no line is there twice or flickers.
      const wait = this.pace.untilCalls(now, styles.length);
      if (wait > 0) {
        this.timer = setTimeout(() => {
          this.pass();
        }, wait);
        return;
      }
      this.pace.spend(now, styles.length);
      this.shown.set(editor, after);
      for (const style of styles) this.set(editor, style, after.get(style) ?? []);
    }
    if (this.outputs.seq > this.acknowledged) {
      this.acknowledged = this.outputs.seq;
      this.painted(this.acknowledged);
    }
  }

  private layout(editor: TextEditor): Layout {
    const visible = editor.visibleRanges.map(({ start, end }) => ({ first: start.line, last: end.line }));
    return layout(this.outputs.of(editor.document.uri.toString()), visible, this.density);
  }

  private set(editor: TextEditor, style: Style, items: Item[]): void {
    const type = this.types.get(style);
    if (!type) return;
    const options = items.map(({ line, text }) => ({
      range: new Range(line, LINE_END, line, LINE_END),
      renderOptions: { after: { contentText: text } },
    }));
    editor.setDecorations(type, options);
  }
}

function decorationType(style: Style): TextEditorDecorationType {
  return window.createTextEditorDecorationType({
    // What is typed at the end of the line comes before what is painted there.
    rangeBehavior: DecorationRangeBehavior.ClosedOpen,
    after: {
      margin: "0 0 0 2em",
      color: new ThemeColor(`pxlens.${style}Foreground`),
      ...(style === "stale" && { fontStyle: "italic" }),
    },
  });
}

function density(): Density {
  return settings().get<Density>("density", "line");
}

function change({ range, text }: { range: Range; text: string }): Change {
  return { start: range.start, end: range.end, text };
}
