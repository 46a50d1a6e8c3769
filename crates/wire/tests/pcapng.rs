//! Captures: what is written is read, in both byte orders, and hostile files are refused.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use plumb_wire::capture::LinkType;
use plumb_wire::capture::pcapng::*;
use proptest::prelude::*;

const TIME_NS: u64 = 1_795_161_600_123_456_789;

fn capture() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    let modem = writer.add_interface("modemA:eth0", LinkType::Ethernet).unwrap();
    let www = writer.add_interface("www:eth1", LinkType::Raw).unwrap();
    writer.tls_key_log(b"CLIENT_RANDOM 00 11\n").unwrap();
    writer.packet(modem, TIME_NS, &[1, 2, 3, 4, 5], 1500).unwrap();
    writer.packet(www, TIME_NS + 1, &[0x45; 20], 20).unwrap();
    writer.into_inner()
}

fn blocks(bytes: &[u8]) -> Result<Vec<Block>, ReadError> {
    let mut reader = Reader::new(bytes);
    let mut blocks = Vec::new();
    while let Some(block) = reader.next()? {
        blocks.push(block);
    }
    Ok(blocks)
}

#[test]
fn what_was_written_is_read() {
    let blocks = blocks(&capture()).unwrap();
    let names: Vec<_> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Interface(interface) => interface.name.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["modemA:eth0", "www:eth1"]);
    assert_eq!(blocks[0], Block::Section);
    assert_eq!(blocks[3], Block::TlsKeyLog(b"CLIENT_RANDOM 00 11\n".to_vec()));
    let first = Packet {
        interface: 0,
        unix_ns: Some(TIME_NS),
        original_len: 1500,
        frame: vec![1, 2, 3, 4, 5],
    };
    assert_eq!(blocks[4], Block::Packet(first));
    assert!(matches!(&blocks[5], Block::Packet(p) if p.unix_ns == Some(TIME_NS + 1)));
}

#[test]
fn a_packet_needs_an_interface() {
    let mut writer = Writer::new(Vec::new()).unwrap();
    assert!(writer.packet(0, 0, &[], 0).is_err());
}

#[test]
fn a_frame_is_cut_at_the_limit() {
    let mut writer = Writer::new(Vec::new()).unwrap();
    let interface = writer.add_interface("a", LinkType::Ethernet).unwrap();
    for length in [FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1] {
        writer.packet(interface, 0, &vec![0; length], length).unwrap();
    }
    let lengths: Vec<_> = blocks(&writer.into_inner())
        .unwrap()
        .into_iter()
        .filter_map(|block| match block {
            Block::Packet(packet) => Some((packet.frame.len(), packet.original_len)),
            _ => None,
        })
        .collect();
    assert_eq!(
        lengths,
        [(FRAME_BYTES_MAX, FRAME_BYTES_MAX), (FRAME_BYTES_MAX, FRAME_BYTES_MAX + 1)]
    );
}

/// A block in big endian.
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let total = (12 + body.len() as u32).to_be_bytes();
    [&kind.to_be_bytes()[..], &total, body, &total].concat()
}

#[test]
fn the_other_byte_order_and_coarser_times_are_read() {
    let section =
        block(0x0a0d_0d0a, &[&[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0][..], &[0xff; 8]].concat());
    let interface = block(1, &[0, 1, 0, 0, 0, 0, 0, 0]); // no options: microseconds
    let halves = block(1, &[0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0x81, 0, 0, 0, 0, 0, 0, 0]);
    let packet = |interface: u8| {
        block(6, &[0, 0, 0, interface, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 7, 0, 0, 0])
    };
    let simple = block(3, &[0, 0, 0, 2, 8, 9, 0, 0]);
    let odd = block(0x0bad, &[1, 2, 3, 4]);
    let file = [section, interface, halves, packet(0), packet(1), simple, odd].concat();
    let blocks = blocks(&file).unwrap();
    let times: Vec<_> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Packet(packet) => Some((packet.unix_ns, packet.frame.clone())),
            _ => None,
        })
        .collect();
    let expected = [(Some(3_000), vec![7]), (Some(1_500_000_000), vec![7]), (None, vec![8, 9])];
    assert_eq!(times, expected);
    assert_eq!(blocks.last(), Some(&Block::Other { kind: 0x0bad, body: vec![1, 2, 3, 4] }));
}

#[test]
fn every_prefix_ends_in_an_error_or_at_a_block() {
    let bytes = capture();
    let whole = blocks(&bytes).unwrap().len();
    for end in 0..bytes.len() {
        if let Ok(blocks) = blocks(&bytes[..end]) {
            assert!(blocks.len() < whole);
        }
    }
}

#[test]
fn what_is_no_capture_is_said() {
    assert!(matches!(blocks(b"\xd4\xc3\xb2\xa1...."), Err(ReadError::NotPcapng { .. })));
    assert!(matches!(blocks(b"hi"), Err(ReadError::NotPcapng { .. })));
    assert!(blocks(b"").unwrap().is_empty());
    let mut unequal = capture();
    let last = unequal.len() - 4;
    unequal[last] ^= 4;
    let error = blocks(&unequal).unwrap_err().to_string();
    assert!(error.contains("block 5") && error.contains("lengths differ"), "{error}");
}

#[test]
fn limits_hold() {
    let mut long = capture();
    let length = (BLOCK_BYTES_MAX as u32 + 4).to_le_bytes();
    long.extend([&6u32.to_le_bytes()[..], &length].concat());
    assert!(blocks(&long).unwrap_err().to_string().contains("16 MiB"));

    let mut writer = Writer::new(Vec::new()).unwrap();
    for _ in 0..INTERFACES_MAX {
        writer.add_interface("", LinkType::Raw).unwrap();
    }
    let at_limit = writer.into_inner();
    assert_eq!(blocks(&at_limit).unwrap().len(), 1 + INTERFACES_MAX);
    let one_more = &at_limit[at_limit.len() - (at_limit.len() - 28) / INTERFACES_MAX..];
    assert!(blocks(&[&at_limit[..], one_more].concat()).is_err());
}

proptest! {
    #![proptest_config(samples::seeded(256))]

    #[test]
    fn damaged_captures_never_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = capture();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = blocks(&bytes);
    }

    #[test]
    fn frames_and_times_survive(time in any::<u64>(), frame in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let interface = writer.add_interface("x", LinkType::Ethernet).unwrap();
        writer.packet(interface, time, &frame, frame.len()).unwrap();
        let blocks = blocks(&writer.into_inner()).unwrap();
        let Block::Packet(packet) = &blocks[2] else { panic!("no packet") };
        prop_assert_eq!(packet.unix_ns, Some(time));
        prop_assert_eq!(&packet.frame, &frame);
    }
}
