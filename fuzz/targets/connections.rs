//! Connection files; see `server/src/fuzz/connections.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pxlens::internals::fuzz::connections(data));
