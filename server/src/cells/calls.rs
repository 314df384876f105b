//! `get_ipython().run_cell_magic('px', '--targets ::2', 'code\n')`: what nbconvert writes for a magic; and the other calls
//! that hand the shell a magic: `run_line_magic`, `run_cell`, and `magic`, which IPython 9 does not have.
//!
//! Only arguments that are plain string literals are read.

use std::ops::Range;

use super::{mapped::Mapped, shell::Shell};

/// A call of a magic, with its strings as Python would see them.
pub(super) struct Call {
    pub(super) runs: Runs,
    /// From the shell to behind the closing parenthesis, in bytes of the source.
    pub(super) range: Range<usize>,
}

/// What is called.
pub(super) enum Runs {
    LineMagic {
        name: Mapped,
        line: Mapped,
    },
    CellMagic {
        name: Mapped,
        line: Mapped,
        body: Mapped,
    },
    Cell {
        text: Mapped,
    },
    /// `magic('px code')`: the method's name and the literal, if it is a single one, in bytes of the source.
    Magic {
        text: Mapped,
        method: Range<usize>,
        literal: Option<Range<usize>>,
    },
}

/// What stands where a call may.
pub(super) enum Parsed {
    Call(Call),
    /// A call of a magic of this name, if that is known, with an argument that is no plain string; where it begins.
    Unread {
        name: Option<String>,
        method: &'static str,
        start: usize,
    },
}

/// The methods that run a magic, each with the parameters that are read.
const METHODS: [(&str, &[&str]); 4] = [
    ("run_cell_magic", &["magic_name", "line", "cell"]),
    ("run_line_magic", &["magic_name", "line"]),
    ("run_cell", &["raw_cell"]),
    ("magic", &["arg_s"]),
];

/// What gives the shell, under its own name.
const GETTER: &str = "get_ipython()";

/// What stands in front of a method that runs a magic, where a text begins with that: `get_ipython()`, also of a module, or
/// what may hold the shell or give it, as `ip` and `gi()`.
pub(super) fn receiver(text: &str) -> Option<&str> {
    if let Some(length) = getter(text) {
        return Some(&text[..length]);
    }
    let (name, rest) = text.split_at(text.find(|c: char| !is_of_name(c))?);
    if rest.strip_prefix('(').is_some_and(begins_with_px) {
        return Some(name).filter(|name| !name.is_empty());
    }
    let called = rest.strip_prefix("()");
    let method = called.unwrap_or(rest).strip_prefix('.').filter(|_| !name.is_empty())?;
    let calls = |(known, _): &(&str, _)| method.strip_prefix(known).is_some_and(|rest| rest.starts_with('('));
    let length = name.len() + if called.is_some() { 2 } else { 0 };
    METHODS.iter().any(calls).then(|| &text[..length])
}

/// Whether the arguments of a call begin with what may be the name of a px magic, or one.
fn begins_with_px(arguments: &str) -> bool {
    let text = arguments.trim_start().trim_start_matches(['u', 'r', 'U', 'R']);
    let Some(magic) = text.strip_prefix(['\'', '"']) else { return false };
    ["px", "autopx", "result"].iter().any(|name| magic.trim_start_matches(['\'', '"', '%']).starts_with(name))
}

/// What stands in front of a method that runs a magic and is not called: of `ip.run_line_magic` the `ip`; and the method.
pub(super) fn bound_method(value: &str) -> Option<(&str, &'static str)> {
    let (receiver, method) = value.rsplit_once('.')?;
    let (known, _) = METHODS.iter().find(|(known, _)| *known == method)?;
    Some((receiver, known))
}

/// What [`Shell`] knows a name by that holds a method.
pub(super) fn held_methods(name: &str) -> impl Iterator<Item = String> {
    METHODS.iter().map(move |(method, _)| format!("{name}.{method}"))
}

/// The length of `get_ipython()` or of `IPython.get_ipython()` and its like, where a text begins with one.
fn getter(text: &str) -> Option<usize> {
    let end = text.find("get_ipython()")?;
    let mut modules = text[..end].split_inclusive('.');
    let is_module = |part: &str| {
        part.strip_suffix('.').is_some_and(|name| !name.is_empty() && name.chars().all(is_of_name))
    };
    modules.all(is_module).then_some(end + GETTER.len())
}

/// Where what stands in front of a method's dot begins, which is the end of this text.
pub(super) fn start_of_receiver(text: &str) -> usize {
    let name = text.strip_suffix("()").unwrap_or(text);
    let start = name.trim_end_matches(is_of_name).len();
    let modules = text[..start].trim_end_matches(|c| c == '.' || is_of_name(c)).len();
    if getter(&text[modules..]) == Some(text.len() - modules) { modules } else { start }
}

/// The call that a value is, if it may give the shell: `get_ipython()`, also of a module, or a function without arguments.
pub(super) fn giver(value: &str) -> Option<&str> {
    let is_plain =
        || value.strip_suffix("()").is_some_and(|name| !name.is_empty() && name.chars().all(is_of_name));
    (getter(value) == Some(value.len()) || is_plain()).then_some(value)
}

/// Whether a receiver or a giver stands for the shell.
pub(super) fn is_shell(value: &str, shell: &Shell) -> bool {
    getter(value) == Some(value.len()) || shell.is_held_by(value)
}

/// The other names that an import gives to `get_ipython`, each with the parentheses that call it.
pub(super) fn imported_getters(statement: &str) -> Vec<String> {
    let Some((_, names)) =
        statement.strip_prefix("from IPython").and_then(|import| import.split_once(" import "))
    else {
        return Vec::new();
    };
    let own_name = |name: &str| {
        let (name, own) = name.trim_matches([' ', '\t', '(', ')', ';']).split_once(" as ")?;
        (name.trim() == "get_ipython").then(|| format!("{}()", own.trim()))
    };
    names.split('#').next().unwrap_or_default().split(',').filter_map(own_name).collect()
}

fn is_of_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Reads a call that begins at `start`, and ends before `end`.
pub(super) fn parse(source: &Mapped, start: usize, end: usize, shell: &Shell) -> Option<Parsed> {
    let mut reader = Reader { source, at: start, end };
    reader.skip_blanks();
    let receiver = receiver(reader.rest())?;
    let mut method_start = reader.at;
    reader.at += receiver.len();
    let (method, parameters) = match reader.rest().starts_with('(') {
        true => *METHODS.iter().find(|(method, _)| shell.is_held_by(&format!("{receiver}.{method}")))?,
        false if !is_shell(receiver, shell) => return None,
        false => {
            reader.eat(".")?;
            reader.skip_blanks();
            method_start = reader.at;
            let found = *METHODS.iter().find(|(method, _)| {
                reader.rest().strip_prefix(method).is_some_and(|rest| rest.trim_start().starts_with('('))
            })?;
            reader.at += found.0.len();
            found
        }
    };
    let method_range = method_start..reader.at;
    reader.eat("(")?;
    let mut values: Vec<Option<Mapped>> = vec![None; parameters.len()];
    let mut literal = None;
    let mut place = 0;
    loop {
        reader.skip_blanks();
        if reader.rest().starts_with(')') {
            break;
        }
        let named = reader.keyword();
        let slot = match named {
            Some(name) => parameters.iter().position(|parameter| *parameter == name),
            None => Some(place).filter(|place| *place < parameters.len()),
        };
        place += 1;
        reader.skip_blanks();
        let from = reader.at;
        let value = match slot {
            Some(_) => reader.string(),
            // What else these methods take changes nothing that is read here, if it is a plain value.
            None => reader.plain_value().map(|()| Mapped::default()),
        };
        reader.skip_blanks();
        let is_whole = reader.rest().starts_with([',', ')']);
        let Some(value) = value.filter(|_| is_whole) else {
            if method == "magic" {
                return None;
            }
            let name = values[0].as_ref().filter(|_| method != "run_cell");
            return Some(Parsed::Unread { name: name.map(|name| name.text().to_owned()), method, start });
        };
        if let Some(slot) = slot {
            literal = Some(from..from + source.text()[from..reader.at].trim_end().len());
            values[slot] = Some(value);
        }
        if reader.eat(",").is_none() {
            break;
        }
    }
    reader.skip_blanks();
    if !reader.rest().starts_with(')') {
        return None;
    }
    let mut values = values.into_iter();
    let mut next = || values.next().flatten();
    let runs = match method {
        "run_cell_magic" => Runs::CellMagic { name: next()?, line: next()?, body: next()? },
        "run_line_magic" => Runs::LineMagic { name: next()?, line: next()? },
        "run_cell" => Runs::Cell { text: next()? },
        _ => Runs::Magic { text: next()?, method: method_range, literal },
    };
    Some(Parsed::Call(Call { runs, range: start..reader.at + 1 }))
}

/// Methods of the shell that run a magic or give one.
pub(super) const OTHER_METHODS: [&str; 7] = [
    "find_cell_magic",
    "find_line_magic",
    "find_magic",
    "run_cell",
    "run_cell_async",
    "run_cell_magic",
    "run_line_magic",
];

/// The plain string that is the first argument of a call whose parenthesis stands there.
pub(super) fn first_string(source: &Mapped, parenthesis: usize, end: usize) -> Option<String> {
    let mut reader = Reader { source, at: parenthesis, end };
    reader.eat("(")?;
    reader.keyword();
    let text = reader.string()?;
    reader.skip_blanks();
    reader.rest().starts_with([',', ')']).then(|| text.text().to_owned())
}

struct Reader<'a> {
    source: &'a Mapped,
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
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

    /// The name of the argument that follows, if it has one.
    fn keyword(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let (name, behind) = rest.split_at(rest.find(|c: char| c != '_' && !c.is_alphanumeric())?);
        let value = behind.trim_start().strip_prefix('=').filter(|value| !value.starts_with('='))?;
        (!name.is_empty()).then(|| {
            self.at += rest.len() - value.len();
            name
        })
    }

    /// `True`, `False`, `None` or a number.
    fn plain_value(&mut self) -> Option<()> {
        let rest = self.rest();
        let word = &rest[..rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())];
        let is_plain = matches!(word, "True" | "False" | "None") || word.parse::<u32>().is_ok();
        is_plain.then(|| self.at += word.len())
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
            let rest = self.rest();
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

    fn read(text: &str) -> String {
        let mut shell = Shell::default();
        shell.hold("ip");
        match parse(&Mapped::plain(text, 0), 0, text.len(), &shell) {
            None => "no".to_owned(),
            Some(Parsed::Unread { name, method, .. }) => {
                format!("unread {method} {}", name.as_deref().unwrap_or_default()).trim_end().to_owned()
            }
            Some(Parsed::Call(call)) => match call.runs {
                Runs::LineMagic { name, line } => format!("line {:?} {:?}", name.text(), line.text()),
                Runs::CellMagic { name, line, body } => {
                    format!("cell {:?} {:?} {:?}", name.text(), line.text(), body.text())
                }
                Runs::Cell { text } => format!("run {:?}", text.text()),
                Runs::Magic { text: said, method, literal } => {
                    format!("magic {:?} {:?} {:?}", said.text(), &text[method], literal.map(|at| &text[at]))
                }
            },
        }
    }

    #[test]
    fn calls_with_plain_strings_are_read_as_python_reads_them() {
        for (text, expected) in [
            (
                "get_ipython().run_cell_magic('px', '--targets ::2', 'a = \"\\u00e9\\x41\\101\\q\"\\n')",
                r#"cell "px" "--targets ::2" "a = \"éAA\\q\"\n""#,
            ),
            ("get_ipython().run_line_magic(\"px\", 'a' r'\\n' ,)", r#"line "px" "a\\n""#),
            ("get_ipython().run_cell_magic(\n 'px', '',\n '''a\nb''')", r#"cell "px" "" "a\nb""#),
            ("get_ipython().run_line_magic(line='a', magic_name='px')", r#"line "px" "a""#),
            ("get_ipython().run_line_magic('px', line = u'a', _stack_depth=2)", r#"line "px" "a""#),
            ("get_ipython().run_cell_magic('px', cell='a', line='')", r#"cell "px" "" "a""#),
            ("ip.run_line_magic('px', 'a')", r#"line "px" "a""#),
            ("get_ipython().run_cell('%px a')", r#"run "%px a""#),
            ("get_ipython().run_cell(raw_cell='%px a', store_history=True)", r#"run "%px a""#),
            ("get_ipython().magic(u'%px a')", r#"magic "%px a" "magic" Some("u'%px a'")"#),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn calls_of_px_with_anything_else_are_told_apart_from_local_code() {
        for (text, expected) in [
            ("get_ipython().run_line_magic('px', x)", "unread run_line_magic px"),
            ("get_ipython().run_line_magic('px', f'{x}')", "unread run_line_magic px"),
            ("get_ipython().run_line_magic('px', 'a' + 'b')", "unread run_line_magic px"),
            ("get_ipython().run_line_magic('px', 'a", "unread run_line_magic px"),
            ("get_ipython().run_line_magic('px', 'a\n')", "unread run_line_magic px"),
            ("get_ipython().run_line_magic('px', '\\", "unread run_line_magic px"),
            ("get_ipython().run_line_magic('px', '\\x4é')", "unread run_line_magic px"),
            ("get_ipython().run_cell_magic('px', '', code)", "unread run_cell_magic px"),
            ("get_ipython().run_cell(f'%px {x}')", "unread run_cell"),
            ("get_ipython().run_cell(code)", "unread run_cell"),
            ("get_ipython().run_line_magic(name, 'a')", "unread run_line_magic"),
            ("get_ipython().run_line_magic('px')", "no"),
            ("shell.run_line_magic('px', 'a')", "no"),
            ("get_ipython().user_ns", "no"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
