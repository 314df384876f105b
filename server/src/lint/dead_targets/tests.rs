//! Dead targets, and the page of diagnostics.

use std::{fmt::Write, sync::Arc};

use expect_test::{Expect, expect, expect_file};

use super::{super::RULES, *};
use crate::{
    cells::{Dialect, recognize},
    engines::EngineId,
    lint,
};

fn table(ids: &[u32]) -> EngineTable {
    ids.iter().map(|id| (EngineId(*id), format!("engine-{id}").as_str().into())).collect()
}

fn problems(text: &str, engines: &[u32]) -> Vec<Problem> {
    let table = table(engines);
    let cells = recognize(text, Dialect::Script).unwrap().cells;
    cells.into_iter().filter_map(|cell| dead_target(&cell, &table)).collect()
}

fn applied(text: &str, fix: &Fix) -> String {
    let mut fixed = text.to_owned();
    for (range, new) in fix.edits.iter().rev() {
        fixed.replace_range(range.as_range(), new);
    }
    fixed
}

fn check(text: &str, engines: &[u32], expected: Expect) {
    let mut shown = String::new();
    for problem in problems(text, engines) {
        writeln!(shown, "{:?}: {}", &text[problem.range.as_range()], problem.message).unwrap();
        for fix in &problem.fixes {
            let fixed = applied(text, fix);
            writeln!(shown, "  {}: {fixed:?}", fix.title).unwrap();
            assert_eq!(problems(&fixed, engines), [], "{fixed:?}");
        }
    }
    expected.assert_eq(&shown);
}

#[test]
fn targets_that_are_not_alive_become_those_that_are() {
    check(
        "%%px --targets 0,9\nx\n",
        &[0, 1, 2],
        expect![[r#"
        "0,9": there is no engine 9; alive: [0-2]
          Write [0]: "%%px --targets [0]\nx\n"
          Write 0,1,2: "%%px --targets 0,1,2\nx\n"
          Write all: "%%px --targets all\nx\n"
    "#]],
    );
    check(
        "%%px -t 9\nx\n",
        &[0, 1],
        expect![[r#"
        "9": there is no engine 9; alive: [0-1]
          Write 0,1: "%%px -t 0,1\nx\n"
          Write all: "%%px -t all\nx\n"
    "#]],
    );
    check(
        "%pxconfig -t 2-5,\n",
        &[2, 3],
        expect![[r#"
        "2-5,": there is no engine 4; alive: [2-3]
          Write 2,3: "%pxconfig -t 2,3\n"
          Write all: "%pxconfig -t all\n"
    "#]],
    );
    check(
        "%%px -t 10:\nx\n",
        &[4],
        expect![[r#"
        "10:": the targets choose none of the engines [4]; choose others, such as all
          Write [4]: "%%px -t [4]\nx\n"
          Write all: "%%px -t all\nx\n"
    "#]],
    );
    let many: Vec<u32> = (0..40).collect();
    check(
        "%%px -t 99\nx\n",
        &many,
        expect![[r#"
        "99": there is no engine 99; alive: [0-39]
          Write 0-39,: "%%px -t 0-39,\nx\n"
          Write all: "%%px -t all\nx\n"
    "#]],
    );
}

#[test]
fn targets_that_are_alive_and_a_cluster_without_engines_are_no_problem() {
    check("%%px -t 0\nx\n%pxconfig -t ::2\n", &[0], expect![[""]]);
    check("%%px -t 0\nx\n", &[], expect![[""]]);
    check("%%px --bogus -t 7\nx\n", &[0], expect![[""]]);
}

/// The page of all rules, with what each fix makes of the first example.
#[test]
fn the_page_of_diagnostics_is_up_to_date() {
    let mut page = include_str!("head.md").to_owned();
    for rule in RULES {
        let severity = match rule.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "hint",
        };
        write!(page, "\n## {}\n\n*{severity}.* {}\n", rule.code(), rule.meaning).unwrap();
        for example in rule.examples {
            write!(page, "\n```python\n{example}```\n\n").unwrap();
            let (_, found) = lint::recognize(example, Dialect::Script, &Arc::default()).unwrap();
            let found: Vec<Problem> = found.into_iter().chain(problems(example, &[0, 1, 2, 3])).collect();
            let problem = found.iter().find(|problem| problem.rule == rule);
            let problem = problem.unwrap_or_else(|| panic!("{example:?} has no {}", rule.code()));
            writeln!(page, "> {}", problem.message).unwrap();
            for fix in &problem.fixes {
                let fixed = applied(example, fix);
                write!(page, "\nFix: *{}*\n\n```python\n{fixed}```\n", fix.title).unwrap();
            }
        }
    }
    expect_file!["../../../../docs/diagnostics.md"].assert_eq(&page);
}
