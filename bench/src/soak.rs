//! Soak: 10,000 runs of mixed output through the language server on 4 simulated engines, while engines die, connections break and
//! the controller restarts.
//!
//! Each output carries a mark of its run, its engine and its place, so that what is shown in the end can be counted. An output
//! that a broken connection took away counts as told, not as lost, if the run says that output may be missing. Fails where an
//! output is lost or doubled, where an engine does not end or ends as lost without a reason, and where memory grows.

mod task;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use pxlens_tests::{
    Dice, PATIENCE,
    lsp::Client,
    sim::{Channel, Sim},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use self::task::{Kind, Task};
use crate::{servers, skeleton::resident};

const RUNS: usize = 10_000;
const ENGINES: usize = 4;
/// Runs from one fault to the next, about.
const UNTIL_FAULT: usize = 200;
/// Runs of which the mean of the memory is taken.
const WINDOW: usize = 1000;
/// How much more memory the last runs may take than the second [`WINDOW`] of runs, in MB.
const GROWTH: f64 = 5.0;

/// How long a run that is to be interrupted may wait for its engines.
const TO_BEGIN: Duration = Duration::from_millis(100);
/// Of so many runs one is [`Kind::Large`].
const UNTIL_LARGE: usize = 100;

const URI: &str = "file:///bench/soak.py";

/// The magics of the px cells, which run one after the other unless their engines are free.
const MAGICS: [&str; 8] = [
    "%%px",
    "%%px --targets ::2",
    "%%px --targets 1:",
    "%%px --noblock",
    "%%px --targets -1",
    "%%px --group-outputs engine",
    "%%px --noblock --targets :2",
    "%%px",
];

/// What goes wrong while runs are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    EngineDies,
    EngineIsKilled,
    AllConnectionsBreak,
    OutputBreaks,
    RequestsBreak,
    HubBreaks,
    ControllerRestarts,
    ControllerRestartsOnOtherPorts,
}

impl Fault {
    const ALL: [Self; 8] = [
        Self::EngineDies,
        Self::EngineIsKilled,
        Self::AllConnectionsBreak,
        Self::OutputBreaks,
        Self::RequestsBreak,
        Self::HubBreaks,
        Self::ControllerRestarts,
        Self::ControllerRestartsOnOtherPorts,
    ];
}

/// What engines ran, by run and engine, and how often.
type Executed = Arc<Mutex<HashMap<(usize, u32), usize>>>;

pub(crate) async fn measure() -> Result<()> {
    let executed = Executed::default();
    let rule = Arc::clone(&executed);
    let sim = Sim::builder()
        .engines(ENGINES as u32)
        .script(move |request| {
            let task = Task::read(&request.code)?;
            let part = (task.number, request.engine);
            *rule.lock().expect("no holder of this lock panics").entry(part).or_default() += 1;
            Some(task.script(request.engine))
        })
        .start()
        .await;
    let soak = tokio::task::spawn_blocking(move || Soak::new(sim)?.run()).await??;
    soak.print();
    let twice =
        executed.lock().expect("no holder of this lock panics").values().filter(|count| **count > 1).count();
    soak.check(twice)
}

/// The language server under the soak, and what was counted so far.
struct Soak {
    sim: Sim,
    client: Client,
    version: i32,
    dice: Dice,
    /// How many runs have been checked.
    runs: usize,
    /// Runs that were refused while the controller was away.
    refused: usize,
    faults: BTreeMap<Fault, usize>,
    counted: Counted,
    /// How engines' parts ended: `ok`, `error`, `aborted`, `lost`.
    ended: BTreeMap<String, usize>,
    /// Why parts ended as lost or aborted.
    reasons: BTreeMap<String, usize>,
    /// Resident memory after each run, in MB.
    memory: Vec<f64>,
    seconds: f64,
    _folder: tempfile::TempDir,
}

/// Outputs and parts of runs, counted.
#[derive(Debug, Default)]
struct Counted {
    outputs: usize,
    lost: usize,
    doubled: usize,
    /// Outputs that are missing where the run says so.
    told: usize,
    /// Outputs that no engine wrote for this run.
    strange: usize,
    without_reason: usize,
}

impl Soak {
    fn new(sim: Sim) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut client = Client::vscode(servers::built()?)
            .args(["lsp"])
            .options(json!({
                "trusted": true,
                "cluster": sim.connection_file(),
                "limits": { "folder": folder.path() },
            }))
            .start();
        let text: String = MAGICS.iter().map(|magic| format!("# %%\n{magic}\nsoak()\n")).collect();
        client.open(URI, &text);
        Ok(Self {
            sim,
            client,
            version: 1,
            dice: Dice(16),
            runs: 0,
            refused: 0,
            faults: BTreeMap::new(),
            counted: Counted::default(),
            ended: BTreeMap::new(),
            reasons: BTreeMap::new(),
            memory: Vec::new(),
            seconds: 0.0,
            _folder: folder,
        })
    }

    fn run(mut self) -> Result<Self> {
        let begun = Instant::now();
        self.recover();
        let mut number = 0;
        let mut next_fault = UNTIL_FAULT;
        while self.runs < RUNS {
            let fault = (self.runs >= next_fault).then(|| {
                next_fault += UNTIL_FAULT;
                let at = self.faults.values().sum::<usize>() % Fault::ALL.len();
                Fault::ALL[at]
            });
            let tasks: Vec<Task> = (0..MAGICS.len()).map(|cell| self.task(number + cell, fault)).collect();
            number += tasks.len();
            self.round(&tasks, fault)?;
            if fault.is_some() {
                self.recover();
            }
            if self.runs % 1000 < MAGICS.len() {
                println!("{} runs, {:.0} s", self.runs, begun.elapsed().as_secs_f64());
            }
        }
        self.seconds = begun.elapsed().as_secs_f64();
        // What it showed is counted from the results.
        self.client.heard("window/showMessage");
        self.client.heard("window/showMessageRequest");
        self.client.heard("window/logMessage");
        Ok(self)
    }

    /// What a cell runs next.
    fn task(&mut self, number: usize, fault: Option<Fault>) -> Task {
        let engines = self.sim.engines();
        let engine = engines[self.dice.below(engines.len())].0;
        let dies = fault == Some(Fault::EngineDies) && number.is_multiple_of(MAGICS.len());
        let kind = match number % UNTIL_LARGE {
            _ if dies => Kind::Die,
            50 => Kind::Large,
            _ => Kind::COMMON[self.dice.below(Kind::COMMON.len())],
        };
        Task { number, kind, engine }
    }

    /// Writes the tasks into their cells, runs these, lets something go wrong meanwhile, and checks what came of them.
    fn round(&mut self, tasks: &[Task], fault: Option<Fault>) -> Result<()> {
        self.version += 1;
        let changes: Vec<Value> = (0..).zip(tasks).map(|(cell, task)| {
            let line = 3 * cell + 2;
            let range = json!({ "start": { "line": line, "character": 0 }, "end": { "line": line, "character": 1000 } });
            json!({ "range": range, "text": task.code() })
        }).collect();
        let document = json!({ "uri": URI, "version": self.version });
        self.client
            .notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        let mut started = Vec::new();
        for (cell, task) in (0..).zip(tasks) {
            let position = json!({ "line": 3 * cell + 1, "character": 0 });
            match self.client.try_request("px/run", json!({ "uri": URI, "position": position })) {
                Ok(answer) => {
                    let run = answer["runs"][0]["run"].as_u64();
                    started.push((task, run.with_context(|| format!("{answer:#}"))?));
                }
                Err(_) => self.refused += 1,
            }
            if cell == tasks.len() / 2
                && let Some(fault) = fault
            {
                *self.faults.entry(fault).or_default() += 1;
                self.inject(fault);
            }
        }
        // What waits behind one that hangs has no end before it.
        started.sort_by_key(|(task, _)| task.kind != Kind::Hang);
        for (task, run) in started {
            self.check_run(task, run)?;
            self.memory.push(resident(self.client.pid(), "VmRSS:")?);
            self.runs += 1;
        }
        Ok(())
    }

    fn inject(&mut self, fault: Fault) {
        let engines = self.sim.engines();
        let any = engines[self.dice.below(engines.len())].0;
        match fault {
            Fault::EngineDies => {}
            Fault::EngineIsKilled => Handle::current().block_on(self.sim.kill_engine(any)),
            Fault::AllConnectionsBreak => {
                self.sim.cut(&[
                    Channel::Registration,
                    Channel::Control,
                    Channel::Mux,
                    Channel::Iopub,
                    Channel::Notification,
                ]);
            }
            Fault::OutputBreaks => self.sim.cut(&[Channel::Iopub]),
            Fault::RequestsBreak => self.sim.cut(&[Channel::Mux]),
            Fault::HubBreaks => self.sim.cut(&[Channel::Registration, Channel::Notification]),
            Fault::ControllerRestarts => {
                let gone = self.sim.vanish();
                Handle::current().block_on(self.sim.come_back(gone, ENGINES as u32));
            }
            Fault::ControllerRestartsOnOtherPorts => {
                let gone = self.sim.vanish();
                Handle::current().block_on(self.sim.come_back_elsewhere(gone, ENGINES as u32));
            }
        }
    }

    /// Waits until the server knows all engines; adds some where they died.
    fn recover(&mut self) {
        while self.sim.engines().len() < ENGINES {
            Handle::current().block_on(self.sim.add_engine());
        }
        let mut ids: Vec<Value> = self.sim.engines().iter().map(|(id, _)| json!(id)).collect();
        ids.sort_by_key(Value::as_u64);
        self.client.ask_until("px/engines", &json!({}), |answer| {
            answer["clusters"].as_array().into_iter().flatten().any(|cluster| {
                let known =
                    cluster["engines"].as_array().into_iter().flatten().map(|engine| engine["id"].clone());
                cluster["state"] == "up" && known.collect::<Vec<_>>() == ids
            })
        });
    }

    /// Waits for the end of a run, and counts what it shows.
    fn check_run(&mut self, task: &Task, run: u64) -> Result<()> {
        let wanted = json!({ "run": run, "groupBy": "engine" });
        let is_over = |result: &Value| matches!(result["state"].as_str(), Some("succeeded" | "failed"));
        let mut result = self.client.request("px/result", wanted.clone());
        if task.kind == Kind::Hang {
            let begun = Instant::now();
            while !is_over(&result) && begun.elapsed() < PATIENCE {
                // If it waits behind another, some are interrupted before they begin.
                if result["state"] == "running" || begun.elapsed() > TO_BEGIN {
                    self.client.request("px/interrupt", json!({ "run": run }));
                }
                std::thread::sleep(Duration::from_millis(2));
                result = self.client.request("px/result", wanted.clone());
            }
        }
        if !is_over(&result) {
            result = self.client.ask_until("px/result", &wanted, is_over);
        }
        let groups = result["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
        ensure!(!groups.is_empty(), "run {run} has no engines: {result:#}");
        for group in groups {
            self.check_part(task, group, &result);
        }
        Ok(())
    }

    fn check_part(&mut self, task: &Task, group: &Value, result: &Value) {
        let engine = group["engines"][0].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(u32::MAX);
        let (state, text) =
            (group["state"].as_str().unwrap_or("none"), group["text"].as_str().unwrap_or_default());
        *self.ended.entry(state.to_owned()).or_default() += 1;
        if let "lost" | "aborted" = state {
            let reason = reason(text);
            self.counted.without_reason += usize::from(reason.is_none());
            *self.reasons.entry(reason.unwrap_or("none").to_owned()).or_default() += 1;
        }
        let marks = task.marks(engine);
        let is_said = MAY_BE_MISSING.iter().any(|remark| text.contains(remark));
        // What an engine wrote before it died is shown.
        let is_told = is_said || (matches!(state, "lost" | "aborted") && task.kind != Kind::Die);
        let mut found: HashMap<&str, usize> = HashMap::new();
        for mark in text.split(task::QUOTE).skip(1).step_by(2) {
            *found.entry(mark).or_default() += 1;
        }
        self.counted.outputs += found.len();
        let before = (self.counted.lost, self.counted.doubled, self.counted.strange);
        for mark in &marks.all {
            match found.remove(mark.as_str()).unwrap_or_default() {
                0 if !marks.shown.contains(mark) => {}
                0 if is_told => self.counted.told += 1,
                0 => self.counted.lost += 1,
                1 => {}
                _ => self.counted.doubled += 1,
            }
        }
        self.counted.strange += found.len();
        if before != (self.counted.lost, self.counted.doubled, self.counted.strange) {
            println!(
                "{task:?} on engine {engine}: {group:#}\n{}",
                result["text"].as_str().unwrap_or_default()
            );
        }
    }

    fn means(&self) -> (f64, f64) {
        let mean = |window: &[f64]| window.iter().sum::<f64>() / window.len() as f64;
        (mean(&self.memory[WINDOW..2 * WINDOW]), mean(&self.memory[self.memory.len() - WINDOW..]))
    }

    fn print(&self) {
        let Counted { outputs, lost, doubled, told, strange, without_reason } = self.counted;
        let of = |state: &str| self.ended.get(state).copied().unwrap_or_default();
        println!(
            "Soak: {} runs on {ENGINES} engines, {} faults: {:?}\n",
            self.runs,
            self.faults.values().sum::<usize>(),
            self.faults
        );
        println!(
            "| outputs | lost | doubled | of another run | missing, and told | refused runs | seconds |"
        );
        println!("|---|---|---|---|---|---|---|");
        println!(
            "| {outputs} | {lost} | {doubled} | {strange} | {told} | {} | {:.0} |\n",
            self.refused, self.seconds
        );
        println!("| parts that ended ok | error | aborted | lost | without a reason |");
        println!("|---|---|---|---|---|");
        println!(
            "| {} | {} | {} | {} | {without_reason} |\n",
            of("ok"),
            of("error"),
            of("aborted"),
            of("lost")
        );
        for (reason, count) in &self.reasons {
            println!("{count} × {reason}");
        }
        let (second, last) = self.means();
        println!("\n| memory in runs 1,001 to 2,000, MB | in the last 1,000 | grown |");
        println!("|---|---|---|");
        println!("| {second:.1} | {last:.1} | {:.1} |\n", last - second);
    }

    fn check(&self, twice: usize) -> Result<()> {
        let Counted { lost, doubled, strange, without_reason, .. } = self.counted;
        ensure!(lost == 0 && doubled == 0 && strange == 0, "outputs are lost, doubled or of another run");
        ensure!(twice == 0, "engines got {twice} requests more than once");
        let known = ["ok", "error", "aborted", "lost"];
        let strangers: Vec<&String> =
            self.ended.keys().filter(|state| !known.contains(&state.as_str())).collect();
        ensure!(
            strangers.is_empty() && without_reason == 0,
            "engines did not end, or without a reason: {strangers:?}"
        );
        let (second, last) = self.means();
        ensure!(last - second <= GROWTH, "memory grew by {:.1} MB, and may grow by {GROWTH}", last - second);
        Ok(())
    }
}

/// What a run says where a connection broke meanwhile, and where nothing tells that all output is there.
const MAY_BE_MISSING: [&str; 2] = ["output may be missing here", "the end of its output never came"];

/// The line that says why an engine will not answer.
fn reason(text: &str) -> Option<&str> {
    let says_why =
        |line: &&str| ["lost: ", "not run: ", "aborted: "].iter().any(|start| line.contains(start));
    text.lines().find(says_why)
}
