//! Magics that a document defines itself: `@register_cell_magic` above `def px`, `register_magic_function(f, 'cell', 'px')`,
//! `@line_magic` in a class.
//!
//! What such a magic does is known to IPython alone. So a name of px that is defined so, or may be, is no px magic below. Only
//! the words of a statement are looked at, and only in blocks that [`may_define`] one.

use memchr::memmem;

use super::{magic::px_name, markers, markers::is_no_line_magic, shell::Shell};

/// Whether the text of a block may define magics; all that is asked of most.
pub(super) fn may_define(text: &str) -> bool {
    let has = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    ["magic", "def px", "def autopx", "_transformers", "ParallelMagics", "run_cell"].into_iter().any(has)
        || replaces_any(text)
}

/// The name by which IPython runs every magic.
const GETTER: &str = "get_ipython";

/// Whether a text may give [`GETTER`] another value.
fn replaces_any(text: &str) -> bool {
    memmem::find_iter(text.as_bytes(), GETTER).any(|at| {
        let (before, behind) = (&text[..at], text[at + GETTER.len()..].trim_start());
        let before = before.trim_end();
        behind.starts_with(['=', ',', ')', ':'])
            || ["def", "as", "import", ",", "("].iter().any(|word| before.ends_with(word))
    })
}

/// Whether a statement gives [`GETTER`] another value than IPython's.
pub(super) fn replaces_getter(statement: &str) -> bool {
    if !statement.contains(GETTER) {
        return false;
    }
    let tokens = tokens(statement);
    let is_getter = |token: &Token<'_>| *token == Token::Word(GETTER);
    let before = |at: usize| at.checked_sub(1).map(|before| &tokens[before]);
    match tokens.first() {
        Some(Token::Word("def" | "class")) => tokens.get(1).is_some_and(is_getter),
        Some(Token::Word("async")) => tokens.get(2).is_some_and(is_getter),
        Some(Token::Word("from" | "import")) => {
            let module = match tokens.get(1) {
                Some(Token::Word(module)) => *module,
                _ => "",
            };
            let is_ipythons = module == "IPython" || module == "ipykernel";
            (2..tokens.len()).any(|at| {
                let is_bound = is_getter(&tokens[at]) && tokens.get(at + 1) != Some(&Token::Word("as"));
                let is_renamed = before(at) == Some(&Token::Word("as"));
                let is_same = at > 1 && is_renamed && is_getter(&tokens[at - 2]);
                let imports = tokens[0] == Token::Word("from");
                is_bound && (is_renamed || imports) && !(is_ipythons && (!is_renamed || is_same))
            })
        }
        _ => {
            let mut depth = 0;
            let mut is_target = false;
            for (at, token) in tokens.iter().enumerate() {
                match token {
                    Token::Sign('(' | '[' | '{') => depth += 1,
                    Token::Sign(')' | ']' | '}') => depth -= 1,
                    Token::Sign('=') if depth == 0 && is_target => {
                        // `get_ipython = IPython.get_ipython`
                        return tokens.last().is_none_or(|last| !is_getter(last));
                    }
                    Token::Sign('=') if depth == 0 => is_target = false,
                    token if is_getter(token) && depth == 0 => {
                        is_target = before(at) != Some(&Token::Sign('.'))
                            && matches!(tokens.get(at + 1), Some(Token::Sign('=' | ',' | ':')));
                    }
                    _ => {}
                }
            }
            false
        }
    }
}

/// A magic that is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Defined {
    /// `None`: any name.
    pub(super) name: Option<Box<str>>,
    pub(super) kinds: Kinds,
}

/// Whether a magic takes one percent sign, two, or either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) line: bool,
    pub(super) cell: bool,
}

const LINE: Kinds = Kinds { line: true, cell: false };
const CELL: Kinds = Kinds { line: false, cell: true };
const BOTH: Kinds = Kinds { line: true, cell: true };

impl Kinds {
    fn and(self, other: Self) -> Self {
        Self { line: self.line || other.line, cell: self.cell || other.cell }
    }

    /// The kinds of a name that IPython gives them.
    fn named(name: &str) -> Option<Self> {
        match name {
            "line" => Some(LINE),
            "cell" => Some(CELL),
            "line_cell" => Some(BOTH),
            _ => None,
        }
    }
}

/// The kinds that a decorator makes, or the function of that name.
fn made_by(word: &str) -> Option<Kinds> {
    match word {
        "register_line_magic" | "line_magic" => Some(LINE),
        "register_cell_magic" | "cell_magic" => Some(CELL),
        "register_line_cell_magic" | "line_cell_magic" => Some(BOTH),
        _ => None,
    }
}

/// Decorators that say something of a function, and make no magic of it.
const HARMLESS: [&str; 16] = [
    "argument",
    "argument_group",
    "cache",
    "classmethod",
    "defaults",
    "jit",
    "kwds",
    "lru_cache",
    "magic_arguments",
    "needs_local_scope",
    "njit",
    "no_var_expand",
    "output_can_be_silenced",
    "property",
    "skip_doctest",
    "staticmethod",
];

/// Reads the statements of a block, one by one.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    /// What the decorators above make of the next function, as far as that is known.
    decorated: Option<Kinds>,
    /// Whether a decorator above may be one that makes a magic under another name.
    may_register: bool,
}

impl Definitions {
    /// Reads a statement that begins outside of strings; gives the magics that it defines, or may.
    pub(super) fn read(&mut self, statement: &str) -> Vec<Defined> {
        let tokens = tokens(statement);
        let words = |at: usize| match tokens.get(at) {
            Some(Token::Word(word)) => *word,
            _ => "",
        };
        if let Some(Token::Sign('@')) = tokens.first() {
            return self.decorator(&tokens[1..]);
        }
        let decorated = std::mem::take(&mut self.decorated);
        let may_register = std::mem::take(&mut self.may_register);
        let def = usize::from(words(0) == "async");
        if words(def) == "def" {
            let name = words(def + 1);
            let is_own = || ["px", "autopx", "pxconfig", "pxresult"].contains(&name);
            let kinds = decorated.or_else(|| (may_register && is_own()).then_some(BOTH));
            let mut found: Vec<_> =
                kinds.map(|kinds| Defined { name: Some(name.into()), kinds }).into_iter().collect();
            // The body may stand on the same line.
            found.extend(calls(tokens.get(def + 2..).unwrap_or_default()));
            return found;
        }
        let is_code =
            |token: &Token<'_>| matches!(token, Token::Word("exec" | "ex" | "run_cell" | "run_code"));
        if tokens.iter().any(is_code) && defines_in_string(statement, &tokens) {
            return vec![Defined { name: None, kinds: BOTH }];
        }
        if changes_shell(&tokens) {
            return vec![Defined { name: None, kinds: BOTH }];
        }
        match words(0) {
            "import" | "from" => imported_as(&tokens),
            "class" => Vec::new(),
            _ => calls(&tokens),
        }
    }

    fn decorator(&mut self, tokens: &[Token<'_>]) -> Vec<Defined> {
        let end = tokens.iter().position(|token| *token == Token::Sign('(')).unwrap_or(tokens.len());
        let Some(Token::Word(word)) = end.checked_sub(1).map(|at| &tokens[at]) else {
            self.may_register = true;
            return Vec::new();
        };
        let Some(kinds) = made_by(word) else {
            self.may_register |= !HARMLESS.contains(word);
            return Vec::new();
        };
        match tokens.get(end + 1) {
            None => {
                self.decorated = Some(self.decorated.map_or(kinds, |other| other.and(kinds)));
                Vec::new()
            }
            Some(Token::Text(Some(name))) if tokens.get(end + 2) == Some(&Token::Sign(')')) => {
                vec![Defined { name: Some(name.as_str().into()), kinds }]
            }
            Some(_) => vec![Defined { name: None, kinds }],
        }
    }
}

/// What imports under names of their own may define: those names are not followed.
fn imported_as(tokens: &[Token<'_>]) -> Vec<Defined> {
    let renamed = tokens.windows(2).filter_map(|two| match two {
        [Token::Word(word), Token::Word("as")] => made_by(word),
        _ => None,
    });
    renamed.map(|kinds| Defined { name: None, kinds }).collect()
}

/// The magics that calls and assignments in a statement define.
fn calls(tokens: &[Token<'_>]) -> Vec<Defined> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let arguments = || Arguments::read(tokens, at + 1);
        match *word {
            "register_magic_function" => found.push(arguments().function()),
            "register_function" => {
                // Others have a function of this name as well.
                let is_manager = tokens[..at].contains(&Token::Word("magics_manager"));
                let defined = arguments().function();
                found.extend(Some(defined).filter(|defined| is_manager || defined.name.is_some()));
            }
            "register_alias" => {
                let arguments = arguments();
                let kinds = arguments.kinds("magic_kind", 2);
                found.push(Defined { name: arguments.get("alias_name", 0).and_then(text), kinds });
            }
            "define_magic" => {
                found.push(Defined { name: arguments().get("name", 0).and_then(text), kinds: LINE });
            }
            "magics" if at > 0 && tokens[at - 1] == Token::Sign('.') => found.extend(table(tokens, at)),
            word => {
                let Some(kinds) = made_by(word) else { continue };
                let is_called = tokens.get(at + 1) == Some(&Token::Sign('('));
                if !is_called && !word.starts_with("register") {
                    continue; // a variable
                }
                // What is not called here may be given any function.
                let first = arguments().get("", 0);
                // What `register_line_magic(name)` gives is called with a function.
                let is_of_name =
                    tokens[at..].windows(2).any(|two| two == [Token::Sign(')'), Token::Sign('(')]);
                let name =
                    first.and_then(|value| text(value).or_else(|| last_name(value).filter(|_| !is_of_name)));
                found.push(Defined { name, kinds });
            }
        }
    }
    found
}

/// Whether a statement has a string with words by which Python defines magics: somebody may run it as code.
fn defines_in_string(statement: &str, tokens: &[Token<'_>]) -> bool {
    const WORDS: [&str; 8] = [
        "@line_magic",
        "@cell_magic",
        "@line_cell_magic",
        "register_",
        ".magics[",
        "alias_magic",
        "get_ipython =",
        "def get_ipython",
    ];
    let defines = |text: &str| WORDS.iter().any(|word| text.contains(word));
    tokens.iter().any(|token| match token {
        Token::Text(Some(text)) => defines(text),
        Token::Text(None) => defines(statement),
        _ => false,
    })
}

/// Whether a statement changes how the shell runs magics: by another method in the place of one of its own, or by something that
/// rewrites cells before they run.
fn changes_shell(tokens: &[Token<'_>]) -> bool {
    const METHODS: [&str; 6] =
        ["find_cell_magic", "find_line_magic", "find_magic", "run_cell", "run_cell_magic", "run_line_magic"];
    const SET: [&str; 4] = ["delattr", "object", "patch", "setattr"];
    let is_set = |at: usize| {
        tokens.get(at) == Some(&Token::Sign('=')) && tokens.get(at + 1) != Some(&Token::Sign('='))
    };
    let sets_by_name = tokens.iter().any(|token| matches!(token, Token::Word(word) if SET.contains(word)));
    tokens.iter().enumerate().any(|(at, token)| match token {
        Token::Word(word) if METHODS.contains(word) => {
            at > 0 && tokens[at - 1] == Token::Sign('.') && is_set(at + 1)
        }
        Token::Text(Some(text)) => sets_by_name && METHODS.contains(&text.as_str()),
        Token::Word("ParallelMagics") => tokens.get(at + 1) == Some(&Token::Sign('.')) && is_set(at + 3),
        Token::Word(word) if word.ends_with("_transformers") || word.starts_with("input_transformers_") => {
            let changes = ["append", "clear", "extend", "insert", "pop", "remove"];
            let is_method =
                matches!(tokens.get(at + 2), Some(Token::Word(method)) if changes.contains(method));
            is_method || is_set(at + 1) || is_set(at + 2)
        }
        _ => false,
    })
}

/// `magics['cell']['px'] = f`, `del magics['line']['px']`, `magics['line'].pop('px')`
fn table(tokens: &[Token<'_>], at: usize) -> Vec<Defined> {
    let behind = &tokens[at + 1..];
    let is_table = matches!(behind.first(), Some(Token::Sign('[' | '=' | '.')));
    let changes = tokens[..at].first() == Some(&Token::Word("del"))
        || behind.iter().any(|token| {
            matches!(
                token,
                Token::Sign('=') | Token::Word("pop" | "update" | "clear" | "setdefault" | "popitem")
            )
        });
    if !is_table || !changes {
        return Vec::new();
    }
    let text = |token: &'_ Token<'_>| match token {
        Token::Text(Some(text)) => Some(text.clone()),
        _ => None,
    };
    let texts: Vec<String> = behind.iter().filter_map(text).collect();
    let kinds = texts.iter().find_map(|text| Kinds::named(text)).unwrap_or(BOTH);
    let names: Vec<String> = texts.into_iter().filter(|text| Kinds::named(text).is_none()).collect();
    if names.is_empty() {
        return vec![Defined { name: None, kinds }];
    }
    names.into_iter().map(|name| Defined { name: Some(name.into()), kinds }).collect()
}

/// The arguments of a call.
struct Arguments<'a> {
    /// Each with its name, if it has one.
    values: Vec<(&'a str, &'a [Token<'a>])>,
    /// Whether there are others, as `*names`.
    has_more: bool,
}

impl<'a> Arguments<'a> {
    /// Reads the arguments behind a name.
    fn read(tokens: &'a [Token<'a>], at: usize) -> Self {
        let mut arguments = Self { values: Vec::new(), has_more: false };
        if tokens.get(at) != Some(&Token::Sign('(')) {
            arguments.has_more = true;
            return arguments;
        }
        let (mut depth, mut begin) = (0, at + 1);
        for (end, token) in tokens.iter().enumerate().skip(at + 1) {
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') if depth > 0 => depth -= 1,
                Token::Sign(sign @ (')' | ',')) if depth == 0 => {
                    arguments.push(&tokens[begin..end]);
                    begin = end + 1;
                    if *sign == ')' {
                        break;
                    }
                }
                _ => {}
            }
        }
        arguments
    }

    fn push(&mut self, value: &'a [Token<'a>]) {
        match value {
            [] => {}
            [Token::Sign('*'), ..] => self.has_more = true,
            [Token::Word(name), Token::Sign('='), value @ ..] => self.values.push((name, value)),
            value => self.values.push(("", value)),
        }
    }

    fn get(&self, name: &str, place: usize) -> Option<&'a [Token<'a>]> {
        let named = self.values.iter().find(|(given, _)| !given.is_empty() && *given == name);
        let placed = || self.values.get(place).filter(|(given, _)| given.is_empty());
        named.or_else(placed).map(|(_, value)| *value)
    }

    /// The kinds that an argument names; `line`, if it is not given.
    fn kinds(&self, name: &str, place: usize) -> Kinds {
        match self.get(name, place) {
            Some([Token::Text(Some(text))]) => Kinds::named(text).unwrap_or(BOTH),
            None if !self.has_more => LINE,
            _ => BOTH,
        }
    }

    /// What `register_magic_function(func, magic_kind='line', magic_name=None)` defines, whose name stands there.
    fn function(&self) -> Defined {
        let kinds = self.kinds("magic_kind", 1);
        let name = match self.get("magic_name", 2) {
            Some([Token::Word("None")]) => self.get("func", 0).and_then(last_name),
            Some(value) => text(value),
            None if self.has_more => None,
            None => self.get("func", 0).and_then(last_name),
        };
        Defined { name, kinds }
    }
}

/// The plain string that a value is.
fn text(value: &[Token<'_>]) -> Option<Box<str>> {
    match value {
        [Token::Text(Some(text))] => Some(text.as_str().into()),
        _ => None,
    }
}

/// The name of a function that a value is, as `px` or `module.px`. A lambda has one that no magic goes by.
fn last_name(value: &[Token<'_>]) -> Option<Box<str>> {
    if value.first() == Some(&Token::Word("lambda")) {
        return Some("<lambda>".into());
    }
    let is_dotted = value.iter().enumerate().all(|(at, token)| match token {
        Token::Word(_) => at % 2 == 0,
        Token::Sign('.') => at % 2 == 1,
        _ => false,
    });
    match value.last() {
        Some(Token::Word(name)) if is_dotted => Some((*name).into()),
        _ => None,
    }
}

/// A word, a string or a sign of Python.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// Also a number.
    Word(&'a str),
    /// A string; `None` if it is not plain.
    Text(Option<String>),
    Sign(char),
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_of_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() || c == '\\' {
            rest = &rest[c.len_utf8()..];
        } else if c == '#' {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if is_of_word(c) {
            let end = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            if behind.starts_with(['"', '\'']) && word.len() <= 2 {
                let is_raw = word.chars().all(|c| matches!(c, 'r' | 'R' | 'u' | 'U'));
                let (content, behind) = string(behind);
                found.push(Token::Text(content.filter(|_| is_raw)));
                rest = behind;
            } else {
                found.push(Token::Word(word));
                rest = behind;
            }
        } else if matches!(c, '"' | '\'') {
            let (content, behind) = string(rest);
            // Strings side by side are one, which is not put together.
            match found.last_mut() {
                Some(Token::Text(before)) => *before = None,
                _ => found.push(Token::Text(content)),
            }
            rest = behind;
        } else {
            let two = rest.get(..2).unwrap_or_default();
            let length = if matches!(two, "==" | "!=" | "<=" | ">=") { 2 } else { c.len_utf8() };
            found.push(Token::Sign(if length == 2 { '≡' } else { c }));
            rest = &rest[length..];
        }
    }
    found
}

/// The content of the string that a text begins with, if it is plain, and what stands behind it.
fn string(text: &str) -> (Option<String>, &str) {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let close = if text.starts_with(&triple) { triple.as_str() } else { quote };
    let inner = &text[close.len()..];
    let mut at = 0;
    let mut is_plain = true;
    while at < inner.len() {
        if inner[at..].starts_with(close) {
            let content = is_plain.then(|| inner[..at].to_owned());
            return (content, &inner[at + close.len()..]);
        }
        let c = inner[at..].chars().next().map_or(1, char::len_utf8);
        if inner[at..].starts_with('\\') {
            is_plain = false;
            let escaped = inner[at + 1..].chars().next().map_or(0, char::len_utf8);
            at += escaped;
        }
        at += c;
    }
    (None, "")
}

impl Shell {
    /// Takes in a magic that the document defines; says whether it hides one that pxlens would run.
    pub(super) fn define_own(&mut self, defined: &Defined) -> bool {
        let Defined { name, kinds } = defined;
        let mut hides = false;
        for (is_cell, is_wanted) in [(false, kinds.line), (true, kinds.cell)] {
            if !is_wanted {
                continue;
            }
            match name {
                None => {
                    self.hide_all(is_cell);
                    hides = true;
                }
                Some(name) if self.is_of_use(name, is_cell) => {
                    self.hide(is_cell, name);
                    hides = true;
                }
                Some(name) if is_no_line_magic(name) && !is_cell => self.hide(is_cell, name),
                Some(name) if is_cell => self.own(name),
                Some(_) => {}
            }
        }
        hides
    }

    /// Whether a magic of this name is one of px, stands for one, or runs one.
    fn is_of_use(&self, name: &str, is_cell: bool) -> bool {
        px_name(name, is_cell).is_some() || self.is_alias(is_cell, name) || markers::runs_its_body(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that statements define, each with its percent signs; `*` for any.
    fn read(statements: &[&str]) -> String {
        let mut definitions = Definitions::default();
        let found = statements.iter().flat_map(|statement| definitions.read(statement));
        let shown = found.map(|Defined { name, kinds }| {
            let name = name.as_deref().unwrap_or("*");
            let signs = match (kinds.line, kinds.cell) {
                (true, true) => "%|%%",
                (true, false) => "%",
                (false, _) => "%%",
            };
            format!("{signs}{name}")
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn decorators_and_calls_name_the_magics_that_they_define() {
        for (statements, expected) in [
            (&["@register_cell_magic", "def px(line, cell):"][..], "%%px"),
            (&["@register_line_magic", "async def px(line): pass"], "%px"),
            (&["@IPython.core.magic.register_line_cell_magic", "def px(line, cell=None):"], "%|%%px"),
            (&["@register_cell_magic('px')", "def dry(line, cell):"], "%%px"),
            (&["@register_cell_magic(NAME)", "def dry(line, cell):"], "%%*"),
            (
                &[
                    "@magic_arguments()",
                    "@argument('-t', help='px')",
                    "@cell_magic",
                    "def px(self, line, cell):",
                ],
                "%%px",
            ),
            (&["@line_magic", "@needs_local_scope", "def px(self, line):"], "%px"),
            (&["@mine", "def px(line, cell):"], "%|%%px"),
            (&["@mine", "def result(line, cell):"], ""),
            (&["@staticmethod", "def px(line, cell):"], ""),
            (&["def px(line, cell):"], ""),
            (&["@register_cell_magic", "def dry(line, cell):", "def px(): pass"], "%%dry"),
            (&["get_ipython().register_magic_function(px, 'cell')"], "%%px"),
            (&["ip.register_magic_function(\n    f,  # it\n    'cell', 'px',\n)"], "%%px"),
            (&["ip.register_magic_function(px)"], "%px"),
            (&["ip.register_magic_function(f, magic_name='px', magic_kind='line_cell')"], "%|%%px"),
            (&["ip.register_magic_function(f, kind, name)"], "%|%%*"),
            (&["ip.register_magic_function(*given)"], "%|%%*"),
            (&["ip.register_magic_function(make(1), 'cell')"], "%%*"),
            (&["ip.register_magic_function(lambda line: line, 'line', 'px')"], "%px"),
            (&["ip.register_magic_function(lambda line: line)"], "%<lambda>"),
            (&["ip.magics_manager.register_function(mod.px, 'cell')"], "%%px"),
            (&["ip.magics_manager.register_alias('px', 'time', 'cell')"], "%%px"),
            (&["ip.magics_manager.magics['cell']['px'] = f"], "%%px"),
            (&["del ip.magics_manager.magics['line']['px']"], "%px"),
            (&["ip.magics_manager.magics[kind][name] = f"], "%|%%*"),
            (&["px = register_cell_magic(px)"], "%%px"),
            (&["register_cell_magic('px')(f)"], "%%px"),
            (&["rcm = register_cell_magic"], "%%*"),
            (&["from IPython.core.magic import register_cell_magic as rcm"], "%%*"),
            (&["from IPython.core.magic import register_cell_magic, cell_magic"], ""),
            (&["print(ip.magics_manager.magics['cell'])"], ""),
            (&["cell_magic = 'px'"], ""),
            (&["'register_cell_magic(px)'"], ""),
            (&["x = 1  # register_cell_magic(px)"], ""),
            (&["magics = ['px']"], ""),
            (&["register_function('f', g)"], ""),
        ] {
            assert_eq!(read(statements), expected, "{statements:?}");
        }
    }
}
