//! Magics with one percent sign and calls of the shell: what stands before a px magic is passed over, and names are resolved.

use std::{borrow::Cow, ops::Range, sync::Arc};

use super::{
    super::{
        CellKind, Magic, Options, Spelling, automagic,
        broken::Why,
        calls::{self, Call, Parsed, Runs},
        found::{About, BlockText, Found, Note},
        magic::{MagicKind, px_name},
        mapped::Mapped,
        markers, options,
        own_magics::{self, Defined},
        prefix::{self, Prefix},
        python::{self, Assigned, Tokens},
        refusal,
        shell::{self, Meaning},
        statements::{self, Act, Statement},
    },
    Before, Place, Scanner, cell_kind, grammar,
};
use crate::text::TextRange;

impl Scanner<'_> {
    /// A line that begins with a percent sign. Says whether it is a px cell.
    pub(super) fn magic(&mut self, mut text: Mapped, place: Place, mut before: Before) -> bool {
        loop {
            let (is_cell, name, _) = shell::name_of(text.text());
            if is_cell {
                return false;
            }
            self.note_used(false, name);
            match self.out.shell.meaning(&text) {
                Meaning::Itself => {}
                Meaning::Unknown => {
                    let name = name.to_owned();
                    let range = self.spanned(&place.lines);
                    self.unread(&name, range);
                    return false;
                }
                Meaning::Alias(expanded) => {
                    let name_length = shell::name_of(text.text()).2;
                    before.is_filled_in |= options::is_dynamic(&text.text()[name_length..]);
                    before.has_options = expanded.parameters.starts_with('-');
                    before.alias = Some(expanded.stands_for.into());
                    text = expanded.text;
                }
            }
            let (_, name, name_end) = shell::name_of(text.text());
            let mut behind = Mapped::default();
            behind.push_part(&text, name_end..text.text().len());
            if let Some((kind, suffix)) = px_name(name, false) {
                let suffix = suffix.to_owned();
                return self.px(kind, suffix, &text, place, before);
            }
            if name == "alias_magic" {
                self.alias(behind.text(), &place);
                return false;
            }
            if matches!(name, "rerun" | "macro") {
                // The lines that it runs again may set targets anew.
                let range = self.spanned(&place.lines);
                self.out.notes.push(Note { range, about: About::RunsAgain { by: name.to_owned() } });
                self.unread("pxconfig", range);
                return false;
            }
            if let Some(by) = prefix::to_python(name) {
                self.given_to_python(by, behind.text(), &place);
                return false;
            }
            let Some(prefix) = Prefix::named(name) else { return false };
            let Some(statement) = prefix.statement(&behind) else {
                if place.suite.is_none() {
                    self.breaks(place.lines.start, Why::Line(prefix.name()));
                }
                return false;
            };
            if before.prefix.is_none_or(|outer| !outer.measures()) {
                before.prefix = Some(prefix);
            }
            (before.alias, before.has_options) = (None, false);
            text = statement;
            if text.text().starts_with('%') {
                continue;
            }
            self.measured(&text, prefix, &place);
            let mut tokens = Tokens::default();
            let column = match tokens.read(text.text(), 0) {
                Some(Assigned::Magic(column)) => column,
                Some(Assigned::GetIpython(column)) => return self.call_in(&text, column, &place, before),
                Some(Assigned::Command(_)) | None => return self.call_in(&text, 0, &place, before),
            };
            let mut value = Mapped::default();
            value.push_part(&text, column..text.text().len());
            text = value;
        }
    }

    /// Takes in the statement of `%time` and its like. IPython's automagic takes `px x` for a magic, and ends the cell at what is
    /// no Python.
    fn measured(&mut self, text: &Mapped, prefix: Prefix, place: &Place) {
        let statement = text.text();
        if let Some(name) = automagic::name(statement.trim()) {
            self.automagic(name, text.range(0..statement.len()));
            return;
        }
        let is_command = statement.starts_with(['!', '?', ',', ';', '/']) || statement.ends_with('?');
        let has_magic = Tokens::default().read(statement, 0).is_some();
        if place.suite.is_none()
            && !is_command
            && !has_magic
            && !statement.is_empty()
            && !grammar::is_python(statement)
        {
            self.breaks(place.lines.start, Why::Line(prefix.name()));
        }
    }

    /// A px magic with one percent sign.
    fn px(&mut self, named: MagicKind, suffix: String, text: &Mapped, place: Place, before: Before) -> bool {
        if let Some(by) = before.prefix.filter(|by| by.measures() && named == MagicKind::Autopx) {
            let range = self.spanned(&place.lines);
            self.out.notes.push(Note { range, about: About::RepeatedToggle { by } });
            return false;
        }
        let kind = cell_kind(named);
        let name_end = shell::name_of(text.text()).2;
        // IPython drops one blank behind the name.
        let rest = (name_end + 1).min(text.text().len());
        let mut arguments = Mapped::default();
        arguments.push_part(text, rest..text.text().len());
        let options = match named.takes_options() {
            true => options::parse(arguments.text(), named, |range| arguments.range(range)),
            false => Options::default(),
        };
        let fault = match kind {
            CellKind::LineMagic if before.has_options => Some(Cow::Borrowed(refusal::OPTIONS_OF_ALIAS)),
            _ if before.is_filled_in => Some(Cow::Borrowed(refusal::FILLED_IN)),
            _ => None,
        };
        let magic = Magic { kind: named, suffix, options, name_range: text.range(0..name_end).into() };
        let (code, options_text) = match kind {
            CellKind::LineMagic => (arguments, None),
            _ if named.takes_options() => (Mapped::default(), Some((arguments, named))),
            _ => (Mapped::default(), None),
        };
        let range = self.spanned(&place.lines);
        self.out.found.push(Found {
            kind,
            magic,
            lines: place.lines,
            range,
            magic_range: range,
            code: code.into(),
            options_text,
            column: place.column,
            escape: place.escape,
            suite: place.suite,
            spelling: place.spelling,
            imports: None,
            prefix: before.prefix,
            alias: before.alias,
            fault,
        });
        true
    }

    /// An `%alias_magic` line.
    fn alias(&mut self, line: &str, place: &Place) {
        let definition = self.out.shell.definition(line).filter(|_| self.out.broken.is_none());
        let Some(definition) = definition else { return };
        if let Some(suite) = place.suite
            && self.out.shell.is_of_px(&definition)
        {
            let range = self.spanned(&place.lines);
            self.out.notes.push(Note { range, about: About::UncertainAlias { suite } });
        }
        Arc::make_mut(&mut self.out.shell).define(definition, place.suite.is_none());
    }

    /// A magic that hands a statement to Python: says so where that is a px magic.
    fn given_to_python(&mut self, by: &'static str, line: &str, place: &Place) {
        let magics = line.match_indices('%').filter(|(at, _)| line[..*at].ends_with([' ', '\t']));
        let named = magics.filter_map(|(at, _)| {
            let (is_cell, name, _) = shell::name_of(&line[at..]);
            px_name(name, is_cell).map(|_| name.to_owned())
        });
        if let Some(name) = named.into_iter().next() {
            let range = self.spanned(&place.lines);
            self.out.notes.push(Note { range, about: About::GivenToPython { by, name } });
        }
    }

    /// A call that runs a magic at this column; gives the next line to look at if it runs one of px.
    pub(super) fn call(&mut self, index: usize, column: usize, tokens: &mut Tokens) -> Option<usize> {
        let text = &self.block.line(index)[column..];
        let name = calls::receiver(text)?;
        match text[name.len()..].starts_with('(') {
            true => calls::held_methods(name).for_each(|method| self.note_used(false, &method)),
            false => self.note_used(false, name),
        }
        let end = self.block.lines.last().map_or(0, |line| line.end);
        let start = self.block.lines[index].start + column;
        let call = match calls::parse(self.block.source, start, end, &self.out.shell)? {
            Parsed::Call(call) => call,
            Parsed::Unread { name, method, start } => {
                let at = start..self.block.lines[index].end;
                self.unread_call(self.block.source, name.as_deref(), method, at);
                return None;
            }
        };
        let last = self.block.lines.partition_point(|line| line.end < call.range.end);
        let lines = index..last + 1;
        let behind = &self.line(last)[call.range.end - self.block.lines[last].start..];
        let is_alone = column == python::indent(self.line(index)) && matches!(behind.trim(), "" | ";");
        let spelling = Spelling::Call { is_alone };
        let place = Place { lines, column, escape: None, spelling, suite: self.suite() };
        let end = call.range.end;
        let before = Before { prefix: self.prefix, ..Before::default() };
        if !self.called(self.block.source, call, place, before) {
            return None;
        }
        // The rest of the statement, such as a semicolon.
        tokens.restart();
        self.nested_calls(last, end - self.block.lines[last].start, tokens);
        tokens.read(self.line(last), end - self.block.lines[last].start);
        Some(last + 1)
    }

    /// A call within the statement of a magic; says whether it runs one of px.
    fn call_in(&mut self, text: &Mapped, column: usize, place: &Place, before: Before) -> bool {
        match calls::parse(text, column, text.text().len(), &self.out.shell) {
            Some(Parsed::Call(call)) => {
                let place = Place { spelling: Spelling::Call { is_alone: false }, ..place.clone() };
                self.called(text, call, place, before)
            }
            Some(Parsed::Unread { name, method, start }) => {
                self.unread_call(text, name.as_deref(), method, start..text.text().len());
                false
            }
            None => false,
        }
    }

    /// Takes in that a px magic is called in a way that is not read.
    pub(super) fn unread(&mut self, name: &str, range: TextRange) {
        match px_name(name, false) {
            Some((MagicKind::PxConfig, suffix)) => {
                let act = Act::Configure { suffix: suffix.into() };
                let statement = Statement { range, is_certain: false, is_unconditional: false, act };
                self.out.statements.push(statement);
            }
            Some((MagicKind::Autopx, _)) if self.suite().is_none() => self.out.called_toggles += 1,
            Some((MagicKind::Autopx, _)) => self.out.may_toggle = true,
            _ => {}
        }
    }

    /// Takes in a line that IPython may take for a px magic without its percent sign.
    pub(super) fn automagic(&mut self, name: &str, range: TextRange) {
        self.out.may_toggle |= px_name(name, false).is_some_and(|(kind, _)| kind == MagicKind::Autopx);
        self.out.notes.push(Note { range, about: About::Automagic { name: name.to_owned() } });
    }

    /// Takes in what a call runs; says whether it is a px cell.
    fn called(&mut self, source: &Mapped, call: Call, place: Place, before: Before) -> bool {
        if let Runs::LineMagic { name, .. } | Runs::CellMagic { name, .. } = &call.runs
            && (name.text().starts_with('%') || name.text().contains(' '))
        {
            if place.suite.is_none() {
                self.breaks(place.lines.start, Why::Name(format!("%{}", name.text())));
            }
            return false;
        }
        match call.runs {
            Runs::LineMagic { name, line } => self.magic(as_line(&name, &line, "%"), place, before),
            Runs::CellMagic { name, line, body } => {
                let text = as_line(&name, &line, "%%");
                self.note_used(true, name.text());
                let (text, alias) = match self.out.shell.meaning(&text) {
                    Meaning::Itself => (text, None),
                    Meaning::Unknown => return false,
                    Meaning::Alias(expanded) => (expanded.text, Some(expanded.stands_for.into())),
                };
                let (_, named, name_end) = shell::name_of(text.text());
                let Some((kind, suffix)) = px_name(named, true) else {
                    let mut cell = text.clone();
                    cell.push_escape("\n", line.range(line.text().len()..line.text().len()));
                    cell.push_part(&body, 0..body.text().len());
                    return markers::runs_its_body(named)
                        && self.run_cell(source, &cell, "run_cell_magic", call.range, place);
                };
                let mut line = Mapped::default();
                line.push_part(&text, (name_end + 1).min(text.text().len())..text.text().len());
                let options = options::parse(line.text(), kind, |range| line.range(range));
                let suffix = suffix.to_owned();
                if options.own.local {
                    self.run_too(&body, place.suite.is_none(), |name| About::InLocalBody { name });
                }
                // Of a name that is written as a string, without quotes and percent signs.
                let name_range = name.range(0..name.text().len()).into();
                let range = self.spanned(&place.lines);
                self.out.found.push(Found {
                    kind: cell_kind(kind),
                    magic: Magic { kind, suffix, options, name_range },
                    lines: place.lines,
                    range,
                    magic_range: range,
                    code: body.into(),
                    options_text: Some((line, kind)),
                    column: place.column,
                    escape: place.escape,
                    suite: place.suite,
                    spelling: place.spelling,
                    imports: None,
                    prefix: before.prefix,
                    alias,
                    fault: None,
                });
                true
            }
            Runs::Cell { text } => self.run_cell(source, &text, "run_cell", call.range, place),
            Runs::Magic { text, method, literal } => {
                self.magic_call(source, &text, method, literal, call.range);
                false
            }
        }
    }

    /// Text that is run as a cell: a px cell if it is a single magic of px.
    fn run_cell(
        &mut self,
        source: &Mapped,
        text: &Mapped,
        method: &'static str,
        call: Range<usize>,
        place: Place,
    ) -> bool {
        let lines = lines_of(text.text());
        let block = BlockText::cell(text, &lines);
        let mut inner = Scanner::new(block, Arc::clone(&self.out.shell));
        inner.lines();
        let (code, is_timed, inner) = (inner.code, inner.is_timed, inner.out);
        for name in inner.used {
            self.note_used(name.0, &name.1);
        }
        self.out.notes.extend(inner.notes);
        self.out.shell = inner.shell;
        let mut found = inner.found;
        if found.len() == 1
            && inner.local.is_empty()
            && let Some(found) = found.pop()
            && found.suite.is_none()
        {
            let range = self.spanned(&place.lines);
            let Place { lines, column, escape, spelling, suite } = place;
            let (magic_range, prefix) = (range, found.prefix.or(self.prefix));
            self.out.found.push(Found {
                lines,
                column,
                escape,
                spelling,
                suite,
                range,
                magic_range,
                prefix,
                ..found
            });
            return true;
        }
        for found in found.iter().filter(|found| matches!(found.kind, CellKind::Config | CellKind::Autopx)) {
            let name = format!("{}{}", found.magic.kind, found.magic.suffix);
            self.unread(&name, self.spanned(&place.lines));
        }
        if let Some(first) = code.filter(|_| !inner.local.is_empty()) {
            let is_reached = place.suite.is_none();
            for mut statement in statements::read(block, &found, &inner.local, first, is_timed).statements {
                statement.range = self.spanned(&place.lines);
                statement.is_certain &= is_reached;
                statement.is_unconditional &= is_reached;
                self.out.statements.push(statement);
            }
        }
        if !found.is_empty() || inner.local.is_empty() && !inner.strays.is_empty() {
            let name = found.first().map_or("px", |found| found.magic.kind.name()).to_owned();
            let about = About::UnreadCall { method, name };
            self.out.notes.push(Note { range: source.range(call), about });
        }
        false
    }

    /// A call of `magic`, which IPython 9 does not have.
    fn magic_call(
        &mut self,
        source: &Mapped,
        text: &Mapped,
        method: Range<usize>,
        literal: Option<Range<usize>>,
        call: Range<usize>,
    ) {
        let said = text.text();
        let bare = said.trim_start_matches('%');
        let name = &bare[..bare.find(' ').unwrap_or(bare.len())];
        if px_name(name, false).is_none() {
            return;
        }
        let signs = said.len() - bare.len();
        let mut edits = Vec::new();
        if let Some(literal) = literal {
            let written = &source.text()[literal.clone()];
            let prefix = written.bytes().take_while(u8::is_ascii_alphabetic).count();
            let quotes = written.len() - prefix - written[prefix..].trim_start_matches(['\'', '"']).len();
            let quotes = if quotes > 2 { 3 } else { 1 };
            let (open, close) = (&written[..prefix + quotes], &written[prefix..prefix + quotes]);
            let begin = literal.start + open.len();
            // What is written with escapes, or as several strings, stays.
            if written[open.len()..].starts_with(&said[..signs + name.len()]) {
                edits.push(source.edit(method, "run_line_magic"));
                if signs > 0 {
                    edits.push(source.edit(begin..begin + signs, ""));
                }
                let end = begin + signs + name.len();
                let blank = usize::from(source.text()[end..].starts_with(' '));
                edits.push(source.edit(end..end + blank, &format!("{close}, {open}")));
            }
        }
        let about = About::MagicCall { name: name.to_owned(), edits };
        self.out.notes.push(Note { range: source.range(call), about });
    }

    /// Takes in the magics that the statement defines which begins on this line.
    pub(super) fn own_magics(&mut self, index: usize) {
        let Some(definitions) = self.definitions.as_mut().filter(|_| self.out.broken.is_none()) else {
            return;
        };
        let (begin, mut last, mut tokens) = (self.block.lines[index].start, index, Tokens::default());
        loop {
            let line = self.block.line(last);
            if tokens.read(line, 0).is_some() || tokens.at_statement() || last + 1 == self.block.lines.len() {
                break;
            }
            last += 1;
        }
        let statement = &self.block.source.text()[begin..self.block.lines[last].end];
        // A stub where IPython is not, as most are, is none where it is.
        let is_stub = self.suites.open().any(|(keyword, header)| match keyword {
            "def" | "async def" | "class" => header != index,
            "except" | "else" | "elif" => true,
            _ => self.block.line(header).split(':').next().is_some_and(|head| head.contains("get_ipython")),
        });
        if !is_stub && own_magics::replaces_getter(statement) {
            let shell = Arc::make_mut(&mut self.out.shell);
            [false, true].into_iter().for_each(|is_cell| shell.hide_all(is_cell));
            self.out.notes.push(Note { range: self.block.filled(index), about: About::OwnShell });
        }
        for defined in definitions.read(statement) {
            if !Arc::make_mut(&mut self.out.shell).define_own(&defined) {
                continue;
            }
            let Defined { name, kinds } = defined;
            let about = About::OwnMagic { name, line: kinds.line, cell: kinds.cell };
            self.out.notes.push(Note { range: self.block.filled(index), about });
        }
    }

    /// Keeps track of the names that hold the shell. `line` begins a statement.
    pub(super) fn names(&mut self, line: &str) {
        let text = line.trim_start();
        let is_certain = self.suite().is_none() && self.out.broken.is_none();
        let value = text.split_once('=').and_then(|(name, value)| {
            let value = value.split('#').next().unwrap_or_default().trim().trim_end_matches(';').trim_end();
            let method = calls::bound_method(value);
            Some((
                name.trim(),
                calls::giver(method.map_or(value, |(shell, _)| shell)).or(method.map(|(shell, _)| shell))?,
                method,
            ))
        });
        if let Some((_, shell, _)) = value {
            self.note_used(false, shell);
        }
        if let Some((name, _, method)) = value.filter(|(_, shell, _)| calls::is_shell(shell, &self.out.shell))
            && is_certain
            && python::is_magic_name(name)
            && name.chars().all(|c| c == '_' || c.is_alphanumeric())
        {
            self.forget(text);
            let held = method.map_or(name.to_owned(), |(_, method)| format!("{name}.{method}"));
            Arc::make_mut(&mut self.out.shell).hold(&held);
            return;
        }
        let getters = calls::imported_getters(text);
        if !getters.is_empty() && is_certain {
            getters.iter().for_each(|getter| Arc::make_mut(&mut self.out.shell).hold(getter));
            return;
        }
        self.forget(text);
    }

    /// Forgets the names that held the shell or one of its methods and are given another value by a statement.
    fn forget(&mut self, text: &str) {
        if !self.out.shell.has_names() {
            return;
        }
        let is_of_name = |c: char| c == '_' || c.is_alphanumeric();
        let words: Vec<&str> = text.split(|c| !is_of_name(c)).collect();
        const BIND: [&str; 11] =
            ["import", "from", "for", "def", "class", "with", "del", "global", "except", "async", "case"];
        let binds = BIND.iter().any(|word| words.first() == Some(word)) || text.contains('=');
        let lost: Vec<Box<str>> = match binds {
            true => {
                let held = self.out.shell.names();
                held.filter(|name| words.contains(&own_name(name))).map(Box::from).collect()
            }
            false => Vec::new(),
        };
        for name in lost {
            // `x = ip.run_line_magic(…)` gives it no value.
            let target = text.split('=').next().unwrap_or_default();
            let is_target =
                target.split(|c| !is_of_name(c)).any(|word| word == own_name(&name)) && !target.contains('(');
            if is_target || BIND.iter().any(|word| words.first() == Some(word)) || text.contains(":=") {
                Arc::make_mut(&mut self.out.shell).forget(&name);
            }
        }
    }
}

/// The name itself that holds the shell, gives it or holds a method of it.
fn own_name(held: &str) -> &str {
    held.split(['(', '.']).next().unwrap_or_default()
}

/// The lines of a text that IPython is handed, without their ends.
pub(super) fn lines_of(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let start = at;
        at += line.len();
        start..start + line.strip_suffix('\n').unwrap_or(line).len()
    });
    lines.collect()
}

/// A called magic as the line that it is written as otherwise.
fn as_line(name: &Mapped, line: &Mapped, signs: &str) -> Mapped {
    let mut text = Mapped::default();
    let range = name.range(0..name.text().len());
    text.push_escape(signs, TextRange::new(range.start, range.start));
    text.push_part(name, 0..name.text().len());
    if !line.text().is_empty() {
        let behind = line.start_of(0);
        text.push_escape(" ", TextRange::new(behind, behind));
        text.push_part(line, 0..line.text().len());
    }
    text
}
