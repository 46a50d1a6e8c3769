//! The expressions that rules are made of, as the kernel knows them
//! (linux/netfilter/nf_tables.h).

use std::net::IpAddr;

use super::encode::Encoder;

/// Registers of 16 bytes.
const REGISTER_VERDICT: u32 = 0;
const REGISTER_1: u32 = 1;
const REGISTER_2: u32 = 2;

const LIST_ELEMENT: u16 = 1;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;

/// Interface names are compared in full, padding included (IFNAMSIZ).
pub(super) const INTERFACE_NAME_BYTES: usize = 16;

/// One step of a rule. A step loads into the first register or compares,
/// changes or acts on what stands there; the first comparison that fails ends
/// the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Loads a fact about the packet.
    Meta(MetaKey),
    /// Loads `length` bytes of the packet at `offset` from a header.
    Payload {
        /// Which header counts as 0.
        base: Base,
        /// Bytes from there.
        offset: u32,
        /// At most 16.
        length: u32,
    },
    /// Loads the connection's state as a bit field.
    CtState,
    /// Loads a number below `modulus`.
    Number {
        /// Counts up instead of rolling dice.
        incremental: bool,
        /// One past the largest.
        modulus: u32,
    },
    /// Turns the loaded 4-byte number from the machine's order into the
    /// network's, which is what comparisons need.
    ToNetworkOrder,
    /// Keeps the bits of `mask` and flips those of `flip`.
    Bitwise {
        /// Bits to keep.
        mask: Vec<u8>,
        /// Bits to flip after that.
        flip: Vec<u8>,
    },
    /// Goes on if the loaded bytes compare so with `value`.
    Compare(Comparison, Vec<u8>),
    /// Goes on if the loaded bytes lie within, both ends included.
    Range {
        /// The smallest.
        from: Vec<u8>,
        /// The largest.
        to: Vec<u8>,
    },
    /// Counts packets and bytes that came so far.
    Counter,
    /// Goes on while the rate is above (`over`) or below the limit.
    Limit {
        /// Packets per unit.
        rate: u64,
        /// The unit.
        unit: LimitUnit,
        /// Packets that may exceed it at once.
        burst: u32,
        /// Goes on when above.
        over: bool,
    },
    /// Goes on when more (`over`) or fewer bytes have passed.
    Quota {
        /// How many bytes.
        bytes: u64,
        /// Goes on when more.
        over: bool,
    },
    /// Writes `value` into the packet, and corrects the IPv4 header's
    /// checksum.
    SetIpv4Header {
        /// Bytes from the start of the IPv4 header; even.
        offset: u32,
        /// What to write.
        value: Vec<u8>,
    },
    /// Writes 16 bits into a TCP option; of the MSS option only to lower it.
    SetTcpOption {
        /// The option's kind, 2 for MSS.
        kind: u8,
        /// Bytes from the start of the option.
        offset: u32,
        /// What to write.
        value: u16,
    },
    /// Translates the source to the address of the outgoing interface.
    Masquerade,
    /// Translates the source address, and the port if there is one.
    Snat(IpAddr, Option<u16>),
    /// Translates the destination address, and the port if there is one.
    Dnat(IpAddr, Option<u16>),
    /// Translates the destination to this host, and the port if there is one.
    Redirect(Option<u16>),
    /// Drops the packet and says so.
    Reject(Reject),
    /// Ends the rule.
    Verdict(Verdict),
}

/// Facts about a packet that stand in no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetaKey {
    /// Length of the packet from its network header, bytes, 4 in the machine's
    /// order.
    Length,
    /// NFPROTO_IPV4 (2) or NFPROTO_IPV6 (10), one byte.
    NetworkProtocol,
    /// The transport protocol's number, one byte.
    TransportProtocol,
    /// Name of the interface that it came by, 16 bytes.
    InInterface,
    /// Name of the interface that it leaves by, 16 bytes.
    OutInterface,
}

/// Where a payload offset counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The link header.
    Link,
    /// The network header.
    Network,
    /// The transport header.
    Transport,
    /// What the transport header carries (Linux 6.2).
    Inner,
}

/// How two values compare, as big-endian numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// The loaded value is smaller.
    Less,
    /// The loaded value is smaller or equal.
    LessOrEqual,
    /// The loaded value is larger.
    Greater,
    /// The loaded value is larger or equal.
    GreaterOrEqual,
}

/// States of a connection that is tracked, to be joined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CtState(pub u32);

impl CtState {
    /// Both directions were seen.
    pub const ESTABLISHED: CtState = CtState(2);
    /// An ICMP error or an expected connection.
    pub const RELATED: CtState = CtState(4);
}

impl std::ops::BitOr for CtState {
    type Output = CtState;

    fn bitor(self, other: CtState) -> CtState {
        CtState(self.0 | other.0)
    }
}

/// The time that a limit counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUnit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

/// How a packet is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reject {
    /// ICMP destination unreachable with this code (RFC 792, RFC 1812).
    Icmp(u8),
    /// ICMPv6 destination unreachable with this code (RFC 4443).
    Icmp6(u8),
    /// Either: no route.
    NoRoute,
    /// Either: port unreachable.
    PortUnreachable,
    /// Either: host unreachable.
    HostUnreachable,
    /// Either: administratively prohibited.
    AdminProhibited,
    /// A TCP segment with RST.
    TcpReset,
}

/// What becomes of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Accept,
    /// It is gone.
    Drop,
    /// Back to the chain that jumped here.
    Return,
    /// To another chain, and back after it.
    Jump(String),
    /// To another chain, for good.
    Goto(String),
}

impl Expression {
    /// Appends this expression as an element of a rule's list.
    pub(super) fn encode(&self, list: &mut Encoder) {
        let mut data = Encoder::attributes();
        let name = self.encode_data(&mut data);
        // Values that are too long for an immediate, addresses for one, are
        // loaded by an expression of their own before.
        for (register, value) in self.loads() {
            list.nested(LIST_ELEMENT, |element| {
                element.text(EXPRESSION_NAME, "immediate");
                element.nested(EXPRESSION_DATA, |load| {
                    load.u32(1, register);
                    load.nested(2, |inner| {
                        inner.bytes(DATA_VALUE, &value);
                    });
                });
            });
        }
        list.nested(LIST_ELEMENT, |element| {
            element.text(EXPRESSION_NAME, name);
            element.nested(EXPRESSION_DATA, |inner| inner.append(&data));
        });
    }

    /// What has to stand in registers before this expression.
    fn loads(&self) -> Vec<(u32, Vec<u8>)> {
        match self {
            Expression::SetIpv4Header { value, .. } => vec![(REGISTER_1, value.clone())],
            Expression::SetTcpOption { value, .. } => {
                vec![(REGISTER_1, value.to_be_bytes().to_vec())]
            }
            Expression::Snat(address, port) | Expression::Dnat(address, port) => {
                let mut loads = vec![(REGISTER_1, octets(*address))];
                loads.extend(port.map(|port| (REGISTER_2, port.to_be_bytes().to_vec())));
                loads
            }
            Expression::Redirect(Some(port)) => vec![(REGISTER_1, port.to_be_bytes().to_vec())],
            _ => Vec::new(),
        }
    }

    /// Writes the attributes; returns the kernel's name of the expression.
    fn encode_data(&self, data: &mut Encoder) -> &'static str {
        match self {
            Expression::Meta(key) => {
                data.u32(1, REGISTER_1).u32(2, key.number());
                "meta"
            }
            Expression::Payload { base, offset, length } => {
                data.u32(1, REGISTER_1).u32(2, base.number()).u32(3, *offset).u32(4, *length);
                "payload"
            }
            Expression::CtState => {
                const KEY_STATE: u32 = 0;
                data.u32(1, REGISTER_1).u32(2, KEY_STATE);
                "ct"
            }
            Expression::Number { incremental, modulus } => {
                data.u32(1, REGISTER_1).u32(2, *modulus).u32(3, u32::from(!incremental)).u32(4, 0);
                "numgen"
            }
            Expression::ToNetworkOrder => {
                const HOST_TO_NETWORK: u32 = 1;
                data.u32(1, REGISTER_1).u32(2, REGISTER_1);
                data.u32(3, HOST_TO_NETWORK).u32(4, 4).u32(5, 4);
                "byteorder"
            }
            Expression::Bitwise { mask, flip } => {
                data.u32(1, REGISTER_1).u32(2, REGISTER_1).u32(3, mask.len() as u32);
                value(data, 4, mask);
                value(data, 5, flip);
                "bitwise"
            }
            Expression::Compare(comparison, bytes) => {
                data.u32(1, REGISTER_1).u32(2, comparison.number());
                value(data, 3, bytes);
                "cmp"
            }
            Expression::Range { from, to } => {
                const WITHIN: u32 = 0;
                data.u32(1, REGISTER_1).u32(2, WITHIN);
                value(data, 3, from);
                value(data, 4, to);
                "range"
            }
            Expression::Counter => {
                data.u64(1, 0).u64(2, 0);
                "counter"
            }
            Expression::Limit { rate, unit, burst, over } => {
                data.u64(1, *rate).u64(2, unit.seconds()).u32(3, *burst);
                data.u32(4, 0).u32(5, u32::from(*over));
                "limit"
            }
            Expression::Quota { bytes, over } => {
                data.u64(1, *bytes).u32(2, u32::from(*over));
                "quota"
            }
            _ => self.encode_action(data),
        }
    }

    fn encode_action(&self, data: &mut Encoder) -> &'static str {
        match self {
            Expression::SetIpv4Header { offset, value } => {
                const CHECKSUM_INET: u32 = 1;
                const IPV4_CHECKSUM_OFFSET: u32 = 10;
                data.u32(5, REGISTER_1).u32(2, Base::Network.number());
                data.u32(3, *offset).u32(4, value.len() as u32);
                data.u32(6, CHECKSUM_INET).u32(7, IPV4_CHECKSUM_OFFSET);
                "payload"
            }
            Expression::SetTcpOption { kind, offset, .. } => {
                const OPERATION_TCP_OPTION: u32 = 1;
                data.u32(7, REGISTER_1).u8(2, *kind).u32(3, *offset).u32(4, 2);
                data.u32(6, OPERATION_TCP_OPTION);
                "exthdr"
            }
            Expression::Masquerade => "masq",
            Expression::Snat(address, port) => nat(data, 0, *address, *port),
            Expression::Dnat(address, port) => nat(data, 1, *address, *port),
            Expression::Redirect(port) => {
                if port.is_some() {
                    data.u32(1, REGISTER_1);
                }
                "redir"
            }
            Expression::Reject(reject) => {
                let (kind, code) = reject.numbers();
                data.u32(1, kind).u8(2, code);
                "reject"
            }
            Expression::Verdict(verdict) => {
                data.u32(1, REGISTER_VERDICT);
                data.nested(2, |inner| {
                    inner.nested(DATA_VERDICT, |inner| verdict.encode(inner));
                });
                "immediate"
            }
            _ => "", // encode_data has taken all others
        }
    }
}

fn value(data: &mut Encoder, kind: u16, bytes: &[u8]) {
    data.nested(kind, |inner| {
        inner.bytes(DATA_VALUE, bytes);
    });
}

fn nat(data: &mut Encoder, kind: u32, address: IpAddr, port: Option<u16>) -> &'static str {
    const IPV4: u32 = 2;
    const IPV6: u32 = 10;
    data.u32(1, kind).u32(2, if address.is_ipv4() { IPV4 } else { IPV6 }).u32(3, REGISTER_1);
    if port.is_some() {
        data.u32(5, REGISTER_2);
    }
    "nat"
}

pub(super) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

impl MetaKey {
    fn number(self) -> u32 {
        match self {
            MetaKey::Length => 0,
            MetaKey::InInterface => 6,
            MetaKey::OutInterface => 7,
            MetaKey::NetworkProtocol => 15,
            MetaKey::TransportProtocol => 16,
        }
    }
}

impl Base {
    fn number(self) -> u32 {
        match self {
            Base::Link => 0,
            Base::Network => 1,
            Base::Transport => 2,
            Base::Inner => 3,
        }
    }
}

impl Comparison {
    fn number(self) -> u32 {
        match self {
            Comparison::Equal => 0,
            Comparison::NotEqual => 1,
            Comparison::Less => 2,
            Comparison::LessOrEqual => 3,
            Comparison::Greater => 4,
            Comparison::GreaterOrEqual => 5,
        }
    }
}

impl LimitUnit {
    fn seconds(self) -> u64 {
        match self {
            LimitUnit::Second => 1,
            LimitUnit::Minute => 60,
            LimitUnit::Hour => 3600,
        }
    }
}

impl Reject {
    /// NFT_REJECT_ type and code.
    fn numbers(self) -> (u32, u8) {
        const UNREACHABLE: u32 = 0;
        const RESET: u32 = 1;
        const EITHER: u32 = 2;
        match self {
            Reject::Icmp(code) | Reject::Icmp6(code) => (UNREACHABLE, code),
            Reject::TcpReset => (RESET, 0),
            Reject::NoRoute => (EITHER, 0),
            Reject::PortUnreachable => (EITHER, 1),
            Reject::HostUnreachable => (EITHER, 2),
            Reject::AdminProhibited => (EITHER, 3),
        }
    }
}

impl Verdict {
    fn encode(&self, data: &mut Encoder) {
        const CODE: u16 = 1;
        const CHAIN: u16 = 2;
        let (code, chain): (i32, Option<&str>) = match self {
            Verdict::Drop => (0, None),
            Verdict::Accept => (1, None),
            Verdict::Jump(chain) => (-3, Some(chain)),
            Verdict::Goto(chain) => (-4, Some(chain)),
            Verdict::Return => (-5, None),
        };
        data.bytes(CODE, &code.to_be_bytes());
        if let Some(chain) = chain {
            data.text(CHAIN, chain);
        }
    }
}
