//! Grouping the output of 1,000 engines that wrote 1 KB each: from scratch, and once more after each further chunk.
//!
//! From scratch: every text is applied to a run, and the run is grouped. Per chunk: one engine's further line is applied, and
//! the run is grouped. Least and median of many rounds; a loop over the bytes of the same text stands beside them as a scale.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use pxlens::internals::{EngineId, Event, EventKind, Run, RunId, RunRequest, Slot, StreamName, Time, fold};

const ENGINES: u32 = 1000;
const BYTES: usize = 1000;
const ROUNDS: usize = 50;
const CHUNKS: u32 = 2000;

pub(crate) fn measure() -> Result<()> {
    println!("Fold: {ENGINES} engines × {BYTES} bytes (least and median)\n");
    println!("| output | groups | from scratch ms | per added chunk µs | all bytes read once ms |");
    println!("|---|---|---|---|---|");
    for (name, text) in [
        ("identical", log as fn(u32) -> String),
        ("alike but for numbers", numbers),
        ("two kinds, half each", two_kinds),
        ("each its own words", own_words),
    ] {
        let texts: Vec<String> = (0..ENGINES).map(text).collect();
        let mut run = filled(&texts);
        let groups = fold(&run).len();
        let ranks: usize = fold(&run).iter().map(|group| group.slots.len()).sum();
        ensure!(ranks == ENGINES as usize, "every engine is in exactly one group");
        let scratch = spread((0..ROUNDS).map(|_| timed(|| fold(&filled(&texts)).len())));
        let chunk = spread((0..CHUNKS).map(|n| {
            let slot = n * 7 % ENGINES;
            timed(|| {
                run.apply(stream(slot, "step 101 loss 0.3125\n".to_owned()));
                fold(&run).len()
            })
        }));
        let read = spread((0..ROUNDS).map(|_| {
            timed(|| {
                texts
                    .iter()
                    .flat_map(|text| text.bytes())
                    .fold(0u64, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte))
            })
        }));
        println!(
            "| {name} | {groups} | {} | {} | {} |",
            scratch.told(1e3, 2),
            chunk.told(1e6, 1),
            read.told(1e3, 2)
        );
    }
    println!();
    Ok(())
}

fn filled(texts: &[String]) -> Run {
    let engines = (0..ENGINES).map(EngineId).collect();
    let request = RunRequest { code: "".into(), engines, single: false };
    let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
    for (text, slot) in texts.iter().zip(0..) {
        run.apply(stream(slot, text.clone()));
    }
    run
}

fn stream(slot: u32, text: String) -> Event {
    Event { slot: Slot(slot), at: Time(0), kind: EventKind::Stream { name: StreamName::Stdout, text } }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed()
}

/// The least and the median of some times.
struct Spread {
    least: Duration,
    median: Duration,
}

impl Spread {
    fn told(&self, scale: f64, digits: usize) -> String {
        let [least, median] = [self.least, self.median].map(|time| time.as_secs_f64() * scale);
        format!("{least:.digits$} / {median:.digits$}")
    }
}

fn spread(times: impl Iterator<Item = Duration>) -> Spread {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    Spread { least: times[0], median: times[times.len() / 2] }
}

/// Lines up to the size.
fn lines(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for n in 0.. {
        let line = line(n);
        if text.len() + line.len() > BYTES {
            break;
        }
        text.push_str(&line);
    }
    text
}

fn log(_: u32) -> String {
    lines(|n| format!("step {:3} reading shard {:2} of the data\n", n + 100, n + 10))
}

fn numbers(rank: u32) -> String {
    lines(|n| {
        format!(
            "step {:3} loss {:.4} on engine {rank:4}\n",
            n + 100,
            f64::from(rank + 1) / (n as f64 + 2.0) / 1e3
        )
    })
}

fn two_kinds(rank: u32) -> String {
    if rank.is_multiple_of(2) { log(rank) } else { numbers(rank) }
}

fn own_words(rank: u32) -> String {
    let word: String = rank.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
    lines(|n| format!("step {:3} reading shard {word} of the data\n", n + 100))
}
