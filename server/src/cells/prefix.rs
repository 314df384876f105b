//! Line magics that hand the rest of their line on as a cell of its own, so that a px magic there is one: `%time %px x`.
//!
//! They are those of IPython 9 that call `transform_cell`. Each reads its options in a way of its own, and what is left is
//! put together as IPython does: `%time` and `%prun` join its words with single blanks, `%timeit` leaves them as they are.

use super::{mapped::Mapped, options};

/// A magic before another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Time,
    Timeit,
    Prun,
}

/// Magics that hand their statement to Python as it is, where a magic is a `SyntaxError`: those of memory_profiler and
/// line_profiler, and IPython's debugger.
const TO_PYTHON: [&str; 4] = ["memit", "mprun", "lprun", "debug"];

/// The one of these names that a name is.
pub(super) fn to_python(name: &str) -> Option<&'static str> {
    TO_PYTHON.into_iter().find(|known| *known == name)
}

impl Prefix {
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Time, Self::Timeit, Self::Prun].into_iter().find(|prefix| prefix.name() == name)
    }

    /// Without percent signs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Timeit => "timeit",
            Self::Prun => "prun",
        }
    }

    /// Whether it is there to run the statement in a way that pxlens does not: many times, or under a profiler.
    pub(crate) fn measures(self) -> bool {
        self != Self::Time
    }

    /// What it runs of the text behind its name; `None` if IPython refuses that.
    pub(super) fn statement(self, line: &Mapped) -> Option<Mapped> {
        match self {
            Self::Time => time(line),
            Self::Timeit => timeit(line),
            Self::Prun => prun(line),
        }
    }
}

fn time(line: &Mapped) -> Option<Mapped> {
    let mut words = options::words(line.text());
    let is_option = |word: &str| word.len() > 2 && "--no-raise-error".starts_with(word);
    if words.iter().any(|word| matches!(line.text()[word.clone()].split('=').next(), Some("--"))) {
        return None;
    }
    words.retain(|word| !is_option(&line.text()[word.clone()]));
    Some(line.words(&words))
}

fn timeit(line: &Mapped) -> Option<Mapped> {
    let words = options::words(line.text());
    let (given, next) = getopt(line.text(), &words, "n:r:tcp:qov:")?;
    let is_number = |value: &str| value.trim().replace('_', "").parse::<i64>().is_ok();
    if given.iter().any(|(option, value)| matches!(option, 'n' | 'r' | 'p') && !is_number(value)) {
        return None;
    }
    let last = next.checked_sub(1).and_then(|last| words.get(last));
    if last.is_some_and(|word| &line.text()[word.clone()] == "--") {
        return None; // it stays in the statement
    }
    let mut rest = line.clone();
    for (option, value) in given {
        rest = rest.without(&format!("-{option}")).without(value);
    }
    let blanks = rest.text().len() - rest.text().trim_start().len();
    let mut statement = Mapped::default();
    statement.push_part(&rest, blanks..rest.text().len());
    Some(statement)
}

fn prun(line: &Mapped) -> Option<Mapped> {
    let words = options::split_all(line.text())?;
    let (_, next) = getopt(line.text(), &words, "D:l:rs:T:q")?;
    Some(line.words(&words[next..]))
}

/// Whether `%%capture` takes what stands behind it: its options, as far as they are spelled out to be told apart, and a name.
pub(super) fn is_taken_by_capture(line: &str) -> bool {
    const OPTIONS: [&str; 3] = ["--no-stderr", "--no-stdout", "--no-display"];
    let Some(words) = options::split_all(line) else { return false };
    let mut words = words.into_iter().map(|word| &line[word]);
    let mut names = 0;
    while let Some(word) = words.next() {
        let is_number = word.strip_prefix('-').is_some_and(|number| number.parse::<f64>().is_ok());
        match word {
            "--" => names += words.by_ref().count(),
            word if word.len() > 1 && word.starts_with('-') && !is_number => {
                if OPTIONS.iter().filter(|option| option.starts_with(word)).count() != 1 {
                    return false;
                }
            }
            _ => names += 1,
        }
    }
    names <= 1
}

/// Options and their values, and the first word that is none, as Python's `getopt` finds them; `None` where it fails.
fn getopt<'a>(
    text: &'a str,
    words: &[std::ops::Range<usize>],
    spec: &str,
) -> Option<(Vec<(char, &'a str)>, usize)> {
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(word) = words.get(next).map(|word| &text[word.clone()]) {
        let Some(mut cluster) = word.strip_prefix('-').filter(|cluster| !cluster.is_empty()) else { break };
        next += 1;
        if cluster == "-" {
            break;
        }
        while let Some(option) = cluster.chars().next() {
            let known = spec.find(option).filter(|_| option != ':')?;
            cluster = &cluster[option.len_utf8()..];
            if !spec[known + 1..].starts_with(':') {
                found.push((option, ""));
                continue;
            }
            if cluster.is_empty() {
                cluster = words.get(next).map(|word| &text[word.clone()])?;
                next += 1;
            }
            found.push((option, cluster));
            break;
        }
    }
    Some((found, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(prefix: Prefix, line: &str) -> Option<String> {
        prefix.statement(&Mapped::plain(line, 0)).map(|statement| statement.text().to_owned())
    }

    /// Recorded from IPython 9.18.
    #[test]
    fn capture_takes_its_options_and_a_name() {
        for line in [
            "",
            "a",
            " a --no-stderr",
            "--no-stde",
            "--no-d",
            "--",
            "-- a",
            "'a b'",
            "a;",
            "out.x",
            "1",
            "{x}",
            "-1",
            "-",
            "--no-stdout a --no-stderr --no-display",
        ] {
            assert!(is_taken_by_capture(line), "{line}");
        }
        for line in [
            "--bad",
            "a b",
            "--no-std",
            "--no-stderr=1",
            "-x",
            "-h",
            "--help",
            "a # c",
            "'it",
            "-- a b",
            "-- -x a",
        ] {
            assert!(!is_taken_by_capture(line), "{line}");
        }
    }

    /// Recorded from IPython 9.18.
    #[test]
    fn what_is_left_of_a_line_is_what_ipython_runs() {
        let time = |line: &str| statement(Prefix::Time, line).unwrap_or_else(|| "refused".to_owned());
        assert_eq!(time("%px x"), "%px x");
        assert_eq!(time(" %px  print(\"a   b\")"), "%px print(\"a b\")");
        assert_eq!(time("--no-raise-error %px x"), "%px x");
        assert_eq!(time("%px -t 0 x"), "%px -t 0 x");
        assert_eq!(time("%px print(\"a\" --no-raise x"), "%px print(\"a\" x");
        assert_eq!(time("%px \"a"), "%px \"a");
        assert_eq!(time("%px 'a  b'  c"), "%px 'a  b' c");
        assert_eq!(time("-- %px x"), "refused");

        let timeit = |line: &str| statement(Prefix::Timeit, line).unwrap_or_else(|| "refused".to_owned());
        assert_eq!(timeit("-n 3 -r 1 %px x"), "%px x");
        assert_eq!(timeit("-n3 -r1 %px f(\"a  b\")"), "%px f(\"a  b\")");
        assert_eq!(timeit("-n 2 -r 1 -q  %px  x"), "%px  x");
        assert_eq!(timeit("-qn1 -r1 %px x"), "n  %px x");
        assert_eq!(timeit("-n1 -r1 %px \"a"), "%px \"a");
        assert_eq!(timeit("-z %px x"), "refused");
        assert_eq!(timeit("-n x %px x"), "refused");
        assert_eq!(timeit("-n1 -r1 -- %px x"), "refused");
        assert_eq!(timeit("-n"), "refused");

        let prun = |line: &str| statement(Prefix::Prun, line).unwrap_or_else(|| "refused".to_owned());
        assert_eq!(prun("%px x"), "%px x");
        assert_eq!(prun("-q -l 5 %px f(\"a  b\")"), "%px f(\"a b\")");
        assert_eq!(prun("-q %px x \"a b  c\" d"), "%px x \"a b  c\" d");
        assert_eq!(prun("-q %px \"a"), "refused");
        assert_eq!(prun("-- %px x"), "%px x");
    }
}
