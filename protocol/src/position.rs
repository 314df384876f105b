//! LSP's positions as the generators see them, which do not know the types of `lsp-types`.
//!
//! Messages carry `lsp_types::Position` and `lsp_types::Range`; these two only describe them. A test compares them with
//! the real ones.

use serde::Serialize;

use crate::{JsonSchema, TS};

/// A place in a document.
#[derive(Clone, Copy, Debug, Serialize, TS, JsonSchema)]
#[ts(rename = "Position")]
#[schemars(rename = "Position")]
pub struct TsPosition {
    /// 0-based line.
    pub line: u32,
    /// 0-based, in units of the negotiated encoding.
    pub character: u32,
}

/// A part of a document.
#[derive(Clone, Copy, Debug, Serialize, TS, JsonSchema)]
#[ts(rename = "Range")]
#[schemars(rename = "Range")]
pub struct TsRange {
    /// Where it begins, inclusive.
    pub start: TsPosition,
    /// Where it ends, exclusive.
    pub end: TsPosition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_described_range_is_the_one_that_lsp_types_writes() {
        let real = lsp_types::Range {
            start: lsp_types::Position { line: 1, character: 2 },
            end: lsp_types::Position { line: 3, character: 4 },
        };
        let described = TsRange {
            start: TsPosition { line: 1, character: 2 },
            end: TsPosition { line: 3, character: 4 },
        };
        assert_eq!(serde_json::to_value(real).unwrap(), serde_json::to_value(described).unwrap());
    }
}
