//! ipyparallel's objects, as far as statements can be read: clients, views, what views are made of, and the magics that
//! refer to a view; and what statements do to them.

mod classes;
mod defined;
mod evaluate;
mod uncertain;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Configured, Origin, UnreadTargets, Views,
    choice::live_targets,
    value::{ObjectId, Of, Value},
};
use crate::{
    cells::statements::{Act, Expr, Statement},
    engines::Targets,
};
use evaluate::is_other;

/// The most names that are known at a time. What comes on top is not known, which never decides anything wrongly.
const MOST_NAMES: usize = 200;

/// Names that count as clients unless they were given another value: scripts often get them from elsewhere.
const CLIENTS: [&str; 3] = ["rc", "client", "c"];

/// In the place of a suffix: the magics of the open `%autopx` region, once its suffix has got others.
pub(super) const REGION: &str = "%autopx";

const UNREAD_BLOCK: &str = "pxlens does not run this, so it does not know whether runs of this view are waited for; it goes \
                            by what was said before. Write True or False";

/// A value, and the line that set it; `None` for what the settings said.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decided<T> {
    pub(super) value: T,
    pub(super) by: Option<Origin>,
}

impl<T> Decided<T> {
    pub(super) fn new(value: T, place: Origin) -> Self {
        Self { value, by: Some(place) }
    }
}

/// Something that several names may refer to, and that can be changed through each.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    /// A client; its `block` is what its views begin with.
    Client(Option<Decided<bool>>),
    View(View),
}

/// A direct view.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct View {
    pub(super) targets: Option<Decided<Result<Targets, UnreadTargets>>>,
    pub(super) is_frozen: bool,
    pub(super) is_from_setting: bool,
    pub(super) block: Option<Decided<bool>>,
    /// The cluster of its client.
    pub(super) of: Of,
    /// What it was before the `temp_flags` that is in force.
    before: Option<Box<View>>,
}

/// The magics of a suffix.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Magics {
    /// The view they refer to; `None` is the view that the first client brings.
    pub(super) object: Option<ObjectId>,
    pub(super) activated: Option<Origin>,
    pub(super) configured: Configured,
}

/// All that is known at a place of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    pub(super) settings: Arc<Views>,
    values: BTreeMap<Box<str>, Value>,
    objects: BTreeMap<ObjectId, Object>,
    pub(super) magics: BTreeMap<Box<str>, Magics>,
    /// The last line that activates a view by a suffix that cannot be read: any may be it.
    pub(super) any_suffix: Option<Origin>,
    /// What functions and the like do to views when they are called.
    defined: BTreeMap<Box<str>, Defined>,
    /// The suffix of the `%autopx` region that is open.
    region: Option<Box<str>>,
}

/// What the code of a name does to views, and where the first of that stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Defined {
    acts: Arc<[Act]>,
    place: Origin,
}

impl Names {
    pub(super) fn new(settings: &Arc<Views>) -> Self {
        let mut names = Self { settings: settings.clone(), ..Self::default() };
        for (suffix, setting) in &settings.0 {
            let view = View {
                targets: Some(Decided { value: Ok(setting.targets.clone()), by: None }),
                block: Some(Decided { value: setting.block, by: None }),
                is_from_setting: true,
                is_frozen: false,
                of: None,
                before: None,
            };
            let object = Some(names.add(Object::View(view)));
            names.magics.insert(suffix.as_str().into(), Magics { object, ..Magics::default() });
        }
        names
    }

    pub(super) fn view(&self, object: Option<ObjectId>) -> Option<&View> {
        match self.objects.get(&object?)? {
            Object::View(view) => Some(view),
            Object::Client(_) => None,
        }
    }

    /// The view that the magics of a suffix refer to, to be changed.
    pub(super) fn view_of_suffix(&mut self, suffix: &str) -> &mut View {
        let object = self.magics.get(suffix).and_then(|magics| magics.object);
        let id = object.unwrap_or_else(|| self.add(Object::View(View::default())));
        self.magics.entry(suffix.into()).or_default().object = Some(id);
        self.view_mut(id)
    }

    fn view_mut(&mut self, id: ObjectId) -> &mut View {
        let object = self.objects.entry(id).or_insert_with(|| Object::View(View::default()));
        if let Object::Client(_) = object {
            *object = Object::View(View::default());
        }
        match object {
            Object::View(view) => view,
            Object::Client(_) => unreachable!("it was made a view above"),
        }
    }

    /// Gives an object the lowest free id, so that what is alike compares alike.
    fn add(&mut self, object: Object) -> ObjectId {
        let count = ObjectId::try_from(self.objects.len()).unwrap_or(ObjectId::MAX);
        // Without a gap the next id is free, which is nearly always so.
        let is_dense = self.objects.last_key_value().is_none_or(|(last, _)| *last < count);
        let free = || (0..).find(|id| !self.objects.contains_key(id)).unwrap_or(ObjectId::MAX);
        let id = if is_dense { count } else { free() };
        self.objects.insert(id, object);
        id
    }

    /// Drops objects that nothing refers to.
    fn tidy(&mut self) {
        let named = self.values.values().filter_map(|value| match value {
            Value::View(id) | Value::Client(Some(id), _) => Some(*id),
            _ => None,
        });
        let used: BTreeSet<ObjectId> =
            named.chain(self.magics.values().filter_map(|magics| magics.object)).collect();
        self.objects.retain(|id, _| used.contains(id));
    }

    /// Whether a statement can change anything: most assignments concern no name that is known.
    pub(super) fn is_changed_by(&self, statement: &Statement) -> bool {
        match &statement.act {
            Act::Forget(names) => self.knows(names),
            Act::Import(names) => names.iter().any(|(name, from)| self.is_new(name, *from)),
            Act::Bind { names, value } if is_other(value) => self.knows(names),
            Act::Unset(names) => {
                names.iter().any(|name| self.values.contains_key(name) || self.defined.contains_key(name))
            }
            _ => true,
        }
    }

    /// Whether giving these names a value that is not known makes a difference.
    fn knows(&self, names: &[Box<str>]) -> bool {
        names.iter().any(|name| {
            let is_known = |value: &Value| !matches!(value, Value::Other | Value::Elsewhere);
            self.values.get(name).map_or_else(|| is_client(name) || is_class(name), is_known)
                || self.defined.contains_key(name)
        })
    }

    /// Applies a statement. Gives a sentence where it does not do what it looks like.
    pub(super) fn execute(&mut self, statement: &Statement, place: Origin) -> Option<&'static str> {
        // A line above it in a `try` may have ended that.
        let before = (statement.is_certain && !statement.is_unconditional).then(|| self.clone());
        let note = self.apply(&statement.act, statement.is_certain, place);
        if let Some(before) = before {
            self.may_be_as_before(&before, place);
        }
        self.tidy();
        note
    }

    fn apply(&mut self, act: &Act, is_certain: bool, place: Origin) -> Option<&'static str> {
        let mut note = None;
        match (act, is_certain) {
            (Act::Bind { names, value }, true) => {
                let value = self.value(value, place, &mut note);
                for name in names {
                    self.bind(name, value.clone());
                    self.defined.remove(name);
                }
            }
            (Act::Bind { names, .. }, false) | (Act::Forget(names), _) => {
                for name in names {
                    self.bind(name, Value::Other);
                    if is_certain {
                        self.defined.remove(name);
                    }
                }
            }
            (Act::Import(names), _) => names.iter().for_each(|(name, from)| self.import(name, *from)),
            (Act::Unset(names), _) => {
                for name in names {
                    self.values.remove(name);
                    self.defined.remove(name);
                }
            }
            (Act::Configure { .. } | Act::Set(_), _) => {
                let suffix = match act {
                    Act::Configure { suffix } => suffix,
                    Act::Set(magic) => magic.suffix.as_str(),
                    _ => return None,
                };
                let view = self.view_of_suffix(suffix);
                view.targets = Some(Decided::new(Err(UnreadTargets::Call), place));
                (view.is_frozen, view.is_from_setting) = (false, false);
            }
            (Act::Define { name, acts }, _) => {
                self.defined.insert(name.clone(), Defined { acts: Arc::clone(acts), place });
            }
            (Act::Evaluate(value), true) => drop(self.value(value, place, &mut note)),
            (Act::Evaluate(value), false) => note = self.may_happen(value, place),
            (Act::SetBlock { object, value }, is_certain) => {
                note = self.set_block(object, value, is_certain, place);
            }
            (Act::SetTargets { object, value }, is_certain) => {
                self.set_targets(object, value, is_certain, place)
            }
            (Act::BeginFlags { object, call }, is_certain) => {
                if let Value::View(id) = self.value(object, place, &mut None)
                    && let Expr::Call(call) = call
                {
                    let view = self.view_mut(id);
                    view.before = Some(Box::new(view.clone()));
                    match is_certain {
                        true => self.set_flags(id, call, true, place, &mut note),
                        false => note = self.may_set_flags(id, call, place),
                    }
                }
            }
            (Act::EndFlags { object }, _) => {
                if let Value::View(id) = self.value(object, place, &mut None) {
                    let view = self.view_mut(id);
                    if let Some(before) = view.before.take() {
                        *view = *before;
                    }
                }
            }
        }
        note
    }

    /// The view that an expression gives, without keeping it; `None` if it gives none.
    pub(super) fn evaluate_view(&mut self, expr: &Expr, place: Origin) -> Option<View> {
        let value = self.value(expr, place, &mut None);
        let view = match value {
            Value::View(id) => self.view(Some(id)).cloned(),
            _ => None,
        };
        self.tidy();
        view
    }

    /// Whether a name is that of a client; one that is given no value here is, if nothing else has that name.
    pub(super) fn is_client(&self, name: &str) -> bool {
        match self.values.get(name) {
            Some(value) => matches!(value, Value::Client(..)),
            None => name == "rc",
        }
    }

    /// Whether a name was given a client, a cluster or a view here.
    pub(super) fn is_local(&self, name: &str) -> bool {
        let value = self.values.get(name);
        value.is_some_and(|value| {
            matches!(value, Value::Client(..) | Value::Cluster(_) | Value::View(_) | Value::Balanced)
        })
    }

    fn bind(&mut self, name: &str, value: Value) {
        // What the document gives another value is no longer what ipyparallel calls so.
        let is_taken = is_class(name) || matches!(self.values.get(name), Some(Value::Elsewhere));
        let value = if value == Value::Other && is_taken { Value::Elsewhere } else { value };
        let is_kept = match &value {
            Value::Other => is_client(name),
            Value::View(_) | Value::Client(..) | Value::Cluster(_) | Value::Balanced => true,
            Value::Module | Value::Class(_) | Value::Elsewhere => true,
            _ => self.values.len() < MOST_NAMES || is_client(name),
        };
        if is_kept {
            self.values.insert(name.into(), value);
        } else {
            self.values.remove(name);
        }
    }

    fn set_block(
        &mut self,
        object: &Expr,
        value: &Expr,
        is_certain: bool,
        place: Origin,
    ) -> Option<&'static str> {
        let mut note = None;
        let object_value = self.value(object, place, &mut note);
        let block = match self.value(value, place, &mut note) {
            Value::Bool(block) => Some(block),
            Value::Int(number) => Some(number != 0),
            _ => None,
        };
        let is_known = matches!(object_value, Value::View(_) | Value::Client(..));
        let Some(block) = block.filter(|_| is_certain) else { return is_known.then_some(UNREAD_BLOCK) };
        let block = Some(Decided::new(block, place));
        match object_value {
            Value::View(id) => self.view_mut(id).block = block,
            Value::Client(Some(id), _) => {
                self.objects.insert(id, Object::Client(block));
            }
            Value::Client(None, of) => {
                let id = self.add(Object::Client(block));
                if let Expr::Name(name) = object {
                    self.bind(name, Value::Client(Some(id), of));
                }
            }
            _ => {}
        }
        note
    }

    fn set_targets(&mut self, object: &Expr, value: &Expr, is_certain: bool, place: Origin) {
        let id = match self.value(object, place, &mut None) {
            Value::View(id) => id,
            Value::Other => return self.retarget_all(place),
            _ => return,
        };
        let value = self.value(value, place, &mut None);
        let (targets, is_frozen) = match is_certain {
            true => live_targets(&value),
            false => (Err(UnreadTargets::Uncertain), false),
        };
        let view = self.view_mut(id);
        (view.targets, view.is_frozen) = (Some(Decided::new(targets, place)), is_frozen);
        view.is_from_setting = false;
    }

    pub(super) fn activate_unread(
        &mut self,
        suffix: &str,
        unread: Result<Targets, UnreadTargets>,
        place: Origin,
    ) {
        let view = View { targets: Some(Decided::new(unread, place)), ..View::default() };
        let object = self.add(Object::View(view));
        self.activate(suffix, object, place);
    }

    /// Begins an `%autopx` region of a suffix, or ends the one that is open.
    pub(super) fn begin_region(&mut self, suffix: Option<Box<str>>) {
        self.region = suffix;
        self.magics.remove(REGION);
    }

    fn activate(&mut self, suffix: &str, object: ObjectId, place: Origin) {
        if Views::is_suffix(suffix) {
            // What is activated in the cell that begins a region is new, and the region keeps what it began with.
            if self.region.as_deref() == Some(suffix) && !self.magics.contains_key(REGION) {
                let old = self.magics.get(suffix).cloned().unwrap_or_default();
                self.magics.insert(REGION.into(), old);
            }
            let magics = Magics { object: Some(object), activated: Some(place), ..Magics::default() };
            self.magics.insert(suffix.into(), magics);
        }
    }
}

fn is_class(name: &str) -> bool {
    ["Client", "Cluster"].contains(&name)
}

fn is_client(name: &str) -> bool {
    CLIENTS.contains(&name)
}
