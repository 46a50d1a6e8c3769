//! Heads of HTTP/1.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| plumb_fuzz::identity::<plumb_wire::http::Head>(bytes));
