//! A run to be looked at: of a text of many megabytes only the beginning, and how much more there is.
//!
//! What engines print is moved out of memory where it is much ([`Run::hide`]); values, displays and errors stay whole. An editor
//! cannot show a hundred megabytes, and laying them out before they are cut takes seconds.

use std::sync::Arc;

use serde_json::Value;

use super::{EngineRun, Phase, Run};
use crate::{
    jupyter::content::{ErrorContent, MimeBundle},
    run::{Ending, Output, OutputKind},
};

/// What text is shown of; files of other types are no use without their end.
const TEXTS: [&str; 3] = ["text/plain", "text/markdown", "text/latex"];

impl Run {
    /// The run for a view of about `all` bytes: of each value, display and error that is longer than an engine's share of that,
    /// only the beginning, which fits a quarter of it.
    pub(crate) fn excerpt(self: Arc<Self>, all: usize) -> Arc<Self> {
        let most = (all / self.parts.len().max(1)).max(LEAST);
        if !self.parts().any(|part| part.has_longer(most)) {
            return self;
        }
        let mut run = Self::clone(&self);
        for part in run.parts.iter_mut().filter(|part| part.has_longer(most)) {
            // What tells engines apart is all that they sent.
            part.fingerprint();
            Arc::make_mut(part).shorten(most);
        }
        Arc::new(run)
    }
}

impl EngineRun {
    fn has_longer(&self, most: usize) -> bool {
        let is_long = |output: &Output| match &output.kind {
            OutputKind::Display { data, .. }
            | OutputKind::UpdateDisplay { data, .. }
            | OutputKind::Result { data, .. } => long_texts(data, most).next().is_some(),
            OutputKind::Error(error) => length(error) > most,
            OutputKind::Stream(..) | OutputKind::ClearOutput { .. } | OutputKind::Unreadable(_) => false,
        };
        // Most runs hold so little that their outputs need not be looked at.
        self.others + self.error().map_or(0, |error| length(error)) > most
            && (self.outputs.iter().any(is_long)
                || self.pages.iter().any(|page| long_texts(page, most).next().is_some())
                || self.error().is_some_and(|error| length(error) > most))
    }

    fn shorten(&mut self, most: usize) {
        for output in &mut self.outputs {
            match &mut output.kind {
                OutputKind::Display { data, .. }
                | OutputKind::UpdateDisplay { data, .. }
                | OutputKind::Result { data, .. } => shorten_bundle(data, most),
                OutputKind::Error(error) => shorten_error(error, most),
                OutputKind::Stream(..) | OutputKind::ClearOutput { .. } | OutputKind::Unreadable(_) => {}
            }
        }
        self.pages.iter_mut().for_each(|page| shorten_bundle(page, most));
        let phase = match &mut self.phase {
            Phase::Ended(ending) => Some(ending),
            Phase::Queued | Phase::Sent | Phase::Running => None,
        };
        for ending in self.reply.iter_mut().chain(phase) {
            if let Ending::Error(error) = ending {
                shorten_error(error, most);
            }
        }
    }
}

/// The types of the texts in a bundle that are longer than that.
fn long_texts(data: &MimeBundle, most: usize) -> impl Iterator<Item = &'static str> {
    TEXTS
        .into_iter()
        .filter(move |mime| data.get(*mime).and_then(Value::as_str).is_some_and(|text| text.len() > most))
}

fn shorten_bundle(data: &mut MimeBundle, most: usize) {
    let long: Vec<&str> = long_texts(data, most).collect();
    if long.is_empty() {
        return;
    }
    // The long texts are not copied.
    let short = data.iter().map(|(mime, value)| match value {
        Value::String(text) if long.contains(&mime.as_str()) => {
            (mime.clone(), beginning(text, most / 4).into())
        }
        other => (mime.clone(), other.clone()),
    });
    *data = Arc::new(short.collect());
}

/// What is not longer than this is never shortened, however many engines there are.
const LEAST: usize = 1600;

/// The least that is left of each line of a traceback.
const LINE: usize = 100;

fn length(error: &ErrorContent) -> usize {
    error.evalue.len() + error.traceback.iter().map(String::len).sum::<usize>()
}

fn shorten_error(error: &mut Arc<ErrorContent>, most: usize) {
    if length(error) <= most {
        return;
    }
    let share = (most / 4 / (error.traceback.len() + 1)).max(LINE);
    *error = Arc::new(ErrorContent {
        ename: error.ename.clone(),
        evalue: beginning(&error.evalue, share),
        traceback: error.traceback.iter().map(|line| beginning(line, share)).collect(),
    });
}

/// The beginning of a text, up to the end of a line if one is near, and how much more there is.
fn beginning(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let border = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let end = text[..border].rfind('\n').filter(|end| *end > most / 2).unwrap_or(border);
    let more = text.len() - end;
    let more = if more < 1_000_000 {
        format!("{} kB", more.div_ceil(1000))
    } else {
        format!("{} MB", more / 1_000_000)
    };
    format!("{}\n… {more} more are not shown; an export of the run has all of it …", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engines::EngineId,
        run::{Event, EventKind, RunId, RunRequest, Slot, Time},
    };

    fn run(events: impl IntoIterator<Item = (u32, EventKind)>) -> Arc<Run> {
        let request = RunRequest { code: "x".into(), engines: vec![EngineId(0), EngineId(1)], single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        for (slot, kind) in events {
            run.apply(Event { slot: Slot(slot), at: Time(1), kind });
        }
        Arc::new(run)
    }

    fn result(texts: &[(&str, &str)]) -> EventKind {
        let data = texts.iter().map(|(mime, text)| ((*mime).to_owned(), (*text).into())).collect();
        EventKind::Result { data: Arc::new(data), execution_count: 1 }
    }

    fn shown(run: &Run, slot: u32) -> &MimeBundle {
        match &run.part(Slot(slot)).expect("it was asked").outputs[0].kind {
            OutputKind::Result { data, .. } => data,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_a_long_value_the_beginning_is_shown_and_how_much_more_there_is() {
        let long = "é234567\n".repeat(20_000);
        let whole = run([
            (0, result(&[("text/plain", &long), ("text/html", &long)])),
            (1, result(&[("text/plain", "2")])),
        ]);
        let excerpt = Arc::clone(&whole).excerpt(80_000);
        let text = shown(&excerpt, 0)["text/plain"].as_str().expect("text");
        assert!(long.starts_with(text.split('…').next().expect("text").trim_end()), "{text}");
        assert!(
            text.ends_with("\n… 171 kB more are not shown; an export of the run has all of it …"),
            "{text}"
        );
        assert_eq!(shown(&excerpt, 0)["text/html"], long.as_str(), "without its end it is not HTML");
        assert_eq!(shown(&excerpt, 1)["text/plain"], "2");
        assert_eq!(shown(&whole, 0)["text/plain"], long.as_str());
    }

    #[test]
    fn engines_that_differ_only_in_what_is_not_shown_differ_all_the_same() {
        let long = |last: &str| "x".repeat(50_000) + last;
        let whole =
            run([(0, result(&[("text/plain", &long("a"))])), (1, result(&[("text/plain", &long("b"))]))]);
        let excerpt = whole.excerpt(20_000);
        assert_eq!(shown(&excerpt, 0), shown(&excerpt, 1));
        let [one, other] = [0, 1].map(|slot| excerpt.part(Slot(slot)).expect("it was asked").fingerprint());
        assert_ne!(one, other);
    }

    #[test]
    fn an_error_of_many_megabytes_is_shortened_where_it_ended_the_run_as_well() {
        let text = "y".repeat(5_000_000);
        let error = || ErrorContent {
            ename: "E".into(),
            evalue: text.clone(),
            traceback: vec![text.clone(), "E: y".into()],
        };
        let reply = crate::jupyter::content::ExecuteReply::Error { error: error(), execution_count: None };
        let whole = run([(0, EventKind::Error(error())), (0, EventKind::Reply(reply)), (0, EventKind::Idle)]);
        let excerpt = whole.excerpt(20_000);
        let part = excerpt.part(Slot(0)).expect("it was asked");
        let Some(Ending::Error(ended)) = part.ending() else { panic!("{part:?}") };
        assert!(length(ended) < 10_000 && ended.evalue.contains("4 MB more"), "{}", ended.evalue.len());
        let OutputKind::Error(sent) = &part.outputs[0].kind else { panic!("{part:?}") };
        assert!(length(sent) < 10_000 && sent.traceback[1] == "E: y");
    }

    #[test]
    fn a_run_without_anything_long_is_itself() {
        let whole = run([(0, result(&[("text/plain", "2"), ("image/png", &"A".repeat(100_000))]))]);
        assert!(Arc::ptr_eq(&whole, &Arc::clone(&whole).excerpt(4000)));
    }
}
