//! pcapng files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::capture::pcapng::Reader;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    while let Ok(Some(_)) = reader.next() {}
});
