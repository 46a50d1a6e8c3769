//! Addresses that a standard or a custom has given a meaning.

use std::net::Ipv4Addr;

use serde::Serialize;

use super::Mac;

/// What an address means to those who know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Known {
    /// `VRRP`, `Spanning Tree`.
    pub name: &'static str,
    /// Who sends to it or has it, in a few words.
    pub about: &'static str,
    /// Where that is laid down, or whose custom it is.
    pub reference: &'static str,
    /// What a part of the address says.
    pub carries: Option<Carried>,
}

/// What a part of an address says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Carried {
    /// The number of a virtual router (VRID) or of a group of them.
    Router {
        /// Its number.
        number: u16,
    },
    /// A virtual router's forwarder.
    Forwarder {
        /// The group.
        group: u16,
        /// Which of its forwarders.
        number: u8,
    },
    /// The IPv4 address of the interface.
    Ipv4 {
        /// The address.
        address: Ipv4Addr,
    },
}

/// What of an address is to be taken out of it.
#[derive(Debug, Clone, Copy)]
enum Part {
    Nothing,
    /// The last octet.
    Router,
    /// The last 12 bits.
    WideRouter,
    /// 10 bits of a group and 8 of a forwarder.
    Forwarder,
    /// The last four octets.
    Ipv4,
}

struct Row {
    /// The beginning, its bits at the left of 48.
    prefix: u64,
    /// How many bits of it count.
    length: u8,
    part: Part,
    name: &'static str,
    about: &'static str,
    reference: &'static str,
}

/// Rows of `prefix/length part "name", "about", "reference";`, the digits of
/// the prefix being all 48 bits.
macro_rules! rows {
    ($($prefix:literal / $length:literal $part:ident $name:literal, $about:literal, $reference:literal;)*) => {
        &[$(Row {
            prefix: $prefix,
            length: $length,
            part: Part::$part,
            name: $name,
            about: $about,
            reference: $reference,
        },)*]
    };
}

const ROWS: &[Row] = rows! {
    0x0000_0000_0000 / 48 Nothing "nobody", "stands where no address is known, as in an ARP request", "RFC 826";
    0xffff_ffff_ffff / 48 Nothing "broadcast", "everyone on the segment", "IEEE 802";
    // IETF's block, RFC 9542.
    0x0000_5e00_0000 / 32 Nothing "IETF", "the block that IANA hands out, this part reserved", "RFC 9542 section 2.1";
    0x0000_5e00_0100 / 40 Router "VRRP for IPv4, or CARP", "a virtual router: whichever machine is master answers with it", "RFC 9568 section 7.3";
    0x0000_5e00_0200 / 40 Router "VRRP for IPv6", "a virtual router: whichever machine is master answers with it", "RFC 9568 section 7.3";
    0x0000_5e00_5213 / 48 Nothing "Proxy Mobile IPv6", "every mobile access gateway, so that a node that moves sees one router", "RFC 6543";
    0x0000_5e00_5300 / 40 Nothing "documentation", "for examples in text, never for a device", "RFC 9542 section 2.1";
    0x0100_5e00_0000 / 25 Nothing "IPv4 multicast", "the last 23 bits of an IPv4 group", "RFC 1112 section 6.4";
    0x0100_5e80_0000 / 28 Nothing "MPLS multicast", "labelled packets to many", "RFC 5332 section 8";
    0x0100_5e90_0000 / 48 Nothing "MPLS-TP point to point", "the one neighbour on a link", "RFC 7213";
    0x0100_5e90_1000 / 40 Nothing "documentation", "groups for examples in text", "RFC 9542 section 2.1";
    0x3333_0000_0000 / 16 Nothing "IPv6 multicast", "the last 32 bits of an IPv6 group", "RFC 2464 section 7";
    0x3333_0000_0001 / 48 Nothing "IPv6 all nodes", "ff02::1, router advertisements among others", "RFC 4291 section 2.7.1";
    0x3333_0000_0002 / 48 Nothing "IPv6 all routers", "ff02::2, router solicitations", "RFC 4291 section 2.7.1";
    0x3333_0000_0016 / 48 Nothing "MLDv2 routers", "ff02::16, reports of who listens to which group", "RFC 3810";
    0x3333_0000_00fb / 48 Nothing "mDNS over IPv6", "ff02::fb", "RFC 6762";
    0x3333_0001_0002 / 48 Nothing "DHCPv6", "ff02::1:2, servers and relays", "RFC 9915";
    0x3333_ff00_0000 / 24 Nothing "solicited-node", "asks for the neighbour whose IPv6 address ends so", "RFC 4291 section 2.7.1";
    0x0100_5e00_0001 / 48 Nothing "IPv4 all hosts", "224.0.0.1, IGMP queries", "RFC 1112";
    0x0100_5e00_0002 / 48 Nothing "IPv4 all routers", "224.0.0.2", "RFC 1112";
    0x0100_5e00_0005 / 48 Nothing "OSPF", "224.0.0.5, all OSPF routers", "RFC 2328";
    0x0100_5e00_0006 / 48 Nothing "OSPF designated routers", "224.0.0.6", "RFC 2328";
    0x0100_5e00_0012 / 48 Nothing "VRRP advertisements", "224.0.0.18, also CARP", "RFC 9568";
    0x0100_5e00_0016 / 48 Nothing "IGMPv3 routers", "224.0.0.22, reports of who listens to which group", "RFC 9776";
    0x0100_5e00_00fb / 48 Nothing "mDNS over IPv4", "224.0.0.251", "RFC 6762";
    0x0100_5e7f_fffa / 48 Nothing "SSDP", "239.255.255.250, UPnP devices", "UPnP Device Architecture";
    0x0100_5e00_0181 / 48 Nothing "PTP over IPv4", "224.0.1.129", "IEEE 1588";
    // IEEE's block.
    0x0180_c200_0000 / 44 Nothing "link-constrained", "read by the next bridge, which never passes it on", "IEEE 802.1Q table 8-1";
    0x0180_c200_0000 / 48 Nothing "Spanning Tree", "bridges: STP, RSTP and MSTP; also LLDP to the nearest customer bridge", "IEEE 802.1Q table 8-1";
    0x0180_c200_0001 / 48 Nothing "PAUSE", "the other end of a link is to stop sending for a while", "IEEE 802.3 annex 31B";
    0x0180_c200_0002 / 48 Nothing "slow protocols", "LACP (link aggregation), OAM, synchronous Ethernet", "IEEE 802.3 annex 57A";
    0x0180_c200_0003 / 48 Nothing "802.1X", "port access entities (EAPOL); also LLDP to the nearest bridge that is no relay", "IEEE 802.1X";
    0x0180_c200_0008 / 48 Nothing "provider Spanning Tree", "bridges of a provider", "IEEE 802.1Q table 8-1";
    0x0180_c200_000d / 48 Nothing "provider MVRP", "VLAN registration among a provider's bridges", "IEEE 802.1Q table 8-1";
    0x0180_c200_000e / 48 Nothing "LLDP", "the nearest bridge: who is at the other end of this cable; also PTP's peer delay", "IEEE 802.1AB";
    0x0180_c200_0010 / 48 Nothing "bridge management", "all bridges of a network, deprecated", "IEEE 802.1Q";
    0x0180_c200_0014 / 48 Nothing "IS-IS level 1", "all intermediate systems of an area", "ISO/IEC 10589";
    0x0180_c200_0015 / 48 Nothing "IS-IS level 2", "all intermediate systems between areas", "ISO/IEC 10589";
    0x0180_c200_0020 / 48 Nothing "MMRP", "registration of groups with bridges", "IEEE 802.1Q";
    0x0180_c200_0021 / 48 Nothing "MVRP", "registration of VLANs with bridges", "IEEE 802.1Q";
    0x0180_c200_0030 / 44 Nothing "CFM", "faults of a connection, a class and level per address", "IEEE 802.1Q table 8-9";
    0x011b_1900_0000 / 48 Nothing "PTP", "clocks: everything but the peer delay", "IEEE 1588 annex E";
    0x0119_a700_0000 / 40 Nothing "R-APS", "Ethernet rings: which link is blocked", "ITU-T G.8032";
    0x010c_cd01_0000 / 39 Nothing "GOOSE", "substations: events", "IEC 61850-8-1";
    0x010c_cd04_0000 / 39 Nothing "sampled values", "substations: measurements", "IEC 61850-9-2";
    0x010e_cf00_0000 / 40 Nothing "PROFINET", "devices looked for by name (DCP)", "IEC 61158";
    0x91e0_f000_0000 / 40 Nothing "AVTP", "streams of audio and video", "IEEE 1722";
    0x0110_1801_0000 / 46 Nothing "FCoE", "Fibre Channel's initialisation on Ethernet", "T11 FC-BB-5";
    // Cisco's customs.
    0x0100_0ccc_cccc / 48 Nothing "CDP", "Cisco's devices: CDP, VTP, DTP, PAgP and UDLD", "Cisco";
    0x0100_0ccc_cccd / 48 Nothing "PVST+", "a Spanning Tree per VLAN", "Cisco";
    0x0000_0c07_ac00 / 40 Router "HSRP", "a virtual router of version 1", "RFC 2281";
    0x0000_0c9f_f000 / 36 WideRouter "HSRP", "a virtual router of version 2", "Cisco";
    0x0005_73a0_0000 / 36 WideRouter "HSRP for IPv6", "a virtual router", "Cisco";
    0x0007_b400_0000 / 30 Forwarder "GLBP", "one of the forwarders that share a virtual router", "Cisco";
    // Local addresses that programs make.
    0x0200_0000_0000 / 48 Nothing "hidden", "what Android and iOS tell a program that may not know the real one", "Android, iOS";
    0x0242_0000_0000 / 16 Ipv4 "Docker", "a container's, made of its IPv4 address (Docker before 28)", "Docker";
    0x0a58_0000_0000 / 16 Ipv4 "CNI", "a container's, made of its IPv4 address", "CNI, OVN";
    0x5254_0000_0000 / 24 Nothing "QEMU, KVM", "a virtual machine's, the rest at random", "QEMU";
    0xfe54_0000_0000 / 24 Nothing "libvirt", "the host's end of a virtual machine's cable", "libvirt";
};

/// What is known of an address: the row that says the most of it.
pub fn of(mac: Mac) -> Option<Known> {
    let bits = bits(mac);
    let fits = |row: &&Row| (bits ^ row.prefix) >> (48 - row.length) == 0;
    let row = ROWS.iter().filter(fits).max_by_key(|row| row.length)?;
    let [.., c, d, e, f] = mac.0;
    let carries = match row.part {
        Part::Nothing => None,
        Part::Router => Some(Carried::Router { number: f.into() }),
        Part::WideRouter => Some(Carried::Router { number: (bits & 0xfff) as u16 }),
        Part::Forwarder => {
            Some(Carried::Forwarder { group: (bits >> 8 & 0x3ff) as u16, number: f })
        }
        Part::Ipv4 => Some(Carried::Ipv4 { address: Ipv4Addr::new(c, d, e, f) }),
    };
    Some(Known { name: row.name, about: row.about, reference: row.reference, carries })
}

fn bits(mac: Mac) -> u64 {
    mac.0.iter().fold(0, |bits, octet| bits << 8 | u64::from(*octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Known> {
        super::of(text.parse().unwrap())
    }

    #[test]
    fn the_rows_are_prefixes_and_differ() {
        for (i, row) in ROWS.iter().enumerate() {
            let host_bits = (1u64 << (48 - row.length)) - 1;
            assert_eq!(row.prefix & host_bits, 0, "{}", row.name);
            assert!(row.prefix >> 48 == 0 && row.length <= 48, "{}", row.name);
            let same = |other: &&Row| (other.prefix, other.length) == (row.prefix, row.length);
            assert_eq!(ROWS.iter().filter(same).count(), 1, "row {i}, {}", row.name);
        }
    }

    #[test]
    fn the_longest_row_says_it() {
        for (text, name) in [
            ("ff:ff:ff:ff:ff:ff", Some("broadcast")),
            ("01:00:5e:00:00:fb", Some("mDNS over IPv4")),
            ("01:00:5e:7f:00:01", Some("IPv4 multicast")),
            ("01:00:5e:80:00:01", Some("MPLS multicast")),
            ("01:00:5e:a0:00:01", None),
            ("33:33:00:00:01:05", Some("IPv6 multicast")),
            ("33:33:ff:28:9c:5a", Some("solicited-node")),
            ("01:80:c2:00:00:00", Some("Spanning Tree")),
            ("01:80:c2:00:00:0e", Some("LLDP")),
            ("01:80:c2:00:00:0f", Some("link-constrained")),
            ("01:1b:19:00:00:00", Some("PTP")),
            ("00:0c:29:01:02:03", None),
        ] {
            assert_eq!(of(text).map(|known| known.name), name, "{text}");
        }
    }

    #[test]
    fn numbers_within() {
        let carried = |text| of(text).and_then(|known| known.carries);
        assert_eq!(carried("00:00:5e:00:01:33"), Some(Carried::Router { number: 0x33 }));
        assert_eq!(carried("00:00:0c:07:ac:0a"), Some(Carried::Router { number: 10 }));
        assert_eq!(carried("00:00:0c:9f:f1:2c"), Some(Carried::Router { number: 300 }));
        let forwarder = Carried::Forwarder { group: 0x101, number: 2 };
        assert_eq!(carried("00:07:b4:01:01:02"), Some(forwarder));
        let address = Ipv4Addr::new(172, 17, 0, 2);
        assert_eq!(carried("02:42:ac:11:00:02"), Some(Carried::Ipv4 { address }));
    }
}
