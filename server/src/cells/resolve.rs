//! What is in force in a block: what was found in it, put in order and told what stands above it.

use std::{ops::Range, sync::Arc};

use super::{
    Carry, CellKind, Magic, MagicKind, Options, Origin, PxCell, Spelling, ViewState,
    findings::{Finding, Findings},
    found::{BlockText, Found},
    mapped::Mapped,
    python,
    refusal::{IN_PX_BODY, broken_cell, ended_cell, other_cluster, refusal, unknown_view},
    scan::Scanned,
    set_up,
    shared_code::SharedCode,
    views::UnreadTargets,
};
use crate::{engines::Targets, text::TextRange};

/// A block with what is in force in it; ranges and ordinals count from the block's beginning.
pub(super) struct Resolved {
    pub(super) cells: Vec<PxCell>,
    pub(super) findings: Findings,
    /// How many lines hold code that belongs to no px cell.
    pub(super) local_lines: u32,
    /// What is in force below it; the very same as above it, where it changes nothing.
    pub(super) after: Arc<Carry>,
    /// Of a plain cell that is meant for the engines: the 0-based line by which it reads as set-up, and stays.
    pub(super) set_up: Option<u32>,
    /// The block as it reads with what the lines above made of the shell, where that makes a difference.
    pub(super) reread: Option<Arc<Scanned>>,
}

/// Reads a block of which it is known what stands above it.
///
/// An `%autopx` above sends whole cells, as upstream. `text` and `number` name the block to those below. `sends_plain`: code
/// without px magics is meant for the engines as well, unless it reads as set-up.
pub(super) fn resolve(
    scanned: &Scanned,
    before: &Arc<Carry>,
    text: u32,
    number: u32,
    sends_plain: bool,
) -> Resolved {
    let reread = scanned.read_with(&before.shell).map(Arc::new);
    let left = match &reread {
        None if !before.shell.is_plain() => &before.shell,
        None => &scanned.shell,
        Some(reread) => &reread.shell,
    };
    let scanned = reread.as_deref().unwrap_or(scanned);
    let mut resolver = Resolver {
        scanned,
        carry: Arc::clone(before),
        origin: Origin { text, block: number, nth: 0 },
        cells: Vec::new(),
        findings: Vec::new(),
        is_inside: false,
        next_statement: 0,
        next_line: 0,
        sends_plain,
        set_up: None,
        keeps_shell: false,
        ended_by: None,
        ended_at: usize::MAX,
    };
    let local_lines = resolver.run();
    let is_toggle = |found: &Found| found.kind == CellKind::Autopx && found.suite.is_none();
    let meets_region = before.autopx.is_some() || scanned.found.iter().any(is_toggle);
    if !resolver.keeps_shell && **left != *before.shell {
        Arc::make_mut(&mut resolver.carry).shell = Arc::clone(left);
    }
    let Resolver { carry, cells, findings, set_up, .. } = resolver;
    let findings = Findings { all: findings, meets_region };
    let after = if Carry::is_same(&carry, before) { Arc::clone(before) } else { carry };
    let local_lines = u32::try_from(local_lines).unwrap_or(u32::MAX);
    Resolved { cells, findings, local_lines, after, set_up, reread }
}

struct Resolver<'a> {
    scanned: &'a Scanned,
    carry: Arc<Carry>,
    /// The magic or statement that is dealt with.
    origin: Origin,
    cells: Vec<PxCell>,
    findings: Vec<Finding>,
    /// Whether it begins inside of an `%autopx` region, which sends it. What stands in the cell that opens one is run here.
    is_inside: bool,
    next_statement: usize,
    /// The next line of local code that may call what is defined above, by its place among them.
    next_line: usize,
    sends_plain: bool,
    set_up: Option<u32>,
    /// Whether nothing of the block is run here that could make something of the shell.
    keeps_shell: bool,
    /// The magic of a view that nothing makes, at which IPython ends the cell.
    ended_by: Option<String>,
    /// Where that stands.
    ended_at: usize,
}

impl Resolver<'_> {
    /// Takes the block in; gives how many of its lines are local.
    fn run(&mut self) -> usize {
        let local_lines = self.take_in();
        if self.scanned.may_toggle() && !self.is_inside {
            self.unsure();
        }
        // A view may be made in the very cell that begins a region of it.
        let is_run = |found: &Found| {
            found.range.start < self.ended_at && self.carry.view(&found.magic.suffix).is_some()
        };
        let is_toggled = self.scanned.is_toggled_behind(self.carry.is_toggled, is_run);
        if self.carry.is_toggled != is_toggled {
            Arc::make_mut(&mut self.carry).is_toggled = is_toggled;
        }
        local_lines
    }

    fn take_in(&mut self) -> usize {
        let scanned = self.scanned;
        let text = scanned.text();
        let count = text.lines.len();
        let mut local_lines = scanned.local.len();
        if scanned.is_taken_otherwise(self.carry.is_toggled) {
            // IPython runs nothing of it that pxlens could follow.
            self.keeps_shell = true;
            return local_lines;
        }
        let is_inside = self.carry.autopx.is_some();
        self.is_inside = is_inside;
        if scanned.is_inactive() {
            match is_inside {
                true => self.keeps_shell = true,
                false => self.statements(scanned.end()),
            }
            return 0;
        }
        if let Some(line) = scanned.toggle_line().filter(|_| is_inside) {
            // Only a cell that begins with it ends the region, and nothing else of that cell is run.
            self.keeps_shell = true;
            let toggle = (0..).zip(&scanned.found).find(|(_, found)| found.lines.start == line);
            match toggle.filter(|(_, found)| found.kind == CellKind::Autopx) {
                Some((nth, found)) => {
                    self.origin.nth = nth;
                    self.found(found);
                }
                None => self.found(&toggle_at(scanned, line)),
            }
            return local_lines;
        }
        let only_code = scanned.found.iter().all(|found| found.kind == CellKind::SyncImports);
        let is_sent =
            self.carry.is_toggled && !scanned.is_unsure() && !self.carry.is_unsure && !scanned.is_px_body();
        if scanned.language().is_some() && !(is_inside && is_sent) {
            return local_lines;
        }
        if only_code && is_inside && is_sent {
            self.keeps_shell = true;
            return local_lines - self.autopx_cell(0..count);
        }
        if self.sends_plain && scanned.found.is_empty() {
            let names = set_up::Names {
                is_client: &|name| self.carry.is_client(name),
                is_local: &|name| self.carry.is_local(name),
            };
            self.set_up = set_up::line(scanned.text().source.text(), &names);
            if self.set_up.is_none() {
                self.keeps_shell = true;
                return local_lines - self.whole(0..count, CellKind::Plain, MagicKind::Plain, String::new());
            }
        }
        let mut end = if scanned.is_only_sent() { 0 } else { scanned.end() };
        self.keeps_shell |= end == 0;
        for (nth, found) in (0..).zip(&scanned.found) {
            self.statements(found.range.start.min(end));
            self.origin.nth = nth;
            local_lines -= found.imports.as_ref().map_or(0, |imports| imports.taken);
            if found.kind == CellKind::Autopx && scanned.is_px_body() {
                continue; // it is sent, and toggles nothing here
            }
            if found.range.start >= end || self.ended_by.is_some() {
                self.inside_region();
                self.push(found);
                continue;
            }
            if found.kind == CellKind::Autopx && found.suite.is_none() && is_inside {
                self.inside_region();
                continue;
            }
            self.found(found);
            if found.magic.options.own.local {
                self.local_body(found.code.text());
            }
            let magic = &found.magic;
            if found.suite.is_none() && found.imports.is_none() && self.carry.view(&magic.suffix).is_none() {
                self.ended_by = Some(format!("%{}{}", magic.kind, magic.suffix));
                self.ended_at = found.range.start;
                end = self.ended_at;
            }
        }
        self.statements(end);
        local_lines
    }

    /// Takes in what statements before a byte say about views. Inside an `%autopx` region they are sent to the engines, and
    /// say nothing here.
    fn statements(&mut self, before: usize) {
        while let Some(statement) = self.scanned.statements.get(self.next_statement)
            && statement.range.start < before
        {
            self.mentions(statement.range.start);
            if !self.is_inside && self.carry.is_changed_by(statement) {
                self.origin.nth = self.scanned.number_of(self.next_statement);
                let is_first = !self.carry.has_defined();
                let noticed = Arc::make_mut(&mut self.carry).execute(statement, self.origin);
                let range = statement.range;
                self.findings.extend(noticed.no_effect.map(|why| Finding::NoEffect { range, why }));
                // What a statement may do as well is often a part of what it does.
                let is_said = |finding: &Finding| matches!(finding, Finding::UnreadCluster { range: said } if said.start <= range.start && range.end <= said.end);
                if noticed.is_unread && !self.findings.iter().any(is_said) {
                    self.findings.push(Finding::UnreadCluster { range });
                }
                if is_first {
                    self.next_line = self.lines_before(statement.range.start + 1);
                }
            }
            self.next_statement += 1;
        }
        self.mentions(before);
    }

    /// Takes in the lines of code before a byte that may call what does something to views.
    fn mentions(&mut self, before: usize) {
        if !self.carry.has_defined() || self.is_inside {
            return;
        }
        let end = self.lines_before(before);
        for line in self.next_line..end {
            let text = self.scanned.text().line(self.scanned.local[line]);
            Arc::make_mut(&mut self.carry).mention(text);
        }
        self.next_line = self.next_line.max(end);
    }

    /// Takes in a body that is run here as well, whose lines may call the same.
    fn local_body(&mut self, text: &str) {
        if self.carry.has_defined() && !self.is_inside {
            text.lines().for_each(|line| Arc::make_mut(&mut self.carry).mention(line));
        }
    }

    /// How many lines of local code begin before a byte.
    fn lines_before(&self, byte: usize) -> usize {
        let text = self.scanned.text();
        self.scanned.local.partition_point(|line| text.source.start_of(text.lines[*line].start) < byte)
    }

    /// Lines inside an `%autopx` region, if there is code on them; gives how many of the local lines are sent so.
    fn autopx_cell(&mut self, lines: Range<usize>) -> usize {
        let Some(region) = self.carry.autopx.clone() else { return 0 };
        self.whole(lines, CellKind::AutopxCell, MagicKind::Autopx, region.suffix)
    }

    /// Lines that are sent as they are, if there is code on them; gives how many local lines they are.
    fn whole(&mut self, lines: Range<usize>, kind: CellKind, magic: MagicKind, suffix: String) -> usize {
        let (text, local) = (self.scanned.text(), &self.scanned.local);
        let before = |line: usize| local.partition_point(|index| *index < line);
        let sent = before(lines.end) - before(lines.start);
        let is_hidden = text.hidden.iter().any(|hidden| lines.contains(&hidden.line));
        let language = self.scanned.language();
        if sent == 0 && !is_hidden && language.is_none() {
            return 0;
        }
        let line_text = |index: &usize| text.source.text()[text.lines[*index].clone()].trim();
        let mut lines = lines;
        let filled = |index: &usize| !line_text(index).is_empty();
        let (Some(first), Some(last)) = (lines.clone().find(filled), lines.clone().rfind(filled)) else {
            return 0;
        };
        if text.is_script {
            lines = first..last + 1;
        }
        let bytes = text.lines[lines.start].start..text.lines[lines.end - 1].end;
        let mut code = Mapped::default();
        if let Some(magic) = language.flatten() {
            let begin = text.source.start_of(text.lines[lines.start].start);
            code.push_escape(&format!("{magic}\n"), TextRange::new(begin, begin));
        }
        push_freed(&mut code, &text, lines.clone());
        let range = text.source.range(bytes);
        let line = text.lines[first].clone();
        let blanks = python::indent(&text.source.text()[line.clone()]);
        let magic_range = text.source.range(line.start + blanks..line.end);
        let magic = Magic {
            kind: magic,
            suffix,
            options: Options::default(),
            // The toggle, if there is one, may stand in another document.
            name_range: TextRange::new(magic_range.start, magic_range.start).into(),
        };
        let found = Found {
            kind,
            magic,
            lines,
            range,
            magic_range,
            code: code.into(),
            options_text: None,
            column: blanks,
            escape: None,
            suite: None,
            imports: None,
            spelling: Spelling::Plain,
            prefix: None,
            alias: None,
            fault: None,
        };
        self.push(&found);
        sent
    }

    /// Takes a magic in, with what it changes for the ones below: nothing where it may not be run, or where it is sent to the
    /// engines.
    fn found(&mut self, found: &Found) {
        match found.kind {
            CellKind::Config if self.is_inside => self.inside_region(),
            CellKind::Autopx if found.suite.is_some() && self.is_inside => {}
            CellKind::Autopx if found.suite.is_some() => self.unsure(),
            CellKind::Config if found.suite.is_some() => {}
            CellKind::Autopx if self.carry.view(&found.magic.suffix).is_none() => {}
            CellKind::Config => Arc::make_mut(&mut self.carry).configure(&found.magic, self.origin),
            CellKind::Autopx => {
                let is_perhaps = self.carry.is_unsure;
                if self.carry.autopx.is_none() && (is_perhaps || self.scanned.is_unsure()) {
                    self.findings.push(Finding::UnsureRegion { magic: self.origin.nth as usize, is_perhaps });
                }
                Arc::make_mut(&mut self.carry).toggle(&found.magic, self.origin);
            }
            _ => self.inside_region(),
        }
        self.push(found);
    }

    /// From here on nobody knows where regions begin and end.
    fn unsure(&mut self) {
        if !self.carry.is_unsure {
            Arc::make_mut(&mut self.carry).is_unsure = true;
        }
    }

    /// Notes a magic that a region sends to the engines.
    fn inside_region(&mut self) {
        if let Some(region) = self.carry.autopx.as_ref().filter(|_| self.is_inside) {
            let magic = self.origin.nth as usize;
            self.findings.push(Finding::InsideRegion { magic, suffix: region.suffix.clone() });
        }
    }

    fn push(&mut self, found: &Found) {
        let (code, lines) = match found.kind.sends() {
            true => found.code.shared(found.magic_range.end),
            false => (found.code.text().into(), Arc::default()),
        };
        let view = match &found.imports {
            Some(imports) => Some(self.carry.imports(&imports.view, self.origin)),
            // It runs on all engines, whatever views are made of.
            None if found.kind == CellKind::Plain => Some(ViewState::default()),
            None if found.kind == CellKind::AutopxCell => self.carry.view_of_region(&found.magic.suffix),
            None => self.carry.view(&found.magic.suffix),
        };
        self.findings.extend(view_finding(found, view.as_ref()));
        if found.imports.as_ref().is_some_and(|imports| !imports.unlike.is_empty()) {
            let of_px = self.carry.view("");
            let is_of_px = engines(view.as_ref()).is_some_and(|of| Some(of) == engines(of_px.as_ref()));
            let magic = self.origin.nth as usize;
            self.findings.push(Finding::UnlikeImports { magic, is_of_px });
        }
        let broken = self.scanned.broken.as_ref().filter(|_| found.range.start >= self.scanned.end());
        let broken = broken.filter(|_| found.kind != CellKind::AutopxCell && found.kind != CellKind::Plain);
        let in_px_body = self.scanned.is_freed_px_body() && found.kind != CellKind::AutopxCell;
        let refusal = broken.map(broken_cell).or_else(|| self.ended_by.as_deref().map(ended_cell));
        let refusal = refusal.or_else(|| in_px_body.then(|| IN_PX_BODY.to_owned()));
        let refusal = refusal.or_else(|| self::refusal(found, view.is_some()));
        let other = view.as_ref().and_then(|view| view.other_cluster.as_deref());
        let other = other.filter(|_| found.kind != CellKind::Config).map(other_cluster);
        let refusal = refusal.or(other);
        self.cells.push(PxCell {
            ordinal: u32::try_from(self.cells.len()).unwrap_or(u32::MAX),
            kind: found.kind,
            range: found.range.into(),
            magic_range: found.magic_range.into(),
            code,
            lines,
            notebook_cell: self.scanned.place.clone(),
            view: view.unwrap_or_default(),
            refusal,
            spelling: found.spelling,
            suite: found.suite,
            alias: found.alias.clone(),
            magic: found.magic.clone(),
        });
    }
}

/// Lines as what frees the magics in comments makes them, each with its line end.
fn push_freed(code: &mut Mapped, text: &BlockText<'_>, lines: Range<usize>) {
    for index in lines.clone() {
        let line = text.lines[index].clone();
        let end = if index + 1 < lines.end { text.lines[index + 1].start } else { line.end };
        let columns = text.hidden(index).map_or(0..0, |hidden| hidden.columns.clone());
        code.push_part(text.source, line.start..line.start + columns.start);
        code.push_part(text.source, line.start + columns.end..end);
    }
    let end = text.source.end_of(text.lines[lines.end - 1].end);
    code.push_escape("\n", TextRange::new(end, end));
}

/// What ends a region on a line on which IPython would find no magic: `%autopx;`.
fn toggle_at(scanned: &Scanned, line: usize) -> Found {
    let text = scanned.text();
    let range = text.filled(line);
    let name_range = TextRange::new(range.start, range.start + "%autopx".len()).into();
    let magic =
        Magic { kind: MagicKind::Autopx, suffix: String::new(), options: Options::default(), name_range };
    Found {
        kind: CellKind::Autopx,
        magic,
        lines: line..line + 1,
        range,
        magic_range: range,
        code: SharedCode::default(),
        options_text: None,
        column: python::indent(text.line(line)),
        escape: text.hidden(line).map(|hidden| hidden.escape),
        suite: None,
        imports: None,
        spelling: text.hidden(line).map(|hidden| hidden.escape).into(),
        prefix: None,
        alias: None,
        fault: None,
    }
}

/// The engines that a view means, where that is known.
fn engines(view: Option<&ViewState>) -> Option<Targets> {
    match view?.targets.as_ref() {
        None | Some(Ok(Targets::Slice { start: None, stop: None, step: None })) => Some(Targets::All),
        Some(Ok(targets)) => Some(targets.clone()),
        Some(Err(_)) => None,
    }
}

/// What is to be said of the view that a magic goes by.
fn view_finding(found: &Found, view: Option<&ViewState>) -> Option<Finding> {
    let magic = &found.magic;
    if found.kind == CellKind::AutopxCell {
        return None; // the toggle has it
    }
    let Some(view) = view else {
        return Some(Finding::UnknownView { name: magic.name_range.in_block(), why: unknown_view(magic) });
    };
    if let Some(cluster) = &view.other_cluster
        && found.kind != CellKind::Config
    {
        let (name, of_imports) = (magic.name_range.in_block(), found.imports.is_some());
        return Some(Finding::OtherCluster { name, why: other_cluster(cluster), of_imports });
    }
    let goes_by_view =
        magic.options.targets.is_none() && (found.kind.sends() || found.kind == CellKind::Autopx);
    let Some(Err(error)) = view.targets.as_ref().filter(|_| goes_by_view) else { return None };
    // A %pxconfig that cannot be read is a matter of its own line.
    if matches!(error, UnreadTargets::Refused(_) | UnreadTargets::Dynamic) {
        return None;
    }
    let of_imports = found.imports.is_some();
    Some(Finding::UnreadView { name: magic.name_range.in_block(), error: error.clone(), of_imports })
}
