//! pxlens' own layout: groups of engines under their rank sets, then errors by where they came from.
//!
//! A group whose output is one line stands beside its ranks; longer output stands below a rule. Output is never indented,
//! so that it can be copied. The shell and the lines beside the code are drawn from the same lines.

use std::borrow::Cow;

use super::{
    Group, GroupBy, Limits,
    difference::difference,
    error_text::lay_out_errors,
    errors::name,
    fold,
    grouped::{Shown, of_group, of_one},
    line::{BlockLine, Paint, Span, rule},
    numbers::{Detail, FEW, summarize_results},
    screen::{Item, Scope},
    sections::{Block, Section, State, reference, sections},
    terminal_text,
    view::{Place, View},
    without_key,
    wording::cut,
};
use crate::{
    engines::RankSet,
    jupyter::content::StreamName,
    run::{EngineRun, OutputKind, Run, Slot},
};

/// The lines below a cell (Neovim's virtual lines): groups, results, errors. Lines beyond the limits are cut from the middle, and
/// a note says so.
pub fn block(run: &Run, by: GroupBy, limits: Limits) -> Vec<BlockLine> {
    let scope = Scope { bytes: Some(share(run, limits)), ..Scope::default() };
    let width = limits.columns.min(80);
    let view = View { by, scope, width, names_stderr: false, keeps_values: false };
    both_ends(&lay_out(run, view, &|_| None), limits)
}

/// A line as it is sent: without keys, and no wider than the limit.
fn ready(line: &BlockLine, limits: Limits) -> BlockLine {
    let mut line = line.clone();
    let mut left = limits.columns;
    for span in &mut line.spans {
        if let Cow::Owned(masked) = without_key(&span.text) {
            span.text = masked;
        }
        span.text = cut(&span.text, left);
        left -= span.text.chars().count();
    }
    line.spans.retain(|span| !span.text.is_empty());
    line
}

/// Bytes that are kept free for a heading: one of 80 characters, most of them strokes.
const HEADING: usize = 300;

/// Lines of a block from both ends, as many as the limits allow: what comes last is the newest output, or errors. Between them
/// stands how many are left out, and the heading of what goes on there. Only lines that are sent are made ready.
fn both_ends(lines: &[BlockLine], limits: Limits) -> Vec<BlockLine> {
    if lines.len() <= limits.lines {
        let all: Vec<BlockLine> = lines.iter().map(|line| ready(line, limits)).collect();
        if all.iter().map(as_json).sum::<usize>() <= limits.sent {
            return all;
        }
    }
    let more = |n: usize| BlockLine::of(format!("… {}", super::wording::count(n, "more line")), Paint::Note);
    let is_heading = |line: &BlockLine| line.spans.first().is_some_and(|span| span.paint == Paint::Rule);
    // The note takes a line away, and so may a heading that is not the first.
    let reserved = if lines.iter().skip(1).any(is_heading) { HEADING } else { 0 };
    let mut room = limits.lines.saturating_sub(1 + usize::from(reserved > 0));
    let mut bytes = limits.sent.saturating_sub(as_json(&more(lines.len())) + reserved);
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    while room > 0 && head.len() + tail.len() < lines.len() {
        // One from the beginning, one from the end.
        let from_head = head.len() <= tail.len();
        let next = if from_head { head.len() } else { lines.len() - tail.len() - 1 };
        let line = ready(&lines[next], limits);
        let sent = as_json(&line);
        if sent > bytes {
            break;
        }
        (room, bytes) = (room - 1, bytes - sent);
        if from_head { head.push(line) } else { tail.push(line) }
    }
    let left_out = &lines[head.len()..lines.len() - tail.len()];
    let goes_on = tail.last().is_some_and(|line| !is_heading(line));
    let heading = left_out.iter().rfind(|line| goes_on && is_heading(line)).map(|line| ready(line, limits));
    let heading = heading.filter(|line| as_json(line) <= reserved + bytes);
    let unnamed = left_out.len() - usize::from(heading.is_some());
    head.extend((unnamed > 0).then(|| more(unnamed)));
    head.extend(heading);
    head.extend(tail.into_iter().rev());
    head
}

/// Bytes of a line as a client gets it, with its style and all that JSON puts around it.
fn as_json(line: &BlockLine) -> usize {
    let bytes =
        |span: &Span| span.text.len() + span.text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    r#"{"text":"","style":"result","ranks":99},"#.len() + line.spans.iter().map(bytes).sum::<usize>()
}

/// How many bytes each group may show, so that a view of many groups costs no more than one of few.
pub(super) fn share(run: &Run, limits: Limits) -> usize {
    (limits.bytes / fold(run).len().max(1)).max(1000.min(limits.bytes))
}

/// The lines of a run: sections, then errors. A line of the code that has no `place` is named by its number in the cell.
pub(super) fn lay_out(run: &Run, view: View, place: Place<'_>) -> Vec<BlockLine> {
    let mut lines = lay_out_outputs(run, view);
    lay_out_errors(run, view, place, &mut lines);
    lines
}

/// The same without the errors.
pub(super) fn lay_out_outputs(run: &Run, view: View) -> Vec<BlockLine> {
    let mut lines = Vec::new();
    for section in sections(run, view) {
        if let Some(title) = section.title {
            lines.push(rule(BlockLine::of(title, Paint::Note), '━', view.width));
        }
        let named = view.names_stderr && section.title.is_none();
        let drawn = draw_blocks(&section, View { names_stderr: named, ..view });
        lay_out_blocks(&drawn, view.width, &mut lines);
    }
    if let Some((ranks, summary)) = across_groups(run, view) {
        lines.push(BlockLine::of(ranks.to_string(), Paint::Ranks).and(format!(" {summary}"), Paint::Note));
    }
    lines
}

/// How the results of several groups are spread. A group without a result, as of engines that raised, says nothing about that.
pub(super) fn across_groups(run: &Run, view: View) -> Option<(RankSet, String)> {
    let has_result = |group: &&Group| {
        let part = run.part(group.representative);
        part.is_some_and(|part| {
            part.outputs.iter().any(|output| matches!(output.kind, OutputKind::Result { .. }))
        })
    };
    // Of few engines the groups show each value.
    let is_many = run.parts().len() > FEW;
    let several = is_many && view.by == GroupBy::Fold && fold(run).iter().filter(has_result).count() > 1;
    several.then(|| summarize_results(run))?
}

/// A block, ready to paint.
pub(super) struct Drawn<'a> {
    pub(super) block: &'a Block,
    pub(super) lines: Vec<BlockLine>,
    /// The engines from whose output these lines are the difference.
    pub(super) differs_from: Option<RankSet>,
}

/// The blocks of a section; in a section that compares, small ones as their difference from the reference: of those with the
/// fewest errors the largest, among equals the one with the lowest rank.
pub(super) fn draw_blocks(section: &Section, view: View) -> Vec<Drawn<'_>> {
    let blocks = &section.blocks;
    let reference = reference(blocks).filter(|_| section.compared && blocks.len() > 1);
    let in_brief = reference.map(|i| (i, body(&blocks[i], view.names_stderr, Some(Detail::Range))));
    let mut first = 0;
    let mut drawn: Vec<Drawn<'_>> = Vec::new();
    for (i, block) in blocks.iter().enumerate() {
        let lines = body(block, view.names_stderr, None);
        let other = in_brief.as_ref().filter(|(reference, _)| *reference != i);
        let differs = other.and_then(|(reference, brief)| {
            let ranks = &blocks[*reference].ranks;
            Some((*reference, difference(brief, &lines, ranks)?, ranks.clone()))
        });
        drawn.push(match differs {
            None => Drawn { block, lines, differs_from: None },
            Some((reference, lines, ranks)) => {
                first = reference;
                Drawn { block, lines, differs_from: Some(ranks) }
            }
        });
    }
    // The reference comes before the blocks compared with it.
    drawn[..(first + 1).min(blocks.len())].rotate_right(usize::from(first > 0));
    drawn
}

fn lay_out_blocks(drawn: &[Drawn<'_>], width: usize, into: &mut Vec<BlockLine>) {
    let label = |block: &Block| match block.state.mark() {
        "" => block.ranks.to_string(),
        mark => format!("{} {mark}", block.ranks),
    };
    let beside = |drawn: &Drawn<'_>| matches!(drawn.lines.as_slice(), [only] if label(drawn.block).chars().count() + 1 + only.width() <= width);
    // After output below a rule, a line beside its ranks would read as more of that output.
    let beside_until = drawn.iter().position(|drawn| !beside(drawn)).unwrap_or(drawn.len());
    // Ranks that stand beside their output line up, unless one of them is long.
    let widths = drawn[..beside_until].iter().map(|drawn| label(drawn.block).chars().count());
    let pad = widths.filter(|&width| width <= 16).max().unwrap_or(0);
    for (i, Drawn { block, lines, differs_from }) in drawn.iter().enumerate() {
        let paint = match block.state {
            State::Ok => Paint::Ranks,
            State::Pending => Paint::Pending,
            State::Failed | State::Gone(_) => Paint::FailedRanks,
        };
        let label = label(block);
        if i < beside_until {
            let gap = " ".repeat(pad.saturating_sub(label.chars().count()) + 1);
            let mut line = BlockLine::of(label, paint).and(gap, Paint::Note);
            line.spans.extend(lines[0].spans.iter().cloned());
            into.push(line);
        } else {
            let mut heading = BlockLine::of(label, paint);
            if let Some(ranks) = differs_from {
                heading = heading.and(format!(" compared with {ranks}"), Paint::Note);
            }
            into.push(rule(heading, '─', width));
            into.extend(lines.iter().cloned());
        }
    }
}

/// What one engine's part shows, as plain text: output, result, and the error it ended with.
pub fn part_text(run: &Run, slot: Slot) -> String {
    let Some(part) = run.part(slot) else { return String::new() };
    part_lines(part).iter().map(BlockLine::text).collect::<Vec<_>>().join("\n")
}

/// What the engines of a group show, as plain text: as [`part_text`], what differs in numbers summed up.
pub(crate) fn group_text(run: &Run, group: &Group) -> String {
    let Some(part) = run.part(group.representative) else { return String::new() };
    let items = of_group(run, group, Scope::default());
    text_of(part, &Block { ranks: group.ranks.clone(), state: State::of(part), items })
}

/// The text of a block, followed by the error of its engines in one line; other views show errors apart.
fn text_of(part: &EngineRun, block: &Block) -> String {
    lines_of(part, block).iter().map(BlockLine::text).collect::<Vec<_>>().join("\n")
}

/// What one engine's part shows, line by line, as [`part_text`].
pub(super) fn part_lines(part: &EngineRun) -> Vec<BlockLine> {
    let items = of_one(part, Scope::default());
    lines_of(part, &Block { ranks: RankSet::default(), state: State::of(part), items })
}

fn lines_of(part: &EngineRun, block: &Block) -> Vec<BlockLine> {
    let error = part.error().map(|error| match error.evalue.as_str() {
        "" => name(&error.ename),
        text => format!("{}: {}", name(&error.ename), terminal_text(text, false)),
    });
    let mut lines = body(block, true, None);
    if error.is_some() && matches!(lines.as_slice(), [only] if only.text() == NO_OUTPUT) {
        lines.clear();
    }
    let of_error = |error: String| error.split('\n').map(|line| BlockLine::of(line, Paint::Error)).collect();
    lines.extend(error.map_or_else(Vec::new, of_error));
    lines
}

/// The line of engines that wrote nothing.
const NO_OUTPUT: &str = "(no output)";

/// What a block shows, without its ranks.
fn body(block: &Block, names_stderr: bool, detail: Option<Detail>) -> Vec<BlockLine> {
    let mut lines = Vec::new();
    for shown in &block.items {
        item_lines(shown, names_stderr, detail, &mut lines);
    }
    match &block.state {
        State::Gone(why) => lines.push(BlockLine::of(why.as_str(), Paint::Error)),
        State::Pending if lines.is_empty() => lines.push(BlockLine::of("running", Paint::Note)),
        State::Ok | State::Failed if lines.is_empty() => lines.push(BlockLine::of(NO_OUTPUT, Paint::Note)),
        State::Ok | State::Failed | State::Pending => {}
    }
    lines
}

fn item_lines(shown: &Shown, names_stderr: bool, detail: Option<Detail>, into: &mut Vec<BlockLine>) {
    // The median of the sizes of different images means nothing.
    let detail = if shown.remark.is_some() { Some(Detail::Range) } else { detail };
    let painted = |paint: Paint| {
        let mut lines: Vec<BlockLine> = match (&shown.tables, &shown.template, shown.item.text()) {
            (Some(tables), ..) => tables.lines(paint),
            (None, Some(template), _) => template.lines(paint, detail),
            (None, None, text) => {
                text.unwrap_or_default().split('\n').map(|line| BlockLine::of(line, paint)).collect()
            }
        };
        if let (Some(remark), Some(last)) = (&shown.remark, lines.last_mut()) {
            last.add(&format!(" · {remark}"), Paint::Note);
        }
        lines
    };
    let named = |name: &str, paint: Paint, into: &mut Vec<BlockLine>| {
        let mut lines = painted(paint);
        match lines.as_mut_slice() {
            [only] => {
                let mut line = BlockLine::of(format!("{name} "), Paint::Note);
                line.spans.append(&mut only.spans);
                into.push(line);
            }
            _ => {
                into.push(BlockLine::of(name, Paint::Note));
                into.append(&mut lines);
            }
        }
    };
    if let Item::Text { late: true, .. } | Item::Display { late: true, .. } = shown.item {
        into.push(BlockLine::of("(after it had ended)", Paint::Note));
    }
    match &shown.item {
        Item::Text { name: StreamName::Stdout, .. } => into.extend(painted(Paint::Stdout)),
        Item::Text { name: StreamName::Stderr, .. } if names_stderr => named("stderr:", Paint::Stderr, into),
        Item::Text { name: StreamName::Stderr, .. } => into.extend(painted(Paint::Stderr)),
        Item::Display { .. } | Item::Page { .. } => into.extend(painted(Paint::Display)),
        Item::Result { .. } => named("Out:", Paint::Result, into),
        Item::Error(_) => {}
        Item::Note(text) => into.push(BlockLine::of(text.as_str(), Paint::Note)),
        Item::LeftOut { much, file } => {
            let place = file.as_ref().map(|file| format!(", all of it in {file}")).unwrap_or_default();
            into.push(BlockLine::of(format!("… {much}{place} …"), Paint::Note));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::render::sample::Sample;

    fn check(sample: Sample, by: GroupBy, limits: Limits, expected: Expect) {
        let text: String = block(&sample.run(), by, limits).iter().map(|line| line.text() + "\n").collect();
        expected.assert_eq(&text);
    }

    fn mixed() -> Sample {
        let mut sample = Sample::new(3);
        for slot in 0..3 {
            sample = sample.stdout(slot, "out\n").stderr(slot, "err\n");
            for n in 0..=slot.min(1) {
                sample = sample.display(slot, &[("text/plain", &format!("display {n}"))]);
            }
            sample = sample.result(slot, &(slot * 10).to_string());
        }
        sample.all_ok()
    }

    const NARROW: Limits = Limits { lines: 40, columns: 30, bytes: 50_000, sent: 10_000 };

    #[test]
    fn the_text_of_a_group_ends_with_its_error() {
        let run = Sample::new(2)
            .stdout(0, "a\n")
            .raise(0, "ValueError", "no", &[])
            .raise(1, "ValueError", "no", &[])
            .run();
        let texts: Vec<String> = fold(&run).iter().map(|group| group_text(&run, group)).collect();
        assert_eq!(texts, ["a\nValueError: no", "ValueError: no"]);
        assert_eq!(part_text(&run, Slot(1)), "ValueError: no");
    }

    #[test]
    fn by_type_each_kind_has_its_section() {
        check(
            mixed(),
            GroupBy::Type,
            NARROW,
            expect![[r#"
                ━━ stdout ━━━━━━━━━━━━━━━━━━━━
                [0] out
                [1] out
                [2] out
                ━━ stderr ━━━━━━━━━━━━━━━━━━━━
                [0] err
                [1] err
                [2] err
                ━━ displays ━━━━━━━━━━━━━━━━━━
                [0] display 0
                ── [1] ───────────────────────
                display 0
                display 1
                ── [2] ───────────────────────
                display 0
                display 1
                ━━ results ━━━━━━━━━━━━━━━━━━━
                [0] Out: 0
                [1] Out: 10
                [2] Out: 20
            "#]],
        );
    }

    #[test]
    fn by_order_the_first_displays_come_before_the_second() {
        check(
            mixed(),
            GroupBy::Order,
            NARROW,
            expect![[r#"
                ━━ stdout ━━━━━━━━━━━━━━━━━━━━
                [0] out
                [1] out
                [2] out
                ━━ stderr ━━━━━━━━━━━━━━━━━━━━
                [0] err
                [1] err
                [2] err
                ━━ displays ━━━━━━━━━━━━━━━━━━
                [0] display 0
                [1] display 0
                [2] display 0
                [1] display 1
                [2] display 1
                ━━ results ━━━━━━━━━━━━━━━━━━━
                [0] Out: 0
                [1] Out: 10
                [2] Out: 20
            "#]],
        );
    }

    #[test]
    fn by_engine_nothing_is_put_together() {
        check(
            mixed(),
            GroupBy::Engine,
            NARROW,
            expect![[r#"
                ── [0] ───────────────────────
                out
                err
                display 0
                Out: 0
                ── [1] ───────────────────────
                out
                err
                display 0
                display 1
                Out: 10
                ── [2] ───────────────────────
                out
                err
                display 0
                display 1
                Out: 20
            "#]],
        );
    }

    #[test]
    fn after_output_below_a_rule_every_group_has_a_rule() {
        let sample = Sample::new(5).stdout(2, "two\nlines\n");
        let sample =
            [0, 1, 3].into_iter().fold(sample, |sample, slot| sample.result(slot, "1")).result(4, "2");
        check(
            sample.all_ok(),
            GroupBy::Fold,
            NARROW,
            expect![[r#"
            [0-1,3] Out: 1
            ── [2] ───────────────────────
            two
            lines
            ── [4] ───────────────────────
            Out: 2
        "#]],
        );
    }

    #[test]
    fn a_block_has_at_most_its_lines_and_columns() {
        let text: String = (0..100).map(|n| format!("line {n} {}\n", "x".repeat(60))).collect();
        check(
            Sample::new(1).stdout(0, &text).all_ok(),
            GroupBy::Fold,
            Limits { lines: 4, ..NARROW },
            expect![[r#"
                ── [0] ───────────────────────
                line 0 xxxxxxxxxxxxxxxxxxxxxx…
                … 98 more lines
                line 99 xxxxxxxxxxxxxxxxxxxxx…
            "#]],
        );
        check(
            Sample::new(1).stdout(0, &text).all_ok(),
            GroupBy::Fold,
            Limits { bytes: 200, ..NARROW },
            expect![[r#"
                ── [0] ───────────────────────
                line 0 xxxxxxxxxxxxxxxxxxxxxx…
                … 98 lines (6.7 kB) …
                line 99 xxxxxxxxxxxxxxxxxxxxx…
            "#]],
        );
    }

    #[test]
    fn behind_what_is_left_out_stands_whose_output_goes_on() {
        let text = |rank: u32| (0..9).map(|n| format!("{rank} line {n}\n")).collect::<String>();
        let sample = (0..3).fold(Sample::new(3), |sample, slot| sample.stdout(slot, &text(slot)));
        check(
            sample.all_ok(),
            GroupBy::Engine,
            Limits { lines: 8, ..NARROW },
            expect![[r#"
                ── [0] ───────────────────────
                0 line 0
                0 line 1
                … 23 more lines
                ── [2] ───────────────────────
                2 line 6
                2 line 7
                2 line 8
            "#]],
        );
    }

    #[test]
    fn what_comes_late_is_said_to() {
        check(
            Sample::new(1).ok(0).stdout(0, "from a thread\n"),
            GroupBy::Fold,
            NARROW,
            expect![[r#"
                ── [0] ───────────────────────
                (after it had ended)
                from a thread
            "#]],
        );
    }

    #[test]
    fn a_block_and_its_line_take_less_than_four_kilobytes_to_send_however_many_engines() {
        let hostile = "\"\\é漢🙂\t".repeat(60);
        for engines in [1, 40, 1000] {
            let mut sample = Sample::new(engines);
            for slot in 0..engines {
                let word: String =
                    slot.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
                sample = sample.busy(slot).stdout(slot, &format!("{word} {hostile}\n").repeat(3));
                if slot % 3 == 0 {
                    sample = sample.raise(slot, &format!("E{word}"), &hostile, &[&hostile]);
                }
            }
            let run = sample.all_ok().run();
            for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
                let lines = block(&run, by, Limits::default());
                let as_sent = |line: &BlockLine| {
                    serde_json::json!({ "text": line.text(), "style": "result", "ranks": 99 }).to_string()
                };
                let sent: usize = lines.iter().map(|line| as_sent(line).len() + 1).sum();
                let line = super::super::inline(&run, crate::run::Time(0)).text;
                assert!(sent + line.len() < 3600, "{engines} engines by {by}: {sent} and {}", line.len());
                let said = lines.iter().any(|line| line.text().starts_with("… "));
                assert!(said || engines == 1, "what is left out is said");
            }
        }
    }
}
