//! The fold's cases: `tests/fold/*.txt`, each with the input per engine and the expected text. Their README says how to read
//! and renew them.

mod page;

use std::{fs, path::PathBuf};

use proptest::prelude::*;

use super::{
    GroupBy, fold,
    grouped::of_group,
    inline::inline_within,
    layout::lay_out,
    line::BlockLine,
    sample::{Sample, bundle},
    screen::Scope,
    view::View,
};
use crate::{
    engines::RankSet,
    jupyter::content::StreamName,
    run::{
        EventKind, LostReason, Run, Slot, Time,
        rules::{Rule, without},
    },
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fold")
}

fn renewing() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

/// A DataFrame's text as pandas' HTML: names of columns in the first line, then an index and cells.
fn as_html(text: &str) -> String {
    let mut lines = text.lines().map(str::split_whitespace);
    let cells = |tag: &str, words: &mut dyn Iterator<Item = &str>| -> String {
        words.map(|word| format!("<{tag}>{word}</{tag}>")).collect()
    };
    let head = lines.next().map(|mut names| cells("th", &mut names)).unwrap_or_default();
    let rows: String = lines
        .map(|mut words| {
            let index = cells("th", &mut words.by_ref().take(1));
            format!("<tr>{index}{}</tr>", cells("td", &mut words))
        })
        .collect();
    format!("<table class=\"dataframe\"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>")
}

/// A file of `tests/fold`.
struct Case {
    path: PathBuf,
    input: String,
    expected: String,
}

impl Case {
    fn all() -> Vec<Self> {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder())
            .expect("tests/fold is there")
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .collect();
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).expect("readable");
        let (input, expected) = text.split_once("\n==>\n").unwrap_or((text.trim_end(), ""));
        Self { input: input.to_owned(), expected: expected.to_owned(), path }
    }

    fn name(&self) -> String {
        self.path.file_stem().expect("a file").to_string_lossy().into_owned()
    }

    /// The run that the input describes.
    fn run(&self) -> Run {
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut engines: Vec<u32> = Vec::new();
        for line in self.input.lines() {
            if let Some(head) = line.strip_prefix("--- ") {
                sections.push((head, Vec::new()));
            } else if let Some((_, body)) = sections.last_mut() {
                body.push(line);
            } else if let Some(order) = line.strip_prefix("engines ") {
                engines = order.split(' ').map(|id| id.parse().expect("an id")).collect();
            } else {
                assert!(line.starts_with("# "), "{}: '{line}' is no comment", self.name());
            }
        }
        if engines.is_empty() {
            let named = sections.iter().filter(|(head, _)| !head.starts_with('#'));
            engines = named.flat_map(|(head, _)| ids(head.split(' ').next().unwrap_or_default())).collect();
            engines.sort_unstable();
            engines.dedup();
        }
        // Tracebacks may name any of these lines.
        let mut sample = Sample::asked(&engines, &"code\n".repeat(9), false);
        let mut open: Vec<u32> = (0..).zip(&engines).map(|(slot, _)| slot).collect();
        for slot in &open {
            sample = sample.busy(*slot);
        }
        for (head, body) in &sections {
            let (of, kind) = head.split_once(' ').unwrap_or((head, "stdout"));
            let slots: Vec<u32> = match of.strip_prefix('#') {
                Some(slot) => vec![slot.parse().expect("a place")],
                None => {
                    let ids = ids(of);
                    (0..).zip(&engines).filter(|(_, id)| ids.contains(id)).map(|(slot, _)| slot).collect()
                }
            };
            for slot in slots {
                let text = filled(&body.join("\n"), engines[slot as usize]);
                let (word, rest) = kind.split_once(' ').unwrap_or((kind, ""));
                if matches!(word, "ended" | "pending" | "aborted" | "lost" | "error") {
                    open.retain(|other| *other != slot);
                }
                sample = match word {
                    "stdout" | "stderr" => {
                        let end = if rest == "without-newline" || body.is_empty() { "" } else { "\n" };
                        let name = if word == "stdout" { StreamName::Stdout } else { StreamName::Stderr };
                        sample.event(slot, EventKind::Stream { name, text: text + end })
                    }
                    "result" => sample.result(slot, &text),
                    "dataframe" => {
                        let html = as_html(&text);
                        let data = bundle(&[("text/plain", &text), ("text/html", &html)]);
                        sample.event(slot, EventKind::Result { data, execution_count: 1 })
                    }
                    "image" => sample.display(slot, &[("image/png", &text), ("text/plain", "<Figure>")]),
                    "display" if rest.is_empty() => sample.display(slot, &[("text/plain", &text)]),
                    "display" => sample.display_as(slot, rest, &text),
                    "update" => sample.update(slot, rest, &text),
                    "clear" => sample.clear(slot, false),
                    "page" => sample.page(slot, &text),
                    "error" => {
                        let rest = filled(rest, engines[slot as usize]);
                        let (name, value) = rest.split_once(": ").unwrap_or((&rest, ""));
                        let lines: Vec<&str> = text.lines().collect();
                        sample.raise(slot, name, value, &lines)
                    }
                    "aborted" => sample.aborted(slot),
                    "lost" => sample.lost(slot, LostReason::EngineDied),
                    "ended" => sample.ok(slot),
                    "pending" => sample,
                    other => panic!("{}: what is '{other}'?", self.name()),
                };
            }
        }
        open.into_iter().fold(sample, Sample::ok).run()
    }

    /// What the fold shows of it: groups and errors, then the line beside the code.
    fn shown(&self) -> String {
        let run = self.run();
        let view = View {
            by: GroupBy::Fold,
            scope: Scope::default(),
            width: 72,
            names_stderr: true,
            keeps_values: false,
        };
        let lines = lay_out(&run, view, &|_| None);
        let mut text: String = lines.iter().map(|line| line.text() + "\n").collect();
        let line = inline_within(&run, Time(0), 100);
        // The time is made up.
        let line = match line.rsplit_once(" · ") {
            Some((line, time)) if time.ends_with(" ms") || time.ends_with(" s") => line,
            _ => &line,
        };
        text.push_str(&format!("inline: {line}\n"));
        text
    }
}

fn ids(ranks: &str) -> Vec<u32> {
    let set: RankSet = ranks.parse().expect("a rank set");
    set.iter().map(|id| id.0).collect()
}

/// A text with `«rank*7%13/100»` worked out from left to right, and with signs for control characters put in.
fn filled(text: &str, rank: u32) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('«') {
        let (formula, after) = after.split_once('»').expect("a formula ends");
        filled.push_str(before);
        let mut value = f64::from(rank);
        let mut steps = formula.strip_prefix("rank").expect("a formula of the rank");
        while let Some(sign) = steps.chars().next() {
            let end = steps[1..].find(['*', '%', '/', '+']).map_or(steps.len(), |at| at + 1);
            let number: f64 = steps[1..end].parse().expect("a number");
            value = match sign {
                '*' => value * number,
                '%' => value % number,
                '/' => value / number,
                _ => value + number,
            };
            steps = &steps[end..];
        }
        filled.push_str(&value.to_string());
        rest = after;
    }
    filled.push_str(rest);
    filled.replace('␛', "\x1b").replace('␍', "\r").replace('␈', "\x08")
}

#[test]
fn every_case_folds_as_its_file_says() {
    let cases = Case::all();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let shown = case.shown();
        if shown == case.expected {
            continue;
        }
        if renewing() {
            fs::write(&case.path, format!("{}\n==>\n{shown}", case.input)).expect("writable");
        } else {
            wrong.push(format!("{}:\n{shown}instead of\n{}", case.name(), case.expected));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_EXPECT=1 renews them\n\n{}", wrong.join("\n"));
}

#[test]
fn leaving_out_any_rule_makes_a_case_fail() {
    let cases = Case::all();
    let mut table = String::from(
        "# What each rule of the fold is good for\n\nWithout a rule, these cases fail. Renewed with the cases.\n\n\
         | rule | cases that fail without it |\n|---|---|\n",
    );
    for rule in Rule::ALL {
        let failing: Vec<String> = cases
            .iter()
            .filter(|case| without(rule, || case.shown()) != case.shown())
            .map(Case::name)
            .collect();
        assert!(!failing.is_empty(), "no case needs {rule:?}");
        table.push_str(&format!("| {rule:?} | {} |\n", failing.join(", ")));
    }
    let path = folder().join("rules.md");
    if renewing() {
        fs::write(&path, &table).expect("writable");
    }
    assert_eq!(fs::read_to_string(&path).expect("readable"), table);
}

/// Text of which engines often write something alike.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("loss ".to_owned()),
        Just("n0".to_owned()),
        Just("[1. 2.] ".to_owned()),
        Just("\n".to_owned()),
        Just("é\r".to_owned()),
        "[-+.]{0,1}[0-9]{1,4}(\\.[0-9]{0,2}| ms|e-3)?",
        " {0,2}(nan|0x1f|1:02|12 s)[,\\]]?",
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn every_engine_is_in_exactly_one_group_and_its_text_comes_back(
        texts in prop::collection::vec((text(), text(), 0u32..4), 1..12),
        base in text(),
    ) {
        let engines: Vec<u32> = texts.iter().map(|(.., engine)| *engine).collect();
        let mut sample = Sample::of(&engines);
        for ((out, result, _), slot) in texts.iter().zip(0..) {
            sample = sample.busy(slot).stdout(slot, &base).stdout(slot, out).result(slot, result);
            // Repeated, so that groups have several members.
            if slot % 3 == 0 {
                sample = sample.ok(slot);
            }
        }
        let run = sample.run();
        for groups in [fold(&run), without(Rule::Majority, || fold(&run))] {
            let mut slots: Vec<Slot> = groups.iter().flat_map(|group| group.slots.clone()).collect();
            slots.sort_unstable();
            prop_assert_eq!(slots, (0..).take(texts.len()).map(Slot).collect::<Vec<_>>());
            for group in &groups {
                let shown = of_group(&run, group, Scope::default());
                let mut parts: Vec<_> = group.slots.iter().filter_map(|slot| run.part(*slot)).collect();
                parts.sort_by_key(|part| part.engine);
                for (place, part) in parts.iter().enumerate() {
                    let own = super::screen::screen(part, Scope::default());
                    prop_assert_eq!(own.len(), shown.len());
                    for (item, shown) in own.iter().zip(&shown) {
                        let filled = match &shown.template {
                            Some(template) => Some(template.fill(place)),
                            None => shown.item.text().map(str::to_owned),
                        };
                        prop_assert_eq!(filled.as_deref(), item.text());
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_template_shows_has_the_lines_of_its_texts(numbers in prop::collection::vec(0u32..100, 2..6)) {
        let texts: Vec<_> = (0..).map(crate::engines::EngineId).zip(numbers.iter().map(|n| format!("{n}\n a {n} b\n\n{n}"))).collect();
        let template = super::template::Template::of(&texts, false).expect("alike");
        let lines: Vec<String> = template.lines(super::Paint::Stdout, None).iter().map(BlockLine::text).collect();
        prop_assert_eq!(lines.len(), 4);
        prop_assert!(lines[1].contains(" b") && lines[2].is_empty());
    }
}
