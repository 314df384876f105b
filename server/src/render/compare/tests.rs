//! What changed between two runs, in words, and that no engine is missing.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::render::{markdown::tests::outside_of_fences, sample::Sample};

/// A run whose engines wrote these texts and ended well.
fn wrote(texts: &[&str]) -> Sample {
    let count = u32::try_from(texts.len()).expect("few");
    (0..).zip(texts).fold(Sample::new(count), |run, (slot, text)| run.busy(slot).stdout(slot, text))
}

fn check(before: Sample, now: Sample, expected: Expect) {
    let mut now = now.run();
    now.id = RunId(2);
    expected.assert_eq(&compare(&before.run(), &now).text());
}

#[test]
fn engines_that_changed_in_the_same_way_are_told_of_once() {
    check(
        wrote(&["left"; 8]).all_ok(),
        wrote(&["left", "left", "left", "right", "left", "up", "left", "up"]).all_ok(),
        expect![[r#"
            r2 compared with r1: 5 engines as before, [3,5,7] changed
            ── [5,7] changed ──
            ‹left → up›
            ── [3] changed ──
            ‹left → right›
        "#]],
    );
}

#[test]
fn of_long_output_only_the_words_that_differ_are_shown_and_a_number_is_one() {
    let before = "begin\nepoch 1 loss 0.5\nmore\nand more\nend\n";
    let now = "begin\nepoch 1 loss 0.25\nmore\nand more\nend\nlate\n";
    check(
        wrote(&[before, before]).all_ok(),
        wrote(&[now, before]).all_ok(),
        expect![[r#"
            r2 compared with r1: 1 engine as before, [0] changed
            ── [0] changed ──
            begin
            epoch 1 loss ‹0.5 → 0.25›
            ⋮ 3 lines as before
            + late
        "#]],
    );
}

#[test]
fn another_end_is_a_change_and_so_is_a_number_in_an_error() {
    let before = wrote(&["a", "b", "c", ""]).ok(0).raise(1, "ValueError", "step 1", &["In[1]"]).ok(2);
    let now = wrote(&["a", "b", "c", ""]).raise(0, "KeyError", "'x'", &[]);
    check(
        before.raise(3, "E", "the same", &["Cell In[1], line 2"]),
        now.raise(1, "ValueError", "step 2", &["In[2]"]).aborted(2).raise(
            3,
            "E",
            "the same",
            &["Cell In[2], line 2"],
        ),
        expect![[r#"
            r2 compared with r1: 1 engine as before, [0-2] changed
            ── [0] changed ──
            a
            + KeyError: 'x'
            ── [1] changed ──
            b
            ValueError: step ‹1 → 2›
            ── [2] changed ──
            c
            + aborted: not run
        "#]],
    );
}

#[test]
fn engines_that_only_one_of_the_runs_asked_are_new_or_gone() {
    check(
        Sample::of(&[0, 1]).stdout(0, "a").stdout(1, "a").all_ok(),
        Sample::asked(&[1, 4, 5], "other code", false)
            .stdout(0, "a")
            .stdout(1, "new")
            .stdout(2, "new")
            .ok(0)
            .ok(1),
        expect![[r#"
            r2 compared with r1: 1 engine as before, [4-5] new, [0] not run again, 1 engine not done yet, the code differs
            ── [4-5] new ──
            new
            ── [0] not run again ──
        "#]],
    );
}

#[test]
fn what_is_no_text_or_no_longer_there_is_said_to_differ() {
    let picture =
        |data: &str| Sample::new(1).display(0, &[("text/plain", "<Figure>"), ("image/png", data)]).all_ok();
    check(
        picture(super::super::sample::RED),
        picture(super::super::sample::BLUE),
        expect![[r#"
        r2 compared with r1: [0] changed
        ── [0] changed ──
        (the same text; a traceback or an image differs)
    "#]],
    );
    let long = |own: &str| {
        let lines: String =
            (0..200).map(|n| if n == 100 { format!("{own}\n") } else { format!("line {n}\n") }).collect();
        Sample::new(1).stdout(0, &lines).spilled(0, 60).all_ok()
    };
    check(
        long("this"),
        long("that"),
        expect![[r#"
        r2 compared with r1: [0] changed
        ── [0] changed ──
        (the part that differs is no longer in memory)
    "#]],
    );
}

#[test]
fn all_as_before_is_said_in_one_line() {
    check(
        wrote(&["a", "b"]).all_ok(),
        wrote(&["a", "b"]).all_ok(),
        expect![[r#"
        r2 compared with r1: all 2 engines as before
    "#]],
    );
    check(
        wrote(&["a"]).all_ok(),
        wrote(&["a"]).all_ok(),
        expect![[r#"
        r2 compared with r1: the engine as before
    "#]],
    );
}

#[test]
fn a_key_is_hidden_however_it_is_taken_apart() {
    let info = |key: &str| format!("{{\n\"shell_port\": 1,\n\"key\": \"{key}\"\n}}\nsame\n");
    let (old, new) = (info("0123456789abcdef-0123"), info("fedcba9876543210-0123"));
    let comparison = compare(&wrote(&[&old]).all_ok().run(), &wrote(&[&new]).all_ok().run());
    for text in [comparison.text(), comparison.markdown(), comparison.groups[0].text()] {
        assert!(!text.contains("0123456789abcdef") && !text.contains("fedcba9876543210"), "{text}");
    }
}

#[test]
fn what_is_too_long_to_compare_is_shown_from_its_beginning() {
    let long = |first: &str| format!("{first}\n{}", "line\n".repeat(5000));
    let comparison = compare(&wrote(&[&long("a")]).all_ok().run(), &wrote(&[&long("b")]).all_ok().run());
    let lines = &comparison.groups[0].lines;
    assert_eq!((lines.len(), lines[1].text().as_str()), (LINES, "b"));
    assert!(lines[0].text().contains("too much to compare"));
    assert!(lines[LINES - 1].text().ends_with(" more lines"));
    // A line of very many words costs no more than its length.
    let wide = |first: &str| format!("{first}{}\n", " word another".repeat(100_000));
    let comparison = compare(&wrote(&[&wide("a")]).all_ok().run(), &wrote(&[&wide("b")]).all_ok().run());
    let shown = comparison.text();
    assert!(shown.contains("\nb word another") && shown.len() < 10_000, "{} bytes", shown.len());
}

#[test]
fn all_groups_together_have_a_limited_text_and_no_engine_is_missing() {
    // What each engine writes differs in each line, as text of no other does.
    let text = |mark: &str, n: usize| {
        let n = if n == 19 { 18 } else { n };
        (0..LINES - 10).map(|line| format!("{mark}{n}.{line} {}\n", "ab ".repeat(300))).collect::<String>()
    };
    let run = |mark: &str| {
        let texts: Vec<String> = (0..20).map(|n| text(mark, n)).collect();
        wrote(&texts.iter().map(String::as_str).collect::<Vec<_>>()).all_ok().run()
    };
    let comparison = compare(&run("old"), &run("new"));
    let texts: Vec<String> = comparison.groups.iter().map(Compared::text).collect();
    assert_eq!(texts.len(), 19);
    assert_eq!(comparison.groups[0].ranks.to_string(), "[18-19]", "the same change is one group");
    assert!(texts[0].len() > 100_000 && texts[18] == NO_ROOM);
    assert!(texts.iter().filter(|text| *text != NO_ROOM).map(String::len).sum::<usize>() <= TEXT);
    assert!(comparison.text().len() < TEXT + 2000, "{}", comparison.text().len());
    let same = compare(&Sample::of(&[]).run(), &run("new"));
    assert_eq!((same.groups.len(), same.groups[18].text().as_str()), (19, NO_ROOM));
}

/// Runs of some engines, each asked at most twice.
fn any_run() -> impl Strategy<Value = Run> {
    let engine = (0u32..6, "[ab1\n`]{0,12}", 0u32..4);
    prop::collection::vec(engine, 1..8).prop_map(|all| {
        let engines: Vec<u32> = all.iter().map(|(engine, ..)| *engine).collect();
        let written = (0..).zip(&all).fold(Sample::of(&engines), |run, (slot, (_, text, end))| {
            let run = run.busy(slot).stdout(slot, text);
            match end {
                0 => run.raise(slot, "E", text, &[text]),
                1 => run,
                _ => run.ok(slot),
            }
        });
        written.run()
    })
}

proptest! {
    #[test]
    fn a_run_is_as_it_is_itself(run in any_run()) {
        let comparison = compare(&run, &run);
        prop_assert!(comparison.groups.iter().all(|group| group.change == Change::Same));
        let engines: RankSet = run.parts().map(|part| part.engine).collect();
        prop_assert_eq!(comparison.groups.iter().map(|group| group.ranks.clone()).collect::<Vec<_>>(), vec![engines]);
    }

    #[test]
    fn each_engine_of_both_runs_is_in_one_group(before in any_run(), now in any_run()) {
        let comparison = compare(&before, &now);
        let found: Vec<EngineId> = comparison.groups.iter().flat_map(|group| group.ranks.iter()).collect();
        let all: RankSet = before.parts().chain(now.parts()).map(|part| part.engine).collect();
        prop_assert_eq!(found.len(), all.len());
        prop_assert_eq!(found.into_iter().collect::<RankSet>(), all);
    }

    #[test]
    fn what_engines_wrote_stands_in_fences_and_the_limit_holds(
        texts in prop::collection::vec(("(`{1,6}|\n|<Q>|\\[Q\\]\\(y\\)|é){0,40}", "(`{1,6}|\n|<Q>|\\[Q\\]\\(y\\)|é){0,40}"), 1..6),
        often in 1usize..200,
    ) {
        let (before, now): (Vec<String>, Vec<String>) =
            texts.into_iter().map(|(old, new)| (old.repeat(often), new.repeat(often))).unzip();
        let run = |texts: &[String]| wrote(&texts.iter().map(String::as_str).collect::<Vec<_>>()).all_ok().run();
        let text = compare(&run(&before), &run(&now)).markdown();
        prop_assert!(text.len() <= MARKDOWN);
        let outside = outside_of_fences(&text);
        prop_assert!(!outside.contains(['Q', '<', 'é']), "{outside}");
    }
}
