//! Which names are those of ipyparallel: several packages have a `Client` or a `Cluster`.

use super::{MOST_NAMES, Names, is_client};
use crate::cells::{
    statements::{Expr, Imported},
    views::value::Value,
    wish::{Class, Known},
};

impl Names {
    /// Whether an import makes something else of a name.
    pub(super) fn is_new(&self, name: &str, from: Imported) -> bool {
        let is_old = self.values.get(name) == Some(&value(from));
        !is_old && (from != Imported::Elsewhere || (!is_client(name) && self.values.len() < MOST_NAMES))
    }

    pub(super) fn import(&mut self, name: &str, from: Imported) {
        // Scripts often get their client from elsewhere.
        if self.is_new(name, from) {
            self.values.insert(name.into(), value(from));
        }
    }

    /// Whether an expression begins with something that is not ipyparallel's.
    fn is_foreign(&self, expr: &Expr) -> bool {
        let mut first = expr;
        loop {
            first = match first {
                Expr::Attribute(object, _) => object,
                Expr::Call(call) if call.arguments.iter().any(is_package) => return false,
                Expr::Call(call) => &call.function,
                Expr::Subscript(parts) => &parts[0],
                Expr::Name(name) => {
                    let value = self.values.get(name);
                    return value.is_some_and(|value| *value != Value::Module);
                }
                _ => return false,
            }
        }
    }
}

impl Known for Names {
    fn class(&self, expr: &Expr) -> Option<Class> {
        let by_name = |name: &str| match name {
            "Client" => Some(Class::Client),
            "Cluster" => Some(Class::Cluster),
            _ => None,
        };
        match expr {
            Expr::Name(name) => match self.values.get(name) {
                Some(Value::Class(class)) => Some(*class),
                Some(_) => None,
                None => by_name(name),
            },
            Expr::Attribute(object, name) => by_name(name).filter(|_| !self.is_foreign(object)),
            _ => None,
        }
    }

    fn literal(&self, name: &str) -> Option<Expr> {
        match self.values.get(name)? {
            Value::Text(text) => Some(Expr::Text(text.clone())),
            Value::Int(number) => Some(Expr::Int(*number)),
            Value::None => Some(Expr::None),
            _ => None,
        }
    }
}

/// `importlib.import_module("ipyparallel")`
fn is_package(argument: &Expr) -> bool {
    matches!(argument, Expr::Text(name) if name.starts_with("ipyparallel"))
}

fn value(from: Imported) -> Value {
    match from {
        Imported::Module => Value::Module,
        Imported::Client => Value::Class(Class::Client),
        Imported::Cluster => Value::Class(Class::Cluster),
        Imported::Elsewhere => Value::Elsewhere,
    }
}
