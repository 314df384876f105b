//! What stands behind the name of a magic: flags, their values, target expressions.
//!
//! A fix for a line of options is a guess that is then read as the line itself was: what does not make it right is not
//! offered.

use std::ops::Range;

use super::{Fix, Problem, Rule, Severity};
use crate::{
    cells::{BlockRange, MagicKind, Options, found::Found, mapped::Mapped, options, refusal},
    engines::{Targets, TargetsError},
    text::TextRange,
};

pub(super) static OPTIONS: Rule = Rule {
    code: "options",
    severity: Severity::Error,
    meaning: "ipyparallel refuses the options: one is not known, its value is none of the choices, or a value is missing. \
              The message holds ipyparallel's own words. The cell does not run.",
    examples: &[
        "%%px --targts 0\nx\n",
        "%%px --group-outputs=engines\nx\n",
        "%%px --targets [0, 2]\nx\n",
        "%%px -t -2:\nx\n",
        "%%px 0,2\nx\n",
        "%pxconfig --no\n",
        "%%px --block=1\nx\n",
    ],
};

pub(super) static TARGETS: Rule = Rule {
    code: "targets",
    severity: Severity::Error,
    meaning: "The target expression is none that pxlens reads: it parses expressions and never evaluates them. Quotes and \
              blanks are a part of the expression and make it fail upstream as well; a lone `0-2` is the number −2 to \
              ipyparallel and three engines to a reader. The cell does not run.",
    examples: &[
        "%%px --targets \"[0, 2]\"\nx\n",
        "%%px --targets 0-2\nx\n",
        "%%px --targets [0-2]\nx\n",
        "%%px --targets ALL\nx\n",
        "%%px -t '-2:'\nx\n",
    ],
};

pub(super) static DYNAMIC: Rule = Rule {
    code: "dynamic-options",
    severity: Severity::Hint,
    meaning: "The options hold `{…}` or `$name`, which IPython fills in from its own variables. pxlens knows none of them, \
              so the cell does not run here; it is not called wrong.",
    examples: &["%%px --targets {n}\nx\n"],
};

pub(super) static STREAM_NOBLOCK: Rule = Rule {
    code: "stream-noblock",
    severity: Severity::Warning,
    meaning: "`--stream` shows output while the cell is waited for; with `--noblock` nothing waits, so it has no effect.",
    examples: &["%%px --noblock --stream\nx\n"],
};

/// Fixes offered for one problem, at most.
const MOST: usize = 4;

/// What is wrong with a magic's options.
pub(super) fn check(found: &Found) -> Vec<Problem> {
    let Some((line, of)) = &found.options_text else { return Vec::new() };
    let (of, options, magic) = (*of, &found.magic.options, found.magic_range);
    let fixes = |mends: Vec<Mend>| mends.into_iter().map(|mend| mend.place(line)).collect();
    if let Some(error) = &options.error {
        return vec![OPTIONS.problem(
            error.range.in_block(),
            error.to_string(),
            fixes(of_line(line.text(), of)),
        )];
    }
    if options.dynamic {
        return vec![DYNAMIC.problem(magic, refusal::DYNAMIC, Vec::new())];
    }
    let mut problems = Vec::new();
    if let Some(targets) = &options.targets
        && let Err(error) = &targets.parsed
    {
        let mends = of_targets(line.text(), of);
        problems.push(TARGETS.problem(targets.range.in_block(), error.to_string(), fixes(mends)));
    }
    if options.config.stream == Some(true) && options.block == Some(false) {
        let found = flag(line.text(), of, |without| without.config.stream != Some(true));
        let range = found.clone().map_or(magic, |range| line.range(range));
        let mends = found.map(|range| Mend::without("Take --stream out", line.text(), range));
        let message = "with --noblock nothing waits for the output, so --stream has no effect";
        problems.push(STREAM_NOBLOCK.problem(range, message, fixes(mends.into_iter().collect())));
    }
    problems
}

/// A change of a line of options.
struct Mend {
    title: String,
    range: Range<usize>,
    text: String,
}

impl Mend {
    fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { title: format!("Write {}", text.trim()), range, text }
    }

    /// Takes a range out, with the blanks before it.
    fn without(title: impl Into<String>, line: &str, range: Range<usize>) -> Self {
        let start = line[..range.start].trim_end().len();
        Self { title: title.into(), range: start..range.end, text: String::new() }
    }

    fn applied(&self, line: &str) -> String {
        let mut line = line.to_owned();
        line.replace_range(self.range.clone(), &self.text);
        line
    }

    /// The options of the line with this change, if ipyparallel and pxlens take it.
    fn read(&self, line: &str, of: MagicKind) -> Option<Options> {
        // What needs no escape in a string of JSON or Python.
        let is_bare = |c: char| c.is_ascii_alphanumeric() || " -=_,.:[]()".contains(c);
        let options = read(&self.applied(line), of);
        let is_right = options.error.is_none()
            && !options.dynamic
            && options.targets.as_ref().is_none_or(|targets| targets.parsed.is_ok());
        (is_right && self.text.chars().all(is_bare)).then_some(options)
    }

    fn place(self, line: &Mapped) -> Fix {
        Fix::one(self.title, (line.range(self.range), self.text))
    }
}

/// Reads a line where places count from its own beginning.
fn read(line: &str, of: MagicKind) -> Options {
    options::parse(line, of, |range| TextRange::new(range.start, range.end))
}

/// The argument without which the options are as `wanted`.
fn flag(line: &str, of: MagicKind, wanted: impl Fn(&Options) -> bool) -> Option<Range<usize>> {
    options::arguments(line).into_iter().find(|range| {
        let without = Mend::without("", line, range.clone()).read(line, of);
        without.is_some_and(|options| wanted(&options))
    })
}

/// What makes a refused line right, the likeliest first.
fn of_line(line: &str, of: MagicKind) -> Vec<Mend> {
    let options = read(line, of);
    let Some(error) = &options.error else { return Vec::new() };
    let arguments = options::arguments(line);
    let Some(at) = arguments.iter().position(|range| range.start == error.range.in_block().start) else {
        // A quote that is not closed.
        let start = error.range.in_block().start;
        let quote = start..start + 1;
        let mend = Mend { title: "Take the quote out".to_owned(), range: quote, text: String::new() };
        return Some(mend).filter(|mend| mend.read(line, of).is_some()).into_iter().collect();
    };
    let argument = arguments[at].clone();
    let text = &line[argument.clone()];
    let next = arguments.get(at + 1).cloned();
    let mut mends = Vec::new();
    if text.starts_with('-') {
        let name = text.split('=').next().unwrap_or(text);
        for known in nearest(name, options::names(of)) {
            mends.push(Mend::new(argument.start..argument.start + name.len(), known));
        }
        if name.len() < text.len() {
            mends.push(Mend::new(argument.clone(), name));
        }
        let value = match text.split_once('=') {
            Some((name, _)) => Some(argument.start + name.len() + 1..argument.end),
            None => next.clone(),
        };
        if let Some(value) = value {
            for choice in by_distance(&line[value.clone()], ["engine", "order", "type"]) {
                let mend = Mend::new(value.clone(), choice);
                if mend.read(line, of).is_some_and(|options| options.own.group_outputs.is_some()) {
                    mends.push(mend);
                }
            }
        }
        if let Some(next) = &next {
            let value = &line[next.clone()];
            let mend = Mend::new(argument.start..next.end, format!("--targets={value}"));
            if options.targets.is_none() && matches!(text, "-t" | "--targets") {
                mends.push(mend);
            }
        }
    }
    if let Some(targets) = &options.targets {
        let TextRange { start, end } = targets.range.in_block();
        for last in arguments.iter().filter(|range| range.end > end) {
            for (title, text) in readings(&line[start..last.end]) {
                mends.push(Mend { title, range: start..last.end, text });
            }
        }
    } else if !text.starts_with('-') {
        for (_, target) in readings(text) {
            mends.push(Mend::new(argument.clone(), format!("--targets {target}")));
        }
    }
    mends.push(Mend::without(format!("Take {text} out"), line, argument.clone()));
    if let Some(next) = next.filter(|_| text.starts_with('-')) {
        let title = format!("Take {text} {} out", &line[next.clone()]);
        mends.push(Mend::without(title, line, argument.start..next.end));
    }
    choose(mends, line, of)
}

/// What makes a target expression one that pxlens reads.
fn of_targets(line: &str, of: MagicKind) -> Vec<Mend> {
    let Some(targets) = read(line, of).targets else { return Vec::new() };
    let range = targets.range.in_block().as_range();
    let mut mends = Vec::new();
    for (title, text) in readings(&targets.text) {
        // `-2:` would be taken for a flag.
        let whole = options::arguments(line[..range.start].trim_end()).pop();
        if let Some(whole) = whole.filter(|_| text.starts_with('-')) {
            mends.push(Mend {
                title: title.clone(),
                range: whole.start..range.end,
                text: format!("--targets={text}"),
            });
        }
        mends.insert(0, Mend { title, range: range.clone(), text });
    }
    // The readings in their order.
    mends.sort_by_key(|mend| mend.text.starts_with('-'));
    choose(mends, line, of)
}

/// Those that make the line right, each outcome once.
fn choose(mends: Vec<Mend>, line: &str, of: MagicKind) -> Vec<Mend> {
    let mut outcomes: Vec<Options> = Vec::new();
    let mut chosen = Vec::new();
    for mend in mends {
        let Some(mut outcome) = mend.read(line, of) else { continue };
        // Where an expression stands does not matter, only what it says.
        if let Some(targets) = &mut outcome.targets {
            targets.range = BlockRange::default();
        }
        if !outcomes.contains(&outcome) && chosen.len() < MOST {
            outcomes.push(outcome);
            chosen.push(mend);
        }
    }
    chosen
}

/// What a target expression may have been meant to be, each with the title of the fix.
fn readings(text: &str) -> Vec<(String, String)> {
    let unquoted = text.trim_matches(['\'', '"']);
    let bare: String = unquoted.chars().filter(|c| !c.is_whitespace()).collect();
    let inner = bare.trim_matches(['[', ']', '(', ')']);
    let write = |text: &str| vec![(format!("Write {text}"), text.to_owned())];
    match Targets::parse(&bare) {
        Ok(Targets::Ids(ids)) if ids.len() > 1 && inner.len() + 2 == bare.len() => write(inner),
        Ok(_) => write(&bare),
        Err(_) if bare.eq_ignore_ascii_case("all") || bare == "*" => write("all"),
        Err(_) => match Targets::parse(inner) {
            Err(TargetsError::TwoReadings { upstream, low, high, .. }) => vec![
                (
                    format!("Write {low}:{}, for engines {low} to {high}", u64::from(high) + 1),
                    format!("{low}:{}", u64::from(high) + 1),
                ),
                (format!("Write {upstream}, what ipyparallel computes"), upstream.to_string()),
            ],
            Ok(_) => write(inner),
            Err(_) => Vec::new(),
        },
    }
}

/// The names nearest to a word that is none of them.
fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let limit = (word.len() / 3).clamp(1, 3);
    let is_near = |name: &&str| {
        name.starts_with("--")
            && word.len() > 2
            && *name != word
            && (distance(word, name) <= limit || name.starts_with(word))
    };
    by_distance(word, names.filter(is_near))
}

fn by_distance(word: &str, names: impl IntoIterator<Item = &'static str>) -> Vec<&'static str> {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| distance(word, name));
    names
}

/// How many letters have to be put in, taken out, exchanged or swapped with their neighbour to make one word of another.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let exchange = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = exchange.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}
