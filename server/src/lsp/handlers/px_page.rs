//! `px/page`: the parts of a run, for a client that lays them out itself.
//!
//! Not a plain function of a snapshot, since it waits for the disk: which files its tracebacks name are there.

use std::collections::{HashMap, HashSet};

use lsp_types::{Position, Uri};
use pxlens_protocol::{
    GroupState, LineStyle, PageBlock, PageError, PageHtml, PageParams, PagePiece, PagePlace, PageResult,
    PageSection, TracebackLine,
};

use tower_lsp::jsonrpc::Result;

use super::unknown::no_result;
use crate::{
    blocking,
    ide::{self, Shown},
    lsp::{
        backend::Backend,
        from_proto,
        notify::diagnostics,
        snapshot::{Concerns, Snapshot},
        to_proto::{self, ids, pictures},
        wire::{
            cancel::{self, unless_cancelled},
            raw_response::Raw,
        },
    },
    render::{self, FramePlace, PageLimits, Paint, Standing},
    run::Run,
    session::RunHandle,
};

/// The maximum size in bytes of the HTML in one response.
const MOST_HTML: usize = 16_000_000;

/// The files that tracebacks name, by their paths, so that each is looked up once.
type Files = HashMap<String, Uri>;

pub(crate) async fn handle(backend: &Backend, params: PageParams) -> Result<Raw> {
    unless_cancelled(&cancel::current(), page(backend, params)).await
}

async fn page(backend: &Backend, params: PageParams) -> Result<Raw> {
    let snapshot = backend.snapshot(params.about()).await;
    let shown = shown(&snapshot, &params).ok_or_else(no_result)?;
    backend.session.reveal(shown.run.id);
    let by = params.group_by.map(from_proto::group_by).unwrap_or_else(|| shown.group_by(&snapshot));
    let run = shown.run.excerpt(PageLimits::default().bytes);
    let drawn = run.clone();
    let page = blocking::run(move || render::page(&drawn, by, PageLimits::default())).await;
    let files = diagnostics::paths_here(files(&page.errors)).await;
    let work = move || snapshot.raw(&answer(&snapshot, &shown.run, &run, by, page, &files, params.media));
    blocking::run(work).await
}

fn shown(snapshot: &Snapshot, params: &PageParams) -> Option<Shown> {
    if let Some(run) = params.run {
        return snapshot.runs.get(from_proto::run_id(run)).cloned().map(Shown::from);
    }
    match params.position.filter(|_| params.uri.is_some()) {
        Some(position) => ide::shown_at(snapshot, from_proto::position(position)),
        None => ide::newest(snapshot, None),
    }
}

fn answer(
    snapshot: &Snapshot,
    handle: &RunHandle,
    run: &Run,
    by: render::GroupBy,
    page: render::Page,
    files: &Files,
    media: Option<bool>,
) -> PageResult {
    let uri = to_proto::uri(&handle.document());
    let took = match run.is_over() {
        true => format!(" · {}", render::duration(render::elapsed(run, run.created))),
        false => String::new(),
    };
    let engines: crate::engines::RankSet = run.request.engines.iter().copied().collect();
    let (images, tables, note) = match media {
        Some(true) => {
            let (tables, left_out) = tables(run);
            (pictures::all(run), tables, left_out)
        }
        _ => (Vec::new(), Vec::new(), None),
    };
    let places = lines_of(snapshot, handle, run);
    let cells = snapshot.document_of(handle).map_or(&[][..], |view| &view.cells);
    let cell = cells.iter().find(|cell| cell.id == handle.cell);
    PageResult {
        run: to_proto::run_id(handle.id),
        cell: to_proto::cell_id(handle.cell),
        line: cell.map_or(handle.line, |cell| cell.line),
        newer: snapshot.runs.newer(handle).map(|newer| to_proto::run_id(newer.id)),
        title: handle.magic_line.clone(),
        state: to_proto::run_state(run),
        summary: format!("{}{took}", render::outcome(run)),
        group_by: to_proto::group_by(by),
        ranks: engines.to_string(),
        engines: ids(&engines).collect(),
        has_earlier: snapshot.runs.earlier(handle).is_some(),
        sections: page.sections.into_iter().map(section).collect(),
        across: page.across.map(|(ranks, told)| format!("{ranks} {told}")),
        errors: page.errors.into_iter().map(|error| raised(error, &uri, &places, files)).collect(),
        uri,
        tables,
        images,
        note: page.note.or(note),
    }
}

/// The places in the document of the 0-based lines of a run's code; empty if the code has changed.
fn lines_of(snapshot: &Snapshot, handle: &RunHandle, run: &Run) -> HashMap<u32, Position> {
    let Some(view) = snapshot.document_of(handle) else { return HashMap::new() };
    let same =
        |cell: &&crate::session::CellView| cell.id == handle.cell && cell.cell.code == run.request.code;
    let Some(cell) = view.cells.iter().find(same) else { return HashMap::new() };
    let lines = (0u32..).zip(cell.cell.code.lines()).filter_map(|(line, _)| {
        let at = ide::code_place(&cell.cell, line, None, 0)?;
        Some((line, to_proto::range(ide::positions(view, snapshot, at)).start))
    });
    lines.collect()
}

fn section(section: render::PageSection) -> PageSection {
    PageSection {
        title: section.title.map(str::to_owned),
        blocks: section.blocks.into_iter().map(block).collect(),
    }
}

fn block(block: render::PageBlock) -> PageBlock {
    PageBlock {
        ranks: block.ranks.to_string(),
        engines: ids(&block.ranks).collect(),
        state: match block.standing {
            Standing::Ok => GroupState::Ok,
            Standing::Pending => GroupState::Pending,
            Standing::Failed => GroupState::Error,
            Standing::Aborted => GroupState::Aborted,
            Standing::Lost => GroupState::Lost,
        },
        compared_with: block.differs_from.map(|ranks| ranks.to_string()),
        left_out: block.left_out,
        pieces: block.pieces.into_iter().map(piece).collect(),
    }
}

fn piece(span: render::Span) -> PagePiece {
    let style = match span.paint {
        Paint::Ranks | Paint::Rule | Paint::Pending => LineStyle::Label,
        Paint::Stdout => LineStyle::Stdout,
        Paint::Stderr => LineStyle::Stderr,
        Paint::Display | Paint::Result => LineStyle::Result,
        Paint::FailedRanks | Paint::Error | Paint::Traceback => LineStyle::Error,
        Paint::Note => LineStyle::Note,
    };
    PagePiece { text: span.text, style }
}

/// The files that tracebacks name.
fn files(errors: &[render::PageError]) -> HashSet<String> {
    let frames = errors.iter().flat_map(|error| &error.lines).filter_map(|line| line.frame.as_ref());
    frames
        .filter_map(|frame| match &frame.place {
            FramePlace::File(path) => Some(path.clone()),
            _ => None,
        })
        .collect()
}

fn raised(error: render::PageError, uri: &Uri, places: &HashMap<u32, Position>, files: &Files) -> PageError {
    let render::PageError { group, lines } = error;
    let in_cell = |line: u32| Some(PagePlace { uri: uri.clone(), position: *places.get(&line)? });
    let lines = lines.into_iter().map(|line| {
        let in_file = line.frame.and_then(|frame| match (frame.place, frame.line) {
            (FramePlace::File(path), Some(line)) => Some(PagePlace {
                uri: files.get(&path)?.clone(),
                position: Position { line: line.checked_sub(1)?, character: 0 },
            }),
            _ => None,
        });
        TracebackLine { text: line.text, place: line.code_line.and_then(in_cell).or(in_file) }
    });
    let variants = group.variants.iter().filter(|_| group.texts_differ()).map(|variant| {
        let value = render::terminal_text(variant.evalue.lines().next().unwrap_or_default(), false);
        format!("{} {}", variant.ranks, render::without_key(&value))
    });
    PageError {
        lines: lines.collect(),
        variants: variants.collect(),
        ranks: group.ranks.to_string(),
        engines: ids(&group.ranks).collect(),
        title: render::without_key(&group.title()).into_owned(),
    }
}

/// The HTML that engines displayed, and a note if there is no room for some of it.
fn tables(run: &Run) -> (Vec<PageHtml>, Option<String>) {
    let mut room = MOST_HTML;
    let mut left_out = 0;
    let outputs = render::html_outputs(run).into_iter().map(|output| {
        let html = room.checked_sub(output.html.len()).map(|left| {
            room = left;
            output.html.to_owned()
        });
        left_out += usize::from(html.is_none());
        PageHtml {
            ranks: output.ranks.to_string(),
            engines: ids(&output.ranks).collect(),
            html,
            alt: output.alt,
        }
    });
    let tables = outputs.collect();
    let note = (left_out > 0).then(|| format!("{left_out} tables are too large to show here"));
    (tables, note)
}
