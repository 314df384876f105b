//! Converts types of LSP and of the protocol to values of the session.

use std::path::PathBuf;

use lsp_types::{Position, PositionEncodingKind, Range, TextDocumentContentChangeEvent as ChangeEvent, Uri};
use pxlens_protocol::{self as protocol, InterruptParams, RunParams};

use super::{ClusterChoice, Settings};
use crate::{
    cells::Dialect,
    cluster::discovery::Selection,
    engines::{EngineId, RankSet, Targets},
    plan::Overrides,
    render::GroupBy,
    run::RunId,
    session::{
        self, CellId, DocumentKey, InterruptScope, NoCell, Only, Place, RunCommand, RunError, Scope,
        StartPolicy,
    },
    text::{self, Encoding},
};

/// A client's URI is used as a key without any change.
pub(super) fn key(uri: &Uri) -> DocumentKey {
    DocumentKey::from(uri.as_ref())
}

/// How to parse a document that was opened by itself. `language`: the language id that the client sent.
pub(super) fn dialect(uri: &Uri, language: &str) -> Dialect {
    // A client without notebook synchronisation opens a notebook's cells as documents.
    if uri.0.starts_with("vscode-notebook-cell:") {
        return Dialect::NotebookCell;
    }
    // Some editors show a notebook as a script under the notebook's name.
    if language.contains("python") {
        return Dialect::Script;
    }
    let path = uri.0.split(['?', '#']).next().unwrap_or_default();
    if path.to_ascii_lowercase().ends_with(".ipynb") { Dialect::NotebookJson } else { Dialect::Script }
}

pub(super) fn encoding(kind: &PositionEncodingKind) -> Encoding {
    match *kind {
        PositionEncodingKind::UTF8 => Encoding::Utf8,
        PositionEncodingKind::UTF32 => Encoding::Utf32,
        _ => Encoding::Utf16,
    }
}

pub(super) fn position(position: Position) -> text::Position {
    text::Position { line: position.line, character: position.character }
}

pub(super) fn range(range: Range) -> [text::Position; 2] {
    [position(range.start), position(range.end)]
}

/// An edit of a document; its positions refer to the text after the edit before it.
pub(super) fn change(event: ChangeEvent) -> text::Change {
    match event {
        ChangeEvent::TextDocumentContentChangePartial(part) => {
            let [start, end] = range(part.range);
            text::Change { range: Some((start, end)), text: part.text }
        }
        ChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
            text::Change { range: None, text: whole.text }
        }
    }
}

pub(super) fn cell_id(id: &protocol::CellId) -> Option<CellId> {
    id.0.strip_prefix('c')?.parse().ok().map(CellId)
}

pub(super) fn run_id(id: protocol::RunId) -> RunId {
    RunId(id.0)
}

pub(super) fn group_by(group_by: protocol::GroupBy) -> GroupBy {
    match group_by {
        protocol::GroupBy::Fold => GroupBy::Fold,
        protocol::GroupBy::Type => GroupBy::Type,
        protocol::GroupBy::Engine => GroupBy::Engine,
        protocol::GroupBy::Order => GroupBy::Order,
    }
}

/// A command to run px cells, with ids and places that the session will look up.
///
/// # Errors
/// If it names no cell, or its targets cannot be parsed.
pub(super) fn run_command(params: RunParams) -> Result<RunCommand, RunError> {
    let targets = params.targets.as_deref().map(Targets::parse_flag).transpose();
    let targets = targets.map_err(|error| RunError::InvalidTargets(error.to_string()))?;
    // An id that cannot be parsed is of no cell. It must not fall back to the cell at the position that is given as well.
    let cell =
        params.cell.as_ref().map(|id| cell_id(id).ok_or(RunError::NoCell(NoCell::Gone))).transpose()?;
    let cells = params.cells.map(|ids| ids.iter().map(cell_id).collect::<Option<Vec<_>>>());
    let cells = cells.map(|cells| cells.ok_or(RunError::NoCell(NoCell::OneGone))).transpose()?;
    let line = params.position.map(|position| position.line);
    let place = cell.map(Place::Cell).or(line.map(Place::Line));
    let scope = match (params.scope, params.range) {
        (protocol::Scope::All, _) => Scope::All,
        (protocol::Scope::Above, _) => Scope::Above(place.ok_or(RunError::NoCell(NoCell::Above))?),
        (protocol::Scope::Below, _) => Scope::Below(place.ok_or(RunError::NoCell(NoCell::Below))?),
        (protocol::Scope::Cell, range) => match (cell, cells, range, line) {
            (Some(cell), ..) => Scope::Cell(cell),
            (None, Some(cells), ..) => Scope::Cells(cells),
            (None, None, Some(Range { start, end }), _) => {
                // A range that ends before the first column of a line does not touch it.
                let ends_before = end.character == 0 && end.line > start.line;
                Scope::Lines(start.line, end.line - u32::from(ends_before))
            }
            (None, None, None, Some(line)) => Scope::Lines(line, line),
            (None, None, None, None) => return Err(RunError::NoCell(NoCell::Here)),
        },
    };
    Ok(RunCommand {
        document: key(&params.uri),
        scope,
        overrides: Overrides { targets, block: params.block },
        only: params.only.map(|only| match only {
            protocol::Only::Failed => Only::Failed,
            protocol::Only::Differing => Only::Differing,
        }),
        canary: params.canary,
        keep_going: false,
        start: StartPolicy::Detached,
    })
}

/// The engines of a run to interrupt.
pub(super) fn interrupt_scope(params: &InterruptParams) -> InterruptScope {
    let named = params.engines.as_ref().map(|ids| ids.iter().copied().map(EngineId).collect::<RankSet>());
    match (params.stragglers, named) {
        (true, named) => InterruptScope::Stragglers(named),
        (false, Some(engines)) => InterruptScope::Engines(engines),
        (false, None) => InterruptScope::All,
    }
}

/// The session's settings for a project in this folder.
pub(super) fn settings(settings: &Settings, folder: Option<PathBuf>) -> session::Settings {
    session::Settings {
        python: settings.python.clone(),
        cluster: settings.cluster.clone().map(selection).unwrap_or_default(),
        shared_connection_files: settings.shared_connection_files,
        // VS Code sends the default too, so it does not count as the user's word.
        engines: Some(settings.engines).filter(|engines| *engines != session::DEFAULT_ENGINES),
        group_by: group_by(settings.group_by),
        views: settings.views.clone(),
        format: settings.format,
        folder: folder.unwrap_or_else(|| PathBuf::from(".")),
        limits: settings.limits.clone(),
        results: None,
    }
}

pub(super) fn selection(choice: ClusterChoice) -> Selection {
    let ClusterChoice { name, profile, cluster_id, connection_file } = choice;
    Selection { name, profile, cluster_id, connection_file, ..Selection::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_cell_id_does_not_fall_back_to_the_position() {
        let params =
            serde_json::json!({ "uri": "a", "cell": "bogus", "position": { "line": 3, "character": 0 } });
        let params: RunParams = serde_json::from_value(params).expect("parameters");
        assert_eq!(run_command(params).expect_err("no such cell"), RunError::NoCell(NoCell::Gone));
    }
}
