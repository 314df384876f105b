//! What a statement does, as far as views are concerned, and the expressions in it.

use crate::text::TextRange;

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

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cells) enum Act {
    /// Gives names a value.
    Bind { names: Vec<Box<str>>, value: Expr },
    /// Gives names values of which nothing is known.
    Forget(Vec<Box<str>>),
    /// Takes names from elsewhere, or deletes them: `rc` still counts as a client.
    Unset(Vec<Box<str>>),
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
    /// Anything else.
    Other,
}

impl Act {
    /// What it changes without giving it a name.
    pub(super) fn object(&self) -> Option<&Expr> {
        match self {
            Self::SetBlock { object, .. } | Self::SetTargets { object, .. } => Some(object),
            Self::BeginFlags { object, .. } | Self::EndFlags { object } => Some(object),
            Self::Evaluate(value) => value.flags(),
            _ => None,
        }
    }
}

impl Expr {
    /// The object of `object.set_flags()`.
    pub(super) fn flags(&self) -> Option<&Expr> {
        let Self::Call(call) = self else { return None };
        match &call.function {
            Self::Attribute(object, method) if &**method == "set_flags" => Some(object),
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
