//! The law of all formats: what decodes encodes to the bytes that it was, whatever the bytes.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use std::fmt::Debug;

use plumb_wire::http::Head;
use plumb_wire::link::{Arp, Ethernet, VlanTag};
use plumb_wire::net::{Icmp, Icmp6, Ipv4, Ipv4Option, Ipv6, Ipv6Extension, Ipv6Fragment};
use plumb_wire::tls::{
    Alert, Certificate, CertificateRequest, ClientHello, HandshakeMessage, Record,
};
use plumb_wire::transport::{Tcp, TcpOption, Udp};
use plumb_wire::{Code, DecodeError, Layout, Wire};
use proptest::prelude::*;
use samples::{assert_tiles, outline};

/// Encode undoes decode, and a tree covers every bit that was read.
fn is_identity<T: Layout + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok((value, used_bytes)) = T::decode_prefix(bytes) {
        assert_eq!(value.encode(), &bytes[..used_bytes], "{value:?}");
    }
    let dissection = T::dissect(bytes, 0..bytes.len());
    assert_tiles(&dissection.field, 0, dissection.end_bytes * 8);
}

/// Bytes that are near to a packet: mostly small numbers, as counts and lengths are.
fn plausible_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => 0u8..12, 1 => any::<u8>()];
    prop::collection::vec(byte, 0..120)
}

proptest! {
    #![proptest_config(samples::seeded(2000))]

    #[test]
    fn decode_then_encode_is_the_identity(bytes in plausible_bytes()) {
        is_identity::<Ethernet>(&bytes);
        is_identity::<VlanTag>(&bytes);
        is_identity::<Arp>(&bytes);
        is_identity::<Ipv6>(&bytes);
        is_identity::<Ipv6Extension>(&bytes);
        is_identity::<Ipv6Fragment>(&bytes);
        is_identity::<Icmp>(&bytes);
        is_identity::<Icmp6>(&bytes);
        is_identity::<Udp>(&bytes);
        is_identity::<Alert>(&bytes);
        is_identity::<Record>(&bytes);
        is_identity::<HandshakeMessage>(&bytes);
        is_identity::<Certificate>(&bytes);
        is_identity::<CertificateRequest>(&bytes);
        is_identity::<Head>(&bytes);
    }

    #[test]
    fn options_of_ipv4_too(words in 5u8..=15, bytes in plausible_bytes()) {
        is_identity::<Ipv4>(&[&[0x40 | words][..], &bytes].concat());
    }

    #[test]
    fn options_of_tcp_too(words in 5u8..=15, mut bytes in plausible_bytes()) {
        if let Some(offset) = bytes.get_mut(12) {
            *offset = words << 4;
        }
        is_identity::<Tcp>(&bytes);
    }

    #[test]
    fn neighbor_discovery_too(kind in 133u8..=137, bytes in plausible_bytes()) {
        is_identity::<Icmp6>(&[&[kind][..], &bytes].concat());
    }

    #[test]
    fn hellos_too(bytes in plausible_bytes()) {
        let head = [&[3u8, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
        let prefix = (bytes.len() as u16).to_be_bytes();
        if !bytes.is_empty() {
            is_identity::<ClientHello>(&[&head[..], &prefix, &bytes].concat());
        }
    }
}

#[test]
fn options_that_cannot_be_told_apart_are_kept() {
    // A length of 0 would never end.
    let mut bytes = Ipv4 { options: vec![Ipv4Option::Nop; 4], ..Ipv4::default() }.encode();
    bytes[20..24].copy_from_slice(&[7, 0, 4, 0]);
    let ip = samples::check::<Ipv4>(&bytes);
    assert_eq!((ip.options, ip.padding), (vec![], vec![7, 0, 4, 0]));
    let tree = Ipv4::dissect(&bytes, 0..bytes.len()).field;
    assert!(outline(&tree).contains("smaller than what it counts"));
}

#[test]
fn an_option_that_is_not_as_its_rfc_wants_it_is_kept() {
    let odd = TcpOption::Unknown { kind: 2, data: vec![5] }; // a segment size of one byte
    let tcp = Tcp { options: vec![odd, TcpOption::End], ..Tcp::default() };
    let bytes = tcp.encode();
    assert_eq!(samples::check::<Tcp>(&bytes).options, tcp.options);
    let tree = Tcp::dissect(&bytes, 0..bytes.len()).field;
    assert!(outline(&tree).contains("!segment size at byte 22: cut off"));
}

#[test]
fn headers_hold_forty_bytes_of_options_and_no_more() {
    for (length, header_bytes) in [(38, 60), (39, 60), (200, 60)] {
        let option = TcpOption::Unknown { kind: 254, data: vec![1; length] };
        let tcp = Tcp { options: vec![option], ..Tcp::default() };
        assert_eq!(tcp.encode().len(), header_bytes);
        let option = Ipv4Option::Unknown { kind: 254, data: vec![1; length] };
        let ip = Ipv4 { options: vec![option], ..Ipv4::default() };
        assert_eq!(ip.encode().len(), header_bytes);
    }
    let option = TcpOption::Unknown { kind: 254, data: vec![1; 38] };
    let tcp = Tcp { options: vec![option], ..Tcp::default() };
    assert_eq!(samples::check::<Tcp>(&tcp.encode()), tcp);
}

#[test]
fn a_vector_is_cut_at_what_its_length_can_say() {
    for (length, kept) in [(255, 255), (256, 255)] {
        let hello = ClientHello { compression: vec![0; length], ..ClientHello::default() };
        let read = ClientHello::decode(&hello.encode()).unwrap();
        assert_eq!(read.compression.len(), kept);
    }
}

/// Every width at every place within a byte.
#[derive(Debug, Clone, PartialEq, Default)]
struct Widths(Vec<u64>);

impl Layout for Widths {
    const NAME: &'static str = "widths";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        self.0.resize(64, 0);
        for (index, number) in self.0.iter_mut().enumerate() {
            wire.bits("number", index + 1, number)?;
        }
        Ok(())
    }
}

#[test]
fn bits_of_every_width_stand_where_they_should() {
    let numbers = (1..=64).map(|width| 0x9e37_79b9_7f4a_7c15u64 >> (64 - width)).collect();
    let bytes = Widths(numbers).encode();
    assert_eq!(bytes.len() * 8, (1..=64).sum::<usize>());
    samples::check::<Widths>(&bytes);
}

#[test]
fn numbers_have_no_meaning_of_their_own() {
    assert_eq!(u16::from_bits(0x1_0001), 1);
    assert_eq!(7u8.meaning(), None);
}
