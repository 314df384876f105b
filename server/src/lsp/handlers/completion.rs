//! `textDocument/completion` on the line of a magic. Clients ask again for each character.

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, CompletionList, CompletionParams,
    Documentation, TextEdit,
};
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, Completion, CompletionKind},
    lsp::{from_proto, snapshot::Snapshot, to_proto},
    session::DocumentView,
};

pub(crate) fn handle(snapshot: &Snapshot, params: CompletionParams) -> Result<Option<CompletionList>> {
    let Some(document) = snapshot.document() else { return Ok(None) };
    let position = from_proto::position(params.text_document_position_params.position);
    let mut found = ide::completions(snapshot, position);
    // After a blank at the end of a line the user may just want to continue on the next line, so no options are offered
    // unasked.
    if params.context.is_some_and(|context| context.trigger_character.as_deref() == Some(" ")) {
        found.retain(|completion| completion.kind == CompletionKind::Value);
    }
    if found.is_empty() {
        return Ok(None);
    }
    let items = (0usize..).zip(found).map(|found| item(snapshot, document, found)).collect();
    // What is offered depends on all of the word.
    Ok(Some(CompletionList { is_incomplete: true, items, ..CompletionList::default() }))
}

fn item(
    snapshot: &Snapshot,
    document: &DocumentView,
    (place, completion): (usize, Completion),
) -> CompletionItem {
    let Completion { label, detail, documentation, edit, kind } = completion;
    let range = to_proto::range(ide::positions(document, snapshot, edit));
    CompletionItem {
        // Kinds that all clients know.
        kind: Some(match kind {
            CompletionKind::Magic => CompletionItemKind::Keyword,
            CompletionKind::Option => CompletionItemKind::Property,
            CompletionKind::Value => CompletionItemKind::Value,
        }),
        detail: Some(detail),
        documentation: (!documentation.is_empty()).then_some(Documentation::String(documentation)),
        // Otherwise clients sort by label.
        sort_text: Some(format!("{place:03}")),
        filter_text: Some(label.clone()),
        text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range, new_text: label.clone() })),
        label,
        ..Default::default()
    }
}
