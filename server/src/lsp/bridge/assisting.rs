//! Help while writing: the answers of `assist` in the client's units, joined with what the cluster and runs say.

use lsp_types::{Position, Range};

use super::answers::{Scene, kept_back, range};
use crate::{
    assist::{self, Decision, Known, Region, Snapshot},
    cells::{CellKind, Placed, Sets},
    engines::{EngineId, RankSet},
    lsp::{
        facade::{
            Completion, Explanation, Fold, Hint, LensCell, Lenses, RegionEnd, Symbol, SymbolKind, Token,
        },
        handlers::code_lens::plan_title,
    },
    render::{HINT, inline_timeless, outcome},
    run::{Ending, LostReason, Run, RunState},
    session::{CellView, DocumentView, now},
    text::{self, Encoding, TextRange},
};

/// A result is not cut below this many characters.
const LEAST: usize = 12;

/// A document in the client's units, without the cluster.
pub(super) struct Page<'a> {
    pub(super) view: &'a DocumentView,
    pub(super) encoding: Encoding,
}

impl<'a> Page<'a> {
    fn byte(&self, position: Position) -> usize {
        let position = text::Position { line: position.line, character: position.character };
        self.view.text.byte(position, self.encoding)
    }

    fn range(&self, bytes: TextRange) -> Range {
        range(&self.view.text, bytes, self.encoding)
    }

    /// The px cells that touch a stretch; those elsewhere are not looked at.
    fn near(&self, bytes: TextRange) -> &'a [CellView] {
        let cells = &self.view.cells;
        let from = cells.partition_point(|cell| cell.cell.range().end < bytes.start);
        let to = cells[from..].partition_point(|cell| cell.cell.range().start <= bytes.end);
        &cells[from..from + to]
    }

    fn at<T>(&self, cursor: usize, look: impl FnOnce(Snapshot<'_>) -> T) -> T {
        let line = self.view.text.line_range(self.view.text.line_of(cursor));
        let cells: Vec<&Placed> = self.near(line).iter().map(|cell| &cell.cell).collect();
        let blocks = &self.view.blocks;
        let block = blocks.get(blocks.partition_point(|block| block.range.end < cursor));
        look(Snapshot {
            text: &self.view.text,
            dialect: self.view.dialect,
            cells: &cells,
            block: block.map(|block| block.range).filter(|range| range.start <= cursor),
        })
    }

    /// `texts`: all that belong together with this one.
    pub(super) fn complete(
        &self,
        position: Position,
        engines: Vec<EngineId>,
        texts: &[DocumentView],
    ) -> Vec<Completion> {
        // What a broken notebook holds where is not known.
        if self.view.unreadable.is_some() {
            return Vec::new();
        }
        let cursor = self.byte(position);
        let here = |text: &DocumentView| (text.key == self.view.key).then_some(cursor);
        let mut known = Known { engines, suffixes: Vec::new() };
        for text in texts {
            let cells = text.cells.iter().map(|cell| &cell.cell);
            let views = text.views.iter().map(String::as_str);
            known.suffixes.extend(Known::of(Vec::new(), views, cells, here(text)).suffixes);
        }
        known.suffixes.sort_unstable();
        known.suffixes.dedup();
        let found = self.at(cursor, |snapshot| assist::complete(snapshot, cursor, &known));
        let to_client = |completion: assist::Completion| Completion {
            edit: self.range(completion.edit),
            label: completion.label,
            detail: completion.detail,
            documentation: completion.documentation,
            kind: completion.kind,
        };
        found.into_iter().map(to_client).collect()
    }

    pub(super) fn explain(&self, position: Position) -> Option<Explanation> {
        if self.view.unreadable.is_some() {
            return None;
        }
        let at = self.byte(position);
        let help = self.at(at, |snapshot| assist::help(snapshot, at))?;
        Some(Explanation { range: self.range(help.range), lines: help.lines, is_of_magic: help.is_of_magic })
    }

    pub(super) fn tokens(&self, wanted: Option<Range>) -> Vec<Token> {
        let cells = match wanted {
            // The places are those of an older text.
            _ if self.view.unreadable.is_some() => &[],
            Some(range) => self.near(TextRange::new(self.byte(range.start), self.byte(range.end))),
            None => self.view.cells.as_slice(),
        };
        let mut tokens = Vec::new();
        for view in cells {
            let in_region = view.cell.kind == CellKind::Autopx || self.is_in_region(&view.cell);
            for token in assist::tokens(&self.view.text, self.view.dialect, &view.cell) {
                let Range { start, end } = self.range(token.range);
                let length = end.character.saturating_sub(start.character);
                tokens.push(Token { start, length, kind: token.kind, in_region });
            }
        }
        tokens.retain(|token| {
            wanted.is_none_or(|range| range.start <= token.start && token.start <= range.end)
        });
        tokens
    }

    /// Whether a px cell is inside an `%autopx` region. Its region may begin in another text, so the problem that says so is
    /// looked for.
    fn is_in_region(&self, cell: &Placed) -> bool {
        let magic = cell.magic_range();
        let problems = &self.view.problems;
        let from = problems.partition_point(|problem| problem.range < magic);
        problems[from..]
            .iter()
            .take_while(|problem| problem.range == magic)
            .any(|problem| problem.code == "px-inside-autopx")
    }

    pub(super) fn folds(&self, texts: &[DocumentView]) -> Vec<Fold> {
        let cells = &self.view.cells;
        let sends = |kind| matches!(kind, CellKind::CellMagic | CellKind::AutopxCell);
        let mut folds: Vec<Fold> = cells
            .iter()
            .filter(|view| sends(view.cell.kind))
            .map(|view| Fold { start_line: view.line, end_line: view.last_line })
            .collect();
        for region in self.regions(texts) {
            let here = |place: &assist::Place| self.is_here(texts, place.text);
            let open = here(&region.open).then(|| cells.get(region.open.cell)).flatten();
            let close = region.close.filter(here).and_then(|close| cells.get(close.cell));
            let mut inside =
                region.cells.iter().filter(|place| here(place)).filter_map(|place| cells.get(place.cell));
            let last = close.or(inside.next_back()).map(|view| view.last_line);
            if let (Some(open), Some(end_line)) = (open, last) {
                folds.push(Fold { start_line: open.line, end_line });
            }
        }
        folds.retain(|fold| fold.start_line < fold.end_line);
        folds.sort_by_key(|fold| (fold.start_line, std::cmp::Reverse(fold.end_line)));
        folds
    }

    fn is_here(&self, texts: &[DocumentView], text: usize) -> bool {
        texts.get(text).is_some_and(|text| text.key == self.view.key)
    }

    /// The regions that have an end, or a cell, in this text.
    fn regions(&self, texts: &[DocumentView]) -> Vec<Region> {
        let mut found = regions_of(texts);
        found.retain(|region| {
            let mut places = region.cells.iter().chain([&region.open]).chain(&region.close);
            places.any(|place| self.is_here(texts, place.text))
        });
        found
    }
}

fn regions_of(texts: &[DocumentView]) -> Vec<Region> {
    assist::regions(texts.iter().map(|text| text.cells.iter().map(|view| &*view.cell)))
}

impl Scene<'_> {
    fn page(&self) -> Page<'_> {
        Page { view: self.view, encoding: self.encoding }
    }

    /// Where a line is, seen from this text.
    fn place_of(&self, texts: &[DocumentView], text: usize, line: u32) -> String {
        if texts.get(text).is_none_or(|other| other.key == self.view.key) {
            return format!("line {}", line + 1);
        }
        format!("line {} of code cell {}", line + 1, text + 1)
    }

    pub(super) fn hints(&self, wanted: Range, results: bool, texts: &[DocumentView]) -> Vec<Hint> {
        let page = self.page();
        let bytes = TextRange::new(page.byte(wanted.start), page.byte(wanted.end));
        let ids = self.engines.ids();
        let now = now();
        page.near(bytes)
            .iter()
            .filter(|view| view.cell.kind != CellKind::Plain)
            .filter(|view| (bytes.start..=bytes.end).contains(&view.cell.magic_range().end))
            .filter_map(|view| {
                let plan = self.plan_label(view, &ids);
                let run = view.run.as_ref().filter(|_| results).map(|run| run.now());
                let result = run.map(|run| {
                    let shown = || inline_timeless(&run, now, self.room(view, plan.as_deref()));
                    kept_back(view, &run).unwrap_or_else(shown)
                });
                let tooltip = plan.as_ref().map(|_| self.tooltip(view, &ids, texts)).unwrap_or_default();
                let end = view.cell.magic_range().end;
                let at = page.range(TextRange::new(end, end)).start;
                (plan.is_some() || result.is_some()).then_some(Hint { at, plan, tooltip, result })
            })
            .collect()
    }

    /// How many characters a result may take behind a plan. Some editors show the lens on the same line.
    fn room(&self, view: &CellView, plan: Option<&str>) -> usize {
        let plan = plan.map_or(0, |plan| plan.chars().count() + 1);
        let lens = self.plan(view).0.filter(|plan| plan.note.is_none());
        let lens = lens.map_or(0, |plan| plan_title(&plan).chars().count() + 1);
        HINT.saturating_sub(plan + lens).max(LEAST)
    }

    /// The engines that a px cell would run on, where that is known.
    fn chosen(&self, view: &CellView, ids: &[EngineId]) -> Option<RankSet> {
        let plan = view.plan.as_ref().ok().filter(|_| self.connected && self.trusted)?;
        Some(plan.targets.resolve(ids).ok()?.engines.into_iter().collect())
    }

    fn plan_label(&self, view: &CellView, ids: &[EngineId]) -> Option<String> {
        let plan = view.plan.as_ref().ok()?;
        let chosen = self.chosen(view, ids).map(|ranks| (ranks.to_string(), ranks.len()));
        let chosen = chosen.as_ref().map(|(ranks, count)| (ranks.as_str(), *count));
        assist::label(&plan.targets, chosen, plan.blocking)
    }

    fn tooltip(&self, view: &CellView, ids: &[EngineId], texts: &[DocumentView]) -> String {
        let Ok(plan) = &view.plan else { return String::new() };
        let waits = if plan.blocking { "" } else { ", without waiting" };
        let on = match self.chosen(view, ids) {
            Some(ranks) => format!("{} of {} engines: {ranks}", ranks.len(), ids.len()),
            None => format!("the targets {}", plan.targets),
        };
        let mut lines = vec![format!("Runs on {on}{waits}.")];
        let own = Decision::own(&view.cell);
        for (text, decider, by) in self.view.decided(&view.cell) {
            let is_free = |sets: &Sets| own.as_ref().is_none_or(|own| !own.sets.contains(sets));
            let sets: Vec<Sets> = by.sets.iter().copied().filter(is_free).collect();
            let Some(other) = texts.get(text).filter(|_| !sets.is_empty()) else { continue };
            let document = &other.text;
            let is_there = document.line_of(decider.range.start) == decider.line;
            let at = if is_there { decider.range.start } else { document.line_range(decider.line).start };
            let decision = Decision {
                place: self.place_of(texts, text, decider.line),
                text: assist::excerpt(document, other.dialect, at),
                is_frozen: view.cell.view.is_frozen && sets.contains(&Sets::Targets),
                sets,
            };
            lines.push(decision.sentence());
        }
        let own_targets = own.as_ref().is_some_and(|own| own.sets.contains(&Sets::Targets));
        if view.cell.view.is_from_setting && !own_targets {
            lines.push("the setting pxlens.views sets the targets".to_owned());
        }
        lines.extend(own.map(|own| own.sentence()));
        if view.cell.kind == CellKind::AutopxCell
            && let Some(line) = self.sent_by(view, texts)
        {
            lines.push(line);
        }
        lines.join("\n")
    }

    /// The toggle that sends a cell.
    fn sent_by(&self, view: &CellView, texts: &[DocumentView]) -> Option<String> {
        let is_it = |place: &assist::Place| texts[place.text].cells[place.cell].id == view.id;
        let region = regions_of(texts).into_iter().find(|region| region.cells.iter().any(is_it))?;
        let toggle = &texts[region.open.text].cells[region.open.cell];
        let place = self.place_of(texts, region.open.text, toggle.line);
        Some(format!("{place}: %autopx{} sends whole cells", toggle.cell.magic.suffix))
    }

    pub(super) fn lenses(&self, texts: &[DocumentView]) -> Lenses {
        // A plain cell is run by the notebook, not by a lens.
        let own = self.cells_by_line().into_iter().zip(&self.view.cells);
        let cells = own.filter(|(_, view)| view.cell.kind != CellKind::Plain).map(|(cell, view)| {
            let shows =
                view.cell.kind == CellKind::Result || view.run.as_ref().is_some_and(|run| !run.plan.blocking);
            LensCell { cell, shows }
        });
        Lenses { cells: cells.collect(), regions: self.region_ends(texts) }
    }

    fn region_ends(&self, texts: &[DocumentView]) -> Vec<RegionEnd> {
        let page = self.page();
        let mut ends = Vec::new();
        for region in page.regions(texts) {
            let toggle = |place: assist::Place| &texts[place.text].cells[place.cell];
            let is_here = |place: assist::Place| page.is_here(texts, place.text);
            let suffix = &toggle(region.open).cell.magic.suffix;
            if is_here(region.open) {
                let count = region.cells.len();
                let (noun, verb) = if count == 1 { ("cell", "runs") } else { ("cells", "run") };
                let ranks = region.cells.first().and_then(|first| self.plan(toggle(*first)).0);
                let on = ranks.map(|plan| format!(" on {}", plan.ranks)).unwrap_or_default();
                let until = match region.close {
                    Some(close) => self.place_of(texts, close.text, toggle(close).line),
                    None => "the end".to_owned(),
                };
                let title = format!("%autopx{suffix}: {count} {noun} {verb}{on} until {until}");
                ends.push(RegionEnd { at: page.range(toggle(region.open).cell.magic_range()), title });
            }
            if let Some(close) = region.close.filter(|close| is_here(*close)) {
                let from = self.place_of(texts, region.open.text, toggle(region.open).line);
                let title = format!("end of the %autopx{suffix} region from {from}");
                ends.push(RegionEnd { at: page.range(toggle(close).cell.magic_range()), title });
            }
        }
        ends
    }

    pub(super) fn symbols(&self, texts: &[DocumentView]) -> Vec<Symbol> {
        let page = self.page();
        let mut symbols: Vec<Symbol> = Vec::new();
        let regions = page.regions(texts);
        let here = |place: &assist::Place| page.is_here(texts, place.text);
        for (index, view) in self.view.cells.iter().enumerate() {
            let is_mine = |place: &assist::Place| here(place) && place.cell == index;
            if regions.iter().filter_map(|region| region.close.as_ref()).any(is_mine) {
                // The region's own entry ends here.
                if let Some(region) = symbols.last_mut().filter(|last| last.kind == SymbolKind::Region) {
                    region.range.end = page.range(view.cell.range()).end;
                    continue;
                }
            }
            let mut symbol = self.symbol(view);
            if let Some(region) = regions.iter().find(|region| is_mine(&region.open)) {
                let count = region.cells.len();
                symbol.detail = format!("{count} cell{}", if count == 1 { "" } else { "s" });
                symbol.kind = SymbolKind::Region;
                symbols.push(symbol);
                continue;
            }
            let is_inside = |region: &Region| {
                here(&region.open)
                    && region.open.cell < index
                    && region.close.is_none_or(|close| !here(&close) || index < close.cell)
            };
            match symbols.last_mut().filter(|last| last.kind == SymbolKind::Region) {
                Some(region) if regions.iter().any(is_inside) => {
                    region.range.end = symbol.range.end;
                    region.children.push(symbol);
                }
                _ => symbols.push(symbol),
            }
        }
        symbols
    }

    fn symbol(&self, view: &CellView) -> Symbol {
        let page = self.page();
        let cell = &view.cell;
        let magic_range = cell.magic_range();
        let sends = matches!(cell.kind, CellKind::CellMagic | CellKind::LineMagic | CellKind::AutopxCell);
        let name = if sends {
            let signs = if cell.kind == CellKind::CellMagic { "%%" } else { "%" };
            let code = cell.code.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            let code: String = code.chars().take(40).collect();
            match cell.kind {
                CellKind::AutopxCell => code,
                _ => format!("{signs}{}{} {code}", cell.magic.name, cell.magic.suffix).trim_end().to_owned(),
            }
        } else {
            assist::excerpt(&self.view.text, self.view.dialect, magic_range.start)
        };
        let mut detail = Vec::new();
        if let (Some(plan), Ok(own)) = (self.plan(view).0, &view.plan) {
            detail.push(if own.blocking { plan.ranks } else { format!("{} noblock", plan.ranks) });
        }
        detail.extend(view.run.as_ref().map(|run| state(&run.now())));
        let whole = cell.range();
        let whole = TextRange::new(whole.start.min(magic_range.start), whole.end.max(magic_range.end));
        Symbol {
            name,
            detail: detail.join(" "),
            kind: if sends { SymbolKind::Cell } else { SymbolKind::Line },
            range: page.range(whole),
            selection: page.range(magic_range),
            children: Vec::new(),
        }
    }
}

/// How a run is doing: `✓ 4 engines`, `✗ [2]`, `⏳ 1/4`.
fn state(run: &Run) -> String {
    let all = run.parts().len();
    match run.state() {
        RunState::Queued => "⏳ queued".to_owned(),
        RunState::Running => {
            format!("⏳ {}/{all}", run.parts().filter(|part| part.ending().is_some()).count())
        }
        RunState::Succeeded if all == 1 => "✓ 1 engine".to_owned(),
        RunState::Succeeded => format!("✓ {all} engines"),
        RunState::Failed => {
            let is_bad = |ending: &Ending| match ending {
                Ending::Error(_) => true,
                Ending::Lost(reason) => !matches!(reason, LostReason::NotSent(_)),
                Ending::Ok | Ending::Aborted => false,
            };
            let bad = run.parts().filter(|part| part.ending().is_some_and(is_bad));
            let bad: RankSet = bad.map(|part| part.engine).collect();
            if bad.is_empty() { outcome(run) } else { format!("✗ {bad}") }
        }
    }
}
