//! Suggestions of the session as code actions with edits.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionDisabled, CodeActionKind, CodeActionResponse, Diagnostic,
    OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextDocumentIdentifier, TextEdit, Uri,
    WorkspaceEdit,
};
use pxlens_protocol::Problem;

use crate::lsp::{
    capabilities::Client,
    diagnostics::of_problem,
    facade::{Purpose, Suggestion, Suggestions, TextChange},
};

/// The actions for what the session suggests; `shown` are the diagnostics that the client shows there.
pub(super) fn actions(
    uri: &Uri,
    suggestions: Suggestions,
    shown: &[Diagnostic],
    client: &Client,
) -> Vec<CodeActionResponse> {
    let version = suggestions.version;
    let action = |Suggestion { title, purpose, edits }| {
        let action = match purpose {
            Purpose::Fix { problem, only } => CodeAction {
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![diagnostic(problem, shown)]),
                is_preferred: only.then_some(true),
                edit: Some(edit(uri, version, edits, client)),
                ..Default::default()
            },
            Purpose::Rewrite { disabled: None } => CodeAction {
                kind: Some(CodeActionKind::RefactorRewrite),
                edit: Some(edit(uri, version, edits, client)),
                ..Default::default()
            },
            Purpose::Rewrite { disabled: Some(reason) } => CodeAction {
                kind: Some(CodeActionKind::RefactorRewrite),
                disabled: client.disabled_actions.then_some(CodeActionDisabled { reason }),
                ..Default::default()
            },
        };
        // Without an edit, and without a word why, it would look like an action that does nothing.
        let is_of_use = action.edit.is_some() || action.disabled.is_some();
        is_of_use.then(|| CodeAction { title, ..action }.into())
    };
    suggestions.all.into_iter().filter_map(action).collect()
}

/// The diagnostic of a problem, as the client has it if it does.
fn diagnostic(problem: Problem, shown: &[Diagnostic]) -> Diagnostic {
    let ours = of_problem(problem);
    let is_it = |theirs: &&Diagnostic| theirs.range == ours.range && theirs.code == ours.code;
    shown.iter().find(is_it).cloned().unwrap_or(ours)
}

fn edit(uri: &Uri, version: i32, edits: Vec<TextChange>, client: &Client) -> WorkspaceEdit {
    let edits = edits
        .into_iter()
        .map(|edit| TextEdit { range: edit.range.unwrap_or(EVERYTHING), new_text: edit.text });
    if !client.versioned_edits {
        let changes = HashMap::from([(uri.clone(), edits.collect())]);
        return WorkspaceEdit { changes: Some(changes), ..Default::default() };
    }
    let text_document = OptionalVersionedTextDocumentIdentifier {
        version: Some(version),
        text_document_identifier: TextDocumentIdentifier { uri: uri.clone() },
    };
    let change = TextDocumentEdit { text_document, edits: edits.map(Into::into).collect() };
    WorkspaceEdit { document_changes: Some(vec![change.into()]), ..Default::default() }
}

/// A range beyond any document, which clients cut to its end.
const EVERYTHING: Range = Range {
    start: lsp_types::Position { line: 0, character: 0 },
    end: lsp_types::Position { line: i32::MAX as u32, character: 0 },
};
