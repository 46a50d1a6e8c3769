//! IPv4, IPv6 and its extensions, ICMP, ICMPv6.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::net::{Icmp, Icmp6, Ipv4, Ipv6, Ipv6Extension, Ipv6Fragment};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::identity::<Ipv4>(bytes);
    plumb_fuzz::identity::<Ipv6>(bytes);
    plumb_fuzz::identity::<Ipv6Extension>(bytes);
    plumb_fuzz::identity::<Ipv6Fragment>(bytes);
    plumb_fuzz::identity::<Icmp>(bytes);
    plumb_fuzz::identity::<Icmp6>(bytes);
});
