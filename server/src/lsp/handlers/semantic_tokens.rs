//! `textDocument/semanticTokens/full` and `/range`: the parts of magics' lines. Python bodies are left to Python's
//! language server.

use lsp_types::{SemanticToken, SemanticTokens, SemanticTokensParams, SemanticTokensRangeParams};
use tower_lsp::jsonrpc::Result;

use crate::{
    ide::{self, PlacedToken, TokenKind},
    lsp::{from_proto, snapshot::Snapshot},
    text,
};

pub(crate) fn full(snapshot: &Snapshot, _: SemanticTokensParams) -> Result<Option<SemanticTokens>> {
    Ok(encode(&ide::semantic_tokens(snapshot, None)))
}

pub(crate) fn range(
    snapshot: &Snapshot,
    params: SemanticTokensRangeParams,
) -> Result<Option<SemanticTokens>> {
    Ok(encode(&ide::semantic_tokens(snapshot, Some(from_proto::range(params.range)))))
}

/// Encodes each token relative to the one before. `None` if there are no tokens: some clients only show the tokens of
/// the first server that returns any.
fn encode(tokens: &[PlacedToken]) -> Option<SemanticTokens> {
    let mut last = text::Position { line: 0, character: 0 };
    let mut data = Vec::with_capacity(tokens.len());
    for token in tokens.iter().filter(|token| token.length > 0) {
        let PlacedToken { start, length, kind, in_region } = *token;
        let from = if start.line == last.line { last.character } else { 0 };
        data.push(SemanticToken {
            delta_line: start.line - last.line,
            delta_start: start.character - from,
            length,
            // Indices into the legend in `capabilities`.
            token_type: match kind {
                TokenKind::Magic => 0,
                TokenKind::Option => 1,
                TokenKind::Number => 2,
                TokenKind::Operator => 3,
                TokenKind::Word => 4,
                TokenKind::Text => 5,
            },
            token_modifiers_bitset: u32::from(in_region),
        });
        last = start;
    }
    (!data.is_empty()).then_some(SemanticTokens { result_id: None, data })
}
