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

/** A stretch of a document. */
export type Range = {
  /** Where it begins. */
  start: Position;
  /** The place after its last character. */
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
  /** It paints `px/outputs`. It then gets no result hints, and no run state in lenses but "■ Interrupt". */
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
   * It shows `px-output:` addresses, asking for their text with `px/content`; without this, one that announced LSP's
   * `workspace.textDocumentContent` does.
   */
  content?: boolean;
  /** It answers `px/writeSetting`. */
  writeSettings?: boolean;
  /** It answers `px/copy`. */
  copy?: boolean;
  /** It hears of `px/enginesChanged`. Then `px/engines` is answered at once, with what is known. */
  engines?: boolean;
  /** It shows runs in a panel, and answers `px/showRun`. */
  panel?: boolean;
};

/** What the server can do beyond LSP. */
export type ServerCapabilities = {
  /** The command ids it executes. */
  commands: Array<string>;
};

/** What is to run. */
export type RunParams = {
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** Which px cells; `cell` if it is absent. */
  scope?: Scope;
  /** The px cell that the scope starts from. Goes before `range` and `position`. */
  cell?: CellId;
  /** Or every px cell that this touches. Goes before `position`. */
  range?: Range;
  /** Or the px cell at this place. */
  position?: Position;
  /** A target expression or rank set that goes before what the cells say. */
  targets?: string;
  /** Whether to wait for earlier runs on the same engines; goes before what the cells say. */
  block?: boolean;
  /**
   * Only these engines of the last run of the px cell, as far as the cell's targets choose them. For one px cell: `scope`
   * is `cell`.
   */
  only?: Only;
  /**
   * Whether each cell is sent to the first of its engines first, and to the others only once that has succeeded. If it
   * fails, the others end as not sent.
   */
  canary?: boolean;
};

/** Which px cells of a document are meant. */
export type Scope = "cell" | "above" | "below" | "all";

/** Which engines of a px cell's last run are meant. */
export type Only = "failed" | "differing";

/** What runs now, or waits for its engines, and what does not. */
export type RunResult = {
  /** The runs, in document order. */
  runs: Array<StartedRun>;
  /** `%pxresult` lines that were run: what each shows from now on, which may be a run that still goes on. */
  recalled: Array<RecalledRun>;
  /** What was meant and does not run, and why. */
  notRun: Array<NotRun>;
  /** How many lines of ordinary Python stood beside the px lines; pxlens leaves them to the kernel. */
  localLines: number;
};

/** A run that was made. */
export type StartedRun = {
  /** Its number. */
  run: RunId;
  /** Its px cell. */
  cell: CellId;
  /** The engines it is sent to, in that order; an id may occur twice. */
  engines: Array<number>;
  /** What of the cell does not run, as a sentence: the local part of a `--local` cell, for a client without `runLocal`. */
  note?: string;
};

/** What a `%pxresult` shows. */
export type RecalledRun = {
  /** Its px cell: the `%pxresult` line. */
  cell: CellId;
  /** The run that it shows. */
  run: RunId;
};

/** A px cell, or a whole request, that does not run. */
export type NotRun = {
  /** The px cell, unless the reason is one of the whole request. */
  cell?: CellId;
  /** A sentence for the user: what stands in the way, and what to do. */
  reason: string;
};

/** What is to stop. */
export type InterruptParams = {
  /** The run. */
  run: RunId;
  /** Only its part on these engines. */
  engines?: Array<number>;
  /**
   * Only its part on engines that are still at it while at least half of its engines have ended. With `engines`, those of
   * them.
   */
  stragglers?: boolean;
  /**
   * The signal's name, such as `SIGTERM`; if it is absent, the one that the cell names with `--signal-on-interrupt`, else
   * `SIGINT`.
   */
  signal?: string;
};

/** What became of each engine of the run that had not ended. An engine is in one list at most. */
export type InterruptResult = {
  /** Engines that work on this run and were signalled. */
  signalled: Array<number>;
  /** Engines that will not begin it: its request was dropped or aborted. */
  aborted: Array<number>;
  /** Engines that are busy for somebody else, and were not touched. */
  leftAlone: Array<number>;
  /** Engines that were signalled or asked, and did not answer in time. */
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
  /** The version they were found in. */
  version: number;
  /** In document order. */
  cells: Array<Cell>;
  /** What is wrong or doubtful in the magics, also sent as diagnostics. */
  problems: Array<Problem>;
  /** Of a script: the format that it is taken to be in. */
  format?: ScriptFormat;
};

/**
 * One px cell. One that is wrong in itself has a `refusal` and no `plan`; one that could run but for what is not there now (the
 * workspace's trust, its cluster, its engines) has both.
 */
export type Cell = {
  /** Its name. */
  id: CellId;
  /** All of it, magic and body. */
  range: Range;
  /** The line with the magic. */
  magicRange: Range;
  /** The magic with its suffix, as in `px_even`, `pxresult`. */
  magic: string;
  /**
   * The cell of the script or notebook that it stands in, counted from 0: px lines of the same one share a lens. Absent
   * where the document has no cells of its own.
   */
  outer?: number;
  /** The exact text that engines get. */
  code: string;
  /** What running it would do, with the engines alive now. */
  plan?: Plan;
  /** Why it cannot run: a sentence for the user. */
  refusal?: string;
  /** How its newest run is doing. */
  state: CellState;
  /** Whether its newest run was of another code or plan than what would run now. */
  stale: boolean;
  /** Its newest run. */
  run?: RunId;
};

/** What running a px cell would do. */
export type Plan = {
  /**
   * The engines, in the order of the requests; an id may occur twice. Empty for a line that runs nothing, such as
   * `%pxconfig`, and while no engine is there (see `starts`).
   */
  engines: Array<number>;
  /** The same as a rank set, such as `[0-2,4]`; or a text such as `4 local engines` or `no engine is there`. */
  ranks: string;
  /** How many engines are alive. */
  alive: number;
  /** Whether later runs wait for it. */
  block: boolean;
  /** How many local engines running it starts first; absent when a cluster is there. */
  starts?: number;
  /** 0-based lines above it (`%pxconfig`, `%autopx`) that had a say. */
  decidedBy: Array<number>;
  /** For a line that runs nothing: what it sets or shows, as a sentence. */
  note?: string;
};

/** How the newest run of a px cell is doing. */
export type CellState = "idle" | "queued" | "running" | "succeeded" | "failed";

/** Something wrong or doubtful in a magic. */
export type Problem = {
  /** Where. */
  range: Range;
  /** How bad. */
  severity: ProblemSeverity;
  /** Its name in the documentation. */
  code: string;
  /** A sentence for the user. */
  message: string;
};

/** How bad a problem is. */
export type ProblemSeverity = "error" | "warning" | "hint";

/** The format of a script, which decides how it is divided into cells and which magics in comments count. */
export type ScriptFormat = {
  /** Its name, as the setting `scriptFormat` says it. */
  name: string;
  /** By what the script is taken to be in it, in a few words, such as `jupytext header`. */
  reason: string;
};

/**
 * Which run: by `run`, else by `name`, else the newest of the px cell at `uri` and `position`, else the newest of `suffix`,
 * else the newest of all.
 */
export type ResultParams = {
  /** The run. */
  run?: RunId;
  /** A name that `-o` gave; the newest run that has it, also one of an earlier session. */
  name?: string;
  /** The document of `position`. */
  uri?: string;
  /** A place in the px cell. */
  position?: Position;
  /** The suffix of a view, `""` for the one without. */
  suffix?: string;
  /** The grouping; the one in which the run is shown if it is absent. */
  groupBy?: GroupBy;
  /** Whether the images are wanted. They may be megabytes. */
  images?: boolean;
  /** Whether the contact sheet is wanted. */
  contactSheet?: boolean;
};

/** How outputs are grouped. */
export type GroupBy = "fold" | "type" | "engine" | "order";

/** A run as it stands now. */
export type ResultResult = {
  /** Which run it is; 0 for one of an earlier session, found by its name. */
  run: RunId;
  /** How it is doing. */
  state: CellState;
  /** Engines whose outputs are alike, the largest group first; grouped by engine, each engine's own, in target order. */
  groups: Array<Group>;
  /** All of it as plain text, in the grouping that was asked for. */
  text: string;
  /** The same as Markdown. Text of engines is escaped in it. */
  markdown: string;
  /**
   * The images that stand at the end of the output, identical ones once: each engine's first, then each engine's second, ...;
   * among those by rank. Only if `images` was asked for.
   */
  images?: Array<ResultImage>;
  /**
   * All images on one page, by rank: an SVG document. It holds what engines sent as embedded images only, so that no script and
   * no link of theirs works. Absent where there is no image, or `contactSheet` was not asked for.
   */
  contactSheet?: string;
};

/** Engines whose outputs are alike. */
export type Group = {
  /** The engines as a rank set, such as `[0-2,4]`. */
  ranks: string;
  /** Their ids, rising. */
  engines: Array<number>;
  /** How they are doing. */
  state: GroupState;
  /** What each of them gave, as plain text; what differs in numbers only is summed up: `loss {0.31…0.33} med 0.32 ▄▅█`. */
  text: string;
};

/** How the engines of a group are doing. */
export type GroupState = "pending" | "ok" | "error" | "aborted" | "lost";

/** An image that some engines show. */
export type ResultImage = {
  /** The engines as a rank set, such as `[0-2,4]`. */
  ranks: string;
  /** Their ids, rising. */
  engines: Array<number>;
  /** The lowest place it has among an engine's images: 1 for the first. */
  ordinal: number;
  /**
   * `image/png`, `image/jpeg`, `image/webp`, `image/gif` or `image/svg+xml`, as its first bytes say; where there is no `data`, what the
   * engine said.
   */
  mime: string;
  /** Base64 without line breaks; of an SVG its text, which is not made safe: it belongs into an `<img>`, never into a page. */
  data?: string;
  /** Why there is no `data`: it does not decode, or an answer has no room for it. */
  missing?: string;
  /** Bytes of the image's file. */
  bytes: number;
  /** In pixels; unknown of an SVG that fits any size. */
  width?: number;
  /** In pixels. */
  height?: number;
  /** What to say instead of it: `<Figure size 640x480 with 1 Axes>`. May be empty. */
  alt: string;
};

/** Which run: by `run`, else the newest of the px cell at `uri` and `position`, else the newest of `uri`, else the newest of all. */
export type PageParams = {
  /** The run. */
  run?: RunId;
  /** The document of `position`. */
  uri?: string;
  /** A place in the px cell. */
  position?: Position;
  /** The grouping; the one in which the run is shown if it is absent. */
  groupBy?: GroupBy;
  /** Whether images and HTML are wanted. They may be megabytes. */
  media?: boolean;
};

/** A run as it stands now, in parts. Texts are plain: no markup, no control characters but tabs and line ends, no key of a kernel. */
export type PageResult = {
  /** Which run it is. */
  run: RunId;
  /** The document of its px cell; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The line of the magic as text. */
  title: string;
  /** How it is doing. */
  state: CellState;
  /** The same in words: `1 of 4 failed · 240 ms`. */
  summary: string;
  /** The grouping of `sections`. */
  groupBy: GroupBy;
  /** All its engines as a rank set. */
  ranks: string;
  /** Their ids, rising. */
  engines: Array<number>;
  /** Whether an earlier run of the same px cell is kept, to compare it with. */
  hasEarlier: boolean;
  /** What engines wrote and answered. Grouped by kind of output there is one section for each kind, else one. */
  sections: Array<PageSection>;
  /** How far the results of several groups lie apart. */
  across?: string;
  /** What engines raised, by identical stack, the largest group first. */
  errors: Array<PageError>;
  /** HTML that engines showed, identical ones once. Only if `media` was asked for. */
  tables: Array<PageHtml>;
  /** The images, as in `px/result`. Only if `media` was asked for. */
  images: Array<ResultImage>;
  /** What else there is to say, as a sentence: what was left out. */
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
  /** Their ids, rising. */
  engines: Array<number>;
  /** How they are doing. */
  state: GroupState;
  /** The engines from whose output this is the difference. */
  comparedWith?: string;
  /** The text, one piece for each stretch of one style. */
  pieces: Array<PagePiece>;
};

/** Text of one style. */
export type PagePiece = {
  /** What it says, with the line ends in it. */
  text: string;
  /** What it is. */
  style: LineStyle;
};

/** What a line of a block is, for its colour. */
export type LineStyle = "label" | "stdout" | "stderr" | "result" | "error" | "note";

/** Engines that raised the same exception in the same place. */
export type PageError = {
  /** The engines as a rank set. */
  ranks: string;
  /** Their ids, rising. */
  engines: Array<number>;
  /** `ValueError: bad`, in one line; of engines that somebody stopped `interrupted`. */
  title: string;
  /** What each engine said, where they said different things: `[2] bad`. */
  variants: Array<string>;
  /** The traceback; of engines that said different things that of the first. */
  lines: Array<TracebackLine>;
};

/** A line of a traceback. */
export type TracebackLine = {
  /** What it says. */
  text: string;
  /** The call that it is the head of, where that is in a document or a file that is here. */
  place?: PagePlace;
};

/** Where a call is. */
export type PagePlace = {
  /** The document or file. */
  uri: string;
  /** The place in it. */
  position: Position;
};

/** HTML that some engines showed, such as a `DataFrame`. */
export type PageHtml = {
  /** The engines as a rank set. */
  ranks: string;
  /** Their ids, rising. */
  engines: Array<number>;
  /** As the engine sent it, which is not made safe: it belongs into a sandboxed frame without scripts. */
  html?: string;
  /** What to say instead of it. May be empty. */
  alt: string;
};

/** Which run to show. */
export type ShowRunParams = {
  /** The run. */
  run: RunId;
};

/** What became of it. */
export type ShowRunResult = {
  /** Whether it is shown. */
  shown: boolean;
};

/** Of what. */
export type RunsParams = {
  /** Only those of this document; of a notebook, or of one of its cells, those of all its cells. */
  uri?: string;
  /** Only those of this px cell, which may be gone. */
  cell?: CellId;
};

/** The last 20 runs of each px cell, as far as there is memory for them, and those that px cells still show. */
export type RunsResult = {
  /** The newest first. */
  runs: Array<PastRun>;
};

/** A run that is kept, whether it goes on or is over. */
export type PastRun = {
  /** Its number. */
  run: RunId;
  /** The document of its px cell; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** Its px cell. */
  cell: CellId;
  /** The 0-based line of the magic, when it was asked for. */
  line: number;
  /** That line as text. */
  title: string;
  /** The suffix of its magic, `""` for the one without. */
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
  /** One line that sums it up. Plain text. */
  summary: string;
};

/** What to compare with what. */
export type CompareParams = {
  /** The run. */
  run: RunId;
  /** The other run, of whatever cell; the run before of the same px cell that was sent if it is absent. */
  with?: RunId;
};

/** How the engines of a run did, compared with the other run; or why there is nothing to compare. */
export type CompareResult = {
  /** The run. */
  run: RunId;
  /** The other run; absent where there is none. */
  with?: RunId;
  /** One line: `3 engines as before, [2] changed`. Plain text. */
  summary: string;
  /** Every engine of both runs, in one group. */
  groups: Array<ComparedGroup>;
  /** The summary and the groups that are not as before, as plain text. */
  text: string;
  /** The same as Markdown, at most 50,000 bytes; what engines wrote stands in code fences. */
  markdown: string;
  /** Why there is nothing to compare. */
  message?: string;
};

/** Engines that changed in the same way. */
export type ComparedGroup = {
  /** The engines as a rank set. */
  ranks: string;
  /** The engines. */
  engines: Array<number>;
  /** How they did. */
  change: EngineChange;
  /**
   * What changed, with words as `‹old → new›` and lines that are the same counted; of new engines what they gave. Plain
   * text, without keys of kernels.
   */
  text: string;
};

/** How engines did, compared with the other run. */
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
  /** How many px cells showed a result and do no more. */
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
  /** Whether the run still goes on, so that there may be more of it. */
  goesOn: boolean;
};

/** What to export, and where to. */
export type ExportParams = {
  /** The run. */
  run: RunId;
  /** As what. */
  format: ExportFormat;
  /** An absolute path or a `file:` URI to write to; without it the answer holds the text. */
  path?: string;
  /** Whether a file that is there is replaced. */
  overwrite?: boolean;
};

/** As what a run is exported. */
export type ExportFormat = "markdown" | "json";

/** The export, or why there is none. */
export type ExportResult = {
  /** The text, where no path was given. */
  text?: string;
  /** The file that was written. */
  file?: string;
  /** Pictures that were written beside it. */
  images: Array<string>;
  /** What the user has to know: why nothing was written, or what is missing in it. */
  message?: string;
};

/** Nothing to say yet; an object all the same, so that it can grow. */
export type EnginesParams = Record<string, never>;

/** What is in reach. */
export type EnginesResult = {
  /** The one in use first. */
  clusters: Array<Cluster>;
  /** Why there is none, or none that can be used: a sentence for the user. */
  message?: string;
};

/** One ipyparallel cluster. */
export type Cluster = {
  /** Its IPython profile. */
  profile?: string;
  /** Its id in that profile, `""` for the one without. */
  clusterId?: string;
  /** Where its connection file is. */
  connectionFile?: string;
  /** Whether it answers. */
  state: ClusterState;
  /** Whether it is the one that px cells run on. */
  inUse: boolean;
  /** Whether pxlens started it. */
  ours: boolean;
  /** Its engines by rising id; empty unless it is in use. */
  engines: Array<Engine>;
};

/** Whether a cluster answers. */
export type ClusterState = "found" | "starting" | "up" | "notResponding" | "down";

/** One engine. */
export type Engine = {
  /** Its rank. */
  id: number;
  /** What it does. */
  state: EngineState;
  /** Where it runs, where that is known. */
  host?: string;
  /** Its process, where that is known. */
  pid?: number;
  /** What it works on, where that is a run of this session. */
  current?: EngineCell;
  /** What it raised in the last run of this session that it finished; absent where that went well. */
  lastError?: EngineFailure;
};

/** What an engine does, as far as it told. */
export type EngineState = "unknown" | "idle" | "busy";

/** A px cell that an engine has to do with. */
export type EngineCell = {
  /** The run. */
  run: RunId;
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The px cell. */
  cell: CellId;
  /** 0-based line of its magic when it was run. */
  line: number;
  /** Its magic's line. */
  title: string;
};

/** What an engine raised. */
export type EngineFailure = {
  /** The exception in one line. Plain text: no markup, no control characters. */
  text: string;
  /** Where. */
  at: EngineCell;
};

/** Nothing to say yet; an object all the same, so that it can grow. */
export type EnginesChangedParams = Record<string, never>;

/** Nothing to say yet; an object all the same, so that it can grow. */
export type ClustersParams = Record<string, never>;

/** The clusters that left files. */
export type ClustersResult = {
  /** The one in use first, those that are gone (`down`) last; without engines. */
  clusters: Array<Cluster>;
  /** Why none could be looked for: a sentence for the user. */
  message?: string;
};

/** Which cluster, as in the setting `pxlens.cluster`. Nothing: the one that the settings choose. */
export type ConnectParams = {
  /** An IPython profile. */
  profile?: string;
  /** A cluster id in it. */
  clusterId?: string;
  /** Or the path of a connection file. */
  connectionFile?: string;
};

/** What is used now. */
export type ConnectResult = {
  /** The cluster in use, with its engines; absent where there is none. */
  cluster?: Cluster;
  /** Why it is not the one that was asked for: a sentence for the user. */
  message?: string;
};

/** Nothing to say yet; an object all the same, so that it can grow. */
export type StartClusterParams = Record<string, never>;

/** Which cluster. */
export type StopClusterParams = {
  /** Its connection file, as `px/clusters` names it. */
  connectionFile: string;
  /** Whether the user agreed that one is stopped that pxlens did not start. */
  notOurs?: boolean;
};

/** What became of it. */
export type StopClusterResult = {
  /** Whether it is gone. */
  stopped: boolean;
  /** Why not: a sentence for the user. */
  message?: string;
};

/** Whose kernel. */
export type ConsoleParams = {
  /** The engine. */
  engine: number;
};

/** Where its connection file is and what opens it, or why there is none. */
export type ConsoleResult = {
  /** The connection file, which only its owner can read; absent where there is none. */
  file?: string;
  /** Front ends that can be started with it; the first is the one for a terminal. */
  commands: Array<ConsoleCommand>;
  /** What the user has to know: why there is none, or what has to be in reach. Never holds the key. */
  message?: string;
};

/** A front end. */
export type ConsoleCommand = {
  /** What to call it. */
  title: string;
  /** The program and its arguments. */
  argv: Array<string>;
};

/** What is to run, and which run it belongs to. */
export type RunLocalParams = {
  /** The document; a notebook's cell is named by the cell's own URI. */
  uri: string;
  /** The px cell. */
  cell: CellId;
  /** Its run on the engines, which has begun. */
  run: RunId;
  /** The body, as the engines got it. */
  code: string;
};

/** Nothing to say yet; an object all the same, so that it can grow. */
export type RunLocalResult = Record<string, never>;

/** What changed in one document. */
export type OutputsParams = {
  /** The document. */
  uri: string;
  /** The version that the ranges are of. A client that has a newer one moves them itself, or waits for the next. */
  version: number;
  /** Rises by one with every `px/outputs` of the session, whatever its document. */
  seq: number;
  /** Whether `cells` are all there are: forget the rest. */
  full: boolean;
  /** The cells that changed, each replaced whole. */
  cells: Array<CellOutput>;
  /** Cells that are gone, or have nothing to show any more. */
  removed: Array<CellId>;
};

/** What to paint beside one px cell. */
export type CellOutput = {
  /** Which px cell. */
  id: CellId;
  /** The run that is shown. */
  run?: RunId;
  /** All of the px cell. */
  range: Range;
  /** How the run is doing. */
  state: CellState;
  /** Whether the run was of another code or plan than what would run now. */
  stale: boolean;
  /** One line that sums the run up. */
  line?: Line;
  /**
   * The line of the document, 0-based, at whose end to paint it: the last line of the px cell that holds something, or the
   * one that raised.
   */
  lineAt: number;
  /** Lines to paint under the px cell, for a client that announced `blocks`. */
  block?: Array<BlockLine>;
};

/** One line that sums a run up. Plain text: no markup, no control characters. */
export type Line = {
  /** What it says. */
  text: string;
  /** How to colour it. */
  severity: LineSeverity;
};

/** How a summary line is coloured. */
export type LineSeverity = "info" | "ok" | "warning" | "error";

/** One line of a block. Plain text: no markup, no control characters. */
export type BlockLine = {
  /** What it says, without a line end. */
  text: string;
  /** What it is. */
  style: LineStyle;
  /**
   * How many characters (Unicode scalar values) at its beginning end with the engines that it, or what follows, is of; absent
   * where it names none.
   */
  ranks?: number;
};

/** Which document. */
export type RefreshOutputsParams = {
  /** The document. */
  uri: string;
};

/** How far the client is. */
export type AckOutputsParams = {
  /** The `seq` of the last `px/outputs` painted; those before it count as painted. */
  seq: number;
};

/** Which cell. */
export type RunNotebookCellParams = {
  /** The cell's own URI, in a notebook that is synchronised. */
  uri: string;
};

/** What became of the cell. */
export type RunNotebookCellResult = {
  /** The runs, in order. */
  runs: Array<StartedRun>;
  /** `%pxresult` lines, and the run that each shows. */
  recalled: Array<RecalledRun>;
  /** What does not run, and why. */
  notRun: Array<NotRun>;
  /** Whether any of that was meant to run and cannot; a line that sets something runs nothing. */
  failed: boolean;
  /** How many lines of ordinary Python stood beside the px lines, and did not run. */
  localLines: number;
  /** Of a plain cell that was not sent: the 0-based line by which it reads as set-up. */
  setUp?: number;
  /** Of a plain cell that was sent: the engines as a rank set. */
  ranOn?: string;
  /** Whether the cell after it waits for it: not where all of it is `--noblock`. */
  waits: boolean;
  /** What to show below what the runs give: which lines did not run, and why. */
  notes: Array<NotebookOutput>;
};

/** One output of a notebook's cell. */
export type NotebookOutput = {
  /** The same in several forms, the best first. */
  items: Array<NotebookItem>;
};

/** An output in one form. */
export type NotebookItem = {
  /**
   * Its MIME type. Text of engines is `application/vnd.code.notebook.stdout`; an error is `application/vnd.code.notebook.error`,
   * and its data a JSON object of `name`, `message` and `stack`.
   */
  mime: string;
  /** A text. */
  data: string;
  /** Whether that is base64. */
  base64?: boolean;
};

/** Of which runs. */
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
  /** Whether all of them went well so far. */
  succeeded: boolean;
  /** A word for these outputs, for the next request. */
  seen: string;
  /** All there are; absent if they are as they were when they were last `seen`. */
  outputs?: Array<NotebookOutput>;
};

/** Nothing to say yet; an object all the same, so that it can grow. */
export type TrustParams = Record<string, never>;

/** What to write. */
export type WriteSettingParams = {
  /** The key in the section, such as `views`. */
  key: string;
  /** Its value. The fields of an object are added to what is there, and replace those of the same name. */
  value: unknown;
};

/** What became of it. */
export type WriteSettingResult = {
  /** Whether it was written. */
  written: boolean;
};

/** What to copy. */
export type CopyTextParams = {
  /** Plain text. */
  text: string;
};

/** What became of it. */
export type CopyTextResult = {
  /** Whether it is in the clipboard. */
  copied: boolean;
};

/** Which output to show: of these engines, or of one, or what is other than in another run; else of all. */
export type ShowOutputParams = {
  /** The run. */
  run: RunId;
  /** The grouping of all of it; the one that the cell asks for, or the setting `pxlens.groupBy`, if it is absent. */
  groupBy?: GroupBy;
  /** Only these engines, as a rank set; folded. */
  ranks?: string;
  /** Only what this engine wrote, as it came. */
  engine?: number;
  /** Only what engines gave otherwise than in this run. */
  comparedWith?: RunId;
};

/** Where the output is that was asked for. */
export type ShowOutputResult = {
  /** Its `px-output:` address. */
  uri: string;
  /** A file with it, for a client that cannot show the address. It goes when the run is forgotten or the server ends. */
  file?: string;
};

/** A run and its new grouping. */
export type GroupParams = {
  /** The run. */
  run: RunId;
  /** How it is grouped from now on where no grouping is asked for. The next run of its cell begins as the cell and the setting say. */
  groupBy: GroupBy;
};

/** How the run is grouped now. */
export type GroupResult = {
  /** The run. */
  run: RunId;
  /** Its grouping. */
  groupBy: GroupBy;
};

/** The argument of `pxlens.server.copy`: the run whose output is to be copied. */
export type CopyParams = {
  /** The run. */
  run: RunId;
  /** The grouping; the one in which the run is shown if it is absent. */
  groupBy?: GroupBy;
};

/** The answer of `pxlens.server.copy`. */
export type CopyResult = {
  /** Whether the client copied it. */
  copied: boolean;
  /** The text, for a client that cannot copy, or did not. */
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
