//! Converts suggestions to code actions with edits.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionDisabled, CodeActionKind, CodeActionResponse, Diagnostic,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextDocumentIdentifier, TextEdit,
    WorkspaceEdit,
};

use crate::{
    ide::{Purpose, Suggestion, TextEdits},
    lint::Problem,
    lsp::{capabilities::Client, notify::diagnostics::of_problem, snapshot::Snapshot, to_proto},
    session::DocumentView,
};

/// The actions for suggestions. `shown`: the diagnostics that the client shows at the place.
pub(super) fn actions(
    snapshot: &Snapshot,
    document: &DocumentView,
    suggestions: Vec<Suggestion>,
    shown: &[Diagnostic],
) -> Vec<CodeActionResponse> {
    let client = &snapshot.client;
    let action = |Suggestion { title, purpose, changes }| {
        let action = match purpose {
            Purpose::Fix { problem, only } => CodeAction {
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![diagnostic(snapshot, document, &problem, shown)]),
                is_preferred: only.then_some(true),
                edit: Some(edit(changes, client)),
                ..Default::default()
            },
            Purpose::Rewrite { disabled: None } => CodeAction {
                kind: Some(CodeActionKind::RefactorRewrite),
                edit: Some(edit(changes, client)),
                ..Default::default()
            },
            Purpose::Rewrite { disabled: Some(reason) } => CodeAction {
                kind: Some(CodeActionKind::RefactorRewrite),
                disabled: client.disabled_actions.then_some(CodeActionDisabled { reason }),
                ..Default::default()
            },
        };
        // Without an edit or a reason, the action would do nothing when it is chosen.
        let is_of_use = action.edit.is_some() || action.disabled.is_some();
        is_of_use.then(|| CodeAction { title, ..action }.into())
    };
    suggestions.into_iter().filter_map(action).collect()
}

/// The diagnostic of a problem, in the client's copy if it has one.
fn diagnostic(
    snapshot: &Snapshot,
    document: &DocumentView,
    problem: &Problem,
    shown: &[Diagnostic],
) -> Diagnostic {
    let ours = of_problem(snapshot, document, problem);
    let is_it = |theirs: &&Diagnostic| theirs.range == ours.range && theirs.code == ours.code;
    shown.iter().find(is_it).cloned().unwrap_or(ours)
}

/// Converts the edits of a suggestion.
fn edit(texts: Vec<TextEdits>, client: &Client) -> WorkspaceEdit {
    let edits = |text: &TextEdits| {
        let edit =
            |(at, text): &(_, String)| TextEdit { range: to_proto::range(*at), new_text: text.clone() };
        text.edits.iter().map(edit).collect::<Vec<_>>()
    };
    let texts = texts.into_iter().filter(|text| !text.edits.is_empty());
    if !client.versioned_edits {
        let changes =
            texts.map(|text| (to_proto::uri(&text.document), edits(&text))).collect::<HashMap<_, _>>();
        return WorkspaceEdit { changes: Some(changes), ..Default::default() };
    }
    let changes = texts.map(|text| {
        let text_document = OptionalVersionedTextDocumentIdentifier {
            version: Some(text.version),
            text_document_identifier: TextDocumentIdentifier { uri: to_proto::uri(&text.document) },
        };
        let edits = edits(&text).into_iter().map(Into::into).collect();
        TextDocumentEdit { text_document, edits }.into()
    });
    WorkspaceEdit { document_changes: Some(changes.collect()), ..Default::default() }
}
