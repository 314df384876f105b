//! What every kind of transport must bear, played by peers made of plain TCP.
//!
//! Each case is a fact. What a kind cannot bear stands in its list of known failures with the reason; a case that fails and
//! is not listed fails the test, and so does one that is listed and passes.

mod cases;
mod peer;

use std::{collections::BTreeMap, time::Duration};

use futures::future::BoxFuture;
use tokio::time::timeout;

use super::{Transport, ZeromqTransport};

/// What the `zeromq` crate fails, and why that cannot be mended around it. None of it can be brought about by a peer that
/// is an ipyparallel controller.
const ZEROMQ_KNOWN_FAILURES: &[(&str, &str)] = &[
    ("a PING is answered", "it knows no command but READY: a PING ends the connection, which is built anew"),
    (
        "a frame said to be 2^46 bytes long ends the connection",
        "it reserves the memory, which aborts the process",
    ),
    (
        "a frame said to be 2^62 bytes long ends the connection",
        "it reserves the memory, which aborts the process",
    ),
    ("a message of endless parts ends the connection", "it has no limit on parts: memory grows with them"),
];

/// For one case. Passing ones take a fraction of it.
const LIMIT: Duration = Duration::from_secs(30);

type Verdict = Result<(), String>;

struct Case {
    name: &'static str,
    play: fn() -> BoxFuture<'static, Verdict>,
}

/// Plays all cases at once and holds the outcome against what is known.
async fn conformance<T: Transport>(child: &str, known_failures: &[(&str, &str)]) {
    let mut playing = Vec::new();
    for Case { name, play } in cases::all::<T>() {
        playing.push((name, tokio::spawn(timeout(LIMIT, play()))));
    }
    for (name, bits) in HUGE {
        let child = child.to_owned();
        playing.push((name, tokio::spawn(timeout(LIMIT, huge_in_child(child, bits)))));
    }
    let known: BTreeMap<_, _> = known_failures.iter().copied().collect();
    let mut surprises = Vec::new();
    let mut seen = Vec::new();
    for (name, playing) in playing {
        let verdict = match playing.await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) => Err("nothing happened within the limit".to_owned()),
            Err(panic) => Err(format!("panicked: {panic}")),
        };
        seen.push(name);
        match (verdict, known.get(name)) {
            (Ok(()), None) => {}
            (Err(how), Some(why)) => eprintln!("known failure: {name}: {how} ({why})"),
            (Err(how), None) => surprises.push(format!("fails: {name}: {how}")),
            (Ok(()), Some(_)) => surprises.push(format!("is listed as failing, and passes: {name}")),
        }
    }
    surprises
        .extend(known.keys().filter(|name| !seen.contains(name)).map(|name| format!("no such case: {name}")));
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

/// Lengths that no peer means; only a process of its own may be risked on them.
const HUGE: [(&str, u32); 2] = [
    ("a frame said to be 2^46 bytes long ends the connection", 46),
    ("a frame said to be 2^62 bytes long ends the connection", 62),
];

const HUGE_BITS: &str = "PXLENS_TEST_HUGE_FRAME_BITS";

/// Runs one test of this binary as a process of its own, which plays the case.
async fn huge_in_child(test: String, bits: u32) -> Verdict {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = tokio::process::Command::new(program)
        .args(["--exact", &test, "--nocapture"])
        .env(HUGE_BITS, bits.to_string())
        .env("RUST_BACKTRACE", "0")
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said.lines().find(|line| line.contains("memory") || line.contains("capacity"));
        Err(format!("the process ended with {}: {}", output.status, why.unwrap_or("no reason given")))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zeromq_bears_all_but_what_is_listed() {
    let child = concat!(module_path!(), "::zeromq_bears_a_huge_frame_in_a_child");
    let child = child.split_once("::").map_or(child, |(_crate, path)| path);
    conformance::<ZeromqTransport>(child, ZEROMQ_KNOWN_FAILURES).await;
}

/// Does nothing unless the suite runs it as a child.
#[tokio::test]
async fn zeromq_bears_a_huge_frame_in_a_child() {
    let Ok(bits) = std::env::var(HUGE_BITS) else { return };
    cases::huge_frame::<ZeromqTransport>(bits.parse().unwrap()).await.unwrap();
}
