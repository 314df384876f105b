//! What names refer to and expressions give, as far as that decides something about views.

use std::sync::Arc;

use crate::{
    cells::wish::{Class, ClusterWish},
    engines::Targets,
};

/// Names an object while it is referred to.
pub(super) type ObjectId = u32;

/// Which cluster a client or a view is of; `None` if that is not known, or said.
pub(super) type Of = Option<Arc<ClusterWish>>;

/// What a name refers to, or an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `None`: a client of which nothing was said.
    Client(Option<ObjectId>, Of),
    Cluster(Of),
    View(ObjectId),
    Balanced,
    /// `rc.ids`, or a part of it.
    Ids {
        targets: Targets,
        is_whole: bool,
    },
    Int(i64),
    Bool(bool),
    None,
    Text(Box<str>),
    List(Arc<[i64]>),
    Slice([Option<i64>; 3]),
    /// A text that is not known, and not empty.
    Made,
    /// ipyparallel, or a module of it.
    Module,
    /// A class of it.
    Class(Class),
    /// What the document imports from another package, or makes itself.
    Elsewhere,
    Other,
}
