//! Ethernet, VLAN tags, ARP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::link::{Arp, Ethernet, VlanTag};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::identity::<Ethernet>(bytes);
    plumb_fuzz::identity::<VlanTag>(bytes);
    plumb_fuzz::identity::<Arp>(bytes);
});
