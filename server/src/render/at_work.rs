//! What engines that have not ended are doing, as far as what they wrote tells it.

use super::{
    fold::fold,
    gist::{Gist, is_at_work, newest_line},
    numbers::Detail,
    wording::cut,
};
use crate::{
    engines::RankSet,
    run::{EngineRun, Run},
};

/// In less room, in characters, hardly anything can be told.
const LEAST_ROOM: usize = 12;

/// Different percentages are named up to so many, else as a range.
const NAMED: usize = 3;

/// In at most so many characters: `train 45 % [0-2] · 30 % [3]` where all that wrote something show a bar of one name, else the
/// last line of the largest group. `None` if none of them wrote anything, or there is no room for it.
pub(super) fn at_work(run: &Run, room: usize) -> Option<String> {
    if room < LEAST_ROOM {
        return None;
    }
    let parts: Vec<&EngineRun> = run.parts().filter(|part| part.ending().is_none()).collect();
    let newest: Vec<(&EngineRun, String)> =
        parts.into_iter().filter_map(|part| Some((part, newest_line(part)?))).collect();
    let bars: Option<Vec<(&EngineRun, Bar<'_>)>> =
        newest.iter().map(|(part, line)| Some((*part, Bar::of(line)?))).collect();
    let text = match bars.filter(|bars| !bars.is_empty()) {
        Some(bars) if bars.iter().all(|(_, bar)| bar.name == bars[0].1.name) => of_bars(&bars),
        _ => {
            let groups = fold(run);
            let group = groups.iter().find(|group| is_at_work(run, group))?;
            Gist::of(run, group).text(Detail::Values(room), 0)
        }
    };
    // The ranks alone say nothing.
    text.contains(' ').then(|| cut(&text, room))
}

fn of_bars(bars: &[(&EngineRun, Bar<'_>)]) -> String {
    let mut by_percent: Vec<(u32, RankSet)> = Vec::new();
    for (part, bar) in bars {
        let engine = std::iter::once(part.engine);
        match by_percent.iter_mut().find(|(percent, _)| *percent == bar.percent) {
            Some((_, ranks)) => *ranks = ranks.iter().chain(engine).collect(),
            None => by_percent.push((bar.percent, engine.collect())),
        }
    }
    by_percent.sort_by_key(|(percent, _)| std::cmp::Reverse(*percent));
    let name = if bars[0].1.name.is_empty() { String::new() } else { format!("{} ", bars[0].1.name) };
    match by_percent.as_slice() {
        [(percent, _)] => format!("{name}{percent} %"),
        few if few.len() <= NAMED => {
            let each: Vec<String> =
                few.iter().map(|(percent, ranks)| format!("{percent} % {ranks}")).collect();
            format!("{name}{}", each.join(" · "))
        }
        [(most, _), .., (least, _)] => format!("{name}{least}…{most} %"),
        [] => String::new(),
    }
}

/// A progress bar, as tqdm, rich and pip draw it: a percentage, and characters that fill a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bar<'a> {
    /// What it says of whose progress it is.
    name: &'a str,
    percent: u32,
}

impl<'a> Bar<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let is_bar = |c: char| "|█▏▎▍▌▋▊▉━╸╺#=[".contains(c);
        // `45%|####5     |` of tqdm, `━━━━━━` of rich and pip, `[=====>   ]`.
        let is_tqdm = line.split_once("%|").is_some_and(|(_, behind)| behind.contains('|'));
        let is_filled = ["███", "━━━", "###", "==="].iter().any(|filled| line.contains(filled));
        if !is_tqdm && !is_filled {
            return None;
        }
        let sign = line.find('%')?;
        let before = line[..sign].trim_end();
        let number = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let percent: f64 = before[number.len()..].parse().ok().filter(|percent| *percent <= 100.0)?;
        let name = number.split(is_bar).next().unwrap_or_default();
        // Whole percents of what was between 0 and 100.
        Some(Self { name: name.trim().trim_end_matches(':'), percent: percent as u32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::Sample;

    #[test]
    fn a_bar_is_a_percentage_and_what_fills_it() {
        let bar = |name, percent| Some(Bar { name, percent });
        for (line, expected) in [
            (" 45%|####5     | 45/100 [00:01<00:01, 40.00it/s]", bar("", 45)),
            ("train:   7%|▋         | 7/100 [00:00<00:00, 60it/s]", bar("train", 7)),
            ("Working... ━━━━━━━━━━╸━━━ 45% 0:00:12", bar("Working...", 45)),
            ("epoch 3: 100.0%|██| 9/9", bar("epoch 3", 100)),
            ("data.zip [=====>    ] 45% 3 MB/s", bar("data.zip", 45)),
            ("epoch=3 loss=0.31 acc=97.5%", None),
            ("gpu util: 98% | mem 3/80 GB", None),
            ("accuracy 45%", None),
            ("a | 150% of it", None),
            ("|%", None),
            ("", None),
        ] {
            assert_eq!(Bar::of(line), expected, "{line}");
        }
    }

    #[test]
    fn bars_of_one_name_are_told_by_their_percentages() {
        let at = |percents: &[u32], name: &str| {
            let count = u32::try_from(percents.len()).expect("few");
            (0..).zip(percents).fold(Sample::new(count), |sample, (slot, percent)| {
                sample.busy(slot).stderr(slot, &format!("\r{name}{percent:3}%|###   | 1/9 [00:01<00:02]"))
            })
        };
        let shown = |sample: Sample| at_work(&sample.run(), 60);
        assert_eq!(shown(at(&[45, 45, 45, 30], "train: ")).as_deref(), Some("train 45 % [0-2] · 30 % [3]"));
        assert_eq!(shown(at(&[7, 7], "")).as_deref(), Some("7 %"));
        assert_eq!(shown(at(&[1, 2, 3, 4, 5], "")).as_deref(), Some("1…5 %"));
        assert_eq!(
            shown(Sample::new(2).busy(0).stdout(0, "step 1\n").busy(1).stdout(1, "step 2\n")).as_deref(),
            Some("[0-1] step ‹1 2›")
        );
        assert_eq!(shown(Sample::new(2).busy(0).busy(1)), None);
        assert_eq!(at_work(&at(&[1, 2], "").run(), 8), None);
    }
}
