//! Whole frames: the tree covers every bit, layers encode to what they were, etherparse agrees.
#![allow(clippy::unwrap_used)] // a test fails by panicking

mod samples;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use plumb_wire::capture::LinkType;
use plumb_wire::stack::{Layer, Packet, dissect};
use plumb_wire::{Layout, Value};
use proptest::prelude::*;
use samples::{all, assert_tiles, outline, sample};

fn frame(name: &str) -> Packet {
    dissect(LinkType::Ethernet, &sample(&format!("frame/{name}")))
}

fn encode(layer: &Layer) -> Vec<u8> {
    match layer {
        Layer::Ethernet(layer) => layer.encode(),
        Layer::Vlan(layer) => layer.encode(),
        Layer::Arp(layer) => layer.encode(),
        Layer::Ipv4(layer) => layer.encode(),
        Layer::Ipv6(layer) => layer.encode(),
        Layer::Ipv6Extension(layer) => layer.encode(),
        Layer::Ipv6Fragment(layer) => layer.encode(),
        Layer::Icmp(layer) => layer.encode(),
        Layer::Icmp6(layer) => layer.encode(),
        Layer::Tcp(layer) => layer.encode(),
        Layer::Udp(layer) => layer.encode(),
        Layer::Dns(layer) => layer.encode(),
        Layer::Tls(layer) => layer.encode(),
        Layer::Http(layer) => layer.encode(),
        Layer::Payload(bytes) => bytes.clone(),
    }
}

#[test]
fn every_bit_of_every_sample_is_accounted_for() {
    for (name, bytes) in all("frame") {
        let packet = dissect(LinkType::Ethernet, &bytes);
        assert_tiles(&packet.tree, 0, bytes.len() * 8);
        assert_eq!(packet.tree.anomalies(), [], "{name}");
        for end in 0..bytes.len() {
            assert_tiles(&dissect(LinkType::Ethernet, &bytes[..end]).tree, 0, end * 8);
        }
    }
}

#[test]
fn layers_encode_to_the_bytes_that_they_were() {
    for (name, bytes) in all("frame") {
        let packet = dissect(LinkType::Ethernet, &bytes);
        let again: Vec<u8> = packet.layers.iter().flat_map(encode).collect();
        assert_eq!(again, bytes, "{name}");
    }
}

#[test]
fn every_layer_of_every_sample_survives_each_of_its_prefixes() {
    for (_, bytes) in all("frame") {
        let packet = dissect(LinkType::Ethernet, &bytes);
        let mut at = 0;
        for layer in &packet.layers {
            let length = encode(layer).len();
            let part = &bytes[at..at + length];
            match layer {
                Layer::Arp(layer) => assert_same(layer, part),
                Layer::Ipv4(layer) => assert_same(layer, part),
                Layer::Ipv6(layer) => assert_same(layer, part),
                Layer::Icmp(layer) => assert_same(layer, part),
                Layer::Icmp6(layer) => assert_same(layer, part),
                Layer::Tcp(layer) => assert_same(layer, part),
                Layer::Udp(layer) => assert_same(layer, part),
                Layer::Dns(layer) => assert_same(layer, part),
                Layer::Http(layer) => assert_same(layer, part),
                _ => {}
            }
            at += length;
        }
    }
}

fn assert_same<T: Layout + PartialEq + std::fmt::Debug>(layer: &T, bytes: &[u8]) {
    assert_eq!(samples::check::<T>(bytes), *layer);
}

#[test]
fn etherparse_reads_the_same() {
    for (name, bytes) in all("frame") {
        let ours = dissect(LinkType::Ethernet, &bytes);
        let theirs = SlicedPacket::from_ethernet(&bytes).unwrap();
        for layer in &ours.layers {
            match (layer, &theirs.net, &theirs.transport) {
                (Layer::Ipv4(ip), Some(NetSlice::Ipv4(other)), _) => {
                    let other = other.header().to_header();
                    assert_eq!(ip.source.octets(), other.source, "{name}");
                    assert_eq!(ip.destination.octets(), other.destination);
                    assert_eq!(ip.ttl, other.time_to_live);
                    assert_eq!(ip.protocol.number(), other.protocol.0);
                    assert_eq!(ip.checksum, other.header_checksum);
                    assert_eq!(ip.checksum, other.calc_header_checksum());
                    assert_eq!(ip.fragment_offset, other.fragment_offset.value());
                    assert_eq!(ip.more_fragments, other.more_fragments);
                }
                (Layer::Ipv6(ip), Some(NetSlice::Ipv6(other)), _) => {
                    let header = other.header().to_header();
                    assert_eq!(ip.source.octets(), header.source);
                    assert_eq!(ip.flow_label, header.flow_label.value());
                    assert_eq!(ip.payload_length, header.payload_length);
                    assert_eq!(ip.hop_limit, header.hop_limit);
                }
                (Layer::Tcp(tcp), _, Some(TransportSlice::Tcp(other))) => {
                    let other = other.to_header();
                    assert_eq!(tcp.source, other.source_port, "{name}");
                    assert_eq!(tcp.sequence, other.sequence_number);
                    assert_eq!(tcp.acknowledgment, other.acknowledgment_number);
                    assert_eq!((tcp.syn, tcp.ack, tcp.fin), (other.syn, other.ack, other.fin));
                    assert_eq!(tcp.window, other.window_size);
                    assert_eq!(tcp.options.len(), other.options_iterator().count());
                }
                (Layer::Udp(udp), _, Some(TransportSlice::Udp(other))) => {
                    let other = other.to_header();
                    assert_eq!(udp.destination, other.destination_port);
                    assert_eq!(udp.length, other.length);
                    assert_eq!(udp.checksum, other.checksum);
                }
                (Layer::Icmp(icmp), _, Some(TransportSlice::Icmpv4(other))) => {
                    assert_eq!(icmp.kind().number(), other.type_u8());
                    assert_eq!(icmp.code, other.code_u8());
                }
                (Layer::Icmp6(icmp), _, Some(TransportSlice::Icmpv6(other))) => {
                    assert_eq!(icmp.kind().number(), other.type_u8());
                    assert_eq!(icmp.checksum, other.checksum());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn frames_are_explained_to_the_bit() {
    for name in [
        "arp-request",
        "ping-record-route",
        "tcp-syn",
        "icmp-port-unreachable-quoting-dns",
        "neighbor-advertisement",
        "fragment6-first",
        "http-request",
        "tls12-server-flight",
    ] {
        insta::assert_snapshot!(name, outline(&frame(name).tree));
    }
}

#[test]
fn a_wrong_checksum_is_pointed_at_and_an_offloaded_one_is_not() {
    let mut bytes = sample("frame/tcp-syn");
    let checksum_at = 14 + 20 + 16;
    bytes[checksum_at] ^= 1;
    let wrong = dissect(LinkType::Ethernet, &bytes);
    let anomalies: Vec<_> =
        wrong.tree.anomalies().iter().map(|(field, text)| (field.name.clone(), *text)).collect();
    assert_eq!(anomalies, [("checksum".to_owned(), "wrong")]);

    use plumb_wire::net::{Protocol, checksum::Ends};
    let Layer::Ipv4(ip) = &wrong.layers[1] else { panic!("no IPv4") };
    let ends = Ends::V4 { source: ip.source, destination: ip.destination };
    let pseudo = !ends.pseudo_header(Protocol::Tcp, bytes.len() - 34).finish();
    bytes[checksum_at..checksum_at + 2].copy_from_slice(&pseudo.to_be_bytes());
    let offloaded = dissect(LinkType::Ethernet, &bytes);
    assert_eq!(offloaded.tree.anomalies(), []);
    let field = offloaded.tree.at(&["TCP", "checksum"]).unwrap();
    assert_eq!(field.meaning.as_deref(), Some("left to the network card"));
}

#[test]
fn a_frame_that_was_cut_says_so_and_its_checksum_is_not_judged() {
    let bytes = sample("frame/tls12-server-flight");
    let packet = dissect(LinkType::Ethernet, &bytes[..200]);
    let anomalies: Vec<_> = packet.tree.anomalies().iter().map(|(_, text)| *text).collect();
    assert_eq!(anomalies, [format!("{} bytes are missing", bytes.len() - 200)]);
    assert_eq!(packet.tree.at(&["TCP", "checksum"]).unwrap().meaning, None);
}

#[test]
fn later_fragments_are_never_read_as_transport() {
    for name in ["fragment-last", "fragment6-last"] {
        let layers = frame(name).layers;
        assert!(matches!(layers.last(), Some(Layer::Payload(_))), "{name}");
        assert!(!layers.iter().any(|l| matches!(l, Layer::Icmp(_) | Layer::Icmp6(_))), "{name}");
    }
}

#[test]
fn vlan_tags_and_padding_have_their_place() {
    let plain = sample("frame/arp-request");
    let tagged = [&plain[..12], &[0x81, 0x00, 0x60, 0x05], &plain[12..], &[0; 14]].concat();
    let packet = dissect(LinkType::Ethernet, &tagged);
    let Layer::Vlan(tag) = packet.layers[1] else { panic!("no tag") };
    assert_eq!((tag.priority, tag.id), (3, 5));
    assert_eq!(packet.tree.children.last().unwrap().name, "padding");
    assert_tiles(&packet.tree, 0, tagged.len() * 8);
}

#[test]
fn a_chain_of_extension_headers_ends() {
    let extension = [0u8, 0, 0, 0, 0, 0, 0, 0]; // hop-by-hop, and another one follows
    let payload = extension.repeat(1000);
    let header = plumb_wire::net::Ipv6 {
        next_header: plumb_wire::net::Protocol::HopByHop,
        ..Default::default()
    };
    let bytes = header.into_packet(&payload);
    let packet = dissect(LinkType::Raw, &bytes);
    assert!(packet.layers.len() <= plumb_wire::stack::LAYERS_MAX + 1);
    assert_tiles(&packet.tree, 0, bytes.len() * 8);
}

#[test]
fn dns_over_tcp_is_read_message_by_message() {
    use plumb_wire::dns::{Message, Rtype};
    use plumb_wire::net::{Ipv4, Protocol, checksum::Ends};
    use plumb_wire::transport::Tcp;
    let message = Message::query(7, "example.com".parse().unwrap(), Rtype::Ns, true).encode();
    let framed = [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let ip = Ipv4 { protocol: Protocol::Tcp, ..Ipv4::default() };
    let ends = Ends::V4 { source: ip.source, destination: ip.destination };
    let tcp = Tcp { source: 40000, destination: 53, ack: true, ..Tcp::default() };
    let bytes = ip.into_packet(&tcp.into_packet(&ends, &framed.repeat(2)));
    let packet = dissect(LinkType::Raw, &bytes);
    let messages = packet.layers.iter().filter(|layer| matches!(layer, Layer::Dns(_))).count();
    assert_eq!(messages, 2);
    assert_eq!(packet.tree.anomalies(), []);
    assert_tiles(&packet.tree, 0, bytes.len() * 8);
}

#[test]
fn addresses_and_ports_are_at_hand() {
    let packet = frame("tcp6-syn");
    let (source, destination) = packet.addresses().unwrap();
    assert_eq!(source.to_string(), "2001:db8:130::1");
    assert_eq!(destination.to_string(), "2001:db8:130::4");
    assert_eq!(packet.ports().unwrap().1, 443);
    let field = packet.tree.at(&["IPv6", "source"]).unwrap();
    assert_eq!(field.value, Value::Text("2001:db8:130::1".to_owned()));
    assert_eq!((field.bit_offset, field.bit_width), ((14 + 8) * 8, 128));
}

proptest! {
    #![proptest_config(samples::seeded(256))]

    #[test]
    fn random_frames_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), link in any::<u16>()) {
        for link in [LinkType::from(link), LinkType::Ethernet, LinkType::Raw] {
            assert_tiles(&dissect(link, &bytes).tree, 0, bytes.len() * 8);
        }
    }

    #[test]
    fn damaged_frames_are_still_accounted_for(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (_, mut bytes) = which.get(&all("frame")).clone();
        for (at, value) in damage {
            let at = at.index(bytes.len().min(120));
            bytes[at] = value;
        }
        let packet = dissect(LinkType::Ethernet, &bytes);
        assert_tiles(&packet.tree, 0, bytes.len() * 8);
        for layer in &packet.layers {
            let _ = encode(layer);
        }
    }
}
