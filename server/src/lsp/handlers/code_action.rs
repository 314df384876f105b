//! `textDocument/codeAction`: run the px cells at the cursor, fix problems there, rewrite the cells.
//!
//! Actions that run code have the empty kind: a client only gets them if it requests all actions, never if it requests
//! `source` or another kind, as editors do on saving.

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
    let requests = |kind| is_requested(context.only.as_deref(), kind);
    let mut actions: Vec<CodeActionResponse> = Vec::new();
    if requests(CodeActionKind::Empty) {
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
    // Editors also request actions whenever the cursor moves; then only fixes matter.
    let automatic = context.trigger_kind == Some(CodeActionTriggerKind::Automatic);
    let wanted = Wanted {
        fixes: requests(CodeActionKind::QuickFix),
        rewrites: requests(CodeActionKind::RefactorRewrite) && !automatic,
    };
    if client.action_literals && (wanted.fixes || wanted.rewrites) {
        let Some(document) = snapshot.document() else { return Ok(None) };
        let suggestions = ide::suggestions(snapshot, range, wanted);
        actions.extend(changes::actions(snapshot, document, suggestions, &context.diagnostics));
    }
    Ok(Some(actions))
}

/// Whether actions of a kind are requested: all kinds are if none are named, otherwise those that are equal to or below
/// a named kind.
fn is_requested(only: Option<&[CodeActionKind]>, kind: CodeActionKind) -> bool {
    let Some(only) = only.filter(|only| !only.is_empty()) else { return true };
    let kind = String::from(kind);
    only.iter().map(|asked| String::from(asked.clone())).any(|asked| {
        let rest = kind.strip_prefix(&asked);
        asked.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_requested_by_itself_and_by_its_parents() {
        let asked = |only: &'static str, kind| {
            is_requested(Some(&[CodeActionKind::from(only)]), CodeActionKind::from(kind))
        };
        assert!(
            is_requested(None, CodeActionKind::Empty) && is_requested(Some(&[]), CodeActionKind::QuickFix)
        );
        assert!(asked("", "quickfix") && asked("", "") && asked("refactor", "refactor.rewrite"));
        assert!(!asked("refactor", "quickfix") && !asked("ref", "refactor.rewrite"));
        for on_save in ["source", "source.fixAll", "source.organizeImports", "source.pxlens", "quickfix"] {
            assert!(!asked(on_save, ""), "{on_save} runs code");
        }
    }
}
