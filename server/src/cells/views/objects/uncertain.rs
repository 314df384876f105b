//! Calls that may or may not happen: what they would change is not known from there on.

use super::{Decided, Names, Object, Origin, UNREAD_BLOCK, UnreadTargets, evaluate::may_be_view};
use crate::{
    cells::{
        statements::{Call, Expr},
        views::value::{ObjectId, Value},
    },
    engines::Targets,
};

impl Names {
    /// A call that may or may not happen.
    pub(super) fn may_happen(&mut self, expr: &Expr, place: Origin) -> Option<&'static str> {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(object, method) = &call.function
            && &**method == "set_flags"
        {
            match self.value(object, place, &mut None) {
                Value::View(id) => return self.may_set_flags(id, call, place),
                Value::Other => self.may_retarget(call, place),
                _ => {}
            }
            return None;
        }
        self.may_activate(expr, place);
        None
    }

    pub(super) fn may_set_flags(&mut self, id: ObjectId, call: &Call, place: Origin) -> Option<&'static str> {
        if call.keyword("targets").is_some() {
            let view = self.view_mut(id);
            view.targets = Some(Decided::new(Err(UnreadTargets::Uncertain), place));
            (view.is_frozen, view.is_from_setting) = (false, false);
        }
        call.keyword("block").map(|_| UNREAD_BLOCK)
    }

    /// A call of `activate` that may or may not happen: its suffix is known from here on, and not what it refers to.
    fn may_activate(&mut self, expr: &Expr, place: Origin) {
        let Expr::Call(call) = expr else { return };
        let Expr::Attribute(object, method) = &call.function else { return };
        let is_started = method.starts_with("start_and_connect") && call.argument(1, "activate").is_some();
        if is_started {
            return self.activate_unread("", Err(UnreadTargets::Uncertain), place);
        }
        if &**method != "activate" {
            return;
        }
        let object = self.value(object, place, &mut None);
        let suffixes = match object {
            Value::Client(..) | Value::View(_) => {
                let at = if matches!(object, Value::Client(..)) { 1 } else { 0 };
                let suffix = call.argument(at, "suffix").cloned();
                vec![
                    suffix
                        .map_or(Value::Text(Box::default()), |suffix| self.value(&suffix, place, &mut None)),
                ]
            }
            Value::Other if may_be_view(&call.function) => self.suffixes(call, place),
            _ => return,
        };
        let of = match &object {
            Value::Client(_, of) => of.clone(),
            Value::View(id) => self.view(Some(*id)).and_then(|view| view.of.clone()),
            _ => None,
        };
        for suffix in suffixes {
            let Value::Text(suffix) = suffix else {
                self.any_suffix = Some(place);
                continue;
            };
            let is_bare = call.arguments.is_empty() && call.keywords.is_empty();
            let is_default = suffix.is_empty() && is_bare && !self.magics.contains_key(&suffix);
            // What is in force is what a client activates, if it is of the cluster in use.
            let targets = match is_default && matches!(object, Value::Client(..)) {
                true if of.as_ref().is_none_or(|of| !of.is_special()) => continue,
                true => Ok(Targets::All),
                false => Err(UnreadTargets::Uncertain),
            };
            self.activate_unread(&suffix, targets, place);
            self.view_of_suffix(&suffix).of.clone_from(&of);
        }
    }

    /// The suffixes that a call of `activate` may mean whose object is not known: a view takes its suffix first, a client
    /// behind the engines.
    pub(super) fn suffixes(&mut self, call: &Call, place: Origin) -> Vec<Value> {
        let none = || Value::Text(Box::default());
        let mut value = |expr: &Expr| self.value(expr, place, &mut None);
        if let Some(suffix) = call.keyword("suffix").or_else(|| call.arguments.get(1)) {
            return vec![value(suffix)];
        }
        match call.arguments.first().map(&mut value) {
            None => vec![none()],
            Some(Value::Text(text)) if text.eq_ignore_ascii_case("all") => vec![Value::Text(text), none()],
            Some(suffix @ (Value::Text(_) | Value::Made)) => vec![suffix],
            Some(Value::Other) => vec![Value::Other],
            Some(_) => vec![none()],
        }
    }

    /// A view is activated by a suffix that is not known. One that may be empty may stand for all that is active.
    pub(super) fn activate_any(&mut self, suffix: &Value, place: Origin) {
        self.any_suffix = Some(place);
        if *suffix != Value::Made {
            let known: Vec<Box<str>> = self.magics.keys().cloned().chain([Box::default()]).collect();
            for suffix in known {
                self.activate_unread(&suffix, Err(UnreadTargets::Suffix), place);
            }
        }
    }

    /// A `set_flags` of something that is not known. Where an attribute of any name is set, most things are no views.
    pub(super) fn may_retarget(&mut self, call: &Call, place: Origin) {
        if call.keyword("targets").is_some_and(|targets| *targets != Expr::Made) {
            self.retarget_all(place);
        }
    }

    /// Any view may have got other targets.
    pub(super) fn retarget_all(&mut self, place: Origin) {
        for object in self.objects.values_mut() {
            if let Object::View(view) = object {
                view.targets = Some(Decided::new(Err(UnreadTargets::Uncertain), place));
                (view.is_frozen, view.is_from_setting) = (false, false);
            }
        }
    }

    /// What was just done may have been left out: what differs from before is no longer known. A name that had no value, and
    /// a suffix that had no view, have none then.
    pub(super) fn may_be_as_before(&mut self, before: &Self, place: Origin) {
        let is_same = |now: &Self, one: Option<ObjectId>, other: Option<ObjectId>| {
            now.engines(one) == before.engines(other)
        };
        let names: Vec<Box<str>> = self
            .values
            .iter()
            .filter(|(name, value)| match (value, before.values.get(*name)) {
                (Value::View(now), Some(Value::View(old))) => !is_same(self, Some(*now), Some(*old)),
                (_, Some(Value::View(_) | Value::Other | Value::Text(_))) => {
                    before.values.get(*name) != Some(*value)
                }
                _ => false,
            })
            .map(|(name, _)| name.clone())
            .collect();
        let views: Vec<ObjectId> = self
            .objects
            .keys()
            .copied()
            .filter(|id| before.objects.contains_key(id) && !is_same(self, Some(*id), Some(*id)))
            .collect();
        let suffixes: Vec<Box<str>> = self
            .magics
            .iter()
            .filter(|(suffix, magics)| {
                let old = before.magics.get(*suffix);
                (old.is_some() || suffix.is_empty())
                    && !is_same(self, magics.object, old.and_then(|old| old.object))
            })
            .map(|(suffix, _)| suffix.clone())
            .collect();
        names.iter().for_each(|name| self.bind(name, Value::Other));
        for id in views {
            self.view_mut(id).targets = Some(Decided::new(Err(UnreadTargets::Uncertain), place));
        }
        for suffix in suffixes {
            self.activate_unread(&suffix, Err(UnreadTargets::Uncertain), place);
        }
    }

    /// The engines of a view; the one that the first client brings has all.
    fn engines(&self, object: Option<ObjectId>) -> Result<Targets, UnreadTargets> {
        let targets = self.view(object).and_then(|view| view.targets.as_ref());
        targets.map_or(Ok(Targets::All), |targets| targets.value.clone())
    }
}
