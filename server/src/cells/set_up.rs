//! Whether a notebook's cell without px magics reads as set-up: code that makes clients and views here, beside the engines, and
//! would fail on them. The bodies of functions and classes do not count: they are not run where they are written.

use ruff_python_ast::{
    self as ast, AnyNodeRef, Expr,
    visitor::source_order::{SourceOrderVisitor, TraversalSignal},
};
use ruff_text_size::{Ranged, TextSize};

use super::syntax;

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

/// The 0-based line of a text that reads as set-up.
pub(super) fn line(text: &str, names: &Names<'_>) -> Option<u32> {
    let text = without_commands(text);
    let parsed = syntax::parse(&text)?;
    let mut search = Search { names, found: None };
    search.visit_body(parsed.suite());
    let before = &text[..search.found?.to_usize()];
    u32::try_from(before.matches('\n').count()).ok()
}

/// Magics and commands of the shell are no Python.
fn without_commands(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.trim_start().starts_with(['%', '!', '?']) {
        true => "\n",
        false => line,
    });
    lines.collect()
}

/// Looks for the first thing that reads as set-up.
struct Search<'a> {
    names: &'a Names<'a>,
    found: Option<TextSize>,
}

impl<'a> SourceOrderVisitor<'a> for Search<'_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.found = self.found.or_else(|| self.set_up(node));
        let decorators = match node {
            _ if self.found.is_some() => return TraversalSignal::Skip,
            AnyNodeRef::StmtFunctionDef(function) => &function.decorator_list,
            AnyNodeRef::StmtClassDef(class) => &class.decorator_list,
            AnyNodeRef::ExprLambda(_) | AnyNodeRef::ExprFString(_) | AnyNodeRef::ExprTString(_) => {
                return TraversalSignal::Skip;
            }
            _ => return TraversalSignal::Traverse,
        };
        decorators.iter().for_each(|decorator| self.visit_decorator(decorator));
        TraversalSignal::Skip
    }
}

impl Search<'_> {
    /// Where the part of a node stands that reads as set-up, what is below the node apart.
    fn set_up(&self, node: AnyNodeRef<'_>) -> Option<TextSize> {
        let is_local =
            |value: &Expr| value.as_name_expr().is_some_and(|name| (self.names.is_local)(&name.id));
        let is_block = |target: &Expr| target.as_attribute_expr().is_some_and(|it| &it.attr == "block");
        let is_set_up = match node {
            AnyNodeRef::StmtImport(import) => {
                return import.names.iter().find(|alias| is_ipyparallel(&alias.name)).map(Ranged::start);
            }
            AnyNodeRef::StmtImportFrom(import) => {
                let module = import.module.as_ref().filter(|_| import.level == 0);
                return module.filter(|module| is_ipyparallel(module)).map(Ranged::start);
            }
            AnyNodeRef::ExprCall(call) => match &*call.func {
                Expr::Name(name) => ["Client", "Cluster"].contains(&name.id.as_str()),
                Expr::Attribute(method) => CALLS.contains(&method.attr.as_str()),
                _ => false,
            },
            AnyNodeRef::ExprSubscript(subscript) => {
                subscript.value.as_name_expr().is_some_and(|name| (self.names.is_client)(&name.id))
            }
            AnyNodeRef::StmtAssign(ast::StmtAssign { targets, value, .. }) => {
                targets.iter().any(is_block) || is_local(value)
            }
            AnyNodeRef::StmtAnnAssign(ast::StmtAnnAssign { target, value, .. }) => {
                is_block(target) || value.as_deref().is_some_and(is_local)
            }
            // What a view has or does, as `view.targets = [0]`.
            AnyNodeRef::ExprAttribute(attribute) => is_local(&attribute.value),
            _ => false,
        };
        is_set_up.then(|| node.start())
    }
}

fn is_ipyparallel(module: &str) -> bool {
    module.split('.').next() == Some("ipyparallel")
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
