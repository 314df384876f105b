//! Just enough of Python's tokens to know, at the beginning of each line, whether it begins a statement: strings, brackets,
//! comments and continued lines. One pass, no tree.

/// The state between two lines of Python. F-strings are read as Python 3.12 reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// What is open, the innermost last.
    open: Vec<Open>,
    continued: bool,
    assigned: bool,
    /// Whether the line ended behind the `=` and a backslash.
    awaits_value: bool,
}

/// What is open in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// A bracket: the byte that closes it.
    Bracket(u8),
    Text(Quote),
    /// `{` in an f-string.
    Field,
    /// What stands behind the colon of a field.
    Spec,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quote {
    byte: u8,
    triple: bool,
    /// Whether it has fields.
    is_format: bool,
}

/// What follows the first `=` of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assigned {
    /// A magic: the column of its `%`.
    Magic(usize),
    /// A call of `get_ipython()`, or of a method that runs magics: its column.
    GetIpython(usize),
    /// A command of the shell: the column of its `!`.
    Command(usize),
}

impl Tokens {
    /// Whether the next line begins a statement.
    pub(crate) fn at_statement(&self) -> bool {
        self.open.is_empty() && !self.continued
    }

    /// Whether a string with three quotes is open.
    pub(crate) fn in_long_string(&self) -> bool {
        matches!(self.open.last(), Some(Open::Text(quote)) if quote.triple)
    }

    /// Whether the next line goes on with a string.
    pub(crate) fn in_text(&self) -> bool {
        matches!(self.open.last(), Some(Open::Text(_) | Open::Spec))
    }

    /// Whether a bracket or a string with three quotes is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Reads a line, without its line end, from a column on. Stops in front of a magic, a command or a `get_ipython()` that is
    /// assigned, and says where it stands; the rest of the line is then not read.
    pub(crate) fn read(&mut self, line: &str, from: usize) -> Option<Assigned> {
        let bytes = line.as_bytes();
        if self.at_statement() && line[from..].trim() == "\\" {
            return None; // as if the line were blank
        }
        self.continued = false;
        let mut at = from;
        if self.awaits_value {
            at += blanks(&bytes[at..]);
            if let Some(assigned) = self.value(line, at) {
                return Some(assigned);
            }
        }
        while at < bytes.len() {
            if let Some(Open::Text(_) | Open::Spec) = self.open.last() {
                at = self.read_text(bytes, at);
                continue;
            }
            match bytes[at] {
                b'#' => break,
                b'\\' if at + 1 == bytes.len() => self.continued = true,
                b'=' if self.open.is_empty() && !self.assigned => {
                    if bytes.get(at + 1) == Some(&b'=') {
                        at += 2;
                        continue;
                    }
                    let operator =
                        at.checked_sub(1).is_some_and(|before| b"!<>+-*/%&|^@:~".contains(&bytes[before]));
                    if !operator {
                        self.assigned = true;
                        let value = at + 1 + blanks(&bytes[at + 1..]);
                        if let Some(assigned) = self.value(line, value) {
                            return Some(assigned);
                        }
                    }
                }
                _ => {
                    at = self.read_code(bytes, at);
                    continue;
                }
            }
            at += 1;
        }
        self.end_line(bytes);
        None
    }

    /// Takes in the end of a line.
    fn end_line(&mut self, bytes: &[u8]) {
        // What stands in a field may go on on the next line, whatever quotes are round it.
        while let Some(Open::Text(_) | Open::Spec) = self.open.last() {
            let text = self.open.iter().rposition(|open| matches!(open, Open::Text(_)));
            let Some((text, Open::Text(quote))) = text.map(|at| (at, self.open[at])) else { break };
            if quote.triple || ends_escaped(bytes) {
                break;
            }
            self.open.truncate(text); // never closed: as if it ended with its line
        }
        if self.at_statement() {
            self.assigned = false;
        }
    }

    /// Reads one character of code that is neither a comment nor an assignment, or the quotes that open a string.
    fn read_code(&mut self, bytes: &[u8], at: usize) -> usize {
        match bytes[at] {
            byte @ (b'"' | b'\'') => {
                let triple = bytes[at..].starts_with(&[byte; 3]);
                self.open.push(Open::Text(Quote { byte, triple, is_format: is_format(&bytes[..at]) }));
                return at + if triple { 3 } else { 1 };
            }
            b'(' => self.open.push(Open::Bracket(b')')),
            b'[' => self.open.push(Open::Bracket(b']')),
            b'{' => self.open.push(Open::Bracket(b'}')),
            byte @ (b')' | b']' | b'}') => match self.open.last() {
                Some(Open::Bracket(_)) => drop(self.open.pop()),
                Some(Open::Field) if byte == b'}' => drop(self.open.pop()),
                _ => {}
            },
            b':' if self.open.last() == Some(&Open::Field) => self.open.push(Open::Spec),
            _ => {}
        }
        at + 1
    }

    /// The colon that ends the header of a statement, if there is code behind it on its line.
    pub(crate) fn header_end(text: &str) -> Option<usize> {
        let mut tokens = Self::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let bytes = line.trim_end_matches('\n').as_bytes();
            let mut at = 0;
            let mut in_lambda = 0;
            while at < bytes.len() {
                if let Some(Open::Text(_) | Open::Spec) = tokens.open.last() {
                    at = tokens.read_text(bytes, at);
                    continue;
                }
                let is_at_top = tokens.open.is_empty();
                match bytes[at] {
                    b'#' => break,
                    b'l' if is_at_top && is_lambda(bytes, at) => in_lambda += 1,
                    b':' if is_at_top && bytes.get(at + 1) != Some(&b'=') => {
                        if in_lambda == 0 {
                            let is_body = !is_idle(line[at + 1..].trim_end_matches('\\'));
                            return is_body.then_some(start + at);
                        }
                        in_lambda -= 1;
                    }
                    _ => {}
                }
                at = tokens.read_code(bytes, at);
            }
            tokens.end_line(bytes);
            start += line.len();
        }
        None
    }

    /// What stands at a column where a value is assigned, if it is not Python's.
    fn value(&mut self, line: &str, at: usize) -> Option<Assigned> {
        let rest = &line[at..];
        self.awaits_value = rest == "\\";
        if is_magic_name(rest.strip_prefix('%').unwrap_or_default()) {
            return Some(Assigned::Magic(at));
        }
        if rest.starts_with('!') && !rest.starts_with("!=") {
            return Some(Assigned::Command(at));
        }
        super::calls::receiver(rest).map(|_| Assigned::GetIpython(at))
    }

    /// Reads to the end of the string, to a field in it, or to the end of the line.
    fn read_text(&mut self, bytes: &[u8], from: usize) -> usize {
        let in_spec = self.open.last() == Some(&Open::Spec);
        let text = self.open.iter().rposition(|open| matches!(open, Open::Text(_)));
        let Some((text, Open::Text(quote))) = text.map(|at| (at, self.open[at])) else { return bytes.len() };
        let mut at = from;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let doubled = rest.get(1) == rest.first() && !in_spec;
            match rest[0] {
                // `\{` is a backslash and a field; `\N{…}` is one character.
                b'\\' if quote.is_format && matches!(rest.get(1), Some(b'{' | b'}')) => at += 1,
                b'\\' if quote.is_format && rest.starts_with(b"\\N{") => {
                    at += rest.iter().position(|byte| *byte == b'}').map_or(3, |end| end + 1);
                }
                b'\\' => at += 2,
                byte if byte == quote.byte && (!quote.triple || rest.starts_with(&[byte; 3])) => {
                    self.open.truncate(text);
                    return at + if quote.triple { 3 } else { 1 };
                }
                b'{' | b'}' if quote.is_format && doubled => at += 2,
                b'{' if quote.is_format => {
                    self.open.push(Open::Field);
                    return at + 1;
                }
                b'}' if in_spec => {
                    self.open.truncate(self.open.len() - 2);
                    return at + 1;
                }
                _ => at += 1,
            }
        }
        bytes.len()
    }

    /// Goes on behind something that was read by other means, such as a magic: a new statement begins.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }
}

/// Whether the keyword stands at a column.
fn is_lambda(bytes: &[u8], at: usize) -> bool {
    let is_of_name =
        |byte: Option<&u8>| byte.is_some_and(|byte| *byte == b'_' || byte.is_ascii_alphanumeric());
    bytes[at..].starts_with(b"lambda") && !is_of_name(bytes.get(at + 6)) && !is_of_name(bytes[..at].last())
}

/// Whether the quotes behind these bytes open a string with fields: `f"`, `rf"`.
fn is_format(before: &[u8]) -> bool {
    let letters =
        before.iter().rev().take_while(|byte| **byte == b'_' || byte.is_ascii_alphanumeric()).count();
    let prefix = before[before.len() - letters..].to_ascii_lowercase();
    matches!(&*prefix, b"f" | b"fr" | b"rf" | b"t" | b"tr" | b"rt")
}

/// Whether an odd number of backslashes stands at the end.
fn ends_escaped(bytes: &[u8]) -> bool {
    bytes.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\x0c')).count()
}

/// Whether a text begins as the name of a magic does.
pub(crate) fn is_magic_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c == '_' || c.is_alphabetic())
}

/// The length of the blanks a line begins with.
pub(crate) fn indent(line: &str) -> usize {
    blanks(line.as_bytes())
}

/// The word of a statement that Python 3 does not have, if a statement is certainly one: `print x`, `exec "x"`.
pub(crate) fn old_statement(statement: &str) -> Option<&'static str> {
    let (word, rest) =
        ["print", "exec"].into_iter().find_map(|word| Some((word, statement.strip_prefix(word)?)))?;
    let value = rest.trim_start_matches([' ', '\t']);
    let is_text = value.starts_with(['"', '\'']);
    let is_name = rest.len() > value.len() && value.starts_with(|c: char| c == '_' || c.is_alphanumeric());
    let first = &value[..value.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(value.len())];
    let is_operator = matches!(first, "and" | "or" | "in" | "is" | "not" | "if" | "else" | "for");
    (is_text || (is_name && !is_operator)).then_some(word)
}

/// Whether a line holds neither code nor the inside of a string: blank, or a comment.
pub(crate) fn is_idle(line: &str) -> bool {
    let text = line.trim_start();
    text.is_empty() || text.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines at which a statement begins, 0-based.
    fn statements(text: &str) -> Vec<usize> {
        let mut tokens = Tokens::default();
        let mut found = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if tokens.at_statement() {
                found.push(number);
            }
            tokens.read(line, 0);
        }
        found
    }

    #[test]
    fn statements_do_not_begin_in_strings_brackets_and_continued_lines() {
        assert_eq!(statements("a\nb"), [0, 1]);
        assert_eq!(statements("s = '''\nx\n''' + '('\nb"), [0, 3]);
        assert_eq!(statements("f(a, # )\n[1,\n2]\n)\nb"), [0, 4]);
        assert_eq!(statements("a = \\\n1\nb"), [0, 2]);
        assert_eq!(statements("s = 'it\nb"), [0, 1], "a string that was never closed ends with its line");
        assert_eq!(statements("s = 'it\\\nis'\nb"), [0, 2]);
        assert_eq!(statements("s = r'\\'\nb = ')'\nc"), [0, 1, 2]);
        assert_eq!(statements(")\nb"), [0, 1]);
        assert_eq!(statements("'''\\''''\nb\n'''\nc"), [0, 1, 2]);
    }

    #[test]
    fn only_the_first_plain_equals_sign_assigns_a_magic() {
        let read = |line: &str| Tokens::default().read(line, 0);
        assert_eq!(read("x = %px a"), Some(Assigned::Magic(4)));
        assert_eq!(read("d['='] =%px a"), Some(Assigned::Magic(8)));
        assert_eq!(read("x: int = %px a"), Some(Assigned::Magic(9)));
        assert_eq!(read("x = get_ipython().run_line_magic('px', 'a')"), Some(Assigned::GetIpython(4)));
        let mut tokens = Tokens::default();
        assert_eq!(tokens.read("x = \\", 0), None);
        assert_eq!(tokens.read("  %px a", 0), Some(Assigned::Magic(2)));
        for line in [
            "x = y = %px a",
            "x += %px a",
            "x == %px a",
            "f(x = %px a)",
            "'x = %px a'",
            "x = % px a",
            "# = %px a",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
