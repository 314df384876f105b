//! Whether a notebook's cell without px magics reads as set-up: code that makes clients and views here, beside the engines, and
//! would fail on them. The bodies of functions and classes do not count: they are not run where they are written.

use tree_sitter::{Node, Parser};

/// Functions and methods that make clients, clusters and views, or activate these.
const CALLS: [&str; 10] = [
    "Client",
    "Cluster",
    "activate",
    "broadcast_view",
    "connect_client",
    "connect_client_sync",
    "direct_view",
    "load_balanced_view",
    "start_and_connect",
    "start_and_connect_sync",
];

/// What is known of names.
pub(super) struct Names<'a> {
    /// Whether a name is that of a client, also by custom alone.
    pub(super) is_client: &'a dyn Fn(&str) -> bool,
    /// Whether a name was given a client, a cluster or a view here.
    pub(super) is_local: &'a dyn Fn(&str) -> bool,
}

/// Whether a text is Python, without an error.
pub(super) fn is_python(text: &str) -> bool {
    parser().parse(text, None).is_some_and(|tree| !tree.root_node().has_error())
}

fn parser() -> Parser {
    let mut parser = Parser::new();
    let language = tree_sitter_python::LANGUAGE.into();
    parser.set_language(&language).expect("the library reads grammars of this version");
    parser
}

/// The 0-based line of a text that reads as set-up.
pub(super) fn line(text: &str, names: &Names<'_>) -> Option<u32> {
    let text = without_commands(text);
    let tree = parser().parse(&text, None)?;
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if reads_as_set_up(node, &text, names) {
            return u32::try_from(node.start_position().row).ok();
        }
        if !is_passed_over(node) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

/// Magics and commands of the shell are no Python.
fn without_commands(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.trim_start().starts_with(['%', '!', '?']) {
        true => "\n",
        false => line,
    });
    lines.collect()
}

fn is_passed_over(node: Node<'_>) -> bool {
    matches!(node.kind(), "function_definition" | "class_definition" | "lambda" | "string" | "comment")
}

fn reads_as_set_up(node: Node<'_>, text: &str, names: &Names<'_>) -> bool {
    let said = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    let is_local = |node: Node<'_>| node.kind() == "identifier" && (names.is_local)(said(node));
    let field = |name: &str| node.child_by_field_name(name);
    match node.kind() {
        "dotted_name" => {
            let of_import = |parent: Node<'_>| match parent.kind() {
                "import_statement" | "aliased_import" => true,
                "import_from_statement" => parent.child_by_field_name("module_name") == Some(node),
                _ => false,
            };
            let is_it = said(node).split('.').next().is_some_and(|name| name.trim() == "ipyparallel");
            is_it && node.parent().is_some_and(of_import)
        }
        "call" => field("function").is_some_and(|function| match function.kind() {
            "identifier" => ["Client", "Cluster"].contains(&said(function)),
            "attribute" => {
                function.child_by_field_name("attribute").is_some_and(|name| CALLS.contains(&said(name)))
            }
            _ => false,
        }),
        "subscript" => {
            field("value").is_some_and(|value| value.kind() == "identifier" && (names.is_client)(said(value)))
        }
        "assignment" => {
            let is_block = |left: Node<'_>| {
                left.kind() == "attribute"
                    && left.child_by_field_name("attribute").is_some_and(|name| said(name) == "block")
            };
            field("left").is_some_and(is_block) || field("right").is_some_and(is_local)
        }
        // What a view has or does, as `view.targets = [0]`.
        "attribute" => field("object").is_some_and(is_local),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<u32> {
        let names = Names { is_client: &|name| name == "rc", is_local: &|name| name == "dview" };
        line(text, &names)
    }

    #[test]
    fn what_makes_clients_and_views_reads_as_set_up() {
        for text in [
            "import ipyparallel",
            "import os, ipyparallel as ipp",
            "from ipyparallel import Client",
            "from ipyparallel.util import x",
            "c = Client()",
            "c = ipp.Client(profile='mpi')",
            "with ipp.Cluster(n=4) as rc:\n    pass",
            "dview = rc[:]",
            "rc[::2].apply(f)",
            "view.activate('_even')",
            "view.block = True",
            "if True: view.block = False",
            "rc = cluster.connect_client_sync()",
            "dview.targets = [0]",
            "dview.set_flags(block=False)",
            "with dview.temp_flags(block=False):\n    pass",
            "ar = dview.apply_async(f)",
            "view = dview",
        ] {
            assert_eq!(found(text), Some(0), "{text}");
        }
    }

    #[test]
    fn the_line_that_reads_so_is_told() {
        assert_eq!(found("%matplotlib inline\n!ls\nx = (1 %\n  2)\ndview = rc[0]\n"), Some(4));
    }

    #[test]
    fn any_other_code_does_not() {
        for text in [
            "",
            "x = 1",
            "# rc = ipp.Client()",
            "'''\nimport ipyparallel\n'''",
            "print('Client()')",
            "import ipyparallels",
            "from . import ipyparallel",
            "client('s3')",
            "data[0] = 1",
            "data.targets = [0]",
            "data.dview = data",
            "dview = 1",
            "view.blocks = 1",
            "print(view.block)",
            "activate = 1",
            "def start():\n    return ipp.Client()",
            "class A:\n    def f(self):\n        self.block = 1",
            "f = lambda: Client()",
            "%%bash\nls | grep x",
            "x = [\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
