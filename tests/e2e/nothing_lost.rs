//! Nothing is lost and nothing is duplicated: `pxlens run --json` gives exactly what 8 engines recorded that they wrote in 200
//! runs.
//!
//! Engines write numbered lines to stdout and stderr, display, update displays, clear, return and raise, in cells of many sizes,
//! and from threads too. Each engine keeps a book of what it did (a running hash of each stream, the hash of each other output),
//! which the last cell returns.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use pxlens_tests::real::RealCluster;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::program::{Written, events, run};

const CELLS: usize = 200;
const ENGINES: usize = 8;

/// The book that each engine keeps, and the cell that fills it. Sizes differ by cell and engine.
const BOOK: &str = r#"# %%
%%px
import hashlib, json, random, sys, threading
from IPython.display import clear_output, display, update_display

def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()

class Said:
    """Something whose shown text is known."""
    def __init__(self, text): self.text = text
    def __repr__(self): return self.text

class Book:
    def __init__(self):
        self.streams = {"stdout": hashlib.sha256(), "stderr": hashlib.sha256()}
        self.bytes = {"stdout": 0, "stderr": 0}
        self.others = []
    def write(self, name, text):
        getattr(sys, name).write(text)
        self.streams[name].update(text.encode())
        self.bytes[name] += len(text.encode())
    def other(self, kind, text):
        self.others.append([kind, sha(text)])
        return text
    def page(self):
        hashes = {name: digest.hexdigest() for name, digest in self.streams.items()}
        return Said(json.dumps({"hashes": hashes, "bytes": self.bytes, "others": self.others}))
    def cell(self, number):
        dice = random.Random(1000 * rank + number)
        for i in range(dice.choice([0, 1, 10, 100, 1000])):
            name = "stderr" if dice.random() < 0.3 else "stdout"
            end = dice.choice(["\n", "\n", "\n", "", "\r", "\r\n"])
            fill = dice.choice(["", "é", "漢字", "🙂", "\t", "x" * 50, "\x1b[31mred\x1b[0m"])
            self.write(name, f"{rank}/{number}/{i} {fill}{end}")
            if dice.random() < 0.002:
                sys.stdout.flush()
                display({"text/plain": self.other("display", f"shown {rank}/{number}/{i}")}, raw=True)
        if number % 40 == 7:
            self.write("stdout", "y" * 500_000 + "\n")
        if number % 11 == 3:
            beside = threading.Thread(target=self.write, args=("stdout", f"beside {rank}/{number}\n"))
            beside.start()
            beside.join()
        for i in range(number % 4):
            display({"text/plain": self.other("display", f"{number}.{i}"), "text/html": "<b>b</b>"}, raw=True)
        if number % 5 == 1:
            shown = {"text/plain": self.other("display", f"before {rank}/{number}")}
            display(shown, raw=True, display_id=f"bar{number}")
            changed = {"text/plain": self.other("update_display", f"after {rank}/{number}")}
            update_display(changed, raw=True, display_id=f"bar{number}")
        if number % 13 == 5:
            clear_output(wait=number % 2 == 1)
            self.other("clear_output", str(number % 2 == 1).lower())
        if (number + rank) % 9 == 0:
            raise RuntimeError(self.other("error", f"raised by {rank} in {number}"))
        if number % 3 == 0:
            return Said(self.other("result", f"result {rank} {number} " + "z" * number))

book = Book()
"#;

fn script() -> String {
    let mut text = BOOK.to_owned();
    for number in 0..CELLS {
        write!(text, "\n# %%\n%%px\nbook.cell({number})\n").expect("writing to a String");
    }
    text + "\n# %%\n%%px\nbook.page()\n"
}

fn sha(text: &[u8]) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What one engine did, as the events have it.
#[derive(Default)]
struct Seen {
    stdout: String,
    stderr: String,
    others: Vec<[String; 2]>,
    last_result: String,
}

impl Seen {
    fn take(&mut self, event: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let plain = || text(&event["data"]["text/plain"]);
        match event["event"].as_str().expect("an event has a name") {
            "stdout" => self.stdout.push_str(&text(&event["text"])),
            "stderr" => self.stderr.push_str(&text(&event["text"])),
            kind @ ("display" | "update_display") => self.other(kind, &plain()),
            "clear_output" => self.other("clear_output", &event["wait"].to_string()),
            "result" => {
                self.last_result = plain();
                self.other("result", &plain());
            }
            "error" => self.other("error", &text(&event["evalue"])),
            _ => {}
        }
    }

    fn other(&mut self, kind: &str, text: &str) {
        self.others.push([kind.to_owned(), sha(text.as_bytes())]);
    }

    /// In the form of the engine's own page, without the result that is that page.
    fn page(&self) -> Value {
        let others = &self.others[..self.others.len().saturating_sub(1)];
        json!({
            "hashes": {"stdout": sha(self.stdout.as_bytes()), "stderr": sha(self.stderr.as_bytes())},
            "bytes": {"stdout": self.stdout.len(), "stderr": self.stderr.len()},
            "others": others,
        })
    }
}

#[test]
fn all_that_engines_write_arrives_complete_and_in_order() {
    let cluster = RealCluster::start(ENGINES);
    let file = Written::new("records.py", script());
    let done = run(file.path(), &cluster.connection_file()).args(["--json", "--keep-going"]).run();
    assert_eq!(done.status, 1, "some cells raise; {}", done.stderr);
    let mut seen: BTreeMap<u64, Seen> = BTreeMap::new();
    let mut runs = BTreeSet::new();
    for event in events(&done) {
        runs.extend(event["run"].as_u64());
        if let Some(engine) = event["engine"].as_u64() {
            seen.entry(engine).or_default().take(&event);
        }
    }
    assert_eq!((runs.len(), seen.len()), (CELLS + 2, ENGINES));
    for (engine, seen) in seen {
        let page: Value = serde_json::from_str(&seen.last_result).unwrap_or_else(|error| {
            panic!("engine {engine}: no page of its book ({error}); {}", done.stderr)
        });
        assert!(page["others"].as_array().is_some_and(|others| others.len() > CELLS), "the book has entries");
        assert_eq!(seen.page(), page, "engine {engine}");
    }
}
