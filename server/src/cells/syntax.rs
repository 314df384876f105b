//! Python as its grammar reads it: the tree of a text, also of one that is broken.

use ruff_python_ast::{
    AnyNodeRef, ModModule, PythonVersion,
    visitor::source_order::{SourceOrderVisitor, TraversalSignal},
};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};

/// Longer texts are not parsed.
const LONGEST: usize = 1 << 20;

/// Deeper trees are not looked at. Python itself takes 200 open brackets.
const DEEPEST: usize = 500;

/// How much of the stack it takes at most to free one token's part of a tree.
const LEVEL: usize = 1 << 10;

/// Parses a text. `None` if it is too long, or nests so deep that a walk through its tree could overflow the stack.
pub(super) fn parse(text: &str) -> Option<Parsed<ModModule>> {
    if text.len() > LONGEST {
        return None;
    }
    // The last version in which an `except` with several classes is an error of its own.
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::PY313);
    let parsed = parse_unchecked(text, options).try_into_module()?;
    if !is_deep(&parsed) {
        return Some(parsed);
    }
    // Freeing it is such a walk as well.
    stacker::grow(parsed.tokens().len() * LEVEL, || drop(parsed));
    None
}

/// Whether a text is Python, without an error.
pub(super) fn is_python(text: &str) -> bool {
    parse(text).is_some_and(|parsed| parsed.errors().is_empty())
}

/// Whether a tree is deeper than is looked at.
fn is_deep(parsed: &Parsed<ModModule>) -> bool {
    let mut depth = Depth::default();
    depth.visit_body(parsed.suite());
    depth.is_exceeded
}

/// Walks through a tree, no deeper than is allowed.
#[derive(Default)]
struct Depth {
    depth: usize,
    is_exceeded: bool,
}

impl SourceOrderVisitor<'_> for Depth {
    fn enter_node(&mut self, _: AnyNodeRef<'_>) -> TraversalSignal {
        self.depth += 1;
        self.is_exceeded |= self.depth > DEEPEST;
        if self.is_exceeded { TraversalSignal::Skip } else { TraversalSignal::Traverse }
    }

    fn leave_node(&mut self, _: AnyNodeRef<'_>) {
        self.depth -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a thread of the server's.
    fn is_parsed(text: String) -> bool {
        std::thread::spawn(move || parse(&text).is_some()).join().unwrap()
    }

    #[test]
    fn a_tree_that_nests_too_deep_is_not_looked_at() {
        for (begin, middle, end) in [
            ("[", "", "]"),
            ("f(", "", ")"),
            ("-", "1", ""),
            ("not ", "a", ""),
            ("", "a", ".a"),
            ("", "a", "()"),
            ("", "a", "[0]"),
            ("", "1", "+1"),
            ("lambda a, b: ", "a", ""),
            ("1 if 1 else ", "1", ""),
            ("[a, ", "a", "]"),
            ("{1: ", "1", "}"),
            ("{1: ", "1", ""),
            ("(yield a, ", "a", ")"),
            ("yield a, ", "a", ""),
            ("f'{", "1", "}'"),
            ("f'{a:{", "1", "}}'"),
            ("await ", "a", ""),
            ("async ", "a", ""),
            ("*", "a", ""),
            ("a = ", "a", ""),
            ("if a: ", "a", ""),
            ("match a:\n case ", "a", ""),
            ("[", "'", "'"),
            ("[", "a", "].a.a.a"),
        ] {
            let text = format!("{}{middle}{}\n", begin.repeat(30_000), end.repeat(30_000));
            is_parsed(text);
        }
        assert!(!is_parsed("[".repeat(30_000) + &"]".repeat(30_000)));
        let suites: String = (0..1000).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect();
        assert!(!is_parsed(suites));
    }

    #[test]
    fn a_long_text_is_not_deep() {
        for text in
            ["a = [1, -2, f(3), 'x'],\n", "f(a, b)\n", "if a:\n  b = {1: [2]}\nelse: c\n", "a; b; c\n"]
        {
            assert!(is_parsed(text.repeat(1000)), "{text}");
        }
        // A bracket that is not closed holds all that follows.
        assert!(is_parsed(format!("a = [\n{}", "b = 1 + f(2)\n".repeat(1000))));
        assert!(is_parsed(format!("a = [{}]", "f(x)[0] + -1, ".repeat(10_000))));
    }
}
