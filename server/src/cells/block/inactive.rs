//! A cell that is code for jupytext and commented out in the script: in the notebook it decides what holds below it.

use super::{
    super::{
        CellKind,
        found::{About, BlockText, Note},
        magic::MagicKind,
        statements::{Act, Statement},
    },
    Scan,
};

impl Scan {
    /// The same without px cells: those that set something are statements like any others, and the others are not run here.
    pub(in crate::cells) fn of_inactive(mut self, block: BlockText<'_>) -> Self {
        let end = match &self.broken {
            None => usize::MAX,
            Some(broken) if broken.why.is_whole() => 0,
            Some(broken) => block.filled(broken.line).start,
        };
        for found in std::mem::take(&mut self.found) {
            let (range, suffix) = (found.magic_range, found.magic.suffix.clone());
            match found.kind {
                CellKind::Config => {
                    let is_certain = found.suite.is_none();
                    let act = match is_certain {
                        true => Act::Set(Box::new(found.magic)),
                        false => Act::Configure { suffix: suffix.into() },
                    };
                    self.statements.push(Statement { range, is_certain, is_unconditional: is_certain, act });
                }
                _ if range.start >= end => {}
                _ => {
                    let signs = if found.kind == CellKind::CellMagic { "%%" } else { "%" };
                    let name = match found.magic.kind {
                        MagicKind::SyncImports => "sync_imports".to_owned(),
                        kind => format!("{signs}{kind}{suffix}"),
                    };
                    self.notes.push(Note { range, about: About::Inactive { name } });
                }
            }
        }
        self.statements.sort_by_key(|statement| statement.range.start);
        self.notes.retain(|note| {
            matches!(
                note.about,
                About::Inactive { .. }
                    | About::OwnMagic { .. }
                    | About::OwnShell
                    | About::UnreadCall { .. }
                    | About::UncertainAlias { .. }
                    | About::NestedCall { .. }
            )
        });
        self.strays.clear();
        self.dated.clear();
        self
    }
}
