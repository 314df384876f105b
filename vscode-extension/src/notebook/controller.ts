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
  }

  /** Called when there may be more output of a run. */
  heard(): void {
    this.bell.ring();
  }

  dispose(): void {
    this.controller.dispose();
  }

  private execute(cells: readonly NotebookCell[], notebook: NotebookDocument): void {
    const doing = this.doing.get(notebook) ?? { queue: new Queue(), running: new Set(), order: 0 };
    this.doing.set(notebook, doing);
    doing.queue.add(cells.map((cell) => this.job(cell, doing)));
  }

  private job(cell: NotebookCell, doing: Doing): Job {
    // Created at once, so that the cell is shown as waiting.
    const execution = this.controller.createNotebookCellExecution(cell);
    return {
      run: async (free) => {
        if (cell.index < 0) {
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
          succeeded = await this.runCell(execution, running, free);
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
      },
      drop: () => {
        execution.end(undefined);
      },
    };
  }

  private async runCell(
    execution: NotebookCellExecution,
    running: Running,
    free: () => void,
  ): Promise<boolean> {
    const client = (await this.server.ready())?.client;
    if (!client) throw new Error("The pxlens server is not running; the log says why.");
    const uri = execution.cell.document.uri.toString();
    // If a cluster has to be started first, the user may cancel before anything has run.
    const asked = client.sendRequest(px.runNotebookCell, { uri }, running.asking.token);
    const answer = await asked.catch(async (error: unknown) => {
      // The cell may have begun nevertheless.
      const { runs } = await client.sendRequest(px.runs, { uri });
      const begun = underWay(runs).filter((run) => run.uri === uri);
      if (begun.length === 0) throw error;
      return { runs: begun, recalled: [], notes: [], waits: true, failed: false };
    });
    running.runs = answer.runs.map(({ run }) => run);
    running.client = client;
    if (running.isInterrupted) await this.stop(running);
    if (!answer.waits) free();
    const runs = [...running.runs, ...answer.recalled.map(({ run }) => run)];
    const succeeded = await follow({
      ask: (seen) => client.sendRequest(px.notebookOutputs, { runs, ...(seen !== undefined && { seen }) }),
      show: (outputs) => Promise.resolve(execution.replaceOutput(painted([...outputs, ...answer.notes]))),
      bell: this.bell,
    });
    return succeeded && !answer.failed;
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

/** The error of a cell that was stopped while a cluster was being started for it. */
const TAKEN_BACK = "Stopped before it ran.";

/** The error of a cell whose server is gone, in place of the library's message about a connection. */
const GONE =
  "The pxlens server stopped while this cell ran, and is being restarted. Run the cell again once it is running. " +
  "Engines and their variables are still there.";
