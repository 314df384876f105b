//! Target expressions as a table.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn ids(ids: &[u32]) -> Vec<EngineId> {
    ids.iter().copied().map(EngineId).collect()
}

fn described(targets: Result<Targets, TargetsError>, engines: &[u32]) -> String {
    let targets = match targets {
        Ok(targets) => targets,
        Err(error) => return error.to_string(),
    };
    match targets.resolve(&ids(engines)) {
        Err(error) => format!("{targets} → {error}"),
        Ok(resolved) => {
            let engines: Vec<u32> = resolved.engines.iter().map(|id| id.0).collect();
            format!("{targets} → {engines:?}{}", if resolved.single { " single" } else { "" })
        }
    }
}

fn check(text: &str, engines: &[u32], expected: Expect) {
    expected.assert_eq(&described(Targets::parse(text), engines));
}

fn check_flag(text: &str, expected: Expect) {
    expected.assert_eq(&described(Targets::parse_flag(text), &[0, 1, 2, 3]));
}

#[test]
fn python_forms_choose_what_ipyparallel_chooses() {
    check("all", &[0, 2, 3], expect!["all → [0, 2, 3]"]);
    check("None", &[0, 2, 3], expect!["all → [0, 2, 3]"]);
    check("'ALL'", &[0, 2, 3], expect!["all → [0, 2, 3]"]);
    check("2", &[0, 2, 3], expect!["2 → [2] single"]);
    check("-1", &[0, 2, 3], expect!["-1 → [3] single"]);
    check("(2)", &[0, 2, 3], expect!["2 → [2] single"]);
    check("(2,)", &[0, 2, 3], expect!["[2] → [2]"]);
    check("1,", &[0, 1], expect!["[1] → [1]"]);
    check("3, 0, 0", &[0, 2, 3], expect!["[3,0,0] → [3, 0, 0]"]);
    check("[3, 0]", &[0, 2, 3], expect!["[3,0] → [3, 0]"]);
    check("range(3,-1,-3)", &[0, 2, 3], expect!["[3,0] → [3, 0]"]);
    check("slice(None, 2)", &[5, 6, 7], expect![":2 → [5, 6]"]);
    check("True", &[0, 1], expect!["1 → [1] single"]);
}

#[test]
fn slices_select_by_position_as_python_does() {
    check("1:", &[0, 2, 3], expect!["1: → [2, 3]"]);
    check(":-1", &[5, 6, 7, 8], expect![":-1 → [5, 6, 7]"]);
    check("-99:99", &[5, 6], expect!["-99:99 → [5, 6]"]);
    check("::-2", &[5, 6, 7, 8], expect!["::-2 → [8, 6]"]);
    check("99:-99:-3", &[5, 6, 7, 8], expect!["99:-99:-3 → [8, 5]"]);
    check("2:0:-1", &[5, 6, 7, 8], expect!["2:0:-1 → [7, 6]"]);
    check("None:2", &[5, 6, 7], expect![":2 → [5, 6]"]);
    check("::99999999999999999999", &[5, 6], expect!["::9223372036854775807 → [5]"]);
    check("-1:-99:-99999999999999999999", &[5, 6], expect!["-1:-99:-9223372036854775807 → [6]"]);
}

#[test]
fn rank_sets_hold_a_comma_and_rising_ranges() {
    check("0-1,3", &[0, 1, 2, 3], expect!["0-1,3 → [0, 1, 3]"]);
    check("3,0-1", &[0, 1, 2, 3], expect!["0-1,3 → [0, 1, 3]"]);
    check("0-2,", &[0, 1, 2, 3], expect!["0-2, → [0, 1, 2]"]);
    check("[0-1,3]", &[0, 1, 2, 3], expect!["0-1,3 → [0, 1, 3]"]);
    check("0-2,9", &[0, 1, 2, 3], expect!["0-2,9 → there is no engine 9; alive: [0-3]"]);
    check(
        "3-1,0",
        &[0, 1],
        expect![
            "'3-1,0' is not a target expression that pxlens reads: the range 3-1 is not ascending; write the lower id first"
        ],
    );
    check(
        "2-2,0",
        &[0, 1],
        expect![
            "'2-2,0' is not a target expression that pxlens reads: the range 2-2 is not ascending; write the lower id first"
        ],
    );
}

#[test]
fn a_lone_range_is_refused_in_a_document_and_taken_in_a_flag() {
    check(
        "0-2",
        &[0, 1, 2],
        expect![
            "'0-2' has two readings: ipyparallel computes -2, so for that write -2; for engines 0 to 2 write 0-2,"
        ],
    );
    check(
        "2-1",
        &[0, 1, 2],
        expect!["'2-1' is not a target expression that pxlens reads: pxlens does no arithmetic; write 1"],
    );
    check_flag("0-2", expect!["0-2, → [0, 1, 2]"]);
    check_flag("[0-2]", expect!["0-2, → [0, 1, 2]"]);
    check_flag("0-1,3", expect!["0-1,3 → [0, 1, 3]"]);
    check_flag("0,2", expect!["[0,2] → [0, 2]"]);
    check_flag("-1", expect!["-1 → [3] single"]);
    check_flag(
        "3-0",
        expect!["'3-0' is not a target expression that pxlens reads: pxlens does no arithmetic; write 3"],
    );
}

#[test]
fn what_chooses_no_engine_says_which_are_alive() {
    check("7", &[0, 1], expect!["7 → there is no engine 7; alive: [0-1]"]);
    check("-3", &[0, 1], expect!["-3 → there is no engine -3; alive: [0-1]"]);
    check("[-1]", &[0, 1], expect!["[-1] → there is no engine -1; alive: [0-1]"]);
    check(
        "10:",
        &[0, 1],
        expect!["10: → the targets choose none of the engines [0-1]; choose others, such as all"],
    );
    check(
        "[]",
        &[0, 1],
        expect!["[] → the targets choose none of the engines [0-1]; choose others, such as all"],
    );
    check(
        "all",
        &[],
        expect!["all → the cluster has no engines; start some, or wait until they have registered"],
    );
}

#[test]
fn what_is_not_in_the_grammar_says_what_is() {
    check(
        "x",
        &[0],
        expect![
            "'x' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7"
        ],
    );
    check(
        "'0'",
        &[0],
        expect![
            "''0'' is not a target expression that pxlens reads: leave out the quotes; they are a part of the expression"
        ],
    );
    check(
        "::0",
        &[0],
        expect!["'::0' is not a target expression that pxlens reads: the step of a slice cannot be 0"],
    );
    check(
        "a:b",
        &[0],
        expect![
            "'a:b' is not a target expression that pxlens reads: a slice is start:stop or start:stop:step, with integers or nothing in each place"
        ],
    );
    check(
        "range(99999999)",
        &[0],
        expect![
            "'range(99999999)' is not a target expression that pxlens reads: the range names more than 16,384 engines"
        ],
    );
}

fn fragments() -> impl Strategy<Value = String> {
    let parts = [
        "0",
        "1",
        "-",
        "17",
        ",",
        ":",
        "[",
        "]",
        "(",
        ")",
        "all",
        "None",
        "range(",
        "slice(",
        " ",
        "'",
        "\"",
        "é",
        "True",
        "99999999999999999999",
        "4294967295",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..9).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in prop_oneof![any::<String>(), fragments()]) {
        for targets in [Targets::parse(&text), Targets::parse_flag(&text)].into_iter().flatten() {
            prop_assert_eq!(Targets::parse(&targets.to_string()), Ok(targets.clone()));
            let _ = targets.resolve(&ids(&[0, 1, 4]));
        }
    }
}
