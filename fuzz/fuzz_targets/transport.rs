//! TCP and UDP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::transport::{Tcp, Udp};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::identity::<Tcp>(bytes);
    plumb_fuzz::identity::<Udp>(bytes);
});
