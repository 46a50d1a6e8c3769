use proptest::prelude::*;

use super::*;

fn texts(address: &str) -> Vec<String> {
    let parts = parts(address.parse().unwrap());
    parts.iter().map(|part| format!("{}: {part}", part.name())).collect()
}

#[test]
fn each_as_its_rfc_has_it() {
    for (address, expected) in [
        ("::ffff:192.0.2.1", "IPv4-mapped: 192.0.2.1, an IPv4 peer of an IPv6 socket"),
        ("::192.0.2.1", "IPv4-compatible: 192.0.2.1; deprecated"),
        ("::ffff:0:192.0.2.1", "IPv4-translated: 192.0.2.1; obsolete"),
        (
            "2002:c000:204:12::1",
            "6to4: the site 2002:c000:204::/48 behind 192.0.2.4, subnet 0x0012",
        ),
        (
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "Teredo: client 192.0.2.45 port 40000, server 65.54.227.120, flags 0x8000, a cone NAT",
        ),
        ("64:ff9b::192.0.2.33", "NAT64: 192.0.2.33 beyond the translator 64:ff9b::/96"),
        ("fe80::5efe:10.1.2.3", "ISATAP: a neighbour through 10.1.2.3"),
        (
            "fe80::200:5efe:192.0.2.1",
            "ISATAP: a neighbour through 192.0.2.1, said to be globally unique",
        ),
        (
            "fe80::fcfd:4aff:fecf:ea4e",
            "EUI-64: the hardware address fe:fd:4a:cf:ea:4e, locally administered",
        ),
        ("2001:db8::3656:78ff:fe9a:bcde", "EUI-64: the hardware address 34:56:78:9a:bc:de, bought"),
        ("2001:db8::", "identifier: all zero: any router of the /64, not one host"),
        (
            "2001:db8::fdff:ffff:ffff:fffe",
            "identifier: anycast 126: the home agents of Mobile IPv6",
        ),
        ("ff02::1:ff28:9c5a", "solicited: asks all whose address ends in 28:9c5a"),
        ("ff02::2:ff28:9c5a", "node info: asks all whose name hashes to 28:9c5a"),
        ("ff32:20:2001:db8::1234", "prefix group: group 0x1234 of 2001:db8::/32"),
        ("ff3e::8000:1", "SSM: channel 0x80000001, joined together with its source"),
        (
            "ff32:ff:fcfd:4aff:fecf:ea4e:0:7",
            "link group: group 0x7 of the interface fcfd:4aff:fecf:ea4e",
        ),
        // RFC 3956 section 4.
        (
            "ff7e:140:2001:db8:beef:feed:0:1234",
            "embedded RP: group 0x1234 of 2001:db8:beef:feed::/64, which meets at \
             2001:db8:beef:feed::1",
        ),
        ("233.252.0.1", ""),
        ("233.0.252.1", "GLOP: a group of AS 252"),
        ("234.192.0.2", "prefix group: a group of 192.0.2.0/24"),
    ] {
        let expected: Vec<_> = Some(expected).filter(|text| !text.is_empty()).into_iter().collect();
        assert_eq!(texts(address), expected, "{address}");
    }
}

#[test]
fn neighbours_of_each_hold_nothing() {
    for address in [
        "::",
        "::1",
        "::fffe:192.0.2.1",
        "2001:db8::1",
        "2001:1::1",
        "2003:c000:204::1",
        "64:ff9b::1:192.0.2.1",
        "64:ff9b:2::192.0.2.1",
        // The middle of a hash, and of a group's address: no group has an interface.
        "2001:20::3656:78ff:fe9a:bcde",
        "2001:db8::100:5eff:fe00:1",
        "2001:db8::3756:78ff:fe9a:bcde",
        "ff02::1",
        "ff15::1234",
        // A length that is too long, a rendezvous point without an identifier.
        "ff32:41:2001:db8::1234",
        "ff7e:40:2001:db8::1234",
        "ff02::1:fe28:9c5a",
        "fdff:ffff:ffff:ff80::1",
        "8.8.8.8",
        "239.1.2.3",
    ] {
        let found: Vec<_> = texts(address)
            .into_iter()
            .filter(|text| !text.starts_with("IPv4-compatible"))
            .collect();
        assert_eq!(found, [""; 0], "{address}");
    }
}

#[test]
fn reserved_identifiers_at_their_bounds() {
    use ReservedIdentifier::{IanaEthernetBlock, ProxyMobileIpv6, SubnetAnycast};
    for (identifier, expected) in [
        (0, Some(ReservedIdentifier::SubnetRouterAnycast)),
        (1, None),
        (0x0200_5eff_fdff_ffff, None),
        (0x0200_5eff_fe00_0000, Some(IanaEthernetBlock)),
        (0x0200_5eff_fe00_5212, Some(IanaEthernetBlock)),
        (0x0200_5eff_fe00_5213, Some(ProxyMobileIpv6)),
        (0x0200_5eff_fe00_5214, Some(IanaEthernetBlock)),
        (0x0200_5eff_feff_ffff, Some(IanaEthernetBlock)),
        (0x0200_5eff_ff00_0000, None),
        (0xfdff_ffff_ffff_ff7f, None),
        (0xfdff_ffff_ffff_ff80, Some(SubnetAnycast(0))),
        (0xfdff_ffff_ffff_fffe, Some(SubnetAnycast(126))),
        (0xfdff_ffff_ffff_ffff, Some(SubnetAnycast(127))),
        (0xfe00_0000_0000_0000, None),
    ] {
        assert_eq!(ReservedIdentifier::of(identifier), expected, "{identifier:x}");
    }
}

/// RFC 6052 section 2.4.
const TRANSLATED: [(&str, &str); 6] = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::c000:221"),
];

fn prefix(text: &str) -> Result<Nat64Prefix, Nat64Error> {
    text.parse::<Ipv6Net>().unwrap().try_into()
}

#[test]
fn translated_at_every_length() {
    let host: Ipv4Addr = [192, 0, 2, 33].into();
    for (text, address) in TRANSLATED {
        let prefix = prefix(text).unwrap();
        let address: Ipv6Addr = address.parse().unwrap();
        assert_eq!(prefix.embed(host), address, "{text}");
        assert_eq!(prefix.extract(address), Some(host), "{text}");
        let parts = parts_beyond(address.into(), &[prefix]);
        let part = Embedded::Nat64 { prefix: prefix.net(), ipv4: host, known: KnownBy::Given };
        assert_eq!(parts, [part], "{text}");
        // The octet 8 is zero.
        let broken = Ipv6Addr::from_bits(address.to_bits() | 1 << 60);
        assert_eq!(prefix.extract(broken), None, "{text}");
    }
}

#[test]
fn the_length_of_a_local_translator_is_found_by_its_zeros() {
    let host: Ipv4Addr = [192, 0, 2, 33].into();
    for length in [48, 56, 64, 96] {
        let prefix = prefix(&format!("64:ff9b:1::/{length}")).unwrap();
        let parts = parts(prefix.embed(host).into());
        let found = Embedded::Nat64 { prefix: prefix.net(), ipv4: host, known: KnownBy::LocalUse };
        assert!(parts.contains(&found), "/{length}: {parts:?}");
    }
}

#[test]
fn no_translators_prefix() {
    assert_eq!(prefix("64:ff9b::/95"), Err(Nat64Error::Length(95)));
    assert_eq!(prefix("::/0"), Err(Nat64Error::Length(0)));
    assert_eq!(prefix("2001:db8:0:0:100::/96"), Err(Nat64Error::ReservedOctet));
    assert!(prefix("2001:db8::1/32").is_ok(), "host bits are cut");
}

proptest! {
    #[test]
    fn what_a_translator_makes_it_takes_apart(bits: u128, host: u32, which in 0..6usize) {
        let (host, length) = (Ipv4Addr::from_bits(host), NAT64_LENGTHS[which]);
        let bits = bits & !(0xff << 56);
        let prefix = Nat64Prefix::try_from(nat64::net(Ipv6Addr::from_bits(bits), length)).unwrap();
        let address = prefix.embed(host);
        prop_assert!(prefix.net().contains(&address));
        prop_assert_eq!(address.octets()[8], 0);
        prop_assert_eq!(prefix.extract(address), Some(host));
    }

    #[test]
    fn a_hardware_address_comes_back(net: u64, octets: [u8; 6]) {
        let mac = Mac([octets[0] & !1, octets[1], octets[2], octets[3], octets[4], octets[5]]);
        let [a, b, c, d, e, g] = mac.octets();
        let identifier = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, g]);
        let net = 0x2001_0db8_0000_0000 | net >> 32;
        let address = Ipv6Addr::from_bits(u128::from(net) << 64 | u128::from(identifier));
        let made = Embedded::Eui64 { mac };
        prop_assert!(parts(address.into()).contains(&made));
    }

    #[test]
    fn no_address_panics(bits: u128, head in 0..8usize) {
        let heads = [0, 0x2001 << 112, 0x2002 << 112, 0xff7e << 112, 0xff32 << 112,
            0x0064_ff9b_0001 << 80, 0xfe80 << 112, bits];
        let address = Ipv6Addr::from_bits(heads[head] | bits >> 16);
        for part in parts(address.into()) {
            prop_assert!(!part.to_string().is_empty());
        }
        parts(Ipv4Addr::from_bits(bits as u32).into());
    }
}
