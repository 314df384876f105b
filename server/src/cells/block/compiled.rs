//! Statements that Python's grammar allows and its compiler does not, such as a `return` outside of a function. IPython parses a
//! cell as a whole and compiles its statements one by one, so those above such a statement run.

use std::cell::Cell;

use ruff_python_ast::{
    self as ast, Expr, PythonVersion, Stmt,
    visitor::{self, Visitor},
};
use ruff_python_parser::semantic_errors::{
    LazyImportContext, SemanticSyntaxChecker, SemanticSyntaxContext, SemanticSyntaxError,
};
use ruff_text_size::{Ranged as _, TextRange};

use super::{super::prefix::Prefix, scopes::Names};

/// The first of a cell's statements that does not compile: the offset in bytes of its first line, and what is wrong with it.
pub(super) fn error(statements: &[Stmt], source: &str) -> Option<(usize, String)> {
    statements.iter().find_map(|statement| {
        let mut check = Check::new(source);
        check.named(Names::new(None, std::slice::from_ref(statement)), |check| check.visit_stmt(statement));
        Some((statement.start().to_usize(), check.error.take()?))
    })
}

/// The first of a cell's statements that surely ends the cell: its offset, and what it is.
pub(super) fn ends(statements: &[Stmt]) -> Option<(usize, &'static str)> {
    let is_false = |test: &Expr| match test {
        Expr::BooleanLiteral(literal) => !literal.value,
        Expr::NumberLiteral(number) => matches!(&number.value, ast::Number::Int(int) if *int == 0),
        _ => false,
    };
    let is_true = |test: &Expr| match test {
        Expr::BooleanLiteral(literal) => literal.value,
        Expr::NumberLiteral(number) => matches!(&number.value, ast::Number::Int(int) if *int == 1),
        _ => false,
    };
    let is_exit = |value: &Expr| {
        let function = value.as_call_expr().and_then(|call| call.func.as_attribute_expr());
        function.is_some_and(|function| {
            &function.attr == "exit" && function.value.as_name_expr().is_some_and(|name| name.id == "sys")
        })
    };
    statements.iter().find_map(|statement| {
        let what = match statement {
            Stmt::Raise(_) => "`raise`",
            Stmt::Assert(assert) if is_false(&assert.test) => "`assert`",
            Stmt::Expr(expression) if is_exit(&expression.value) => "`sys.exit()`",
            Stmt::If(condition) if is_true(&condition.test) => ends(&condition.body)?.1,
            _ => return None,
        };
        Some((statement.start().to_usize(), what))
    })
}

/// What a magic that compiles all statements at once does not take, though IPython takes it in a cell: where, and what.
pub(super) fn error_by(by: Prefix, statements: &[Stmt]) -> Option<(usize, String)> {
    let in_function = by == Prefix::Timeit;
    statements.iter().find_map(|statement| {
        let said = match statement {
            Stmt::ImportFrom(import) if in_function && import.names.iter().any(|name| &name.name == "*") => {
                Some("`import *`")
            }
            Stmt::ImportFrom(import)
                if in_function && import.module.as_ref().is_some_and(|module| module == "__future__") =>
            {
                Some("an import from `__future__`")
            }
            _ if by == Prefix::Time => None,
            _ => {
                let mut waits = Waits(false);
                waits.visit_stmt(statement);
                waits.0.then_some("`await` outside of an async function")
            }
        };
        Some((statement.start().to_usize(), format!("%%{} does not take {} in its body", by.name(), said?)))
    })
}

/// Whether a statement waits, functions in it apart.
struct Waits(bool);

impl Visitor<'_> for Waits {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::For(ast::StmtFor { is_async: true, .. })
            | Stmt::With(ast::StmtWith { is_async: true, .. }) => {
                self.0 = true;
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &Expr) {
        match expression {
            Expr::Await(_) => self.0 = true,
            Expr::Lambda(_) => {}
            _ => visitor::walk_expr(self, expression),
        }
    }
}

/// Looks through one statement.
struct Check<'a> {
    source: &'a str,
    checker: SemanticSyntaxChecker,
    /// What the code that is looked at stands in, from the outside in.
    scopes: Vec<Scope>,
    /// The names of the functions and classes among them, those of the statement first.
    names: Vec<Names<'a>>,
    /// The first error.
    error: Cell<Option<String>>,
}

const OF_GROUP: &str = "`break`, `continue` and `return` cannot stand in an `except*` block";

const DEBUG: &str = "__debug__";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Loop,
    Class,
    Function {
        is_async: bool,
    },
    Comprehension,
    Generator,
    /// An `except*`.
    Group,
}

impl<'a> Check<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            checker: SemanticSyntaxChecker::new(),
            scopes: Vec::new(),
            names: Vec::new(),
            error: Cell::default(),
        }
    }

    fn report(&self, error: String) {
        self.error.set(Some(self.error.take().unwrap_or(error)));
    }

    fn within(&mut self, scope: Scope, visit: impl FnOnce(&mut Self)) {
        self.scopes.push(scope);
        visit(self);
        self.scopes.pop();
    }

    /// The same with the names of a function, a class or the statement.
    fn named(&mut self, names: Names<'a>, visit: impl FnOnce(&mut Self)) {
        if let Some(error) = names.error() {
            self.report(error);
        }
        self.names.push(names);
        visit(self);
        self.names.pop();
    }

    /// The innermost function or class; none at the top of the cell.
    fn body(&self) -> Option<Scope> {
        let is_body = |scope: &&Scope| matches!(scope, Scope::Class | Scope::Function { .. });
        self.scopes.iter().rfind(is_body).copied()
    }

    /// Whether it stands in an `except*` of the same function.
    fn is_in_group(&self) -> bool {
        let inner = self.scopes.iter().rev();
        inner.take_while(|scope| !matches!(scope, Scope::Function { .. })).any(|scope| *scope == Scope::Group)
    }

    fn innermost(&self) -> Option<Scope> {
        self.scopes.iter().rfind(|scope| !matches!(scope, Scope::Loop | Scope::Group)).copied()
    }

    /// The parts of a comprehension: where it takes its first values from belongs to what is around it.
    fn comprehension(&mut self, scope: Scope, parts: &[&'a Expr], generators: &'a [ast::Comprehension]) {
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        self.within(scope, |check| {
            for (at, generator) in generators.iter().enumerate() {
                check.visit_expr(&generator.target);
                if at > 0 {
                    check.visit_expr(&generator.iter);
                }
                generator.ifs.iter().for_each(|condition| check.visit_expr(condition));
            }
            parts.iter().for_each(|part| check.visit_expr(part));
        });
    }
}

impl<'a> Visitor<'a> for Check<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let mut checker = std::mem::take(&mut self.checker);
        checker.visit_stmt(statement, self);
        self.checker = checker;
        match statement {
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                self.visit_parameters(&function.parameters);
                let scope = Scope::Function { is_async: function.is_async };
                let names = Names::new(Some(&function.parameters), &function.body);
                self.within(scope, |check| check.named(names, |check| check.visit_body(&function.body)));
            }
            Stmt::ClassDef(class) => {
                class.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
                let names = Names::new(None, &class.body);
                self.within(Scope::Class, |check| check.named(names, |check| check.visit_body(&class.body)));
            }
            Stmt::For(ast::StmtFor { target, iter, body, orelse, .. }) => {
                self.visit_expr(iter);
                self.visit_expr(target);
                self.within(Scope::Loop, |check| check.visit_body(body));
                self.visit_body(orelse);
            }
            Stmt::While(ast::StmtWhile { test, body, orelse, .. }) => {
                self.visit_expr(test);
                self.within(Scope::Loop, |check| check.visit_body(body));
                self.visit_body(orelse);
            }
            Stmt::Break(_) | Stmt::Continue(_) if self.scopes.last() == Some(&Scope::Group) => {
                self.report(OF_GROUP.to_owned());
            }
            Stmt::Return(_) if self.is_in_group() => self.report(OF_GROUP.to_owned()),
            Stmt::Try(ast::StmtTry { body, handlers, orelse, finalbody, is_star: true, .. }) => {
                self.visit_body(body);
                for handler in handlers {
                    self.within(Scope::Group, |check| check.visit_except_handler(handler));
                }
                self.visit_body(orelse);
                self.visit_body(finalbody);
            }
            Stmt::Try(ast::StmtTry { handlers, .. }) => {
                let catches_all =
                    |ast::ExceptHandler::ExceptHandler(handler): &ast::ExceptHandler| handler.type_.is_none();
                if handlers.split_last().is_some_and(|(_, others)| others.iter().any(catches_all)) {
                    self.report("an `except:` that catches everything must be the last one".to_owned());
                }
                visitor::walk_stmt(self, statement);
            }
            Stmt::Expr(ast::StmtExpr { value, .. }) if value.is_starred_expr() => {
                self.report("a starred expression cannot be used here".to_owned());
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_interpolated_string_element(&mut self, element: &'a ast::InterpolatedStringElement) {
        if element.as_interpolation().is_some_and(|part| part.expression.is_starred_expr()) {
            self.report("a starred expression cannot be used here".to_owned());
        }
        visitor::walk_interpolated_string_element(self, element);
    }

    fn visit_keyword(&mut self, keyword: &'a ast::Keyword) {
        if keyword.arg.as_ref().is_some_and(|name| name == DEBUG) {
            self.report(format!("cannot assign to `{DEBUG}`"));
        }
        visitor::walk_keyword(self, keyword);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Attribute(attribute) = expression
            && &attribute.attr == DEBUG
            && !attribute.ctx.is_load()
        {
            self.report(format!("cannot assign to `{DEBUG}`"));
        }
        let mut checker = std::mem::take(&mut self.checker);
        checker.visit_expr(expression, self);
        self.checker = checker;
        match expression {
            Expr::Named(_) if self.in_class_body_comprehension() => {
                self.report("`:=` cannot be used in a comprehension of a class".to_owned());
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.visit_parameters(parameters);
                }
                let names = Names::new(lambda.parameters.as_deref(), &[]);
                let scope = Scope::Function { is_async: false };
                self.within(scope, |check| check.named(names, |check| check.visit_expr(&lambda.body)));
            }
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. }) => {
                self.comprehension(Scope::Comprehension, &[elt], generators);
            }
            Expr::DictComp(ast::ExprDictComp { key, value, generators, .. }) => {
                let key = key.iter().map(|key| &**key);
                let parts: Vec<&Expr> = key.chain([&**value]).collect();
                self.comprehension(Scope::Comprehension, &parts, generators);
            }
            Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.comprehension(Scope::Generator, &[elt], generators);
            }
            _ => visitor::walk_expr(self, expression),
        }
    }
}

impl SemanticSyntaxContext for Check<'_> {
    fn report_semantic_error(&self, error: SemanticSyntaxError) {
        self.report(error.to_string());
    }

    fn source(&self) -> &str {
        self.source
    }

    fn python_version(&self) -> PythonVersion {
        PythonVersion::PY313
    }

    /// IPython compiles cells so that they can wait.
    fn in_notebook(&self) -> bool {
        true
    }

    fn in_module_scope(&self) -> bool {
        self.innermost().is_none()
    }

    fn in_function_scope(&self) -> bool {
        matches!(self.innermost(), Some(Scope::Function { .. }))
    }

    fn in_async_context(&self) -> bool {
        matches!(self.body(), None | Some(Scope::Function { is_async: true }))
    }

    fn in_await_allowed_context(&self) -> bool {
        self.body() != Some(Scope::Class)
    }

    fn in_yield_allowed_context(&self) -> bool {
        self.in_function_scope()
    }

    fn in_generator_context(&self) -> bool {
        self.scopes.contains(&Scope::Generator)
    }

    fn in_sync_comprehension(&self) -> bool {
        false // only asked for versions that are not
    }

    fn in_class_body_comprehension(&self) -> bool {
        matches!(self.innermost(), Some(Scope::Comprehension | Scope::Generator))
            && self.body() == Some(Scope::Class)
    }

    fn in_loop_context(&self) -> bool {
        self.scopes.last() == Some(&Scope::Loop)
    }

    fn future_annotations_or_stub(&self) -> bool {
        false
    }

    fn lazy_import_context(&self) -> Option<LazyImportContext> {
        None
    }

    fn global(&self, name: &str) -> Option<TextRange> {
        match self.innermost() {
            Some(Scope::Comprehension | Scope::Generator) => None,
            _ => self.names.last()?.global(name),
        }
    }

    fn has_nonlocal_binding(&self, name: &str) -> bool {
        // The names of a class are not seen from its methods, and those of the statement are global.
        let bodies =
            self.scopes.iter().filter(|scope| matches!(scope, Scope::Class | Scope::Function { .. }));
        let around = bodies.zip(self.names.iter().skip(1));
        let functions = around.filter(|(scope, _)| **scope != Scope::Class).map(|(_, names)| names);
        let inner = self.names.len() - 1;
        let outer = functions.filter(|names| !std::ptr::eq(*names, &self.names[inner]));
        name == "__class__" || outer.into_iter().any(|names| names.binds(name))
    }

    fn is_bound_parameter(&self, name: &str) -> bool {
        self.names.last().is_some_and(|names| names.is_parameter(name))
    }
}
