//! The card of a run: links, times, images, files, and that nothing of an engine becomes markup.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::{
    render::{
        markdown::tests::outside_of_fences,
        sample::{BLUE, GIF, RED, SVG, Sample},
    },
    run::LostReason,
};

/// A command for every action, with the run's number.
fn every(action: CardAction) -> Option<Command> {
    let id = match action {
        CardAction::Group(_) => "test.group",
        CardAction::Rerun => "test.rerun",
        CardAction::RerunFailed => "test.rerunFailed",
        CardAction::Interrupt => "test.interrupt",
        CardAction::Compare => "test.compare",
        CardAction::Copy => "test.copy",
        CardAction::ShowOutput => "test.showOutput",
        CardAction::ShowRun => "test.showRun",
    };
    Some(Command { id, argument: json!({ "run": 1 }) })
}

fn none(_: CardAction) -> Option<Command> {
    None
}

/// A card with everything that a client can have.
fn whole() -> Card<'static> {
    Card {
        by: GroupBy::Fold,
        named: None,
        note: None,
        files: Files::Whole,
        images: true,
        command: &every,
        bytes: 50_000,
    }
}

#[track_caller]
fn check(sample: Sample, card: Card<'_>, expected: Expect) {
    expected.assert_eq(&super::card(&sample.run(), card));
}

/// The words of the links of a run's card.
fn offered(run: &Run) -> Vec<String> {
    let text = links(run, whole(), 5000);
    text.split('[').skip(1).map(|link| link.split(']').next().unwrap_or_default().to_owned()).collect()
}

/// An image of some bytes that begins as a PNG does.
fn png(bytes: usize) -> String {
    let mut png = STANDARD.decode(RED).expect("it is base64");
    png.resize(bytes, 0);
    STANDARD.encode(png)
}

#[test]
fn a_small_file_that_declares_very_many_pixels_is_counted_and_not_drawn() {
    let mut bytes = STANDARD.decode(RED).expect("it is base64");
    // Width and height of a PNG.
    bytes[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    let huge = STANDARD.encode(bytes);
    let run =
        Sample::new(2).display(0, &[("image/png", &huge)]).display(1, &[("image/png", RED)]).all_ok().run();
    let card = super::card(&run, whole());
    assert!(card.contains(RED) && !card.contains(&huge) && card.contains("1 more image"), "{card}");
}

#[test]
fn a_card_has_links_times_groups_images_and_what_is_in_files() {
    let mut sample = Sample::new(3).on(0, "n01.site").on(1, "n02.site").on(2, "n03.site");
    for slot in 0..3 {
        let image = if slot == 2 { BLUE } else { RED };
        sample = sample.busy(slot).display(slot, &[("image/png", image), ("text/plain", "<Figure>")]);
    }
    let lines: String = (0..40).map(|n| format!("line {n}\n")).collect();
    sample =
        sample.ok(0).ok(1).stdout(2, &lines).spilled(2, 60).later(2000).raise(2, "ValueError", "no", &[]);
    let command = |action| match action {
        CardAction::Group(by) => {
            Some(Command { id: "test.group", argument: json!({ "by": by.to_string(), "run": 1 }) })
        }
        CardAction::Copy | CardAction::RerunFailed => every(action),
        _ => None,
    };
    check(
        sample,
        Card { command: &command, note: Some("local part not run"), named: Some("line 2: %px"), ..whole() },
        expect![[r#"
            ` line 2: %px `

            ✗ Parallel execution on engine(s): `[0-2]` · 1 of 3 failed · 2.1 s

            **fold** · [type](command:test.group?%5B%7B%22by%22%3A%22type%22%2C%22run%22%3A1%7D%5D) · [engine](command:test.group?%5B%7B%22by%22%3A%22engine%22%2C%22run%22%3A1%7D%5D) · [order](command:test.group?%5B%7B%22by%22%3A%22order%22%2C%22run%22%3A1%7D%5D)

            [Re-run failed](command:test.rerunFailed?%5B%7B%22run%22%3A1%7D%5D) · [Copy](command:test.copy?%5B%7B%22run%22%3A1%7D%5D)

            `max/median 23× · slowest [2] n03`

            `[2] n03 2.0 s` · `[0] n01 90 ms` · `[1] n02 80 ms`

            ✗ `[2]` `ValueError`
            ```text
            ValueError: no
            ```

            `[0-1]`
            ```text
            <image/png 3×2, 73 B> <Figure>
            ```

            ✗ `[2]`
            ```text
            <image/png 3×2, 73 B> <Figure> · not the image of [0-1]
            line 0
            line 1
            … 35 lines (272 B), all of it in /cache/engine.txt …
            line 37
            line 38
            line 39
            ```

            `[0-1]`

            ![image 1](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4IScHQQxwFgBBAAYZ1ETuGQAAAABJRU5ErkJggg==)

            `[2]`

            ![image 2](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mOQkzsBQQxwFgA5CAYZDOxrbQAAAABJRU5ErkJggg==)

            `[2]` wrote more than is kept in memory: 272 B (35 lines) left out. All of it is in this file
            ```text
            /cache/engine.txt
            ```

            *local part not run*
        "#]],
    );
}

#[test]
fn a_client_without_links_and_images_gets_neither() {
    let sample = Sample::new(1).display(0, &[("image/png", RED)]).all_ok();
    check(
        sample,
        Card { command: &none, images: false, ..whole() },
        expect![[r#"
            ✓ Parallel execution on engine(s): `[0]` · 1 engine · 20 ms

            `[0]`
            ```text
            <image/png 3×2, 73 B>
            ```
        "#]],
    );
}

#[test]
fn a_link_carries_its_argument_as_an_encoded_array() {
    let argument = json!({ "uri": "file:///a%20(b)/[c].py", "cell": "c1" });
    let text = link("Re-run", Some(Command { id: "test.run", argument })).expect("a link");
    expect!["[Re-run](command:test.run?%5B%7B%22cell%22%3A%22c1%22%2C%22uri%22%3A%22file%3A%2F%2F%2Fa%2520%28b%29%2F%5Bc%5D%2Epy%22%7D%5D)"].assert_eq(&text);
}

#[test]
fn what_can_be_done_depends_on_how_the_run_is_doing() {
    let groupings = ["type", "engine", "order"];
    let check = |sample: Sample, expected: &[&str]| {
        assert_eq!(offered(&sample.run()), [&groupings, expected].concat());
    };
    let over = ["Re-run", "Compare with the previous run", "Copy", "Whole output", "Outputs panel"];
    check(Sample::new(2), &["Interrupt", "Copy", "Whole output", "Outputs panel"]);
    check(Sample::new(2).busy(0).ok(0).busy(1), &["Interrupt", "Copy", "Whole output", "Outputs panel"]);
    check(Sample::new(2).all_ok(), &over);
    let failed =
        ["Re-run", "Re-run failed", "Compare with the previous run", "Copy", "Whole output", "Outputs panel"];
    check(Sample::new(2).ok(0).raise(1, "E", "", &[]), &failed);
    check(Sample::new(2).ok(0).lost(1, LostReason::EngineDied), &failed);
    // That would be all of them.
    check(Sample::new(2).raise(0, "E", "", &[]).raise(1, "E", "", &[]), &over);
}

#[test]
fn links_that_need_too_much_room_are_left_out() {
    let long = |action: CardAction| {
        let argument = json!({ "uri": "é".repeat(if action == CardAction::Rerun { 2000 } else { 1 }) });
        Some(Command { id: "test", argument })
    };
    let run = Sample::new(1).all_ok().run();
    let text = card(&run, Card { command: &long, bytes: 8000, ..whole() });
    assert!(!text.contains("[Re-run]") && text.contains("[Copy]"), "{text}");
}

#[test]
fn two_small_pngs_are_shown_and_others_are_counted() {
    let shown = |images: &[(&str, &str)], card: Card<'_>| {
        let sample = images.iter().fold(Sample::new(1).busy(0), |sample, image| sample.display(0, &[*image]));
        let text = super::card(&sample.ok(0).run(), card);
        let count = text.matches("](data:image/png;base64,").count();
        let rest = text
            .lines()
            .find(|line| line.contains("image") && !line.starts_with('!') && line.contains("Whole"));
        (count, rest.map(|line| line.split(" · ").next().unwrap_or_default().to_owned()))
    };
    let more = |text: &str| Some(text.to_owned());
    let (small, fits, large) = (png(5000), png(24_000), png(24_001));
    let [red, blue] = [RED, BLUE].map(|data| ("image/png", data));
    assert_eq!(shown(&[red, blue], whole()), (2, None));
    assert_eq!(shown(&[red, blue, ("image/png", &small)], whole()), (2, more("1 more image")));
    assert_eq!(shown(&[("image/png", &fits)], whole()), (1, None));
    assert_eq!(shown(&[("image/png", &large), red], whole()), (1, more("1 more image")));
    // The second has no room beside the first; a third may.
    let other = png(23_999);
    let images = [("image/png", fits.as_str()), ("image/png", &other), red];
    assert_eq!(shown(&images, whole()), (2, more("1 more image")));
    assert_eq!(shown(&[("image/svg+xml", SVG), ("image/gif", GIF)], whole()), (0, more("2 images")));
    assert_eq!(shown(&[("image/png", "bm8gaW1hZ2U=")], whole()), (0, more("1 image")));
    let without = Card { images: false, ..whole() };
    assert_eq!(shown(&[red], without), (0, None));
}

#[test]
fn the_files_of_several_engines_are_told_by_their_folder() {
    let lines: String = (0..40).map(|n| format!("line {n}\n")).collect();
    let mut sample = Sample::new(3).stdout(2, "short\n");
    for slot in 0..2 {
        let file = format!("/cache/`a`\u{202e}/{slot}.txt");
        sample = sample.stdout(slot, &lines).spilled_to(slot, 60, Path::new(&file));
    }
    expect![[r#"

        `[0-1]` wrote more than is kept in memory: 544 B (70 lines) left out. All of it is in the files of each engine in
        ```text
        /cache/`a`\u202e
        ```
    "#]].assert_eq(&spilled(&sample.clone().all_ok().run(), Files::Whole));
    expect![[r#"

        `[0-1]` wrote more than is kept in memory: 544 B (70 lines) left out. There was no room for all of it; the beginning is in the files of each engine in
        ```text
        /cache/`a`\u202e
        ```
    "#]].assert_eq(&spilled(&sample.clone().all_ok().run(), Files::Beginning));
    expect![[r#"

        `[0-1]` wrote more than is kept in memory: 544 B (70 lines) left out. The files with it were deleted, to make room or since the result was cleared
    "#]].assert_eq(&spilled(&sample.all_ok().run(), Files::Gone));
}

#[test]
fn text_of_the_document_is_escaped() {
    let text = "a_b *c* `d` [e](command:f) <g> https://h www.i.j k@l\nx | y\u{202e}";
    expect![[r#"a\_b \*c\* \`d\` \[e\](command:f) \<g\> https\://h www\.i.j k\@l x \| y\\u202e"#]]
        .assert_eq(&escaped(text));
}

#[test]
fn a_card_of_a_thousand_engines_that_all_differ_holds_its_limit() {
    let mut sample = Sample::new(1000);
    for slot in 0..1000 {
        let word: String = (0..30)
            .map(|n| char::from(b'a' + u8::try_from((slot * 7 + n * n * (slot + 3)) % 26).expect("a letter")))
            .collect();
        sample = sample.on(slot, &format!("host-{slot}.example.org")).busy(slot);
        sample =
            sample.stdout(slot, &format!("{word} {}\n", word.repeat(slot as usize % 9))).result(slot, &word);
        sample = sample.display(slot, &[("image/png", &png(1000 + slot as usize))]);
        sample = match slot % 7 {
            0 => sample.raise(slot, &format!("{word}Error"), &word.repeat(50), &[&word]),
            _ => sample.later(5).ok(slot),
        };
    }
    let run = sample.run();
    for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
        for bytes in [8_000, 50_000] {
            let text = card(&run, Card { by, bytes, ..whole() });
            assert!(text.len() <= bytes, "{by}: {} > {bytes}", text.len());
            assert!(text.contains("[Re-run failed]") && text.contains("images · [Whole output]"), "{by}");
        }
    }
}

/// Takes the links and images that pxlens made out of what stands outside of fences; whatever is left is words.
fn without_own_links(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("](") {
        let open = rest[..at].rfind('[').expect("a link has its words");
        let end = at + rest[at..].find(')').expect("a link ends");
        let (words, target) = (&rest[open + 1..at], &rest[at + 2..end]);
        let is_image = rest[..open].ends_with('!');
        if is_image {
            let data = target.strip_prefix("data:image/png;base64,").expect("an image of its own");
            let bytes = STANDARD.decode(data).expect("strict base64");
            assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() <= LARGEST_IMAGE);
            assert!(words.starts_with("image "), "{words}");
        } else {
            let known = ["fold", "type", "engine", "order", "Interrupt", "Re-run", "Re-run failed", "Copy"];
            assert!(
                known.contains(&words)
                    || ["Whole output", "Outputs panel", "Compare with the previous run"].contains(&words)
            );
            let (id, arguments) = target.split_once('?').expect("an argument");
            assert!(id.starts_with("command:test.") && arguments == "%5B%7B%22run%22%3A1%7D%5D", "{target}");
        }
        left.push_str(&rest[..open - usize::from(is_image)]);
        rest = &rest[end + 1..];
    }
    left + rest
}

const EVIL: &str = "(`{1,6}|~{3}|\n|\r|<a>|<script>|\\[x\\]\\(command:evil\\)|<command:evil>|!\\[\\]\\(data:image/png;base64,QQ==\\)\
    |Q|é|\u{1b}\\[31m|\u{1b}]8;;command:evil\u{7}|#|\u{202e}|\u{2066}|\u{0}|www\\.evil\\.com|&lt;|\\||\\\\|    ){0,40}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn output_made_to_break_a_card_stays_in_its_fences(
        texts in prop::collection::vec(EVIL, 1..8),
        name in EVIL,
        long in 0usize..3,
    ) {
        let count = u32::try_from(texts.len()).expect("few");
        let mut sample = Sample::new(count);
        for (text, slot) in texts.iter().zip(0..) {
            sample = sample.on(slot, text).busy(slot).stdout(slot, text).stderr(slot, &text.repeat(long * 60));
            sample = sample.result(slot, text).page(slot, text).display(slot, &[("image/png", RED), ("text/plain", text)]);
            sample = sample.display(slot, &[("image/svg+xml", text), ("image/png", text), ("text/html", text)]);
            if slot % 2 == 0 {
                sample = sample.later(3000).raise(slot, &name.repeat(200), text, &[text]);
            }
            sample = sample.spilled_to(slot, 40, Path::new(&format!("/cache/{text}/{slot}")));
        }
        let run = sample.all_ok().run();
        for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
            let text = card(&run, Card { by, bytes: 9000, ..whole() });
            prop_assert!(text.len() <= 9000, "{} bytes", text.len());
            let control = ['\u{202e}', '\u{2066}', '\u{1b}', '\0', '\r', '\u{7}'];
            prop_assert!(!text.contains(control), "{text}");
            let outside = without_own_links(&outside_of_fences(&text));
            // What remains of markup is in code of one line: names of exceptions, ranks, hosts.
            let words: Vec<&str> = outside.lines().flat_map(|line| line.split('`').step_by(2)).collect();
            let words = words.join(" ");
            prop_assert!(!words.contains(['Q', '<', '#', '[', ']', '&', '~', '\\', '|']), "{words}");
            prop_assert!(!words.contains("evil") && !words.contains("command:"), "{words}");
        }
    }

    #[test]
    fn escaped_text_has_no_sign_left_that_makes_a_link(text in EVIL) {
        let escaped = escaped(&text);
        let mut before = ' ';
        for c in escaped.chars() {
            prop_assert!(before == '\\' || !"`[]<>*_&~".contains(c), "{escaped}");
            before = if before == '\\' { ' ' } else { c };
        }
    }
}

#[test]
fn a_line_of_a_megabyte_leaves_room_for_the_rest() {
    let line = "[x](command:evil) ".repeat(60_000);
    let sample = Sample::new(2).stdout(0, &line).stdout(1, "short").all_ok();
    let text = card(&sample.run(), whole());
    assert!(text.len() <= 50_000 && text.contains("short"), "{} bytes", text.len());
    assert!(!outside_of_fences(&text).contains("evil"));
}
