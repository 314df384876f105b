//! Bytes from a language client; see `server/src/fuzz/lsp.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pxlens::internals::fuzz::lsp(data));
