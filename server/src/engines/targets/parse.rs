//! The grammar of target expressions.
//!
//! ipyparallel looks at the text in this order, and so does this: a `:` anywhere makes it a slice, an `all` in it means
//! all, and the rest is a Python expression, of which literals, `range()` and `slice()` are read here.

use super::{Targets, TargetsError};
use crate::engines::{ParseRankSetError, RankSet};

/// What to write instead, for whatever is not in the grammar.
const FORMS: &str = "write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a \
                     rank set such as 0-3,7";

/// The most engines a `range()` may name, so that a typing slip cannot fill the memory.
const MOST: i128 = RankSet::MOST as i128;

pub(super) fn document(text: &str) -> Result<Targets, TargetsError> {
    let text = text.trim();
    if let Some(ranks) = ranks(text)? {
        return Ok(ranks);
    }
    if let Some((low, high)) = lone_range(text) {
        return match low < high {
            true => Err(TargetsError::TwoReadings {
                text: format!("{low}-{high}"),
                upstream: i64::from(low) - i64::from(high),
                low,
                high,
            }),
            false => refuse(text, &format!("pxlens does no arithmetic; write {}", low - high)),
        };
    }
    python(text)
}

pub(super) fn flag(text: &str) -> Result<Targets, TargetsError> {
    let text = text.trim();
    match lone_range(unbracketed(text)) {
        Some((low, high)) if low == high => Ok(Targets::Ids([low.into()].into())),
        Some((low, high)) if low < high => rank_set(text).map(Targets::Ranks),
        _ => document(text),
    }
}

fn refuse<T>(text: &str, why: &str) -> Result<T, TargetsError> {
    Err(TargetsError::NotUnderstood { text: text.to_owned(), why: why.to_owned() })
}

/// `0-2` and nothing else.
fn lone_range(text: &str) -> Option<(u32, u32)> {
    let (low, high) = text.split_once('-')?;
    Some((id(low.trim())?, id(high.trim())?))
}

/// A plain decimal number, as Python writes one.
fn id(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().ok())?
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text)
}

/// A rank set, if the text has the form of one: ids and ranges, at least one comma, at least one range.
fn ranks(text: &str) -> Result<Option<Targets>, TargetsError> {
    let bare = unbracketed(text);
    let parts: Vec<&str> = bare.split(',').map(str::trim).collect();
    let parts = match parts.split_last() {
        Some((&"", before)) => before,
        _ => &parts,
    };
    let mut ranges = 0;
    for part in parts {
        match lone_range(part) {
            Some(_) => ranges += 1,
            None if id(part).is_some() => {}
            None => return Ok(None),
        }
    }
    if ranges == 0 || !bare.contains(',') {
        return Ok(None);
    }
    // Falling ranges are ids to ipyparallel (`3-1,0` is 2 and 0): only rising ones are free for another reading.
    if let Some((low, high)) =
        parts.iter().filter_map(|part| lone_range(part)).find(|(low, high)| low >= high)
    {
        return refuse(text, &format!("the range {low}-{high} is not ascending; write the lower id first"));
    }
    rank_set(text).map(|set| Some(Targets::Ranks(set)))
}

fn rank_set(text: &str) -> Result<RankSet, TargetsError> {
    text.parse().or_else(|error: ParseRankSetError| refuse(text, &error.to_string()))
}

fn python(text: &str) -> Result<Targets, TargetsError> {
    if text.contains(':') {
        return slice_text(text);
    }
    let quoted = ['\'', '"'].iter().find_map(|q| text.strip_prefix(*q)?.strip_suffix(*q));
    if let Some(inner) = quoted {
        return match inner.to_ascii_lowercase().as_str() {
            "all" => Ok(Targets::All),
            _ => refuse(text, "leave out the quotes; they are a part of the expression"),
        };
    }
    if text == "all" {
        return Ok(Targets::All);
    }
    if text.is_empty() {
        return refuse(text, FORMS);
    }
    let mut parser = Parser { rest: text };
    match parser.top() {
        Some(value) if parser.rest.is_empty() => value.into_targets(text),
        _ => refuse(text, FORMS),
    }
}

fn slice_text(text: &str) -> Result<Targets, TargetsError> {
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    let bounds: Option<Vec<Option<i64>>> = parts
        .iter()
        .map(|part| match *part {
            "" | "None" => Some(None),
            number => integer(number).map(Some),
        })
        .collect();
    match bounds.as_deref() {
        Some([start, stop]) => Ok(Targets::Slice { start: *start, stop: *stop, step: None }),
        Some([_, _, Some(0)]) => refuse(text, "the step of a slice cannot be 0"),
        Some([start, stop, step]) => Ok(Targets::Slice { start: *start, stop: *stop, step: *step }),
        _ => refuse(text, "a slice is start:stop or start:stop:step, with integers or nothing in each place"),
    }
}

/// A decimal integer. Beyond 64 bits it becomes the largest there is, which no cluster reaches either.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits.trim_start()),
        None => (false, text),
    };
    let zeros = digits.bytes().all(|b| b == b'0');
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || (digits.starts_with('0') && !zeros)
    {
        return None;
    }
    let magnitude: i64 = digits.parse().unwrap_or(i64::MAX);
    Some(if negative { -magnitude } else { magnitude })
}

/// What a Python expression of this grammar evaluates to.
enum Value {
    Integer(i64),
    None,
    Sequence(Vec<i64>),
    Slice([Option<i64>; 3]),
    /// In the grammar, but of no use; with the sentence that says so.
    Refused(&'static str),
}

impl Value {
    fn into_targets(self, text: &str) -> Result<Targets, TargetsError> {
        match self {
            Self::Integer(id) => Ok(Targets::One(id)),
            Self::None => Ok(Targets::All),
            Self::Sequence(ids) => Ok(Targets::Ids(ids.into())),
            Self::Slice([start, stop, step]) => Ok(Targets::Slice { start, stop, step }),
            Self::Refused(why) => refuse(text, why),
        }
    }
}

/// Reads from the front of `rest`; after each token the blanks behind it are gone too.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    /// A name, or a number with its sign.
    fn word(&mut self) -> Option<&str> {
        let unsigned = self.rest.strip_prefix('-').map_or(self.rest, str::trim_start);
        let sign = self.rest.len() - unsigned.len();
        let length = unsigned.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (word, rest) = self.rest.split_at(sign + length);
        self.rest = rest.trim_start();
        (length > 0).then_some(word)
    }

    /// The whole expression: one value, or a tuple without its parentheses.
    fn top(&mut self) -> Option<Value> {
        let first = self.value()?;
        if !self.rest.starts_with(',') {
            return Some(first);
        }
        let Value::Integer(first) = first else { return None };
        let mut ids = vec![first];
        while self.eat(",") && !self.rest.is_empty() {
            ids.push(self.member()?);
        }
        Some(Value::Sequence(ids))
    }

    fn value(&mut self) -> Option<Value> {
        if self.eat("[") {
            return self.members("]").map(|(ids, _)| Value::Sequence(ids));
        }
        if self.eat("(") {
            let (ids, comma) = self.members(")")?;
            // Parentheses round one integer are only parentheses.
            return match (ids.as_slice(), comma) {
                ([one], false) => Some(Value::Integer(*one)),
                _ => Some(Value::Sequence(ids)),
            };
        }
        let word = self.word()?.to_owned();
        if self.eat("(") {
            let arguments = self.arguments()?;
            return match word.as_str() {
                "range" => range(&arguments),
                "slice" => slice_call(&arguments),
                _ => None,
            };
        }
        match word.as_str() {
            "None" => Some(Value::None),
            "True" => Some(Value::Integer(1)),
            "False" => Some(Value::Integer(0)),
            number => integer(number).map(Value::Integer),
        }
    }

    fn member(&mut self) -> Option<i64> {
        match self.word()? {
            "True" => Some(1),
            "False" => Some(0),
            number => integer(number),
        }
    }

    /// Integers up to a bracket, and whether a comma stood among or behind them.
    fn members(&mut self, close: &str) -> Option<(Vec<i64>, bool)> {
        let (mut ids, mut comma) = (Vec::new(), false);
        while !self.eat(close) {
            ids.push(self.member()?);
            if !self.eat(",") {
                return self.eat(close).then_some((ids, comma));
            }
            comma = true;
        }
        Some((ids, comma))
    }

    /// Integers or `None`, up to the closing parenthesis.
    fn arguments(&mut self) -> Option<Vec<Option<i64>>> {
        let mut arguments = Vec::new();
        while !self.eat(")") {
            arguments.push(match self.word()? {
                "None" => None,
                number => Some(integer(number)?),
            });
            if !self.eat(",") {
                return self.eat(")").then_some(arguments);
            }
        }
        Some(arguments)
    }
}

fn range(arguments: &[Option<i64>]) -> Option<Value> {
    let (start, stop, step) = match *arguments {
        [Some(stop)] => (0, stop, 1),
        [Some(start), Some(stop)] => (start, stop, 1),
        [Some(start), Some(stop), Some(step)] => (start, stop, step),
        _ => return Some(Value::Refused("range() takes one to three integers")),
    };
    if step == 0 {
        return Some(Value::Refused("the step of a range cannot be 0"));
    }
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let count = if step > 0 { (stop - start + step - 1) / step } else { (start - stop - step - 1) / -step };
    if count > MOST {
        return Some(Value::Refused("the range names more than 16,384 engines"));
    }
    // Each number lies between `start` and `stop`, which are 64-bit.
    let ids = (0..count.max(0)).map_while(|i| i64::try_from(start + i * step).ok()).collect();
    Some(Value::Sequence(ids))
}

fn slice_call(arguments: &[Option<i64>]) -> Option<Value> {
    match *arguments {
        [_, _, Some(0)] => Some(Value::Refused("the step of a slice cannot be 0")),
        [stop] => Some(Value::Slice([None, stop, None])),
        [start, stop] => Some(Value::Slice([start, stop, None])),
        [start, stop, step] => Some(Value::Slice([start, stop, step])),
        _ => Some(Value::Refused("slice() takes one to three integers or None")),
    }
}
