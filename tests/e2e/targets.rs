//! Target expressions compared with ipyparallel: what pxlens accepts selects the engines that ipyparallel selects.
//!
//! Thousands of expressions are generated from ipyparallel's grammar, with a fixed seed; `tests/python/targets.py` evaluates them
//! with ipyparallel's own code. Each is read twice: by `Targets::parse`, and in the option `--targets=…` of a magic's line,
//! which is split into words first.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Deref, DerefMut},
};

use pxlens::internals::{Dialect, EngineId, Resolved, Targets, TargetsError, recognize};
use pxlens_tests::{Dice, cli::Cli, real, workspace};
use serde::Deserialize;

/// The sets of engines on which expressions are resolved.
const IDS: [&[u32]; 5] = [&[0, 1, 2, 3], &[5, 6, 7, 8], &[0, 2, 3], &[7], &[]];

/// How many different expressions are generated.
const EXPRESSIONS: usize = 2_400;

/// Makes expressions.
struct Expressions(Dice);

impl Deref for Expressions {
    type Target = Dice;

    fn deref(&self) -> &Dice {
        &self.0
    }
}

impl DerefMut for Expressions {
    fn deref_mut(&mut self) -> &mut Dice {
        &mut self.0
    }
}

impl Expressions {
    /// Joins up to `most` items.
    fn list(&mut self, most: usize, separator: &str, mut one: impl FnMut(&mut Self) -> String) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| one(self)).collect::<Vec<_>>().join(separator)
    }

    fn integer(&mut self) -> String {
        match self.below(20) {
            0 => "99999999999999999999".to_owned(),
            1 => "-99999999999999999999".to_owned(),
            2 => format!("- {}", self.below(5)),
            3..=6 => format!("-{}", self.below(6)),
            _ => self.below(9).to_string(),
        }
    }

    /// A number in a rare spelling.
    fn odd_number(&mut self) -> String {
        let n = self.below(4);
        match self.below(9) {
            0 => format!("0x{n}"),
            1 => format!("0b{}", self.below(2)),
            2 => format!("0{n}"),
            3 => format!("+{n}"),
            4 => format!("--{n}"),
            5 => format!("{n}_0"),
            6 => format!("(({n}))"),
            7 => format!("{n}."),
            _ => format!("~{n}"),
        }
    }

    fn member(&mut self) -> String {
        match self.below(24) {
            0 => self.pick(&["True", "False"]).to_owned(),
            1 => self.odd_number(),
            2 => self.pick(&["None", "1.0", "'0'", "[0]", "(1,)", "x", "::2"]).to_owned(),
            _ => self.integer(),
        }
    }

    fn members(&mut self, most: usize) -> String {
        let separator = self.pick(&[",", ",", ", ", " ,"]);
        self.list(most, separator, Self::member)
    }

    fn bound(&mut self) -> String {
        match self.below(12) {
            0..=3 => String::new(),
            4 => "None".to_owned(),
            5 => self.member(),
            _ => self.integer(),
        }
    }

    fn call(&mut self) -> String {
        let name = self.pick(&["range", "range", "range", "slice", "slice", "list", "Range"]);
        let arguments = self.list(4, ",", |dice| match dice.below(9) {
            0 => "None".to_owned(),
            1 => dice.member(),
            _ => dice.integer(),
        });
        format!("{name}({arguments})")
    }

    fn rank_set(&mut self) -> String {
        let mut part = |dice: &mut Self| {
            let (a, b) = (dice.below(6), dice.below(9));
            match dice.below(5) {
                0 => a.to_string(),
                1 => format!("{a}-{b}"),
                _ => format!("{a}-{}", a + 1 + b),
            }
        };
        let first = part(self);
        let rest = self.list(2, ",", &mut part);
        match self.below(4) {
            0 => format!("{first},"),
            1 => format!("[{first}]"),
            2 => format!("[{first},{rest}]"),
            _ => format!("{first},{rest}"),
        }
    }

    /// An expression and the name of its kind.
    fn expression(&mut self) -> (&'static str, String) {
        let (kind, text) = match self.below(15) {
            0 => {
                let words = [
                    "all", "ALL", "All", "tall", "allx", "'all'", "\"ALL\"", "all,0", "None", "none", "True",
                ];
                ("a word", self.pick(&words).to_owned())
            }
            1 | 2 => ("an integer", self.integer()),
            3 => ("a number in an odd spelling", self.odd_number()),
            4 => ("a list", format!("[{}{}]", self.members(5), self.pick(&["", "", ","]))),
            5 => ("a tuple", format!("({}{})", self.members(5), self.pick(&["", "", ","]))),
            6 => ("a bare tuple", format!("{}{}", self.members(4), self.pick(&["", ","]))),
            7 | 8 => ("a slice", format!("{}:{}", self.bound(), self.bound())),
            9 => ("a slice with a step", format!("{}:{}:{}", self.bound(), self.bound(), self.bound())),
            10 => ("a call", self.call()),
            11 => ("a rank set", self.rank_set()),
            12 => {
                let (a, b) = (self.below(5), self.below(5));
                let sign = self.pick(&["-", "-", "+", "*", "//", "%", "|", "<", " or ", " if 1 else "]);
                ("arithmetic", format!("{a}{sign}{b}"))
            }
            13 => {
                let set = self.members(3);
                let forms = [format!("{{{set}}}"), format!("{{{set}:1}}"), format!("{}.5", self.below(3))];
                ("a set, a dict or a float", forms[self.below(3)].clone())
            }
            _ => {
                let names = [
                    "x",
                    "rank",
                    "re",
                    "self",
                    "sys",
                    "ipp",
                    "self.view.client.ids",
                    "[0,1][1]",
                    "(0,2)[::-1]",
                    "abs(-1)",
                    "len([1])",
                    "list(range(4))",
                    "sorted([2,0])",
                    "tuple([0])",
                    "[i for i in range(4)]",
                    "lambda: 0",
                    "'0'",
                    "b'all'",
                    "...",
                    "call()",
                    "print(1)",
                    "",
                    "[]",
                    "()",
                    ",",
                    ":",
                    "::",
                    ":::",
                    "::0",
                    "range(0,4,0)",
                    "[*range(4)]",
                    "0 1",
                    "0;1",
                    "#",
                    "'",
                    "(",
                    "[0",
                    "0]",
                    "os._exit",
                    "1j",
                    "1e0",
                    "[[0,1],[2]]",
                    "((0,1),2)",
                ];
                ("a name, a call or a broken text", self.pick(&names).to_owned())
            }
        };
        (kind, self.with_typos(text))
    }

    /// Sometimes adds blanks around, or inserts, removes or swaps characters.
    fn with_typos(&mut self, text: String) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        if self.chance(6) {
            let at = self.below(chars.len() + 1);
            match self.below(3) {
                0 => {
                    chars.insert(at, ['0', '1', '-', ',', ':', '(', ']', ' ', '\t', 'é', '٣'][self.below(11)])
                }
                1 if at < chars.len() => drop(chars.remove(at)),
                _ if at + 1 < chars.len() => chars.swap(at, at + 1),
                _ => {}
            }
        }
        if self.chance(4) {
            chars.insert(0, ' ');
        }
        if self.chance(4) {
            chars.push(' ');
        }
        chars.into_iter().collect()
    }
}

/// What ipyparallel makes of an expression on one set of engines.
#[derive(Deserialize)]
struct Theirs {
    engines: Option<Vec<u32>>,
    single: Option<bool>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Answers {
    expressions: Vec<Vec<Theirs>>,
    lines: Vec<Vec<Theirs>>,
}

fn ipyparallel(expressions: &[String]) -> Answers {
    let asked = serde_json::json!({"ids": IDS, "expressions": expressions});
    let program = workspace().join("tests/python/targets.py");
    let done = Cli::new(real::python()).arg(program).input(asked.to_string()).run();
    assert_eq!(done.status, 0, "{}", done.stderr);
    serde_json::from_str(&done.stdout).expect("the answers are JSON")
}

/// How pxlens reads an expression in the option `--targets=…`; the error says why the cell would not run.
fn in_a_line(expression: &str) -> Result<Targets, String> {
    let text = format!("%%px --targets={expression}\nwork()\n");
    let cells = recognize(&text, Dialect::NotebookCell).expect("a cell is no notebook file").cells;
    let [cell] = cells.as_slice() else { panic!("one cell: {text:?}") };
    match cell.refusal() {
        Some(why) => Err(why.to_owned()),
        None => cell.targets().map_err(|error| error.to_string()),
    }
}

/// Why pxlens refuses an expression, in few words.
fn why(error: &TargetsError) -> String {
    match error {
        TargetsError::TwoReadings { .. } => "has two readings".to_owned(),
        TargetsError::NotUnderstood { why, .. } if why.starts_with("write all,") => {
            "no form that pxlens reads".to_owned()
        }
        TargetsError::NotUnderstood { why, .. } => {
            // Without numbers, so that expressions of the same kind are counted together.
            why.chars().filter(|c| !c.is_ascii_digit()).collect::<String>().replace("  ", " ")
        }
        other => other.to_string(),
    }
}

/// How many comparisons agree, and what differs.
#[derive(Default)]
struct Compared {
    alike: usize,
    fail_alike: usize,
    wrong: Vec<String>,
}

/// Compares what both make of one expression on all sets of engines; returns whether ipyparallel accepts it on any.
fn agree(place: &str, ours: Result<&Targets, ()>, theirs: &[Theirs], compared: &mut Compared) -> bool {
    for (ids, theirs) in IDS.iter().zip(theirs) {
        let Ok(targets) = ours else { continue };
        if matches!(targets, Targets::Ranks(_)) {
            if let Some(engines) = &theirs.engines {
                compared.wrong.push(format!(
                    "{place}: a rank set, which ipyparallel reads too, as {engines:?} of {ids:?}"
                ));
            }
            continue;
        }
        let alive: Vec<EngineId> = ids.iter().copied().map(EngineId).collect();
        let ours = targets.resolve(&alive);
        match (&ours, &theirs.engines) {
            (Ok(Resolved { engines, single }), Some(expected))
                if engines.iter().map(|id| id.0).eq(expected.iter().copied())
                    && Some(*single) == theirs.single =>
            {
                compared.alike += 1;
            }
            (Err(_), None) => compared.fail_alike += 1,
            (ours, expected) => compared.wrong.push(format!(
                "{place} on {ids:?}: pxlens {ours:?}, ipyparallel {:?}",
                expected.as_ref().ok_or(&theirs.error)
            )),
        }
    }
    theirs.iter().any(|one| one.engines.is_some())
}

#[test]
fn targets_that_pxlens_accepts_select_the_engines_that_ipyparallel_selects() {
    let mut dice = Expressions(Dice(42));
    let mut made: BTreeMap<String, &'static str> = BTreeMap::new();
    while made.len() < EXPRESSIONS {
        let (kind, text) = dice.expression();
        made.entry(text).or_insert(kind);
    }
    let expressions: Vec<String> = made.keys().cloned().collect();
    let answers = ipyparallel(&expressions);
    assert_eq!((answers.expressions.len(), answers.lines.len()), (expressions.len(), expressions.len()));

    let (mut accepted, mut ranks, mut refused, mut refused_by_both) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut compared = Compared::default();
    let mut only_ours: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for ((text, alone), line) in expressions.iter().zip(&answers.expressions).zip(&answers.lines) {
        let parsed = Targets::parse(text);
        let taken = agree(&format!("{text:?}"), parsed.as_ref().map_err(drop), alone, &mut compared);
        match &parsed {
            Ok(targets) => {
                accepted += 1;
                ranks += usize::from(matches!(targets, Targets::Ranks(_)));
            }
            Err(error) => {
                refused += 1;
                if taken {
                    only_ours.entry(format!("{}: {}", made[text], why(error))).or_default().insert(text);
                } else {
                    refused_by_both += 1;
                }
            }
        }
        if !text.contains(['\n', '\r']) {
            let read = in_a_line(text);
            agree(&format!("--targets={text:?}"), read.as_ref().map_err(drop), line, &mut compared);
        }
    }

    println!(
        "targets: {} expressions, {accepted} accepted ({ranks} of them rank sets), {refused} refused ({refused_by_both} by \
         ipyparallel too); of those accepted, on {} sets of engines, alone and in a line: {} select the same engines, {} \
         are an error in both; refused by pxlens only:",
        expressions.len(),
        IDS.len(),
        compared.alike,
        compared.fail_alike,
    );
    for (reason, texts) in &only_ours {
        let some: Vec<&&str> = texts.iter().take(3).collect();
        println!("  {:4} {reason}, as {some:?}", texts.len());
    }
    let Compared { alike, wrong, .. } = compared;
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(alike > expressions.len(), "only {alike} select engines at all");
    assert!(accepted * 10 >= expressions.len() * 3, "{accepted} accepted");
    assert!(refused * 10 >= expressions.len() * 3, "{refused} refused");
    assert!(refused_by_both > 0 && ranks > 0);
}
