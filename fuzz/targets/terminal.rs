//! What engines print; see `server/src/fuzz/outputs.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pxlens::internals::fuzz::terminal(data));
