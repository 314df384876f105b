//! What the local code of a block says about views: names that are given clients and views, `activate`, `.block`,
//! `.targets`, and the `sync_imports` blocks, which are px cells. Read, never run.
//!
//! Code is taken one statement at a time, since most statements cannot matter and are passed over by a look at their text;
//! only the others are parsed. So a statement that is broken hides no other, and magics, which are no Python, are never
//! handed to the parser. What is inside `with`, `try` and `if __name__ == "__main__"` is read as if outside; what is inside
//! functions, loops and other conditions may or may not happen, and is marked so. Imports for engines are held to what holds for
//! magics: they are conditional in anything but a `with`, also where that stands in their `sync_imports` block. Such a block is
//! several px cells then.

mod act;
mod effects;
mod imports;
mod origins;
mod sync_imports;
mod tree;
mod words;

use std::{ops::Range, sync::Arc};

use super::{
    CellKind,
    escapes::Escape,
    found::{BlockText, Found},
    mapped::Mapped,
    prefix::Prefix,
    python::{self, Assigned, Tokens},
    shell, suites, syntax,
};
use crate::text::TextRange;
pub(super) use act::{Act, Call, Expr, Imported, Statement};
use sync_imports::{Imports, send};
use tree::Outcome;
use words::{
    assigned, called_without_brackets, filled_in, first_word, is_callable, is_main, is_target_of_loop,
    may_be_of_use, walrus, words,
};

/// What the code of a block holds.
#[derive(Default)]
pub(super) struct Code {
    /// In order.
    pub(super) statements: Vec<Statement>,
    /// The `sync_imports` blocks, in order.
    pub(super) imports: Vec<Found>,
}

/// Longer statements are not parsed.
const LONGEST: usize = 64 << 10;

/// Longer values of plain assignments are not parsed.
const LONGEST_VALUE: usize = 400;

/// Words without which no statement but an assignment matters.
const WORDS: [&str; 17] = [
    "activate",
    "pxconfig",
    "setattr",
    "set_trait",
    ".block",
    ".targets",
    "Client",
    "Cluster",
    "_view(",
    "sync_imports",
    ".importer",
    "set_flags",
    "temp_flags",
    "connect",
    "wait_for_engines",
    "start_cluster",
    "start_engines",
];

/// Reads the local code of a block in which px magics were found.
///
/// `local` are the lines that hold local code, and `first` is the first one that is Python; `is_timed`: a `%%timeit` above makes a
/// function of it.
pub(super) fn read(
    block: BlockText<'_>,
    found: &[Found],
    local: &[usize],
    first: usize,
    is_timed: bool,
) -> Code {
    let mut walk = Walk {
        block,
        local,
        suites: Vec::new(),
        last_closed: None,
        may_merge: false,
        is_timed,
        code: Code::default(),
    };
    walk.lines(first, found);
    walk.finish()
}

/// What kind of statement a suite belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `with`, or `if __name__ == "__main__"`.
    Plain,
    /// `try`, and its `else` and `finally`.
    Try,
    /// `except`
    Handler,
    /// A function or a class.
    Definition,
    /// A loop or a condition.
    Branch,
}

/// A statement with a body that is open.
struct Suite {
    indent: usize,
    /// The first line of its statement.
    line: usize,
    kind: Kind,
    /// The `sync_imports` block it is.
    imports: Option<Imports>,
    /// The view whose flags it changes while it lasts.
    flags: Vec<Expr>,
    /// The names of its own, if it is a definition.
    own: Vec<Box<str>>,
    /// Those of them that are not, as it says itself.
    global: Vec<Box<str>>,
    /// What a definition does to views when it is called, and where the first of that stands.
    acts: Vec<Act>,
    acts_at: Option<TextRange>,
}

impl Suite {
    fn new(logical: &Logical, kind: Kind) -> Self {
        let (indent, line) = (logical.indent, logical.lines.start);
        Self {
            indent,
            line,
            kind,
            imports: None,
            flags: Vec::new(),
            own: Vec::new(),
            global: Vec::new(),
            acts: Vec::new(),
            acts_at: None,
        }
    }
}

struct Walk<'a> {
    block: BlockText<'a>,
    local: &'a [usize],
    suites: Vec<Suite>,
    /// What the statement that is read now may go on with, as `else` does.
    last_closed: Option<Kind>,
    /// Whether nothing but statements was read since the last one.
    may_merge: bool,
    /// Whether the code is a body that `%%timeit` makes a function of.
    is_timed: bool,
    code: Code,
}

/// A statement without the body it may have.
#[derive(Clone)]
struct Logical {
    lines: Range<usize>,
    indent: usize,
    /// From its first character to the end of its last line, in bytes of the source.
    bytes: Range<usize>,
}

impl<'a> Walk<'a> {
    fn line(&self, index: usize) -> &'a str {
        &self.block.source.text()[self.block.lines[index].clone()]
    }

    fn lines(&mut self, first: usize, found: &[Found]) {
        let count = self.block.lines.len();
        let mut magics = found.iter().filter(|found| !found.lines.is_empty()).peekable();
        let mut index = first;
        while index < count {
            let line = self.line(index);
            while magics.peek().is_some_and(|magic| magic.lines.end <= index) {
                magics.next();
            }
            if let Some(magic) = magics.peek().filter(|magic| magic.lines.contains(&index)) {
                let end = magic.lines.end;
                self.may_merge = false;
                self.end_flags(index, python::indent(line));
                self.forget_assigned(index, line);
                self.configured(magic, python::indent(line));
                index = end;
                continue;
            }
            if let Some(hidden) =
                self.block.hidden(index).filter(|hidden| hidden.escape != Escape::Databricks)
            {
                index = self.hidden_command(index, hidden.columns.clone());
                continue;
            }
            if python::is_idle(line) {
                index += 1;
                continue;
            }
            let indent = python::indent(line);
            if line[indent..].starts_with(['%', '!', '?', ',', ';', '/']) {
                self.end_flags(index, indent);
                let begin = index;
                while self.line(index).ends_with('\\') && index + 1 < count {
                    index += 1;
                }
                index += 1;
                self.command(&Logical {
                    lines: begin..index,
                    indent,
                    bytes: self.bytes(begin, indent, index),
                });
                continue;
            }
            let (end, is_python) = self.end_of_statement(index);
            let logical = Logical { lines: index..end, indent, bytes: self.bytes(index, indent, end) };
            self.end_flags(index, indent);
            self.close_suites(indent);
            if is_python {
                self.statement(&logical);
            } else {
                self.forget_assigned(index, line);
                if let Some(Assigned::Magic(column) | Assigned::Command(column)) =
                    Tokens::default().read(line, 0)
                {
                    self.command(&Logical { bytes: self.bytes(index, column, end), ..logical });
                }
            }
            index = end;
        }
    }

    /// Takes in a magic in a comment that counts; gives the line behind it.
    fn hidden_command(&mut self, begin: usize, columns: Range<usize>) -> usize {
        let line = self.line(begin);
        let mut end = begin + 1;
        while self.line(end - 1).ends_with('\\') && end < self.block.lines.len() {
            end += 1;
        }
        self.end_flags(begin, columns.start);
        let column = match Tokens::default().read(line, columns.end) {
            Some(Assigned::Magic(column) | Assigned::Command(column)) => {
                self.forget_assigned(begin, &line[columns.end..]);
                column
            }
            _ => columns.end,
        };
        let bytes = self.bytes(begin, column, end);
        self.command(&Logical { lines: begin..end, indent: columns.start, bytes });
        end
    }

    /// Lines from a column of the first on, up to the line behind them.
    fn bytes(&self, begin: usize, column: usize, end: usize) -> Range<usize> {
        self.block.lines[begin].start + column..self.block.lines[end - 1].end
    }

    /// The statement that a line magic runs, as `%time view.activate()` does, and a call without brackets: `/view.activate`.
    fn command(&mut self, logical: &Logical) {
        let text = self.text(logical.bytes.clone());
        if !WORDS.iter().any(|word| text.contains(word)) && !text.contains('=') {
            return;
        }
        if let Some(call) = called_without_brackets(text) {
            self.uncertain(logical, call);
            return;
        }
        if let Some(python) = filled_in(text).filter(|_| text.starts_with(['!', '%'])) {
            self.uncertain(logical, python.to_owned());
        }
        let (is_cell, name, end) = shell::name_of(text);
        if is_cell || !text.starts_with('%') {
            return;
        }
        let mut behind = Mapped::default();
        behind.push_part(self.block.source, logical.bytes.start + end..logical.bytes.end);
        let prefix = Prefix::named(name);
        let run = match prefix {
            Some(prefix) => prefix.statement(&behind).map(|statement| statement.text().to_owned()),
            None => Some(behind.text().trim().to_owned()),
        };
        let Some(run) = run else { return };
        match prefix {
            Some(Prefix::Time | Prefix::Prun) => self.run_by_magic(logical, &run),
            _ => self.uncertain(logical, run),
        }
    }

    /// A statement that a magic runs as if it stood in its place.
    fn run_by_magic(&mut self, logical: &Logical, text: &str) {
        let Outcome { acts, maybe, .. } = tree::read(text, false);
        let walrus = Some(walrus(text)).filter(|names| !names.is_empty()).map(Act::Forget);
        for act in walrus.into_iter().chain(acts.into_iter().map(|(_, act)| act)) {
            self.push(logical.bytes.clone(), act);
        }
        maybe.into_iter().for_each(|(_, act)| self.push_perhaps(logical.bytes.clone(), act));
    }

    /// A statement of which nobody knows whether and how it is run.
    fn uncertain(&mut self, logical: &Logical, text: String) {
        let Outcome { acts, maybe, .. } = tree::read(&text, false);
        for (_, act) in acts.into_iter().chain(maybe) {
            if !matches!(act, Act::Unset(_)) {
                self.push_perhaps(logical.bytes.clone(), act);
            }
        }
    }

    /// The line behind a statement, and whether it is Python to its end.
    fn end_of_statement(&self, first: usize) -> (usize, bool) {
        let mut tokens = Tokens::default();
        let mut index = first;
        let mut from = 0;
        while index < self.block.lines.len() {
            match tokens.read(self.line(index), from) {
                Some(Assigned::Magic(_) | Assigned::Command(_)) => {
                    while self.line(index).ends_with('\\') && index + 1 < self.block.lines.len() {
                        index += 1;
                    }
                    return (index + 1, false);
                }
                Some(Assigned::GetIpython(column)) => from = column,
                None if tokens.at_statement() => return (index + 1, true),
                None => (index, from) = (index + 1, 0),
            }
        }
        (index, true)
    }

    fn count_local(&self, lines: &Range<usize>) -> usize {
        let before = |line: usize| self.local.partition_point(|local| *local < line);
        before(lines.end) - before(lines.start)
    }

    fn text(&self, bytes: Range<usize>) -> &'a str {
        &self.block.source.text()[bytes]
    }

    /// Whether what is read now happens whenever its block is run.
    fn is_certain(&self) -> bool {
        !self.is_timed && self.suites.iter().all(|suite| matches!(suite.kind, Kind::Plain | Kind::Try))
    }

    /// Whether a name belongs to a definition that is open.
    fn is_own(&self, name: &str) -> bool {
        self.suites.iter().any(|suite| suite.own.iter().any(|own| **own == *name))
    }

    fn is_in_definition(&self) -> bool {
        self.suites.iter().any(|suite| suite.kind == Kind::Definition)
    }

    /// The innermost statement that is open and no `with`: what stands in it may not be run.
    fn conditional(&self) -> Option<suites::Suite> {
        let lines = self.suites.iter().rev().map(|suite| suite.line);
        let mut open = lines.map(|line| (suites::keyword(self.line(line).trim_start()), line));
        let (keyword, line) = open.find(|(keyword, _)| !matches!(keyword, Some("with" | "async with")))?;
        Some(suites::Suite { keyword: keyword?, header: self.block.filled(line).into() })
    }

    fn push(&mut self, bytes: Range<usize>, act: Act) {
        let range = self.block.source.range(bytes);
        let Some(act) = self.in_definition(act, range) else { return };
        let is_certain = self.is_certain();
        if self.may_merge
            && let (Act::Forget(names), Some(last)) = (&act, self.code.statements.last_mut())
            && let Act::Forget(before) = &mut last.act
        {
            before.extend(names.iter().cloned());
            return;
        }
        self.may_merge = true;
        let is_unconditional = !self.is_timed && self.suites.iter().all(|suite| suite.kind == Kind::Plain);
        self.code.statements.push(Statement { range, is_certain, is_unconditional, act });
    }

    /// The same of what may or may not happen.
    fn push_perhaps(&mut self, bytes: Range<usize>, act: Act) {
        let range = self.block.source.range(bytes);
        let Some(act) = self.in_definition(act, range) else { return };
        self.may_merge = false;
        self.code.statements.push(Statement { range, is_certain: false, is_unconditional: false, act });
    }

    /// What is left of an act where it stands. The names of a function are its own; what it does to others happens at a time
    /// that is not known, and what it does to its own whenever it is called.
    fn in_definition(&mut self, act: Act, range: TextRange) -> Option<Act> {
        let innermost = self.suites.iter_mut().rfind(|suite| suite.kind == Kind::Definition);
        let Some(suite) = innermost else { return Some(act) };
        let act = match act {
            Act::Bind { names, .. } | Act::Forget(names) | Act::Unset(names) => {
                let (global, own): (Vec<_>, Vec<_>) =
                    names.into_iter().partition(|name| suite.global.contains(name));
                suite.own.extend(own);
                if global.is_empty() {
                    return None;
                }
                Act::Forget(global)
            }
            act => act,
        };
        if matches!(act, Act::Define { .. }) {
            return Some(act);
        }
        let is_own = act.object().and_then(Expr::root).is_some_and(|root| self.is_own(root));
        for suite in self.suites.iter_mut().filter(|suite| suite.kind == Kind::Definition) {
            suite.acts_at.get_or_insert(range);
            suite.acts.push(if is_own { act.clone().of_any() } else { act.clone() });
        }
        (!is_own).then_some(act)
    }

    /// Takes in that a function runs a `%pxconfig`: it holds nothing here, and sets the targets wherever the function is called.
    fn configured(&mut self, magic: &Found, indent: usize) {
        if magic.kind != CellKind::Config {
            return;
        }
        let is_around = |suite: &&mut Suite| suite.kind == Kind::Definition && suite.indent < indent;
        for suite in self.suites.iter_mut().filter(is_around) {
            suite.acts_at.get_or_insert(magic.range);
            suite.acts.push(Act::Configure { suffix: magic.magic.suffix.as_str().into() });
        }
    }

    fn statement(&mut self, logical: &Logical) {
        let text = self.text(logical.bytes.clone());
        let walrus = walrus(text);
        if !walrus.is_empty() {
            self.push(logical.bytes.clone(), Act::Forget(walrus));
        }
        if is_target_of_loop(text) {
            let act = Act::SetTargets { object: Expr::Other, value: Expr::Other };
            self.push_perhaps(logical.bytes.clone(), act);
        }
        if self.import(logical, text) {
            return;
        }
        let word = first_word(text);
        if let Some(kind) = self.header(word, text) {
            self.header_statement(logical, kind, text);
            return;
        }
        match word {
            "import" | "from" => {
                self.import_names(logical, text);
                // `from helpers import view; view.activate()`
                if text.len() <= LONGEST && text.contains(';') && WORDS.iter().any(|word| text.contains(word))
                {
                    drop(self.parsed(logical, text, false));
                }
            }
            _ if text.len() <= LONGEST && WORDS.iter().any(|word| text.contains(word)) => {
                drop(self.parsed(logical, text, false));
            }
            "del" => drop(self.parsed(logical, text, false)),
            "global" | "nonlocal" => {
                let names = words(&text[word.len()..]);
                if let Some(suite) = self.suites.iter_mut().rfind(|suite| suite.kind == Kind::Definition) {
                    suite.global.extend(names);
                }
            }
            _ => self.assignment(logical, text),
        }
    }

    /// A plain assignment; anything else is passed over.
    fn assignment(&mut self, logical: &Logical, text: &str) {
        if text.contains(';') && text.contains('=') && text.len() <= LONGEST {
            drop(self.parsed(logical, text, false));
            return;
        }
        let Some((names, value)) = assigned(text) else { return };
        if value.len() <= LONGEST_VALUE && may_be_of_use(value) {
            drop(self.parsed(logical, text, false));
        } else {
            self.push(logical.bytes.clone(), Act::Forget(names));
        }
    }

    fn forget_assigned(&mut self, index: usize, line: &str) {
        if let Some((names, _)) = assigned(line.trim_start()) {
            let start = self.block.lines[index].start;
            self.push(start..start + line.len(), Act::Forget(names));
        }
    }

    /// What kind of body the statement opens, if it opens one.
    fn header(&self, word: &str, text: &str) -> Option<Kind> {
        let second = || first_word(text[word.len()..].trim_start());
        match word {
            "with" => Some(Kind::Plain),
            "async" if second() == "with" => Some(Kind::Plain),
            "async" if second() == "for" => Some(Kind::Branch),
            "async" | "def" | "class" => Some(Kind::Definition),
            "try" => Some(Kind::Try),
            "except" => Some(Kind::Handler),
            "else" | "finally" => match self.last_closed {
                Some(Kind::Try | Kind::Handler) => Some(Kind::Try),
                _ => Some(Kind::Branch),
            },
            "if" if is_main(text) => Some(Kind::Plain),
            "if" | "elif" | "for" | "while" => Some(Kind::Branch),
            "match" | "case" if suites::keyword(text).is_some() => Some(Kind::Branch),
            _ => None,
        }
    }

    fn header_statement(&mut self, logical: &Logical, kind: Kind, text: &str) {
        let word = first_word(text);
        let mut imports = None;
        match (kind, word) {
            (Kind::Definition, _) => {
                let name = text.split_whitespace().find(|word| !["async", "def", "class"].contains(word));
                let name = name.map(first_word).filter(|name| !name.is_empty());
                self.push(logical.bytes.clone(), Act::Forget(name.map(Box::from).into_iter().collect()));
            }
            (_, "for" | "async") if kind == Kind::Branch => {
                let mut names = words(text.split(" in ").next().unwrap_or_default());
                names.retain(|name| !matches!(&**name, "for" | "async"));
                self.push(logical.bytes.clone(), Act::Forget(names));
            }
            (Kind::Handler, _) => {
                if let Some((_, name)) = text.split_once(" as ") {
                    let name = first_word(name.trim_start());
                    self.push(logical.bytes.clone(), Act::Forget(vec![name.into()]));
                }
            }
            // A pattern may give any of its names a value.
            (_, "case") => {
                let pattern = &text[word.len()..Tokens::header_end(text).unwrap_or(text.len())];
                self.push(logical.bytes.clone(), Act::Forget(words(pattern)));
            }
            _ => {}
        }
        let is_with = kind == Kind::Plain && word != "if";
        let body = if is_with { None } else { Tokens::header_end(text) };
        let head = &text[..body.map_or(text.len(), |colon| colon + 1)];
        let inline = WORDS.iter().any(|word| head.contains(word));
        let mut suite = Suite::new(logical, kind);
        if kind == Kind::Definition && word != "class" {
            let parameters = text.split_once('(').map_or("", |(_, parameters)| parameters);
            suite.own = words(parameters.split("):").next().unwrap_or_default());
        }
        let before = self.code.statements.len();
        let is_parsed = text.len() <= LONGEST && (is_with || inline);
        if is_parsed && kind == Kind::Plain {
            imports = self.parsed(logical, head, true);
        }
        // The view that is a parameter is not known here; the imports stay what they are, local code.
        suite.imports = imports.filter(|imports| !imports.view.root().is_some_and(|root| self.is_own(root)));
        let begun = self.code.statements[before..].iter();
        suite.flags = begun
            .filter_map(|statement| match &statement.act {
                Act::BeginFlags { object, .. } => Some(object.clone()),
                _ => None,
            })
            .collect();
        // Defaults and decorators are evaluated where the function is defined.
        if is_parsed && kind == Kind::Definition {
            drop(self.parsed(logical, head, true));
        }
        self.suites.push(suite);
        if is_parsed && !matches!(kind, Kind::Plain | Kind::Definition) {
            drop(self.parsed(logical, head, true));
        }
        if let Some(colon) = body {
            let behind = &text[colon + 1..];
            let start = logical.bytes.start + text.len() - behind.trim_start().len();
            self.statement(&Logical { bytes: start..logical.bytes.end, ..logical.clone() });
        }
    }

    /// Parses a statement and takes in what it does.
    fn parsed(&mut self, logical: &Logical, text: &str, is_header: bool) -> Option<Imports> {
        let start = logical.bytes.start;
        let place = |range: Range<usize>| start + range.start..start + range.end.min(text.len());
        let outcome = tree::read(text, is_header);
        let in_definition = self.is_in_definition();
        for (range, act) in outcome.acts {
            let act = match act {
                Act::Bind { names, value } if in_definition => {
                    self.push(place(range.clone()), Act::Forget(names));
                    if !value.has_effect() {
                        continue;
                    }
                    Act::Evaluate(value)
                }
                act => act,
            };
            self.push(place(range), act);
        }
        let named = assigned(text);
        let is_called = named.as_ref().is_some_and(|(_, value)| is_callable(value));
        // Also code in a string, which somebody may run.
        let called = outcome.maybe.iter().filter(|_| is_called).map(|(_, act)| act.clone());
        let strings = named.as_ref().map_or_else(Vec::new, |(_, value)| effects::of_strings(value));
        let acts: Arc<[Act]> = called.chain(strings).collect();
        let defined = named.filter(|_| !acts.is_empty());
        for (range, act) in outcome.maybe {
            self.push_perhaps(place(range), act);
        }
        for name in defined.map(|(names, _)| names).unwrap_or_default() {
            self.push_perhaps(logical.bytes.clone(), Act::Define { name, acts: Arc::clone(&acts) });
        }
        outcome.imports.map(|sync| {
            let mut code = Mapped::default();
            let mut unlike = Vec::new();
            for import in sync.inline {
                let sent = imports::sent(self.block.source, start + import.start..start + import.end);
                unlike.extend(sent.unlike);
                send(&mut code, self.block, logical, &sent.pieces);
            }
            Imports {
                view: sync.view,
                name: start + sync.name.start..start + sync.name.end,
                lines: logical.lines.clone(),
                taken: self.count_local(&logical.lines),
                header: logical.bytes.clone(),
                suite: self.conditional(),
                code,
                unlike,
            }
        })
    }

    /// Says where the flags that a `with` sets end: before the first line that it does not hold.
    fn end_flags(&mut self, index: usize, indent: usize) {
        let ended = self.suites.iter_mut().rev().filter(|suite| suite.indent >= indent);
        let objects: Vec<Expr> = ended.flat_map(|suite| suite.flags.drain(..).rev()).collect();
        let at = index.checked_sub(1).map_or(0, |before| self.block.lines[before].end);
        objects.into_iter().for_each(|object| self.push(at..at, Act::EndFlags { object }));
    }

    /// Ends the suites that a statement of this indentation does not stand in.
    fn close_suites(&mut self, indent: usize) {
        self.last_closed = None;
        while let Some(suite) = self.suites.pop_if(|suite| suite.indent >= indent) {
            self.last_closed = Some(suite.kind).filter(|_| suite.indent == indent);
            self.define(&suite);
            if let Some(imports) = suite.imports {
                self.take_imports(imports);
            }
        }
    }

    /// Says what a function or a class does to views, once all of it was read.
    fn define(&mut self, suite: &Suite) {
        let Some(range) = suite.acts_at else { return };
        let header = self.line(suite.line).trim_start();
        let name = header.split_whitespace().find(|word| !["async", "def", "class"].contains(word));
        let name = first_word(name.unwrap_or_default());
        if !name.is_empty() {
            let act = Act::Define { name: name.into(), acts: suite.acts.as_slice().into() };
            self.may_merge = false;
            self.code.statements.push(Statement { range, is_certain: true, is_unconditional: false, act });
        }
    }

    fn finish(mut self) -> Code {
        self.end_flags(self.block.lines.len(), 0);
        self.close_suites(0);
        self.code
    }
}

#[cfg(test)]
mod tests;
