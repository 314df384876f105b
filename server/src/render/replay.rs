//! Rebuilds a run from the events that [`Cursor`](super::Cursor) made of it: the way back from `--json`.
//!
//! With it, a kept run can be grouped and laid out again in another process.

use std::{mem, sync::Arc};

use serde_json::{Value, json};

use super::{EndState, JsonEvent, JsonKind, wording};
use crate::{
    jupyter::{
        MsgId,
        content::{ErrorContent, ExecuteReply, MimeBundle, StreamName},
    },
    run::{Event, EventKind, LostReason, Run, RunId, RunRequest, Slot, Time},
};

/// The run of a list of events, all that there are of it. `None` where the list does not begin with its `run`.
///
/// `single`: whether its targets were one integer, which no event says.
pub(crate) fn replay(events: &[JsonEvent], single: bool, blocking: bool) -> Option<Run> {
    let (first, events) = events.split_first()?;
    let JsonKind::Run { code, engines, at } = &first.what else { return None };
    let request = RunRequest { code: Arc::clone(code), engines: engines.clone(), single };
    let mut replayed = Replay::new(first.run, request, *at, blocking);
    for event in events {
        if let Some(slot) = event.slot {
            replayed.take(Slot(slot), &event.what);
        }
    }
    Some(replayed.run)
}

struct Replay {
    run: Run,
    parts: Vec<Part>,
}

/// What the events say of an engine's part before its reply.
#[derive(Clone, Default)]
struct Part {
    at: Time,
    error: ErrorContent,
    pages: Vec<Value>,
}

impl Replay {
    fn new(id: RunId, request: RunRequest, created: Time, blocking: bool) -> Self {
        let parts = vec![Part { at: created, ..Part::default() }; request.engines.len()];
        Self { run: Run::new(id, Arc::new(request), created, blocking), parts }
    }

    fn take(&mut self, slot: Slot, what: &JsonKind) {
        let Some(part) = self.parts.get_mut(slot.0 as usize) else { return };
        let kinds = match what {
            JsonKind::Run { .. } | JsonKind::Done { .. } => return,
            JsonKind::Sent { at } => {
                part.at = *at;
                vec![EventKind::Sent(MsgId::from(""))]
            }
            JsonKind::Started { at } => {
                part.at = *at;
                vec![EventKind::Busy]
            }
            JsonKind::Stdout { text, .. } => vec![stream(StreamName::Stdout, text)],
            JsonKind::Stderr { text, .. } => vec![stream(StreamName::Stderr, text)],
            JsonKind::Display { data, display_id, .. } => {
                vec![EventKind::Display { data: data.clone(), display_id: display_id.clone() }]
            }
            JsonKind::UpdateDisplay { data, display_id, .. } => {
                vec![EventKind::UpdateDisplay { data: data.clone(), display_id: display_id.clone() }]
            }
            JsonKind::ClearOutput { wait } => vec![EventKind::ClearOutput { wait: *wait }],
            JsonKind::Result { data, execution_count } => {
                vec![EventKind::Result { data: data.clone(), execution_count: *execution_count }]
            }
            JsonKind::Error { ename, evalue, traceback } => {
                part.error = ErrorContent {
                    ename: ename.clone(),
                    evalue: evalue.clone(),
                    traceback: traceback.clone(),
                };
                vec![EventKind::Error(part.error.clone())]
            }
            JsonKind::Page { data } => {
                part.pages.push(page(data));
                return;
            }
            // The file it names went with the session that wrote it. What is not known is not the same on any two engines.
            JsonKind::Spilled { bytes, lines, .. } => {
                let much = format!("{} ({})", wording::count(*lines, "line"), wording::size(*bytes));
                let engine = self.run.part(slot).map(|part| format!(" of engine {}", part.engine.0));
                let whose = engine.unwrap_or_default();
                vec![EventKind::Unreadable(format!(
                    "… {much}{whose} were too much to be kept with this result …"
                ))]
            }
            JsonKind::Unreadable { why } => vec![EventKind::Unreadable(why.clone())],
            JsonKind::Ended { state, why, execution_count, at, host } => {
                part.at = at.unwrap_or(part.at);
                let end = part.end(*state, why.as_deref(), *execution_count);
                host.iter().cloned().map(EventKind::Host).chain(end).collect()
            }
        };
        let at = part.at;
        kinds.into_iter().for_each(|kind| self.run.apply(Event { slot, at, kind }));
    }
}

impl Part {
    fn end(&mut self, state: EndState, why: Option<&str>, execution_count: Option<u32>) -> Vec<EventKind> {
        let count = execution_count.map(|execution_count| EventKind::Input { execution_count });
        let last = match state {
            EndState::Ok => {
                let payload = mem::take(&mut self.pages);
                vec![EventKind::Reply(ExecuteReply::Ok { execution_count, payload }), EventKind::Idle]
            }
            EndState::Error => {
                let error = mem::take(&mut self.error);
                vec![EventKind::Reply(ExecuteReply::Error { error, execution_count }), EventKind::Idle]
            }
            EndState::Aborted => vec![match why {
                Some(why) => EventKind::Aborted(why.to_owned()),
                None => EventKind::Reply(ExecuteReply::Aborted {}),
            }],
            EndState::Lost => vec![EventKind::Lost(reason(why.unwrap_or_default()))],
        };
        count.into_iter().chain(last).collect()
    }
}

fn stream(name: StreamName, text: &str) -> EventKind {
    EventKind::Stream { name, text: text.to_owned() }
}

fn page(data: &MimeBundle) -> Value {
    json!({ "source": "page", "data": data.as_ref() })
}

/// Why an engine was lost, from the sentence that says so.
fn reason(why: &str) -> LostReason {
    let unsent = LostReason::NotSent(String::new()).to_string();
    if let Some(why) = why.strip_prefix(&unsent) {
        return LostReason::NotSent(why.to_owned());
    }
    [
        LostReason::ControllerLost,
        LostReason::OutputIncomplete,
        LostReason::ReplyMissing,
        LostReason::ReplyUnreadable,
    ]
    .into_iter()
    .find(|reason| reason.to_string() == why)
    .unwrap_or(LostReason::EngineDied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{
        Cursor, GroupBy, Limits, PromptColor, Style, fold, markdown, plain, sample::Sample, terminal,
    };

    /// The events of a run, written and read back.
    fn events_of(run: &Run) -> Vec<JsonEvent> {
        let text = serde_json::to_string(&Cursor::of_cell(1).delta(run)).expect("events are JSON");
        serde_json::from_str(&text).expect("events are read as they are written")
    }

    #[track_caller]
    fn check(sample: Sample) {
        let run = sample.run();
        let events = events_of(&run);
        let replayed = replay(&events, run.request.single, true).expect("it begins with a run");
        for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
            assert_eq!(terminal(&replayed, by, Style::default()), terminal(&run, by, Style::default()));
            assert_eq!(markdown(&replayed, by, Limits::default()), markdown(&run, by, Limits::default()));
            assert_eq!(plain(&replayed, by, PromptColor::None), plain(&run, by, PromptColor::None));
        }
        assert_eq!(events_of(&replayed), events);
    }

    #[test]
    fn a_run_made_of_its_events_is_laid_out_like_the_run_itself() {
        let mut sample = Sample::new(4);
        for slot in 0..4 {
            sample = sample
                .busy(slot)
                .stdout(slot, "one\n")
                .stderr(slot, "two")
                .display(slot, &[("text/plain", "<Figure>"), ("image/png", "AAAA")]);
        }
        check(
            sample
                .result(3, "42")
                .raise(1, "ZeroDivisionError", "division by zero", &["Trace", "back"])
                .all_ok(),
        );
    }

    #[test]
    fn what_engines_were_lost_to_is_told_again() {
        let sample = Sample::new(4).busy(0).ok(0).lost(1, LostReason::EngineDied).aborted(2);
        check(sample.clone().lost(3, LostReason::NotSent("it was dropped".to_owned())));
        check(sample.aborted_since(3, "the --noblock run on line 5 failed there"));
    }

    #[test]
    fn hosts_are_told_again() {
        let sample = Sample::new(3).on(0, "n01").on(2, "n02");
        check(sample.clone().all_ok());
        let replayed = replay(&events_of(&sample.all_ok().run()), false, true).expect("it begins with a run");
        let hosts: Vec<_> = replayed.parts().map(|part| part.host.as_deref()).collect();
        assert_eq!(hosts, [Some("n01"), None, Some("n02")]);
    }

    #[test]
    fn a_single_result_stays_one() {
        check(Sample::asked(&[2], "code", true).stdout(0, "hi\n").result(0, "1").ok(0));
    }

    #[test]
    fn text_that_was_not_kept_is_not_taken_to_be_the_same_on_two_engines() {
        let text = "line\n".repeat(100);
        let sample = (0..2).fold(Sample::new(2), |sample, slot| sample.stdout(slot, &text).spilled(slot, 60));
        let run = sample.all_ok().run();
        assert_eq!(fold(&run).len(), 1);
        let replayed = replay(&events_of(&run), false, true).expect("it begins with a run");
        assert_eq!(fold(&replayed).len(), 2);
    }

    #[test]
    fn what_does_not_begin_with_a_run_is_none() {
        assert!(replay(&[], false, true).is_none());
        assert!(replay(&events_of(&Sample::new(1).run())[1..], false, true).is_none());
    }
}
