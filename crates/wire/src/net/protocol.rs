//! What an IP packet carries, <https://www.iana.org/assignments/protocol-numbers>.

use crate::code::code_points;

code_points! {
    /// The protocol of an IPv4 packet, and the next header of an IPv6 one.
    "IP protocol", pub enum Protocol: u8, unknown "protocol {}" {
        HopByHop = 0 => "IPv6 hop-by-hop options",
        Icmp = 1 => "ICMP",
        Igmp = 2 => "IGMP",
        Ipv4 = 4 => "IPv4 in IP",
        Tcp = 6 => "TCP",
        Udp = 17 => "UDP",
        Dccp = 33 => "DCCP",
        Ipv6 = 41 => "IPv6 in IP",
        Routing = 43 => "IPv6 routing header",
        Fragment = 44 => "IPv6 fragment header",
        Gre = 47 => "GRE",
        Esp = 50 => "ESP",
        Ah = 51 => "AH",
        Icmp6 = 58 => "ICMPv6",
        NoNext = 59 => "nothing",
        DestinationOptions = 60 => "IPv6 destination options",
        Ospf = 89 => "OSPF",
        Vrrp = 112 => "VRRP",
        Sctp = 132 => "SCTP",
        UdpLite = 136 => "UDP-Lite",
    }
}
