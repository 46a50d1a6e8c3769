//! Hardware addresses and checksums.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use plumb_wire::addr::Mac;
use plumb_wire::net::Protocol;
use plumb_wire::net::checksum::{self, Checksum, Ends};
use proptest::prelude::*;

#[test]
fn every_notation_is_read() {
    let mac = Mac([0x02, 0x00, 0x5e, 0x10, 0x00, 0xab]);
    for text in ["02:00:5e:10:00:ab", "02-00-5E-10-00-AB", "0200.5e10.00ab", "02005e1000ab"] {
        assert_eq!(text.parse(), Ok(mac), "{text}");
    }
    assert_eq!(mac.to_string(), "02:00:5e:10:00:ab");
    assert_eq!(serde_json::to_string(&mac).unwrap(), "\"02:00:5e:10:00:ab\"");
}

#[test]
fn a_bad_address_is_pointed_at() {
    for (text, offset) in [
        ("", 0),
        ("02:00:5e:10:00", 14),
        ("02:00:5e:10:00:0g", 16),
        ("02:00-5e:10:00:01", 5),
        ("02:00:5e:10:00:01:", 17),
        ("02:00:5e:10:00:01:02", 17),
        ("020:05e:10:00:01", 2),
        ("02::5e:10:00:01", 3),
        ("02005e1000abc", 12),
        ("ä", 0),
    ] {
        let error = text.parse::<Mac>().unwrap_err();
        assert_eq!(error.offset_bytes, offset, "{text}");
    }
}

#[test]
fn groups_are_told_from_hosts() {
    assert!(Mac::BROADCAST.is_multicast());
    assert!(!Mac([2, 0, 0, 0, 0, 1]).is_multicast());
    assert!(Mac([2, 0, 0, 0, 0, 1]).is_local());
    let group = Mac::of_ipv6_multicast("ff02::1:ff00:4".parse().unwrap());
    assert_eq!(group.to_string(), "33:33:ff:00:00:04");
    let group = Mac::of_ipv4_multicast("224.128.0.251".parse().unwrap());
    assert_eq!(group.to_string(), "01:00:5e:00:00:fb");
}

#[test]
fn the_example_of_rfc_1071() {
    let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(checksum::of(&bytes), !0xddf2);
    assert_eq!(checksum::of(&[]), 0xffff);
}

#[test]
fn the_length_of_a_pseudo_header_has_32_bits() {
    let ends = Ends::V6 { source: "::1".parse().unwrap(), destination: "::2".parse().unwrap() };
    let long = ends.pseudo_header(Protocol::Tcp, 0x1_0000);
    let short = ends.pseudo_header(Protocol::Tcp, 1);
    assert_eq!(long.finish(), short.finish(), "its halves are summed");
}

proptest! {
    #![proptest_config(samples::seeded(256))]

    #[test]
    fn parts_sum_to_the_whole(bytes in prop::collection::vec(any::<u8>(), 0..200), cuts in prop::collection::vec(0usize..200, 0..4)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut sum = Checksum::new();
        let mut at = 0;
        for cut in cuts {
            sum = sum.with(&bytes[at..cut]);
            at = cut;
        }
        prop_assert_eq!(sum.with(&bytes[at..]).finish(), checksum::of(&bytes));
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in ".{0,20}") {
        if let Ok(mac) = text.parse::<Mac>() {
            prop_assert_eq!(mac.to_string().parse(), Ok(mac));
        }
    }
}
