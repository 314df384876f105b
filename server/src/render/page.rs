//! A run in parts, for views that draw their own boxes: blocks of engines, errors, HTML.
//!
//! Sections and blocks are those of every other view; only labels and rules are left to the view.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{
    ErrorGroup, Frame, GroupBy, Span,
    bundle::{has_picture, in_words},
    errors,
    errors::Kind,
    fold,
    layout::{across_groups, draw_blocks},
    line::Paint,
    screen::{Item, Scope, bundles},
    sections::{Block, State, sections},
    view::View,
    without_keys,
    wording::count,
};
use crate::{
    engines::{EngineId, RankSet},
    run::{Ending, Run},
};

/// How much a page may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageLimits {
    /// Most bytes of text of engines, shared among blocks.
    pub bytes: usize,
    /// Most blocks.
    pub blocks: usize,
    /// Most lines of tracebacks.
    pub traceback: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self { bytes: 2_000_000, blocks: 1_000, traceback: 5_000 }
    }
}

/// A run in parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// What engines wrote and answered.
    pub sections: Vec<PageSection>,
    /// How the results of several groups are spread, and the engines they are of.
    pub across: Option<(RankSet, String)>,
    /// What engines raised.
    pub errors: Vec<PageError>,
    /// What was left out, as a sentence.
    pub note: Option<String>,
}

/// Blocks under one title.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageSection {
    /// The kind of output, such as stdout; `None` if the run is not grouped by kind.
    pub title: Option<&'static str>,
    /// What engines show under this title, one block for each group of them.
    pub blocks: Vec<PageBlock>,
}

/// What some engines show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageBlock {
    /// The engines that show it.
    pub ranks: RankSet,
    /// Whether these engines have ended, and how.
    pub standing: Standing,
    /// The engines from whose output this is the difference.
    pub differs_from: Option<RankSet>,
    /// How much of it is left out, if anything.
    pub left_out: Option<String>,
    /// The text in spans of one kind each, line ends included.
    pub pieces: Vec<Span>,
}

/// The state of the engines of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They ended well, or are described elsewhere.
    Ok,
    /// They have not ended.
    Pending,
    /// They raised.
    Failed,
    /// They dropped the request.
    Aborted,
    /// They will not answer.
    Lost,
}

/// Engines that raised the same error.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PageError {
    /// The engines, and what they raised.
    pub group: ErrorGroup,
    /// The traceback, line by line.
    pub lines: Vec<PageLine>,
}

/// A line of a traceback.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PageLine {
    pub text: String,
    /// The call that it is the head of.
    pub frame: Option<Frame>,
    /// The 0-based line of the sent code where that call is, if it is there.
    pub code_line: Option<u32>,
}

impl PageLine {
    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// A run in parts, within limits.
pub(crate) fn page(run: &Run, by: GroupBy, limits: PageLimits) -> Page {
    let sharers = match by {
        GroupBy::Fold => fold(run).len(),
        GroupBy::Type | GroupBy::Engine | GroupBy::Order => run.parts().len(),
    };
    let share = (limits.bytes / sharers.max(1)).max(1000);
    let scope = Scope { bytes: Some(share), ..Scope::default() };
    let view = View { by, scope, width: 80, names_stderr: false, keeps_values: false };
    let mut left = limits.blocks;
    let mut hidden = 0;
    let mut parts = Vec::new();
    for section in sections(run, view) {
        let drawn = draw_blocks(&section, view);
        hidden += drawn.len().saturating_sub(left);
        let blocks: Vec<PageBlock> = drawn
            .into_iter()
            .take(left)
            .map(|drawn| PageBlock {
                ranks: drawn.block.ranks.clone(),
                standing: standing(run, &drawn.block.state, &drawn.block.ranks),
                differs_from: drawn.differs_from,
                left_out: left_out(drawn.block),
                pieces: pieces(drawn.lines.into_iter().map(|line| line.spans)),
            })
            .collect();
        left -= blocks.len();
        if !blocks.is_empty() {
            parts.push(PageSection { title: section.title, blocks });
        }
    }
    let errors = raised(run, limits.traceback);
    let note = (hidden > 0).then(|| format!("{} not shown here", count(hidden, "more block")));
    Page { sections: parts, across: across_groups(run, view), errors, note }
}

fn left_out(block: &Block) -> Option<String> {
    let much = block.items.iter().filter_map(|shown| match &shown.item {
        Item::LeftOut { much, .. } => Some(much.as_str()),
        _ => None,
    });
    let much: Vec<&str> = much.collect();
    (!much.is_empty()).then(|| much.join(" and "))
}

fn raised(run: &Run, most: usize) -> Vec<PageError> {
    let mut room = most;
    errors(run, &run.request.code)
        .into_iter()
        .map(|group| {
            let mut lines: Vec<PageLine> = without_keys(&group.traceback).lines().map(PageLine::of).collect();
            for step in &group.steps {
                if let (Kind::Frame(frame), Some(line)) = (&step.kind, lines.get_mut(step.lines.start)) {
                    line.frame = Some(frame.clone());
                    line.code_line = group.line_of(step, &run.request.code);
                }
            }
            // That of the innermost call is known even where the traceback does not count its cells.
            let in_cell = |line: &&mut PageLine| line.frame.as_ref().is_some_and(Frame::is_in_cell);
            if let Some(innermost) = lines.iter_mut().rev().find(in_cell)
                && !innermost.frame.as_ref().is_some_and(|frame| group.is_of_another_cell(frame))
            {
                innermost.code_line = innermost.code_line.or(group.code_line);
            }
            let all = lines.len();
            lines.truncate(room);
            room -= lines.len();
            if lines.len() < all {
                let more = count(all - lines.len(), "more line");
                lines.push(PageLine::of(format!("… {more}")));
            }
            PageError { group, lines }
        })
        .collect()
}

/// Lines as spans of one kind each, without keys of kernels. A line end belongs to the span after it.
fn pieces(lines: impl Iterator<Item = Vec<Span>>) -> Vec<Span> {
    let mut pieces: Vec<Span> = Vec::new();
    let mut add = |text: &str, paint: Paint| match pieces.last_mut() {
        Some(last) if last.paint == paint => last.text.push_str(text),
        _ => pieces.push(Span { text: text.to_owned(), paint }),
    };
    for (n, spans) in lines.enumerate() {
        if n > 0 {
            add("\n", spans.first().map_or(Paint::Stdout, |span| span.paint));
        }
        for Span { text, paint } in &spans {
            add(text, *paint);
        }
    }
    for piece in &mut pieces {
        if let std::borrow::Cow::Owned(masked) = without_keys(&piece.text) {
            piece.text = masked;
        }
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

fn standing(run: &Run, state: &State, ranks: &RankSet) -> Standing {
    match state {
        State::Ok => Standing::Ok,
        State::Pending => Standing::Pending,
        State::Failed => Standing::Failed,
        State::Gone(_) => {
            let aborted = |ending: Option<&Ending>| matches!(ending, Some(Ending::Aborted(_)));
            let engine = ranks.first();
            let is_aborted = run.parts().any(|part| Some(part.engine) == engine && aborted(part.ending()));
            if is_aborted { Standing::Aborted } else { Standing::Lost }
        }
    }
}

/// HTML that some engines show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HtmlOutput<'a> {
    /// The engines that show it.
    pub ranks: RankSet,
    /// As the engine sent it.
    pub html: &'a str,
    /// The same in words.
    pub alt: String,
}

/// The HTML on the screens of engines, identical ones once: each engine's first, then each engine's second, ...; among those
/// by rank. What comes as an image as well is left to [`super::images`].
pub(crate) fn html_outputs(run: &Run) -> Vec<HtmlOutput<'_>> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut found: Vec<(usize, BTreeSet<EngineId>, &str, String)> = Vec::new();
    for part in run.parts() {
        let html =
            bundles(part).filter(|data| !has_picture(data)).filter_map(|data| match data.get("text/html") {
                Some(Value::String(html)) if !html.trim().is_empty() => Some((data, html.as_str())),
                _ => None,
            });
        for (at, (data, html)) in html.enumerate() {
            let index = *known.entry(html).or_insert_with(|| {
                let alt = without_keys(&in_words(data, false)).into_owned();
                found.push((at, BTreeSet::new(), html, alt));
                found.len() - 1
            });
            found[index].0 = found[index].0.min(at);
            found[index].1.insert(part.engine);
        }
    }
    found.sort_by_key(|(at, engines, ..)| (*at, engines.first().copied()));
    let output = |(_, engines, html, alt)| HtmlOutput { ranks: RankSet::from_iter(engines), html, alt };
    found.into_iter().map(output).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{FramePlace, sample::Sample};

    fn text(block: &PageBlock) -> String {
        block.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    #[test]
    fn a_block_is_in_stretches_of_one_kind() {
        let run = Sample::new(2)
            .stdout(0, "a\nb\n")
            .stderr(0, "c\n")
            .result(0, "1\n2")
            .stdout(1, "a\nb\n")
            .stderr(1, "c\n")
            .result(1, "1\n2")
            .all_ok()
            .run();
        let page = page(&run, GroupBy::Fold, PageLimits::default());
        let [PageSection { title: None, blocks }] = page.sections.as_slice() else { panic!("{page:?}") };
        let [block] = blocks.as_slice() else { panic!("{blocks:?}") };
        let pieces: Vec<(&str, Paint)> =
            block.pieces.iter().map(|piece| (piece.text.as_str(), piece.paint)).collect();
        let expected = [
            ("a\nb", Paint::Stdout),
            ("\nc", Paint::Stderr),
            ("\nOut:", Paint::Note),
            ("\n1\n2", Paint::Result),
        ];
        assert_eq!((pieces.as_slice(), block.ranks.to_string().as_str()), (&expected[..], "[0-1]"));
        assert_eq!((&page.errors, &page.note), (&vec![], &None));
    }

    #[test]
    fn each_kind_has_its_section_and_what_there_is_no_room_for_is_counted() {
        let run =
            Sample::new(3).stdout(0, "x\n").stdout(1, "y\n").stdout(2, "z\n").stderr(0, "e\n").all_ok().run();
        let limits = PageLimits { blocks: 2, ..PageLimits::default() };
        let page = page(&run, GroupBy::Type, limits);
        let titles: Vec<_> = page.sections.iter().map(|section| section.title).collect();
        assert_eq!(titles, [Some("stdout")]);
        assert_eq!(text(&page.sections[0].blocks[1]), "y");
        assert_eq!(page.note.as_deref(), Some("2 more blocks not shown here"));
    }

    #[test]
    fn a_line_of_a_traceback_knows_its_call() {
        let traceback = "Cell In[3], line 2\n      1 import tools\n----> 2 tools.f()\n\nFile /lib/tools.py:7, in f()\n----> 7     \
                         1/0\n\nZeroDivisionError: division by zero";
        let run = Sample::asked(&[0], "import tools\ntools.f()", false)
            .input(0, 3)
            .raise(0, "ZeroDivisionError", "division by zero", &[traceback])
            .run();
        let page = page(&run, GroupBy::Fold, PageLimits::default());
        let [error] = page.errors.as_slice() else { panic!("{page:?}") };
        let calls: Vec<(usize, FramePlace, Option<u32>)> = (0..)
            .zip(&error.lines)
            .filter_map(|(n, line)| line.frame.clone().map(|frame| (n, frame.place, frame.line)))
            .collect();
        let expected =
            [(0, FramePlace::Cell(3), Some(2)), (4, FramePlace::File("/lib/tools.py".to_owned()), Some(7))];
        assert_eq!(calls, expected);
        assert_eq!(error.lines.len(), 8);
        let few = PageLimits { traceback: 3, ..PageLimits::default() };
        let short = super::page(&run, GroupBy::Fold, few);
        assert_eq!(short.errors[0].lines[3].text, "… 5 more lines");
    }

    #[test]
    fn engines_that_ended_in_other_ways_are_told_apart() {
        use crate::run::LostReason;
        let run = Sample::new(3).busy(0).aborted(1).lost(2, LostReason::EngineDied).run();
        let page = page(&run, GroupBy::Engine, PageLimits::default());
        let standing: Vec<Standing> = page.sections[0].blocks.iter().map(|block| block.standing).collect();
        assert_eq!(standing, [Standing::Pending, Standing::Aborted, Standing::Lost]);
    }

    #[test]
    fn a_table_that_engines_share_is_listed_once_and_one_that_is_an_image_is_not() {
        let table = [("text/html", "<table>1</table>"), ("text/plain", "   a\n0  1")];
        let run = Sample::new(3)
            .display(0, &[("text/html", "<b>own</b>")])
            .display(0, &table)
            .display(1, &table)
            .display(2, &table)
            .display(2, &[("text/html", "<img>"), ("image/png", "iVBORw0KGgo=")])
            .display(2, &[("text/html", "  ")])
            .all_ok()
            .run();
        let found: Vec<(String, &str, String)> = html_outputs(&run)
            .into_iter()
            .map(|output| (output.ranks.to_string(), output.html, output.alt))
            .collect();
        let shared: Vec<_> = found.iter().map(|(ranks, html, _)| (ranks.as_str(), *html)).collect();
        assert_eq!(shared, [("[0]", "<b>own</b>"), ("[0-2]", "<table>1</table>")]);
        assert_eq!(found[1].2, "   a\n0  1");
    }

    #[test]
    fn a_page_hides_keys_of_kernels() {
        let info = "{\n  \"shell_port\": 1,\n  \"key\": \"eee2dd69-7dd3-4340-bf3e-7e2e22a62542\"\n}\n";
        let run = Sample::new(1).stdout(0, info).all_ok().run();
        let page = page(&run, GroupBy::Fold, PageLimits::default());
        assert!(text(&page.sections[0].blocks[0]).contains("\"key\": \"hidden\""));
    }
}
