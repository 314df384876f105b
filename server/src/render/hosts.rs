//! The machines of a run's engines: only where there are several does it tell anything to name them.

use std::collections::BTreeSet;

use crate::run::Run;

/// The hosts of a run, and how short they may be written.
pub(super) struct Hosts<'a> {
    names: BTreeSet<&'a str>,
    /// Whether the part before the first dot tells them apart.
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
}
