//! `textDocument/documentSymbol`: the px cells with their targets and last state. The cells of an `%autopx` region are
//! nested in it, if the client supports that.

use lsp_types::{
    BaseSymbolInformation, DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location,
    SymbolInformation, SymbolKind as LspKind, Uri,
};
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, Symbol, SymbolKind},
    lsp::{snapshot::Snapshot, to_proto::range},
};

pub(crate) fn handle(
    snapshot: &Snapshot,
    params: DocumentSymbolParams,
) -> Result<Option<DocumentSymbolResponse>> {
    let uri = params.text_document.uri;
    let symbols = ide::symbols(snapshot);
    if symbols.is_empty() {
        return Ok(None);
    }
    Ok(Some(if snapshot.client.nested_symbols {
        DocumentSymbolResponse::DocumentSymbolList(symbols.into_iter().map(nested).collect())
    } else {
        let mut flat = Vec::new();
        symbols.into_iter().for_each(|symbol| flatten(symbol, &uri, None, &mut flat));
        DocumentSymbolResponse::SymbolInformationList(flat)
    }))
}

fn kind(symbol: &Symbol) -> LspKind {
    match symbol.kind {
        SymbolKind::Cell => LspKind::Function,
        SymbolKind::Region => LspKind::Namespace,
        SymbolKind::Line => LspKind::Constant,
    }
}

#[expect(deprecated, reason = "the type has a deprecated field")]
fn nested(symbol: Symbol) -> DocumentSymbol {
    DocumentSymbol {
        kind: kind(&symbol),
        name: symbol.name,
        detail: (!symbol.detail.is_empty()).then_some(symbol.detail),
        tags: None,
        deprecated: None,
        range: range(symbol.range),
        selection_range: range(symbol.selection),
        children: (!symbol.children.is_empty()).then(|| symbol.children.into_iter().map(nested).collect()),
    }
}

/// Adds a symbol and its children. A flat symbol has no detail, so that becomes part of the name.
#[expect(deprecated, reason = "the type has a deprecated field")]
fn flatten(symbol: Symbol, uri: &Uri, container: Option<&str>, into: &mut Vec<SymbolInformation>) {
    let detail = if symbol.detail.is_empty() { String::new() } else { format!(" · {}", symbol.detail) };
    into.push(SymbolInformation {
        deprecated: None,
        location: Location { uri: uri.clone(), range: range(symbol.range) },
        base_symbol_information: BaseSymbolInformation {
            name: format!("{}{detail}", symbol.name),
            kind: kind(&symbol),
            tags: None,
            container_name: container.map(str::to_owned),
        },
    });
    for child in symbol.children {
        flatten(child, uri, Some(&symbol.name), into);
    }
}
