//! Round trip of `1+1` through pxlens and through ipyparallel's `%%px --no-stream`, on the same cluster, in turns.
//!
//! Both clients are processes that live through all rounds; a turn is [`TURN`] rounds of one, then of the other, so that
//! whatever else the machine does hits both.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result};
use pxlens_tests::real::{self, RealCluster};

const ENGINES: [usize; 3] = [1, 4, 8];
const TURNS: usize = 10;
const TURN: usize = 30;

/// A client process that answers `rounds N`.
struct Client {
    name: &'static str,
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    seconds: Vec<f64>,
    cpu: f64,
}

impl Client {
    fn start(name: &'static str, mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context(name)?;
        let ask = child.stdin.take().context("stdin is piped")?;
        let answers = BufReader::new(child.stdout.take().context("stdout is piped")?);
        Ok(Self { name, child, ask, answers, seconds: Vec::new(), cpu: 0.0 })
    }

    fn rounds(&mut self, count: usize) -> Result<()> {
        writeln!(self.ask, "rounds {count}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: serde_json::Value =
            serde_json::from_str(&line).with_context(|| format!("{} ended", self.name))?;
        let seconds = answer["seconds"].as_array().context("seconds")?;
        self.seconds.extend(seconds.iter().filter_map(serde_json::Value::as_f64));
        self.cpu += answer["cpu"].as_f64().context("cpu")?;
        Ok(())
    }

    fn forget(&mut self) {
        self.seconds.clear();
        self.cpu = 0.0;
    }

    fn report(&mut self, engines: usize) {
        self.seconds.sort_by(f64::total_cmp);
        let rank = |part: f64| self.seconds[((self.seconds.len() - 1) as f64 * part).round() as usize] * 1e3;
        let cpu = self.cpu / self.seconds.len() as f64 * 1e3;
        println!("| {engines} | {:<11} | {:>6.2} | {:>6.2} | {cpu:>6.2} |", self.name, rank(0.5), rank(0.99));
    }

    fn end(mut self) -> Result<()> {
        drop(self.ask);
        self.child.wait()?;
        Ok(())
    }
}

pub(crate) async fn measure() -> Result<()> {
    println!(
        "Round trip of `1+1`: from the wish until reply and idle of every engine are in; {TURNS} turns of {TURN} rounds each.\n"
    );
    println!("| engines | client      | p50 ms | p99 ms | client CPU ms/round |");
    println!("|---|---|---|---|---|");
    for engines in ENGINES {
        tokio::task::spawn_blocking(move || one_size(engines)).await??;
    }
    Ok(())
}

fn one_size(engines: usize) -> Result<()> {
    let cluster = RealCluster::start(engines);
    let file = cluster.connection_file();
    let mut clients =
        [Client::start("pxlens", pxlens(&file)?)?, Client::start("ipyparallel", ipyparallel(&file))?];
    for client in &mut clients {
        client.rounds(TURN)?;
        client.forget();
    }
    for _ in 0..TURNS {
        for client in &mut clients {
            client.rounds(TURN)?;
        }
    }
    for mut client in clients {
        client.report(engines);
        client.end()?;
    }
    Ok(())
}

fn pxlens(connection_file: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("pxlens-client").arg(connection_file);
    Ok(command)
}

fn ipyparallel(connection_file: &Path) -> Command {
    let mut command = Command::new(real::python());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("round_trip.py");
    // A history file shared by runs would be measured too.
    command
        .arg(script)
        .arg(connection_file)
        .env("IPYTHONDIR", connection_file.with_file_name("bench-ipython"));
    command
}
