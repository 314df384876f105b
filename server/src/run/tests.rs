//! The reducer, as tables: events of one engine go in, one a line, and the engine's part afterwards comes out.

use std::sync::Arc;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

use super::{fingerprint::fingerprint_from_scratch, *};
use crate::{
    engines::EngineId,
    jupyter::{
        MsgId,
        content::{ErrorContent, ExecuteReply, MimeBundle, StreamName},
    },
};

fn run_on(engines: &[u32]) -> Run {
    let engines = engines.iter().copied().map(EngineId).collect();
    Run::new(RunId(1), Arc::new(RunRequest { code: "code".into(), engines, single: false }), Time(0), true)
}

fn text(name: StreamName, text: &str) -> EventKind {
    EventKind::Stream { name, text: text.to_owned() }
}

fn out(piece: &str) -> EventKind {
    text(StreamName::Stdout, piece)
}

fn err(piece: &str) -> EventKind {
    text(StreamName::Stderr, piece)
}

fn plain_text(text: &str) -> MimeBundle {
    Arc::new(json!({"text/plain": text}).as_object().expect("an object").clone())
}

fn display(id: Option<&str>, text: &str) -> EventKind {
    EventKind::Display { data: plain_text(text), display_id: id.map(str::to_owned) }
}

fn update(id: &str, text: &str) -> EventKind {
    EventKind::UpdateDisplay { data: plain_text(text), display_id: Some(id.to_owned()) }
}

fn result(text: &str) -> EventKind {
    EventKind::Result { data: plain_text(text), execution_count: 4 }
}

fn zero() -> ErrorContent {
    ErrorContent {
        ename: "ZeroDivisionError".to_owned(),
        evalue: "division by zero".to_owned(),
        traceback: vec!["----> 1 1/0".to_owned()],
    }
}

fn ok() -> EventKind {
    EventKind::Reply(ExecuteReply::Ok { execution_count: Some(4), payload: Vec::new() })
}

fn sent() -> EventKind {
    EventKind::Sent(MsgId::from("m"))
}

fn raised() -> EventKind {
    EventKind::Reply(ExecuteReply::Error { error: zero(), execution_count: Some(4) })
}

/// Applies events to one engine, one each millisecond.
fn reduce(events: Vec<EventKind>) -> Run {
    let mut run = run_on(&[0]);
    for (kind, at) in events.into_iter().zip(1..) {
        run.apply(Event { slot: Slot(0), at: Time(at), kind });
    }
    run
}

/// The phase after each event, then the outputs.
fn check(events: Vec<EventKind>, expected: Expect) {
    let mut run = run_on(&[0]);
    let mut text = String::new();
    for (kind, at) in events.into_iter().zip(1..) {
        let name = format!("{kind:?}");
        let name = name.split([' ', '(']).next().unwrap_or_default().to_owned();
        run.apply(Event { slot: Slot(0), at: Time(at), kind });
        let part = run.part(Slot(0)).expect("the one slot");
        let phase = match &part.phase {
            Phase::Ended(Ending::Error(error)) => format!("Ended(Error({}))", error.ename),
            other => format!("{other:?}"),
        };
        text.push_str(&format!("{at} {name:14} → {phase}\n"));
    }
    let part = run.part(Slot(0)).expect("the one slot");
    for output in &part.outputs {
        let late = if output.late { "late " } else { "" };
        text.push_str(&match &output.kind {
            OutputKind::Stream(name, text) => {
                format!("   {late}{name:?} {:?}\n", text.chunks().collect::<String>())
            }
            OutputKind::Error(error) => format!("   {late}Error {}\n", error.ename),
            OutputKind::Display { data, .. } => format!("   {late}Display {}\n", data["text/plain"]),
            OutputKind::UpdateDisplay { data, .. } => {
                format!("   {late}UpdateDisplay {}\n", data["text/plain"])
            }
            OutputKind::Result { data, .. } => format!("   {late}Result {}\n", data["text/plain"]),
            other => format!("   {late}{other:?}\n"),
        });
    }
    let time = |time: Option<Time>| time.map_or_else(|| "-".to_owned(), |time| time.0.to_string());
    let (sent, started, ended) = (time(part.sent), time(part.started), time(part.ended));
    text.push_str(&format!("   sent {sent}, started {started}, ended {ended}, {:?}\n", run.state()));
    expected.assert_eq(&text);
}

#[test]
fn a_part_is_over_when_reply_and_idle_are_in_whichever_comes_first() {
    check(
        vec![sent(), EventKind::Busy, out("hi\n"), EventKind::Idle, ok()],
        expect![[r#"
            1 Sent           → Sent
            2 Busy           → Running
            3 Stream         → Running
            4 Idle           → Running
            5 Reply          → Ended(Ok)
               Stdout "hi\n"
               sent 1, started 2, ended 5, Succeeded
        "#]],
    );
    check(
        vec![sent(), ok(), EventKind::Busy, out("hi\n"), EventKind::Idle],
        expect![[r#"
            1 Sent           → Sent
            2 Reply          → Running
            3 Busy           → Running
            4 Stream         → Running
            5 Idle           → Ended(Ok)
               Stdout "hi\n"
               sent 1, started 2, ended 5, Succeeded
        "#]],
    );
}

#[test]
fn an_error_is_known_at_once_and_ends_the_part_with_the_idle() {
    check(
        vec![sent(), EventKind::Busy, EventKind::Error(zero()), raised(), EventKind::Idle],
        expect![[r#"
            1 Sent           → Sent
            2 Busy           → Running
            3 Error          → Running
            4 Reply          → Running
            5 Idle           → Ended(Error(ZeroDivisionError))
               Error ZeroDivisionError
               sent 1, started 2, ended 5, Failed
        "#]],
    );
    let run = reduce(vec![sent(), EventKind::Busy, EventKind::Error(zero())]);
    assert_eq!(
        run.part(Slot(0)).and_then(EngineRun::error).map(|error| error.ename.as_str()),
        Some("ZeroDivisionError")
    );
    assert_eq!(run.state(), RunState::Running);
}

#[test]
fn an_aborted_request_needs_no_idle() {
    check(
        vec![sent(), EventKind::Reply(ExecuteReply::Aborted {})],
        expect![[r#"
            1 Sent           → Sent
            2 Reply          → Ended(Aborted(None))
               sent 1, started -, ended 2, Failed
        "#]],
    );
}

#[test]
fn a_lost_engine_keeps_what_it_wrote_and_a_reply_after_that_changes_nothing() {
    check(
        vec![
            sent(),
            EventKind::Busy,
            out("hi\n"),
            EventKind::Lost(LostReason::EngineDied),
            ok(),
            EventKind::Idle,
        ],
        expect![[r#"
            1 Sent           → Sent
            2 Busy           → Running
            3 Stream         → Running
            4 Lost           → Ended(Lost(EngineDied))
            5 Reply          → Ended(Lost(EngineDied))
            6 Idle           → Ended(Lost(EngineDied))
               Stdout "hi\n"
               sent 1, started 2, ended 4, Failed
        "#]],
    );
}

#[test]
fn where_the_idle_never_comes_the_answer_counts_and_the_gap_is_noted() {
    check(
        vec![sent(), EventKind::Busy, out("hi\n"), ok(), EventKind::Lost(LostReason::OutputIncomplete)],
        expect![[r#"
            1 Sent           → Sent
            2 Busy           → Running
            3 Stream         → Running
            4 Reply          → Running
            5 Lost           → Ended(Ok)
               Stdout "hi\n"
               Unreadable("the end of its output never came")
               sent 1, started 2, ended 5, Succeeded
        "#]],
    );
    check(
        vec![sent(), EventKind::Lost(LostReason::OutputIncomplete)],
        expect![[r#"
            1 Sent           → Sent
            2 Lost           → Ended(Lost(OutputIncomplete))
               sent 1, started -, ended 2, Failed
        "#]],
    );
}

#[test]
fn output_after_the_end_is_marked_late_and_kept_apart() {
    check(
        vec![
            sent(),
            EventKind::Busy,
            out("in time\n"),
            ok(),
            EventKind::Idle,
            out("from "),
            out("a thread\n"),
        ],
        expect![[r#"
            1 Sent           → Sent
            2 Busy           → Running
            3 Stream         → Running
            4 Reply          → Running
            5 Idle           → Ended(Ok)
            6 Stream         → Ended(Ok)
            7 Stream         → Ended(Ok)
               Stdout "in time\n"
               late Stdout "from a thread\n"
               sent 1, started 2, ended 5, Succeeded
        "#]],
    );
}

#[test]
fn pieces_of_one_stream_are_one_output_until_something_else_comes() {
    check(
        vec![out("a"), out("b\n"), err("oh\n"), out("c\n"), display(None, "d"), out("e")],
        expect![[r#"
            1 Stream         → Queued
            2 Stream         → Queued
            3 Stream         → Queued
            4 Stream         → Queued
            5 Display        → Queued
            6 Stream         → Queued
               Stdout "ab\n"
               Stderr "oh\n"
               Stdout "c\n"
               Display "d"
               Stdout "e"
               sent -, started -, ended -, Queued
        "#]],
    );
}

#[test]
fn updates_and_clearing_are_kept_as_they_came() {
    check(
        vec![
            display(Some("bar"), "0%"),
            update("bar", "50%"),
            EventKind::ClearOutput { wait: true },
            result("1"),
        ],
        expect![[r#"
            1 Display        → Queued
            2 UpdateDisplay  → Queued
            3 ClearOutput    → Queued
            4 Result         → Queued
               Display "0%"
               UpdateDisplay "50%"
               ClearOutput { wait: true }
               Result "1"
               sent -, started -, ended -, Queued
        "#]],
    );
}

#[test]
fn an_event_that_comes_late_never_leads_back() {
    check(
        vec![EventKind::Busy, sent(), EventKind::Busy],
        expect![[r#"
            1 Busy           → Running
            2 Sent           → Running
            3 Busy           → Running
               sent 2, started 1, ended -, Running
        "#]],
    );
}

#[test]
fn an_unreadable_message_is_noted_and_the_run_lives_on() {
    check(
        vec![sent(), EventKind::Unreadable("stream: no name".to_owned()), ok(), EventKind::Idle],
        expect![[r#"
            1 Sent           → Sent
            2 Unreadable     → Sent
            3 Reply          → Running
            4 Idle           → Ended(Ok)
               Unreadable("stream: no name")
               sent 1, started 3, ended 4, Succeeded
        "#]],
    );
}

#[test]
fn an_event_for_a_slot_that_does_not_exist_changes_nothing() {
    let mut run = run_on(&[0]);
    run.apply(Event { slot: Slot(7), at: Time(1), kind: out("lost?") });
    assert_eq!(run.state(), RunState::Queued);
    assert_eq!(run.parts().len(), 1);
}

#[test]
fn a_run_is_over_when_its_last_engine_is() {
    let mut run = run_on(&[4, 2]);
    let mut at = 0;
    let mut apply = |run: &mut Run, slot, kind| {
        at += 1;
        run.apply(Event { slot: Slot(slot), at: Time(at), kind });
    };
    assert_eq!((run.state(), run.pending().to_string()), (RunState::Queued, "[2,4]".to_owned()));
    for kind in [sent(), EventKind::Busy, ok(), EventKind::Idle] {
        apply(&mut run, 0, kind);
    }
    assert_eq!(
        (run.state(), run.pending().to_string(), run.ended()),
        (RunState::Running, "[2]".to_owned(), None)
    );
    for kind in [sent(), EventKind::Reply(ExecuteReply::Aborted {})] {
        apply(&mut run, 1, kind);
    }
    assert_eq!(
        (run.state(), run.pending().to_string(), run.ended()),
        (RunState::Failed, "[]".to_owned(), Some(Time(6)))
    );
}

#[test]
fn a_clone_shares_what_does_not_change() {
    let long = "x".repeat(1_000_000);
    let mut run = run_on(&[0, 1]);
    run.apply(Event { slot: Slot(0), at: Time(1), kind: out(&long) });
    let before = run.clone();
    run.apply(Event { slot: Slot(1), at: Time(2), kind: out("y") });
    let address = |run: &Run, slot| std::ptr::from_ref(run.part(Slot(slot)).expect("a slot"));
    assert_eq!(address(&before, 0), address(&run, 0), "an engine that wrote nothing is the same value");
    assert_ne!(address(&before, 1), address(&run, 1));
    assert_eq!(
        before.part(Slot(1)).map(|part| part.outputs.len()),
        Some(0),
        "the clone is a picture of its moment"
    );
}

#[test]
fn what_a_pager_was_asked_to_show_is_kept() {
    let payload = vec![
        json!({"source": "page", "data": {"text/plain": "help"}, "start": 0}),
        json!({"source": "set_next_input", "text": "abc"}),
    ];
    let run = reduce(vec![EventKind::Reply(ExecuteReply::Ok { execution_count: Some(1), payload })]);
    let part = run.part(Slot(0)).expect("the one slot");
    assert_eq!(part.pages, [plain_text("help")]);
}

fn fingerprint(events: Vec<EventKind>) -> Fingerprint {
    reduce(events).part(Slot(0)).expect("the one slot").fingerprint()
}

#[test]
fn fingerprint_tells_outputs_apart_and_nothing_else() {
    let hi = fingerprint(vec![out("hi\n")]);
    for other in [
        vec![out("ho\n")],
        vec![err("hi\n")],
        vec![out("hi\n"), result("1")],
        vec![out("hi\n"), EventKind::Unreadable("x".to_owned())],
        vec![out("hi\n"), display(None, "x"), EventKind::ClearOutput { wait: false }],
    ] {
        assert_ne!(hi.shape(), fingerprint(other.clone()).shape(), "{other:?}");
    }
    assert_ne!(
        fingerprint(vec![display(None, "a"), display(None, "b")]),
        fingerprint(vec![display(None, "b"), display(None, "a")])
    );
    assert_ne!(fingerprint(vec![display(None, "a")]), fingerprint(vec![result("a")]));
    assert_eq!(fingerprint(vec![result("a")]), {
        let other_count = EventKind::Result { data: plain_text("a"), execution_count: 99 };
        fingerprint(vec![other_count])
    });
    let ended = |text: &str| fingerprint(vec![sent(), EventKind::Busy, out(text), ok(), EventKind::Idle]);
    assert_ne!(hi, ended("hi\n"), "one has ended, the other has not");
    assert_eq!(ended("hi\n"), ended("hi"));
    assert_ne!(ended("loss 1\n"), ended("loss 2.5\n"));
    assert_eq!(ended("loss 1\n").shape(), ended("loss  2.5\n").shape());
}

/// Finding the tokens of a result of 100 MB took seconds, in which nothing else of the run was seen.
#[test]
fn a_text_of_megabytes_is_compared_byte_by_byte() {
    let of = |lines: usize, last: &str| fingerprint(vec![result(&("some words\n".repeat(lines) + last))]);
    assert_eq!(of(10, "1").shape(), of(10, "2").shape());
    assert_eq!(of(100_000, "1"), of(100_000, "1"));
    assert_ne!(of(100_000, "1").shape(), of(100_000, "2").shape());
}

#[test]
fn only_what_is_on_the_screen_counts() {
    let done = fingerprint(vec![out("done\n"), display(Some("bar"), "100%")]);
    for events in [
        vec![
            out("old\n"),
            EventKind::ClearOutput { wait: true },
            out("done\n"),
            display(Some("bar"), "100%"),
        ],
        vec![out(" 50%\rdone\n"), display(Some("bar"), "1%"), update("bar", "100%")],
        vec![out(&"working\r".repeat(1000)), out("done\x1b[K\n"), display(Some("bar"), "100%")],
    ] {
        assert_eq!(fingerprint(events.clone()), done, "{events:?}");
    }
    let late = fingerprint(vec![update("old", "2")]);
    assert_eq!(fingerprint(vec![update("old", "1"), update("old", "2")]), late);
}

#[test]
fn a_line_of_any_length_is_told_by_its_text_not_its_chunks() {
    let line = "0123456789".repeat(20_000);
    let (head, tail) = line.split_at(70_001);
    let whole = fingerprint(vec![out(&line), out("\n1\n")]);
    assert_eq!(fingerprint(vec![out(head), out(tail), out("\n"), out("1\n")]), whole);
    assert_ne!(fingerprint(vec![out(head), out("!"), out(tail), out("\n1\n")]).shape(), whole.shape());
}

proptest! {
    #[test]
    fn fingerprint_does_not_depend_on_where_text_was_cut_or_how_streams_interleave(
        pieces in prop::collection::vec((any::<bool>(), "[a-cé1. \r\n]{0,6}"), 0..20)
    ) {
        let of = |wanted: bool| pieces.iter().filter(|(is_out, _)| *is_out == wanted).map(|(_, piece)| piece.as_str()).collect::<String>();
        let cut: Vec<EventKind> = pieces.iter().map(|(is_out, piece)| if *is_out { out(piece) } else { err(piece) }).collect();
        let run = reduce(cut.clone());
        let part = run.part(Slot(0)).expect("the one slot");
        prop_assert_eq!(fingerprint(cut), fingerprint(vec![err(&of(false)), out(&of(true))]));
        prop_assert_eq!(part.fingerprint(), fingerprint_from_scratch(part));
    }
}

/// It took twice its size, and may be of many megabytes.
#[test]
fn an_error_that_comes_twice_is_in_memory_once() {
    let reply = || EventKind::Reply(ExecuteReply::Error { error: zero(), execution_count: None });
    for events in [[EventKind::Error(zero()), reply()], [reply(), EventKind::Error(zero())]] {
        let mut run = run_on(&[0]);
        for kind in events.into_iter().chain([EventKind::Idle]) {
            run.apply(Event { slot: Slot(0), at: Time(1), kind });
        }
        let part = run.part(Slot(0)).expect("it was asked");
        let (OutputKind::Error(sent), Some(Ending::Error(replied))) = (&part.outputs[0].kind, part.ending())
        else {
            panic!("{part:?}")
        };
        assert!(Arc::ptr_eq(sent, replied));
    }
}

#[test]
fn where_no_reply_comes_a_value_or_an_error_is_the_last_word() {
    let missing = || EventKind::Lost(LostReason::ReplyMissing);
    let unknown = Some(Ending::Lost(LostReason::ReplyMissing));
    let ending = |kinds: Vec<EventKind>| {
        let mut run = run_on(&[0]);
        for (kind, at) in kinds.into_iter().zip(0..) {
            run.apply(Event { slot: Slot(0), at: Time(at), kind });
        }
        run.part(Slot(0)).and_then(EngineRun::ending).cloned()
    };
    let raised = Some(Ending::Error(Arc::new(zero())));
    assert_eq!(ending(vec![EventKind::Busy, EventKind::Idle, result("5"), missing()]), Some(Ending::Ok));
    assert_eq!(ending(vec![EventKind::Busy, EventKind::Idle, EventKind::Error(zero()), missing()]), raised);
    assert_eq!(ending(vec![EventKind::Busy, out("a"), EventKind::Idle, missing()]), unknown);
    assert_eq!(ending(vec![EventKind::Busy, EventKind::Idle, missing(), EventKind::Error(zero())]), raised);
}

#[test]
fn text_that_left_memory_is_output_and_takes_no_memory() {
    let mut run = run_on(&[0]);
    let mut came = |kind| run.apply(Event { slot: Slot(0), at: Time(0), kind });
    came(out(&"line\n".repeat(200)));
    came(err("oh\n"));
    came(display(None, &"x".repeat(500)));
    let measure =
        |run: &Run| run.part(Slot(0)).map(|part| (part.amount(), part.weight())).expect("it is there");
    let (amount, weight) = measure(&run);
    // A text takes some memory however short it is.
    let outputs = 3 * size_of::<Output>() + 2 * 64;
    assert_eq!((amount, weight), (1003 + 3, 1003 + outputs + "text/plain".len() + 500));
    run.hide(Slot(0), 100, std::path::Path::new("/cache/0").into());
    let gone = 1003 - run.part(Slot(0)).expect("it is there").kept();
    assert!(gone > 900);
    assert_eq!(measure(&run), (amount, weight - gone));
    let OutputKind::Stream(_, text) = &run.part(Slot(0)).expect("it is there").outputs[0].kind else {
        panic!("it is text")
    };
    let hidden = "x".repeat(text.hidden().bytes);
    run.fill(Slot(0), 0, &hidden);
    assert_eq!(measure(&run).0, amount);
}
