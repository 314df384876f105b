//! One statement, parsed by tree-sitter.

use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

use super::{Act, Call, Expr, effects};

/// Expressions that are nested deeper are not read.
const DEEPEST: u32 = 16;

/// What a statement says. Ranges are bytes of its text.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) acts: Vec<(Range<usize>, Act)>,
    /// What is done to views in places that are not read, and so may or may not happen.
    pub(super) maybe: Vec<(Range<usize>, Act)>,
    pub(super) imports: Option<Sync>,
}

/// The header of a `sync_imports` block.
#[derive(Debug)]
pub(super) struct Sync {
    pub(super) view: Expr,
    /// The word `sync_imports` or `importer`.
    pub(super) name: Range<usize>,
    /// The imports on the same line.
    pub(super) inline: Vec<Range<usize>>,
}

/// A parser, made once for all statements of a block.
pub(super) struct Reader {
    parser: Parser,
}

impl Reader {
    pub(super) fn new() -> Self {
        let mut parser = Parser::new();
        let language = tree_sitter_python::LANGUAGE.into();
        parser.set_language(&language).expect("the library reads grammars of this version");
        Self { parser }
    }

    /// Reads a statement, without the body it has on further lines if it is a header.
    pub(super) fn read(&mut self, text: &str, is_header: bool) -> Outcome {
        let with_body = if is_header { format!("{text}\n pass") } else { text.to_owned() };
        let opens = |tree: &Tree| !tree.root_node().has_error();
        // A header that has its body on the same line takes no other.
        let tree = self.parser.parse(&with_body, None).filter(|tree| !is_header || opens(tree));
        let Some(tree) = tree.or_else(|| self.parser.parse(text, None)) else {
            return Outcome::default();
        };
        let mut statement = StatementReader { text: &with_body, outcome: Outcome::default() };
        statement.block(tree.root_node());
        let mut outcome = statement.outcome;
        if tree.root_node().has_error() {
            // What was made of a broken statement may be wrong; only that it gives names a value is sure.
            for (range, act) in std::mem::take(&mut outcome.acts) {
                match act {
                    Act::Bind { names, .. } | Act::Forget(names) => {
                        outcome.acts.push((range, Act::Forget(names)))
                    }
                    Act::Unset(_) => {}
                    act => outcome.maybe.push((range, act)),
                }
            }
            outcome.imports = None;
        }
        outcome
    }
}

struct StatementReader<'a> {
    text: &'a str,
    outcome: Outcome,
}

impl<'a> StatementReader<'a> {
    fn text(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn act(&mut self, node: Node<'_>, act: Act) {
        self.outcome.acts.push((node.byte_range(), act));
    }

    /// The statements of a module or of a body on the same line.
    fn block(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.statement(child);
        }
    }

    fn statement(&mut self, node: Node<'_>) {
        match node.kind() {
            "expression_statement" => {
                let mut cursor = node.walk();
                for child in node.named_children(&mut cursor) {
                    self.expression(child);
                }
            }
            "with_statement" => self.with(node),
            "delete_statement" => {
                let names = self.names(node);
                self.act(node, Act::Unset(names));
                self.search(node);
            }
            "comment" | "pass_statement" => {}
            _ => self.search(node),
        }
    }

    fn expression(&mut self, node: Node<'_>) {
        match node.kind() {
            "assignment" => self.assignment(node),
            "augmented_assignment" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.unread(node, left);
                }
                self.search(node);
            }
            "call" | "await" | "parenthesized_expression" => self.evaluate(node),
            _ => self.search(node),
        }
    }

    /// An expression whose value is not kept.
    fn evaluate(&mut self, node: Node<'_>) {
        let value = self.expr(node, 0);
        if value.has_effect() {
            self.act(node, Act::Evaluate(value));
        }
        self.search_around(node);
    }

    fn assignment(&mut self, node: Node<'_>) {
        let mut targets = Vec::new();
        let mut value = Some(node);
        // `a = b = value` nests to the right.
        while let Some(assignment) = value.filter(|node| node.kind() == "assignment") {
            targets.extend(assignment.child_by_field_name("left"));
            value = assignment.child_by_field_name("right");
        }
        let Some(value) = value else { return };
        if let [target] = targets.as_slice()
            && let (Some(names), Some(values)) = (unpacked(*target), unpacked(value))
            && names.len() == values.len()
            && names.iter().all(|name| name.kind() == "identifier")
        {
            let names: Vec<Box<str>> = names.into_iter().map(|name| self.text(name).into()).collect();
            let values: Vec<Expr> = values.into_iter().map(|value| self.expr(value, 0)).collect();
            self.search(value);
            if values.iter().any(|value| matches!(value, Expr::Name(name) if names.contains(name))) {
                return self.act(node, Act::Forget(names));
            }
            for (name, value) in names.into_iter().zip(values) {
                self.bind(node, vec![name], value);
            }
            return;
        }
        let read = self.expr(value, 0);
        self.search_around(value);
        let mut names = Vec::new();
        for target in targets {
            match target.kind() {
                "identifier" => names.push(self.text(target).into()),
                "attribute" => self.attribute(node, target, &read),
                _ => self.unread(node, target),
            }
        }
        if names.is_empty() {
            self.act(node, Act::Evaluate(read));
        } else {
            self.bind(node, names, read);
        }
    }

    /// What is assigned to is given a value that is not read.
    fn unread(&mut self, node: Node<'_>, target: Node<'_>) {
        let names = self.names(target);
        self.act(node, Act::Forget(names));
        let mut attributes = Vec::new();
        descend(target, |part| {
            // `v.targets[0]` is a part of them.
            if part.kind() == "attribute"
                && let Expr::Attribute(object, name) = self.expr(part, 0)
            {
                attributes.push((*object, name));
            }
            part.kind() != "attribute"
        });
        for (object, name) in attributes {
            effects::of_attribute(object, &name, Expr::Other).into_iter().for_each(|act| self.act(node, act));
        }
    }

    fn bind(&mut self, node: Node<'_>, names: Vec<Box<str>>, value: Expr) {
        match value {
            Expr::Other => self.act(node, Act::Forget(names)),
            value => self.act(node, Act::Bind { names, value }),
        }
    }

    fn attribute(&mut self, node: Node<'_>, target: Node<'_>, value: &Expr) {
        let Expr::Attribute(object, name) = self.expr(target, 0) else { return };
        let acts = effects::of_attribute(*object, &name, value.clone());
        acts.into_iter().for_each(|act| self.act(node, act));
    }

    fn with(&mut self, node: Node<'_>) {
        let mut cursor = node.walk();
        let clause = node.named_children(&mut cursor).find(|child| child.kind() == "with_clause");
        let items: Vec<Node<'_>> = clause.map(|clause| self.with_items(clause)).unwrap_or_default();
        let body = node.child_by_field_name("body");
        for item in items {
            let (value, alias) = match item.kind() {
                "as_pattern" => (item.named_child(0), item.child_by_field_name("alias")),
                _ => (Some(item), None),
            };
            let Some(value) = value else { continue };
            if let Some((view, name)) = self.sync_imports(value) {
                let mut inline = Vec::new();
                let body = body.filter(|body| body.start_position().row == item.end_position().row);
                if let Some(body) = body {
                    let mut cursor = body.walk();
                    let imports = ["import_statement", "import_from_statement"];
                    inline.extend(
                        body.named_children(&mut cursor)
                            .filter(|child| imports.contains(&child.kind()))
                            .map(|child| child.byte_range()),
                    );
                }
                self.outcome.imports.get_or_insert(Sync { view, name, inline });
                continue;
            }
            let read = self.expr(value, 0);
            if let Expr::Call(call) = &read
                && let Expr::Attribute(object, method) = &call.function
                && &**method == "temp_flags"
            {
                let object = Expr::clone(object);
                self.act(item, Act::BeginFlags { object, call: read });
                continue;
            }
            self.search_around(value);
            match alias.map(|alias| self.names(alias)) {
                Some(names) if names.len() == 1 => self.bind(item, names, read),
                Some(names) => self.act(item, Act::Forget(names)),
                None => self.act(item, Act::Evaluate(read)),
            }
        }
        if let Some(body) = body {
            self.block(body);
        }
    }

    fn with_items<'t>(&self, clause: Node<'t>) -> Vec<Node<'t>> {
        let mut cursor = clause.walk();
        clause.named_children(&mut cursor).filter_map(|item| item.child_by_field_name("value")).collect()
    }

    /// The view of `view.sync_imports()` or `view.importer`, and where that word stands.
    fn sync_imports(&self, node: Node<'_>) -> Option<(Expr, Range<usize>)> {
        let (attribute, word) = match node.kind() {
            "call" => (node.child_by_field_name("function")?, "sync_imports"),
            _ => (node, "importer"),
        };
        let name = attribute.child_by_field_name("attribute").filter(|name| self.text(*name) == word)?;
        let object = attribute.child_by_field_name("object")?;
        Some((self.expr(object, 0), name.byte_range()))
    }

    /// All names in a pattern.
    fn names(&self, node: Node<'_>) -> Vec<Box<str>> {
        let mut names = Vec::new();
        descend(node, |node| match node.kind() {
            "identifier" => {
                names.push(self.text(node).into());
                false
            }
            "attribute" | "subscript" | "call" => false,
            _ => true,
        });
        names
    }

    /// Notes what is done to views in what is not read, and reads the assignments of a body on the same line.
    fn search(&mut self, node: Node<'_>) {
        let mut assignments = Vec::new();
        let whole = node.id();
        let mut found = Vec::new();
        descend(node, |node| {
            if node.id() != whole && ["assignment", "augmented_assignment"].contains(&node.kind()) {
                assignments.push(node);
                return false;
            }
            let acts = self.effects(node);
            found.extend(acts.into_iter().map(|act| (node.byte_range(), act)));
            true
        });
        self.outcome.maybe.append(&mut found);
        assignments.into_iter().for_each(|node| self.expression(node));
    }

    /// The same of an expression that is read, where that is done by what it is made of: its arguments and its keys.
    fn search_around(&mut self, node: Node<'_>) {
        let mut next = Some(node);
        while let Some(node) = next {
            let is_read = || matches!(self.expr(node, 0), Expr::Call(call) if effects::is_by_method(&call));
            let acts = match node.kind() {
                "attribute" => self.effects(node),
                "call" if !is_read() => self.effects(node),
                _ => Vec::new(),
            };
            self.outcome.maybe.extend(acts.into_iter().map(|act| (node.byte_range(), act)));
            next = match node.kind() {
                "parenthesized_expression" | "await" => node.named_child(0),
                "attribute" => node.child_by_field_name("object"),
                "call" => {
                    node.child_by_field_name("arguments").into_iter().for_each(|node| self.search(node));
                    node.child_by_field_name("function")
                }
                _ => return self.search(node),
            };
        }
    }

    /// What a node does to views by itself.
    fn effects(&self, node: Node<'_>) -> Vec<Act> {
        let is_callee = || {
            let parent = node.parent().filter(|parent| parent.kind() == "call");
            parent.and_then(|parent| parent.child_by_field_name("function")) == Some(node)
        };
        match node.kind() {
            "call" | "attribute" => match self.expr(node, 0) {
                Expr::Call(call) if effects::is_by_method(&call) => vec![Act::Evaluate(Expr::Call(call))],
                Expr::Call(call) => {
                    let mut acts = effects::of_call(&call);
                    acts.extend(effects::of_code(self.text(node)));
                    acts
                }
                // `act = view.activate`, which may be called wherever it is handed to.
                Expr::Attribute(object, name) if &*name == "activate" && !is_callee() => {
                    vec![effects::activate(*object)]
                }
                _ => Vec::new(),
            },
            // The parts of `v.targets[0]` are deleted.
            "subscript" if node.parent().is_some_and(|parent| parent.kind() == "delete_statement") => {
                match node.child_by_field_name("value").map(|value| self.expr(value, 0)) {
                    Some(Expr::Attribute(object, name)) => effects::of_attribute(*object, &name, Expr::Other),
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn expr(&self, node: Node<'_>, depth: u32) -> Expr {
        if depth > DEEPEST {
            return Expr::Other;
        }
        let text = self.text(node);
        let below = |node| self.expr(node, depth + 1);
        let field = |name| node.child_by_field_name(name).map_or(Expr::Other, below);
        match node.kind() {
            "identifier" => Expr::Name(text.into()),
            "integer" => text.replace('_', "").parse().map_or(Expr::Other, Expr::Int),
            "unary_operator" => match field("argument") {
                Expr::Int(number) if text.starts_with('-') => Expr::Int(-number),
                _ => Expr::Other,
            },
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            "none" => Expr::None,
            "string" => self.string(node),
            "binary_operator" => match [field("left"), field("right")] {
                [Expr::Made, _] | [_, Expr::Made] => Expr::Made,
                [Expr::Text(text), _] | [_, Expr::Text(text)] if !text.is_empty() => Expr::Made,
                _ => Expr::Other,
            },
            "parenthesized_expression" | "await" => node.named_child(0).map_or(Expr::Other, below),
            "list" | "tuple" | "expression_list" => {
                let mut cursor = node.walk();
                let items = node.named_children(&mut cursor).filter(|item| item.kind() != "comment");
                Expr::Sequence(items.map(below).collect())
            }
            "slice" => self.slice(node, depth),
            "attribute" => match node.child_by_field_name("attribute") {
                Some(name) => Expr::Attribute(Box::new(field("object")), self.text(name).into()),
                None => Expr::Other,
            },
            "subscript" => self.subscript(node, depth),
            "call" => self.call(node, depth),
            _ => Expr::Other,
        }
    }

    fn string(&self, node: Node<'_>) -> Expr {
        if let Some(text) = plain_string(self.text(node)) {
            return Expr::Text(text.into());
        }
        let mut cursor = node.walk();
        let is_filled = node.named_children(&mut cursor).any(|part| part.kind() == "string_content");
        if is_filled { Expr::Made } else { Expr::Other }
    }

    fn slice(&self, node: Node<'_>, depth: u32) -> Expr {
        let mut parts = [Expr::None, Expr::None, Expr::None];
        let mut at = 0;
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            match child.kind() {
                ":" => at += 1,
                _ => match parts.get_mut(at) {
                    Some(part) => *part = self.expr(child, depth + 1),
                    None => return Expr::Other,
                },
            }
        }
        Expr::Slice(Box::new(parts))
    }

    fn subscript(&self, node: Node<'_>, depth: u32) -> Expr {
        let Some(value) = node.child_by_field_name("value") else { return Expr::Other };
        let mut cursor = node.walk();
        let mut keys: Vec<Expr> = node
            .children_by_field_name("subscript", &mut cursor)
            .filter(Node::is_named)
            .map(|key| self.expr(key, depth + 1))
            .collect();
        let has_comma = node.children(&mut node.walk()).any(|child| child.kind() == ",");
        let key = match (keys.len(), has_comma) {
            (0, _) => return Expr::Other,
            (1, false) => keys.remove(0),
            _ => Expr::Sequence(keys),
        };
        Expr::Subscript(Box::new([self.expr(value, depth + 1), key]))
    }

    fn call(&self, node: Node<'_>, depth: u32) -> Expr {
        let Some(function) = node.child_by_field_name("function") else { return Expr::Other };
        let mut call =
            Call { function: self.expr(function, depth + 1), arguments: Vec::new(), keywords: Vec::new() };
        let Some(list) = node.child_by_field_name("arguments") else { return Expr::Other };
        let mut cursor = list.walk();
        for argument in list.named_children(&mut cursor) {
            match argument.kind() {
                "comment" => {}
                "keyword_argument" => {
                    let (Some(name), Some(value)) =
                        (argument.child_by_field_name("name"), argument.child_by_field_name("value"))
                    else {
                        continue;
                    };
                    call.keywords.push((self.text(name).into(), self.expr(value, depth + 1)));
                }
                "list_splat" | "dictionary_splat" => {
                    // What is passed so may be anything.
                    call.arguments.push(Expr::Other);
                }
                _ => call.arguments.push(self.expr(argument, depth + 1)),
            }
        }
        match (&call.function, call.arguments.as_slice()) {
            // `getattr(view, 'activate')` is `view.activate`.
            (Expr::Name(name), [object, Expr::Text(attribute), ..]) if &**name == "getattr" => {
                Expr::Attribute(Box::new(object.clone()), attribute.clone())
            }
            _ => Expr::Call(Box::new(call)),
        }
    }
}

/// The parts of `a, b`, `(a, b)` or `[a, b]`.
fn unpacked(node: Node<'_>) -> Option<Vec<Node<'_>>> {
    let kinds = ["pattern_list", "tuple_pattern", "list_pattern", "expression_list", "tuple", "list"];
    if !kinds.contains(&node.kind()) {
        return None;
    }
    let mut cursor = node.walk();
    Some(node.named_children(&mut cursor).collect())
}

/// Visits a node and what is in it, as far down as `enter` says yes.
fn descend<'t>(node: Node<'t>, mut enter: impl FnMut(Node<'t>) -> bool) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if enter(node) {
            let mut cursor = node.walk();
            let children: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
            open.extend(children.into_iter().rev());
        }
    }
}

/// What a string literal says; `None` for one that has escapes or fields.
fn plain_string(text: &str) -> Option<&str> {
    let bare = text.trim_start_matches(['r', 'R', 'u', 'U']);
    let inner = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find_map(|quote| bare.strip_prefix(quote)?.strip_suffix(quote))?;
    (!inner.contains('\\')).then_some(inner)
}
