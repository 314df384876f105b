//! The imports of `with view.sync_imports():` blocks, which run on the engines as well.

use std::{borrow::Cow, ops::Range};

use super::{
    Act, Expr, Logical, Walk, first_word,
    imports::{self, Piece},
    origins, words,
};
use crate::{
    cells::{
        CellKind, Magic, MagicKind, Options, Spelling,
        found::{self, BlockText, Found, Unlike, UnlikeHow},
        mapped::Mapped,
        python, refusal, suites,
    },
    text::TextRange,
};

/// A `sync_imports` block while it is read, or the part of it that stands in the body of a statement inside, or below one.
pub(super) struct Imports {
    pub(super) view: Expr,
    /// The word `sync_imports` or `importer`, in bytes of the source; of a part that begins below it the first word.
    pub(super) name: Range<usize>,
    /// The lines from `with`, or from the first import, to the last import.
    pub(super) lines: Range<usize>,
    /// How many lines of local code among them are the header's or hold imports.
    pub(super) taken: usize,
    /// The statement that it begins with.
    pub(super) header: Range<usize>,
    /// What it stands in, `with` apart.
    pub(super) suite: Option<suites::Suite>,
    pub(super) code: Mapped,
    pub(super) unlike: Vec<Unlike>,
}

impl Walk<'_> {
    /// Adds what a statement imports to the `sync_imports` block that it stands in; says whether it is an import of one.
    pub(super) fn import(&mut self, logical: &Logical, text: &str) -> bool {
        let Some(at) = self.suites.iter().rposition(|suite| suite.imports.is_some()) else { return false };
        let word = first_word(text);
        let is_import = matches!(word, "import" | "from");
        if !is_import && (!text.contains(';') || self.header(word, text).is_some()) {
            return false;
        }
        let (block, taken) = (self.block, self.count_local(&logical.lines));
        let sent = imports::sent(block.source, logical.bytes.clone());
        if sent.pieces.is_empty() && sent.unlike.is_empty() {
            return false;
        }
        let suite = self.conditional();
        let Some(imports) = &mut self.suites[at].imports else { return false };
        let ended = (imports.suite != suite).then(|| {
            let part = Imports {
                view: imports.view.clone(),
                name: logical.bytes.start..logical.bytes.start + word.len(),
                lines: logical.lines.clone(),
                taken: 0,
                header: logical.bytes.clone(),
                suite,
                code: Mapped::default(),
                unlike: Vec::new(),
            };
            std::mem::replace(imports, part)
        });
        imports.unlike.extend(sent.unlike);
        send(&mut imports.code, block, logical, &sent.pieces);
        imports.lines.end = logical.lines.end;
        imports.taken += taken;
        if let Some(ended) = ended {
            self.take_imports(ended);
        }
        if is_import {
            self.import_names(logical, text);
        }
        is_import
    }

    pub(super) fn import_names(&mut self, logical: &Logical, text: &str) {
        let from = first_word(text) == "from";
        let Some((_, names)) = text.split_once("import") else { return };
        let names = names.split(';').next().unwrap_or_default();
        let names = names.split(',').filter_map(|part| {
            let mut words = words(part).into_iter();
            let first = words.next()?;
            Some(words.last().unwrap_or(first))
        });
        let names: Vec<Box<str>> = names.collect();
        let act = if from { Act::Unset(names) } else { Act::Forget(names) };
        self.push(logical.bytes.clone(), act);
        let imported = origins::imported(text);
        // The names of a function are its own.
        if !imported.is_empty() && !self.is_in_definition() {
            self.push(logical.bytes.clone(), Act::Import(imported));
        }
    }

    pub(super) fn take_imports(&mut self, imports: Imports) {
        if imports.code.text().is_empty() && imports.unlike.is_empty() {
            return;
        }
        self.may_merge = false;
        let source = self.block.source;
        let end = self.block.lines[imports.lines.end - 1].end;
        let trimmed = self.text(imports.header.start..end).trim_end().len();
        let header = self.text(imports.header.clone()).trim_end().len();
        let fails = imports.unlike.iter().any(|unlike| unlike.how == UnlikeHow::Star);
        self.code.imports.push(Found {
            kind: CellKind::SyncImports,
            magic: Magic {
                kind: MagicKind::SyncImports,
                suffix: String::new(),
                options: Options::default(),
                name_range: source.range(imports.name).into(),
            },
            lines: imports.lines,
            range: source.range(imports.header.start..imports.header.start + trimmed),
            magic_range: source.range(imports.header.start..imports.header.start + header),
            code: imports.code.into(),
            options_text: None,
            column: 0,
            escape: None,
            suite: imports.suite,
            spelling: Spelling::Plain,
            prefix: None,
            alias: None,
            fault: match (fails, not_local(self.text(imports.header.clone()))) {
                (true, _) => Some(Cow::Borrowed(refusal::STAR_IMPORT)),
                (false, true) => Some(Cow::Borrowed(refusal::NOT_LOCAL)),
                (false, false) => None,
            },
            imports: Some(found::Imports {
                view: imports.view,
                taken: imports.taken,
                unlike: imports.unlike,
            }),
        });
    }
}

/// Whether a header asks for imports on the engines alone, or may.
fn not_local(header: &str) -> bool {
    let Some((_, behind)) = header.split_once("sync_imports") else { return false };
    let arguments = behind.trim_start().strip_prefix('(').and_then(|behind| behind.split_once(')'));
    let mut arguments = arguments.map_or("", |(arguments, _)| arguments).split(',').map(str::trim);
    let local = arguments.find_map(|argument| match argument.split_once('=') {
        Some((name, value)) => (name.trim() == "local").then(|| value.trim()),
        None => Some(argument),
    });
    !matches!(local, None | Some("" | "True" | "1"))
}

/// Adds what is sent of an import to code, with the blanks taken off that its statement begins with.
pub(super) fn send(code: &mut Mapped, block: BlockText<'_>, logical: &Logical, pieces: &[Piece]) {
    let source = block.source;
    for piece in pieces {
        let kept = match piece {
            Piece::Kept(kept) => kept,
            Piece::Written(text, range) => {
                code.push_escape(text, source.range(range.clone()));
                continue;
            }
        };
        for line in &block.lines[logical.lines.clone()] {
            let text = &source.text()[line.clone()];
            let from = line.start + logical.indent.min(python::indent(text));
            let part = from.max(kept.start)..line.end.min(kept.end);
            if part.start <= part.end {
                code.push_part(source, part);
            }
            if kept.start <= line.end && line.end < kept.end {
                // Not every line end is one byte long.
                let length = source.text()[line.end..].chars().next().map_or(0, char::len_utf8);
                code.push_part(source, line.end..line.end + length);
            }
        }
    }
    if let Some(last) = pieces.last() {
        let end = source.end_of(last.end());
        code.push_escape("\n", TextRange::new(end, end));
    }
}
