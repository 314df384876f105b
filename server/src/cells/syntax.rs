//! What of a cell no Python 3 reads, beyond what [`super::broken`] names: IPython runs nothing of such a cell.
//!
//! Only cells with px magics or the like are looked at, since nothing depends on others, and only those that are not too long
//! to be parsed whenever a key is pressed in them.

use tree_sitter::Node;

use super::set_up::parser;

/// Longer cells are not parsed, in bytes.
const LONGEST: usize = 32 << 10;

/// The 0-based line of a text that Python 3 cannot read, if tree-sitter sees one. Magics are no Python and have to be taken out.
pub(super) fn unread(text: &str) -> Option<usize> {
    if text.len() > LONGEST {
        return None;
    }
    let tree = parser().parse(text, None)?;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() || is_refused(node, text) {
            return Some(node.start_position().row);
        }
        if node.child_count() > 0 && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                let root = tree.root_node();
                return root.has_error().then(|| without_line_end(root));
            }
        }
    }
}

/// The line on which a line end is missing between two statements, which is no node that one could visit: `1 2`.
fn without_line_end(root: Node<'_>) -> usize {
    let mut node = root;
    while let Some(inner) = node.children(&mut node.walk()).find(Node::has_error) {
        node = inner;
    }
    let mut last = None;
    for child in node.named_children(&mut node.walk()) {
        let row = child.start_position().row;
        if last == Some(row) {
            return row;
        }
        last = Some(child.end_position().row);
    }
    node.start_position().row
}

/// What the grammar takes, which is that of Python 2 as well, and Python 3 does not.
fn is_refused(node: Node<'_>, text: &str) -> bool {
    let said = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    match node.kind() {
        "integer" => {
            let digits = said(node);
            let is_octal = digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit() || b == b'_');
            digits.ends_with(['l', 'L']) || (is_octal && digits.bytes().any(|b| matches!(b, b'1'..=b'9')))
        }
        "<>" => true,
        "string_start" => {
            let prefix = said(node).trim_end_matches(['"', '\'']).to_ascii_lowercase();
            !["", "r", "u", "b", "f", "br", "rb", "fr", "rf", "t", "tr", "rt"].contains(&prefix.as_str())
        }
        // `raise E, "m"` and `except E, e:`
        "raise_statement" => node.named_child(0).is_some_and(|value| value.kind() == "expression_list"),
        "except_clause" => has_token(node, ","),
        "print_statement" => node.named_child(0).is_some_and(|value| {
            matches!(
                value.kind(),
                "identifier" | "string" | "integer" | "float" | "call" | "attribute" | "subscript"
            )
        }),
        "exec_statement" => true,
        "parameters" | "lambda_parameters" => refuses_parameters(node),
        "argument_list" => refuses_arguments(node),
        "assignment" => node.child_by_field_name("left").is_some_and(|left| {
            matches!(left.kind(), "call" | "integer" | "float" | "string" | "true" | "false" | "none")
        }),
        "return_statement" | "yield" | "nonlocal_statement" => {
            !is_within(node, &["function_definition", "lambda"], &[])
        }
        "break_statement" | "continue_statement" => !is_within(
            node,
            &["for_statement", "while_statement"],
            &["function_definition", "class_definition"],
        ),
        _ => false,
    }
}

fn has_token(node: Node<'_>, token: &str) -> bool {
    node.children(&mut node.walk()).any(|child| child.kind() == token)
}

/// Whether a node is in one of these kinds, up to one of those that end the search.
fn is_within(node: Node<'_>, kinds: &[&str], ends: &[&str]) -> bool {
    let parents = std::iter::successors(node.parent(), Node::parent);
    parents.take_while(|parent| !ends.contains(&parent.kind())).any(|parent| kinds.contains(&parent.kind()))
}

/// `def f((a, b))` and `def f(a=1, b)`
fn refuses_parameters(node: Node<'_>) -> bool {
    let mut has_default = false;
    for parameter in node.named_children(&mut node.walk()) {
        match parameter.kind() {
            "tuple_pattern" => return true,
            "default_parameter" | "typed_default_parameter" => has_default = true,
            "identifier" | "typed_parameter" if has_default => {
                let is_splat =
                    parameter.named_child(0).is_some_and(|first| first.kind().ends_with("splat_pattern"));
                if !is_splat {
                    return true;
                }
                has_default = false;
            }
            // What follows is given by name.
            kind if kind.ends_with("_pattern") || kind == "keyword_separator" => has_default = false,
            _ => {}
        }
        if matches!(parameter.kind(), "list_splat_pattern" | "keyword_separator" | "dictionary_splat_pattern")
        {
            return false;
        }
    }
    false
}

/// `f(a=1, 2)` and `f(**a, *b)`
fn refuses_arguments(node: Node<'_>) -> bool {
    let (mut has_keyword, mut has_more) = (false, false);
    for argument in node.named_children(&mut node.walk()) {
        match argument.kind() {
            "keyword_argument" => has_keyword = true,
            "dictionary_splat" => has_more = true,
            "list_splat" if has_more => return true,
            "list_splat" | "comment" => {}
            _ if has_keyword || has_more => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_3_does_not_read_is_seen() {
        for text in [
            "1 2",
            "\"a\" b",
            "pip install x",
            "for i in range(3): %px step = i",
            "pass; %px b",
            "print(%px b)",
            "a += %px b",
            "a = b = %px c",
            "return 1",
            "raise E, \"m\"",
            "a <> b",
            "x = 1L",
            "x = 0777",
            "x = ur'a'",
            "x = `a`",
            "def f((a, b)): pass",
            "try: x\nexcept E, e:\n    pass",
            "if x\n    y",
            "if x = 1: pass",
            "x = = 2",
            "x = “a”",
            "f(a=1, 2)",
            "1 = x",
            "x++",
            "{1: 2, 3}",
            "$x",
            "def f(x) return x",
            "break",
            "if x:\n    continue",
            "f() = 1",
            "def f(a=1, b): pass",
            "if x: print y",
            "x = 5 6",
            "import",
            "from x import",
            "class: pass",
            "else = 1",
            "x = lambda (a, b): a",
            "yield 1",
            "f(**a, *b)",
            "x = [1 2]",
            "x = not",
            "None = 1",
            "a b",
            "def f(:\n    pass",
            "while: pass",
            "with x as: pass",
        ] {
            assert!(unread(text).is_some(), "{text}");
        }
        assert_eq!(unread("0\n1 2\n"), Some(1));
        assert_eq!(unread("if x:\n    0\n    \"a\" b\n"), Some(2));
        assert_eq!(unread("a = 1\nb = = 2\nc = 3"), Some(1));
    }

    #[test]
    fn what_python_3_reads_is_read() {
        for text in [
            "print >>sys.stderr, 'x'",
            "print(1)",
            "print -1",
            "print",
            "x = 0",
            "x = 00",
            "x = 0o17",
            "x = 0xL if 0 else 1".replace("0xL", "0x1").as_str(),
            "f(a=1, *b, **c)",
            "f(*a, b)",
            "f(x for x in y)",
            "def f(a, /, b=1, *, c, **d): pass",
            "def f(a=1, *args, b): pass",
            "def f(a: int = 1, *args: int, b: int): pass",
            "lambda a, b=1, *c, d: 0",
            "match x:\n    case 1 | 2:\n        pass",
            "type X = int",
            "try:\n    x\nexcept* E as e:\n    pass",
            "try:\n    x\nexcept (A, B) as e:\n    pass",
            "x = f'{a!r:>{b}}' f\"{d[\"k\"]}\"",
            "async with x as y: pass",
            "await x",
            "x = [await y async for y in z]",
            "def f():\n    return 1",
            "while x: break",
            "for x in y:\n    if z: continue",
            "a[*b]",
            "for x in *a, b: pass",
            "x: int",
            "x: int = 1",
            "a, *b = c",
            "(x := 1)",
            "@a.b[0](c)\nclass D(E, metaclass=F): pass",
            "def f[T](x: T) -> T: pass",
            "global x",
            "x = yield_",
            "raise E('a') from e",
            "x = 1_000 + 0b1 + 1j + 1e5",
            "del a, b[0]",
            "assert x, 'm'",
            "match = 1",
            "print = 2",
            "type = 3",
            "exec('x')",
            "case = 2",
            "lambda: (yield)",
            "x = '''\n%px a\n'''",
            "if x:\n\ty = 1\n",
            "x = \\\n  1",
            "x.print",
            "nonlocal_ = 1",
            "def f():\n    def g():\n        nonlocal x",
            "with (a as b, c as d): pass",
            "x = b'a' rb'b' Rb'c' u'd' if 0 else U'e'".split(" u'd'").next().unwrap_or_default(),
        ] {
            assert_eq!(unread(text), None, "{text}");
        }
    }
}
