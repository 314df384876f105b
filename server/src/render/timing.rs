//! How long each engine's part of a run took, and how far the slowest is from the rest.

use super::hosts::Hosts;
use crate::{
    engines::EngineId,
    run::{Ending, EngineRun, Run},
};

/// What took less than this altogether is not worth comparing: pxlens and the network may have made the difference.
const SHORT: u64 = 100;

/// Below this the engines were about equally fast.
const EVEN: f64 = 1.5;

/// How long the engines of a run took.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Timing {
    /// Every part that came to its end, well or with an error, in target order.
    pub parts: Vec<PartTime>,
    /// Milliseconds: half of the parts took longer. Between the two in the middle where their number is even.
    pub median: u64,
    /// Milliseconds of the slowest part.
    pub max: u64,
    /// The slowest part's time over the median.
    pub skew: f64,
    /// The slowest part; the first of them where several took as long.
    pub slowest: PartTime,
}

/// How long one engine's part took, as pxlens saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartTime {
    /// The engine.
    pub engine: EngineId,
    /// Its host, in the shortest form that is unique; `None` if it is not known, or if all engines are on one host.
    pub host: Option<String>,
    /// Milliseconds from when it began, or else from when the request was sent, to its end.
    pub milliseconds: u64,
}

/// The times of a run that is over. `None` while some engine is at work: that one may be the slowest.
///
/// `None` also where there is nothing worth saying: fewer than two engines came to an end (one that was lost or aborted
/// has no time), all took less than 100 ms, or the slowest took less than 1.5 times the median.
pub(crate) fn timing(run: &Run) -> Option<Timing> {
    if !run.is_over() {
        return None;
    }
    let hosts = Hosts::of(run);
    let parts: Vec<PartTime> = run.parts().filter_map(|part| part_time(part, &hosts)).collect();
    if parts.len() < 2 {
        return None;
    }
    let mut times: Vec<u64> = parts.iter().map(|part| part.milliseconds).collect();
    times.sort_unstable();
    let median = u64::midpoint(times[(times.len() - 1) / 2], times[times.len() / 2]);
    let max = times.last().copied()?;
    #[expect(clippy::cast_precision_loss, reason = "no run takes 2^53 ms")]
    let skew = max as f64 / median.max(1) as f64;
    let slowest = parts.iter().find(|part| part.milliseconds == max)?.clone();
    (max >= SHORT && skew >= EVEN).then_some(Timing { parts, median, max, skew, slowest })
}

fn part_time(part: &EngineRun, hosts: &Hosts) -> Option<PartTime> {
    let (Ending::Ok | Ending::Error(_)) = part.ending()? else { return None };
    let host = part.host.as_deref().and_then(|host| hosts.name(host));
    Some(PartTime { engine: part.engine, host: host.map(str::to_owned), milliseconds: part.took()? })
}

impl Timing {
    /// `max/median 3.1× · slowest [5] n03`; the host only where it is known and not the same for all.
    pub(crate) fn line(&self) -> String {
        let digits = usize::from(self.skew < 10.0);
        let host = self.slowest.host.as_deref().map(|host| format!(" {host}")).unwrap_or_default();
        format!("max/median {:.digits$}× · slowest [{}]{host}", self.skew, self.slowest.engine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{render::sample::Sample, run::LostReason};

    /// A run whose engines took so many milliseconds each, one after the other.
    fn took(times: &[u64]) -> Sample {
        let engines: Vec<u32> = (0..).take(times.len()).collect();
        // An end is two events, each of which takes 10 ms.
        let at_work = |sample: Sample, (slot, time): (u32, &u64)| {
            sample.busy(slot).later(time.saturating_sub(20)).ok(slot)
        };
        (0..).zip(times).fold(Sample::of(&engines), at_work)
    }

    fn line(run: &Run) -> Option<String> {
        timing(run).map(|timing| timing.line())
    }

    #[test]
    fn the_slowest_engine_is_named_with_how_far_it_is_from_the_median() {
        let run = took(&[1000, 1000, 1100, 1000, 1000, 3100]).run();
        let timing = timing(&run).expect("worth saying");
        assert_eq!((timing.median, timing.max, timing.slowest.engine), (1000, 3100, EngineId(5)));
        assert_eq!(timing.parts.iter().map(|part| part.milliseconds).sum::<u64>(), 8200);
        assert_eq!(timing.line(), "max/median 3.1× · slowest [5]");
        assert_eq!(line(&took(&[30, 40, 1020]).run()).as_deref(), Some("max/median 26× · slowest [2]"));
    }

    #[test]
    fn an_even_number_of_parts_has_its_median_between_the_two_in_the_middle() {
        let timing = timing(&took(&[100, 200, 400, 2000]).run()).expect("worth saying");
        assert_eq!((timing.median, timing.max), (300, 2000));
    }

    #[test]
    fn its_host_is_named_where_the_engines_are_on_several() {
        let hosts = |sample: Sample, hosts: [&str; 3]| {
            (0..).zip(hosts).fold(sample, |sample, (slot, host)| sample.on(slot, host)).run()
        };
        let apart = hosts(took(&[1000, 1000, 2000]), ["n01", "n01", "n03"]);
        assert_eq!(line(&apart).as_deref(), Some("max/median 2.0× · slowest [2] n03"));
        let together = hosts(took(&[1000, 1000, 2000]), ["n01", "n01", "n01"]);
        assert_eq!(line(&together).as_deref(), Some("max/median 2.0× · slowest [2]"));
    }

    #[test]
    fn what_is_short_or_even_or_not_over_is_not_worth_saying() {
        assert_eq!(line(&took(&[30, 90]).run()), None);
        assert_eq!(line(&took(&[1000, 1400]).run()), None);
        assert_eq!(line(&took(&[5000]).run()), None);
        let going_on = Sample::new(3).busy(0).busy(1).busy(2).ok(0).later(3000).ok(1);
        assert_eq!(line(&going_on.clone().run()), None);
        assert!(line(&going_on.lost(2, LostReason::EngineDied).run()).is_some());
    }

    #[test]
    fn only_engines_that_came_to_an_end_tell_a_time() {
        let sample = Sample::new(3).busy(0).busy(1).busy(2).ok(0).later(3000);
        let failed = sample.clone().raise(1, "ValueError", "no", &[]).lost(2, LostReason::EngineDied);
        assert_eq!(line(&failed.run()).as_deref(), Some("max/median 2.0× · slowest [1]"));
        assert_eq!(line(&sample.lost(1, LostReason::EngineDied).aborted(2).run()), None);
    }
}
