//! What a statement does, as far as views are concerned, and the expressions in it.

use std::sync::Arc;

use crate::{cells::Magic, text::TextRange};

/// A statement that may say something about views.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cells) struct Statement {
    /// Where it stands, in the bytes of its document.
    pub(in crate::cells) range: TextRange,
    /// Whether it happens whenever its block is run. Of statements that may or may not happen only what is lost is known.
    pub(in crate::cells) is_certain: bool,
    /// Whether it is also not in a `try`, which may end before it.
    pub(in crate::cells) is_unconditional: bool,
    pub(in crate::cells) act: Act,
}

impl Statement {
    /// Whether something of a view can come from what it does; most assignments make none.
    pub(in crate::cells) fn may_decide(&self) -> bool {
        match &self.act {
            Act::Bind { value, .. } => matches!(value, Expr::Subscript(_) | Expr::Call(_)),
            Act::Forget(_) | Act::Unset(_) | Act::Import(_) => false,
            Act::Evaluate(_)
            | Act::SetBlock { .. }
            | Act::SetTargets { .. }
            | Act::BeginFlags { .. }
            | Act::EndFlags { .. }
            | Act::Configure { .. }
            | Act::Set(_)
            | Act::Define { .. } => true,
        }
    }
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cells) enum Act {
    /// Gives names a value.
    Bind { names: Vec<Box<str>>, value: Expr },
    /// Gives names values of which nothing is known.
    Forget(Vec<Box<str>>),
    /// Takes names from elsewhere, or deletes them: `rc` still counts as a client.
    Unset(Vec<Box<str>>),
    /// Says which names come from ipyparallel, and which from somewhere else.
    Import(Vec<(Box<str>, Imported)>),
    /// Does what a call does.
    Evaluate(Expr),
    /// `object.block = value`
    SetBlock { object: Expr, value: Expr },
    /// `object.targets = value`
    SetTargets { object: Expr, value: Expr },
    /// `with object.temp_flags(...)`: what the call sets, until `EndFlags`.
    BeginFlags { object: Expr, call: Expr },
    /// The body of that `with` is over.
    EndFlags { object: Expr },
    /// May set targets for the magics of a suffix: a `%pxconfig` that is called in a way that is not read.
    Configure { suffix: Box<str> },
    /// A `%pxconfig` that is no px cell of its own, as in a cell that is no code in the script.
    Set(Box<Magic>),
    /// Gives a name to code that does something to views, whenever that is called: a function, a class, a lambda.
    Define { name: Box<str>, acts: Arc<[Act]> },
}

/// Where a name was imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cells) enum Imported {
    /// It is ipyparallel, or a module of it.
    Module,
    /// It is `ipyparallel.Client`.
    Client,
    /// It is `ipyparallel.Cluster`.
    Cluster,
    /// It is of another package.
    Elsewhere,
}

/// A Python expression, as far as views are made of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cells) enum Expr {
    Name(Box<str>),
    Int(i64),
    Bool(bool),
    None,
    Text(Box<str>),
    /// A list or a tuple.
    Sequence(Vec<Expr>),
    Slice(Box<[Expr; 3]>),
    Subscript(Box<[Expr; 2]>),
    Attribute(Box<Expr>, Box<str>),
    Call(Box<Call>),
    /// A text that is put together from others and is not empty: `f'_{i}'`.
    Made,
    /// Anything else.
    Other,
}

impl Act {
    /// What it changes without giving it a name.
    pub(super) fn object(&self) -> Option<&Expr> {
        match self {
            Self::SetBlock { object, .. } | Self::SetTargets { object, .. } => Some(object),
            Self::BeginFlags { object, .. } | Self::EndFlags { object } => Some(object),
            Self::Evaluate(value) => value.receiver(),
            _ => None,
        }
    }
}

impl Act {
    /// The same, done to an object of which nothing is known.
    pub(super) fn of_any(self) -> Self {
        match self {
            Self::Evaluate(Expr::Call(mut call)) => {
                if let Expr::Attribute(object, _) = &mut call.function {
                    **object = Expr::Other;
                }
                let values = call.keywords.iter_mut().map(|(_, value)| value);
                for value in call.arguments.iter_mut().chain(values) {
                    if !matches!(
                        value,
                        Expr::Text(_) | Expr::Bool(_) | Expr::Int(_) | Expr::None | Expr::Made
                    ) {
                        *value = Expr::Other;
                    }
                }
                Self::Evaluate(Expr::Call(call))
            }
            Self::SetTargets { .. } | Self::BeginFlags { .. } => {
                Self::SetTargets { object: Expr::Other, value: Expr::Other }
            }
            act => act,
        }
    }
}

impl Expr {
    /// The object of `object.set_flags()` and `object.activate()`.
    pub(super) fn receiver(&self) -> Option<&Expr> {
        let Self::Call(call) = self else { return None };
        match &call.function {
            Self::Attribute(object, method) if matches!(&**method, "set_flags" | "activate") => Some(object),
            _ => None,
        }
    }

    /// The name that it begins with.
    pub(super) fn root(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Attribute(object, _) => object.root(),
            Self::Subscript(parts) => parts[0].root(),
            Self::Call(call) => call.function.root(),
            _ => None,
        }
    }
}

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cells) struct Call {
    pub(in crate::cells) function: Expr,
    pub(in crate::cells) arguments: Vec<Expr>,
    pub(in crate::cells) keywords: Vec<(Box<str>, Expr)>,
}

impl Call {
    /// An argument by its place or its name.
    pub(in crate::cells) fn argument(&self, place: usize, name: &str) -> Option<&Expr> {
        self.arguments.get(place).or_else(|| self.keyword(name))
    }

    /// An argument by its name.
    pub(in crate::cells) fn keyword(&self, name: &str) -> Option<&Expr> {
        self.keywords.iter().find(|(keyword, _)| **keyword == *name).map(|(_, value)| value)
    }
}
