//! The names of a scope, as far as Python's symbol table refuses what a `global` or `nonlocal` says of them.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{
    self as ast, ExceptHandler, Expr, ExprContext, Parameters, Pattern, Stmt,
    visitor::{self, Visitor},
};
use ruff_text_size::{Ranged as _, TextRange, TextSize};

/// The names of a function, a class, or a statement at the top of a cell; those of functions and classes in it apart.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    parameters: BTreeSet<&'a str>,
    bound: BTreeSet<&'a str>,
    /// Where each is first used or given a value; imports do not count for Python.
    first: BTreeMap<&'a str, TextSize>,
    global: Vec<(&'a str, TextRange)>,
    nonlocal: Vec<(&'a str, TextRange)>,
    /// Whether what is looked at belongs to a comprehension.
    in_comprehension: bool,
}

impl<'a> Names<'a> {
    pub(super) fn new(parameters: Option<&'a Parameters>, body: &'a [Stmt]) -> Self {
        let mut names = Self::default();
        if let Some(parameters) = parameters {
            names.parameters = parameters.iter().map(|parameter| parameter.name().as_str()).collect();
        }
        names.visit_body(body);
        names
    }

    /// What is wrong with a name that is used before it is declared.
    pub(super) fn error(&self) -> Option<String> {
        let declared = [(&self.global, "global"), (&self.nonlocal, "nonlocal")];
        declared.into_iter().find_map(|(names, word)| {
            let (name, _) = names
                .iter()
                .find(|(name, range)| self.first.get(name).is_some_and(|first| *first < range.start()))?;
            Some(format!("name `{name}` is used or assigned to before its {word} declaration"))
        })
    }

    pub(super) fn is_parameter(&self, name: &str) -> bool {
        self.parameters.contains(name)
    }

    /// Where a name is declared global.
    pub(super) fn global(&self, name: &str) -> Option<TextRange> {
        self.global.iter().find(|(global, _)| *global == name).map(|(_, range)| *range)
    }

    /// Whether a function in it may call a name nonlocal.
    pub(super) fn binds(&self, name: &str) -> bool {
        let is_elsewhere = self.global.iter().chain(&self.nonlocal).any(|(declared, _)| *declared == name);
        (self.parameters.contains(name) || self.bound.contains(name)) && !is_elsewhere
    }

    fn bind(&mut self, name: &'a str, at: TextSize) {
        self.bound.insert(name);
        self.meet(name, at);
    }

    fn meet(&mut self, name: &'a str, at: TextSize) {
        let first = self.first.entry(name).or_insert(at);
        *first = at.min(*first);
    }
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.bind(&function.name, function.name.start());
                function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                self.visit_parameters(&function.parameters);
                function.returns.iter().for_each(|returns| self.visit_annotation(returns));
            }
            Stmt::ClassDef(class) => {
                self.bind(&class.name, class.name.start());
                class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                class.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
            }
            Stmt::Global(ast::StmtGlobal { names, range, .. }) => {
                self.global.extend(names.iter().map(|name| (name.as_str(), *range)));
            }
            Stmt::Nonlocal(ast::StmtNonlocal { names, range, .. }) => {
                self.nonlocal.extend(names.iter().map(|name| (name.as_str(), *range)));
            }
            Stmt::Import(ast::StmtImport { names, .. })
            | Stmt::ImportFrom(ast::StmtImportFrom { names, .. }) => {
                let bound = names.iter().map(|alias| match &alias.asname {
                    Some(name) => name.as_str(),
                    None => alias.name.split('.').next().unwrap_or_default(),
                });
                self.bound.extend(bound);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(caught) = handler;
        if let Some(name) = &caught.name {
            self.bind(name, name.start());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(ast::PatternMatchAs { name, .. })
            | Pattern::MatchStar(ast::PatternMatchStar { name, .. })
            | Pattern::MatchMapping(ast::PatternMatchMapping { rest: name, .. }) => name.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name, name.start());
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        let generators = match expression {
            Expr::ListComp(ast::ExprListComp { generators, .. })
            | Expr::SetComp(ast::ExprSetComp { generators, .. })
            | Expr::DictComp(ast::ExprDictComp { generators, .. })
            | Expr::Generator(ast::ExprGenerator { generators, .. }) => Some(generators),
            _ => None,
        };
        match expression {
            Expr::Name(name) if !self.in_comprehension => match name.ctx {
                ExprContext::Load => self.meet(&name.id, name.range.start()),
                _ => self.bind(&name.id, name.range.start()),
            },
            // It gives a name of what is around the comprehension its value.
            Expr::Named(named) if self.in_comprehension => {
                if let Expr::Name(name) = &*named.target {
                    self.bind(&name.id, name.range.start());
                }
                self.visit_expr(&named.value);
            }
            Expr::Lambda(lambda) => lambda.parameters.iter().for_each(|it| self.visit_parameters(it)),
            _ if generators.is_some() => {
                if let Some(first) = generators.and_then(|generators| generators.first()) {
                    self.visit_expr(&first.iter);
                }
                let before = std::mem::replace(&mut self.in_comprehension, true);
                visitor::walk_expr(self, expression);
                self.in_comprehension = before;
            }
            _ => visitor::walk_expr(self, expression),
        }
    }
}
