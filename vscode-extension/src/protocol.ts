// Generated from the Rust types in `protocol/` by `cargo xtask codegen`. Do not edit.
// The specification is `protocol/README.md`.

import { NotificationType, RequestType } from "vscode-languageclient/node";

/** A place in a document. */
export type Position = {
  /** 0-based line. */
  line: number;
  /** 0-based, in units of the negotiated encoding. */
  character: number;
};

/** A part of a document. */
export type Range = {
  /** Where it begins, inclusive. */
  start: Position;
  /** Where it ends, exclusive. */
  end: Position;
};

/** The number of a run, unique while the server lives. */
export type RunId = number;

/**
 * The name of a px cell: opaque, unique in its document, and the same for as long as the cell lives and the document
 * is open, wherever edits move it.
 */
export type CellId = string;

/** What a client can do beyond LSP. All of it is off unless announced. */
export type ClientCapabilities = {
  /** It paints `px/outputs`. The server then sends it no result hints, and shows no run state in lenses but "■ Interrupt". */
  outputs?: boolean;
  /** It answers each `px/outputs` with `px/ackOutputs`. */
  ack?: boolean;
  /** It paints `block` lines. */
  blocks?: boolean;
  /** It follows `command:` links in Markdown that the server wrote. */
  commandLinks?: boolean;
  /** It shows images in Markdown. */
  images?: boolean;
  /** It runs the body of a `--local` cell in a kernel of its own. */
  runLocal?: boolean;
  /**
   * It shows `px-output:` addresses, and asks for their text with `px/content`. A client that announced LSP's
   * `workspace.textDocumentContent` does not need this.
   */
  content?: boolean;
  /** It answers `px/writeSetting`. */
  writeSettings?: boolean;
  /** It answers `px/copy`. */
  copy?: boolean;
  /** It wants `px/enginesChanged`. The server then answers `px/engines` at once, with what it knows. */
  engines?: boolean;
  /** It shows runs in a panel, and answers `px/showRun`. */
  panel?: boolean;
};

/** What the server can do beyond LSP. */
export type ServerCapabilities = {
  /** The command ids it executes. */
  commands: Array<string>;
};

/** What to run. */
export type RunParams = {
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** Which px cells; if absent, `cell`. */
  scope?: Scope;
  /** The px cell that the scope refers to. Takes precedence over `cells`, `range` and `position`. */
  cell?: CellId;
  /**
   * Instead of `cell`: these px cells, in the order of the document. If one of them is no longer there, nothing runs. Takes precedence over
   * `range` and `position`.
   */
  cells?: Array<CellId>;
  /** Instead of `cell`: every px cell that this range touches. Takes precedence over `position`. */
  range?: Range;
  /** Instead of `cell`: the px cell at this place; on the marker of a cell of a script, all px cells of that cell. */
  position?: Position;
  /** A target expression or rank set that overrides what the cells say. */
  targets?: string;
  /** Whether to wait for earlier runs on the same engines; overrides what the cells say. */
  block?: boolean;
  /**
   * Only these engines of the last run of the px cell, as far as the cell's targets choose them. Only for a single px
   * cell, with the `scope` `cell`.
   */
  only?: Only;
  /**
   * Whether each cell is sent first to one engine, and to the others only once that one has succeeded. If it fails, the
   * others end as not sent.
   */
  canary?: boolean;
};

/** Which px cells of a document are meant. */
export type Scope = "cell" | "above" | "below" | "all";

/** Which engines of a px cell's last run are meant. */
export type Only = "failed" | "differing";

/** What runs now or waits for its engines, and what does not run. */
export type RunResult = {
  /** The runs, in document order. */
  runs: Array<StartedRun>;
  /** The `%pxresult` lines that were run, and the run that each shows from now on, which may still go on. */
  shownResults: Array<ShownResult>;
  /** What was asked for and does not run, and why. */
  notRun: Array<NotRun>;
  /** How many lines of ordinary Python there are beside the px lines; pxlens does not run them. */
  localLines: number;
  /**
   * What was not meant to run, in words for the user: "2 local lines not run", and what is in the body of a statement such as `if`, "1 line
   * under `if` not run".
   */
  leftOut: Array<string>;
};

/** A run that runs now or waits for its engines. */
export type StartedRun = {
  /** The number of the run, by which other requests name it. */
  run: RunId;
  /** The id of its px cell, as `px/cells` gives it. */
  cell: CellId;
  /** The engines it is sent to, in this order; an id may occur twice. */
  engines: Array<number>;
  /**
   * A remark on the run, as a sentence: that the local part of a `--local` cell does not run, for a client without `runLocal`;
   * or that the cell has changed since the run that `only` refers to.
   */
  note?: string;
};

/** What a `%pxresult` shows. */
export type ShownResult = {
  /** Its px cell: the `%pxresult` line. */
  cell: CellId;
  /** The run that it shows. */
  run: RunId;
};

/** A px cell, or a whole request, that does not run. */
export type NotRun = {
  /** The px cell; absent if the reason applies to the whole request. */
  cell?: CellId;
  /**
   * A sentence for the user: which line was not run, what stands in the way, and what to do. It is the same for all px cells
   * that were not run for the same reason.
   */
  reason: string;
};

/** What to stop. */
export type InterruptParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
  /** Only its part on these engines. */
  engines?: Array<number>;
  /**
   * Only its part on engines that still work, once at least half of its engines have ended. With `engines`, only those among
   * them.
   */
  stragglers?: boolean;
  /**
   * The signal's name, such as `SIGTERM`; if absent, the one that the cell names with `--signal-on-interrupt`, or
   * `SIGINT`.
   */
  signal?: string;
};

/** What happened to each engine that had something to do: of a run, to those that had not ended. An engine is in at most one list. */
export type InterruptResult = {
  /** Engines that work on what is to be stopped, and were signalled. */
  signalled: Array<number>;
  /** Engines where that had not begun; its requests were dropped or aborted. */
  aborted: Array<number>;
  /** Engines that are busy for another client and were left alone. What waited there was aborted. */
  leftAlone: Array<number>;
  /**
   * Engines that are busy for another pxlens of this user, such as an earlier window, and were left alone. What waited there was
   * aborted.
   */
  leftMine: Array<number>;
  /** Engines that were signalled or asked, but did not answer in time. */
  unanswered: Array<number>;
  /** Why nothing was done: a sentence for the user. */
  refused?: string;
};

/** Which engines to interrupt, and how far that goes. */
export type InterruptEnginesParams = {
  /** Only these engines; if absent, all. */
  engines?: Array<number>;
  /** Whose work is stopped. */
  whose?: Whose;
  /** The signal's name, such as `SIGTERM`; if absent, `SIGINT`, or for a run of this session the one that its cell names. */
  signal?: string;
};

/** Whose work is meant. */
export type Whose = "session" | "mine" | "anybody";

/** What happened to each engine that was meant. An engine is in one list. */
export type InterruptEnginesResult = {
  /** Engines that had nothing to do. */
  idle: Array<number>;
  /** Engines that work on what is to be stopped, and were signalled. */
  signalled: Array<number>;
  /** Engines where that had not begun; its requests were dropped or aborted. */
  aborted: Array<number>;
  /** Engines that are busy for another client and were left alone. What waited there was aborted. */
  leftAlone: Array<number>;
  /**
   * Engines that are busy for another pxlens of this user, such as an earlier window, and were left alone. What waited there was
   * aborted.
   */
  leftMine: Array<number>;
  /** Engines that were signalled or asked, but did not answer in time. */
  unanswered: Array<number>;
  /** Why nothing was done: a sentence for the user. */
  refused?: string;
};

/** Which document. */
export type CellsParams = {
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
};

/** The px cells of one version of a document. */
export type CellsResult = {
  /** The version of the document in which they were found. */
  version: number;
  /** In document order. */
  cells: Array<Cell>;
  /** What is wrong or doubtful in the magics; also sent as diagnostics. */
  problems: Array<Problem>;
  /** Of a script: the format that it is taken to be in. */
  format?: ScriptFormat;
};

/**
 * One px cell. If the cell itself is wrong, it has a `refusal` and no `plan`; if it only lacks something at the moment (the workspace's
 * trust, its cluster, its engines), it has both.
 */
export type Cell = {
  /** Its id, by which other requests name it. */
  id: CellId;
  /** All of it, magic and body. */
  range: Range;
  /** The line with the magic. */
  magicRange: Range;
  /** The name of the magic with its suffix, such as `px_even` or `pxresult`. */
  magic: string;
  /**
   * The cell of the script or notebook that contains it, counted from 0: px lines of the same one share a lens. Absent
   * if the document has no cells of its own.
   */
  outer?: number;
  /** The 0-based line of the marker of that cell, such as `# %%`, if it has one. A `position` on it means all px cells of that cell. */
  marker?: number;
  /** The exact text that engines get. */
  code: string;
  /** What running it would do, with the engines alive now. */
  plan?: Plan;
  /** Why it cannot run: a sentence for the user. */
  refusal?: string;
  /** How its newest run is doing. */
  state: CellState;
  /** Whether its newest run had another code or plan than a run now would have. */
  stale: boolean;
  /** Its newest run. */
  run?: RunId;
};

/** What running a px cell would do. */
export type Plan = {
  /**
   * The engines, in the order of the requests; an id may occur twice. Empty for a line that runs nothing, such as
   * `%pxconfig`, and while there is no engine (see `starts`).
   */
  engines: Array<number>;
  /** The same as a rank set, such as `[0-2,4]`; or a text such as `4 local engines` or `no engines`. */
  ranks: string;
  /** How many engines are alive; 0 for a line that runs nothing. */
  alive: number;
  /** Whether later runs wait for it. */
  block: boolean;
  /** How many local engines are started before it runs; absent if there is a cluster. */
  starts?: number;
  /** The 0-based lines above it (`%pxconfig`, `%autopx`) that influenced this. */
  decidedBy: Array<number>;
  /** For a line that runs nothing: what it sets or shows, as a sentence. */
  note?: string;
};

/** How the newest run of a px cell is doing. */
export type CellState = "idle" | "queued" | "running" | "succeeded" | "failed";

/** Something wrong or doubtful in a magic. */
export type Problem = {
  /** The text that it is about. */
  range: Range;
  /** How severe it is. */
  severity: ProblemSeverity;
  /** The code of its rule, under which `docs/diagnostics.md` explains it. */
  code: string;
  /** A sentence for the user. */
  message: string;
};

/** How severe a problem is. */
export type ProblemSeverity = "error" | "warning" | "hint";

/** The format of a script, which decides how it is divided into cells and which magics in comments count. */
export type ScriptFormat = {
  /** Its name, as the setting `scriptFormat` says it. */
  name: string;
  /** By what the script is taken to be in it, in a few words, such as `jupytext header`. */
  reason: string;
};

/**
 * Which run: the one that `run` names, or `name`; otherwise the newest of the px cell at `uri` and `position`, then the newest of
 * `suffix`, then the newest of all.
 */
export type ResultParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run?: RunId;
  /** A name given with `-o`: the newest run that has it, even from an earlier session. */
  name?: string;
  /** The document of `position`. */
  uri?: string;
  /** A place in the px cell. */
  position?: Position;
  /** The suffix of a view; `""` for the view without a suffix. */
  suffix?: string;
  /** The grouping; if absent, the one in which the run is shown. */
  groupBy?: GroupBy;
  /** Whether the images are wanted. They may be megabytes. */
  images?: boolean;
  /** Whether the contact sheet is wanted. */
  contactSheet?: boolean;
};

/** How outputs are grouped. */
export type GroupBy = "fold" | "type" | "engine" | "order";

/** A run as it is now. */
export type ResultResult = {
  /** The number of the run; 0 for a run of an earlier session, which was found by its name. */
  run: RunId;
  /** How it is doing. */
  state: CellState;
  /** The groups of engines with like outputs, the largest first; if grouped by engine, one group per engine, in target order. */
  groups: Array<Group>;
  /**
   * The whole output as plain text, in the chosen grouping. Of a value, a display or an error that is longer than an engine's share of 5 MB,
   * only the beginning, and how much more there is; `px/export` has all of it.
   */
  text: string;
  /** The same as Markdown, in which text of engines is escaped. */
  markdown: string;
  /**
   * The images that are shown at the end of the run, identical ones once: first each engine's first image, then each engine's second, and so
   * on, each time by rank. Only if `images` was asked for.
   */
  images?: Array<ResultImage>;
  /**
   * All images on one page, by rank, as an SVG document. What engines sent is in it only as embedded images, so that no script and
   * no link of theirs works. Absent if there is no image, or if `contactSheet` was not asked for.
   */
  contactSheet?: string;
};

/** Engines whose outputs are alike. */
export type Group = {
  /** The engines as a rank set, such as `[0-2,4]`. */
  ranks: string;
  /** Their ids, ascending. */
  engines: Array<number>;
  /** How they are doing. */
  state: GroupState;
  /** The output of each of them, as plain text; lines that differ only in numbers are summed up: `loss ‹0.31 0.32 0.33›`. */
  text: string;
};

/** How the engines of a group are doing. */
export type GroupState = "pending" | "ok" | "error" | "aborted" | "lost";

/** An image that some engines show. */
export type ResultImage = {
  /** The engines as a rank set, such as `[0-2,4]`. */
  ranks: string;
  /** Their ids, ascending. */
  engines: Array<number>;
  /** Its place among an engine's images, 1 for the first; if it has several places, the lowest. */
  ordinal: number;
  /**
   * `image/png`, `image/jpeg`, `image/webp`, `image/gif` or `image/svg+xml`, by its first bytes; without `data`, the type that the
   * engine named.
   */
  mime: string;
  /** Base64 without line breaks. For an SVG, its text: one that may do more than draw is within an `<image>` of another, so that no viewer runs its scripts. Show it in an `<img>`, never as part of a page. */
  data?: string;
  /** Why there is no `data`: the image cannot be decoded, or the answer has no room for it. */
  missing?: string;
  /** The size of the image's file, in bytes. */
  bytes: number;
  /** In pixels; absent for an SVG without a size of its own. */
  width?: number;
  /** In pixels, like `width`. */
  height?: number;
  /** The text to show instead of it, such as `<Figure size 640x480 with 1 Axes>`. May be empty. */
  alt: string;
};

/** Which run: the one that `run` names; otherwise the newest of the px cell at `uri` and `position`, then the newest of `uri`, then the newest of all. */
export type PageParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run?: RunId;
  /** The document of `position`. */
  uri?: string;
  /** A place in the px cell. */
  position?: Position;
  /** The grouping; if absent, the one in which the run is shown. */
  groupBy?: GroupBy;
  /** Whether images and HTML are wanted. They may be megabytes. */
  media?: boolean;
};

/** A run as it is now, in parts. Texts are plain: no markup, no control characters but tabs and line ends, no keys of kernels. */
export type PageResult = {
  /** The number of the run. */
  run: RunId;
  /** The document of its px cell; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The id of its px cell, as `px/cells` gives it. */
  cell: CellId;
  /** The 0-based line of the magic: where it is now, or if it is gone, where it was when the run was asked for. */
  line: number;
  /** The newest run of the same px cell, if that is another one. */
  newer?: RunId;
  /** The text of the magic's line. */
  title: string;
  /** How it is doing. */
  state: CellState;
  /** The same in words: `1 of 4 failed · 240 ms`. */
  summary: string;
  /** The grouping of `sections`. */
  groupBy: GroupBy;
  /** All its engines as a rank set. */
  ranks: string;
  /** Their ids, ascending. */
  engines: Array<number>;
  /** Whether there is an earlier run of the same px cell to compare it with. */
  hasEarlier: boolean;
  /** What engines wrote and answered. If outputs are grouped by kind, there is one section for each kind, otherwise one for all. */
  sections: Array<PageSection>;
  /** How far apart the results of several groups are. */
  across?: string;
  /** What engines raised, by identical stack, the largest group first. */
  errors: Array<PageError>;
  /** The HTML that engines showed, identical HTML once. Only if `media` was asked for. */
  tables: Array<PageHtml>;
  /** The images, as in `px/result`. Only if `media` was asked for. */
  images: Array<ResultImage>;
  /** What was left out, as a sentence. */
  note?: string;
};

/** Blocks under one title. */
export type PageSection = {
  /** The kind of output, such as `stdout`. */
  title?: string;
  /** The engines' outputs. */
  blocks: Array<PageBlock>;
};

/** What some engines show. */
export type PageBlock = {
  /** The engines as a rank set. */
  ranks: string;
  /** Their ids, ascending. */
  engines: Array<number>;
  /** How they are doing. */
  state: GroupState;
  /** The engines with whose output this one is compared: `pieces` then holds only what differs. */
  comparedWith?: string;
  /** How much is left out where it would take too much room, such as `1,200 lines (80 kB)`. A piece of `pieces` says so in its place. */
  leftOut?: string;
  /** The text, in pieces of one style each. */
  pieces: Array<PagePiece>;
};

/** Text of one style. */
export type PagePiece = {
  /** The text, including line ends. */
  text: string;
  /** The kind of text. */
  style: LineStyle;
};

/** The kind of a line or text, which decides its colour. */
export type LineStyle = "label" | "stdout" | "stderr" | "result" | "error" | "note";

/** Engines that raised the same exception in the same place. */
export type PageError = {
  /** The engines as a rank set. */
  ranks: string;
  /** Their ids, ascending. */
  engines: Array<number>;
  /** The exception in one line, such as `ValueError: bad`; `interrupted` for engines that somebody stopped. */
  title: string;
  /** The message of each engine, such as `[2] bad`, if the messages differ. */
  variants: Array<string>;
  /** The traceback; if the engines' messages differ, that of the first engine. */
  lines: Array<TracebackLine>;
};

/** A line of a traceback. */
export type TracebackLine = {
  /** The text of the line. */
  text: string;
  /** The place of the call that this line names, if it is in a document or file that exists here. */
  place?: PagePlace;
};

/** Where a call is. */
export type PagePlace = {
  /** The URI of the document or file. */
  uri: string;
  /** The place in it. */
  position: Position;
};

/** HTML that some engines showed, such as a `DataFrame`. */
export type PageHtml = {
  /** The engines as a rank set. */
  ranks: string;
  /** Their ids, ascending. */
  engines: Array<number>;
  /** The HTML as the engine sent it. It is not sanitised: show it only in a sandboxed frame without scripts. */
  html?: string;
  /** The text to show instead of it. May be empty. */
  alt: string;
};

/** Which run to show. */
export type ShowRunParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
};

/** Whether the client shows it. */
export type ShowRunResult = {
  /** Whether the run is shown. */
  shown: boolean;
};

/** Whose runs. */
export type RunsParams = {
  /** Only those of this document; for a notebook, or for one of its cells, those of all its cells. */
  uri?: string;
  /** Only those of this px cell, which may be gone. */
  cell?: CellId;
};

/** The runs that are kept. */
export type RunsResult = {
  /** The runs, the newest first. */
  runs: Array<PastRun>;
};

/** A run that is kept, whether it is finished or still goes on. */
export type PastRun = {
  /** The number of the run, by which other requests name it. */
  run: RunId;
  /** The document of its px cell; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The id of its px cell, as `px/cells` gives it. */
  cell: CellId;
  /** The 0-based line of the magic when the run was asked for. */
  line: number;
  /** The text of that line. */
  title: string;
  /** The suffix of its magic; `""` if it has none. */
  suffix: string;
  /** The name that `-o` gave it. */
  name?: string;
  /** How it is doing. */
  state: CellState;
  /** The engines, in the order of the requests; an id may occur twice. */
  engines: Array<number>;
  /** The same as a rank set. */
  ranks: string;
  /** Whether later runs wait for it. */
  block: boolean;
  /** When it was asked for, in milliseconds since 1970. */
  created: number;
  /** When its last engine ended, in milliseconds since 1970; absent while it goes on. */
  ended?: number;
  /** A summary in one line. Plain text. */
  summary: string;
};

/** The two runs to compare. */
export type CompareParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
  /** The number of the other run, of any cell; if absent, the previous run of the same px cell that was sent. */
  with?: RunId;
};

/** How the engines of a run compare with those of the other run, or why there is nothing to compare. */
export type CompareResult = {
  /** The number of the run. */
  run: RunId;
  /** The number of the other run; absent if there is none. */
  with?: RunId;
  /** One line: `3 engines as before, [2] changed`. Plain text. */
  summary: string;
  /** The groups; each engine of the two runs is in exactly one. */
  groups: Array<ComparedGroup>;
  /** The summary and the groups that are not as before, as plain text. */
  text: string;
  /** The same as Markdown, at most 50,000 bytes; what engines wrote is in code fences. */
  markdown: string;
  /** Why there is nothing to compare. */
  message?: string;
};

/** Engines that changed in the same way. */
export type ComparedGroup = {
  /** The engines as a rank set. */
  ranks: string;
  /** Their ids. */
  engines: Array<number>;
  /** How they changed. */
  change: EngineChange;
  /**
   * What changed: changed words as `‹old → new›`, equal lines counted; for new engines, their output. Plain text, without
   * keys of kernels.
   */
  text: string;
};

/** How an engine's output compares with the other run. */
export type EngineChange = "same" | "changed" | "new" | "gone";

/** What to clear. */
export type ClearParams = {
  /** The document; a notebook's own URI means all its cells. */
  uri: string;
  /** Only this px cell. */
  cell?: CellId;
};

/** What was cleared. */
export type ClearResult = {
  /** How many px cells showed a result and no longer do. */
  cleared: number;
};

/** Which document. */
export type ContentParams = {
  /** A `px-output:` address. */
  uri: string;
};

/** The document as it is now. */
export type ContentResult = {
  /** Its text: at most 5,000,000 bytes of UTF-8, without escape sequences and control characters. */
  text: string;
  /** Whether the run still goes on, so that there may be more text later. */
  goesOn: boolean;
};

/** What to export, and where to. */
export type ExportParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
  /** The format to write it in. */
  format: ExportFormat;
  /** An absolute path or a `file:` URI to write to; without it, the answer contains the text. */
  path?: string;
  /** Whether to replace an existing file. */
  overwrite?: boolean;
};

/** The format in which a run is exported. */
export type ExportFormat = "markdown" | "json";

/** The export, or why there is none. */
export type ExportResult = {
  /** The text, if no path was given. */
  text?: string;
  /** The file that was written. */
  file?: string;
  /** The pictures that were written beside it. */
  images: Array<string>;
  /** What the user has to know: why nothing was written, or what the export lacks. */
  message?: string;
};

/** No parameters yet; an object, so that fields can be added. */
export type EnginesParams = Record<string, never>;

/** The clusters that were found. */
export type EnginesResult = {
  /** The clusters, the one in use first. */
  clusters: Array<Cluster>;
  /** Why there is no cluster, or none that can be used: a sentence for the user. */
  message?: string;
};

/** One ipyparallel cluster. */
export type Cluster = {
  /** Its IPython profile. */
  profile?: string;
  /** Its id in that profile; `""` for the cluster without an id. */
  clusterId?: string;
  /** The path of its connection file. */
  connectionFile?: string;
  /** Whether it answers. */
  state: ClusterState;
  /** Whether it is the one that px cells run on. */
  inUse: boolean;
  /** Whether pxlens started it. */
  ours: boolean;
  /** Its engines, by ascending id; empty unless it is in use. */
  engines: Array<Engine>;
};

/** Whether a cluster answers. */
export type ClusterState = "found" | "starting" | "up" | "notResponding" | "down";

/** One engine. */
export type Engine = {
  /** Its id, by which targets choose it. */
  id: number;
  /** What it is doing. */
  state: EngineState;
  /** The machine it runs on, if known. */
  host?: string;
  /** Its process id, if known. */
  pid?: number;
  /** The px cell that it works on, if that is a run of this session. */
  current?: EngineCell;
  /** For whom it works, if that is not this session. */
  worksFor?: WorksFor;
  /** What it raised in the last run of this session that it finished; absent if that succeeded. */
  lastError?: EngineFailure;
};

/** What an engine is doing, as far as it has told. */
export type EngineState = "unknown" | "idle" | "busy";

/** A px cell that an engine runs or ran. */
export type EngineCell = {
  /** The number of the run. */
  run: RunId;
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The id of the px cell, as `px/cells` gives it. */
  cell: CellId;
  /** The 0-based line of its magic when it was run. */
  line: number;
  /** The text of that line. */
  title: string;
};

/** The other client that an engine works for. [`px/interruptEngines`](#interrupt-engines) stops it. */
export type WorksFor = {
  /** `mine`: another pxlens of this user, such as an earlier window; `anybody`: any other client. */
  whose: Whose;
  /** Of this user's: the name of the run, as `pxlens engines` shows it and `pxlens interrupt --run` takes it. */
  run?: string;
};

/** What an engine raised. */
export type EngineFailure = {
  /** The exception in one line. Plain text: no markup, no control characters. */
  text: string;
  /** In which px cell. */
  at: EngineCell;
};

/** No parameters yet; an object, so that fields can be added. */
export type EnginesChangedParams = Record<string, never>;

/** No parameters yet; an object, so that fields can be added. */
export type ClustersParams = Record<string, never>;

/** The clusters that have files. */
export type ClustersResult = {
  /** The one in use first, those that are gone (`down`) last; without engines. */
  clusters: Array<Cluster>;
  /** Why the server could not look for clusters: a sentence for the user. */
  message?: string;
};

/** Which cluster, as in the setting `pxlens.cluster`. Without any field: the one that the settings choose. */
export type ConnectParams = {
  /** An IPython profile. */
  profile?: string;
  /** A cluster id in that profile. */
  clusterId?: string;
  /** Instead of these, the path of a connection file. */
  connectionFile?: string;
};

/** Which cluster is used now. */
export type ConnectResult = {
  /** The cluster in use, with its engines; absent if there is none. */
  cluster?: Cluster;
  /** Why it is not the requested one: a sentence for the user. */
  message?: string;
};

/** No parameters yet; an object, so that fields can be added. */
export type StartClusterParams = Record<string, never>;

/** Which cluster. */
export type StopClusterParams = {
  /** Its connection file, as `px/clusters` names it. */
  connectionFile: string;
  /** Whether the user agreed to stop a cluster that pxlens did not start. */
  notOurs?: boolean;
};

/** Whether the cluster was stopped. */
export type StopClusterResult = {
  /** Whether it has stopped. */
  stopped: boolean;
  /** Why it has not: a sentence for the user. */
  message?: string;
};

/** Which engine's kernel. */
export type ConsoleParams = {
  /** The id of the engine. */
  engine: number;
};

/** Where the connection file is and what opens it, or why there is none. */
export type ConsoleResult = {
  /** The connection file, which only its owner can read; absent if there is none. */
  file?: string;
  /** Front ends that were found and can be started with it, first the one that runs in a terminal. */
  commands: Array<ConsoleCommand>;
  /** What the user has to know: why there is no file, what to install, or what must be reachable. Never contains the key. */
  message?: string;
};

/** A front end. */
export type ConsoleCommand = {
  /** Its name, to be shown to the user. */
  title: string;
  /** The program and its arguments. */
  argv: Array<string>;
};

/** What to run, and which run it belongs to. */
export type RunLocalParams = {
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The id of the px cell, as `px/cells` gives it. */
  cell: CellId;
  /** The number of its run on the engines, which has begun. */
  run: RunId;
  /** The body, as the engines got it. */
  code: string;
};

/** No result yet; an object, so that fields can be added. */
export type RunLocalResult = Record<string, never>;

/** What changed in one document. */
export type OutputsParams = {
  /** The URI of the document. */
  uri: string;
  /** The version of the document that the ranges refer to. A client with a newer version moves the ranges itself, or waits for the next message. */
  version: number;
  /** Rises by one with every `px/outputs` of the session, for whichever document. */
  seq: number;
  /** Whether `cells` is everything there is to show, so that the client forgets the rest. */
  full: boolean;
  /** The cells that changed, each replaced whole. */
  cells: Array<CellOutput>;
  /** Cells that are gone or have nothing to show any more. */
  removed: Array<CellId>;
};

/** What to paint beside one px cell. */
export type CellOutput = {
  /** The id of the px cell, as `px/cells` gives it. */
  id: CellId;
  /** The number of the run that is shown. */
  run?: RunId;
  /** All of the px cell. */
  range: Range;
  /** How the run is doing. */
  state: CellState;
  /** Whether the run had another code or plan than a run now would have. */
  stale: boolean;
  /** A summary of the run in one line. */
  line?: Line;
  /**
   * The 0-based line of the document at whose end to paint it: the last non-blank line of the px cell, or the line that
   * raised.
   */
  lineAt: number;
  /** Lines to paint under the px cell, for a client that announced `blocks`. */
  block?: Array<BlockLine>;
};

/** A summary of a run in one line. Plain text: no markup, no control characters. */
export type Line = {
  /** The text of the line. */
  text: string;
  /** How to colour it. */
  severity: LineSeverity;
};

/** How a summary line is coloured. */
export type LineSeverity = "info" | "ok" | "warning" | "error";

/** One line of a block. Plain text: no markup, no control characters. */
export type BlockLine = {
  /** The text of the line, without a line end. */
  text: string;
  /** The kind of line. */
  style: LineStyle;
  /**
   * The length in characters (Unicode scalar values) of the beginning of the line that ends with the names of the engines that wrote this line
   * or what follows; absent if the line names no engines.
   */
  ranks?: number;
};

/** Which document. */
export type RefreshOutputsParams = {
  /** The URI of the document. */
  uri: string;
};

/** How far the client has painted. */
export type AckOutputsParams = {
  /** The `seq` of the last `px/outputs` painted; those before it count as painted. */
  seq: number;
};

/** Which cell. */
export type RunNotebookCellParams = {
  /** The cell's own URI, in a notebook that is synchronised. */
  uri: string;
};

/** Which parts of the cell run, and which do not. */
export type RunNotebookCellResult = {
  /** The runs, in order. */
  runs: Array<StartedRun>;
  /** The `%pxresult` lines, and the run that each shows. */
  shownResults: Array<ShownResult>;
  /** What does not run, and why. */
  notRun: Array<NotRun>;
  /** Whether any of that was supposed to run but cannot. A line that only sets something is not. */
  failed: boolean;
  /** How many lines of ordinary Python beside the px lines did not run. */
  localLines: number;
  /** For a plain cell that was not sent: the 0-based line that makes it set-up. */
  setUp?: number;
  /** For a plain cell that was sent: the engines as a rank set. */
  ranOn?: string;
  /** Whether the next cell waits for this one; `false` if all of it is `--noblock`. */
  waits: boolean;
  /** What to show below the outputs of the runs: which lines did not run, and why. */
  notes: Array<NotebookOutput>;
};

/** One output of a notebook's cell. */
export type NotebookOutput = {
  /** The same output in several forms, the best first. */
  items: Array<NotebookItem>;
};

/** An output in one form. */
export type NotebookItem = {
  /**
   * Its MIME type. Text of engines is `application/vnd.code.notebook.stdout`; an error is `application/vnd.code.notebook.error`,
   * and its data a JSON object of `name`, `message` and `stack`.
   */
  mime: string;
  /** The data, as text or as base64. */
  data: string;
  /** Whether `data` is base64. */
  base64?: boolean;
};

/** Which runs. */
export type NotebookOutputsParams = {
  /** The runs, in the order in which they are to be shown. */
  runs: Array<RunId>;
  /** What the last answer gave as `seen`. */
  seen?: string;
};

/** The runs as they stand now. */
export type NotebookOutputsResult = {
  /** Whether all of them are over, so that these are the last outputs. */
  over: boolean;
  /** Whether all of them have succeeded so far. */
  succeeded: boolean;
  /** Identifies these outputs; for the next request. */
  seen: string;
  /** All outputs; absent if they have not changed since they were `seen`. */
  outputs?: Array<NotebookOutput>;
};

/** An object, so that fields can be added. */
export type TrustParams = {
  /** Not needed; with `false` the message changes nothing. */
  trusted?: boolean;
};

/** What to write. */
export type WriteSettingParams = {
  /** The key in the section, such as `views`. */
  key: string;
  /** Its value. The fields of an object are added to the existing ones, and replace those of the same name. */
  value: unknown;
};

/** Whether the client wrote it. */
export type WriteSettingResult = {
  /** Whether the setting was written. */
  written: boolean;
};

/** What to copy. */
export type CopyTextParams = {
  /** Plain text. */
  text: string;
};

/** Whether the client copied it. */
export type CopyTextResult = {
  /** Whether the text is in the clipboard. */
  copied: boolean;
};

/** Which output to show: that of some engines, of one engine, or the differences from another run. Without these, that of all engines. */
export type ShowOutputParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
  /**
   * The grouping of the whole output; if absent, the one that the user chose for the run, else the one that the cell asks for, else the
   * setting `pxlens.groupBy`.
   */
  groupBy?: GroupBy;
  /** Only these engines, as a rank set, folded. */
  ranks?: string;
  /** Only what this engine wrote, as it came. */
  engine?: number;
  /** Only how the engines' output differs from that in this run. */
  comparedWith?: RunId;
};

/** Where the requested output is. */
export type ShowOutputResult = {
  /** Its `px-output:` address. */
  uri: string;
  /** A file with it, for a client that cannot show the address. It is deleted when the run is forgotten or the server ends. */
  file?: string;
};

/** A run and its new grouping. */
export type GroupParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
  /** How it is grouped from now on, unless a request asks for another grouping. The next run of its cell starts as the cell and the setting say. */
  groupBy: GroupBy;
};

/** How the run is grouped now. */
export type GroupResult = {
  /** The number of the run. */
  run: RunId;
  /** The grouping in which it is shown from now on. */
  groupBy: GroupBy;
};

/** The argument of `pxlens.server.copy`: the run whose output is to be copied. */
export type CopyParams = {
  /** The number of the run, as `px/run`, `px/runs` and `px/outputs` give it. */
  run: RunId;
  /** The grouping; if absent, the one in which the run is shown. */
  groupBy?: GroupBy;
};

/** The answer of `pxlens.server.copy`. */
export type CopyResult = {
  /** Whether the client copied it. */
  copied: boolean;
  /** The text, if the client cannot copy or did not. */
  text?: string;
};

/** The argument of `pxlens.server.writeView`: a view for the setting `views`. */
export type WriteViewParams = {
  /** The suffix of its magics, such as `_even`. */
  suffix: string;
  /** A target expression or rank set. */
  targets: string;
};

export const run = new RequestType<RunParams, RunResult, void>("px/run");

export const interrupt = new RequestType<InterruptParams, InterruptResult, void>("px/interrupt");

export const interruptEngines = new RequestType<InterruptEnginesParams, InterruptEnginesResult, void>("px/interruptEngines");

export const cells = new RequestType<CellsParams, CellsResult, void>("px/cells");

export const result = new RequestType<ResultParams, ResultResult, void>("px/result");

export const page = new RequestType<PageParams, PageResult, void>("px/page");

export const showRun = new RequestType<ShowRunParams, ShowRunResult, void>("px/showRun");

export const runs = new RequestType<RunsParams, RunsResult, void>("px/runs");

export const compare = new RequestType<CompareParams, CompareResult, void>("px/compare");

export const clear = new RequestType<ClearParams, ClearResult, void>("px/clear");

export const content = new RequestType<ContentParams, ContentResult, void>("px/content");

export const exportRun = new RequestType<ExportParams, ExportResult, void>("px/export");

export const engines = new RequestType<EnginesParams, EnginesResult, void>("px/engines");

export const enginesChanged = new NotificationType<EnginesChangedParams>("px/enginesChanged");

export const clusters = new RequestType<ClustersParams, ClustersResult, void>("px/clusters");

export const connect = new RequestType<ConnectParams, ConnectResult, void>("px/connect");

export const startCluster = new RequestType<StartClusterParams, ConnectResult, void>("px/startCluster");

export const stopCluster = new RequestType<StopClusterParams, StopClusterResult, void>("px/stopCluster");

export const console = new RequestType<ConsoleParams, ConsoleResult, void>("px/console");

export const runLocal = new RequestType<RunLocalParams, RunLocalResult, void>("px/runLocal");

export const outputs = new NotificationType<OutputsParams>("px/outputs");

export const refreshOutputs = new NotificationType<RefreshOutputsParams>("px/refreshOutputs");

export const ackOutputs = new NotificationType<AckOutputsParams>("px/ackOutputs");

export const runNotebookCell = new RequestType<RunNotebookCellParams, RunNotebookCellResult, void>("px/runNotebookCell");

export const notebookOutputs = new RequestType<NotebookOutputsParams, NotebookOutputsResult, void>("px/notebookOutputs");

export const trust = new NotificationType<TrustParams>("px/trust");

export const writeSetting = new RequestType<WriteSettingParams, WriteSettingResult, void>("px/writeSetting");

export const copyText = new RequestType<CopyTextParams, CopyTextResult, void>("px/copy");

/** The commands that the server executes. Each takes one object. */
export const serverCommands = {
  run: "pxlens.server.run",
  runAbove: "pxlens.server.runAbove",
  runBelow: "pxlens.server.runBelow",
  runAll: "pxlens.server.runAll",
  interrupt: "pxlens.server.interrupt",
  showResult: "pxlens.server.showResult",
  showOutput: "pxlens.server.showOutput",
  showRun: "pxlens.server.showRun",
  group: "pxlens.server.group",
  copy: "pxlens.server.copy",
  compare: "pxlens.server.compare",
  clear: "pxlens.server.clear",
  export: "pxlens.server.export",
  console: "pxlens.server.console",
  writeView: "pxlens.server.writeView",
} as const;
