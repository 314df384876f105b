//! Derives that do nothing, in place of those of `ts-rs` and `schemars`.
//!
//! The types of messages carry `#[derive(TS, JsonSchema)]` and the attributes that go with it. Where the feature `codegen`
//! of `pxlens-protocol` is off, as in the released server, these are what they derive: the attributes stay readable in
//! the source, and neither library is built.

use proc_macro::TokenStream;

/// Nothing, where `ts_rs::TS` would be derived.
#[proc_macro_derive(TS, attributes(ts))]
pub fn ts(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Nothing, where `schemars::JsonSchema` would be derived.
#[proc_macro_derive(JsonSchema, attributes(schemars))]
pub fn json_schema(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
