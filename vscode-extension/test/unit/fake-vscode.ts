/** As much of VS Code as the modules under test speak to, played by the tests. Stands in for `vscode` in their bundles. */

type Listener<T> = (event: T) => void;

class Emitter<T = void> {
  private readonly listeners = new Set<Listener<T>>();

  readonly event = (listener: Listener<T>): { dispose: () => void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };

  fire(event: T): void {
    for (const listener of this.listeners) listener(event);
  }

  dispose(): void {
    this.listeners.clear();
  }
}

export { Emitter as EventEmitter };

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  readonly start: Position;
  readonly end: Position;

  constructor(startLine: number, startCharacter: number, endLine: number, endCharacter: number) {
    this.start = new Position(startLine, startCharacter);
    this.end = new Position(endLine, endCharacter);
  }
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class Disposable {
  constructor(readonly dispose: () => void) {}

  static from(...all: { dispose: () => void }[]): Disposable {
    return new Disposable(() => {
      for (const one of all) one.dispose();
    });
  }
}

export const DecorationRangeBehavior = { ClosedOpen: 3 };
export const StatusBarAlignment = { Left: 1 };
export const ConfigurationTarget = { Global: 1, Workspace: 2 };

export type Options = { range: Range; renderOptions: { after: { contentText: string } } };
type Style = { color: string };

/** What was handed to an editor. */
export type Call = { editor: FakeEditor; style: string; options: Options[] };

/** An editor that shows some lines of a document, and notes what is painted. */
export class FakeEditor {
  readonly document;
  visibleRanges: Range[];

  constructor(uri: string, first: number, last: number) {
    this.document = { uri: { toString: () => uri }, version: 1, languageId: "python" };
    this.visibleRanges = [new Range(first, 0, last, 0)];
  }

  setDecorations(style: Style, options: Options[]): void {
    fake.calls.push({ editor: this, style: style.color, options });
  }

  /** Scrolls, so that this line is the first. */
  scroll(first: number, last: number): void {
    this.visibleRanges = [new Range(first, 0, last, 0)];
    ranges.fire(undefined);
  }

  /** Replaces what is between two places. */
  edit(range: Range, text: string): void {
    this.document.version++;
    edited.fire({ document: this.document, contentChanges: [{ range, text }] });
  }
}

const edited = new Emitter<{ document: unknown; contentChanges: { range: Range; text: string }[] }>();
const editors = new Emitter<undefined>();
const ranges = new Emitter<undefined>();
const never = new Emitter<undefined>();

/** What the tests see and do. */
export const fake = {
  calls: [] as Call[],
  /** Answers to commands that the window owes. */
  owed: [] as (() => void)[],
  status: { text: "" },

  /** Begins anew, with these editors. */
  begin(...visible: FakeEditor[]): void {
    fake.calls = [];
    fake.owed = [];
    window.visibleTextEditors = visible;
  },

  /** The window has done what it was asked. */
  async answer(): Promise<void> {
    for (const owed of fake.owed.splice(0)) owed();
    await Promise.resolve();
  },
};

export const commands = {
  executeCommand: (): Promise<void> => new Promise((done) => fake.owed.push(done)),
};

export const window = {
  visibleTextEditors: [] as FakeEditor[],
  createTextEditorDecorationType: ({ after }: { after: { color: ThemeColor } }) => ({
    color: after.color.id,
    dispose() {},
  }),
  createStatusBarItem: () => Object.assign(fake.status, { show() {}, dispose() {} }),
  /** The user reads, and does nothing. */
  showErrorMessage: (): Promise<void> => new Promise(() => undefined),
  showWarningMessage: (): Promise<void> => new Promise(() => undefined),
  onDidChangeVisibleTextEditors: editors.event,
  onDidChangeTextEditorVisibleRanges: ranges.event,
};

export const workspace = {
  getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }),
  onDidChangeTextDocument: edited.event,
  onDidCloseTextDocument: never.event,
  onDidChangeConfiguration: never.event,
};
