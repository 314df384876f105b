/**
 * Paints `outputs` into the visible editors: at the ends of lines, in the colours of the theme.
 *
 * A pass looks at every visible editor, hands VS Code only the styles that differ from what is shown, and acknowledges what it has
 * painted to the server. Passes are few (`pace.ts`) and small (`layout.ts`).
 *
 * The window applies line numbers to the text as it is when a pass arrives, which may be after edits that this extension has not
 * received yet:
 *
 * ```text
 * extension   paint line 9 ──╮   ╭─▶ an edit: "Enter above", so it is line 10
 * window      Enter above ───┼───╯
 *                            ╰─▶ line 9 is painted: one too high
 * ```
 *
 * So each pass is followed by a request to the window; until it is answered, whatever edits move is painted again.
 */

import {
  commands,
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
import { type Change, changed, type Outputs } from "./outputs";
import { Pace } from "./pace";
import { settings } from "./settings";

/** A column beyond the end of any line, which VS Code takes as the end of the line. */
const LINE_END = 100_000;

/** What an editor shows. */
type Shown = {
  layout: Layout;
  /** How many passes the window may not have received yet. */
  unsettled: number;
};

export class Painter implements Disposable {
  private readonly types: ReadonlyMap<Style, TextEditorDecorationType>;
  private readonly shown = new WeakMap<TextEditor, Shown>();
  private readonly pace = new Pace();
  private readonly subscriptions: Disposable[];
  private density: Density = density();
  private timer: NodeJS.Timeout | undefined;
  private acknowledged = 0;
  private first: TextEditor | undefined;
  private readonly lost = new Set<string>();

  constructor(
    private readonly outputs: Outputs,
    /** Called with the last `seq` that is painted. */
    private readonly painted: (seq: number) => void,
    /** Called with a document whose outputs have to be requested again, because an edit replaced lines that are painted. */
    private readonly lostTrack: (uri: string) => void,
  ) {
    this.types = new Map(STYLES.map((style) => [style, decorationType(style)]));
    this.subscriptions = [
      ...this.types.values(),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length === 0 || document.languageId !== "python") return;
        this.edited(
          document,
          contentChanges.map(({ range, text }) => changed(range, text)),
        );
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

  /** Paints what changed, now or as soon as the pace allows. */
  repaint(): void {
    this.timer ??= setTimeout(() => {
      this.pass();
    }, this.pace.untilPass(Date.now()));
  }

  /** Forgets what was acknowledged to the last server. */
  reset(): void {
    this.acknowledged = 0;
    this.repaint();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.subscriptions) one.dispose();
  }

  private edited(document: TextDocument, changes: Change[]): void {
    const uri = document.uri.toString();
    if (!this.outputs.edit(uri, document.version, changes)) this.lost.add(uri);
    for (const editor of window.visibleTextEditors) {
      const shown = editor.document === document && this.shown.get(editor);
      if (shown) shown.layout = carried(shown.layout, changes, shown.unsettled === 0);
    }
    this.repaint();
  }

  private pass(): void {
    this.timer = undefined;
    const now = Date.now();
    this.pace.begin(now);
    for (const uri of this.lost) this.lostTrack(uri);
    this.lost.clear();
    for (const editor of this.inTurn()) {
      const shown = this.shown.get(editor) ?? { layout: new Map<Style, Item[]>(), unsettled: 0 };
      const after = this.layout(editor);
      const styles = differing(shown.layout, after);
      if (styles.length === 0) continue;
      // All styles of an editor or none, so that no line appears twice or flickers.
      const wait = this.pace.untilCalls(now, styles.length);
      if (wait > 0) {
        this.first = editor;
        this.timer = setTimeout(() => {
          this.pass();
        }, wait);
        return;
      }
      this.pace.spend(now, styles.length);
      shown.layout = after;
      this.shown.set(editor, shown);
      for (const style of styles) this.set(editor, style, after.get(style) ?? []);
      this.settle(shown);
    }
    if (this.outputs.seq > this.acknowledged) {
      this.acknowledged = this.outputs.seq;
      this.painted(this.acknowledged);
    }
  }

  /** Waits until the window has received what was painted; by then, earlier edits of the window have arrived here. */
  private settle(shown: Shown): void {
    shown.unsettled++;
    const settled = (): void => {
      shown.unsettled--;
    };
    // Any command that the window itself executes would do: messages and their answers keep their order.
    void commands.executeCommand("setContext", "pxlens.painted", true).then(settled, settled);
  }

  /** The visible editors, beginning with the one that had to wait. */
  private inTurn(): readonly TextEditor[] {
    const all = window.visibleTextEditors;
    const from = all.findIndex((editor) => editor === this.first);
    this.first = undefined;
    return from > 0 ? [...all.slice(from), ...all.slice(0, from)] : all;
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
    // Text typed at the end of the line goes before what is painted there.
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
