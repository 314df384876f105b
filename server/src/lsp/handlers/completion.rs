//! `textDocument/completion`: what may stand on a magic's line. The answer is whole, so that no client asks again for it.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionParams, Documentation, TextEdit,
};
use tower_lsp::jsonrpc::Result;

use crate::{
    assist::CompletionKind,
    lsp::{
        backend::Backend,
        facade::{Completion, Session},
    },
};

pub(crate) async fn handle<S: Session>(
    backend: &Backend<S>,
    params: CompletionParams,
) -> Result<Option<Vec<CompletionItem>>> {
    let at = params.text_document_position_params;
    let mut found = backend.session.complete(&at.text_document.uri, at.position).await;
    // Whoever goes on to the next line behind a blank does not want an option.
    if params.context.is_some_and(|context| context.trigger_character.as_deref() == Some(" ")) {
        found.retain(|completion| completion.kind == CompletionKind::Value);
    }
    if found.is_empty() {
        return Ok(None);
    }
    Ok(Some(found.into_iter().enumerate().map(item).collect()))
}

fn item((place, completion): (usize, Completion)) -> CompletionItem {
    let Completion { label, detail, documentation, edit, kind } = completion;
    CompletionItem {
        // Kinds that each client knows.
        kind: Some(match kind {
            CompletionKind::Magic => CompletionItemKind::Keyword,
            CompletionKind::Option => CompletionItemKind::Property,
            CompletionKind::Value => CompletionItemKind::Value,
        }),
        detail: Some(detail),
        documentation: (!documentation.is_empty()).then_some(Documentation::String(documentation)),
        // Clients sort by the label otherwise.
        sort_text: Some(format!("{place:03}")),
        filter_text: Some(label.clone()),
        text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range: edit, new_text: label.clone() })),
        label,
        ..Default::default()
    }
}
