//! Rules in the words of a network administrator, built step by step.

use ipnet::IpNet;

use super::expression::{
    Base, Comparison, CtState, Expression, INTERFACE_NAME_BYTES, LimitUnit, MetaKey, Reject,
    Verdict, octets,
};

const IPV4: u8 = 2; // NFPROTO_IPV4
const IPV6: u8 = 10; // NFPROTO_IPV6
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// TCP flags, RFC 9293 section 3.1.
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// A rule: conditions from left to right, then what is done.
///
/// Each condition brings what it depends on: a port match says first that it
/// is about TCP, an IPv4 address that it is about IPv4.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    pub(super) expressions: Vec<Expression>,
    pub(super) comment: Option<String>,
}

impl Rule {
    /// Matches every packet, does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds any expression.
    pub fn with(mut self, expression: Expression) -> Self {
        self.expressions.push(expression);
        self
    }

    /// A remark that is kept with the rule, at most 128 octets.
    pub fn comment(mut self, text: &str) -> Self {
        self.comment = Some(text.to_owned());
        self
    }

    fn equals(self, load: Expression, value: &[u8]) -> Self {
        self.with(load).with(Expression::Compare(Comparison::Equal, value.to_vec()))
    }

    /// Only IPv4. Masquerading in an `inet` table wants it, or IPv6 is
    /// translated as well.
    pub fn ipv4(self) -> Self {
        self.equals(Expression::Meta(MetaKey::NetworkProtocol), &[IPV4])
    }

    /// Only IPv6.
    pub fn ipv6(self) -> Self {
        self.equals(Expression::Meta(MetaKey::NetworkProtocol), &[IPV6])
    }

    /// Only from this prefix.
    pub fn from(self, prefix: IpNet) -> Self {
        let offset = if prefix.addr().is_ipv4() { 12 } else { 8 };
        self.address(prefix, offset)
    }

    /// Only to this prefix.
    pub fn to(self, prefix: IpNet) -> Self {
        let offset = if prefix.addr().is_ipv4() { 16 } else { 24 };
        self.address(prefix, offset)
    }

    fn address(self, prefix: IpNet, offset: u32) -> Self {
        let rule = if prefix.addr().is_ipv4() { self.ipv4() } else { self.ipv6() };
        let mask = octets(prefix.netmask());
        let length = mask.len();
        let rule =
            rule.with(Expression::Payload { base: Base::Network, offset, length: length as u32 });
        let rule = if prefix.prefix_len() == prefix.max_prefix_len() {
            rule
        } else {
            rule.with(Expression::Bitwise { mask, flip: vec![0; length] })
        };
        rule.with(Expression::Compare(Comparison::Equal, octets(prefix.network())))
    }

    /// Only packets that came by this interface.
    pub fn in_interface(self, name: &str) -> Self {
        self.equals(Expression::Meta(MetaKey::InInterface), &interface_name(name))
    }

    /// Only packets that leave by this interface.
    pub fn out_interface(self, name: &str) -> Self {
        self.equals(Expression::Meta(MetaKey::OutInterface), &interface_name(name))
    }

    /// Only packets longer than this, network header included (bytes).
    pub fn longer_than(self, bytes: u32) -> Self {
        self.with(Expression::Meta(MetaKey::Length))
            .with(Expression::ToNetworkOrder)
            .with(Expression::Compare(Comparison::Greater, bytes.to_be_bytes().to_vec()))
    }

    /// Only this transport protocol, by its IANA number.
    pub fn protocol(self, number: u8) -> Self {
        self.equals(Expression::Meta(MetaKey::TransportProtocol), &[number])
    }

    /// Only TCP.
    pub fn tcp(self) -> Self {
        self.protocol(TCP)
    }

    /// Only UDP.
    pub fn udp(self) -> Self {
        self.protocol(UDP)
    }

    /// Only ICMP.
    pub fn icmp(self) -> Self {
        self.protocol(ICMP)
    }

    /// Only ICMPv6.
    pub fn icmp6(self) -> Self {
        self.protocol(ICMPV6)
    }

    /// Only this type of the ICMP or ICMPv6 named before.
    pub fn icmp_type(self, kind: u8) -> Self {
        self.transport_bytes(0, &[kind])
    }

    /// Only TCP from this port.
    pub fn tcp_source_port(self, port: u16) -> Self {
        self.tcp().transport_bytes(0, &port.to_be_bytes())
    }

    /// Only TCP to this port.
    pub fn tcp_port(self, port: u16) -> Self {
        self.tcp().transport_bytes(2, &port.to_be_bytes())
    }

    /// Only UDP from this port.
    pub fn udp_source_port(self, port: u16) -> Self {
        self.udp().transport_bytes(0, &port.to_be_bytes())
    }

    /// Only UDP to this port.
    pub fn udp_port(self, port: u16) -> Self {
        self.udp().transport_bytes(2, &port.to_be_bytes())
    }

    /// Only TCP segments whose flags under `mask` are `flags`.
    pub fn tcp_flags(self, mask: u8, flags: u8) -> Self {
        const FLAGS_OFFSET: u32 = 13;
        self.tcp()
            .with(Expression::Payload { base: Base::Transport, offset: FLAGS_OFFSET, length: 1 })
            .with(Expression::Bitwise { mask: vec![mask], flip: vec![0] })
            .with(Expression::Compare(Comparison::Equal, vec![flags]))
    }

    /// Only the SYN that opens a connection.
    pub fn syn(self) -> Self {
        self.tcp_flags(SYN | ACK, SYN)
    }

    /// Only the SYN that answers one.
    pub fn syn_ack(self) -> Self {
        self.tcp_flags(SYN | ACK, SYN | ACK)
    }

    /// Only packets with these bytes (at most 16) at this offset of the
    /// transport header.
    pub fn transport_bytes(self, offset: u32, bytes: &[u8]) -> Self {
        let length = bytes.len() as u32;
        self.equals(Expression::Payload { base: Base::Transport, offset, length }, bytes)
    }

    /// Only TCP segments whose data begins so (at most 16 bytes). Linux 6.2;
    /// [`payload_rules`] also knows an older way.
    pub fn tcp_data(self, bytes: &[u8]) -> Self {
        let length = bytes.len() as u32;
        self.tcp().equals(Expression::Payload { base: Base::Inner, offset: 0, length }, bytes)
    }

    /// Only connections in one of these states.
    pub fn ct_state(self, states: CtState) -> Self {
        self.with(Expression::CtState)
            .with(Expression::Bitwise { mask: states.0.to_ne_bytes().to_vec(), flip: vec![0; 4] })
            .with(Expression::Compare(Comparison::NotEqual, vec![0; 4]))
    }

    /// Only so many of a thousand packets, by the kernel's dice.
    pub fn per_mille(self, share: u32) -> Self {
        self.with(Expression::Number { incremental: false, modulus: 1000 })
            .with(Expression::ToNetworkOrder)
            .with(Expression::Compare(Comparison::Less, share.to_be_bytes().to_vec()))
    }

    /// Only packets beyond this rate.
    pub fn faster_than(self, rate: u64, unit: LimitUnit, burst: u32) -> Self {
        self.with(Expression::Limit { rate, unit, burst, over: true })
    }

    /// Only packets within this rate.
    pub fn within(self, rate: u64, unit: LimitUnit, burst: u32) -> Self {
        self.with(Expression::Limit { rate, unit, burst, over: false })
    }

    /// Only once this many bytes have passed here.
    pub fn after_bytes(self, bytes: u64) -> Self {
        self.with(Expression::Quota { bytes, over: true })
    }

    /// Counts the packets that came so far; see [`super::Nft::rules`].
    pub fn counter(self) -> Self {
        self.with(Expression::Counter)
    }

    /// Writes the time to live of IPv4.
    pub fn set_ipv4_ttl(self, ttl: u8) -> Self {
        const TTL_OFFSET: u32 = 8;
        self.ipv4().with(Expression::SetIpv4Header { offset: TTL_OFFSET, value: vec![ttl] })
    }

    /// Lowers the MSS that a SYN announces to at most this.
    pub fn clamp_mss(self, mss_bytes: u16) -> Self {
        const MSS_KIND: u8 = 2;
        self.tcp_flags(SYN, SYN).with(Expression::SetTcpOption {
            kind: MSS_KIND,
            offset: 2,
            value: mss_bytes,
        })
    }

    /// Translates the source to the address of the outgoing interface, both
    /// families unless the rule says one.
    pub fn masquerade(self) -> Self {
        self.with(Expression::Masquerade)
    }

    /// Refuses the packet, of the family and protocol that the answer needs.
    pub fn reject(self, how: Reject) -> Self {
        let rule = match how {
            Reject::Icmp(_) => self.ipv4(),
            Reject::Icmp6(_) => self.ipv6(),
            Reject::TcpReset => self.tcp(),
            _ => self,
        };
        rule.with(Expression::Reject(how))
    }

    /// The packet goes on.
    pub fn accept(self) -> Self {
        self.with(Expression::Verdict(Verdict::Accept))
    }

    /// The packet is gone.
    pub fn drop(self) -> Self {
        self.with(Expression::Verdict(Verdict::Drop))
    }
}

/// Rules that together match TCP segments whose data begins with `bytes` (at
/// most 16): one where the kernel finds the data itself (`inner`, see
/// [`super::Nft::finds_inner_header`]), else one for each length that a TCP
/// header can have. `finish` adds what is done.
pub fn payload_rules(
    matching: &Rule,
    bytes: &[u8],
    inner: bool,
    finish: impl Fn(Rule) -> Rule,
) -> Vec<Rule> {
    if inner {
        return vec![finish(matching.clone().tcp_data(bytes))];
    }
    const DATA_OFFSET_AT: u32 = 12;
    const WORDS: std::ops::RangeInclusive<u8> = 5..=15; // RFC 9293 section 3.1, data offset
    WORDS
        .map(|words| {
            let rule = matching
                .clone()
                .tcp()
                .with(Expression::Payload {
                    base: Base::Transport,
                    offset: DATA_OFFSET_AT,
                    length: 1,
                })
                .with(Expression::Bitwise { mask: vec![0xf0], flip: vec![0] })
                .with(Expression::Compare(Comparison::Equal, vec![words << 4]))
                .transport_bytes(u32::from(words) * 4, bytes);
            finish(rule)
        })
        .collect()
}

fn interface_name(name: &str) -> [u8; INTERFACE_NAME_BYTES] {
    let mut padded = [0; INTERFACE_NAME_BYTES];
    for (to, from) in padded.iter_mut().zip(name.bytes().take(INTERFACE_NAME_BYTES - 1)) {
        *to = from;
    }
    padded
}
