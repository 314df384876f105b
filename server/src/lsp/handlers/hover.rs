//! `textDocument/hover`: the result of a px cell, and the explanation of an option or a magic.

use lsp_types::{Contents, Hover, HoverParams, MarkupContent, MarkupKind};
use pxlens_protocol::commands;
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, CardFacts, HoverForm},
    lsp::{
        from_proto,
        snapshot::{Seen, Snapshot},
        to_proto,
    },
    render,
};

pub(crate) fn handle(snapshot: &Snapshot, params: HoverParams) -> Result<Seen<Option<Hover>>> {
    let position = from_proto::position(params.text_document_position_params.position);
    let client = &snapshot.client;
    let extension = &client.extension;
    // The commands that have an effect for this client.
    let follows = |command: &str| match command {
        _ if !extension.command_links => false,
        commands::COPY => extension.copy,
        commands::SHOW_RUN => extension.panel,
        _ => true,
    };
    let link = |facts: &CardFacts<'_>, action: render::CardAction| {
        to_proto::commands::card_link(facts, action, follows)
    };
    let form = HoverForm {
        markdown: client.markdown,
        images: extension.images,
        runs_local: extension.run_local,
        link: &link,
    };
    let Some(found) = ide::hover(snapshot, position, form) else { return Ok(Seen(None, Vec::new())) };
    let kind = if client.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    let hover = Hover {
        contents: Contents::MarkupContent(MarkupContent { kind, value: found.text }),
        range: found.range.map(to_proto::range),
    };
    Ok(Seen(Some(hover), found.seen.into_iter().collect()))
}
