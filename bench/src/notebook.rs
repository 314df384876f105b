//! What a large notebook costs: CPU time of the language server for one request per cell, and for one typed character.
//!
//! An editor asks for the lenses, hints and folds of each cell of a notebook by a request of its own. The server is a process
//! with simulated engines, and its CPU time is taken from a message until it rests. Each round of requests follows an
//! edit, so that nothing is answered from an earlier round.

use std::{path::Path, time::Duration};

use anyhow::{Result, ensure};
use pxlens_tests::{lsp::Client, sim::Sim};
use serde_json::{Value, json};

use crate::{
    cpu::rested,
    servers::{self, Server},
};

const SIZES: [usize; 5] = [100, 200, 400, 800, 1600];
const METHODS: [&str; 3] = ["textDocument/codeLens", "textDocument/inlayHint", "textDocument/foldingRange"];
const ROUNDS: usize = 3;
const KEYS: usize = 200;
const NOTEBOOK: &str = "file:///bench/large.ipynb";

/// The size that the goals are of.
const GOAL_CELLS: usize = 800;
const GOAL_REQUESTS: Duration = Duration::from_millis(250);
const GOAL_KEY: Duration = Duration::from_millis(1);
/// How much more a cell may cost in the largest notebook than in one of [`LINEAR_FROM`] cells.
const GOAL_LINEAR: f64 = 1.5;
const LINEAR_FROM: usize = 200;

/// Prints the table; the other server is measured up to `most` cells, since an old one may take minutes for more.
pub(crate) async fn measure(against: Option<&Path>, most: usize) -> Result<()> {
    let servers = servers::all(against)?;
    let sim = Sim::builder().engines(4).start().await;
    tokio::task::spawn_blocking(move || all_sizes(&servers, &sim, most)).await?
}

fn all_sizes(servers: &[Server], sim: &Sim, most: usize) -> Result<()> {
    println!(
        "Notebooks of code cells with px magics, some in %autopx regions, some below a %pxconfig: CPU of the server, all \
         threads, until it rests. One request per cell, median of {ROUNDS} rounds; {KEYS} characters in the middle, mean.\n"
    );
    println!(
        "| cells | server | codeLens ms | inlayHint ms | foldingRange ms | together ms | a character ms | and its lenses ms |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut found = Vec::new();
    for cells in SIZES {
        for (server, is_other) in servers.iter().zip([false, true]) {
            if is_other && cells > most {
                continue;
            }
            let costs = Costs::measure(server, sim, cells)?;
            costs.print(cells, server.name);
            if !is_other {
                found.push((cells, costs));
            }
        }
    }
    println!();
    say_goals(&found);
    Ok(())
}

/// CPU time of the server.
struct Costs {
    /// Of one request per cell, by [`METHODS`].
    requests: [Duration; METHODS.len()],
    /// Of one typed character.
    key: Duration,
    /// Of one typed character and the lenses of its cell.
    key_and_lenses: Duration,
}

impl Costs {
    fn measure(server: &Server, sim: &Sim, cells: usize) -> Result<Self> {
        let mut notebook = Notebook::open(server, sim, cells)?;
        let mut requests = [Duration::ZERO; METHODS.len()];
        for (method, cost) in METHODS.into_iter().zip(&mut requests) {
            let mut rounds = Vec::with_capacity(ROUNDS);
            for _ in 0..ROUNDS {
                notebook.type_one();
                rounds.push(notebook.cost(|notebook| notebook.ask_each(method))?);
            }
            rounds.sort_unstable();
            *cost = rounds[ROUNDS / 2];
        }
        let keys = u32::try_from(KEYS)?;
        let (mut key, mut key_and_lenses) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..KEYS {
            key += notebook.cost(|notebook| {
                notebook.type_one();
                Ok(())
            })?;
            key_and_lenses += notebook.cost(|notebook| {
                notebook.type_one();
                notebook.ask(METHODS[0], notebook.cells / 2).map(drop)
            })?;
        }
        Ok(Self { requests, key: key / keys, key_and_lenses: key_and_lenses / keys })
    }

    fn together(&self) -> Duration {
        self.requests.iter().sum()
    }

    fn print(&self, cells: usize, server: &str) {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        let [lenses, hints, folds] = self.requests.map(millis);
        println!(
            "| {cells} | {server} | {lenses:.1} | {hints:.1} | {folds:.1} | {:.1} | {:.3} | {:.3} |",
            millis(self.together()),
            millis(self.key),
            millis(self.key_and_lenses)
        );
    }
}

/// Whether the server built here reaches the goals.
fn say_goals(found: &[(usize, Costs)]) {
    let of = |size: usize| found.iter().find(|(cells, _)| *cells == size).map(|(_, costs)| costs);
    let goal = |what: String, met: bool| println!("* {what}: {}", if met { "met" } else { "MISSED" });
    if let Some(costs) = of(GOAL_CELLS) {
        let (together, key) = (costs.together(), costs.key);
        goal(
            format!("at {GOAL_CELLS} cells {together:.1?} together, at most {GOAL_REQUESTS:?}"),
            together <= GOAL_REQUESTS,
        );
        goal(format!("at {GOAL_CELLS} cells {key:.3?} per character, at most {GOAL_KEY:?}"), key <= GOAL_KEY);
    }
    if let (Some(small), Some((largest, large))) = (of(LINEAR_FROM), found.last()) {
        let per_cell = |costs: &Costs, cells: usize| costs.together().as_secs_f64() / cells as f64;
        let growth = per_cell(large, *largest) / per_cell(small, LINEAR_FROM);
        goal(
            format!(
                "a cell costs {growth:.2} times as much at {largest} cells as at {LINEAR_FROM}, at most {GOAL_LINEAR}"
            ),
            growth <= GOAL_LINEAR,
        );
    }
    println!();
}

/// A notebook in an editor.
struct Notebook {
    client: Client,
    cells: usize,
    /// Of the notebook, and of the cell in its middle.
    version: i32,
}

impl Notebook {
    fn open(server: &Server, sim: &Sim, cells: usize) -> Result<Self> {
        let mut client = Client::vscode(&server.path)
            .args(["lsp"])
            .options(json!({ "trusted": true, "cluster": sim.connection_file() }))
            .start();
        let structure: Vec<Value> =
            (0..cells).map(|at| json!({ "kind": 2, "document": cell_uri(at) })).collect();
        let documents: Vec<Value> = (0..cells)
            .map(|at| json!({ "uri": cell_uri(at), "languageId": "python", "version": 1, "text": text(at, cells) }))
            .collect();
        let notebook = json!({
            "uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": structure,
        });
        client.notify(
            "notebookDocument/didOpen",
            json!({ "notebookDocument": notebook, "cellTextDocuments": documents }),
        );
        client.ask_until("px/engines", &json!({}), |found| found["clusters"][0]["inUse"] == true);
        let mut notebook = Self { client, cells, version: 1 };
        let mut with_lens = 0;
        for at in 0..cells {
            let lenses = notebook.ask(METHODS[0], at)?;
            with_lens += usize::from(lenses.as_array().is_some_and(|lenses| !lenses.is_empty()));
        }
        ensure!(with_lens > cells / 2, "only {with_lens} of {cells} cells have a lens");
        Ok(notebook)
    }

    /// CPU time of the server for what `work` sends, until it rests.
    fn cost(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<Duration> {
        let before = rested(self.client.pid())?;
        work(self)?;
        Ok(rested(self.client.pid())?.saturating_sub(before))
    }

    /// Sends one request per cell, as an editor does that shows them all, and takes the answers.
    fn ask_each(&mut self, method: &str) -> Result<()> {
        let sent: Vec<_> = (0..self.cells).map(|at| self.client.send(method, params(at))).collect();
        for sent in sent {
            self.client.answer(sent).map_err(|error| anyhow::anyhow!("{method}: {}", error.message))?;
        }
        Ok(())
    }

    fn ask(&mut self, method: &str, cell: usize) -> Result<Value> {
        let answer = self.client.try_request(method, params(cell));
        answer.map_err(|error| anyhow::anyhow!("{method}: {}", error.message))
    }

    /// Types a character at the end of the first line of the cell in the middle, or takes the last one back.
    fn type_one(&mut self) {
        let cell = self.cells / 2;
        let first_line = text(cell, self.cells).lines().next().map_or(0, str::len);
        let at = json!({ "line": 0, "character": first_line });
        let (end, typed) = match self.version % 2 {
            1 => (at.clone(), "1"),
            _ => (json!({ "line": 0, "character": first_line + 1 }), ""),
        };
        self.version += 1;
        let change = json!({
            "document": { "uri": cell_uri(cell), "version": self.version },
            "changes": [{ "range": { "start": at, "end": end }, "text": typed }],
        });
        self.client.notify(
            "notebookDocument/didChange",
            json!({
                "notebookDocument": { "uri": NOTEBOOK, "version": self.version },
                "change": { "cells": { "textContent": [change] } },
            }),
        );
    }
}

fn cell_uri(at: usize) -> String {
    format!("vscode-notebook-cell:/bench/large.ipynb#X{at:06}")
}

/// What each of [`METHODS`] takes; LSP lets the others skip the range.
fn params(cell: usize) -> Value {
    json!({
        "textDocument": { "uri": cell_uri(cell) },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } },
    })
}

/// The text of a cell: by twenties a `%pxconfig`, an `%autopx` region of three cells, and px cells of several kinds. The cell
/// in the middle begins with a line in which a character may be typed.
fn text(at: usize, cells: usize) -> String {
    let body =
        format!("total_{at} = 0\nfor step in range(10):\n    total_{at} += step\nprint(rank, total_{at})\n");
    if at == cells / 2 {
        return format!("%px count = 1\n{body}");
    }
    match at % 20 {
        0 => format!("%pxconfig --progress-after {}\n", at % 7),
        10 | 14 => "%autopx\n".to_owned(),
        11..=13 => body,
        4 | 17 => {
            format!("local_{at} = 1\n%px x_{at} = {at}\nprint(local_{at})\n%px --targets ::2 y_{at} = {at}\n")
        }
        number if number % 3 == 0 => format!("%%px --targets ::2\n{body}"),
        number if number % 3 == 1 => format!("%%px --noblock -e\n{body}"),
        _ => format!("%%px\n{body}"),
    }
}
