//! `textDocument/codeAction`: run the px cells at the cursor, mend what is wrong there, write the cells in another way.
//!
//! What runs code has the empty kind: only a client that asks for everything gets it, never one that asks for `source` or
//! any other kind by itself, as editors do on saving.

mod changes;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, CodeActionTriggerKind, Command,
};
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, Wanted},
    lsp::{from_proto, snapshot::Snapshot, to_proto},
};

pub(crate) fn handle(
    snapshot: &Snapshot,
    params: CodeActionParams,
) -> Result<Option<Vec<CodeActionResponse>>> {
    let CodeActionParams { text_document, range, context, .. } = params;
    let (uri, client) = (text_document.uri, &snapshot.client);
    let range = from_proto::range(range);
    let asks = |kind| is_asked(context.only.as_deref(), kind);
    let mut actions: Vec<CodeActionResponse> = Vec::new();
    if asks(CodeActionKind::Empty) {
        let Some(offers) = ide::offers(snapshot, range, client.extension.command_links) else {
            return Ok(None);
        };
        let respond = |command: Command| match client.action_literals {
            true => CodeAction {
                title: command.title.clone(),
                kind: Some(CodeActionKind::Empty),
                command: Some(command),
                ..Default::default()
            }
            .into(),
            false => CodeActionResponse::from(command),
        };
        let commands = offers.into_iter().map(|offer| to_proto::commands::offer(&uri, offer));
        actions.extend(commands.map(respond));
    }
    // Editors ask at each step of the cursor; then only the problems there matter.
    let unasked = context.trigger_kind == Some(CodeActionTriggerKind::Automatic);
    let wanted = Wanted {
        fixes: asks(CodeActionKind::QuickFix),
        rewrites: asks(CodeActionKind::RefactorRewrite) && !unasked,
    };
    if client.action_literals && (wanted.fixes || wanted.rewrites) {
        let Some(document) = snapshot.document() else { return Ok(None) };
        let suggestions = ide::suggestions(snapshot, range, wanted);
        actions.extend(changes::actions(snapshot, document, suggestions, &context.diagnostics));
    }
    Ok(Some(actions))
}

/// Whether actions of a kind are asked for: all are where nothing is said, otherwise those below the kinds that are named.
fn is_asked(only: Option<&[CodeActionKind]>, kind: CodeActionKind) -> bool {
    let Some(only) = only.filter(|only| !only.is_empty()) else { return true };
    let kind = String::from(kind);
    only.iter().map(|asked| String::from(asked.clone())).any(|asked| {
        let behind = kind.strip_prefix(&asked);
        asked.is_empty() || behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_asked_for_by_itself_and_by_those_above_it() {
        let asked = |only: &'static str, kind| {
            is_asked(Some(&[CodeActionKind::from(only)]), CodeActionKind::from(kind))
        };
        assert!(is_asked(None, CodeActionKind::Empty) && is_asked(Some(&[]), CodeActionKind::QuickFix));
        assert!(asked("", "quickfix") && asked("", "") && asked("refactor", "refactor.rewrite"));
        assert!(!asked("refactor", "quickfix") && !asked("ref", "refactor.rewrite"));
        for on_save in ["source", "source.fixAll", "source.organizeImports", "source.pxlens", "quickfix"] {
            assert!(!asked(on_save, ""), "{on_save} runs code");
        }
    }
}
