//! What expressions give, as far as they can be read, and what calls in them do.

use std::sync::Arc;

use super::{Decided, Names, Object, UNREAD_BLOCK, View, is_client};
use crate::{
    cells::{
        Origin,
        statements::{Call, Expr},
        views::{
            UnreadTargets,
            choice::{bound, direct_targets, integer, live_targets, slice, taken_targets},
            value::{ObjectId, Of, Value},
        },
        wish::{Class, Known as _, cluster_of},
    },
    engines::Targets,
};

const NO_ACTIVATE: &str = "a load-balanced view has no activate(): no magic can refer to it";

const UNREAD_ACTIVATE: &str = "pxlens does not know what this activates, so the px cells below that go by it do not run. Make \
                               the view on a line above, as in view = rc[:], or name it in the setting pxlens.views";

impl Names {
    pub(super) fn value(&mut self, expr: &Expr, place: Origin, note: &mut Option<&'static str>) -> Value {
        match expr {
            Expr::Name(name) => match self.values.get(name) {
                Some(Value::Elsewhere) => Value::Other,
                Some(value) => value.clone(),
                None if is_client(name) => Value::Client(None, None),
                None => Value::Other,
            },
            Expr::Int(number) => Value::Int(*number),
            Expr::Bool(bool) => Value::Bool(*bool),
            Expr::None => Value::None,
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Sequence(items) => {
                let ids: Option<Vec<i64>> =
                    items.iter().map(|item| integer(&self.value(item, place, note))).collect();
                ids.map_or(Value::Other, |ids| Value::List(ids.into()))
            }
            Expr::Slice(parts) => {
                let parts: Vec<Option<Option<i64>>> =
                    parts.iter().map(|part| bound(&self.value(part, place, note))).collect();
                match parts.as_slice() {
                    [Some(start), Some(stop), Some(step)] if *step != Some(0) => {
                        Value::Slice([*start, *stop, *step])
                    }
                    _ => Value::Other,
                }
            }
            Expr::Subscript(parts) => {
                let [object, key] = &**parts;
                let object = self.value(object, place, note);
                let key = self.value(key, place, note);
                self.subscript(object, &key, place)
            }
            Expr::Attribute(object, name) => match (self.value(object, place, note), &**name) {
                (Value::Client(..), "ids") => Value::Ids { targets: Targets::All, is_whole: true },
                (Value::View(id), "client") => {
                    Value::Client(None, self.view(Some(id)).and_then(|view| view.of.clone()))
                }
                // `Client = ipp.Client`
                _ => self.class(expr).map_or(Value::Other, Value::Class),
            },
            Expr::Call(call) => self.call(call, place, note),
            Expr::Made => Value::Made,
            Expr::Other => Value::Other,
        }
    }

    fn subscript(&mut self, object: Value, key: &Value, place: Origin) -> Value {
        match (object, key) {
            (Value::Client(client, of), key) => {
                let (targets, is_frozen) = taken_targets(key);
                // A text is no key; `None` neither.
                self.new_view(client, of, targets, is_frozen, place)
            }
            (Value::Ids { is_whole: true, .. }, Value::Slice([start, stop, step])) => {
                Value::Ids { targets: slice(*start, *stop, *step), is_whole: false }
            }
            (Value::Ids { is_whole: true, .. }, Value::Int(at)) if *at < 0 => {
                Value::Ids { targets: Targets::One(*at), is_whole: false }
            }
            (Value::Ids { is_whole: true, .. }, Value::Int(at)) => {
                Value::Ids { targets: slice(Some(*at), at.checked_add(1), None), is_whole: false }
            }
            (Value::List(ids), Value::Int(at)) => {
                let at = usize::try_from(*at).ok();
                at.and_then(|at| ids.get(at)).map_or(Value::Other, |id| Value::Int(*id))
            }
            _ => Value::Other,
        }
    }

    fn new_view(
        &mut self,
        client: Option<ObjectId>,
        of: Of,
        targets: Result<Targets, UnreadTargets>,
        is_frozen: bool,
        place: Origin,
    ) -> Value {
        let block = match client.and_then(|id| self.objects.get(&id)) {
            Some(Object::Client(Some(block))) => block.clone(),
            _ => Decided::new(false, place),
        };
        let targets = Some(Decided::new(targets, place));
        let view = View { targets, is_frozen, is_from_setting: false, block: Some(block), of, before: None };
        Value::View(self.add(Object::View(view)))
    }

    fn call(&mut self, call: &Call, place: Origin, note: &mut Option<&'static str>) -> Value {
        if let Some(class) = self.class(&call.function) {
            let arguments = call.arguments.iter().chain(call.keywords.iter().map(|(_, value)| value));
            let values: Vec<Value> = arguments.map(|value| self.value(value, place, note)).collect();
            // `Client(cluster=cluster)`
            let given = values.into_iter().find_map(|value| match value {
                Value::Cluster(of) => of,
                _ => None,
            });
            let of = given.or_else(|| cluster_of(call, place, self).map(Arc::new));
            return match class {
                Class::Client => Value::Client(None, of),
                Class::Cluster => Value::Cluster(of),
            };
        }
        let (object, method) = match &call.function {
            Expr::Name(name) if !self.values.contains_key(name) => {
                return self.function(name, call, place, note);
            }
            Expr::Attribute(object, method) => (self.value(object, place, note), &**method),
            _ => return Value::Other,
        };
        match (object, method) {
            (Value::Client(client, of), "activate") => {
                let targets = self.argument(call, 0, "targets", place, note).unwrap_or_else(all);
                let suffix = self.argument(call, 1, "suffix", place, note).unwrap_or_else(no_suffix);
                let (targets, is_frozen) = direct_targets(&targets);
                let value = self.new_view(client, of, targets, is_frozen, place);
                if let Value::View(id) = value {
                    self.view_mut(id).block = Some(Decided::new(true, place));
                    match suffix {
                        Value::Text(suffix) => self.activate(&suffix, id, place),
                        suffix => self.activate_any(&suffix, place),
                    }
                }
                value
            }
            (Value::Client(client, of), "direct_view" | "broadcast_view") => {
                let targets = self.argument(call, 0, "targets", place, note).unwrap_or_else(all);
                let (targets, mut is_frozen) = direct_targets(&targets);
                is_frozen |= method == "broadcast_view";
                let value = self.new_view(client, of, targets, is_frozen, place);
                if let Value::View(id) = value {
                    self.set_flags(id, call, false, place, note);
                }
                value
            }
            (Value::Client(..), "load_balanced_view") => Value::Balanced,
            (Value::View(id), "activate") => {
                let suffix = self.argument(call, 0, "suffix", place, note).unwrap_or_else(no_suffix);
                match suffix {
                    Value::Text(suffix) => self.activate(&suffix, id, place),
                    suffix => self.activate_any(&suffix, place),
                }
                Value::None
            }
            (Value::View(id), "set_flags") => {
                self.set_flags(id, call, true, place, note);
                Value::None
            }
            (Value::Other, "set_flags") => {
                self.may_retarget(call, place);
                Value::Other
            }
            (Value::Balanced, "activate") => {
                *note = Some(NO_ACTIVATE);
                Value::Other
            }
            (Value::Other, "activate") if may_be_view(&call.function) => {
                for suffix in self.suffixes(call, place) {
                    match suffix {
                        Value::Text(suffix) => {
                            self.activate_unread(&suffix, Err(UnreadTargets::Statement), place);
                            if suffix.is_empty() {
                                note.get_or_insert(UNREAD_ACTIVATE);
                            }
                        }
                        suffix => self.activate_any(&suffix, place),
                    }
                }
                Value::Other
            }
            (Value::Cluster(of), "start_cluster" | "start_cluster_sync" | "from_file" | "from_dict") => {
                Value::Cluster(of)
            }
            (Value::Cluster(of), "__enter__") => Value::Client(None, of),
            (value, "__enter__") => value,
            (object, "connect_client" | "connect_client_sync") => Value::Client(None, of_cluster(object)),
            (object, "start_and_connect" | "start_and_connect_sync") => {
                let of = of_cluster(object);
                if let Some(Value::Bool(true)) = self.argument(call, 1, "activate", place, note) {
                    let value = self.new_view(None, of.clone(), Ok(Targets::All), true, place);
                    if let Value::View(id) = value {
                        self.view_mut(id).block = Some(Decided::new(true, place));
                        self.activate("", id, place);
                    }
                }
                Value::Client(None, of)
            }
            (Value::Class(Class::Cluster), "from_file") => {
                Value::Cluster(cluster_of(call, place, self).map(Arc::new))
            }
            (Value::Class(Class::Cluster), "from_dict") => Value::Cluster(None),
            _ => Value::Other,
        }
    }

    fn function(&mut self, name: &str, call: &Call, place: Origin, note: &mut Option<&'static str>) -> Value {
        let mut arguments =
            call.arguments.iter().map(|argument| self.value(argument, place, note)).collect::<Vec<_>>();
        match (name, arguments.as_slice()) {
            ("range", _) => {
                let numbers: Option<Vec<String>> =
                    arguments.iter().map(|value| integer(value).map(|number| number.to_string())).collect();
                let Some(numbers) = numbers else { return Value::Other };
                match Targets::parse(&format!("range({})", numbers.join(","))) {
                    Ok(Targets::Ids(ids)) => Value::List(ids),
                    _ => Value::Other,
                }
            }
            ("slice", _) => {
                let bounds: Option<Vec<Option<i64>>> = arguments.iter().map(bound).collect();
                match bounds.as_deref() {
                    Some([stop]) => Value::Slice([None, *stop, None]),
                    Some([start, stop]) => Value::Slice([*start, *stop, None]),
                    Some([_, _, Some(0)]) => Value::Other,
                    Some([start, stop, step]) => Value::Slice([*start, *stop, *step]),
                    _ => Value::Other,
                }
            }
            ("str", _) => Value::Made,
            ("list" | "tuple", [Value::List(_) | Value::Ids { .. }]) => arguments.remove(0),
            ("sorted", [Value::Ids { is_whole: true, .. }]) => arguments.remove(0),
            _ => Value::Other,
        }
    }

    pub(super) fn set_flags(
        &mut self,
        id: ObjectId,
        call: &Call,
        with_targets: bool,
        place: Origin,
        note: &mut Option<&'static str>,
    ) {
        if let Some(block) = call.keyword("block") {
            match self.value(block, place, note) {
                Value::Bool(block) => self.view_mut(id).block = Some(Decided::new(block, place)),
                _ => *note = Some(UNREAD_BLOCK),
            }
        }
        if let Some(targets) = call.keyword("targets").filter(|_| with_targets) {
            let value = self.value(targets, place, note);
            let (targets, is_frozen) = live_targets(&value);
            let view = self.view_mut(id);
            (view.targets, view.is_frozen) = (Some(Decided::new(targets, place)), is_frozen);
        }
    }

    fn argument(
        &mut self,
        call: &Call,
        at: usize,
        name: &str,
        place: Origin,
        note: &mut Option<&'static str>,
    ) -> Option<Value> {
        call.argument(at, name).map(|argument| self.value(argument, place, note))
    }
}

/// Whether what is activated may be a view: environments are activated as well.
pub(super) fn may_be_view(function: &Expr) -> bool {
    let Expr::Attribute(object, _) = function else { return false };
    let (Expr::Name(name) | Expr::Attribute(_, name)) = &**object else { return true };
    let name = name.to_lowercase();
    !["conda", "env", "environment", "pkg"].iter().any(|other| name.ends_with(other))
}

/// Whether an expression gives [`Value::Other`] whatever is known, and does nothing else. In most local code it does.
pub(super) fn is_other(expr: &Expr) -> bool {
    match expr {
        Expr::Other => true,
        Expr::Sequence(items) => {
            items.iter().all(does_nothing)
                && items.iter().any(|item| matches!(item, Expr::Other | Expr::Sequence(_) | Expr::Text(_)))
        }
        _ => false,
    }
}

/// Whether nothing is made when an expression is evaluated.
fn does_nothing(expr: &Expr) -> bool {
    match expr {
        Expr::Call(_) | Expr::Subscript(_) | Expr::Attribute(..) => false,
        Expr::Sequence(items) => items.iter().all(does_nothing),
        Expr::Slice(parts) => parts.iter().all(does_nothing),
        _ => true,
    }
}

/// What is known of the cluster that a client of it is made from.
fn of_cluster(object: Value) -> Of {
    match object {
        Value::Cluster(of) => of,
        _ => None,
    }
}

fn all() -> Value {
    Value::Text("all".into())
}

fn no_suffix() -> Value {
    Value::Text("".into())
}
