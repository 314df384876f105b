//! Calls that may or may not happen: what they would change is not known from there on.

use super::{Decided, Names, Origin, UNREAD_BLOCK, UnreadTargets, may_be_view};
use crate::cells::{
    statements::{Call, Expr},
    views::value::{ObjectId, Value},
};

impl Names {
    /// A call that may or may not happen.
    pub(super) fn may_happen(&mut self, expr: &Expr, place: Origin) -> Option<&'static str> {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(object, method) = &call.function
            && &**method == "set_flags"
        {
            let Value::View(id) = self.value(object, place, &mut None) else { return None };
            return self.may_set_flags(id, call, place);
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
        if &**method != "activate" {
            return;
        }
        let object = self.value(object, place, &mut None);
        let at = if matches!(object, Value::Client(_)) { 1 } else { 0 };
        let suffix = match call.argument(at, "suffix") {
            Some(Expr::Text(suffix)) => suffix.clone(),
            None if matches!(object, Value::View(_) | Value::Client(_)) => Box::default(),
            Some(_) if matches!(object, Value::View(_) | Value::Client(_)) || may_be_view(&call.function) => {
                self.any_suffix = Some(place);
                return;
            }
            _ => return,
        };
        let is_default = suffix.is_empty() && call.arguments.is_empty() && !self.magics.contains_key(&suffix);
        if is_default && matches!(object, Value::Client(_)) {
            return; // what is in force is what it activates
        }
        let unread = Err(UnreadTargets::Uncertain);
        self.activate_unread(&suffix, unread, place);
    }
}
