//! Outputs that are alike have the same fingerprint however they arrived.

use proptest::prelude::*;

use super::{hash::up_to_seven, stream::LONG, *};
use crate::run::{OutputKind, terminal::BARRIER, text::Text};

/// A stream that wrote these pieces, with what another wrote between them.
fn stream<'a>(pieces: impl IntoIterator<Item = &'a str>) -> StreamFingerprinter {
    let mut stream = StreamFingerprinter::default();
    let mut outputs: Vec<Output> = Vec::new();
    let output = |name, text: &str| Output { kind: OutputKind::Stream(name, text.into()), late: false };
    for piece in pieces {
        let earlier = Earlier { name: StreamName::Stdout, outputs: &outputs };
        stream.write(piece, earlier);
        match outputs.last_mut() {
            Some(Output { kind: OutputKind::Stream(_, text), .. }) if piece.len() % 3 > 0 => text.push(piece),
            _ => {
                outputs.push(output(StreamName::Stderr, "other\nlines\n"));
                outputs.push(output(StreamName::Stdout, piece));
            }
        }
    }
    stream
}

/// The fingerprint of a part computed from its outputs as they stand, rather than from what was noted as they arrived.
pub(crate) fn fingerprint_from_scratch(part: &crate::run::EngineRun) -> Fingerprint {
    let mut fingerprinter = Fingerprinter::new();
    for (at, output) in part.outputs.iter().enumerate() {
        match &output.kind {
            OutputKind::Stream(name, text) => {
                fingerprinter.write(*name, &text.chunks().collect::<String>(), &part.outputs[..at]);
            }
            OutputKind::Display { data, display_id } => fingerprinter.display(data, display_id.as_deref()),
            OutputKind::UpdateDisplay { data, display_id } => {
                fingerprinter.update(data, display_id.as_deref())
            }
            OutputKind::ClearOutput { wait } => fingerprinter.clear(*wait),
            OutputKind::Result { data, .. } => fingerprinter.result(data),
            OutputKind::Error(_) => fingerprinter.raised(),
            OutputKind::Unreadable(what) => fingerprinter.remark(what),
        }
    }
    fingerprinter.fingerprint(&part.pages, part.ending())
}

fn fingerprint(text: &str) -> Fingerprint {
    stream([text]).finish()
}

#[test]
fn bars_that_were_repainted_are_like_what_they_show_in_the_end() {
    let bars = |n: usize| format!("\r\x1b[2K\x1b[1A\x1b[2Kload {n}\ntrain {n}");
    let text = format!("begin\nload 0\ntrain 0{}", (0..1000).map(bars).collect::<String>());
    assert_eq!(fingerprint(&text), fingerprint("begin\nload 999\ntrain 999\n"));
    assert_eq!(fingerprint("a 1\nbar\r   \r"), fingerprint("a 1\n"));
}

#[test]
fn a_bar_of_a_megabyte_in_one_line_is_its_last_state_however_it_came() {
    let text: String = (0..50_000).map(|n| format!("\r{n:5}/50000 bytes")).collect();
    assert_eq!(fingerprint(&text), fingerprint("49999/50000 bytes"));
    assert_eq!(fingerprint(&format!("{text}\n")), fingerprint("49999/50000 bytes\n"));
    let chunked = stream(text.split_inclusive('\r'));
    assert_eq!(chunked.finish(), fingerprint(&text));
    assert_eq!(chunked.pending, "");
}

#[test]
fn a_very_long_line_stays_whatever_the_cursor_does_below_it() {
    let text = |c: &str| format!("{}\nbelow\n\x1b[2Aup", c.repeat(2 * LONG));
    assert_ne!(fingerprint(&text("a")), fingerprint(&text("b")));
}

#[test]
fn lines_that_have_left_the_memory_are_not_gone_back_to() {
    let begun = "step 1\nstep 2\nstep 3\n".repeat(10);
    let mut stream = stream([begun.as_str()]);
    let mut text = Text::from(begun.as_str());
    text.hide(0..begun.len());
    let outputs = [Output { kind: OutputKind::Stream(StreamName::Stdout, text), late: false }];
    let earlier = Earlier { name: StreamName::Stdout, outputs: &outputs };
    stream.write("\x1b[1Aup\n", earlier);
    assert_eq!(stream.finish(), fingerprint(&format!("{begun}up\n")));
}

#[test]
fn the_last_bytes_of_a_text_are_read_as_one_by_one() {
    for length in 0..20 {
        let bytes: Vec<u8> = (1..=length).collect();
        let rest = bytes.as_chunks::<8>().1;
        let one_by_one = rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        assert_eq!(up_to_seven(&bytes, rest), one_by_one, "{length} bytes");
    }
}

/// Text as programs that draw on a terminal write it, with many lines and very long ones.
fn drawn() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-c1 é]{0,4}",
        Just("\n".to_owned()),
        Just("x\n".repeat(60)),
        Just("y".repeat(BARRIER + 1)),
        Just("z".repeat(LONG)),
        Just("\r".to_owned()),
        "\x1b\\[[0-3]{0,1}[ABCDEFGJKm]",
        "\x1b[\\[\\]]?[0-9;]{0,3}",
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn however_a_text_is_cut_it_is_like_itself(text in drawn(), size in 1usize..40) {
        let chars: Vec<char> = text.chars().collect();
        let pieces: Vec<String> = chars.chunks(size).map(String::from_iter).collect();
        prop_assert_eq!(stream(pieces.iter().map(String::as_str)).finish(), fingerprint(&text));
    }

    #[test]
    fn a_text_is_like_what_it_shows(text in drawn().prop_filter("short", |text| text.len() < LONG)) {
        let shown = terminal_text(&text, false);
        prop_assume!(!shown.is_empty());
        prop_assert_eq!(fingerprint(&text), fingerprint(&format!("{shown}\n")), "{:?}", shown);
    }
}
