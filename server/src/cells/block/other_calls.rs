//! Calls of magics within statements, and by ways that are not read: they are told, and what they may set is not known below.

use std::ops::Range;

use super::{
    super::{
        calls::{self, Call, Parsed, Runs},
        found::{About, Note},
        magic::px_name,
        mapped::Mapped,
        python::{Assigned, Tokens},
    },
    Scanner,
};
use crate::text::TextRange;

impl Scanner<'_> {
    /// Takes in a call whose arguments are not read. One of a magic of which even the name is not known may be of `%pxconfig`,
    /// if it is not in a function, which runs what it is handed.
    pub(super) fn unread_call(
        &mut self,
        source: &Mapped,
        name: Option<&str>,
        method: &'static str,
        at: Range<usize>,
    ) {
        let text = source.text()[at.clone()].trim_end();
        let range = source.range(at.start..at.start + text.len());
        let is_cell = method == "run_cell_magic" && name.is_some();
        let name = match name {
            None if self.is_in_function() && !text.contains("px") => return,
            name => name.unwrap_or("pxconfig"),
        };
        if px_name(name, is_cell).is_some() {
            let about = About::UnreadCall { method, name: name.to_owned() };
            self.out.notes.push(Note { range, about });
            self.unread(name, range);
        }
    }

    /// Calls of px magics on a line of Python from a column on, which stand inside of its statement. `tokens` are those at the
    /// line's beginning, or at the column.
    pub(super) fn nested_calls(&mut self, index: usize, from: usize, tokens: &Tokens) {
        let line = self.line(index);
        for (at, _) in line.match_indices(".run_").filter(|(at, _)| *at >= from) {
            let start = calls::start_of_receiver(&line[..at]);
            let is_assigned = tokens.clone().read(line, from) == Some(Assigned::GetIpython(start));
            if start < from || is_assigned || !is_code(&line[..start], tokens) {
                continue;
            }
            let (source, end) = (self.block.source, self.block.lines.last().map_or(0, |line| line.end));
            let start = self.block.lines[index].start + start;
            let parsed = calls::parse(source, start, end, &self.out.shell);
            let name = match parsed {
                Some(Parsed::Call(Call {
                    runs: Runs::LineMagic { name, .. } | Runs::CellMagic { name, .. },
                    ..
                })) => name.text().to_owned(),
                Some(Parsed::Call(Call { runs: Runs::Cell { text }, .. }))
                    if ["px", "activate", "targets"].iter().any(|word| text.text().contains(word)) =>
                {
                    self.unread_call(source, None, "run_cell", start..self.block.lines[index].end);
                    continue;
                }
                Some(Parsed::Unread { name: Some(name), .. }) => name,
                Some(Parsed::Unread { name: None, method, start }) => {
                    self.unread_call(source, None, method, start..self.block.lines[index].end);
                    continue;
                }
                _ => continue,
            };
            self.nested_call(index, start, &name);
        }
    }

    /// Takes in that a magic of this name is called inside of a statement, from a byte of the source on.
    pub(super) fn nested_call(&mut self, index: usize, start: usize, name: &str) {
        if px_name(name, false).or_else(|| px_name(name, true)).is_some() {
            let start = self.block.source.start_of(start);
            let range = TextRange::new(start, self.block.filled(index).end.max(start));
            self.out.notes.push(Note { range, about: About::NestedCall { name: name.to_owned() } });
            self.unread(name, range);
        }
    }

    pub(super) fn is_in_function(&self) -> bool {
        self.suites.open().any(|(keyword, _)| matches!(keyword, "def" | "async def" | "class"))
    }

    /// Takes in that a line does something with the class of the px magics, or with what is made of it: that may go by any view.
    fn parallel_magics(&mut self, index: usize, tokens: &Tokens) {
        let line = self.line(index);
        let Some(at) = line.find("ParallelMagics") else { return };
        let before = line[..at].trim_end_matches(['"', '\'']);
        let is_import = ["import ", "from "].iter().any(|word| line.trim_start().starts_with(word));
        let is_used = line[at..].contains(['(', ']']);
        if is_used && !is_import && is_code(before, tokens) {
            self.nested_call(index, self.block.lines[index].start + before.len(), "pxconfig");
        }
    }

    /// Takes in what a line of Python does with magics by ways that are not read: methods that give a magic, the table of the
    /// magics, methods of what may be the shell, methods by their names.
    pub(super) fn other_calls(&mut self, index: usize, from: usize, tokens: &Tokens) {
        let line = self.line(index);
        self.handed_names(index, tokens);
        if !self.names_magics || !["agic", "run_cell"].iter().any(|word| line.contains(word)) {
            return;
        }
        self.parallel_magics(index, tokens);
        let is_of_name = |c: char| c == '_' || c.is_alphanumeric();
        let (source, begin) = (self.block.source, self.block.lines[index].start);
        let end = self.block.lines.last().map_or(0, |line| line.end);
        for method in calls::OTHER_METHODS {
            for (at, _) in line.match_indices(method).filter(|(at, _)| *at >= from) {
                let (before, behind) = (&line[..at], &line[at + method.len()..]);
                // Neither `ip.run_line_magic = f` nor a comparison is a call.
                let is_set = behind.trim_start().starts_with('=');
                if is_set || before.ends_with(is_of_name) || behind.starts_with(is_of_name) {
                    continue;
                }
                let start = begin + calls::start_of_receiver(before.strip_suffix('.').unwrap_or(before));
                let unread = start..self.block.lines[index].end;
                let head = &line[..start - begin];
                // `getattr(ip, "run_line_magic")`
                if let Some(quote) = before.chars().next_back().filter(|c| matches!(c, '"' | '\'')) {
                    let is_text = behind.starts_with(quote) && is_code(&before[..before.len() - 1], tokens);
                    if is_text && before.contains("getattr") {
                        self.unread_call(source, None, method, unread);
                    }
                    continue;
                }
                if !before.ends_with('.') || !is_code(head, tokens) {
                    continue;
                }
                let is_read = calls::parse(source, start, end, &self.out.shell).is_some();
                if is_read
                    || calls::bound_method(line.split_once('=').map_or("", |(_, it)| it.trim())).is_some()
                {
                    continue;
                }
                let is_shell = calls::is_shell(&source.text()[start..begin + at - 1], &self.out.shell);
                let parenthesis = begin + line.len() - behind.trim_start().len();
                match calls::first_string(source, parenthesis, end) {
                    Some(text)
                        if method.starts_with("run_cell")
                            && method != "run_cell_magic"
                            && text.contains("px") =>
                    {
                        self.unread_call(source, None, "run_cell", unread);
                    }
                    Some(name) => {
                        self.nested_call(index, start, &name);
                        // `ip.find_line_magic("px").__self__.view = view`
                        if behind.contains("__self__") && px_name(&name, false).is_some() {
                            self.unread("pxconfig", self.block.filled(index));
                        }
                    }
                    None if is_shell || method.ends_with("_magic") => {
                        self.unread_call(source, None, method, unread);
                    }
                    None => {}
                }
            }
        }
        // `ip.magics_manager.magics["line"]["px"]("x")`
        for (at, table) in line.match_indices(".magics[").filter(|(at, _)| is_code(&line[..*at], tokens)) {
            let strings = line[at + table.len()..].split(['"', '\'']).skip(1).step_by(2);
            let named = strings.filter(|name| px_name(name, false).is_some());
            for name in named.map(str::to_owned).collect::<Vec<_>>() {
                self.nested_call(index, begin + at, &name);
            }
        }
    }
}

/// Whether what stands behind this part of a line is code, and neither in a string nor in a comment.
pub(super) fn is_code(before: &str, tokens: &Tokens) -> bool {
    let mut tokens = tokens.clone();
    let text = format!("{before}\"\"\"");
    let mut from = 0;
    while let Some(Assigned::GetIpython(column)) = tokens.read(&text, from) {
        from = column;
    }
    tokens.in_long_string()
}
