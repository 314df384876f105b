//! Px magics within one block: a notebook's cell, or what stands between two markers of a script.
//!
//! This follows IPython's order: a `%%` on the first line that is not blank takes the whole block; in everything else each
//! statement may be a line magic. Which views are in force, and what an `%autopx` above means, is decided by the caller.

mod commands;
mod compiled;
mod freed;
mod grammar;
mod handed_names;
mod inactive;
mod local_too;
mod magics;
mod other_calls;
mod refused;
mod scopes;
mod words;

use std::{ops::Range, sync::Arc};

use grammar::Handed;

use super::{
    CellKind, Magic, Spelling, automagic,
    broken::{Broken, Why},
    calls,
    escapes::Escape,
    found::{About, BlockText, Found, Note, Stray},
    jupytext::Frees,
    lines::line_at,
    magic::{MagicKind, px_name},
    mapped::Mapped,
    markers::{self, is_no_line_magic},
    options,
    own_magics::{self, Definitions},
    prefix::{self, Prefix},
    prompts::FirstLine,
    python::{self, Assigned, Tokens},
    shell::{self, Meaning, Name, Shell},
    statements::{self, Statement},
    suites::{Suite, Suites},
};
use crate::text::TextRange;
use refused::broken_note;
use words::{is_help, may_be_dated};

/// What a block holds.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) found: Vec<Found>,
    pub(crate) strays: Vec<Stray>,
    /// The lines, by index, that hold local code; those of `sync_imports` blocks too.
    pub(crate) local: Vec<usize>,
    /// Those of them that are a whole statement each, and may be Python 2 or go by the package's old name.
    pub(crate) dated: Vec<usize>,
    /// What local code says about views.
    pub(super) statements: Vec<Statement>,
    /// What is to be said of lines that are no px cells.
    pub(crate) notes: Vec<Note>,
    /// The line by which IPython runs nothing of it, or nothing from there on.
    pub(crate) broken: Option<Broken>,
    /// How many calls toggle an `%autopx` region in ways that are not read.
    pub(super) called_toggles: usize,
    /// Whether something in it may toggle a region, and nobody here knows: an `autopx` for automagic, a call in a function.
    pub(super) may_toggle: bool,
    /// The names of the magics that were met, and of what may hold the shell.
    pub(super) used: Vec<Name>,
    /// What the block leaves of the shell.
    pub(super) shell: Arc<Shell>,
}

/// Looks through a block, given what the lines above it made of the shell.
pub(super) fn scan(block: BlockText<'_>, shell: &Arc<Shell>) -> Scan {
    scanned(Scanner::new(block, Arc::clone(shell)), shell)
}

fn scanned(mut scanner: Scanner<'_>, shell: &Arc<Shell>) -> Scan {
    let block = scanner.block;
    scanner.lines();
    if let Some(first) = scanner.code
        && !scanner.out.local.is_empty()
    {
        let scan = &mut scanner.out;
        let code = statements::read(block, &scan.found, &scan.local, first, scanner.is_timed);
        scan.statements.extend(code.statements);
        scan.found.extend(code.imports);
        scan.found.sort_by_key(|found| found.range.start);
    }
    scanner.out.statements.sort_by_key(|statement| statement.range.start);
    let is_read = scanner.out.broken.as_ref().is_none_or(|broken| !broken.why.is_whole());
    if is_read
        && scanner.has_effect(shell)
        && let Some(Broken { line, why }) = scanner.handed.broken(block, scanner.compiled_by)
    {
        scanner.breaks(line, why);
    }
    let mut scan = scanner.out;
    if scan.broken.as_ref().is_some_and(|broken| broken.why.is_whole()) {
        scan.shell = Arc::clone(shell);
        scan.notes.retain(|note| !matches!(note.about, About::OwnMagic { .. }));
    }
    if let Some(note) = broken_note(block, &scan) {
        scan.notes.push(note);
    }
    scan
}

struct Scanner<'a> {
    block: BlockText<'a>,
    /// How many blanks all lines begin with, which IPython takes off before it looks for a cell magic.
    dedent: usize,
    suites: Suites,
    /// What the body stands under that is read, as `%%timeit`.
    prefix: Option<Prefix>,
    /// What compiles the body as a whole, where IPython compiles the statements of a cell one by one.
    compiled_by: Option<Prefix>,
    /// What Python reads of it.
    handed: Handed,
    /// Of a block that may define magics.
    definitions: Option<Definitions>,
    /// Whether it has words with which Python runs magics.
    names_magics: bool,
    /// The first line of what IPython runs as a cell, if that is anything.
    code: Option<usize>,
    /// Whether that stands under `%%timeit`, which makes a function of it.
    is_timed: bool,
    /// Whether it is the body of a `%%px --local`.
    is_body: bool,
    out: Scan,
}

/// Where a magic that is read stands.
#[derive(Clone)]
struct Place {
    lines: Range<usize>,
    column: usize,
    escape: Option<Escape>,
    spelling: Spelling,
    suite: Option<Suite>,
}

/// What stands before a magic on its line, and what its name stands for.
#[derive(Clone, Default)]
struct Before {
    prefix: Option<Prefix>,
    alias: Option<Arc<str>>,
    /// Whether the shell fills in its variables first, and there are such.
    is_filled_in: bool,
    /// Whether an alias puts options where code has to be.
    has_options: bool,
}

/// Whether a cell magic of this name is a question to IPython: `%%time?`. Any other name is one, also that of `%%!`.
fn asks_for_help(name: &str) -> bool {
    let end = name.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(name.len());
    end > 0 && name[end..].starts_with('?')
}

/// What a px cell is that a magic makes.
fn cell_kind(magic: MagicKind) -> CellKind {
    match magic {
        MagicKind::CellPx => CellKind::CellMagic,
        MagicKind::LinePx => CellKind::LineMagic,
        MagicKind::PxResult | MagicKind::Result => CellKind::Result,
        MagicKind::PxConfig => CellKind::Config,
        MagicKind::Autopx => CellKind::Autopx,
        MagicKind::SyncImports => CellKind::SyncImports,
        MagicKind::Plain => CellKind::Plain,
    }
}

impl<'a> Scanner<'a> {
    fn len(&self) -> usize {
        self.block.lines.len()
    }

    fn line(&self, index: usize) -> &'a str {
        self.block.line(index)
    }

    /// How a line is hidden in a comment, and the column at which it begins then.
    fn escaped(&self, index: usize) -> Option<(Escape, usize)> {
        self.block.hidden(index).map(|hidden| (hidden.escape, hidden.columns.end))
    }

    fn new(block: BlockText<'a>, shell: Arc<Shell>) -> Self {
        let out = Scan { shell, ..Scan::default() };
        let definitions = own_magics::may_define(block.source.text()).then(Definitions::default);
        let (suites, handed) = (Suites::default(), Handed::default());
        let text = block.source.text().as_bytes();
        let names_magics = ["_magic", ".magics", "ParallelMagics", "run_cell"]
            .iter()
            .any(|word| memchr::memmem::find(text, word.as_bytes()).is_some());
        Self {
            block,
            dedent: 0,
            suites,
            prefix: None,
            compiled_by: None,
            handed,
            definitions,
            names_magics,
            code: None,
            is_timed: false,
            is_body: false,
            out,
        }
    }

    fn run(mut self) -> Scan {
        self.lines();
        self.out
    }

    /// Whether it matters here or below whether IPython runs the block.
    fn has_effect(&self, before: &Arc<Shell>) -> bool {
        let Scan { found, statements, called_toggles, may_toggle, shell, .. } = &self.out;
        !found.is_empty()
            || !statements.is_empty()
            || *called_toggles > 0
            || *may_toggle
            || !Arc::ptr_eq(shell, before)
            || (self.block.frees != Frees::Nothing
                && (0..self.len()).any(|index| self.line(index).contains("autopx")))
    }

    fn lines(&mut self) {
        let mut next = 0;
        while let Some(index) = self.block.first_filled(next) {
            let line = self.line(index);
            let escape = self.escaped(index);
            let begin = escape.map_or_else(|| python::indent(line), |(_, begin)| begin);
            let is_first = next > 0 || self.block.first != FirstLine::OnlyPrompt;
            let Some(head) = line[begin..].strip_prefix("%%").filter(|_| is_first) else { break };
            self.dedent = python::indent(line);
            if !self.all_begin_alike(index) {
                self.dedent = 0;
                break;
            }
            let name_length = head.find(' ').unwrap_or(head.len());
            let name = head[..name_length].trim_end();
            if asks_for_help(name) {
                break;
            }
            if name.starts_with('%') {
                self.breaks(index, Why::Name(format!("%%{name}")));
                self.all_local(index);
                return;
            }
            let written = self.source_range(index, begin..line.trim_end().len());
            let mut text = Mapped::default();
            text.push_part(self.block.source, written);
            self.note_used(true, name);
            let mut before = Before::default();
            match self.out.shell.meaning(&text) {
                Meaning::Itself => {}
                Meaning::Alias(expanded) => {
                    before.alias = Some(expanded.stands_for.into());
                    text = expanded.text;
                }
                Meaning::Unknown => {
                    self.all_local(index);
                    return;
                }
            }
            let (_, name, name_end) = shell::name_of(text.text());
            if px_name(name, true).is_some() {
                self.cell_magic(index, begin, &text, escape.map(|(escape, _)| escape), before);
                return;
            }
            let mut behind = Mapped::default();
            behind.push_part(&text, name_end..text.text().len());
            if !markers::runs_its_body(name) {
                if px_name(name, false).is_some_and(|(magic, _)| magic != MagicKind::LinePx) {
                    let name = name.to_owned();
                    self.out.strays.push(Stray {
                        lines: index..index + 1,
                        column: begin,
                        escape: None,
                        name,
                        is_line_magic: true,
                    });
                }
                if self.out.shell.is_own(name) {
                    let body = self.body(index + 1..self.len(), escape.map(|(escape, _)| escape));
                    let name = name.to_owned();
                    self.run_too(&body, false, |px| About::InOwnBody { name: px, by: name.clone() });
                }
                self.all_local(index);
                return;
            }
            self.takes_its_line(index, begin, name, &behind, escape.map(|(escape, _)| escape));
            next = index + 1;
        }
        self.statements(next);
    }

    /// Takes all lines from this one on for local code.
    fn all_local(&mut self, from: usize) {
        self.out.local = (from..self.len()).filter(|i| !python::is_idle(self.line(*i))).collect();
    }

    fn note_used(&mut self, is_cell: bool, name: &str) {
        let used = (is_cell, Box::from(name));
        if !self.out.used.contains(&used) {
            self.out.used.push(used);
        }
    }

    /// Takes in what stands behind `%%time` and its like: options, and a statement that is run as well. Where IPython refuses
    /// it, it runs nothing of the block.
    fn takes_its_line(
        &mut self,
        index: usize,
        column: usize,
        name: &str,
        behind: &Mapped,
        escape: Option<Escape>,
    ) {
        let prefix = Prefix::named(name);
        self.compiled_by = prefix;
        self.is_timed |= prefix == Some(Prefix::Timeit);
        let statement = prefix.map(|prefix| prefix.statement(behind));
        let is_taken = match &statement {
            None => prefix::is_taken_by_capture(behind.text()),
            Some(None) => false,
            Some(Some(statement)) => prefix != Some(Prefix::Time) || statement.text().is_empty(),
        };
        if !is_taken {
            self.breaks(index, Why::Options(name.to_owned()));
        }
        let measured = statement.flatten().filter(|_| prefix != Some(Prefix::Time));
        let Some(statement) = measured else { return };
        self.prefix = prefix;
        if statement.text().starts_with('%') {
            let spelling = escape.into();
            let place = Place { lines: index..index + 1, column, escape, spelling, suite: None };
            self.magic(statement, place, Before { prefix: self.prefix, ..Before::default() });
        } else if !statement.text().starts_with(['!', '?', ',', ';', '/'])
            && Tokens::default().read(statement.text(), 0).is_none()
            && !grammar::is_python(statement.text())
        {
            self.breaks(index, Why::Options(name.to_owned()));
        }
    }

    /// The blanks that all lines from this one on begin with, blank lines apart.
    fn common_blanks(&self, from: usize) -> String {
        let mut lines =
            (from..self.len()).map(|index| self.block.freed(index)).filter(|line| !line.trim().is_empty());
        let Some(first) = lines.next() else { return String::new() };
        let mut common = &first[..first.len() - first.trim_start_matches([' ', '\t']).len()];
        for line in lines {
            if common.is_empty() {
                break;
            }
            let same = common.bytes().zip(line.bytes()).take_while(|(a, b)| a == b).count();
            common = &common[..same];
        }
        common.to_owned()
    }

    /// Whether all lines from this one on begin with the same blanks as it, blank lines apart.
    fn all_begin_alike(&self, index: usize) -> bool {
        let blanks = &self.line(index)[..self.dedent];
        blanks.is_empty()
            || (index..self.len()).all(|i| self.line(i).starts_with(blanks) || self.line(i).trim().is_empty())
    }

    fn source_range(&self, index: usize, columns: Range<usize>) -> Range<usize> {
        let start = self.block.lines[index].start;
        start + columns.start..start + columns.end
    }

    fn document(&self, range: Range<usize>) -> TextRange {
        self.block.source.range(range)
    }

    /// `%%px` with the rest of the block as its body. `text` is its line with the aliases resolved.
    fn cell_magic(
        &mut self,
        index: usize,
        begin: usize,
        text: &Mapped,
        escape: Option<Escape>,
        before: Before,
    ) {
        let (_, name, name_end) = shell::name_of(text.text());
        let mut options_text = Mapped::default();
        options_text.push_part(text, name_end..text.text().len());
        let options =
            options::parse(options_text.text(), MagicKind::CellPx, |range| options_text.range(range));
        let last = match self.block.is_script {
            true => (index + 1..self.len()).rfind(|i| !self.line(*i).trim().is_empty()).unwrap_or(index),
            false => self.len() - 1,
        };
        let name_range = text.range(0..name_end);
        let suffix = MagicKind::of(name.trim_end(), true).map_or("", |(_, suffix)| suffix);
        let magic = Magic {
            kind: MagicKind::CellPx,
            suffix: suffix.to_owned(),
            options,
            name_range: name_range.into(),
        };
        let end = self.document(self.block.lines[last].clone()).end;
        let start = self.block.source.start_of(self.block.lines[index].start);
        let magic_range = self.block.filled(index);
        let code = self.body(index + 1..last + 1, escape);
        if magic.options.own.local {
            self.run_too(&code, true, |name| About::InLocalBody { name });
        }
        self.out.found.push(Found {
            kind: CellKind::CellMagic,
            magic,
            lines: index..last + 1,
            range: TextRange::new(start, end),
            magic_range,
            code: code.into(),
            options_text: Some((options_text, MagicKind::CellPx)),
            column: begin,
            escape,
            suite: None,
            imports: None,
            spelling: escape.into(),
            prefix: None,
            alias: before.alias,
            fault: None,
        });
    }

    /// Lines as IPython hands them to a cell magic: each ends in a newline.
    fn body(&self, lines: Range<usize>, escape: Option<Escape>) -> Mapped {
        let mut body = Mapped::default();
        for index in lines {
            let line = self.line(index);
            let from = self.dedent.min(python::indent(line));
            let hidden = self.block.hidden(index).filter(|_| escape.is_some());
            // IPython empties lines of blanks when it takes off what all lines begin with.
            let end = if line.trim_matches([' ', '\t']).is_empty() { from } else { line.len() };
            let all = self.source_range(index, from..end);
            match hidden {
                None => body.push_part(self.block.source, all),
                Some(hidden) => {
                    let hidden = self.source_range(index, hidden.columns.clone());
                    body.push_part(self.block.source, all.start..hidden.start.max(all.start));
                    body.push_part(self.block.source, hidden.end.max(all.start)..all.end);
                }
            }
            let start = self.block.lines[index].start;
            let (line, next) = line_at(self.block.source.text(), start).unwrap_or((line, start));
            let end = start + line.len();
            if end < next {
                body.push_part(self.block.source, end..next);
            } else {
                let end = self.block.source.end_of(end);
                body.push_escape("\n", TextRange::new(end, end));
            }
        }
        body
    }

    /// Local code, statement by statement.
    fn statements(&mut self, from: usize) {
        self.code = self.block.first_filled(from);
        let mut tokens = Tokens::default();
        let mut index = from;
        let mut is_begun = false;
        let mut begun = from;
        let base = self.common_blanks(from);
        self.suites = Suites::new(&base);
        let end = match self.block.is_script {
            true => (from..self.len())
                .rfind(|index| !self.line(*index).trim().is_empty())
                .map_or(from, |it| it + 1),
            false => self.len(),
        };
        self.handed = Handed::new(from..end, &base);
        while index < end {
            let line = self.line(index);
            if !tokens.at_statement() {
                self.nested_calls(index, 0, &tokens);
                self.other_calls(index, 0, &tokens);
                if !tokens.in_text() && self.is_freed(index) {
                    self.breaks(index, Why::FREED);
                }
                let assigned = tokens.read(line, 0);
                if tokens.at_statement() {
                    self.suites.end(line);
                    self.question(begun..index + 1);
                }
                index = self.after_line(index, assigned, None, &mut tokens, !line.trim().is_empty());
                continue;
            }
            let escape = self.escaped(index);
            let begin = escape.map_or(0, |(_, begin)| begin);
            let begin = begin + python::indent(&line[begin..]);
            let rest = &line[begin..];
            let freed = self.block.freed(index);
            let is_idle = python::is_idle(&freed);
            if is_idle && escape.is_none() && self.block.frees != Frees::Nothing {
                self.freed_elsewhere(index);
            }
            if !is_idle {
                begun = index;
                // A backslash alone begins the statement that stands on the next line.
                if !is_begun {
                    self.suites.begin(&freed, index);
                }
                is_begun = freed.trim() == "\\";
            }
            if escape.is_some_and(|(escape, _)| escape == Escape::Comment) {
                self.freed_name(index, &freed);
            }
            if escape.is_none() && !is_idle {
                self.names(line);
                self.own_magics(index);
            }
            if rest.starts_with(['%', '!', '?', ',', ';', '/']) {
                let last = self.end_of_continued(index);
                self.command(index..last + 1, begin, escape.map(|(escape, _)| escape));
                index = last + 1;
                continue;
            }
            if let Some(next) = self.call(index, begin, &mut tokens) {
                index = next;
                continue;
            }
            if escape.is_none() {
                let first = rest.chars().next().map_or(0, char::len_utf8);
                let from = if calls::receiver(rest).is_some() { first } else { 0 };
                self.nested_calls(index, begin + from, &tokens);
                self.other_calls(index, begin, &tokens);
            }
            let assigned = tokens.read(line, begin);
            if escape.is_some() && assigned.is_none() {
                tokens.restart();
            }
            let is_local = escape.is_none() && !is_idle;
            if !is_idle && tokens.at_statement() {
                self.suites.end(&freed);
                self.question(index..index + 1);
                if is_local && may_be_dated(&line[begin..]) {
                    self.out.dated.push(index);
                }
                if let Some(name) = automagic::name(rest.trim_end()).filter(|_| is_local) {
                    self.automagic(name, self.block.filled(index));
                }
            }
            index = self.after_line(index, assigned, escape.map(|(escape, _)| escape), &mut tokens, is_local);
        }
        self.handed.end(begun);
    }

    /// Takes in lines that are a statement: what ends in a question mark asks IPython for help.
    fn question(&mut self, lines: Range<usize>) {
        if !self.line(lines.end - 1).ends_with('?') {
            return;
        }
        let text: Vec<_> = lines.clone().map(|index| self.block.freed(index)).collect();
        let joined = text.join("\n");
        // A quote that nothing closes is no more than an odd sign to IPython before Python 3.12.
        if is_help(&joined) || is_help(&joined.replace(['\'', '"'], " ")) {
            let indent = python::indent(&text[0]);
            self.handed.replace(lines, &text[0][..indent]);
        }
    }

    /// Takes in the name that a line magic begins with.
    fn named(&mut self, index: usize, magic: &str) {
        let (_, name, _) = shell::name_of(magic);
        if name.is_empty() || (is_no_line_magic(name) && !self.out.shell.is_alias(false, name)) {
            self.note_used(false, name);
            self.breaks(index, Why::Name(format!("%{name}")));
            return;
        }
        let is_of_name = |c: char| c == '_' || c == '.' || c == '-' || c.is_alphanumeric();
        if !name.is_empty() && !name.chars().all(is_of_name) {
            self.breaks(index, Why::Name(format!("%{name}")));
        }
    }

    /// Takes in a line that cannot be run or read. The first counts that Python cannot read, else the one furthest up.
    fn breaks(&mut self, line: usize, why: Why) {
        let is_first = self
            .out
            .broken
            .as_ref()
            .is_none_or(|broken| !broken.why.is_whole() && (why.is_whole() || line < broken.line));
        if is_first {
            self.out.broken = Some(Broken { line, why });
        }
    }

    /// Deals with what a line assigns, if anything; gives the next line to look at.
    fn after_line(
        &mut self,
        index: usize,
        assigned: Option<Assigned>,
        escape: Option<Escape>,
        tokens: &mut Tokens,
        is_local: bool,
    ) -> usize {
        match assigned {
            Some(Assigned::Magic(column) | Assigned::Command(column)) => {
                let last = self.end_of_continued(index);
                self.command(index..last + 1, column, escape);
                tokens.restart();
                return last + 1;
            }
            Some(Assigned::GetIpython(column)) => {
                if let Some(next) = self.call(index, column, tokens) {
                    return next;
                }
                tokens.read(self.line(index), column);
            }
            None => {}
        }
        if is_local {
            self.out.local.push(index);
        }
        index + 1
    }

    /// What the statement that was begun last stands in.
    fn suite(&self) -> Option<Suite> {
        self.suites.around().map(|(keyword, line)| Suite { keyword, header: self.block.filled(line).into() })
    }

    /// Lines from the first character of the first to the last of the last that is not blank.
    fn spanned(&self, lines: &Range<usize>) -> TextRange {
        TextRange::new(self.block.filled(lines.start).start, self.block.filled(lines.end - 1).end)
    }
}

impl From<Option<Escape>> for Spelling {
    fn from(escape: Option<Escape>) -> Self {
        match escape {
            None => Self::Plain,
            Some(Escape::Comment) => Self::Comment,
            Some(Escape::Bang) => Self::Bang,
            Some(Escape::Databricks) => Self::Databricks,
        }
    }
}
