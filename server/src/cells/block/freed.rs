//! Comments of which jupytext makes code, whether they count here or not.

use std::sync::Arc;

use super::{
    super::{
        CellKind, Magic,
        broken::Why,
        escapes::Escape,
        found::{About, BlockText, Found, Note},
        jupytext,
        mapped::Mapped,
        python::{self, Assigned, Tokens},
        shell,
        statements::{self, Statement},
    },
    Scanner,
    words::is_help,
};

impl Scanner<'_> {
    /// Whether a comment on this line is a magic for jupytext or for VS Code.
    pub(super) fn is_freed(&self, index: usize) -> bool {
        let line = self.line(index);
        match self.block.hidden(index) {
            Some(hidden) => hidden.escape != Escape::Databricks,
            None => self.block.frees.is_magic(line) && !jupytext::sign(line).is_empty(),
        }
    }

    /// Takes in a line that is no more than the name of a command of the shell, as jupytext makes one of the comment `# copy`. IPython
    /// takes it for one only where it is all of its cell.
    pub(super) fn freed_name(&mut self, index: usize, freed: &str) {
        let is_alone = || (0..self.len()).all(|other| other == index || self.line(other).trim().is_empty());
        if self.suite().is_none() && jupytext::is_command_of_shell(freed.trim()) && !is_alone() {
            let said = format!("jupytext makes code of this comment, and Python knows no `{}`", freed.trim());
            self.breaks(index, Why::Compiled(said));
        }
    }

    /// Takes in a comment that does not count here. If jupytext makes a magic of it, it is one where the notebook is run: then
    /// it may be the body of a statement, be indented as nothing is, or not exist.
    pub(super) fn freed_elsewhere(&mut self, index: usize) {
        let line = self.line(index);
        let goes_on = |above: &str| {
            let freed = [&above[..jupytext::sign(above).start], &above[jupytext::sign(above).end..]].concat();
            python::is_idle(above) && above.ends_with('\\') && !python::is_idle(&freed)
        };
        let is_continued = index.checked_sub(1).is_some_and(|above| goes_on(self.line(above)));
        if is_continued || !self.block.frees.is_magic(line) {
            return;
        }
        let sign = jupytext::sign(line);
        let freed = [&line[..sign.start], &line[sign.end..]].concat();
        if python::is_idle(&freed) {
            return;
        }
        self.suites.begin(&freed, index);
        let column = python::indent(&freed);
        let is_command = freed[column..].starts_with(['%', '!', '?']) || is_help(&freed);
        match Tokens::default().read(&freed, column) {
            _ if is_command => self.handed.replace(index..index + 1, &freed[..column]),
            Some(Assigned::Magic(value) | Assigned::Command(value)) => {
                self.handed.replace(index..index + 1, &freed[..value]);
            }
            Some(Assigned::GetIpython(_)) | None => self.handed.replace_by_code(index, freed.clone()),
        }
        // There the next line is a part of it, and is none here.
        if freed.ends_with('\\')
            && self.block.first_filled(index + 1).is_some_and(|next| !python::is_idle(self.line(next)))
        {
            self.breaks(index, Why::BACKSLASH);
        }
        self.freed_name(index, &freed);
        self.sets_elsewhere(index, freed.trim());
        let Some(magic) = line[sign.end..].strip_prefix('%') else { return };
        match magic.strip_prefix('%') {
            Some(name) if index != self.block.first_filled(0).unwrap_or(index) => {
                self.breaks(index, Why::CellMagic(name[..name.find(' ').unwrap_or(name.len())].to_owned()));
            }
            Some(_) => {}
            None => self.named(index, &line[sign.end..]),
        }
    }

    /// Takes in what a comment sets that is a magic where the notebook is run, and none here: nobody knows what holds below.
    fn sets_elsewhere(&mut self, index: usize, freed: &str) {
        if !freed.contains('%') {
            return;
        }
        let source = Mapped::plain(freed, 0);
        let line = 0..freed.len();
        let block = BlockText::cell(&source, std::slice::from_ref(&line));
        let inner = Scanner::new(block, Arc::clone(&self.out.shell)).run();
        for (is_cell, name) in &inner.used {
            self.note_used(*is_cell, name);
        }
        let range = self.block.filled(index);
        let is_set = |found: &&Found| found.kind == CellKind::Config && found.magic.options.error.is_none();
        if let Some(found) = inner.found.iter().find(is_set) {
            let Magic { kind, suffix, .. } = &found.magic;
            let name = format!("{kind}{suffix}");
            self.unread(&name, range);
            self.out.notes.push(Note { range, about: About::FreedElsewhere { name } });
        }
        let code = statements::read(block, &inner.found, &inner.local, 0, false).statements;
        let mut decides = false;
        for statement in code {
            decides |= statement.may_decide();
            let statement = Statement { range, is_certain: false, is_unconditional: false, ..statement };
            self.out.statements.push(statement);
        }
        if decides {
            let (_, name, _) = shell::name_of(freed);
            self.out.notes.push(Note { range, about: About::FreedElsewhere { name: name.to_owned() } });
        }
        if Arc::make_mut(&mut self.out.shell).doubt(&inner.shell) {
            let about = About::FreedElsewhere { name: "alias_magic".to_owned() };
            self.out.notes.push(Note { range, about });
        }
    }
}
