//! `textDocument/codeLens`: what running each px cell would do, and the button that does it.

use lsp_types::{CodeLensParams, Range, Uri};
use serde::Serialize;
use tower_lsp::jsonrpc::Result;

use crate::{
    ide,
    lsp::{
        snapshot::Snapshot,
        to_proto::{
            self,
            commands::{Argument, command},
        },
        wire::raw_response::Raw,
    },
};

/// A lens of LSP. There may be thousands, so they are serialised without converting them to JSON values first.
#[derive(Debug, Serialize)]
struct Lens<'a> {
    range: Range,
    command: Command<'a>,
}

#[derive(Debug, Serialize)]
struct Command<'a> {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tooltip: Option<String>,
    /// Empty for a lens that only says something.
    command: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<[Argument<'a>; 1]>,
}

pub(crate) fn handle(snapshot: &Snapshot, params: CodeLensParams) -> Result<Option<Raw>> {
    let uri = params.text_document.uri;
    let Some(lenses) = ide::lenses(snapshot) else { return Ok(None) };
    let lenses: Vec<Lens<'_>> = lenses.into_iter().map(|found| lens(&uri, found)).collect();
    snapshot.raw(&lenses).map(Some)
}

fn lens(uri: &Uri, lens: ide::Lens) -> Lens<'_> {
    let (id, argument) = lens.action.map(|action| command(uri, &action)).unzip();
    Lens {
        range: to_proto::range(lens.range),
        command: Command {
            title: lens.title,
            tooltip: lens.tooltip,
            command: id.unwrap_or_default(),
            arguments: argument.map(|argument| [argument]),
        },
    }
}
