//! Numbers of several engines in a few characters: `0 1 4 9` of few, `0…9 med 2.5 ▁▂▄█` of many.

use super::wording;
use crate::{
    engines::{EngineId, RankSet},
    run::{Ending, EngineRun, OutputKind, Run, rules::Rule},
};

/// Longer tuples and lists are not summarised place by place.
const PLACES: usize = 4;

/// Of at most this many engines the values are shown as they are, in the order of ranks.
pub(super) const FEW: usize = 8;

/// How much of a summary there is room for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Detail {
    /// The values of [`FEW`] engines in at most so many characters, else as `Bars(16)`.
    Values(usize),
    /// Range, median and at most so many bars.
    Bars(usize),
    /// Range and median.
    Median,
    /// The range.
    Range,
}

/// A summary: what stands for the values, and a note after it.
pub(super) struct Summary {
    /// `0…9`
    pub(super) range: String,
    /// ` med 2.5 ▁▂▄█`; empty, or begins with a blank.
    pub(super) rest: String,
    /// Whether it has to be told from text that engines wrote, as `‹0…9›`.
    pub(super) is_gap: bool,
}

impl Summary {
    /// What reads as if an engine had written it.
    pub(super) fn plain(text: &str) -> Self {
        Self { range: text.to_owned(), rest: String::new(), is_gap: false }
    }

    /// What no engine wrote.
    pub(super) fn gap(text: String) -> Self {
        Self { range: text, rest: String::new(), is_gap: true }
    }

    /// The values of few engines as they wrote them; `None` if there are many, or they take more than so many characters.
    pub(super) fn values(texts: &[&str], most: usize) -> Option<Self> {
        let between = if texts.iter().any(|text| text.contains([' ', ','])) { ", " } else { " " };
        let all = (texts.len() <= FEW).then(|| texts.join(between))?;
        (all.chars().count() <= most && Rule::Few.applies()).then(|| Self::gap(all))
    }
}

/// The most bars where they share a line with other text.
pub(super) const BARS_IN_A_LINE: usize = 16;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Summarises the newest results of all engines that ended well, where these are numbers, or tuples or lists of equally many
/// numbers, and are not all the same. It is shown beside the groups, never instead of them.
pub(super) fn summarize_results(run: &Run) -> Option<(RankSet, String)> {
    let well: Vec<&EngineRun> = run.parts().filter(|part| part.ending() == Some(&Ending::Ok)).collect();
    let rows: Vec<Vec<f64>> = well.iter().map(|part| newest_numbers(part)).collect::<Option<_>>()?;
    let places = rows.first()?.len();
    let unlike = |a: f64, b: f64| a != b && !(a.is_nan() && b.is_nan());
    let differ = rows.iter().any(|row| row.iter().zip(&rows[0]).any(|(a, b)| unlike(*a, *b)));
    if rows.len() < 2 || rows.iter().any(|row| row.len() != places) || !differ {
        return None;
    }
    let engines: Vec<EngineId> = well.iter().map(|part| part.engine).collect();
    let summaries: Vec<String> = (0..places)
        .map(|place| {
            let column: Vec<f64> = rows.iter().map(|row| row[place]).collect();
            if column.iter().all(|value| *value == column[0]) {
                return format!("≡ {}", short(column[0]));
            }
            let summary = spread(&column, &[], false, &engines, Detail::Values(40));
            format!("{}{}", summary.range, summary.rest)
        })
        .collect();
    Some((engines.into_iter().collect(), summaries.join(" · ")))
}

fn newest_numbers(part: &EngineRun) -> Option<Vec<f64>> {
    let data = part.outputs.iter().rev().find_map(|output| match &output.kind {
        OutputKind::Result { data, .. } => Some(data),
        _ => None,
    })?;
    numbers(data.get("text/plain")?.as_str()?)
}

/// A number, or a tuple or list of some, as Python and NumPy 2 write them.
fn numbers(text: &str) -> Option<Vec<f64>> {
    let text = text.trim();
    let inside = [('(', ')'), ('[', ']')]
        .iter()
        .find_map(|&(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let Some(inside) = inside else { return Some(vec![number(text)?]) };
    let parts: Vec<&str> = inside.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || parts.len() > PLACES {
        return None;
    }
    parts.into_iter().map(number).collect()
}

/// `1`, `-2.5`, `1e-3`, `nan`, `inf`, `np.float64(1.5)`. Rust would also take words such as `infinity`.
pub(super) fn number(text: &str) -> Option<f64> {
    let scalar = text
        .strip_prefix("np.")
        .and_then(|text| text.strip_suffix(')'))
        .and_then(|text| text.split_once('('))
        .filter(|(class, _)| {
            class.starts_with("float") || class.starts_with("int") || class.starts_with("uint")
        })
        .map_or(text, |(_, value)| value);
    match scalar {
        "nan" | "NaN" | "NAN" | "-nan" => Some(f64::NAN),
        "inf" | "Inf" | "INF" | "+inf" => Some(f64::INFINITY),
        "-inf" | "-Inf" | "-INF" => Some(f64::NEG_INFINITY),
        _ if scalar.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            scalar.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

/// Summarises one value per engine, in the order of ranks. `texts` holds the values as they were written, or nothing; with `time`,
/// values are seconds. Values that are not finite are named, not drawn.
pub(super) fn spread(
    values: &[f64],
    texts: &[&str],
    time: bool,
    engines: &[EngineId],
    detail: Detail,
) -> Summary {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_finite()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let written = |i: usize| texts.get(i).map_or_else(|| short(values[i]), |text| (*text).to_owned());
    let detail = match detail {
        Detail::Values(most) => {
            let all: Vec<String> = (0..values.len()).map(written).collect();
            match Summary::values(&all.iter().map(String::as_str).collect::<Vec<_>>(), most) {
                Some(values) => return values,
                None => Detail::Bars(BARS_IN_A_LINE),
            }
        }
        other => other,
    };
    let odd = odd_ones(values, engines);
    let (Some(&lowest), Some(&highest)) = (order.first(), order.last()) else {
        return Summary::plain(odd.trim_start());
    };
    let (min, max) = (values[lowest], values[highest]);
    if min == max {
        return Summary { rest: odd, ..Summary::plain(&written(lowest)) };
    }
    // A few digits, unless two different numbers would look the same.
    let close = short(min) == short(max);
    let (from, to) =
        if time || close { (written(lowest), written(highest)) } else { (short(min), short(max)) };
    let sorted: Vec<f64> = order.iter().map(|&i| values[i]).collect();
    let middle = median(&sorted);
    let median = match time {
        true if texts.iter().any(|text| text.contains(':')) => wording::clock(middle),
        true => wording::seconds(middle),
        false if close => middle.to_string(),
        false => short(middle),
    };
    let rest = match detail {
        Detail::Range => odd,
        Detail::Median => format!(" med {median}{odd}"),
        Detail::Bars(most) | Detail::Values(most) => {
            format!(" med {median} {}{odd}", sparkline(values, middle, min, max, most))
        }
    };
    Summary { rest: rest.trim_end().to_owned(), ..Summary::gap(format!("{from}…{to}")) }
}

/// Summarises many numbers per engine: the range and the median of all, and a bar for each engine's median.
pub(super) fn pooled(rows: &[Vec<f64>], engines: &[EngineId], detail: Detail) -> Summary {
    let finite = |row: &[f64]| {
        let mut finite: Vec<f64> = row.iter().copied().filter(|value| value.is_finite()).collect();
        finite.sort_by(f64::total_cmp);
        finite
    };
    let medians: Vec<f64> = rows
        .iter()
        .map(|row| match finite(row) {
            sorted if sorted.is_empty() || sorted.len() < row.len() => f64::NAN,
            sorted => median(&sorted),
        })
        .collect();
    let all = finite(&rows.concat());
    let (Some(&min), Some(&max)) = (all.first(), all.last()) else {
        return Summary::plain("⚠ nothing finite");
    };
    let with_odd: RankSet = medians
        .iter()
        .zip(engines)
        .filter(|(median, _)| median.is_nan())
        .map(|(_, engine)| *engine)
        .collect();
    let odd = if with_odd.is_empty() { String::new() } else { format!(" ⚠ not finite {with_odd}") };
    let middle = median(&all);
    let known = finite(&medians);
    let bars = match (detail, known.first(), known.last()) {
        (Detail::Bars(most) | Detail::Values(most), Some(&low), Some(&high)) if low < high => {
            sparkline(&medians, median(&known), low, high, most)
        }
        _ => String::new(),
    };
    let rest = match detail {
        Detail::Range => odd,
        Detail::Median | Detail::Bars(_) | Detail::Values(_) => {
            format!(" med {} {bars}", short(middle)).trim_end().to_owned() + &odd
        }
    };
    Summary { rest, ..Summary::gap(format!("{}…{}", short(min), short(max))) }
}

/// ` ⚠ nan [1], inf [3]`
fn odd_ones(values: &[f64], engines: &[EngineId]) -> String {
    let named = |name: &str, wanted: fn(f64) -> bool| {
        let of: RankSet = values
            .iter()
            .zip(engines)
            .filter(|(value, _)| wanted(**value))
            .map(|(_, engine)| *engine)
            .collect();
        (!of.is_empty()).then(|| format!("{name} {of}"))
    };
    let parts: Vec<String> = [
        named("nan", f64::is_nan),
        named("inf", |value| value == f64::INFINITY),
        named("-inf", |value| value == f64::NEG_INFINITY),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { String::new() } else { format!(" ⚠ {}", parts.join(", ")) }
}

/// The median of a sorted, non-empty slice.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// One bar per engine by rank; `!` for a value that is not finite. With more engines than bars, a bar stands for several (a note
/// says for how many) and shows the value of theirs that is farthest from the median.
fn sparkline(values: &[f64], median: f64, min: f64, max: f64, most: usize) -> String {
    let together = values.len().div_ceil(most.max(1)).max(1);
    if together > 1 && !Rule::Buckets.applies() {
        return String::new();
    }
    // Halves first: the span of two huge numbers may exceed what a float holds.
    let height = |value: f64| ((value / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0) * 7.0).round();
    let farther =
        |a: &f64, b: &f64| (a / 2.0 - median / 2.0).abs().total_cmp(&(b / 2.0 - median / 2.0).abs());
    let bar = |several: &[f64]| {
        let extreme = several.iter().copied().max_by(farther).unwrap_or(f64::NAN);
        // `height` is between 0 and 7.
        if several.iter().all(|value| value.is_finite()) { BARS[height(extreme) as usize] } else { '!' }
    };
    let bars: String = values.chunks(together).map(bar).collect();
    if together == 1 { bars } else { format!("{bars} ({together} a bar)") }
}

/// A number in at most 4 significant digits, unless it is whole.
fn short(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "nan".to_owned() } else { value.to_string() };
    }
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e9 {
        return format!("{value:.0}");
    }
    if !(1e-3..1e6).contains(&size) {
        let digits = format!("{value:.3e}");
        let Some((mantissa, exponent)) = digits.split_once('e') else { return digits };
        return format!("{}e{exponent}", mantissa.trim_end_matches('0').trim_end_matches('.'));
    }
    let before = if size < 1.0 { 0 } else { size.log10() as usize + 1 };
    let digits = format!("{value:.*}", 4usize.saturating_sub(before));
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::render::sample::Sample;

    fn check(results: &[&str], expected: Expect) {
        let sample = (0..)
            .zip(results)
            .fold(Sample::new(u32::try_from(results.len()).expect("few")), |sample, (slot, text)| {
                sample.busy(slot).result(slot, text).ok(slot)
            });
        let summary = summarize_results(&sample.run())
            .map_or_else(|| "-".to_owned(), |(ranks, text)| format!("{ranks} {text}"));
        expected.assert_eq(&summary);
    }

    #[test]
    fn numbers_are_summed_up_as_a_range_a_median_and_a_bar_per_engine() {
        check(&["0", "1", "4", "9"], expect!["[0-3] 0 1 4 9"]);
        check(&["0.31", "0.33", "np.float64(0.32)"], expect!["[0-2] 0.31 0.33 0.32"]);
        check(&["1e-07", "2e+30"], expect!["[0-1] 1e-7 2e30"]);
        check(&["-1.7e308", "1.7e308"], expect!["[0-1] -1.7e308 1.7e308"]);
    }

    #[test]
    fn tuples_of_equal_length_are_summed_up_place_by_place() {
        check(&["(1, 5)", "(2, 5)"], expect!["[0-1] 1 2 · ≡ 5"]);
        check(&["(1, 5)", "(2,)"], expect!["-"]);
        check(&["[1, 2, 3, 4, 5]", "[1, 2, 3, 4, 6]"], expect!["-"]);
    }

    #[test]
    fn what_is_not_finite_is_counted() {
        check(&["1", "nan", "3"], expect!["[0-2] 1 nan 3"]);
        check(&["1.0", "nan", "inf"], expect!["[0-2] 1 nan inf"]);
        check(&["nan", "inf"], expect!["[0-1] nan inf"]);
    }

    #[test]
    fn what_is_no_number_or_the_same_everywhere_is_not_summed_up() {
        check(&["1", "'a'"], expect!["-"]);
        check(&["7", "7"], expect!["-"]);
        check(&["0", "-0.0"], expect!["-"]);
        check(&["nan", "nan"], expect!["-"]);
        check(&["True", "False"], expect!["-"]);
        check(&["infinity", "1"], expect!["-"]);
        check(&["1"], expect!["-"]);
    }
}
