//! Packets in files.

pub mod pcapng;

use crate::code::code_points;

code_points! {
    /// What the packets of an interface begin with, <https://www.tcpdump.org/linktypes.html>.
    "link type", pub enum LinkType: u16, unknown "linktype {}" {
        Null = 0 => "BSD loopback",
        Ethernet = 1 => "Ethernet",
        Raw = 101 => "raw IP",
        LinuxSll = 113 => "Linux cooked",
        Ipv4 = 228 => "raw IPv4",
        Ipv6 = 229 => "raw IPv6",
        LinuxSll2 = 276 => "Linux cooked v2",
    }
}
