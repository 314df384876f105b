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
    facade::{Elsewhere, Purpose, Suggestion, Suggestions, TextChange},
};

/// The actions for what the session suggests; `shown` are the diagnostics that the client shows there.
pub(super) fn actions(
    uri: &Uri,
    suggestions: Suggestions,
    shown: &[Diagnostic],
    client: &Client,
) -> Vec<CodeActionResponse> {
    let version = suggestions.version;
    let action = |Suggestion { title, purpose, edits, elsewhere }| {
        let mut texts = vec![Elsewhere { uri: uri.clone(), version, edits }];
        texts.extend(elsewhere);
        let action = match purpose {
            Purpose::Fix { problem, only } => CodeAction {
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![diagnostic(problem, shown)]),
                is_preferred: only.then_some(true),
                edit: Some(edit(texts, client)),
                ..Default::default()
            },
            Purpose::Rewrite { disabled: None } => CodeAction {
                kind: Some(CodeActionKind::RefactorRewrite),
                edit: Some(edit(texts, client)),
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

/// The edits of a suggestion, document by document.
fn edit(texts: Vec<Elsewhere>, client: &Client) -> WorkspaceEdit {
    let written = |edits: Vec<TextChange>| {
        let edit =
            |edit: TextChange| TextEdit { range: edit.range.unwrap_or(EVERYTHING), new_text: edit.text };
        edits.into_iter().map(edit).collect::<Vec<_>>()
    };
    let texts = texts.into_iter().filter(|text| !text.edits.is_empty());
    if !client.versioned_edits {
        let changes = texts.map(|text| (text.uri, written(text.edits))).collect::<HashMap<_, _>>();
        return WorkspaceEdit { changes: Some(changes), ..Default::default() };
    }
    let changes = texts.map(|text| {
        let text_document = OptionalVersionedTextDocumentIdentifier {
            version: Some(text.version),
            text_document_identifier: TextDocumentIdentifier { uri: text.uri },
        };
        let edits = written(text.edits).into_iter().map(Into::into).collect();
        TextDocumentEdit { text_document, edits }.into()
    });
    WorkspaceEdit { document_changes: Some(changes.collect()), ..Default::default() }
}

/// A range beyond any document, which clients cut to its end.
const EVERYTHING: Range = Range {
    start: lsp_types::Position { line: 0, character: 0 },
    end: lsp_types::Position { line: i32::MAX as u32, character: 0 },
};
