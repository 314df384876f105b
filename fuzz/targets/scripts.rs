//! Scripts, and edits of them; see `server/src/fuzz/documents.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pxlens::internals::fuzz::scripts(data));
