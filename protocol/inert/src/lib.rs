//! Derives that do nothing, in place of those of `ts-rs` and `schemars`.
//!
//! The types of messages carry `#[derive(TS, JsonSchema)]` and the attributes that go with it. If the feature `codegen`
//! of `pxlens-protocol` is off, as in the released server, they use the derives of this crate: the attributes still
//! compile, and neither library is built.

use proc_macro::TokenStream;

/// Stands in for `ts_rs::TS`, and derives nothing.
#[proc_macro_derive(TS, attributes(ts))]
pub fn ts(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Stands in for `schemars::JsonSchema`, and derives nothing.
#[proc_macro_derive(JsonSchema, attributes(schemars))]
pub fn json_schema(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
