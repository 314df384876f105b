//! One statement, parsed.

use std::{ops::Range, slice};

use ruff_python_ast::{
    self as ast, AnyNodeRef,
    visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_node},
};
use ruff_text_size::Ranged;

use super::{Act, Call, Expr, effects, syntax};

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

/// Reads a statement, without the body it has on further lines if it is a header.
pub(super) fn read(text: &str, is_header: bool) -> Outcome {
    if is_help(text) {
        return Outcome::default();
    }
    let with_body = is_header.then(|| syntax::parse(&format!("{text}\n pass"))).flatten();
    // A header that has its body on the same line takes no other.
    let with_body = with_body.filter(|parsed| parsed.errors().is_empty());
    let Some(parsed) = with_body.or_else(|| syntax::parse(text)) else { return Outcome::default() };
    let mut reader = Reader { text, outcome: Outcome::default() };
    reader.statements(parsed.suite());
    let mut outcome = reader.outcome;
    if !parsed.errors().is_empty() {
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

/// `view.activate?` shows help, and does nothing else.
fn is_help(text: &str) -> bool {
    let Some(name) = text.trim_end().strip_suffix('?') else { return false };
    let name = name.strip_suffix('?').unwrap_or(name);
    !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric() || ".:[]'\"*".contains(c))
}

struct Reader<'a> {
    text: &'a str,
    outcome: Outcome,
}

impl Reader<'_> {
    fn act(&mut self, range: &Range<usize>, act: Act) {
        if matches!(&act, Act::Evaluate(value) if !value.has_effect()) {
            return;
        }
        self.outcome.acts.push((range.clone(), act));
    }

    fn statements(&mut self, statements: &[ast::Stmt]) {
        statements.iter().for_each(|statement| self.statement(statement.into()));
    }

    fn statement(&mut self, node: AnyNodeRef<'_>) {
        let range = bytes(&node);
        match node {
            AnyNodeRef::StmtExpr(statement) => match &*statement.value {
                ast::Expr::Tuple(values) if !values.parenthesized => {
                    values.iter().for_each(|value| self.evaluate(&bytes(value), value));
                }
                value => self.evaluate(&range, value),
            },
            AnyNodeRef::StmtAssign(ast::StmtAssign { targets, value, .. }) => {
                self.assignment(&range, targets, value);
            }
            AnyNodeRef::StmtAnnAssign(ast::StmtAnnAssign { target, value, .. }) => {
                if let Some(value) = value {
                    self.assignment(&range, slice::from_ref(target), value);
                }
            }
            AnyNodeRef::StmtAugAssign(assignment) => {
                self.unread(&range, &assignment.target);
                self.search(node);
            }
            AnyNodeRef::StmtWith(with) => self.with(with),
            AnyNodeRef::StmtDelete(delete) => {
                let names = delete.targets.iter().flat_map(self::names).collect();
                self.act(&range, Act::Unset(names));
                self.search(node);
            }
            _ => self.search(node),
        }
    }

    /// An expression whose value is not kept.
    fn evaluate(&mut self, range: &Range<usize>, node: &ast::Expr) {
        self.act(range, Act::Evaluate(expr(node)));
        self.search_around(node);
    }

    fn assignment(&mut self, range: &Range<usize>, targets: &[ast::Expr], value: &ast::Expr) {
        if let [target] = targets
            && let (Some(targets), Some(values)) = (unpacked(target), unpacked(value))
            && targets.len() == values.len()
            && targets.iter().all(ast::Expr::is_name_expr)
        {
            let names = self::names(target);
            let values: Vec<Expr> = values.iter().map(expr).collect();
            self.search(value.into());
            if values.iter().any(|value| matches!(value, Expr::Name(name) if names.contains(name))) {
                return self.act(range, Act::Forget(names));
            }
            for (name, value) in names.into_iter().zip(values) {
                self.bind(range, vec![name], value);
            }
            return;
        }
        let read = expr(value);
        self.search_around(value);
        let mut bound = Vec::new();
        for target in targets {
            match target {
                ast::Expr::Name(_) => bound.extend(names(target)),
                ast::Expr::Attribute(attribute) => {
                    let object = expr(&attribute.value);
                    for act in effects::of_attribute(object, &attribute.attr, read.clone()) {
                        self.act(range, act);
                    }
                }
                _ => self.unread(range, target),
            }
        }
        if bound.is_empty() {
            self.act(range, Act::Evaluate(read));
        } else {
            self.bind(range, bound, read);
        }
    }

    /// What is assigned to is given a value that is not read.
    fn unread(&mut self, range: &Range<usize>, target: &ast::Expr) {
        self.act(range, Act::Forget(names(target)));
        let mut acts = Vec::new();
        // `v.targets[0]` is a part of them.
        descend(target.into(), |part| {
            let AnyNodeRef::ExprAttribute(attribute) = part else { return true };
            acts.extend(effects::of_attribute(expr(&attribute.value), &attribute.attr, Expr::Other));
            false
        });
        acts.into_iter().for_each(|act| self.act(range, act));
    }

    fn bind(&mut self, range: &Range<usize>, names: Vec<Box<str>>, value: Expr) {
        match value {
            Expr::Other => self.act(range, Act::Forget(names)),
            value => self.act(range, Act::Bind { names, value }),
        }
    }

    fn with(&mut self, with: &ast::StmtWith) {
        for item in &with.items {
            let value = &item.context_expr;
            if let Some((view, name)) = sync_imports(value) {
                let inline = self.inline_imports(item, &with.body);
                self.act(&bytes(item), Act::Evaluate(view.clone()));
                self.outcome.imports.get_or_insert(Sync { view, name, inline });
                continue;
            }
            let range = bytes(item);
            let read = expr(value);
            if let Expr::Call(call) = &read
                && let Expr::Attribute(object, method) = &call.function
                && &**method == "temp_flags"
            {
                let object = Expr::clone(object);
                self.act(&range, Act::BeginFlags { object, call: read });
                continue;
            }
            self.search_around(value);
            match item.optional_vars.as_deref().map(self::names) {
                Some(names) if names.len() == 1 => self.bind(&range, names, entered(read)),
                Some(names) => self.act(&range, Act::Forget(names)),
                None => self.act(&range, Act::Evaluate(read)),
            }
        }
        self.statements(&with.body);
    }

    /// The imports in a body that stands on the line of its header.
    fn inline_imports(&self, header: &ast::WithItem, body: &[ast::Stmt]) -> Vec<Range<usize>> {
        let end = bytes(header).end;
        let begin = body.first().map_or(end, |first| bytes(first).start);
        // The body that was given to a header stands behind its text.
        if self.text.get(end..begin).is_none_or(|between| between.contains('\n')) {
            return Vec::new();
        }
        body.iter().filter(|it| it.is_import_stmt() || it.is_import_from_stmt()).map(bytes).collect()
    }

    /// Notes what is done to views in what is not read, and reads the assignments of a body on the same line.
    fn search(&mut self, node: AnyNodeRef<'_>) {
        let mut assignments = Vec::new();
        let mut callee = None;
        let (text, maybe) = (self.text, &mut self.outcome.maybe);
        descend(node, |part| {
            let is_assignment = matches!(
                part,
                AnyNodeRef::StmtAssign(_) | AnyNodeRef::StmtAnnAssign(_) | AnyNodeRef::StmtAugAssign(_)
            );
            if is_assignment && !part.ptr_eq(node) {
                assignments.push(part);
                return false;
            }
            let is_callee = callee.is_some_and(|callee| part.ptr_eq(callee));
            maybe.extend(acts(text, part, is_callee));
            if part.is_expr_call()
                && let Expr::Call(call) = expr_at(part, 0)
                && effects::makes_client(&call)
            {
                maybe.push((bytes(&part), Act::Evaluate(Expr::Call(call))));
            }
            if let AnyNodeRef::ExprCall(call) = part {
                callee = Some((&*call.func).into());
            }
            true
        });
        assignments.into_iter().for_each(|assignment| self.statement(assignment));
    }

    /// The same of an expression that is read, where that is done by what it is made of: its arguments and its keys.
    fn search_around(&mut self, expression: &ast::Expr) {
        let mut next = expression;
        let mut is_callee = false;
        loop {
            let is_read = matches!(expr(next), Expr::Call(call) if effects::is_by_method(&call));
            if !is_read && (next.is_call_expr() || next.is_attribute_expr()) {
                self.outcome.maybe.extend(acts(self.text, next.into(), is_callee));
            }
            is_callee = next.is_call_expr();
            next = match next {
                ast::Expr::Await(it) => &it.value,
                ast::Expr::Attribute(attribute) => &attribute.value,
                ast::Expr::Call(call) => {
                    call.arguments.iter_source_order().for_each(|it| self.search(it.value().into()));
                    &call.func
                }
                _ => return self.search(next.into()),
            };
        }
    }
}

/// What `with` gives a name: of a cluster, a client that is connected to it.
fn entered(context: Expr) -> Expr {
    if !matches!(context, Expr::Name(_) | Expr::Call(_)) {
        return context;
    }
    let function = Expr::Attribute(Box::new(context), "__enter__".into());
    Expr::Call(Box::new(Call { function, arguments: Vec::new(), keywords: Vec::new() }))
}

/// The view of `view.sync_imports()` or `view.importer`, and where that word stands.
fn sync_imports(value: &ast::Expr) -> Option<(Expr, Range<usize>)> {
    let (attribute, word) = match value {
        ast::Expr::Call(call) => (&*call.func, "sync_imports"),
        _ => (value, "importer"),
    };
    let attribute = attribute.as_attribute_expr().filter(|attribute| &attribute.attr == word)?;
    Some((expr(&attribute.value), bytes(&attribute.attr)))
}

/// What a node does to views by itself, and where that stands.
fn acts(text: &str, node: AnyNodeRef<'_>, is_callee: bool) -> Vec<(Range<usize>, Act)> {
    let acts = match node {
        AnyNodeRef::ExprCall(_) | AnyNodeRef::ExprAttribute(_) => match expr_at(node, 0) {
            Expr::Call(call) if effects::is_by_method(&call) => vec![Act::Evaluate(Expr::Call(call))],
            Expr::Call(call) => {
                let mut acts = effects::of_call(&call);
                acts.extend(effects::of_code(text.get(bytes(&node)).unwrap_or_default()));
                acts
            }
            // `act = view.activate`, which may be called wherever it is handed to.
            Expr::Attribute(object, name) if &*name == "activate" && !is_callee => {
                vec![effects::activate(*object)]
            }
            _ => Vec::new(),
        },
        AnyNodeRef::StmtDelete(delete) => return delete.targets.iter().flat_map(acts_of_deleted).collect(),
        _ => Vec::new(),
    };
    acts.into_iter().map(|act| (bytes(&node), act)).collect()
}

/// What it does to delete a part of `v.targets`.
fn acts_of_deleted(target: &ast::Expr) -> Vec<(Range<usize>, Act)> {
    let part = target.as_subscript_expr();
    let Some(whole) = part.and_then(|part| part.value.as_attribute_expr()) else { return Vec::new() };
    let acts = effects::of_attribute(expr(&whole.value), &whole.attr, Expr::Other);
    acts.into_iter().map(|act| (bytes(target), act)).collect()
}

fn expr(node: &ast::Expr) -> Expr {
    expr_at(node.into(), 0)
}

fn expr_at(node: AnyNodeRef<'_>, depth: u32) -> Expr {
    if depth > DEEPEST {
        return Expr::Other;
    }
    let below = |node: &ast::Expr| expr_at(node.into(), depth + 1);
    match node {
        // The parser gives an empty name to what is missing.
        AnyNodeRef::ExprName(name) if !name.id.is_empty() => Expr::Name(name.id.as_str().into()),
        AnyNodeRef::ExprNumberLiteral(number) => match &number.value {
            ast::Number::Int(number) => number.as_i64().map_or(Expr::Other, Expr::Int),
            _ => Expr::Other,
        },
        AnyNodeRef::ExprUnaryOp(operation) => match (operation.op, below(&operation.operand)) {
            (ast::UnaryOp::USub, Expr::Int(number)) => Expr::Int(-number),
            _ => Expr::Other,
        },
        AnyNodeRef::ExprBooleanLiteral(literal) => Expr::Bool(literal.value),
        AnyNodeRef::ExprNoneLiteral(_) => Expr::None,
        AnyNodeRef::ExprStringLiteral(literal) => Expr::Text(literal.value.to_str().into()),
        AnyNodeRef::ExprFString(text) => {
            let is_filled = |part: &ast::FStringPart| match part {
                ast::FStringPart::Literal(literal) => !literal.is_empty(),
                ast::FStringPart::FString(text) => text.elements.literals().next().is_some(),
            };
            if text.value.iter().any(is_filled) { Expr::Made } else { Expr::Other }
        }
        AnyNodeRef::ExprBinOp(operation) => match [below(&operation.left), below(&operation.right)] {
            [Expr::Made, _] | [_, Expr::Made] => Expr::Made,
            [Expr::Text(text), _] | [_, Expr::Text(text)] if !text.is_empty() => Expr::Made,
            _ => Expr::Other,
        },
        AnyNodeRef::ExprAwait(waits) => below(&waits.value),
        AnyNodeRef::ExprList(ast::ExprList { elts, .. }) => Expr::Sequence(elts.iter().map(below).collect()),
        AnyNodeRef::ExprTuple(ast::ExprTuple { elts, .. }) => {
            Expr::Sequence(elts.iter().map(below).collect())
        }
        AnyNodeRef::ExprSlice(slice) => {
            let parts = [&slice.lower, &slice.upper, &slice.step];
            Expr::Slice(Box::new(parts.map(|part| part.as_deref().map_or(Expr::None, below))))
        }
        AnyNodeRef::ExprAttribute(attribute) => {
            Expr::Attribute(Box::new(below(&attribute.value)), attribute.attr.as_str().into())
        }
        AnyNodeRef::ExprSubscript(subscript) => {
            Expr::Subscript(Box::new([below(&subscript.value), below(&subscript.slice)]))
        }
        AnyNodeRef::ExprCall(call) => {
            // What is passed with stars may be anything.
            let mut arguments: Vec<Expr> = call.arguments.args.iter().map(below).collect();
            let mut keywords = Vec::new();
            for keyword in &call.arguments.keywords {
                match &keyword.arg {
                    Some(name) => keywords.push((name.as_str().into(), below(&keyword.value))),
                    None => arguments.push(Expr::Other),
                }
            }
            match (below(&call.func), arguments.as_slice()) {
                // `getattr(view, 'activate')` is `view.activate`.
                (Expr::Name(name), [object, Expr::Text(attribute), ..]) if &*name == "getattr" => {
                    Expr::Attribute(Box::new(object.clone()), attribute.clone())
                }
                (function, _) => Expr::Call(Box::new(Call { function, arguments, keywords })),
            }
        }
        _ => Expr::Other,
    }
}

/// The parts of `a, b`, `(a, b)` or `[a, b]`.
fn unpacked(node: &ast::Expr) -> Option<&[ast::Expr]> {
    match node {
        ast::Expr::Tuple(tuple) => Some(&tuple.elts),
        ast::Expr::List(list) => Some(&list.elts),
        _ => None,
    }
}

/// All names in a pattern.
fn names(pattern: &ast::Expr) -> Vec<Box<str>> {
    let mut names = Vec::new();
    descend(pattern.into(), |part| match part {
        AnyNodeRef::ExprName(name) => {
            if !name.id.is_empty() {
                names.push(name.id.as_str().into());
            }
            false
        }
        AnyNodeRef::ExprAttribute(_) | AnyNodeRef::ExprSubscript(_) | AnyNodeRef::ExprCall(_) => false,
        _ => true,
    });
    names
}

/// Visits a node and what is in it, as far down as `enter` says yes.
fn descend<'a>(node: AnyNodeRef<'a>, enter: impl FnMut(AnyNodeRef<'a>) -> bool) {
    struct Descent<F>(F);

    impl<'a, F: FnMut(AnyNodeRef<'a>) -> bool> SourceOrderVisitor<'a> for Descent<F> {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            if (self.0)(node) { TraversalSignal::Traverse } else { TraversalSignal::Skip }
        }
    }

    walk_node(&mut Descent(enter), node);
}

fn bytes(node: &impl Ranged) -> Range<usize> {
    node.range().to_std_range()
}
