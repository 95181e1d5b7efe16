//! The fuzz target of the codec. No test compiles this file, since that takes cargo-fuzz and its runtime: so it holds the
//! call alone. What it calls stands with the tests of the crate and is compiled and tried by them; put nothing else here.
#![no_main]

#[path = "../../tests/common/any_bytes.rs"]
mod any_bytes;

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8])| any_bytes::decode(input.0, input.1));
