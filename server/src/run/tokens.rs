//! What may differ between engines that say the same: numbers, durations, addresses, digits in names.
//!
//! Texts are alike if they agree in everything between these tokens, and in their kinds. A token holds the blanks that align
//! it, so that right-aligned columns are alike whatever the width of their numbers.
//!
//! What people copy as it stands holds none: a port number in a connection file or in a URL is of use on its own engine only.

use std::ops::Range;

use super::rules::Rule;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// `12`, `-0.5`, `1e-3`, `3.` as NumPy writes it, `nan`, `-inf`.
    Number,
    /// `980 ms`, `1 min 3 s`, `0:01:23`.
    Duration,
    /// `0x7f3a…`, a UUID, at least eight hexadecimal digits.
    Address,
    /// `10.0.0.17`, `3.11.2`.
    Dotted,
    /// The digits of `n03` or `gpu_1`.
    InName,
    /// `'text'` within a result.
    Quoted,
}

/// A part of a text that may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// With the blanks that align it.
    pub(crate) whole: Range<usize>,
    /// Without them.
    pub(crate) core: Range<usize>,
    /// Whether blanks separate it from a word before it.
    pub(crate) apart_before: bool,
    /// Whether blanks separate it from a word after it.
    pub(crate) apart_after: bool,
}

/// Whether the text of a result is a value, in which line ends mean nothing.
pub(crate) fn is_value(text: &str) -> bool {
    !text.contains('\n') || text.starts_with(['(', '[', '{']) || is_array(text)
}

/// Whether the text of a result is an array.
pub(crate) fn is_array(text: &str) -> bool {
    text.starts_with("array(") || text.starts_with("tensor(")
}

/// The tokens of a text, from left to right. With `value`, it is a result as Python writes it.
pub(crate) fn tokens(text: &str, value: bool) -> Tokens<'_> {
    let value = value && Rule::Values.applies();
    let strings = value && (text.starts_with(['(', '[', '{']) || is_array(text));
    let line = Line { end: 0, use_of: Use::Read };
    let word = Word { end: 0, is_url: false };
    Tokens { bytes: text.as_bytes(), at: 0, end: 0, line, word, hex_end: 0, open: [0; 2], value, strings }
}

/// See [`tokens`].
pub(crate) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the last token ended.
    end: usize,
    /// The line that was looked at last.
    line: Line,
    /// Of a line that holds a URL, the word that was looked at last. This and the next two are remembered, so that a text is looked
    /// at in a time that grows with its length, whatever is in it.
    word: Word,
    /// Where the hexadecimal digits end that were looked at last.
    hex_end: usize,
    /// Where it was last seen that no `'` and no `"` ends a string.
    open: [usize; 2],
    value: bool,
    strings: bool,
}

/// A part of a line without blanks, quotes and brackets, by where it ends.
struct Word {
    end: usize,
    is_url: bool,
}

/// A line of the text, by where it ends.
struct Line {
    end: usize,
    use_of: Use,
}

/// What people do with a line of text.
enum Use {
    Read,
    /// They copy it.
    Copied,
    /// They copy the URL in it.
    HoldsUrl,
}

impl Use {
    fn of(line: &[u8]) -> Self {
        let line = line.trim_ascii();
        match line.first() {
            Some(b'"') if is_member(line) => Self::Copied,
            Some(b'{') if line.ends_with(b"}") && memchr::memmem::find(line, b"\":").is_some() => {
                Self::Copied
            }
            _ if memchr::memmem::find(line, b"://").is_some() => Self::HoldsUrl,
            _ => Self::Read,
        }
    }
}

/// Whether people copy a line, or a URL in it, as it stands.
pub(crate) fn is_copied(line: &str) -> bool {
    Rule::Copied.applies() && !matches!(Use::of(line.as_bytes()), Use::Read)
}

/// Whether a line is a member of a JSON object, `"name": value,`.
fn is_member(line: &[u8]) -> bool {
    let name = line.strip_prefix(b"\"").and_then(|rest| Some(&rest[memchr::memchr(b'"', rest)? + 1..]));
    name.is_some_and(|behind| behind.starts_with(b":"))
}

/// What each byte says about a token at its place: [`NOTHING`], [`BEGINS`], or, if it may begin `nan` or `inf`, the second letter.
const BYTE_HINTS: [u8; 256] = {
    let mut table = [NOTHING; 256];
    let bytes = b"0123456789'\"";
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = BEGINS;
        i += 1;
    }
    table[b'n' as usize] = b'a';
    table[b'N' as usize] = b'a';
    table[b'i' as usize] = b'n';
    table[b'I' as usize] = b'n';
    table
};

const NOTHING: u8 = 0;
/// It is a digit or a quote.
const BEGINS: u8 = 1;

/// Whether a byte belongs to a name; those beyond ASCII do.
fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while let Some(at) = self.next_candidate() {
            if let Some(end) = self.copied(at) {
                self.at = end;
                continue;
            }
            let found = match self.bytes[at] {
                b'0'..=b'9' => self.at_digit(at),
                b'\'' | b'"' if self.strings => self.quoted(at),
                b'\'' | b'"' => Err(at + 1),
                _ => self.nonfinite(at),
            };
            match found {
                Ok((kind, core)) => {
                    let token = self.padded(kind, core);
                    self.at = token.whole.end;
                    self.end = token.whole.end;
                    return Some(token);
                }
                Err(next) => self.at = next,
            }
        }
        None
    }
}

/// A token without its padding, or where to go on looking.
type Found = Result<(Kind, Range<usize>), usize>;

impl Tokens<'_> {
    /// The next byte at which a token may be.
    #[inline]
    fn next_candidate(&self) -> Option<usize> {
        let mut at = self.at;
        loop {
            at += self.bytes.get(at..)?.iter().position(|&byte| BYTE_HINTS[usize::from(byte)] != NOTHING)?;
            let hint = BYTE_HINTS[usize::from(self.bytes[at])];
            // The second letter in either case.
            if hint == BEGINS || self.byte(at + 1) | 0x20 == hint {
                return Some(at);
            }
            at += 1;
        }
    }

    /// Where what is copied as it stands ends, if a byte belongs to such.
    #[inline]
    fn copied(&mut self, at: usize) -> Option<usize> {
        if self.value || !Rule::Copied.applies() {
            return None;
        }
        if at >= self.line.end {
            let start = memchr::memrchr(b'\n', &self.bytes[self.line.end..at]);
            let start = start.map_or(self.line.end, |end| self.line.end + end + 1);
            let end = memchr::memchr(b'\n', &self.bytes[at..]).map_or(self.bytes.len(), |end| at + end + 1);
            self.line = Line { end, use_of: Use::of(&self.bytes[start..end]) };
        }
        match self.line.use_of {
            Use::Read => None,
            Use::Copied => Some(self.line.end),
            Use::HoldsUrl => self.url(at),
        }
    }

    /// Where the URL ends that a byte belongs to.
    fn url(&mut self, at: usize) -> Option<usize> {
        let is_part = |byte: &u8| !byte.is_ascii_whitespace() && !b"\"'<>()[]".contains(byte);
        if !is_part(&self.bytes[at]) {
            return None;
        }
        if at >= self.word.end {
            let before = self.bytes[self.word.end..at].iter().rev().take_while(|byte| is_part(byte));
            let start = at - before.count();
            let end = at + self.bytes[at..].iter().take_while(|byte| is_part(byte)).count();
            self.word = Word { end, is_url: memchr::memmem::find(&self.bytes[start..end], b"://").is_some() };
        }
        self.word.is_url.then_some(self.word.end)
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    #[inline]
    fn past(&self, from: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let mut at = from;
        while at < self.bytes.len() && wanted(self.bytes[at]) {
            at += 1;
        }
        at
    }

    #[inline]
    fn digits(&self, from: usize) -> usize {
        self.past(from, |byte| byte.is_ascii_digit())
    }

    fn at_digit(&mut self, at: usize) -> Found {
        let before = self.bytes[self.end..at].iter().rev().take_while(|&&byte| in_name(byte)).count();
        let start = at - before;
        let digits = self.digits(at);
        // The fast path: most are plain numbers.
        let plain = before == 0
            && digits - at < 8
            && matches!(self.byte(digits), b' ' | b'\n' | b',' | b')' | b']' | 0);
        if plain && Rule::Numbers.applies() {
            return Ok(self.number_or_duration(at, digits));
        }
        if Rule::Addresses.applies()
            && let Some(end) = self.address(start, digits)
        {
            return Ok((Kind::Address, start..end));
        }
        if before > 0 {
            if Rule::Types.applies() && is_type(&self.bytes[start..at]) {
                return Err(self.past(at, in_name));
            }
            return if Rule::Names.applies() { Ok((Kind::InName, at..digits)) } else { Err(digits) };
        }
        if Rule::Durations.applies()
            && let Some(end) = self.clock(at, digits)
        {
            return Ok((Kind::Duration, at..end));
        }
        if Rule::Dotted.applies()
            && let Some(end) = self.dotted(digits)
        {
            return Ok((Kind::Dotted, at..end));
        }
        let end = self.number(at);
        if !Rule::Numbers.applies() {
            return Err(end);
        }
        Ok(self.number_or_duration(at, end))
    }

    /// A number that begins with a digit and ends there, with its sign, and the unit of time behind it.
    fn number_or_duration(&self, at: usize, end: usize) -> (Kind, Range<usize>) {
        let start = self.sign(self.leading_dot(at));
        match self.duration(end).filter(|_| Rule::Durations.applies()) {
            Some(end) => (Kind::Duration, start..end),
            None => (Kind::Number, start..end),
        }
    }

    /// The end of `0x…`, of a UUID, or of a word of at least eight hexadecimal digits with letters among them.
    fn address(&mut self, start: usize, digits: usize) -> Option<usize> {
        // The fast path: most numbers are no addresses.
        if digits - start < 8 && !matches!(self.byte(digits), b'a'..=b'f' | b'x' | b'X') {
            return None;
        }
        if self.byte(start) == b'0' && matches!(self.byte(start + 1), b'x' | b'X') {
            let end = self.past(start + 2, |byte| byte.is_ascii_hexdigit());
            return (end > start + 2 && !in_name(self.byte(end))).then_some(end);
        }
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if start >= self.hex_end {
            self.hex_end = self.past(start, hex);
        }
        let end = self.hex_end;
        let group = |from: usize| self.past(from, hex);
        if end - start == 8 && self.byte(end) == b'-' {
            let mut at = end;
            for length in [4, 4, 4, 12] {
                let next = group((at + 1).min(self.bytes.len()));
                if self.byte(at) != b'-' || next != at + 1 + length {
                    return None;
                }
                at = next;
            }
            return Some(at);
        }
        let mut letters = self.bytes[start..end].iter().filter(|byte| byte.is_ascii_alphabetic());
        (end - start >= 8 && !in_name(self.byte(end)) && letters.nth(1).is_some()).then_some(end)
    }

    /// The end of `1:02`, `0:01:23` or `12:01:33.5`, whose first digits end there.
    fn clock(&self, at: usize, first: usize) -> Option<usize> {
        let two = |at: usize| self.byte(at) == b':' && self.digits((at + 1).min(self.bytes.len())) == at + 3;
        if first - at > 2 || !two(first) || (at > 0 && self.byte(at - 1) == b':') {
            return None;
        }
        let mut end = first + 3;
        if two(end) {
            end += 3;
            if self.byte(end) == b'.' && self.byte(end + 1).is_ascii_digit() {
                end = self.digits(end + 1);
            }
        }
        (self.byte(end) != b':' && !in_name(self.byte(end))).then_some(end)
    }

    /// The end of `1.2.3`, whose first digits end there.
    fn dotted(&self, first: usize) -> Option<usize> {
        let mut end = first;
        let mut dots = 0;
        while self.byte(end) == b'.' && self.byte(end + 1).is_ascii_digit() {
            end = self.digits(end + 1);
            dots += 1;
        }
        (dots > 1).then_some(end)
    }

    /// The end of a number that begins with a digit.
    fn number(&self, at: usize) -> usize {
        let mut end = self.digits(at);
        if self.byte(end) == b'.' {
            let after = self.byte(end + 1);
            if after.is_ascii_digit() {
                end = self.digits(end + 1);
            } else if self.is_array_dot(end) {
                end += 1;
            }
        }
        if matches!(self.byte(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
            let digits = (end + 1 + sign).min(self.bytes.len());
            let exponent = self.digits(digits);
            if exponent > digits && !in_name(self.byte(exponent)) {
                end = exponent;
            }
        }
        end
    }

    /// Whether a dot without digits after it is NumPy's (`[1. 2.]`) rather than the end of a sentence.
    fn is_array_dot(&self, dot: usize) -> bool {
        let next = self.past(dot + 1, |byte| byte == b' ');
        matches!(self.byte(next), b']' | b',' | b')' | b'0'..=b'9' | b'-' | b'+')
            || (self.byte(next) == b'\n' && self.value)
    }

    fn leading_dot(&self, at: usize) -> usize {
        let is_free = |dot: usize| dot == 0 || !(in_name(self.byte(dot - 1)) || self.byte(dot - 1) == b'.');
        if at > self.end && self.byte(at - 1) == b'.' && is_free(at - 1) { at - 1 } else { at }
    }

    /// The place of a sign before the number, unless it is an operator; else the number's own.
    fn sign(&self, at: usize) -> usize {
        if at == self.end || !matches!(self.byte(at - 1), b'+' | b'-') {
            return at;
        }
        let is_free = at == 1 || {
            let before = self.byte(at - 2);
            !in_name(before) && !matches!(before, b')' | b']' | b'+' | b'-' | b'.')
        };
        if is_free { at - 1 } else { at }
    }

    /// The end of the unit of time behind a number, and of what further numbers and units belong to it: `1 min 3 s`.
    fn duration(&self, number: usize) -> Option<usize> {
        let mut end = self.unit(number)?;
        loop {
            let next = end + usize::from(self.byte(end) == b' ');
            if !self.byte(next).is_ascii_digit() {
                return Some(end);
            }
            match self.unit(self.number(next)) {
                Some(further) => end = further,
                None => return Some(end),
            }
        }
    }

    fn unit(&self, number: usize) -> Option<usize> {
        let start = number + usize::from(self.byte(number) == b' ');
        if !matches!(self.byte(start), b'n' | b'u' | b'm' | b's' | b'h' | 0xc2 | 0xce) {
            return None;
        }
        let rest = self.bytes.get(start..)?;
        let unit = UNITS.iter().find(|(unit, _)| {
            rest.starts_with(unit.as_bytes()) && !rest.get(unit.len()).is_some_and(|&byte| in_name(byte))
        });
        // `1min3s`
        let unit = unit.or_else(|| {
            ["h", "min"].iter().find_map(|name| {
                let glued = rest.strip_prefix(name.as_bytes())?.first()?.is_ascii_digit();
                UNITS.iter().find(|(unit, _)| glued && unit == name)
            })
        });
        unit.map(|(unit, _)| start + unit.len())
    }

    fn nonfinite(&self, at: usize) -> Found {
        if !Rule::Nonfinite.applies() || (at > 0 && in_name(self.byte(at - 1))) {
            return Err(at + 1);
        }
        match self.nonfinite_end(at) {
            Some(end) if Rule::Numbers.applies() => Ok((Kind::Number, self.sign(at)..end)),
            _ => Err(at + 1),
        }
    }

    fn nonfinite_end(&self, at: usize) -> Option<usize> {
        let word = self.bytes.get(at..)?.first_chunk::<3>()?;
        let is_one = matches!(word, b"nan" | b"NaN" | b"NAN" | b"inf" | b"Inf" | b"INF");
        (is_one && !in_name(self.byte(at + 3))).then_some(at + 3)
    }

    fn quoted(&mut self, at: usize) -> Found {
        let quote = self.byte(at);
        let open = usize::from(quote == b'"');
        let mut end = at + 1;
        if end <= self.open[open] {
            return Err(end);
        }
        while end < self.bytes.len() {
            match self.bytes[end] {
                b'\\' => end += 2,
                b'\n' => break,
                byte if byte == quote => return Ok((Kind::Quoted, at..end + 1)),
                _ => end += 1,
            }
        }
        // Neither does one behind it: all of them are escaped.
        self.open[open] = end;
        Err(at + 1)
    }

    fn padded(&self, kind: Kind, core: Range<usize>) -> Token {
        let mut whole = core.clone();
        let (mut apart_before, mut apart_after) = (false, false);
        if Rule::Padding.applies() {
            let is_blank = |byte: u8| byte == b' ' || (byte == b'\n' && self.value);
            let before = self.bytes[self.end..core.start].iter().rev().take_while(|&&byte| is_blank(byte));
            whole.start -= before.count();
            apart_before =
                whole.start < core.start && whole.start > self.end && in_name(self.byte(whole.start - 1));
            whole.end += self.bytes[core.end..].iter().take_while(|&&byte| is_blank(byte)).count();
            let next = self.byte(whole.end);
            apart_after = whole.end > core.end
                && in_name(next)
                && !next.is_ascii_digit()
                && self.nonfinite_end(whole.end).is_none();
        }
        Token { kind, whole, core, apart_before, apart_after }
    }
}

/// The names of NumPy's and PyTorch's element types, without their digits.
fn is_type(word: &[u8]) -> bool {
    matches!(word, b"int" | b"uint" | b"float" | b"bfloat" | b"complex")
}

/// Units of time, and their length in seconds. Longer names before those they begin with.
const UNITS: [(&str, f64); 18] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("seconds", 1.0),
    ("second", 1.0),
    ("secs", 1.0),
    ("sec", 1.0),
    ("s", 1.0),
    ("minutes", 60.0),
    ("minute", 60.0),
    ("mins", 60.0),
    ("min", 60.0),
    ("hours", 3600.0),
    ("hour", 3600.0),
    ("hr", 3600.0),
    ("h", 3600.0),
];

/// The length of a [`Kind::Duration`] in seconds.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    if text.contains(':') {
        return text.split(':').try_fold(0.0, |all, part| Some(all * 60.0 + part.parse::<f64>().ok()?));
    }
    let negative = text.starts_with('-');
    let mut rest = text.trim_start_matches(['-', '+']);
    let mut all = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        // An exponent.
        let digits = match rest[digits..].strip_prefix(['e', 'E']) {
            Some(exponent) => {
                let sign = exponent.len() - exponent.trim_start_matches(['-', '+']).len();
                let power = exponent[sign..].find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
                if power > 0 { digits + 1 + sign + power } else { digits }
            }
            None => digits,
        };
        let (number, unit) = rest.split_at(digits);
        let unit = unit.trim_start();
        let end = unit.find(|c: char| c == ' ' || c.is_ascii_digit()).unwrap_or(unit.len());
        let length = UNITS.iter().find(|(name, _)| *name == &unit[..end])?.1;
        all += number.parse::<f64>().ok()? * length;
        rest = unit[end..].trim_start();
    }
    Some(if negative { -all } else { all })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text with its tokens in brackets, each after the first letter of its kind.
    fn marked(text: &str, value: bool) -> String {
        let (mut marked, mut at) = (String::new(), 0);
        for token in tokens(text, value) {
            let kind = format!("{:?}", token.kind);
            marked.push_str(&format!(
                "{}{}⟨{}⟩",
                &text[at..token.whole.start],
                &kind[..1],
                &text[token.core]
            ));
            at = token.whole.end;
        }
        marked + &text[at..]
    }

    #[test]
    fn what_stands_behind_a_url_is_no_part_of_it() {
        for text in ["see http://a.org/1' 2", "http://a.org:80\"nan", "(http://a.org)'5'", "http://a.org'"] {
            let numbers: Vec<&str> = tokens(text, false).map(|token| &text[token.core]).collect();
            let expected: &[&str] = match text {
                "see http://a.org/1' 2" => &["2"],
                "(http://a.org)'5'" => &["5"],
                "http://a.org'" => &[],
                _ => &["nan"],
            };
            assert_eq!(numbers, expected, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_looked_at_once_whatever_is_in_it() {
        const COUNT: usize = 200_000;
        let cases = [
            (format!("http://a {}", "1,".repeat(COUNT)), false, COUNT),
            (format!("{}g", "1a".repeat(COUNT)), false, COUNT),
            (format!("['{}", "\\'a".repeat(COUNT)), true, 0),
        ];
        for (text, value, count) in cases {
            assert_eq!(tokens(&text, value).count(), count, "{}", &text[..20]);
        }
    }

    #[test]
    fn tokens_are_what_may_differ() {
        for (text, expected) in [
            ("loss 0.31", "lossN⟨0.31⟩"),
            ("loss:   -1.5e-03 |", "loss:N⟨-1.5e-03⟩|"),
            ("a-1, 3-2", "a-N⟨1⟩,N⟨3⟩-N⟨2⟩"),
            ("nan -inf banana info", "N⟨nan⟩N⟨-inf⟩banana info"),
            ("took 980 ms, 1 min 3 s or 1min3s", "tookD⟨980 ms⟩,D⟨1 min 3 s⟩orD⟨1min3s⟩"),
            ("[00:12<00:30] 12:01:33.5", "[D⟨00:12⟩<D⟨00:30⟩]D⟨12:01:33.5⟩"),
            ("<A at 0x7f3a> 3f2a9c1b", "<A atA⟨0x7f3a⟩>A⟨3f2a9c1b⟩"),
            ("id 550e8400-e29b-41d4-a716-446655440000.", "idA⟨550e8400-e29b-41d4-a716-446655440000⟩."),
            ("host n03 gpu_1 float64", "host nI⟨03⟩gpu_I⟨1⟩float64"),
            ("numpy 1.26.4 at 10.0.0.17", "numpyD⟨1.26.4⟩atD⟨10.0.0.17⟩"),
            ("It took 5. Then 12GB", "It tookN⟨5⟩. ThenN⟨12⟩GB"),
            ("[1. 2.]", "[N⟨1.⟩N⟨2.⟩]"),
            ("[.5, -.5]", "[N⟨.5⟩,N⟨-.5⟩]"),
            ("50%", "N⟨50⟩%"),
        ] {
            assert_eq!(marked(text, false), expected, "{text}");
        }
        assert_eq!(marked("('a', 1,\n 2)", true), "(Q⟨'a'⟩,N⟨1⟩,N⟨2⟩)");
        assert_eq!(marked("'n01'", true), "'nI⟨01⟩'");
    }

    #[test]
    fn a_duration_is_so_many_seconds() {
        for (text, expected) in
            [("980 ms", 0.98), ("1 min 3 s", 63.0), ("1min3s", 63.0), ("0:01:23", 83.0), ("-2.5 s", -2.5)]
        {
            let lasts = seconds(text).expect("a duration");
            assert!((lasts - expected).abs() < 1e-9, "{text}: {lasts}");
        }
        assert_eq!(seconds("5 parsecs"), None);
    }

    proptest! {
        #[test]
        fn tokens_rise_and_lie_on_character_borders(text in "[-+.:e0-9naifx ms'\"\\[(µ\u{e9}\n\\\\]{0,40}", value in any::<bool>()) {
            let mut end = 0;
            for token in tokens(&text, value) {
                prop_assert!(end <= token.whole.start && token.whole.start <= token.core.start);
                prop_assert!(token.core.start < token.core.end && token.core.end <= token.whole.end);
                prop_assert!(text.get(token.whole.clone()).is_some() && text.get(token.core).is_some());
                end = token.whole.end;
            }
        }
    }
}
