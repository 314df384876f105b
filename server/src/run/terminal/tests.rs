//! What settles to what, at which cost, and what programs really send.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[test]
fn a_progress_bar_is_its_last_state() {
    assert_eq!(terminal_text("  0%\r 50%\r100%\n", false), "100%");
    assert_eq!(terminal_text("working...\rdone\x1b[K\n", false), "done");
    assert_eq!(terminal_text("12\x08\x083\n", false), "32");
    assert_eq!(terminal_text("dos\r\nlines\r\n", false), "dos\nlines");
    assert_eq!(terminal_text("no end", false), "no end");
    assert_eq!(terminal_text("\n\n", false), "\n");
}

#[test]
fn colours_are_kept_or_dropped_and_each_line_closes_its_own() {
    let text = "a \x1b[1;31mred\nstill\x1b[0m b\n";
    assert_eq!(terminal_text(text, false), "a red\nstill b");
    assert_eq!(terminal_text(text, true), "a \x1b[1;31mred\x1b[0m\n\x1b[1;31mstill\x1b[0m b");
}

#[test]
fn a_colour_that_was_replaced_or_reset_is_gone() {
    for (text, shown) in [
        ("\x1b[31m\x1b[39mx", "x"),
        ("\x1b[31m\x1b[32mx", "\x1b[32mx\x1b[0m"),
        ("\x1b[38;5;28;01mif\x1b[39;00m x", "\x1b[1;38;5;28mif\x1b[0m x"),
        ("\x1b[48;2;1;2;3;4mx\x1b[24my", "\x1b[4;48;2;1;2;3mx\x1b[0m\x1b[48;2;1;2;3my\x1b[0m"),
        ("\x1b[38:5:28mx", "\x1b[38:5:28mx\x1b[0m"),
        ("\x1b[8;5mseen", "seen"),
    ] {
        assert_eq!(terminal_text(text, true), shown, "{text:?}");
    }
}

#[test]
fn no_other_escape_sequence_and_no_hidden_character_comes_through() {
    for (text, shown) in [
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Htop", "top"),
        ("bell\x07", "bell\\x07"),
        ("nul\0", "nul\\x00"),
        ("del\x7f", "del\\x7f"),
        ("user\u{202e}txt", "user\\u202etxt"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("c1\u{9b}31m", "c1\\x9b31m"),
    ] {
        assert_eq!(terminal_text(text, false), shown, "{text:?}");
    }
}

#[test]
fn a_character_that_is_not_seen_is_spelled_out_unless_it_joins_others() {
    for (text, shown) in [
        ("pass\u{200b}word", r"pass\u200bword"),
        ("a\u{2060}\u{feff}", r"a\u2060\ufeff"),
        ("a\u{200d}b", r"a\u200db"),
        ("👩\u{200d}💻 ⚠\u{fe0f} نمی\u{200c}خواهم", "👩\u{200d}💻 ⚠\u{fe0f} نمی\u{200c}خواهم"),
    ] {
        assert_eq!((&*terminal_text(text, false), &*visible(text, false)), (shown, shown), "{text:?}");
    }
    // What it joined is written over; the joiner stayed unseen.
    assert_eq!(terminal_text("é\u{200d}\u{200d}é\ra", false), r"a\u200d\u200dé");
    assert_eq!(terminal_text("é\u{200d}é\r\x1b[1ma", true), "\x1b[1ma\x1b[0m\\u200dé");
}

#[test]
fn in_a_name_or_a_message_every_control_is_seen() {
    for (text, colors, shown) in [
        ("plain, \ttabs\r\nand lines\n", false, "plain, \ttabs\r\nand lines\n"),
        ("\x1b[1;31mred\x1b[0m", true, "\x1b[1;31mred\x1b[0m"),
        ("\x1b[1;31mred\x1b[0m", false, r"\u001b[1;31mred\u001b[0m"),
        ("\x1b[2Jx\x1b[1", true, r"\u001b[2Jx\u001b[1"),
        ("over\rwritten\x08\x7f", true, r"over\u000dwritten\u0008\u007f"),
        ("\u{9b}31m\u{202e}", true, r"\u009b31m\u202e"),
    ] {
        assert_eq!(visible(text, colors), shown, "{text:?}");
    }
    assert_eq!(visible_name("a\nb\t\x1b"), r"a\u000ab\u0009\u001b");
    // The carriage return stayed, and what followed in the line was written over its beginning.
    assert_eq!(visible_name("a\r\nb\r"), r"a\u000d\u000ab\u000d");
}

/// The bytes that these programs send from an engine, as tests/terminal/ keeps them.
fn recorded(name: &str) -> Vec<String> {
    let path = format!("{}/../tests/terminal/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("a recording");
    serde_json::from_str(&text).expect("a list of pieces")
}

fn check_recorded(name: &str, expected: Expect) {
    expected.assert_eq(&terminal_text(&recorded(name).concat(), false));
}

#[test]
fn bars_of_tqdm_are_their_last_state_one_below_the_other() {
    check_recorded("tqdm_plain", expect!["100%|██████████| 5/5 [00:00<00:00, 72.79it/s]"]);
    check_recorded("tqdm_nested", expect!["outer: 100%|██████████| 2/2 [00:00<00:00, 17.54it/s]"]);
    check_recorded(
        "tqdm_positions",
        expect![[r#"
        bar 0: 100%|██████████| 2/2 [00:00<00:00, 119.89it/s]
        bar 1: 100%|██████████| 2/2 [00:00<00:00, 139.19it/s]
        bar 2: 100%|██████████| 2/2 [00:00<00:00, 144.42it/s]"#]],
    );
    check_recorded("tqdm_write", expect!["100%|██████████| 3/3 [00:00<00:00, 294.88it/s]"]);
}

#[test]
fn what_rich_repaints_is_there_once() {
    check_recorded(
        "rich_progress",
        expect![[r#"
        half way
        load  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 100% 0:00:00
        train ━━━━━━━━━━━━━━━━━━━━╺━━━━━━━━━━━━━━━━━━━  50% 0:00:01"#]],
    );
    check_recorded(
        "rich_live",
        expect![[r#"
        ┏━━━┳━━━━┓
        ┃ n ┃ sq ┃
        ┡━━━╇━━━━┩
        │ 0 │ 0  │
        │ 1 │ 1  │
        │ 2 │ 4  │
        └───┴────┘"#]],
    );
    check_recorded("rich_status", expect!["done"]);
}

#[test]
fn the_cursor_goes_where_it_is_sent_and_what_is_erased_is_gone() {
    for (text, shown) in [
        ("one\ntwo\n\x1b[2Aten\n", "ten\ntwo"),
        ("one\ntwo\x1b[1FONE\x1b[1Bx", "ONE\ntwox"),
        ("ab\x1b[5Gc\x1b[2Dd\x1b[1Ce", "ab dce"),
        ("one\ntwo\nthree\x1b[2A\x1b[3G\x1b[Jly", "only"),
        ("one\ntwo\x1b[1K!", "one\n   !"),
        ("kept\n\x1b[2J\x1b[H\x1b[3Jnew", "kept\nnew"),
        ("shown\n\x1b[?25h", "shown"),
        ("a\n\n", "a\n"),
    ] {
        assert_eq!(terminal_text(text, false), shown, "{text:?}");
    }
}

#[test]
fn the_cursor_goes_no_higher_than_its_reach_nor_above_a_very_long_line() {
    let lines: String = (0..60).map(|n| format!("{n}\n")).collect();
    let shown = terminal_text(&format!("{lines}\x1b[99Atop"), false);
    assert!(shown.starts_with("0\n1\n") && shown.contains("\n10\ntop\n12\n"), "{shown}");
    let long = "x".repeat(BARRIER + 1);
    assert_eq!(terminal_text(&format!("a\n{long}\n\x1b[9Atop"), false), format!("a\n{long}\ntop"));
}

/// Characters and cells that were looked at while this was written.
fn steps(text: &str) -> usize {
    let mut screen = Screen::new(false);
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            screen.line_feed();
        }
        screen.write(line, usize::MAX, Vec::new);
        screen.out_of_reach();
    }
    screen.steps
}

#[test]
fn a_hundred_thousand_updates_cost_what_their_bytes_cost() {
    let bar = |n: usize| format!("\r{n:6}/100000 |{}|", "#".repeat(n / 2000));
    let bars = |n: usize| format!("\r\x1b[2K\x1b[1A\x1b[2Kload {n}\ntrain {n}");
    for update in [&bar as &dyn Fn(usize) -> String, &bars] {
        let text: String = (0..100_000).map(update).collect();
        assert!(steps(&text) <= 2 * text.len(), "{} steps for {} bytes", steps(&text), text.len());
    }
}

#[test]
fn no_sequence_costs_more_than_a_fixed_number_of_steps() {
    let long = "x".repeat(100_000);
    for sequence in ["\x1b[2K", "\x1b[1K", "\x1b[J", "\x1b[99999Cx\x1b[2K", "\x1b[A\x1b[99999Gx\x1b[K\n"] {
        let text = format!("{long}{}", sequence.repeat(10_000));
        assert!(steps(&text) <= 2 * text.len() + 10_000 * 2 * WIDE, "{sequence:?}: {}", steps(&text));
    }
}

/// Text as programs that draw on a terminal write it.
fn drawn() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-c é]{0,4}",
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\x08".to_owned()),
        "\x1b\\[[0-3]{0,1}[ABCDEFGJKm]",
        "\x1b[\\[\\]P?]?[0-9;]{0,3}",
        Just("\x1b[?25l".to_owned()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn of_any_text_nothing_that_is_visible_controls_a_terminal(text in any::<String>()) {
        let shown = visible(&text, false).replace("\r\n", "\n");
        prop_assert!(shown.chars().all(|c| is_harmless(c) || matches!(c, '\u{200c}' | '\u{200d}')), "{shown:?}");
    }

    #[test]
    fn however_a_text_is_cut_it_settles_to_the_same(text in drawn(), cuts in prop::collection::vec(any::<usize>(), 0..8)) {
        let mut whole = Screen::new(true);
        let mut cut = Screen::new(true);
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 {
                whole.line_feed();
                cut.line_feed();
            }
            whole.write(line, usize::MAX, Vec::new);
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (line.len() + 1)).filter(|&at| line.is_char_boundary(at)).collect();
            ends.push(line.len());
            ends.sort_unstable();
            let mut from = 0;
            for to in ends {
                cut.write(&line[from..to], usize::MAX, Vec::new);
                from = to;
            }
        }
        prop_assert_eq!(whole.all(), cut.all());
        prop_assert_eq!(whole.steps, cut.steps);
    }

    #[test]
    fn nothing_an_engine_writes_gets_through_as_an_escape(text in any::<String>(), colors in any::<bool>()) {
        let shown = terminal_text(&text, colors);
        let mut rest = shown.as_str();
        while let Some(at) = rest.find('\x1b') {
            rest = &rest[at..];
            let end = rest.find('m').expect("an escape is an SGR sequence");
            prop_assert!(colors && rest[1..end].starts_with('['));
            rest = &rest[end..];
        }
        let bare = terminal_text(&text, false);
        prop_assert!(bare.chars().all(is_harmless));
    }
}
