//! Results that are numbers, summed up across engines: `{0…9} med 2.5 ▁▂▄█`.
//!
//! Beside the groups, never instead of them: every engine's own number stays where it was.

use crate::{
    engines::RankSet,
    run::{Ending, EngineRun, OutputKind, Run},
};

/// Most numbers of a tuple or list that are summed up place by place.
const PLACES: usize = 4;

/// Most engines that get a mark of their own in a sparkline.
const MARKS: usize = 40;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What the newest results of all engines that ended well have in common, where they are numbers, or tuples or lists of
/// equally many, and not all the same: which engines, and one piece of text per place.
pub(super) fn summed_up(run: &Run) -> Option<(RankSet, String)> {
    let well: Vec<&EngineRun> = run.parts().filter(|part| part.ending() == Some(&Ending::Ok)).collect();
    let rows: Vec<Vec<f64>> = well.iter().map(|part| newest_numbers(part)).collect::<Option<_>>()?;
    let places = rows.first()?.len();
    let unlike = |a: f64, b: f64| a != b && !(a.is_nan() && b.is_nan());
    let differ = rows.iter().any(|row| row.iter().zip(&rows[0]).any(|(a, b)| unlike(*a, *b)));
    if rows.len() < 2 || rows.iter().any(|row| row.len() != places) || !differ {
        return None;
    }
    let column = |place: usize| rows.iter().map(|row| row[place]).collect::<Vec<f64>>();
    let told: Vec<String> = (0..places).map(|place| tell(&column(place))).collect();
    Some((well.iter().map(|part| part.engine).collect(), told.join(" · ")))
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
fn number(text: &str) -> Option<f64> {
    let scalar = text
        .strip_prefix("np.")
        .and_then(|text| text.strip_suffix(')'))
        .and_then(|text| text.split_once('('))
        .filter(|(class, _)| {
            class.starts_with("float") || class.starts_with("int") || class.starts_with("uint")
        })
        .map_or(text, |(_, value)| value);
    match scalar {
        "nan" => Some(f64::NAN),
        "inf" => Some(f64::INFINITY),
        "-inf" => Some(f64::NEG_INFINITY),
        _ if scalar.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            scalar.replace('_', "").parse().ok().filter(|value: &f64| value.is_finite())
        }
        _ => None,
    }
}

/// One place of all engines: `{min…max} med m ▁▄█ · 1 nan`; what is not finite is counted, not drawn.
fn tell(column: &[f64]) -> String {
    let mut finite: Vec<f64> = column.iter().copied().filter(|value| value.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let odd = column.len() - finite.len();
    let mut told = match finite.as_slice() {
        [] => String::new(),
        [first, .., last] if first != last => {
            format!(
                "{{{}…{}}} med {} {}",
                short(*first),
                short(*last),
                short(median(&finite)),
                sparkline(column, *first, *last)
            )
        }
        [same, ..] if odd == 0 => format!("≡ {}", short(*same)),
        [same, ..] => short(*same),
    };
    if odd > 0 {
        let gap = if told.is_empty() { "" } else { " " };
        told.push_str(&format!("{gap}⚠ {odd} not finite"));
    }
    told.trim_end().to_owned()
}

/// Of a sorted, non-empty slice.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// One bar per engine by rank; `!` for what is not finite. Nothing for more engines than one can count.
fn sparkline(column: &[f64], min: f64, max: f64) -> String {
    if column.len() > MARKS {
        return String::new();
    }
    // Halves first: the span of two huge numbers may exceed what a float holds.
    let height = |value: f64| ((value / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0) * 7.0).round();
    // A height is from 0 to 7 by its making.
    column.iter().map(|&value| if value.is_finite() { BARS[height(value) as usize] } else { '!' }).collect()
}

/// At most 4 significant digits, unless it is whole.
fn short(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e9 {
        return format!("{value:.0}");
    }
    if !(1e-3..1e6).contains(&size) {
        return format!("{value:.3e}");
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
        let told = summed_up(&sample.run())
            .map_or_else(|| "-".to_owned(), |(ranks, text)| format!("{ranks} {text}"));
        expected.assert_eq(&told);
    }

    #[test]
    fn numbers_are_summed_up_as_a_range_a_median_and_a_bar_per_engine() {
        check(&["0", "1", "4", "9"], expect!["[0-3] {0…9} med 2.5 ▁▂▄█"]);
        check(&["0.31", "0.33", "np.float64(0.32)"], expect!["[0-2] {0.31…0.33} med 0.32 ▁█▅"]);
        check(&["1e-07", "2e+30"], expect!["[0-1] {1.000e-7…2.000e30} med 1.000e30 ▁█"]);
        check(&["-1.7e308", "1.7e308"], expect!["[0-1] {-1.700e308…1.700e308} med 0 ▁█"]);
    }

    #[test]
    fn tuples_of_equal_length_are_summed_up_place_by_place() {
        check(&["(1, 5)", "(2, 5)"], expect!["[0-1] {1…2} med 1.5 ▁█ · ≡ 5"]);
        check(&["(1, 5)", "(2,)"], expect!["-"]);
        check(&["[1, 2, 3, 4, 5]", "[1, 2, 3, 4, 6]"], expect!["-"]);
    }

    #[test]
    fn what_is_not_finite_is_counted() {
        check(&["1", "nan", "3"], expect!["[0-2] {1…3} med 2 ▁!█ ⚠ 1 not finite"]);
        check(&["1.0", "nan", "inf"], expect!["[0-2] 1 ⚠ 2 not finite"]);
        check(&["nan", "inf"], expect!["[0-1] ⚠ 2 not finite"]);
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
