//! Lines of magics, and target expressions; see `server/src/fuzz/options.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pxlens::internals::fuzz::options(data));
