//! Who sits on whom: the only place where a layer is told what stands above it.
//!
//! ```text
//! Ethernet, VLAN   EtherType     -> ARP, IPv4, IPv6
//! IPv4, IPv6       protocol      -> ICMP, ICMPv6, TCP, UDP, IPv6 extensions, IP in IP
//! ICMP, ICMPv6     (an error)    -> the packet that it quotes
//! UDP              port          -> DNS
//! TCP              port and look -> DNS, TLS, HTTP/1
//! ```
//!
//! A dissection never fails as a whole: the good layers stand, the anomaly stands where it is,
//! and what could not be read is a payload.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::capture::LinkType;
use crate::dns::Message;
use crate::field::{Field, Value};
use crate::http::Head;
use crate::layout::{DecodeError, Layout, Problem};
use crate::link::{Arp, EtherType, Ethernet, VlanTag};
use crate::net::checksum::{self, Ends};
use crate::net::{Icmp, Icmp6, Ipv4, Ipv6, Ipv6Extension, Ipv6Fragment, Protocol};
use crate::tls::{Plaintext, RECORD_HEADER_BYTES};
use crate::transport::{Tcp, Udp, port};
use crate::wire::Wire;

/// More layers than any honest packet has; a chain of extension headers could go on for
/// thousands.
pub const LAYERS_MAX: usize = 32;

/// One layer of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // each is the type that it holds
pub enum Layer {
    Ethernet(Ethernet),
    Vlan(VlanTag),
    Arp(Arp),
    Ipv4(Ipv4),
    Ipv6(Ipv6),
    Ipv6Extension(Ipv6Extension),
    Ipv6Fragment(Ipv6Fragment),
    Icmp(Icmp),
    Icmp6(Icmp6),
    Tcp(Tcp),
    Udp(Udp),
    Dns(Message),
    Tls(Plaintext),
    Http(Head),
    /// What no format here describes, or what could not be read.
    Payload(Vec<u8>),
}

/// A packet, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// The layers that could be read, lowest first. Those of a packet that ICMP quotes are only
    /// in the tree.
    pub layers: Vec<Layer>,
    /// Every bit of the frame, a group per layer.
    pub tree: Field,
}

impl Packet {
    /// From and to, where there is an IP layer.
    pub fn addresses(&self) -> Option<(IpAddr, IpAddr)> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Ipv4(ip) => Some((ip.source.into(), ip.destination.into())),
            Layer::Ipv6(ip) => Some((ip.source.into(), ip.destination.into())),
            _ => None,
        })
    }

    /// From and to, where there is a TCP or UDP layer.
    pub fn ports(&self) -> Option<(u16, u16)> {
        self.layers.iter().find_map(|layer| match layer {
            Layer::Tcp(tcp) => Some((tcp.source, tcp.destination)),
            Layer::Udp(udp) => Some((udp.source, udp.destination)),
            _ => None,
        })
    }
}

/// Takes a frame apart, from its link layer up.
pub fn dissect(link: LinkType, frame: &[u8]) -> Packet {
    let mut dissector = Dissector {
        frame,
        at: 0,
        end: frame.len(),
        layers: Vec::new(),
        tree: Field::group("frame", 0),
        is_quoted: false,
        is_cut: false,
    };
    dissector.tree.bit_width = frame.len() * 8;
    dissector.run(bottom(link, frame));
    let Dissector { layers, tree, .. } = dissector;
    Packet { layers, tree }
}

/// What stands at a place.
#[derive(Debug, Clone, Copy)]
enum Next {
    Ethernet,
    EtherType(EtherType),
    Protocol(Protocol, Option<Ends>),
    /// Data of TCP between two ports.
    Stream(u16, u16),
    /// Data of UDP between two ports.
    Datagram(u16, u16),
    /// TLS records to the end.
    Tls,
    /// Bytes, told by name.
    Bytes(&'static str),
    Nothing,
}

fn bottom(link: LinkType, frame: &[u8]) -> Next {
    match link {
        LinkType::Ethernet => Next::Ethernet,
        LinkType::Ipv4 => Next::EtherType(EtherType::Ipv4),
        LinkType::Ipv6 => Next::EtherType(EtherType::Ipv6),
        LinkType::Raw => ip_by_version(frame),
        _ => Next::Bytes("frame of an unknown link type"),
    }
}

/// The version stands in the first four bits of both.
fn ip_by_version(packet: &[u8]) -> Next {
    match packet.first().map(|first| first >> 4) {
        Some(4) => Next::EtherType(EtherType::Ipv4),
        Some(6) => Next::EtherType(EtherType::Ipv6),
        _ => Next::Bytes("no IP packet"),
    }
}

struct Dissector<'a> {
    frame: &'a [u8],
    /// Where the next layer begins.
    at: usize,
    /// Where the layer below says that its payload ends.
    end: usize,
    layers: Vec<Layer>,
    tree: Field,
    /// It is a packet quoted by ICMP, which may end anywhere.
    is_quoted: bool,
    /// Bytes that a header tells of are not there: no checksum can be judged.
    is_cut: bool,
}

impl Dissector<'_> {
    fn run(&mut self, mut next: Next) {
        while self.at < self.end {
            if self.tree.children.len() >= LAYERS_MAX {
                next = Next::Bytes("more layers than are taken apart");
            }
            next = match next {
                Next::Ethernet => self.ethernet(),
                Next::EtherType(ether_type) => self.network(ether_type),
                Next::Protocol(protocol, ends) => self.protocol(protocol, ends),
                Next::Stream(source, destination) => self.stream(source, destination),
                Next::Datagram(source, destination) => self.datagram(source, destination),
                Next::Tls => self.tls(),
                Next::Bytes(name) => self.bytes(name, self.end),
                Next::Nothing => self.bytes("left over", self.end),
            };
        }
        if self.at < self.frame.len() {
            self.bytes("trailer", self.frame.len());
        }
    }

    /// Reads one layer; on an error, what is left of it becomes a payload.
    fn layer<T: Layout>(&mut self, wrap: fn(T) -> Layer) -> Option<T> {
        self.layer_until(self.end, wrap)
    }

    fn layer_until<T: Layout>(&mut self, end: usize, wrap: fn(T) -> Layer) -> Option<T> {
        let dissection = T::dissect(self.frame, self.at..end);
        let mut field = dissection.field;
        self.at = dissection.end_bytes;
        let Some(error) = dissection.error else {
            self.tree.children.push(field);
            self.layers.push(wrap(dissection.value.clone()));
            return Some(dissection.value);
        };
        if self.is_quoted && is_truncation(&error) {
            field.anomaly = None;
            field.meaning = Some("quoted in part".to_owned());
        }
        self.tree.children.push(field);
        None
    }

    /// The layer read last.
    fn top(&mut self) -> Option<&mut Field> {
        self.tree.children.last_mut()
    }

    fn bytes(&mut self, name: &str, end: usize) -> Next {
        let mut field = Field::group(name, self.at * 8);
        field.bit_width = (end - self.at) * 8;
        let bytes = self.frame[self.at..end].to_vec();
        field.value = Value::Bytes(bytes.clone());
        self.tree.children.push(field);
        self.layers.push(Layer::Payload(bytes));
        self.at = end;
        Next::Nothing
    }

    fn ethernet(&mut self) -> Next {
        match self.layer(Layer::Ethernet) {
            Some(ethernet) => Next::EtherType(ethernet.ether_type),
            None => Next::Bytes("payload"),
        }
    }

    fn network(&mut self, ether_type: EtherType) -> Next {
        match ether_type {
            EtherType::Vlan | EtherType::ServiceVlan => match self.layer(Layer::Vlan) {
                Some(tag) => Next::EtherType(tag.ether_type),
                None => Next::Bytes("payload"),
            },
            EtherType::Arp => {
                self.layer(Layer::Arp);
                Next::Bytes("padding")
            }
            EtherType::Ipv4 => self.ipv4(),
            EtherType::Ipv6 => self.ipv6(),
            _ => Next::Bytes("payload"),
        }
    }

    fn ipv4(&mut self) -> Next {
        let start = self.at;
        let Some(ip) = self.layer(Layer::Ipv4) else { return Next::Bytes("payload") };
        let total = usize::from(ip.total_length);
        // Segmentation offload: the card fills in the length of each of the packets that it
        // cuts this one into.
        if total > 0 {
            self.bound(start + total, "total length");
        } else if let Some(field) = self.top_field("total length") {
            field.meaning = Some("0: left to the network card".to_owned());
        }
        let fragment = ip.more_fragments || ip.is_later_fragment();
        if ip.is_later_fragment() {
            return Next::Bytes("fragment");
        }
        let ends = Ends::V4 { source: ip.source, destination: ip.destination };
        Next::Protocol(ip.protocol, (!fragment).then_some(ends))
    }

    fn ipv6(&mut self) -> Next {
        let Some(ip) = self.layer(Layer::Ipv6) else { return Next::Bytes("payload") };
        let length = usize::from(ip.payload_length);
        if length > 0 || ip.next_header == Protocol::NoNext {
            self.bound(self.at + length, "payload length");
        } else if let Some(field) = self.top_field("payload length") {
            field.meaning = Some("0: left to the network card, or a jumbogram".to_owned());
        }
        let ends = Ends::V6 { source: ip.source, destination: ip.destination };
        Next::Protocol(ip.next_header, Some(ends))
    }

    /// Ends the payload where the header says, and says so where that is not there.
    fn bound(&mut self, end: usize, field: &str) {
        if end <= self.end {
            self.end = end.max(self.at);
            return;
        }
        self.is_cut = true;
        let missing = end - self.end;
        let is_quoted = self.is_quoted;
        if let Some(field) = self.top_field(field) {
            if is_quoted {
                field.meaning = Some(format!("{missing} bytes are not quoted"));
            } else {
                field.add_anomaly(format!("{missing} bytes are missing"));
            }
        }
    }

    fn top_field(&mut self, name: &str) -> Option<&mut Field> {
        self.top()?.children.iter_mut().find(|child| child.name == name)
    }

    fn protocol(&mut self, protocol: Protocol, ends: Option<Ends>) -> Next {
        match protocol {
            Protocol::Tcp => self.tcp(ends),
            Protocol::Udp => self.udp(ends),
            Protocol::Icmp => self.icmp(ends),
            Protocol::Icmp6 => self.icmp6(ends),
            Protocol::Ipv4 => Next::EtherType(EtherType::Ipv4),
            Protocol::Ipv6 => Next::EtherType(EtherType::Ipv6),
            Protocol::HopByHop | Protocol::Routing | Protocol::DestinationOptions => {
                self.ipv6_extension(protocol, ends)
            }
            Protocol::Fragment => match self.layer(Layer::Ipv6Fragment) {
                Some(fragment) if fragment.offset > 0 => Next::Bytes("fragment"),
                Some(fragment) if fragment.more => Next::Protocol(fragment.next_header, None),
                Some(fragment) => Next::Protocol(fragment.next_header, ends),
                None => Next::Bytes("payload"),
            },
            _ => Next::Bytes("payload"),
        }
    }

    fn ipv6_extension(&mut self, protocol: Protocol, ends: Option<Ends>) -> Next {
        let Some(extension) = self.layer(Layer::Ipv6Extension) else {
            return Next::Bytes("payload");
        };
        if let Some(field) = self.top() {
            field.meaning = Some(protocol.to_string());
        }
        // With a routing header, the destination that was summed is its last address, which is
        // not in the packet's own header until it arrives.
        let ends = ends.filter(|_| protocol != Protocol::Routing);
        Next::Protocol(extension.next_header, ends)
    }

    fn icmp(&mut self, ends: Option<Ends>) -> Next {
        let message = &self.frame[self.at..self.end];
        let right = ends.filter(|_| !self.is_cut).map(|_| checksum::of(message));
        let Some(icmp) = self.layer(Layer::Icmp) else { return Next::Bytes("payload") };
        if let Some(sum) = right {
            self.judge_checksum(sum == 0, false);
        }
        self.quoted(icmp.quoted(), EtherType::Ipv4)
    }

    fn icmp6(&mut self, ends: Option<Ends>) -> Next {
        let sums = self.sums(Protocol::Icmp6, ends, 2);
        let Some(icmp) = self.layer(Layer::Icmp6) else { return Next::Bytes("payload") };
        self.judge(sums);
        self.quoted(icmp.quoted(), EtherType::Ipv6)
    }

    /// Takes apart the packet that an ICMP error quotes, in its place in the tree.
    fn quoted(&mut self, quoted: Option<&[u8]>, ether_type: EtherType) -> Next {
        let length = quoted.map_or(0, <[u8]>::len);
        if length == 0 || self.is_quoted {
            return Next::Nothing;
        }
        let start = self.at - length;
        let mut inner = Dissector {
            frame: &self.frame[..self.at],
            at: start,
            end: self.at,
            layers: Vec::new(),
            tree: Field::group(crate::net::QUOTED, start * 8),
            is_quoted: true,
            is_cut: false,
        };
        inner.tree.bit_width = length * 8;
        inner.run(Next::EtherType(ether_type));
        let tree = inner.tree;
        if let Some(field) = self.top_field(crate::net::QUOTED) {
            *field = tree;
        }
        Next::Nothing
    }

    fn tcp(&mut self, ends: Option<Ends>) -> Next {
        let sums = self.sums(Protocol::Tcp, ends, 16);
        let Some(tcp) = self.layer(Layer::Tcp) else { return Next::Bytes("payload") };
        self.judge(sums);
        match ends {
            Some(_) => Next::Stream(tcp.source, tcp.destination),
            None => Next::Bytes("payload of the first fragment"),
        }
    }

    fn udp(&mut self, ends: Option<Ends>) -> Next {
        let start = self.at;
        let sums = self.sums(Protocol::Udp, ends, 6);
        let Some(udp) = self.layer(Layer::Udp) else { return Next::Bytes("payload") };
        if ends.is_none() {
            return Next::Bytes("payload of the first fragment");
        }
        match (udp.checksum, ends) {
            (0, Some(Ends::V4 { .. })) => {
                if let Some(field) = self.top_field("checksum") {
                    field.meaning = Some("none".to_owned());
                }
            }
            _ => self.judge(sums),
        }
        self.bound(start + usize::from(udp.length), "length");
        Next::Datagram(udp.source, udp.destination)
    }

    /// The sum over a segment with its pseudo-header, and whether its field (at `field_at`)
    /// holds the sum of the pseudo-header alone. `None` where it cannot be known.
    fn sums(&self, protocol: Protocol, ends: Option<Ends>, field_at: usize) -> Option<Sums> {
        let ends = ends.filter(|_| !self.is_cut)?;
        let segment = &self.frame[self.at..self.end];
        let held = segment.get(field_at..)?.first_chunk().map(|held| u16::from_be_bytes(*held))?;
        let pseudo = !ends.pseudo_header(protocol, segment.len()).finish();
        let right = ends.checksum(protocol, segment) == 0;
        Some(Sums { right, offloaded: held == pseudo })
    }

    fn judge(&mut self, sums: Option<Sums>) {
        if let Some(Sums { right, offloaded }) = sums {
            self.judge_checksum(right, offloaded);
        }
    }

    fn judge_checksum(&mut self, right: bool, offloaded: bool) {
        let Some(field) = self.top_field("checksum") else { return };
        match (right, offloaded) {
            (true, _) => field.meaning = Some("right".to_owned()),
            (_, true) => field.meaning = Some("left to the network card".to_owned()),
            _ => field.add_anomaly("wrong"),
        }
    }

    fn datagram(&mut self, source: u16, destination: u16) -> Next {
        if ![source, destination].iter().any(|port| is_dns_port(*port)) {
            return Next::Bytes("payload");
        }
        self.layer(Layer::Dns);
        Next::Nothing
    }

    fn stream(&mut self, source: u16, destination: u16) -> Next {
        let data = &self.frame[self.at..self.end];
        if source == port::DNS || destination == port::DNS {
            return self.dns_over_tcp();
        }
        match data {
            [20..=24, 3, 0..=4, ..] => Next::Tls,
            _ if looks_like_http(data) => self.http(),
            _ => Next::Bytes("payload"),
        }
    }

    /// RFC 1035 section 4.2.2: each message after its length.
    fn dns_over_tcp(&mut self) -> Next {
        let prefix = self.frame[self.at..self.end].first_chunk().copied();
        let Some(length) = prefix.map(|prefix| usize::from(u16::from_be_bytes(prefix))) else {
            return Next::Bytes("payload");
        };
        let message_end = self.at + 2 + length;
        if message_end > self.end {
            return Next::Bytes("part of a DNS message");
        }
        let mut wire = Wire::recording(self.frame, self.at..self.at + 2, "DNS message length");
        let _ = wire.u16("length", &mut (length as u16)).map(drop);
        self.tree.children.push(wire.into_tree(None));
        self.at += 2;
        if self.layer_until(message_end, Layer::Dns).is_none() {
            self.bytes("payload", message_end);
        }
        Next::Stream(port::DNS, port::DNS)
    }

    fn tls(&mut self) -> Next {
        let data = &self.frame[self.at..self.end];
        let whole = data.first_chunk::<RECORD_HEADER_BYTES>().is_some_and(|head| {
            let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
            data.len() >= RECORD_HEADER_BYTES + length
        });
        if !whole || !(20..=24).contains(&data[0]) || data[1] != 3 {
            return Next::Bytes("part of a TLS record");
        }
        match self.layer(Layer::Tls) {
            Some(_) => Next::Tls,
            None => Next::Bytes("payload"),
        }
    }

    fn http(&mut self) -> Next {
        match Head::read(&self.frame[self.at..self.end]) {
            Ok(Some(_)) => {
                self.layer(Layer::Http);
                Next::Bytes("body")
            }
            _ => Next::Bytes("part of an HTTP/1 head"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Sums {
    right: bool,
    offloaded: bool,
}

fn is_truncation(error: &DecodeError) -> bool {
    matches!(error.problem, Problem::Truncated { .. })
}

/// DNS, multicast DNS and LLMNR share one format.
fn is_dns_port(port: u16) -> bool {
    matches!(port, port::DNS | port::MDNS | port::LLMNR)
}

/// It begins as a response does, or with a method that is in use.
fn looks_like_http(data: &[u8]) -> bool {
    const METHODS: [&[u8]; 9] = [
        b"GET ",
        b"HEAD ",
        b"POST ",
        b"PUT ",
        b"DELETE ",
        b"CONNECT ",
        b"OPTIONS ",
        b"TRACE ",
        b"PATCH ",
    ];
    data.starts_with(b"HTTP/1.") || METHODS.iter().any(|method| data.starts_with(method))
}
