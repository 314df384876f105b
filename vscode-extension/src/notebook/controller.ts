/**
 * The notebook controller "pxlens: engines": the engines of the cluster are the notebook's kernel.
 *
 * The server decides which part of a cell runs and what the cell shows. Nothing runs unless the user chose this kernel and runs a cell.
 */

import {
  CancellationTokenSource,
  type Disposable,
  type NotebookCell,
  type NotebookCellExecution,
  type NotebookController,
  type NotebookDocument,
  notebooks,
  workspace,
} from "vscode";

import type { LanguageClient } from "vscode-languageclient/node";

import { tell } from "../commands/interrupt";
import { underWay } from "../interrupts";
import { why } from "../notice";
import * as px from "../protocol";
import type { Server } from "../server";
import { Bell, follow } from "./follow";
import { painted, problem } from "./outputs";
import { type Job, Queue } from "./queue";

/** What is going on in one notebook. */
type Doing = {
  queue: Queue;
  running: Set<Running>;
  /** When the last execution of each cell is over; VS Code has one at a time. */
  over: WeakMap<NotebookCell, Promise<void>>;
  /** How many cells have begun. */
  order: number;
};

/** A cell that has begun. */
type Running = {
  runs: px.RunId[];
  /** The client of the server that has these runs. */
  client: LanguageClient | undefined;
  isInterrupted: boolean;
  asking: CancellationTokenSource;
};

export class EnginesController implements Disposable {
  private readonly controller: NotebookController;
  private readonly doing = new WeakMap<NotebookDocument, Doing>();
  /** The notebooks whose kernel this is. */
  private readonly selected = new WeakSet<NotebookDocument>();
  private readonly bell = new Bell();

  constructor(private readonly server: Server) {
    this.controller = notebooks.createNotebookController(
      "pxlens.engines",
      "jupyter-notebook",
      "pxlens: engines",
    );
    this.controller.supportedLanguages = ["python"];
    this.controller.supportsExecutionOrder = true;
    this.controller.description = "All engines of the cluster";
    this.controller.detail = "Px lines run on the engines that they name, plain cells on all engines";
    this.controller.executeHandler = (cells, notebook) => {
      this.execute(cells, notebook);
    };
    this.controller.interruptHandler = (notebook) => this.interrupt(notebook);
    this.controller.onDidChangeSelectedNotebooks(({ notebook, selected }) => {
      if (selected) this.selected.add(notebook);
      else this.selected.delete(notebook);
    });
  }

  /** Called when there may be more output of a run. */
  heard(): void {
    this.bell.ring();
  }

  dispose(): void {
    this.controller.dispose();
  }

  /**
   * Called when a command of the server, such as that of a lens, has begun runs. In a notebook with this kernel, cells show them as if they
   * had been run here.
   */
  async began(command: string, { uri }: px.RunParams, { runs, shownResults }: px.RunResult): Promise<void> {
    const asked = cellOf(uri);
    const client = this.server.session?.client;
    const begun = new Set([...runs, ...shownResults].map(({ cell }) => cell));
    if (!asked || !client || begun.size === 0 || !this.selected.has(asked.notebook)) return;
    const cells = command === px.serverCommands.run ? [asked] : asked.notebook.getCells();
    const known = await Promise.all(cells.map((cell) => pxCells(client, cell)));
    const touched = cells.filter((_, n) => known[n]?.some(({ id }) => begun.has(id)));
    await Promise.all(touched.map((cell) => this.adopt(cell, begun, client)));
  }

  /** Shows the runs of a cell, some of which have just begun, as soon as what it showed before is over. */
  private async adopt(
    cell: NotebookCell,
    begun: ReadonlySet<px.CellId>,
    client: LanguageClient,
  ): Promise<void> {
    const doing = this.doingIn(cell.notebook);
    const before = doing.over.get(cell);
    const over = gate();
    doing.over.set(cell, over.opened);
    try {
      await before;
      if (cell.index < 0 || !this.selected.has(cell.notebook)) return;
      await this.show(
        this.controller.createNotebookCellExecution(cell),
        doing,
        async (execution, running) => {
          const known = await pxCells(client, cell);
          running.runs = runsOf(known.filter(({ id }) => begun.has(id)));
          running.client = client;
          if (running.isInterrupted) await this.stop(running);
          // What a line gave before it was changed is not what the cell gives.
          return this.follow(
            execution,
            client,
            runsOf(known.filter(({ id, stale }) => begun.has(id) || !stale)),
          );
        },
      );
    } finally {
      over.open();
    }
  }

  private execute(cells: readonly NotebookCell[], notebook: NotebookDocument): void {
    const doing = this.doingIn(notebook);
    doing.queue.add(cells.map((cell) => this.job(cell, doing)));
  }

  private job(cell: NotebookCell, doing: Doing): Job {
    // Created at once, so that the cell is shown as waiting.
    const execution = this.controller.createNotebookCellExecution(cell);
    const asked = cell.document.getText();
    const over = gate();
    doing.over.set(cell, over.opened);
    return {
      run: async (free) => {
        const succeeded = await this.show(execution, doing, (_, running) =>
          this.runCell(execution, asked, running, free),
        );
        over.open();
        return succeeded;
      },
      drop: () => {
        execution.end(undefined);
        over.open();
      },
    };
  }

  /** Shows in a cell what `work` does; resolves to whether it succeeded. */
  private async show(
    execution: NotebookCellExecution,
    doing: Doing,
    work: (execution: NotebookCellExecution, running: Running) => Promise<boolean>,
  ): Promise<boolean> {
    if (execution.cell.index < 0) {
      // The cell was deleted while it waited; the cells after it were not.
      execution.end(undefined);
      return true;
    }
    const running: Running = {
      runs: [],
      client: undefined,
      isInterrupted: false,
      asking: new CancellationTokenSource(),
    };
    doing.running.add(running);
    execution.executionOrder = ++doing.order;
    execution.start(Date.now());
    let succeeded = false;
    const session = this.server.session;
    try {
      await execution.clearOutput();
      succeeded = await work(execution, running);
    } catch (error) {
      const isGone = session !== undefined && session !== this.server.session;
      const said = running.asking.token.isCancellationRequested ? TAKEN_BACK : why(error);
      await execution.appendOutput(problem(isGone ? GONE : said));
    } finally {
      doing.running.delete(running);
      running.asking.dispose();
      execution.end(succeeded, Date.now());
    }
    return succeeded && !running.isInterrupted;
  }

  /** Runs a cell whose text was `text` when that was asked for. */
  private async runCell(
    execution: NotebookCellExecution,
    text: string,
    running: Running,
    free: () => void,
  ): Promise<boolean> {
    const client = (await this.server.ready())?.client;
    if (!client) throw new Error("The pxlens server is not running; the log says why.");
    if (execution.cell.document.getText() !== text) throw new Error(CHANGED);
    const uri = execution.cell.document.uri.toString();
    // If a cluster has to be started first, the user may cancel before anything has run.
    const asked = client.sendRequest(px.runNotebookCell, { uri }, running.asking.token);
    const answer = await asked.catch(async (error: unknown) => {
      // The cell may have begun nevertheless.
      const { runs } = await client.sendRequest(px.runs, { uri });
      const begun = underWay(runs).filter((run) => run.uri === uri);
      if (begun.length === 0) throw error;
      return { runs: begun, shownResults: [], notes: [], waits: true, failed: false };
    });
    running.runs = answer.runs.map(({ run }) => run);
    running.client = client;
    if (running.isInterrupted) await this.stop(running);
    if (!answer.waits) free();
    const runs = [...running.runs, ...answer.shownResults.map(({ run }) => run)];
    const succeeded = await this.follow(execution, client, runs, answer.notes);
    return succeeded && !answer.failed;
  }

  /** Shows the outputs of runs, and notes below them, until the runs are over; resolves to whether all succeeded. */
  private follow(
    execution: NotebookCellExecution,
    client: LanguageClient,
    runs: px.RunId[],
    notes: readonly px.NotebookOutput[] = [],
  ): Promise<boolean> {
    return follow({
      ask: (seen) => client.sendRequest(px.notebookOutputs, { runs, ...(seen !== undefined && { seen }) }),
      show: (outputs) => Promise.resolve(execution.replaceOutput(painted([...outputs, ...notes]))),
      bell: this.bell,
    });
  }

  private doingIn(notebook: NotebookDocument): Doing {
    const known = this.doing.get(notebook);
    if (known) return known;
    const doing: Doing = { queue: new Queue(), running: new Set(), over: new WeakMap(), order: 0 };
    this.doing.set(notebook, doing);
    return doing;
  }

  private async interrupt(notebook: NotebookDocument): Promise<void> {
    const doing = this.doing.get(notebook);
    if (!doing) return;
    doing.queue.clear();
    await Promise.all(
      [...doing.running].map((running) => {
        running.isInterrupted = true;
        if (running.runs.length === 0) running.asking.cancel();
        return this.stop(running);
      }),
    );
  }

  private async stop({ runs, client }: Running): Promise<void> {
    // On another server, these numbers mean other runs.
    if (!client || client !== this.server.session?.client) return;
    await tell(runs.map((run) => client.sendRequest(px.interrupt, { run })));
  }
}

/** The cell of an open notebook whose document has this URI. */
function cellOf(uri: string): NotebookCell | undefined {
  const cells = workspace.notebookDocuments.flatMap((notebook) => notebook.getCells());
  return cells.find(({ document }) => document.uri.toString() === uri);
}

/** The px cells of a notebook's cell; none if the server does not have it, as with text. */
async function pxCells(client: LanguageClient, { document }: NotebookCell): Promise<px.Cell[]> {
  const asked = client.sendRequest(px.cells, { uri: document.uri.toString() });
  return (await asked.catch(() => ({ cells: [] }))).cells;
}

/** The newest run of each that has one. */
function runsOf(cells: readonly px.Cell[]): px.RunId[] {
  return cells.flatMap(({ run }) => (run === undefined ? [] : [run]));
}

/** Something to wait for: `opened` resolves when `open` is called. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** The error of a cell that was stopped while a cluster was being started for it. */
const TAKEN_BACK = "Stopped before it ran.";

/** The error of a cell that is not what it was when the user ran it; what was typed since may be half a line. */
const CHANGED =
  "This cell was changed while it waited, so it was not run. Run it again to run it as it is now.";

/** The error of a cell whose server is gone, in place of the library's message about a connection. */
const GONE =
  "The pxlens server stopped while this cell ran, and is being restarted. Run the cell again once it is running. " +
  "Engines and their variables are still there.";
