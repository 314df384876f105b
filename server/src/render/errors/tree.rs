//! Errors that share their outer frames and part in deeper ones, as trees: what they share is shown once.

use std::ops::Range;

use super::{ErrorGroup, Kind};
use crate::engines::RankSet;

/// Below this depth branches stand side by side.
const DEEPEST: usize = 8;

/// A group of errors, or several under what they share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::render) struct Branch {
    pub(in crate::render) ranks: RankSet,
    /// The index of the group whose steps are shown: the only group of the branch, or the first of those that share the steps.
    pub(in crate::render) group: usize,
    /// Which of its steps are shown here; the steps before them are shown further up.
    pub(in crate::render) steps: Range<usize>,
    /// Where the groups part after these steps; empty if the branch has a single group.
    pub(in crate::render) branches: Vec<Branch>,
}

/// Each group once, in their order, under what it shares with others.
pub(in crate::render) fn trees(groups: &[ErrorGroup]) -> Vec<Branch> {
    let begin = |group: &ErrorGroup| {
        group.steps.iter().position(|step| step.kind != Kind::Heading).unwrap_or(group.steps.len())
    };
    let all: Vec<(usize, usize)> = (0..).zip(groups).map(|(i, group)| (i, begin(group))).collect();
    branches(groups, &all, 0)
}

/// Groups, each with its first step that is not shown yet.
fn branches(groups: &[ErrorGroup], among: &[(usize, usize)], depth: usize) -> Vec<Branch> {
    let mut alike: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for &(i, at) in among {
        let frame = groups[i].steps.get(at).filter(|step| matches!(step.kind, Kind::Frame(_)));
        // What was printed to stderr is shown there.
        match frame.filter(|_| depth < DEEPEST && !groups[i].printed) {
            Some(frame) => {
                let place = *known.entry(frame.key.as_str()).or_insert(alike.len());
                match alike.get_mut(place) {
                    Some(others) => others.push((i, at)),
                    None => alike.push(vec![(i, at)]),
                }
            }
            None => alike.push(vec![(i, at)]),
        }
    }
    alike.into_iter().map(|among| branch(groups, &among, depth)).collect()
}

fn branch(groups: &[ErrorGroup], among: &[(usize, usize)], depth: usize) -> Branch {
    let (group, from) = among[0];
    let steps = &groups[group].steps;
    if among.len() == 1 {
        let ranks = groups[group].ranks.clone();
        return Branch { ranks, group, steps: from..steps.len(), branches: Vec::new() };
    }
    let is_shared = |n: usize| {
        let of = |&(i, at): &(usize, usize)| groups[i].steps.get(at + n).map(|step| step.key.as_str());
        let first = of(&among[0]);
        first.is_some() && among.iter().all(|other| of(other) == first)
    };
    let shared = (0..steps.len() - from).take_while(|&n| is_shared(n)).count();
    let below: Vec<(usize, usize)> = among.iter().map(|&(i, at)| (i, at + shared)).collect();
    Branch {
        ranks: among.iter().flat_map(|&(i, _)| groups[i].ranks.iter()).collect(),
        group,
        steps: from..from + shared,
        branches: branches(groups, &below, depth + 1),
    }
}
