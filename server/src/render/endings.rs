//! Describes engines that did not end well in plain words, the same in every view.

use super::{
    errors::{is_interruption, name},
    pending, terminal_text,
};
use crate::run::{Ending, EngineRun, LostReason, Run, RunState};

/// Why nothing more comes from an engine, in a sentence; `None` for engines that ended by themselves.
pub(super) fn gone(part: &EngineRun) -> Option<String> {
    Some(match part.ending()? {
        Ending::Ok | Ending::Error(_) => return None,
        Ending::Aborted(why) => aborted(why.as_deref()),
        Ending::Lost(LostReason::NotSent(why)) => format!("not run: {}", terminal_text(why, false)),
        // An engine that began without saying so in time looks like one that did not: claim neither.
        Ending::Lost(LostReason::EngineDied) if part.started.is_none() => "lost: the engine died".to_owned(),
        Ending::Lost(LostReason::EngineDied) => "lost: the engine died while it ran this".to_owned(),
        Ending::Lost(why) => format!("lost: {}", terminal_text(&why.to_string(), false)),
    })
}

/// The text for an engine that did not run the code, with the reason if it is known.
pub(super) fn aborted(why: Option<&str>) -> String {
    match why {
        None => "aborted: not run".to_owned(),
        Some(why) => format!("aborted: not run, since {}", terminal_text(why, false)),
    }
}

/// How an engine failed, in a word or two; none for one that ended well, or not yet.
pub(super) fn failure(part: &EngineRun) -> Option<String> {
    Some(match part.ending()? {
        Ending::Ok => return None,
        Ending::Error(error) if is_interruption(error) => "interrupted".to_owned(),
        Ending::Error(error) => name(&error.ename),
        Ending::Aborted(_) => "aborted".to_owned(),
        Ending::Lost(reason) if is_unsent(reason) => "not run".to_owned(),
        Ending::Lost(LostReason::EngineDied) => "engine died".to_owned(),
        Ending::Lost(_) => "lost".to_owned(),
    })
}

/// Whether the engine never got the code.
pub(super) fn is_unsent(reason: &LostReason) -> bool {
    matches!(reason, LostReason::NotSent(_))
}

/// Whether somebody stopped the code.
pub(super) fn is_stopped(ending: &Ending) -> bool {
    matches!(ending, Ending::Error(error) if is_interruption(error))
}

/// Whether nothing went wrong on an engine, though it may not have run the code, or not all of it.
pub(super) fn is_mild(ending: &Ending) -> bool {
    match ending {
        Ending::Ok | Ending::Aborted(_) => true,
        Ending::Lost(reason) => is_unsent(reason),
        Ending::Error(_) => is_stopped(ending),
    }
}

/// A run's state in a few words, without its time: `4 engines`, `1 of 4 failed`, `3 of 4 ended, waiting on [2]`.
pub fn outcome(run: &Run) -> String {
    let all = run.parts().len();
    match run.state() {
        RunState::Queued => "queued".to_owned(),
        RunState::Running => {
            let ended = run.parts().filter(|part| part.ending().is_some()).count();
            let pending = pending(run, usize::MAX).unwrap_or_default();
            format!("{ended} of {all} ended, waiting on {pending}")
        }
        RunState::Succeeded if all == 1 => "1 engine".to_owned(),
        RunState::Succeeded => format!("{all} engines"),
        RunState::Failed => {
            let count = |wanted: fn(&Ending) -> bool| {
                run.parts().filter_map(|part| part.ending()).filter(|ending| wanted(ending)).count()
            };
            let counts = [
                (count(|ending| matches!(ending, Ending::Error(_)) && !is_stopped(ending)), "failed"),
                (count(is_stopped), "interrupted"),
                (count(|ending| matches!(ending, Ending::Aborted(_))), "aborted"),
                (count(|ending| matches!(ending, Ending::Lost(reason) if !is_unsent(reason))), "lost"),
                (count(|ending| matches!(ending, Ending::Lost(reason) if is_unsent(reason))), "not run"),
            ];
            let outcomes: Vec<String> =
                counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
            match outcomes.as_slice() {
                [one] => one.replacen(' ', &format!(" of {all} "), 1),
                several => format!("{} of {all}", several.join(", ")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        render::{inline, sample::Sample},
        run::{Slot, Time},
    };

    #[test]
    fn each_ending_has_its_words() {
        let run = Sample::new(6)
            .busy(0)
            .lost(0, LostReason::EngineDied)
            .lost(1, LostReason::EngineDied)
            .aborted(2)
            .lost(3, LostReason::NotSent("interrupted before it was sent".to_owned()))
            .lost(4, LostReason::ControllerLost)
            .aborted_since(5, "the --noblock run on line 5 failed there")
            .run();
        let words =
            [0, 1, 2, 3, 4, 5].map(|slot| gone(run.part(Slot(slot)).expect("asked")).unwrap_or_default());
        assert_eq!(
            words,
            [
                "lost: the engine died while it ran this",
                "lost: the engine died",
                "aborted: not run",
                "not run: interrupted before it was sent",
                "lost: the connection to the controller was lost",
                "aborted: not run, since the --noblock run on line 5 failed there",
            ]
        );
    }

    #[test]
    fn what_was_stopped_does_not_look_like_a_fault_of_the_code() {
        let traceback =
            "Cell In[1], line 2\n      1 import time\n----> 2 time.sleep(9)\n\nKeyboardInterrupt: ";
        let stopped = Sample::asked(&[0, 1], "import time\ntime.sleep(9)", false).input(0, 1);
        let run = stopped.raise(0, "KeyboardInterrupt", "", &[traceback]).all_ok().run();
        let line = inline(&run, Time(100));
        assert_eq!(line.text, "■ [0] interrupted at line 2 · 1 ok · 50 ms");
        assert_eq!(line.severity, crate::render::Severity::Warning);
        assert_eq!(outcome(&run), "1 of 2 interrupted");
        let raised = "Cell In[1], line 1\n----> 1 raise KeyboardInterrupt\n\nKeyboardInterrupt: ";
        let run = Sample::new(1).input(0, 1).raise(0, "KeyboardInterrupt", "", &[raised]).run();
        assert_eq!(inline(&run, Time(100)).severity, crate::render::Severity::Error);
        assert_eq!(outcome(&run), "1 of 1 failed");
    }

    #[test]
    fn the_outcome_counts_what_went_wrong() {
        let raise = |sample: Sample, slot| sample.raise(slot, "E", "", &[]);
        for (sample, text) in [
            (Sample::new(4), "queued"),
            (Sample::new(4).busy(0).ok(1), "1 of 4 ended, waiting on [0,2-3]"),
            (Sample::new(4).all_ok(), "4 engines"),
            (Sample::new(1).all_ok(), "1 engine"),
            (raise(Sample::new(4), 2).all_ok(), "1 of 4 failed"),
            (
                raise(Sample::new(3), 2).aborted(1).lost(0, LostReason::EngineDied),
                "1 failed, 1 aborted, 1 lost of 3",
            ),
        ] {
            assert_eq!(outcome(&sample.run()), text);
        }
    }
}
