//! The machines of a run's engines, which are only named if there are several.

use std::collections::BTreeSet;

use crate::{
    engines::{EngineId, RankSet},
    run::Run,
};

/// How many hosts are named beside each other.
const FEW: usize = 3;

/// The engines that have not ended, with their hosts if these differ: `[2] n03`, `[2] n03, [5-6] n04`. In at most
/// `budget` characters: without the hosts where these are many, `None` where the ranks are too many too.
pub(crate) fn pending(run: &Run, budget: usize) -> Option<String> {
    let fits = |text: &String| text.chars().count() <= budget;
    by_host(run).filter(fits).or_else(|| Some(run.pending().to_string()).filter(fits))
}

/// The pending engines under their hosts, in the order of their lowest ranks.
fn by_host(run: &Run) -> Option<String> {
    let hosts = Hosts::of(run);
    let mut groups: Vec<(Option<&str>, Vec<EngineId>)> = Vec::new();
    let mut waiting: Vec<_> = run.parts().filter(|part| part.ending().is_none()).collect();
    waiting.sort_by_key(|part| part.engine);
    for part in waiting {
        let host = part.host.as_deref().and_then(|host| hosts.name(host));
        match groups.iter().position(|(other, _)| *other == host) {
            Some(at) => groups[at].1.push(part.engine),
            None if groups.len() == FEW => return None,
            None => groups.push((host, vec![part.engine])),
        }
    }
    let named = groups.into_iter().map(|(host, engines)| {
        let ranks: RankSet = engines.into_iter().collect();
        host.map_or_else(|| ranks.to_string(), |host| format!("{ranks} {host}"))
    });
    Some(named.collect::<Vec<_>>().join(", "))
}

/// The hosts of a run, and how short they may be written.
pub(super) struct Hosts<'a> {
    names: BTreeSet<&'a str>,
    /// Whether the part before the first dot is unique.
    short: bool,
}

impl<'a> Hosts<'a> {
    /// The hosts of all engines of a run that are known.
    pub(super) fn of(run: &'a Run) -> Self {
        let names: BTreeSet<&str> = run.parts().filter_map(|part| part.host.as_deref()).collect();
        let shortened: BTreeSet<&str> = names.iter().map(|name| first_label(name)).collect();
        Self { short: shortened.len() == names.len(), names }
    }

    /// What to write for this host: nothing where all engines are on one.
    pub(super) fn name(&self, host: &'a str) -> Option<&'a str> {
        (self.names.len() > 1).then(|| if self.short { first_label(host) } else { host })
    }
}

/// `n03` of `n03.cluster.example.org`; an address stays whole.
fn first_label(host: &str) -> &str {
    let first = host.split('.').next().unwrap_or(host);
    if first.bytes().all(|byte| byte.is_ascii_digit()) { host } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::Sample;

    #[track_caller]
    fn check(hosts: &[&str], named: &[Option<&str>]) {
        let count = u32::try_from(hosts.len()).expect("few");
        let run = (0..count)
            .zip(hosts)
            .fold(Sample::new(count), |sample, (slot, host)| sample.on(slot, host))
            .run();
        let known = Hosts::of(&run);
        assert_eq!(hosts.iter().map(|host| known.name(host)).collect::<Vec<_>>(), named);
    }

    #[test]
    fn hosts_are_named_where_there_are_several_as_short_as_tells_them_apart() {
        check(&["n01", "n01"], &[None, None]);
        check(&["n01", "n02"], &[Some("n01"), Some("n02")]);
        check(&["n01.a.org", "n02.a.org"], &[Some("n01"), Some("n02")]);
        check(&["n01.a.org", "n01.b.org"], &[Some("n01.a.org"), Some("n01.b.org")]);
        check(&["10.0.0.1", "10.0.0.2"], &[Some("10.0.0.1"), Some("10.0.0.2")]);
    }

    #[test]
    fn pending_engines_stand_with_their_hosts() {
        let on = |hosts: &[&str]| {
            let count = u32::try_from(hosts.len()).expect("few");
            let sample = (0..count).fold(Sample::new(count), Sample::busy);
            (0..count).zip(hosts).fold(sample, |sample, (slot, host)| match *host {
                "" => sample,
                host => sample.on(slot, host),
            })
        };
        let text = |sample: Sample, budget| pending(&sample.run(), budget);
        let four = || on(&["n01", "n01", "n02", "n03"]);
        assert_eq!(text(four().ok(0).ok(1).ok(3), 40).as_deref(), Some("[2] n02"));
        assert_eq!(text(four().ok(1), 40).as_deref(), Some("[0] n01, [2] n02, [3] n03"));
        assert_eq!(text(four().ok(1), 24).as_deref(), Some("[0,2-3]"));
        assert_eq!(text(four().ok(1), 6), None);
        // Names say nothing if all engines are on one host or on many; unknown hosts have none.
        assert_eq!(text(on(&["n01", "n01"]).ok(0), 40).as_deref(), Some("[1]"));
        assert_eq!(text(on(&["n01", "n02", "n03", "n04"]), 40).as_deref(), Some("[0-3]"));
        assert_eq!(text(on(&["n01", "", "n02"]), 40).as_deref(), Some("[0] n01, [1], [2] n02"));
    }
}
