//! The body of `%%px --local`, which IPython runs here as well, as a cell of its own, and that of a cell magic of the document's
//! own, which may do so.

use std::sync::Arc;

use super::{
    super::{
        CellKind,
        found::{About, BlockText, Note},
        mapped::Mapped,
    },
    Scanner, magics, scanned,
};

impl Scanner<'_> {
    /// Takes in what a body that is run here too says about views and makes of the shell. The px magics in it are not run;
    /// `is_certain`: the magic whose body it is surely is.
    /// `about`: what is to be said of those.
    pub(super) fn run_too(&mut self, body: &Mapped, is_certain: bool, about: impl Fn(String) -> About) {
        if self.is_body {
            return; // as deep as anybody goes
        }
        let lines = magics::lines_of(body.text());
        let block = BlockText::cell(body, &lines);
        let mut scanner = Scanner::new(block, Arc::clone(&self.out.shell));
        scanner.is_body = true;
        let shell = Arc::clone(&self.out.shell);
        let inner = scanned(scanner, &shell);
        for (is_cell, name) in &inner.used {
            self.note_used(*is_cell, name);
        }
        let end = match &inner.broken {
            None => usize::MAX,
            Some(broken) if broken.why.is_whole() => return,
            Some(broken) => block.filled(broken.line).start,
        };
        for mut statement in inner.statements.into_iter().filter(|one| one.range.start < end) {
            statement.is_certain &= is_certain;
            statement.is_unconditional &= is_certain;
            self.out.statements.push(statement);
        }
        self.out.called_toggles += inner.called_toggles;
        self.out.may_toggle |= inner.may_toggle;
        for found in inner.found.iter().filter(|found| found.range.start < end) {
            let name = format!("{}{}", found.magic.kind, found.magic.suffix);
            if matches!(found.kind, CellKind::Config | CellKind::Autopx) {
                self.unread(&name, found.range);
            }
            if found.kind != CellKind::SyncImports {
                self.out.notes.push(Note { range: found.magic_range, about: about(name) });
            }
        }
        let is_of_magics = |note: &Note| {
            matches!(
                note.about,
                About::OwnMagic { .. }
                    | About::OwnShell
                    | About::UnreadCall { .. }
                    | About::UncertainAlias { .. }
                    | About::NestedCall { .. }
            )
        };
        self.out.notes.extend(inner.notes.into_iter().filter(is_of_magics));
        match is_certain {
            true => self.out.shell = inner.shell,
            false => {
                Arc::make_mut(&mut self.out.shell).doubt(&inner.shell);
            }
        }
    }
}
