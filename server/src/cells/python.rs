//! Just enough of Python's tokens to know, at the beginning of each line, whether it begins a statement: strings, brackets,
//! comments and continued lines. One pass, no tree.

/// The state between two lines of Python.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    depth: u32,
    string: Option<Quote>,
    continued: bool,
    assigned: bool,
    /// Whether the line ended behind the `=` and a backslash.
    awaits_value: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quote {
    byte: u8,
    triple: bool,
}

/// What follows the first `=` of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assigned {
    /// A magic: the column of its `%`.
    Magic(usize),
    /// A call of `get_ipython()`, or of a method that runs magics: its column.
    GetIpython(usize),
}

impl Tokens {
    /// Whether the next line begins a statement.
    pub(crate) fn at_statement(&self) -> bool {
        self.depth == 0 && self.string.is_none() && !self.continued
    }

    /// Whether a string with three quotes is open.
    pub(crate) fn in_long_string(&self) -> bool {
        self.string.is_some_and(|quote| quote.triple)
    }

    /// Whether a bracket or a string with three quotes is open.
    pub(crate) fn is_open(&self) -> bool {
        self.depth > 0 || self.in_long_string()
    }

    /// Reads a line, without its line end, from a column on. Stops in front of a magic or a `get_ipython()` that is
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
            if let Some(quote) = self.string {
                at = self.read_string(bytes, at, quote);
                continue;
            }
            match bytes[at] {
                b'#' => break,
                byte @ (b'"' | b'\'') => {
                    let triple = bytes[at..].starts_with(&[byte; 3]);
                    self.string = Some(Quote { byte, triple });
                    at += if triple { 3 } else { 1 };
                    continue;
                }
                b'(' | b'[' | b'{' => self.depth += 1,
                b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                b'\\' if at + 1 == bytes.len() => self.continued = true,
                b'=' if self.depth == 0 && !self.assigned => {
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
                        let rest = &line[value..];
                        if rest.starts_with('!') {
                            break; // a command of the shell: its quotes and brackets are not Python's
                        }
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if self.string.is_some_and(|quote| !quote.triple) && !ends_escaped(bytes) {
            self.string = None; // never closed: Python drops it at the end of the line
        }
        if self.at_statement() {
            self.assigned = false;
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
        super::calls::receiver(rest).map(|_| Assigned::GetIpython(at))
    }

    /// Reads to the end of the string, or of the line.
    fn read_string(&mut self, bytes: &[u8], from: usize, quote: Quote) -> usize {
        let mut at = from;
        while at < bytes.len() {
            if bytes[at] == b'\\' {
                at += 2;
            } else if bytes[at] == quote.byte && (!quote.triple || bytes[at..].starts_with(&[quote.byte; 3]))
            {
                self.string = None;
                return at + if quote.triple { 3 } else { 1 };
            } else {
                at += 1;
            }
        }
        bytes.len()
    }

    /// Goes on behind something that was read by other means, such as a magic: a new statement begins.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }
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
