//! The options on the line of a px magic: ipyparallel 9.2's flags, read as its argparse parser reads them.
//!
//! Arguments are split at blanks; a quote at the beginning of an argument keeps blanks together, and *stays* in the
//! value. Flags may be abbreviated, joined to their value (`-t0`, `--targets=0`) and to each other (`-bt0`); the last one
//! wins. Messages are the ones a user of IPython knows.

use std::ops::Range;

use super::{
    magic::{MagicKind, OptionEntry, Options, Setting},
    values::{OptionsError, quoted},
};
use crate::{engines::Targets, text::TextRange};

/// Reads what stands behind the magic's name; `locate` gives the place of a byte range of `line` in its block.
pub(crate) fn parse(line: &str, magic: MagicKind, locate: impl Fn(Range<usize>) -> TextRange) -> Options {
    let mut reader = Reader { line, magic, locate: &locate, options: Options::default() };
    let result = split(line).and_then(|arguments| reader.read(&arguments));
    let mut options = reader.options;
    options.dynamic = is_dynamic(line);
    if !options.dynamic {
        options.error = result.err().map(|Fault { range, message, advice }| OptionsError {
            range: locate(range).into(),
            message,
            advice,
        });
    }
    options
}

/// An option, as the table has it.
type Flag = &'static OptionEntry;

struct Fault {
    range: Range<usize>,
    message: String,
    advice: Option<String>,
}

impl Fault {
    fn new(range: Range<usize>, message: String) -> Self {
        Self { range, message, advice: None }
    }
}

/// `{…}`, or a `$` before a name.
pub(super) fn is_dynamic(line: &str) -> bool {
    let dollar = |rest: &str| rest.chars().next().is_some_and(|c| c == '_' || c.is_alphanumeric());
    line.contains('{') || line.match_indices('$').any(|(at, _)| dollar(&line[at + 1..]))
}

/// The name that argparse gives an option in its messages.
fn of_argparse(option: Flag) -> String {
    option.names().collect::<Vec<_>>().join("/")
}

/// The names of the options that a magic takes, in argparse's order.
pub(crate) fn names(magic: MagicKind) -> impl Iterator<Item = &'static str> {
    let mut options: Vec<Flag> = magic.options().collect();
    options.sort_unstable_by_key(|option| option.listed);
    options.into_iter().flat_map(OptionEntry::names)
}

/// The arguments of a line; none where a quote is not closed.
pub(crate) fn arguments(line: &str) -> Vec<Range<usize>> {
    split(line).unwrap_or_default()
}

/// The same, with all that follows a quote that is not closed as the last one.
pub(super) fn words(line: &str) -> Vec<Range<usize>> {
    let mut line = line;
    let mut last = None;
    while let Err(Fault { range, .. }) = split(line) {
        (line, last) = (&line[..range.start], Some(range));
    }
    arguments(line).into_iter().chain(last).collect()
}

/// The arguments of a line; `None` where a quote is not closed.
pub(super) fn split_all(line: &str) -> Option<Vec<Range<usize>>> {
    split(line).ok()
}

/// Splits as Python's `shlex` does when it is not to follow POSIX: an argument that begins with a quote ends with that
/// quote; any other ends before a blank.
fn split(line: &str) -> Result<Vec<Range<usize>>, Fault> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut arguments = Vec::new();
    let mut at = 0;
    while let Some(begin) = line[at..].find(|c: char| !blank(c)).map(|found| at + found) {
        let rest = &line[begin..];
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let length = match quote {
            Some(quote) => match rest[1..].find(quote) {
                Some(found) => found + 2,
                None => {
                    return Err(Fault::new(begin..line.len(), "No closing quotation".to_owned()));
                }
            },
            None => rest.find(blank).unwrap_or(rest.len()),
        };
        arguments.push(begin..begin + length);
        at = begin + length;
    }
    Ok(arguments)
}

/// What argparse takes an argument for.
enum Argument {
    Positional,
    /// A flag, how it was written, and what is joined to it.
    Flag(Flag, String, Option<Range<usize>>),
    Unknown,
}

struct Reader<'a, L> {
    line: &'a str,
    magic: MagicKind,
    locate: &'a L,
    options: Options,
}

impl<L: Fn(Range<usize>) -> TextRange> Reader<'_, L> {
    fn read(&mut self, arguments: &[Range<usize>]) -> Result<(), Fault> {
        // Everything behind a lone `--` is positional.
        let end = arguments.iter().position(|a| &self.line[a.clone()] == "--").unwrap_or(arguments.len());
        let kinds: Vec<Argument> =
            arguments[..end].iter().map(|a| self.classify(a)).collect::<Result<_, _>>()?;
        let mut extra: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        while at < end {
            let argument = &arguments[at];
            let next =
                arguments.get(at + 1).filter(|_| matches!(kinds.get(at + 1), Some(Argument::Positional)));
            at += 1;
            match &kinds[at - 1] {
                Argument::Positional | Argument::Unknown => extra.push(argument.clone()),
                Argument::Flag(flag, written, joined) => {
                    let taken = self.take(flag, written, joined.clone(), argument, next);
                    if taken.map_err(|fault| self.advise(fault, flag, arguments.get(at)))? {
                        at += 1;
                    }
                }
            }
        }
        extra.extend_from_slice(&arguments[end..]);
        let Some(first) = extra.first() else { return Ok(()) };
        let words: Vec<&str> = extra.iter().map(|range| &self.line[range.clone()]).collect();
        let message = format!("unrecognized arguments: {}", words.join(" "));
        // `[0, 2]` falls into two arguments.
        let opened = self
            .options
            .targets
            .as_ref()
            .is_some_and(|t| t.text.starts_with(['[', '(']) && t.parsed.is_err());
        let advice = opened.then(|| "write the targets without blanks".to_owned());
        Err(Fault { range: first.clone(), message, advice })
    }

    /// `-2:` looks like a flag.
    fn advise(&self, fault: Fault, flag: Flag, following: Option<&Range<usize>>) -> Fault {
        let value = following.map(|range| &self.line[range.clone()]);
        let advice = value
            .filter(|text| {
                flag.sets == Setting::Targets && fault.advice.is_none() && Targets::parse(text).is_ok()
            })
            .map(|text| format!("write --targets={text}"));
        Fault { advice, ..fault }
    }

    fn classify(&self, argument: &Range<usize>) -> Result<Argument, Fault> {
        let text = &self.line[argument.clone()];
        if !text.starts_with('-') || text.len() == 1 {
            return Ok(Argument::Positional);
        }
        if let Some(flag) = self.magic.option(text) {
            return Ok(Argument::Flag(flag, text.to_owned(), None));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, _)) => (name, Some(argument.start + name.len() + 1..argument.end)),
            None => (text, None),
        };
        if let (Some(flag), Some(_)) = (self.magic.option(name), &value) {
            return Ok(Argument::Flag(flag, name.to_owned(), value));
        }
        if text.starts_with("--") {
            let mut matches: Vec<Flag> =
                self.magic.options().filter(|option| option.long.starts_with(name)).collect();
            matches.sort_unstable_by_key(|option| option.listed);
            return match matches.as_slice() {
                [flag] => Ok(Argument::Flag(flag, flag.long.to_owned(), value)),
                [] => Ok(Argument::Unknown),
                several => {
                    let names: Vec<&str> = several.iter().map(|option| option.long).collect();
                    let message = format!("ambiguous option: {text} could match {}", names.join(", "));
                    Err(Fault::new(argument.clone(), message))
                }
            };
        }
        let short: String = text.chars().take(2).collect();
        match self.magic.option(&short) {
            Some(flag) => {
                let joined = argument.start + short.len()..argument.end;
                Ok(Argument::Flag(flag, short, Some(joined)))
            }
            None if is_negative_number(text) => Ok(Argument::Positional),
            None => Ok(Argument::Unknown),
        }
    }

    /// Takes a flag, and those joined to it; says whether it used the next argument as its value.
    fn take(
        &mut self,
        mut flag: Flag,
        written: &str,
        mut joined: Option<Range<usize>>,
        argument: &Range<usize>,
        next: Option<&Range<usize>>,
    ) -> Result<bool, Fault> {
        let short = !written.starts_with("--");
        loop {
            let fault = |message: String| {
                let message = format!("argument {}: {message}", of_argparse(flag));
                Fault::new(argument.clone(), message)
            };
            if flag.value.is_argument() {
                let (value, used) = match (joined, next) {
                    (Some(value), _) => (value, false),
                    (None, Some(next)) => (next.clone(), true),
                    (None, None) => return Err(fault("expected one argument".to_owned())),
                };
                self.set(flag, value).map_err(fault)?;
                return Ok(used);
            }
            let Some(rest) = joined else {
                self.set(flag, argument.end..argument.end).map_err(fault)?;
                return Ok(false);
            };
            let text = &self.line[rest.clone()];
            let following = text.chars().next().filter(|_| short);
            let next_flag = following.and_then(|c| self.magic.option(&format!("-{c}")));
            let (Some(c), Some(next_flag)) = (following, next_flag) else {
                return Err(fault(format!("ignored explicit argument {}", quoted(text))));
            };
            self.set(flag, argument.end..argument.end).map_err(fault)?;
            flag = next_flag;
            let rest = rest.start + c.len_utf8()..rest.end;
            joined = (!rest.is_empty()).then_some(rest);
        }
    }

    /// Takes over an option with what stands behind it.
    fn set(&mut self, option: Flag, value: Range<usize>) -> Result<(), String> {
        let text = &self.line[value.clone()];
        self.options.set(option, text, (self.locate)(value).into())
    }
}

/// `-1`, `-1.5`, `-.5`: what argparse takes for a number, not for a flag.
fn is_negative_number(text: &str) -> bool {
    let Some(number) = text.strip_prefix('-') else { return false };
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, part)) => digits(whole) && !part.is_empty() && digits(part),
        None => !number.is_empty() && digits(number),
    }
}
