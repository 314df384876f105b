//! The diagnostics of exceptions are short, whatever engines raise.

use super::*;
use crate::{
    ide::{ErrorVariant, Related},
    run::RunId,
    session::CellId,
};

fn error(variants: Vec<ErrorVariant>, related: Vec<Related>) -> EngineError {
    EngineError {
        cell: CellId(1),
        run: RunId(1),
        range: Default::default(),
        ranks: "[0-999]".into(),
        name: "E".into(),
        title: "E".into(),
        variants,
        related,
        interrupted: false,
        stale: false,
    }
}

fn variant(rank: usize, value: &str) -> ErrorVariant {
    ErrorVariant { ranks: format!("[{rank}]"), value: value.into(), traceback: String::new() }
}

fn shown(error: EngineError, related: bool) -> Diagnostic {
    of_error(&Uri::from("file:///a.py"), error, related, &HashMap::new())
}

fn related_messages(diagnostic: Diagnostic) -> Vec<String> {
    let all = diagnostic.related_information.unwrap_or_default();
    all.into_iter().map(|related| related.message).collect()
}

#[test]
fn texts_of_a_megabyte_are_cut_everywhere() {
    let long = "y".repeat(1_000_000);
    let cause = Related { file: None, message: format!("caused by {long}") };
    let error = error(vec![variant(0, &long), variant(1, "\tz\nmore")], vec![cause]);
    let messages = related_messages(shown(error.clone(), true));
    assert_eq!(messages[0], format!("[0] E: {}…", "y".repeat(299)));
    assert_eq!(messages[1], "[1] E:  z");
    assert_eq!(messages[2], format!("caused by {}…", "y".repeat(289)));
    assert_eq!(shown(error, false).message, format!("[0-999] E\n{}", messages.join("\n")).into());
}

#[test]
fn the_code_is_the_class_of_an_exception_and_nothing_else_that_an_engine_may_call_it() {
    let long = "x".repeat(99) + "…";
    for (name, code) in [
        ("ValueError", "ValueError"),
        ("concurrent.futures.BrokenExecutor", "concurrent.futures.BrokenExecutor"),
        ("_Größe2", "_Größe2"),
        (&long, "Exception"),
        ("px-unknown-option", "Exception"),
        ("[click](command:rm)", "Exception"),
        ("", "Exception"),
    ] {
        let error = EngineError { name: name.into(), ..error(Vec::new(), Vec::new()) };
        assert_eq!(shown(error, true).code, Some(code.to_owned().into()));
    }
}

#[test]
fn a_limited_number_of_texts_is_listed_and_the_rest_is_counted() {
    let variants = (0..1000).map(|rank| variant(rank, "x")).collect();
    let cause = Related { file: None, message: "caused by F".into() };
    let messages = related_messages(shown(error(variants, vec![cause]), true));
    assert_eq!(messages.len(), 52);
    assert_eq!((&*messages[49], &*messages[51]), ("[49] E: x", "caused by F"));
    assert_eq!(messages[50], "and 950 more; hover over the line to see them");
}
