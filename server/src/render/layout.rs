//! pxlens' own layout: groups of engines under their rank sets, then errors by where they came from.
//!
//! A group whose output is one line stands beside its ranks; longer output stands below a rule. Output is never indented,
//! so that it can be copied. The shell and the lines beside the code are drawn from the same lines.

use std::borrow::Cow;

use serde::Serialize;

use super::{
    ErrorGroup, GroupBy, Limits, errors, fold,
    numbers::summed_up,
    screen::{Item, Scope, screen},
    settle, without_key,
    wording::cut,
};
use crate::{
    engines::RankSet,
    jupyter::content::StreamName,
    run::{Ending, EngineRun, Run, Slot},
};

/// What a piece of text is; the client chooses the colour. As JSON: `ranks`, `failedRanks`, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Paint {
    /// A rank set.
    Ranks,
    /// A rank set of engines that failed.
    FailedRanks,
    /// The line of a heading.
    Rule,
    /// What an engine wrote to stdout.
    Stdout,
    /// What an engine wrote to stderr.
    Stderr,
    /// A display, or what a pager was asked to show.
    Display,
    /// A value.
    Result,
    /// The name and text of an exception; a lost or aborted engine.
    Error,
    /// A traceback.
    Traceback,
    /// What pxlens says: `Out:`, `(no output)`, what was left out.
    Note,
    /// An engine that has not ended.
    Pending,
}

/// Text of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Without control characters; blocks and Markdown hold no escape sequence.
    pub text: String,
    /// What it is.
    pub paint: Paint,
}

/// A line, ready to paint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockLine {
    /// From left to right.
    pub spans: Vec<Span>,
}

impl BlockLine {
    pub(super) fn of(text: impl Into<String>, paint: Paint) -> Self {
        Self { spans: vec![Span { text: text.into(), paint }] }
    }

    fn and(mut self, text: impl Into<String>, paint: Paint) -> Self {
        self.spans.push(Span { text: text.into(), paint });
        self
    }

    /// The text without its kinds.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// How many characters are seen; SGR sequences are not.
    fn width(&self) -> usize {
        settle(&self.text(), false).chars().count()
    }
}

/// The lines below a cell (Neovim's virtual lines): groups, results, errors. What exceeds the limits is left out of the
/// middle of an output, or at the end, and said to be.
pub fn block(run: &Run, by: GroupBy, limits: Limits) -> Vec<BlockLine> {
    let scope = Scope { bytes: Some(share(run, limits)), colors: false };
    let view = View { by, scope, width: limits.columns.min(80), names_stderr: false };
    let mut lines = lay_out(run, view, &|_| None);
    if lines.len() > limits.lines {
        let keep = limits.lines.saturating_sub(1);
        let more = super::wording::count(lines.len() - keep, "more line");
        lines.truncate(keep);
        lines.push(BlockLine::of(format!("… {more}"), Paint::Note));
    }
    for line in &mut lines {
        for span in &mut line.spans {
            if let Cow::Owned(masked) = without_key(&span.text) {
                span.text = masked;
            }
        }
        let mut left = limits.columns;
        for span in &mut line.spans {
            span.text = cut(&span.text, left);
            left -= span.text.chars().count();
        }
        line.spans.retain(|span| !span.text.is_empty());
    }
    lines
}

/// How many bytes each group may show, so that a view of many groups costs no more than one of few.
pub(super) fn share(run: &Run, limits: Limits) -> usize {
    (limits.bytes / fold(run).len().max(1)).max(1000.min(limits.bytes))
}

/// How to lay out.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) by: GroupBy,
    pub(super) scope: Scope,
    pub(super) width: usize,
    /// Whether stderr is named, where no colour can mark it.
    pub(super) names_stderr: bool,
}

/// Where a 0-based line of the code stands, for whoever reads more than the cell: `demo.py line 14`.
pub(super) type Place<'a> = &'a dyn Fn(u32) -> Option<String>;

/// The lines of a run: sections, then errors. A line of the code that has no `place` is named by its number in the cell.
pub(super) fn lay_out(run: &Run, view: View, place: Place<'_>) -> Vec<BlockLine> {
    let mut lines = Vec::new();
    for section in sections(run, view) {
        if let Some(title) = section.title {
            lines.push(rule(BlockLine::of(title, Paint::Note), '━', view.width));
        }
        let named = view.names_stderr && section.title.is_none();
        lay_out_blocks(&section.blocks, named, view.width, &mut lines);
    }
    if view.by == GroupBy::Fold
        && let Some((ranks, told)) = summed_up(run)
    {
        lines.push(BlockLine::of(ranks.to_string(), Paint::Ranks).and(format!(" {told}"), Paint::Note));
    }
    lay_out_errors(run, view, place, &mut lines);
    lines
}

/// The errors of a run, once per stack.
pub(super) fn lay_out_errors(run: &Run, view: View, place: Place<'_>, lines: &mut Vec<BlockLine>) {
    for error in errors(run, &run.request.code) {
        let traceback =
            if view.scope.colors { colored_traceback(run, &error) } else { error.traceback.clone() };
        let line = |line: u32| place(line).unwrap_or_else(|| format!("line {}", line + 1));
        let place = error.code_line.map(line).map(|line| format!(" · {line}")).unwrap_or_default();
        lay_out_error(&error, &place, &traceback, view.width, lines);
    }
}

/// The traceback that an error group shows, in the engine's own colours.
fn colored_traceback(run: &Run, error: &ErrorGroup) -> String {
    let shown_by = |part: &&EngineRun| {
        error.variants.first().is_some_and(|first| first.ranks.first() == Some(part.engine))
    };
    let raised = run.parts().find(shown_by).and_then(EngineRun::error);
    raised.map_or_else(|| error.traceback.clone(), |raised| settle(&raised.traceback.join("\n"), true))
}

/// Blocks under one title.
pub(super) struct Section {
    pub(super) title: Option<&'static str>,
    pub(super) blocks: Vec<Block>,
}

/// What some engines show.
pub(super) struct Block {
    pub(super) ranks: RankSet,
    pub(super) state: State,
    pub(super) items: Vec<Item>,
}

/// How the engines of a block stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Pending,
    /// Raised; said in full elsewhere.
    Failed,
    /// Aborted or lost, in words.
    Gone(String),
}

impl State {
    fn of(part: &EngineRun) -> Self {
        match part.ending() {
            Some(Ending::Ok) => Self::Ok,
            Some(Ending::Error(_)) => Self::Failed,
            Some(Ending::Aborted) => Self::Gone("aborted: not run".to_owned()),
            Some(Ending::Lost(why)) => Self::Gone(format!("lost: {}", settle(&why.to_string(), false))),
            None if part.error().is_some() => Self::Failed,
            None => Self::Pending,
        }
    }

    /// The mark before what is not well.
    pub(super) fn mark(&self) -> &'static str {
        match self {
            Self::Ok => "",
            Self::Pending => "⏳",
            Self::Failed | Self::Gone(_) => "✗",
        }
    }
}

/// The sections of a run. Errors are left out of their items: they come after all else, once per stack.
pub(super) fn sections(run: &Run, view: View) -> Vec<Section> {
    let slots = (0..).map(Slot).zip(run.parts());
    let items = |part: &EngineRun| {
        let mut items = screen(part, view.scope);
        items.retain(|item| !matches!(item, Item::Error(_)));
        items
    };
    let of_slot = |part: &EngineRun, items: Vec<Item>| Block {
        ranks: std::iter::once(part.engine).collect(),
        state: State::of(part),
        items,
    };
    match view.by {
        GroupBy::Fold => {
            let blocks = fold(run).into_iter().filter_map(|group| {
                let part = run.part(group.representative)?;
                Some(Block { ranks: group.ranks, state: State::of(part), items: items(part) })
            });
            vec![Section { title: None, blocks: blocks.filter(Block::is_worth_showing).collect() }]
        }
        GroupBy::Engine => {
            let blocks = slots.map(|(_, part)| of_slot(part, items(part)));
            vec![Section { title: None, blocks: blocks.filter(Block::is_worth_showing).collect() }]
        }
        GroupBy::Type | GroupBy::Order => {
            let all: Vec<(&EngineRun, Vec<Item>)> = slots.map(|(_, part)| (part, items(part))).collect();
            by_kind(&all, view.by)
        }
    }
}

impl Block {
    /// A failed engine that wrote nothing is told of among the errors; everyone else has a line.
    fn is_worth_showing(&self) -> bool {
        !(self.items.is_empty() && self.state == State::Failed)
    }
}

/// The titles of the kinds, in the order in which they are shown.
const KINDS: [&str; 6] = ["stdout", "stderr", "displays", "results", "pages", "notes"];

fn kind(item: &Item) -> usize {
    match item {
        Item::Text { name: StreamName::Stdout, .. } => 0,
        Item::Text { name: StreamName::Stderr, .. } => 1,
        Item::Display { .. } => 2,
        Item::Result { .. } => 3,
        Item::Page { .. } => 4,
        Item::Error(_) | Item::Note(_) => 5,
    }
}

fn by_kind(all: &[(&EngineRun, Vec<Item>)], by: GroupBy) -> Vec<Section> {
    let mut sections = Vec::new();
    for (wanted, title) in KINDS.into_iter().enumerate() {
        let of_kind =
            |items: &[Item]| items.iter().filter(|item| kind(item) == wanted).cloned().collect::<Vec<_>>();
        let mut blocks: Vec<Block> = all
            .iter()
            .map(|(part, items)| Block {
                ranks: std::iter::once(part.engine).collect(),
                // How an engine ended is said once, among the notes.
                state: if wanted == 5 { State::of(part) } else { State::Ok },
                items: of_kind(items),
            })
            .filter(|block| !block.items.is_empty() || matches!(block.state, State::Pending | State::Gone(_)))
            .collect();
        if by == GroupBy::Order && wanted == 2 {
            blocks = in_order(blocks);
        }
        if !blocks.is_empty() {
            sections.push(Section { title: Some(title), blocks });
        }
    }
    sections
}

/// The first display of every engine, then the second of every engine, ...
fn in_order(blocks: Vec<Block>) -> Vec<Block> {
    let most = blocks.iter().map(|block| block.items.len()).max().unwrap_or(0);
    let nth = |n: usize| {
        blocks.iter().filter_map(move |block| {
            let items = vec![block.items.get(n)?.clone()];
            Some(Block { ranks: block.ranks.clone(), state: block.state.clone(), items })
        })
    };
    (0..most).flat_map(nth).collect()
}

fn lay_out_blocks(blocks: &[Block], names_stderr: bool, width: usize, into: &mut Vec<BlockLine>) {
    let drawn: Vec<(&Block, Vec<BlockLine>)> =
        blocks.iter().map(|block| (block, body(block, names_stderr))).collect();
    let label = |block: &Block| match block.state.mark() {
        "" => block.ranks.to_string(),
        mark => format!("{} {mark}", block.ranks),
    };
    let beside = |block: &Block, lines: &[BlockLine]| matches!(lines, [only] if label(block).chars().count() + 1 + only.width() <= width);
    // After output below a rule, a line beside its ranks would read as more of that output.
    let beside_until = drawn.iter().position(|(block, lines)| !beside(block, lines)).unwrap_or(drawn.len());
    // Ranks that stand beside their output line up, unless one of them is long.
    let widths = drawn[..beside_until].iter().map(|(block, _)| label(block).chars().count());
    let pad = widths.filter(|&width| width <= 16).max().unwrap_or(0);
    for (i, (block, lines)) in drawn.iter().enumerate() {
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
            into.push(rule(BlockLine::of(label, paint), '─', width));
            into.extend(lines.iter().cloned());
        }
    }
}

/// A heading: `── [0-2] ───────────`.
fn rule(heading: BlockLine, stroke: char, width: usize) -> BlockLine {
    let used = heading.width() + 4;
    let strokes = |n: usize| std::iter::repeat_n(stroke, n).collect::<String>();
    let mut line = BlockLine::of(strokes(2) + " ", Paint::Rule);
    line.spans.extend(heading.spans);
    line.and(format!(" {}", strokes(width.min(80).saturating_sub(used).max(2))), Paint::Rule)
}

/// What one engine's part shows, as plain text: output, result, and the error it ended with.
pub fn part_text(run: &Run, slot: Slot) -> String {
    let Some(part) = run.part(slot) else { return String::new() };
    let scope = Scope { bytes: None, colors: false };
    let block = Block { ranks: RankSet::default(), state: State::of(part), items: screen(part, scope) };
    let lines: Vec<String> = body(&block, true).iter().map(BlockLine::text).collect();
    lines.join("\n")
}

/// What a block shows, without its ranks.
pub(super) fn body(block: &Block, names_stderr: bool) -> Vec<BlockLine> {
    let mut lines = Vec::new();
    for item in &block.items {
        item_lines(item, names_stderr, &mut lines);
    }
    match &block.state {
        State::Gone(why) => lines.push(BlockLine::of(why.as_str(), Paint::Error)),
        State::Pending if lines.is_empty() => lines.push(BlockLine::of("running", Paint::Note)),
        State::Ok | State::Failed if lines.is_empty() => {
            lines.push(BlockLine::of("(no output)", Paint::Note))
        }
        State::Ok | State::Failed | State::Pending => {}
    }
    lines
}

fn item_lines(item: &Item, names_stderr: bool, into: &mut Vec<BlockLine>) {
    let late_note = |late: bool, into: &mut Vec<BlockLine>| {
        if late {
            into.push(BlockLine::of("(after it had ended)", Paint::Note));
        }
    };
    let all = |text: &str, paint: Paint, into: &mut Vec<BlockLine>| {
        into.extend(text.split('\n').map(|line| BlockLine::of(line, paint)));
    };
    let named = |name: &str, text: &str, paint: Paint, into: &mut Vec<BlockLine>| {
        if text.contains('\n') {
            into.push(BlockLine::of(name, Paint::Note));
            all(text, paint, into);
        } else {
            into.push(BlockLine::of(format!("{name} "), Paint::Note).and(text, paint));
        }
    };
    match item {
        Item::Text { name, text, late } => {
            late_note(*late, into);
            match name {
                StreamName::Stdout => all(text, Paint::Stdout, into),
                StreamName::Stderr if names_stderr => named("stderr:", text, Paint::Stderr, into),
                StreamName::Stderr => all(text, Paint::Stderr, into),
            }
        }
        Item::Display { text, late } => {
            late_note(*late, into);
            all(text, Paint::Display, into);
        }
        Item::Result { text } => named("Out:", text, Paint::Result, into),
        Item::Page { text } => all(text, Paint::Display, into),
        Item::Error(_) => {}
        Item::Note(text) => into.push(BlockLine::of(text.as_str(), Paint::Note)),
    }
}

fn lay_out_error(error: &ErrorGroup, place: &str, traceback: &str, width: usize, into: &mut Vec<BlockLine>) {
    let label = format!("✗ {} ", error.ranks);
    let room = width.min(80).saturating_sub(label.chars().count() + place.chars().count() + 7).max(8);
    let title = cut(&error.title(), room);
    let heading = BlockLine::of(label, Paint::FailedRanks).and(title, Paint::Error).and(place, Paint::Note);
    into.push(rule(heading, '─', width));
    for variant in error.variants.iter().filter(|_| error.variants.len() > 1) {
        let message = settle(&variant.evalue, false);
        let mut lines = message.split('\n');
        let first = lines.next().unwrap_or_default();
        into.push(BlockLine::of(format!("{} ", variant.ranks), Paint::FailedRanks).and(first, Paint::Error));
        into.extend(lines.map(|line| BlockLine::of(line, Paint::Error)));
    }
    let message = format!("{}: {}", error.ename, error.evalue);
    match traceback_body(traceback).as_slice() {
        [] => into.extend(settle(&message, false).split('\n').map(|line| BlockLine::of(line, Paint::Error))),
        lines => into.extend(lines.iter().map(|line| BlockLine::of(*line, Paint::Traceback))),
    }
}

/// A traceback without the line of dashes, `… Traceback (most recent call last)`, and blank lines around it. It may be in
/// colours.
pub(super) fn traceback_body(traceback: &str) -> Vec<&str> {
    let is = |line: &str, wanted: fn(&str) -> bool| wanted(&settle(line, false));
    let is_blank = |line: &str| line.trim().is_empty();
    let mut lines: Vec<&str> = traceback.lines().skip_while(|line| is(line, is_blank)).collect();
    if lines
        .first()
        .is_some_and(|line| is(line, |line| line.len() > 20 && line.bytes().all(|byte| byte == b'-')))
    {
        lines.remove(0);
    }
    if lines.first().is_some_and(|line| is(line, |line| line.ends_with("Traceback (most recent call last)")))
    {
        lines.remove(0);
    }
    while lines.last().is_some_and(|line| is(line, is_blank)) {
        lines.pop();
    }
    lines
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

    const NARROW: Limits = Limits { lines: 40, columns: 30, bytes: 50_000 };

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
                line 1 xxxxxxxxxxxxxxxxxxxxxx…
                … 98 more lines
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
}
