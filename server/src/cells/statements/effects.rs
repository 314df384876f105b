//! What expressions do to views besides giving a value.

use super::{Act, Call, Expr};

/// Methods that change what is in force, and so matter though their result is not kept.
const METHODS: [&str; 9] = [
    "activate",
    "set_flags",
    "start_and_connect",
    "start_and_connect_sync",
    "start_cluster",
    "start_cluster_sync",
    "start_engines",
    "start_engines_sync",
    "wait_for_engines",
];

/// Methods of a list that change it.
const OF_LISTS: [&str; 10] =
    ["append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "__setitem__", "__delitem__"];

impl Expr {
    /// Whether evaluating it changes what is in force.
    pub(super) fn has_effect(&self) -> bool {
        match self {
            Self::Call(call) if makes_client(call) => true,
            Self::Call(call) => {
                let Expr::Attribute(object, _) = &call.function else { return false };
                is_by_method(call) || object.has_effect()
            }
            // `Client()[:]`
            Self::Subscript(parts) => matches!(&parts[0], Self::Call(call) if makes_client(call)),
            Self::Attribute(object, _) => object.has_effect(),
            _ => false,
        }
    }
}

/// Whether a call is of a method that changes what is in force.
pub(super) fn is_by_method(call: &Call) -> bool {
    matches!(&call.function, Expr::Attribute(_, name) if METHODS.contains(&&**name))
}

/// Whether a call makes a client or a cluster, by its look: the first one decides which engines the px magics mean.
pub(super) fn makes_client(call: &Call) -> bool {
    match &call.function {
        Expr::Name(name) => ["Client", "Cluster"].contains(&&**name),
        Expr::Attribute(object, name) => {
            let is_class = matches!(&**object, Expr::Name(of) | Expr::Attribute(_, of) if &**of == "Cluster");
            ["Client", "Cluster"].contains(&&**name) || (&**name == "from_file" && is_class)
        }
        _ => false,
    }
}

/// A call of `activate` with arguments of which nothing is known.
pub(super) fn activate(object: Expr) -> Act {
    let function = Expr::Attribute(Box::new(object), "activate".into());
    let keywords = vec![("targets".into(), Expr::Other)];
    Act::Evaluate(Expr::Call(Box::new(Call { function, arguments: Vec::new(), keywords })))
}

/// What giving an attribute a value does.
pub(super) fn of_attribute(object: Expr, name: &str, value: Expr) -> Vec<Act> {
    match name {
        "block" => vec![Act::SetBlock { object, value }],
        "targets" => vec![Act::SetTargets { object, value }],
        _ => Vec::new(),
    }
}

/// Functions and methods that run Python in a string.
const RUN_CODE: [&str; 8] = ["eval", "ev", "ex", "exec", "run_cell", "run_cell_async", "run_code", "runcode"];

/// What a call does that runs Python in a string, by the call's text.
pub(super) fn of_code(call: &str) -> Vec<Act> {
    let runs_code = call.match_indices('(').any(|(at, _)| {
        let before = call[..at].trim_end();
        let name = &before[before.trim_end_matches(|c: char| c == '_' || c.is_alphanumeric()).len()..];
        // What that runs is read by itself.
        let is_read = name == "run_cell" && before.ends_with("get_ipython().run_cell");
        RUN_CODE.contains(&name) && !is_read
    });
    if runs_code { of_python(call) } else { Vec::new() }
}

/// What the strings in an expression do where they are run as Python.
pub(super) fn of_strings(value: &str) -> Vec<Act> {
    let Some(first) = value.find(['\'', '"']) else { return Vec::new() };
    let strings = &value[first..];
    if ["activate(", ".targets", "pxconfig"].iter().any(|word| strings.contains(word)) {
        of_python(strings)
    } else {
        Vec::new()
    }
}

/// What a text does where it is run as Python.
fn of_python(text: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    if text.contains("activate") {
        acts.push(activate(Expr::Other));
    }
    if text.contains(".targets") {
        acts.push(Act::SetTargets { object: Expr::Other, value: Expr::Other });
    }
    for (at, name) in text.match_indices("pxconfig") {
        let suffix = super::words::first_word(&text[at + name.len()..]);
        acts.push(Act::Configure { suffix: suffix.into() });
    }
    acts
}

/// What a call does that is of no method of a view.
pub(super) fn of_call(call: &Call) -> Vec<Act> {
    let (object, name) = match &call.function {
        Expr::Name(name) => (None, &**name),
        Expr::Attribute(object, name) => (Some(&**object), &**name),
        _ => (None, ""),
    };
    match (object, name, call.arguments.as_slice()) {
        // `v.targets.append(1)`
        (Some(Expr::Attribute(view, attribute)), method, _) if OF_LISTS.contains(&method) => {
            of_attribute(Expr::clone(view), attribute, Expr::Other)
        }
        (None, "setattr" | "delattr", [view, Expr::Text(attribute), value @ ..])
        | (Some(Expr::Name(_)), "__setattr__" | "__delattr__", [view, Expr::Text(attribute), value @ ..]) => {
            let value = value.first().cloned().unwrap_or(Expr::Other);
            of_attribute(view.clone(), attribute, value)
        }
        (Some(view), "set_trait" | "__setattr__", [Expr::Text(attribute), value @ ..]) => {
            let value = value.first().cloned().unwrap_or(Expr::Other);
            of_attribute(view.clone(), attribute, value)
        }
        // Of something that is no view it says nothing.
        (None, "setattr", [view, ..]) => {
            let function = Expr::Attribute(Box::new(view.clone()), "set_flags".into());
            let keywords = vec![("targets".into(), Expr::Made)];
            vec![Act::Evaluate(Expr::Call(Box::new(Call { function, arguments: Vec::new(), keywords })))]
        }
        // `ip.run_line_magic('pxconfig', line)`
        (Some(_), "run_line_magic", [Expr::Text(name), ..]) => {
            let suffix = name.strip_prefix("pxconfig").map(Box::from);
            suffix.map(|suffix| Act::Configure { suffix }).into_iter().collect()
        }
        // `operator.methodcaller('activate')`
        (_, _, arguments)
            if arguments.iter().any(|it| matches!(it, Expr::Text(text) if &**text == "activate")) =>
        {
            vec![activate(Expr::Other)]
        }
        _ => Vec::new(),
    }
}
