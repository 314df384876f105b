//! `get_ipython().run_cell_magic('px', '--targets ::2', 'code\n')`: what nbconvert writes for a magic.
//!
//! Only calls whose arguments are plain string literals are read; any other is local code.

use std::ops::Range;

use super::mapped::Mapped;

/// A call of a magic, with its strings as Python would see them.
pub(super) struct Call {
    /// Whether it is `run_cell_magic`.
    pub(super) is_cell: bool,
    pub(super) name: Mapped,
    pub(super) line: Mapped,
    /// The cell's body; empty for `run_line_magic`.
    pub(super) body: Mapped,
    /// From `get_ipython` to behind the closing parenthesis, in bytes of the source.
    pub(super) range: Range<usize>,
}

/// Reads a call that begins at `start`, and ends before `end`.
pub(super) fn parse(source: &Mapped, start: usize, end: usize) -> Option<Call> {
    let mut reader = Reader { source, at: start, end };
    reader.eat("get_ipython()")?;
    reader.eat(".")?;
    let is_cell = if reader.eat("run_cell_magic").is_some() {
        true
    } else {
        reader.eat("run_line_magic")?;
        false
    };
    reader.eat("(")?;
    let name = reader.string()?;
    reader.eat(",")?;
    let line = reader.string()?;
    let body = if is_cell {
        reader.eat(",")?;
        reader.string()?
    } else {
        Mapped::default()
    };
    // A trailing comma is allowed; nothing else may follow.
    let _ = reader.eat(",");
    reader.skip_blanks();
    reader.rest().starts_with(')').then(|| Call { is_cell, name, line, body, range: start..reader.at + 1 })
}

struct Reader<'a> {
    source: &'a Mapped,
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source.text()[self.at..self.end]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, token: &str) -> Option<()> {
        self.skip_blanks();
        self.rest().starts_with(token).then(|| self.at += token.len())
    }

    /// One or more string literals side by side.
    fn string(&mut self) -> Option<Mapped> {
        self.skip_blanks();
        let mut value = Mapped::default();
        let mut any = false;
        while self.literal(&mut value)? {
            any = true;
            self.skip_blanks();
        }
        any.then_some(value)
    }

    /// Reads a literal if one stands here; `None` if it is broken or of a kind that is not read.
    fn literal(&mut self, value: &mut Mapped) -> Option<bool> {
        let rest = self.rest();
        let prefix = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let Some(quote) = rest[prefix..].chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            return Some(false);
        };
        let raw = match rest[..prefix].to_ascii_lowercase().as_str() {
            "" | "u" => false,
            "r" => true,
            _ => return None,
        };
        let triple: String = [quote; 3].iter().collect();
        let close = if rest[prefix..].starts_with(&triple) { triple } else { quote.to_string() };
        self.at += prefix + close.len();
        loop {
            let rest = &self.source.text()[self.at..self.end];
            if rest.starts_with(&close) {
                self.at += close.len();
                return Some(true);
            }
            let c = rest.chars().next()?;
            if c == '\n' && close.len() == 1 {
                return None;
            }
            if c == '\\' {
                let (length, text) = escape(rest, raw)?;
                if raw {
                    value.push_part(self.source, self.at..self.at + length);
                } else {
                    value.push_escape(&text, self.source.range(self.at..self.at + length));
                }
                self.at += length;
            } else {
                value.push_part(self.source, self.at..self.at + c.len_utf8());
                self.at += c.len_utf8();
            }
        }
    }
}

/// The length of the escape that `rest` begins with, and what it stands for. `\N{…}` is not read.
fn escape(rest: &str, raw: bool) -> Option<(usize, String)> {
    let c = rest[1..].chars().next()?;
    let two = 1 + c.len_utf8();
    if raw {
        return Some((two, rest[..two].to_owned()));
    }
    let hex = |digits: usize| {
        let text = rest.get(2..2 + digits).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let value =
            char::from_u32(u32::from_str_radix(text, 16).ok()?).unwrap_or(char::REPLACEMENT_CHARACTER);
        Some((2 + digits, value.to_string()))
    };
    let simple = |text: &str| Some((two, text.to_owned()));
    match c {
        '\n' => simple(""),
        '\\' | '\'' | '"' => simple(&c.to_string()),
        'a' => simple("\x07"),
        'b' => simple("\x08"),
        'f' => simple("\x0c"),
        'n' => simple("\n"),
        'r' => simple("\r"),
        't' => simple("\t"),
        'v' => simple("\x0b"),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        'N' => None,
        '0'..='7' => {
            let length = rest[1..].bytes().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let value = u32::from_str_radix(&rest[1..=length], 8).ok().and_then(char::from_u32)?;
            Some((1 + length, value.to_string()))
        }
        // Python keeps the backslash of an escape it does not know.
        _ => simple(&rest[..two]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Option<String> {
        let source = Mapped::plain(text, 0);
        parse(&source, 0, text.len()).map(|call| {
            format!("{} {:?} {:?} {:?}", call.is_cell, call.name.text(), call.line.text(), call.body.text())
        })
    }

    #[test]
    fn calls_with_plain_strings_are_read_as_python_reads_them() {
        let read = |text: &str| body(text).unwrap_or_else(|| "no".to_owned());
        assert_eq!(
            read("get_ipython().run_cell_magic('px', '--targets ::2', 'a = \"\\u00e9\\x41\\101\\q\"\\n')"),
            r#"true "px" "--targets ::2" "a = \"éAA\\q\"\n""#
        );
        assert_eq!(read("get_ipython().run_line_magic(\"px\", 'a' r'\\n' ,)"), r#"false "px" "a\\n" """#);
        assert_eq!(read("get_ipython().run_cell_magic(\n 'px', '',\n '''a\nb''')"), r#"true "px" "" "a\nb""#);
    }

    #[test]
    fn calls_with_anything_else_are_local_code() {
        for text in [
            "get_ipython().run_line_magic('px', x)",
            "get_ipython().run_line_magic('px', f'{x}')",
            "get_ipython().run_line_magic('px', 'a' + 'b')",
            "get_ipython().run_line_magic('px', 'a",
            "get_ipython().run_line_magic('px', 'a\n')",
            "get_ipython().run_line_magic('px', '\\",
            "get_ipython().run_line_magic('px', '\\x4é')",
            "get_ipython().magic('px a')",
        ] {
            assert_eq!(body(text), None, "{text}");
        }
    }
}
