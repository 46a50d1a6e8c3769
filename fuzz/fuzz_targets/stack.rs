//! Whole frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::capture::LinkType;
use plumb_wire::stack::dissect;

fuzz_target!(|bytes: &[u8]| {
    for link in [LinkType::Ethernet, LinkType::Raw] {
        plumb_fuzz::tiles(&dissect(link, bytes).tree, bytes.len() * 8);
    }
});
