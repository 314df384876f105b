//! What jupytext 1.19 takes for a magic, for a string and for a cell's metadata in a line of a script. Each rule is its own,
//! whether Python agrees or not: a script is divided, and its commented magics are freed, by these.

mod metadata;

use super::lines::is_space;
pub(crate) use metadata::Metadata;

/// The languages that jupytext writes as cell magics.
const CELL_MAGICS: [&str; 56] = [
    "R",
    "bash",
    "c#",
    "c++",
    "clojure",
    "coconut",
    "cs",
    "csharp",
    "cython",
    "f#",
    "fs",
    "fsharp",
    "gnuplot",
    "go",
    "groovy",
    "haskell",
    "html",
    "idl",
    "java",
    "javascript",
    "jenner",
    "js",
    "julia",
    "latex",
    "logtalk",
    "lua",
    "markdown",
    "matlab",
    "maxima",
    "ocaml",
    "octave",
    "perl",
    "powershell",
    "pypy",
    "python",
    "python2",
    "python3",
    "q",
    "robotframework",
    "ruby",
    "rust",
    "sage",
    "sas",
    "scala",
    "scheme",
    "script",
    "sh",
    "sos",
    "spark",
    "sql",
    "stata",
    "svg",
    "tcl",
    "typescript",
    "wolfram language",
    "xonsh",
];

/// A language, as far as it matters in a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    Python,
    /// R, whose strings jupytext does not read.
    R,
    /// Another one, and what begins a comment in it, if that is known.
    Other(Option<&'static str>),
}

impl Language {
    /// The language of a name.
    pub(crate) fn of(name: &str) -> Self {
        let name = name.to_lowercase();
        match name.as_str() {
            "python" => Self::Python,
            "r" => Self::R,
            "coconut" | "julia" | "bash" | "powershell" | "robotframework" | "sos" | "sage" | "tcl"
            | "xonsh" => Self::Other(Some("#")),
            "c++" | "javascript" | "typescript" | "scala" | "rust" | "csharp" | "fsharp" | "java"
            | "groovy" | "stata" | "go" => Self::Other(Some("//")),
            "scheme" => Self::Other(Some(";;")),
            "clojure" | "idl" => Self::Other(Some(";")),
            "matlab" | "logtalk" => Self::Other(Some("%")),
            "haskell" | "lua" => Self::Other(Some("--")),
            _ => Self::Other(None),
        }
    }

    /// Whether jupytext makes a cell magic of a language by this name.
    pub(crate) fn has_cell_magic(name: &str) -> bool {
        CELL_MAGICS.contains(&name)
    }

    fn comment(self) -> Option<&'static str> {
        match self {
            Self::Python | Self::R => Some("#"),
            Self::Other(comment) => comment,
        }
    }

    /// Whether a line is a magic, live or in a comment. `is_code`: the line is known to be code, where `name?` counts as well.
    pub(crate) fn is_magic(self, line: &str, is_code: bool) -> bool {
        match self {
            Self::Python => is_magic(line, is_code),
            Self::R | Self::Other(Some("#")) => is_percent_magic(line),
            Self::Other(_) => false,
        }
    }
}

/// What jupytext frees in the comments of a cell, whatever counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Frees {
    #[default]
    Nothing,
    /// Magics, but for `# name?`.
    Magics,
    /// `# name?` as well.
    All,
}

impl Frees {
    /// Whether jupytext takes a line for a magic.
    pub(crate) fn is_magic(self, line: &str) -> bool {
        self != Self::Nothing && Language::Python.is_magic(line, self == Self::All)
    }
}

/// Whether the next line of a text stands inside a string. A string in single quotes ends with its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strings {
    /// The quote of an open string in triple quotes.
    triple: Option<u8>,
}

impl Strings {
    /// The states there are.
    pub(crate) const ALL: [Self; 3] =
        [Self { triple: None }, Self { triple: Some(b'"') }, Self { triple: Some(b'\'') }];

    /// Which of [`Self::ALL`] it is.
    pub(crate) fn number(self) -> usize {
        match self.triple {
            None => 0,
            Some(b'"') => 1,
            Some(_) => 2,
        }
    }

    pub(crate) fn is_open(self) -> bool {
        self.triple.is_some()
    }

    /// Reads a line, without its end.
    pub(crate) fn read(&mut self, line: &str, language: Language) {
        let bytes = line.as_bytes();
        if language == Language::R || memchr::memchr2(b'"', b'\'', bytes).is_none() {
            return;
        }
        let comment = language.comment();
        if self.triple.is_none()
            && comment.is_some_and(|comment| line.trim_start_matches(is_space).starts_with(comment))
        {
            return;
        }
        let mut single = None;
        // Where the last string in triple quotes began or ended, on this line.
        let mut last = None;
        for (at, byte) in bytes.iter().copied().enumerate() {
            if single.is_none()
                && self.triple.is_none()
                && comment.is_some_and(|comment| bytes[at..].starts_with(comment.as_bytes()))
            {
                break;
            }
            if !matches!(byte, b'"' | b'\'') || (at > 0 && bytes[at - 1] == b'\\') {
                continue;
            }
            if single.is_some() {
                if single == Some(byte) {
                    single = None;
                }
                continue;
            }
            let is_third = at >= 2 && bytes[at - 2] == byte && bytes[at - 1] == byte;
            if is_third && last.is_none_or(|last| at >= last + 3) {
                match self.triple {
                    Some(quote) if quote == byte => (self.triple, last) = (None, Some(at)),
                    Some(_) => {}
                    None => (self.triple, last) = (Some(byte), Some(at)),
                }
                continue;
            }
            if self.triple.is_none() {
                single = Some(byte);
            }
        }
    }
}

/// A line without the comment signs that it begins with, each with or without one blank.
fn without_signs(mut line: &str) -> &str {
    while let Some(rest) = line.strip_prefix('#') {
        line = rest.strip_prefix(' ').unwrap_or(rest);
    }
    line
}

/// `%name`, `%%name` or `%%%name`; gives what stands behind the first letter.
fn percent(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches('%');
    let signs = text.len() - rest.len();
    ((1..=3).contains(&signs) && rest.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| &rest[1..])
}

fn is_percent_magic(line: &str) -> bool {
    let Some(rest) = percent(without_signs(line.trim_start_matches(is_space))) else { return false };
    let says = |word: &str| {
        rest.match_indices('#').any(|(at, _)| rest[at + 1..].trim_start_matches(is_space).starts_with(word))
    };
    says("escape") || !says("noescape")
}

fn is_magic(line: &str, is_code: bool) -> bool {
    is_percent_magic(line)
        || is_command(line)
        || is_assigned(line)
        || (is_code && is_question(line))
        || is_shell(line)
}

/// `!command` and `?name`.
fn is_command(line: &str) -> bool {
    let text = line.trim_start_matches(is_space);
    let text = without_signs(text).trim_start_matches(is_space);
    let Some(command) = text.strip_prefix(['?', '!']) else { return false };
    let command = command.trim_start_matches(is_space);
    command.starts_with(|c: char| c.is_ascii_alphabetic() || ".~$\\/{}".contains(c))
}

/// `name = %magic` and `name = !command`.
fn is_assigned(line: &str) -> bool {
    let text = without_signs(line).trim_start_matches(is_space);
    if !text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()) {
        return false;
    }
    let text = text.trim_start_matches(|c: char| c == '_' || c == '$' || c.is_ascii_alphanumeric());
    let Some(value) = text.trim_start_matches(is_space).strip_prefix('=') else { return false };
    let value = value.trim_start_matches(is_space);
    let command = value.strip_prefix('!');
    percent(value).is_some()
        || command.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// `name?`
fn is_question(line: &str) -> bool {
    let mut text = line.trim_matches(is_space);
    while let Some(rest) = text.strip_prefix("# ") {
        text = rest;
    }
    text.ends_with('?') && !text.contains(is_space)
}

const COMMANDS: [&str; 14] =
    ["cat", "cd", "cp", "mv", "rm", "rmdir", "mkdir", "copy", "ddir", "echo", "ls", "ldir", "ren", "rmdir"];

/// Whether a text is no more than the name of a command that IPython knows without a sign.
pub(crate) fn is_command_of_shell(text: &str) -> bool {
    COMMANDS.contains(&text)
}

/// Commands of a shell that IPython knows without a sign.
fn is_shell(line: &str) -> bool {
    let text = without_signs(line);
    COMMANDS.iter().any(|command| {
        let Some(rest) = text.strip_prefix(command) else { return false };
        let mut behind = rest.chars();
        match behind.next() {
            None => true,
            Some(c) => is_space(c) && !matches!(behind.next(), Some('=' | ',')),
        }
    })
}

/// What stands between the quotes, if a cell that is not active is one string in triple quotes: jupytext takes that for its code.
pub(crate) fn quoted(text: &str) -> Option<std::ops::Range<usize>> {
    let content = text.trim();
    let start = text.len() - text.trim_start().len();
    let open = content.len() - content.trim_start_matches(['r', 'R']).len();
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| content[open..].starts_with(quotes))?;
    let is_it = open <= 1 && content.len() >= open + 6 && content.ends_with(quotes);
    is_it.then(|| start + open + 3..start + content.len() - 3)
}

/// Whether a magic on this line goes on on the next.
pub(crate) fn is_continued(line: &str) -> bool {
    line.trim_end_matches(is_space).ends_with('\\')
}

/// The columns of the comment sign that jupytext takes off a commented magic, once; empty if there is none.
pub(crate) fn sign(line: &str) -> std::ops::Range<usize> {
    let text = line.trim_start_matches(is_space);
    let begin = line.len() - text.len();
    let rest = text.strip_prefix('#').map_or(text, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    begin..line.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magics_are_told_as_jupytext_tells_them() {
        for line in [
            "%px a",
            "  # %%px",
            "##%%px",
            "# # %px",
            "# !ls",
            "#  ! ls",
            "# ?x",
            "x = %px a",
            "#   x = !ls",
            "# ls",
            "# cd to it",
            "ls -l",
            "%px a # noescape # escape",
        ] {
            assert!(is_magic(line, false), "{line}");
        }
        for line in [
            "#  %px a",
            "# a",
            "# % px",
            "#!%px",
            "%%%%px",
            "# %px a # noescape",
            "lsof",
            "ls = 1",
            "# x == %px",
            "  # x = %px",
            "x?",
            "5 % a",
        ] {
            assert!(!is_magic(line, false), "{line}");
        }
        for line in ["x?", "# what?", "  # # x.y?  "] {
            assert!(is_magic(line, true), "{line}");
        }
        assert!(!is_magic("# what is it?", true));
    }

    #[test]
    fn strings_are_read_as_jupytext_reads_them() {
        let open = |lines: &[&str]| {
            let mut strings = Strings::default();
            lines.iter().for_each(|line| strings.read(line, Language::Python));
            strings.is_open()
        };
        assert!(open(&["x = '''"]) && !open(&["'''", "\"\"\"", "# '''x"]));
        assert!(!open(&["\"\"\"a\"\"\""]) && !open(&["# '''"]) && !open(&["x = 1 # '''"]));
        assert!(!open(&["x = 'it"]) && !open(&["x = \"'''\""]));
        // A quote behind a backslash never counts, even if that is escaped itself.
        assert!(open(&["x = '\\\\' + '\"\"\"'"]));
    }
}
