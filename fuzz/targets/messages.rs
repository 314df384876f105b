//! Contents of Jupyter messages; see `server/src/fuzz/messages.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pxlens::internals::fuzz::messages(data));
