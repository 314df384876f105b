//! Round trip of `1+1`: from the click on a lens until the editor has what to show in the end, beside what the run itself took.
//!
//! On the same cluster, in turns, each client a process of its own that lives for one turn: others would hear the outputs too,
//! and be measured with it.
//!
//! * pxlens: from `workspace/executeCommand`, as the lens gives it, to the `px/outputs` that says the run ended, with
//!   and without acknowledging. "Own" is the server's time from the request to the end of the last engine (`px/runs`).
//! * ipyparallel: `%%px --no-stream` in IPython, until the magic returns.
//! * bare: a client that only sends and counts, on the same sockets; nobody can be faster.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use pxlens_tests::{
    PATIENCE,
    lsp::Client,
    real::{self, RealCluster},
};
use serde_json::{Value, json};

use crate::{cpu, servers};

const ENGINES: [usize; 4] = [1, 4, 8, 16];
const TURNS: usize = 8;
/// Rounds of a turn. With those to warm up at most 20, since the server keeps the times of a cell's last 20 runs.
const TURN: usize = 15;
const WARM_UP: usize = 5;
/// A user clicks when nothing is under way.
const PAUSE: Duration = Duration::from_millis(60);

const GOAL_OVER_OWN: Duration = Duration::from_millis(2);
const GOAL_OF_IPYPARALLEL: f64 = 0.85;

pub(crate) async fn measure(against: Option<&Path>) -> Result<()> {
    let mut contestants = Vec::new();
    for server in servers::all(against)? {
        for acknowledges in [true, false] {
            contestants.push(Contestant::new(Kind::Editor {
                server: server.name,
                path: server.path.clone(),
                acknowledges,
            }));
        }
    }
    contestants.push(Contestant::new(Kind::Script { name: "ipyparallel", file: "round_trip.py" }));
    contestants.push(Contestant::new(Kind::Script { name: "bare", file: "bare.py" }));
    println!(
        "Round trip of `1+1`, from the click on a lens to the final `px/outputs`: {TURNS} turns of {TURN} rounds, {PAUSE:?} \
         between rounds.\n"
    );
    println!(
        "| engines | client | shown p50 ms | p90 ms | own p50 ms | shown after own p50 ms | server CPU ms/round |"
    );
    println!("|---|---|---|---|---|---|---|");
    tokio::task::spawn_blocking(move || {
        let mut goals = Vec::new();
        for engines in ENGINES {
            one_size(engines, &mut contestants)?;
            for contestant in &contestants {
                contestant.print(engines);
            }
            goals.extend(say_goals(engines, &contestants));
        }
        println!();
        for goal in goals {
            println!("* {goal}");
        }
        println!();
        Ok(())
    })
    .await?
}

fn one_size(engines: usize, contestants: &mut [Contestant]) -> Result<()> {
    let cluster = RealCluster::start(engines);
    let file = cluster.connection_file();
    for contestant in &mut *contestants {
        contestant.rounds.clear();
    }
    for _ in 0..TURNS {
        for contestant in &mut *contestants {
            contestant.turn(engines, &file).with_context(|| contestant.name())?;
        }
    }
    Ok(())
}

/// Of the server built here: what is shown, beside its own time and beside ipyparallel.
fn say_goals(engines: usize, contestants: &[Contestant]) -> Vec<String> {
    let shown =
        |wanted: &str| contestants.iter().find(|one| one.name() == wanted).map(|one| one.p50(Round::shown));
    let Some(ipyparallel) = shown("ipyparallel") else { return Vec::new() };
    let mut goals = Vec::new();
    for one in contestants.iter().filter(|one| one.is_built_here()) {
        let mut goal = |what: String, met: bool| {
            let met = if met { "met" } else { "MISSED" };
            goals.push(format!("{engines} engines, {}: {what}: {met}", one.name()));
        };
        let after = one.p50(|round| round.shown - round.own);
        let limit = GOAL_OVER_OWN.as_secs_f64();
        goal(
            format!("shown {:.2} ms after its own end, at most {:.0}", after * 1e3, limit * 1e3),
            after <= limit,
        );
        let part = one.p50(Round::shown) / ipyparallel;
        goal(
            format!("{part:.2} of ipyparallel's time, at most {GOAL_OF_IPYPARALLEL}"),
            part <= GOAL_OF_IPYPARALLEL,
        );
    }
    goals
}

/// Somebody who runs `1+1`, and what was measured of them at one size.
struct Contestant {
    kind: Kind,
    rounds: Vec<Round>,
}

enum Kind {
    Script { name: &'static str, file: &'static str },
    Editor { server: &'static str, path: PathBuf, acknowledges: bool },
}

/// Seconds of one round. A script is shown what it has, when it has it.
#[derive(Clone, Copy)]
struct Round {
    shown: f64,
    own: f64,
    /// CPU of the server, a mean over its turn.
    cpu: f64,
}

impl Round {
    fn shown(self) -> f64 {
        self.shown
    }
}

impl Contestant {
    fn new(kind: Kind) -> Self {
        Self { kind, rounds: Vec::new() }
    }

    fn name(&self) -> String {
        match &self.kind {
            Kind::Script { name, .. } => (*name).to_owned(),
            Kind::Editor { server, acknowledges, .. } => {
                format!("pxlens, {server}{}", if *acknowledges { "" } else { ", no ack" })
            }
        }
    }

    fn is_built_here(&self) -> bool {
        matches!(self.kind, Kind::Editor { server: "this", .. })
    }

    fn turn(&mut self, engines: usize, connection_file: &Path) -> Result<()> {
        let rounds = match &self.kind {
            Kind::Script { name, file } => script_turn(name, file, connection_file)?,
            Kind::Editor { path, acknowledges, .. } => {
                editor_turn(path, *acknowledges, engines, connection_file)?
            }
        };
        self.rounds.extend(rounds);
        Ok(())
    }

    fn p50(&self, of: impl Fn(Round) -> f64) -> f64 {
        self.rank(0.5, of)
    }

    fn rank(&self, part: f64, of: impl Fn(Round) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().copied().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * part).round() as usize]
    }

    fn print(&self, engines: usize) {
        let millis = |seconds: f64| format!("{:.2}", seconds * 1e3);
        let (p50, p90) = (millis(self.p50(Round::shown)), millis(self.rank(0.9, Round::shown)));
        let (own, after, cpu) = match self.kind {
            Kind::Script { .. } => Default::default(),
            Kind::Editor { .. } => (
                millis(self.p50(|round| round.own)),
                millis(self.p50(|round| round.shown - round.own)),
                millis(self.rounds.iter().map(|round| round.cpu).sum::<f64>() / self.rounds.len() as f64),
            ),
        };
        println!("| {engines} | {} | {p50} | {p90} | {own} | {after} | {cpu} |", self.name());
    }
}

fn script_turn(name: &'static str, file: &str, connection_file: &Path) -> Result<Vec<Round>> {
    let mut script = Script::start(name, file, connection_file)?;
    script.rounds(WARM_UP)?;
    let seconds = script.rounds(TURN)?;
    script.end()?;
    Ok(seconds.into_iter().map(|seconds| Round { shown: seconds, own: seconds, cpu: 0.0 }).collect())
}

/// A Python program that answers `rounds N PAUSE`.
struct Script {
    name: &'static str,
    child: Child,
    requests: ChildStdin,
    answers: mpsc::Receiver<String>,
}

impl Script {
    fn start(name: &'static str, file: &str, connection_file: &Path) -> Result<Self> {
        let mut command = Command::new(real::python());
        command
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
            .arg(connection_file)
            // A history file shared by runs would be measured too.
            .env("IPYTHONDIR", connection_file.with_file_name("bench-ipython"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context(name)?;
        let requests = child.stdin.take().context("stdin is piped")?;
        let answers = lines(child.stdout.take().context("stdout is piped")?);
        Ok(Self { name, child, requests, answers })
    }

    fn rounds(&mut self, count: usize) -> Result<Vec<f64>> {
        writeln!(self.requests, "rounds {count} {}", PAUSE.as_secs_f64())?;
        let line =
            self.answers.recv_timeout(PATIENCE).with_context(|| format!("no answer of {}", self.name))?;
        let answer: Value = serde_json::from_str(&line)?;
        let seconds = answer["seconds"].as_array().context("seconds")?;
        Ok(seconds.iter().filter_map(Value::as_f64).collect())
    }

    fn end(mut self) -> Result<()> {
        drop(self.requests);
        self.child.wait()?;
        Ok(())
    }
}

fn lines(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn editor_turn(
    server: &Path,
    acknowledges: bool,
    engines: usize,
    connection_file: &Path,
) -> Result<Vec<Round>> {
    let mut editor = Editor::start(server, acknowledges, engines, connection_file);
    for _ in 0..WARM_UP {
        editor.click()?;
    }
    let before = cpu::of(editor.client.pid())?;
    let clicks = (0..TURN).map(|_| editor.click()).collect::<Result<Vec<_>>>()?;
    let cpu = (cpu::of(editor.client.pid())? - before).as_secs_f64() / TURN as f64;
    let own = editor.own_times(TURN)?;
    ensure!(
        clicks.iter().zip(&own).all(|((clicked, _), (run, _))| clicked == run),
        "the server lists other runs than were clicked"
    );
    Ok(clicks.into_iter().zip(own).map(|((_, shown), (_, own))| Round { shown, own, cpu }).collect())
}

/// A client as VS Code is one, with a document whose only px cell has a lens.
struct Editor {
    client: Client,
    lens: Value,
    last: u64,
}

const DOCUMENT: &str = "file:///bench/round_trip.py";

impl Editor {
    fn start(server: &Path, acknowledges: bool, engines: usize, connection_file: &Path) -> Self {
        let mut client = Client::vscode(server)
            .args(["lsp"])
            .options(json!({ "trusted": true, "cluster": connection_file }))
            .capabilities(|all| all["experimental"]["pxlens"]["ack"] = json!(acknowledges))
            .start();
        client.open(DOCUMENT, "# %%\n%%px\n1+1\n");
        // One that names its engines: they are all there.
        let title = if engines == 1 {
            "▶ Run on engine".to_owned()
        } else {
            format!("▶ Run on {engines} engines")
        };
        let is_run =
            |lens: &Value| lens["command"]["title"].as_str().is_some_and(|found| found.starts_with(&title));
        let lens_of =
            |answer: &Value| answer.as_array().into_iter().flatten().find(|lens| is_run(lens)).cloned();
        let document = json!({ "textDocument": { "uri": DOCUMENT } });
        let answer = client.ask_until("textDocument/codeLens", &document, |answer| lens_of(answer).is_some());
        let lens = lens_of(&answer).unwrap_or_default();
        Self { client, lens, last: 0 }
    }

    /// Clicks the lens, and gives the run and the seconds until its end was shown.
    fn click(&mut self) -> Result<(u64, f64)> {
        std::thread::sleep(PAUSE);
        let command = json!({
            "command": self.lens["command"]["command"], "arguments": self.lens["command"]["arguments"],
        });
        let last = self.last;
        let begun = Instant::now();
        let sent = self.client.send("workspace/executeCommand", command);
        let shown =
            self.client.expect("px/outputs", |params| ended(params).is_some_and(|(run, _)| run > last));
        let seconds = begun.elapsed().as_secs_f64();
        let answer = self.client.answer(sent).map_err(|error| anyhow::anyhow!("{}", error.message))?;
        let (run, state) = ended(&shown).context("it was waited for")?;
        ensure!(answer["runs"][0]["run"] == run, "another run is shown than was started: {answer}");
        if state != "succeeded" {
            bail!("1+1 ended as {state}");
        }
        self.last = run;
        Ok((run, seconds))
    }

    /// The newest runs, the oldest of them first, each with the seconds from the request to its end.
    fn own_times(&mut self, count: usize) -> Result<Vec<(u64, f64)>> {
        let answer = self
            .client
            .try_request("px/runs", json!({ "uri": DOCUMENT }))
            .map_err(|error| anyhow::anyhow!("px/runs: {}", error.message))?;
        let runs = answer["runs"].as_array().context("runs")?;
        let mut times = Vec::with_capacity(count);
        for run in runs.iter().take(count) {
            let at = |name: &str| run[name].as_u64().with_context(|| format!("{name} of a run that is over"));
            times.push((at("run")?, (at("ended")? - at("created")?) as f64 / 1e3));
        }
        times.reverse();
        Ok(times)
    }
}

/// The run that a `px/outputs` shows as over, and how it ended.
fn ended(outputs: &Value) -> Option<(u64, &str)> {
    let cell = outputs["cells"].as_array()?.first()?;
    let state = cell["state"].as_str().filter(|state| matches!(*state, "succeeded" | "failed"))?;
    Some((cell["run"].as_u64()?, state))
}
