//! Names of px magics that a line of Python hands to something that may run them: `run_magic("pxconfig", "-t 0")`,
//! `for name, line in [("pxconfig", "-t 0")]`, `magic.pxconfig("-t 0")`. They are told, and what they may set is not known below.

use super::{
    super::{
        calls,
        magic::{MagicKind, px_name},
        python::Tokens,
    },
    Scanner,
    other_calls::is_code,
};

/// Functions that run no magic of the name that they get.
const NEVER_RUN: [&str; 7] =
    ["print", "getattr", "hasattr", "setattr", "line_magic", "cell_magic", "line_cell_magic"];

impl Scanner<'_> {
    pub(super) fn handed_names(&mut self, index: usize, tokens: &Tokens) {
        let line = self.line(index);
        if !line.contains("px") || line.trim_start().starts_with('@') {
            return;
        }
        for (at, _) in line.match_indices('(') {
            let before = &line[..at];
            let start = before.trim_end_matches(|c: char| c == '_' || c.is_alphanumeric()).len();
            let callee = &before[start..];
            let is_other = NEVER_RUN.contains(&callee)
                || callee.starts_with("register")
                // What these run is read by itself.
                || calls::OTHER_METHODS.contains(&callee);
            if let Some(name) = first_name(&line[at + 1..], callee).filter(|_| !is_other) {
                self.handed(index, start, name, tokens);
            }
        }
        for name in ["pxconfig", "autopx"] {
            for (at, _) in line.match_indices(name) {
                if line[..at].ends_with('.') && line[at + name.len()..].starts_with('(') {
                    self.handed(index, at - 1, name, tokens);
                }
            }
        }
    }

    fn handed(&mut self, index: usize, column: usize, name: &str, tokens: &Tokens) {
        if is_code(&self.line(index)[..column], tokens) {
            self.nested_call(index, self.block.lines[index].start + column, name);
            self.out.may_toggle |= px_name(name, false).is_some_and(|(kind, _)| kind == MagicKind::Autopx);
        }
    }
}

/// The name of a px magic in the string that is the first of some arguments. `px` is also a unit: it counts in a call with more.
fn first_name<'a>(arguments: &'a str, callee: &str) -> Option<&'a str> {
    let text = arguments.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let text = text[1..].trim_start_matches('%');
    let end = text.find(|c: char| c != '_' && !c.is_alphanumeric())?;
    let (name, behind) = text.split_at(end);
    let is_whole = behind.starts_with(quote);
    let has_options = behind.trim_start().starts_with('-');
    let is_meant = match px_name(name, false).or_else(|| px_name(name, true))? {
        (MagicKind::LinePx | MagicKind::CellPx, _) => {
            is_whole && !callee.is_empty() && behind[1..].trim_start().starts_with(',')
        }
        (MagicKind::PxConfig | MagicKind::Autopx, _) => is_whole || has_options,
        _ => false,
    };
    is_meant.then_some(name)
}
