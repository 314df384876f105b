//! What is on the screen of an engine.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::render::sample::Sample;

fn check(sample: Sample, bytes: Option<usize>, expected: Expect) {
    let run = sample.run();
    let part = run.parts().next().expect("the sample has an engine");
    let text: String =
        screen(part, Scope { bytes, ..Scope::default() }).iter().map(|item| format!("{item:?}\n")).collect();
    expected.assert_eq(&text);
}

#[test]
fn cleared_output_is_gone_at_once_or_with_the_next_output() {
    let sample = Sample::new(1).stdout(0, "1\n").clear(0, false);
    check(sample, None, expect![[""]]);
    let sample = Sample::new(1).stdout(0, "1\n").clear(0, true);
    check(
        sample.clone(),
        None,
        expect![[r#"
            Text { name: Stdout, text: "1", late: false }
        "#]],
    );
    check(
        sample.stdout(0, "2\n"),
        None,
        expect![[r#"
            Text { name: Stdout, text: "2", late: false }
        "#]],
    );
}

#[test]
fn an_updated_display_stays_in_its_place_and_shows_the_newest() {
    let sample = Sample::new(1)
        .display_as(0, "bar", "10%")
        .stdout(0, "x\n")
        .update(0, "bar", "50%")
        .update(0, "bar", "99%");
    check(
        sample,
        None,
        expect![[r#"
            Display { text: "99%", late: false, data: {"text/plain": String("99%")} }
            Text { name: Stdout, text: "x", late: false }
        "#]],
    );
}

#[test]
fn an_update_of_an_earlier_runs_display_is_shown_once() {
    let sample = Sample::new(1).update(0, "old", "1%").update(0, "old", "2%");
    check(
        sample,
        None,
        expect![[r#"
            Display { text: "2%", late: false, data: {"text/plain": String("2%")} }
        "#]],
    );
}

#[test]
fn what_is_too_long_loses_its_middle_and_says_so() {
    let text: String = (0..1000).map(|n| format!("line {n}\n")).collect();
    check(
        Sample::new(1).stdout(0, &text),
        Some(40),
        expect![[r#"
            Text { name: Stdout, text: "line 0\nline 1", late: false }
            LeftOut { much: "996 lines (8.8 kB)", file: None }
            Text { name: Stdout, text: "line 998\nline 999", late: false }
        "#]],
    );
    check(
        Sample::new(1).stdout(0, &"é".repeat(100)),
        Some(11),
        expect![[r#"
            Text { name: Stdout, text: "éé", late: false }
            LeftOut { much: "1 line (192 B)", file: None }
            Text { name: Stdout, text: "éé", late: false }
        "#]],
    );
}

#[test]
fn what_is_in_a_file_is_counted_and_named_once() {
    let lines = |from: usize, to: usize| (from..to).map(|n| format!("line {n}\n")).collect::<String>();
    let sample = Sample::new(1)
        .stdout(0, &lines(0, 500))
        .stderr(0, "a warning\n")
        .stdout(0, &lines(500, 1000))
        .spilled(0, 60)
        .stdout(0, "the end\n");
    check(
        sample.clone(),
        None,
        expect![[r#"
            Text { name: Stdout, text: "line 0\nline 1", late: false }
            LeftOut { much: "996 lines (8.8 kB)", file: Some("/cache/engine.txt") }
            Text { name: Stdout, text: "line 997\nline 998\nline 999\nthe end", late: false }
        "#]],
    );
    // Cutting further still says it once, and counts both.
    check(
        sample,
        Some(20),
        expect![[r#"
            Text { name: Stdout, text: "line 0", late: false }
            LeftOut { much: "1,000 lines (8.8 kB)", file: Some("/cache/engine.txt") }
            Text { name: Stdout, text: "the end", late: false }
        "#]],
    );
}

#[test]
fn of_very_many_outputs_both_ends_are_looked_at() {
    let sample = (0..1000).fold(Sample::new(1), |sample, n| {
        sample.stdout(0, &format!("out {n}\n")).stderr(0, &format!("err {n}\n"))
    });
    let run = sample.run();
    let part = run.parts().next().expect("the sample has an engine");
    let items = screen(part, Scope { bytes: Some(50_000), ..Scope::default() });
    assert_eq!(items.len(), 1001);
    assert_eq!(items[500], Item::LeftOut { much: "1,000 outputs".to_owned(), file: None });
    let all = screen(part, Scope::default());
    assert_eq!(all.len(), 2000);
}

proptest! {
    #[test]
    fn a_cut_view_is_no_longer_than_its_limit(lines in prop::collection::vec("[a-zé]{0,12}\n?", 0..40), most in 0usize..200) {
        let sample = lines.iter().enumerate().fold(Sample::new(1), |sample, (i, text)| {
            if i % 5 == 4 { sample.stderr(0, text) } else { sample.stdout(0, text) }
        });
        let run = sample.run();
        let part = run.parts().next().expect("one engine");
        let shown: usize = screen(part, Scope { bytes: Some(most), ..Scope::default() }).iter().map(|item| match item {
            Item::Text { text, .. } => text.len(),
            _ => 0,
        }).sum();
        prop_assert!(shown <= most, "{shown} > {most}");
    }
}
