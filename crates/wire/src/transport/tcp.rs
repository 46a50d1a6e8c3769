//! TCP, RFC 9293, and its options.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-------------------------------+
//! |          source port          |       destination port        |
//! |                        sequence number                        |
//! |                     acknowledgment number                     |
//! +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
//! | data  | rsvd  |C|E|U|A|P|R|S|F|            window             |
//! | offset|       |W|C|R|C|S|S|Y|I|                               |
//! |       |       |R|E|G|K|H|T|N|N|                               |
//! +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
//! |           checksum            |        urgent pointer         |
//! |                  options (data offset > 5)                    |
//! +---------------------------------------------------------------+
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::udp::lay_port;
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::net::Protocol;
use crate::net::checksum::Ends;
use crate::wire::Wire;

/// The header without options.
const HEADER_BYTES_MIN: usize = 20;
/// The data offset has four bits and counts words of four bytes.
const HEADER_BYTES_MAX: usize = 60;

/// The header.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tcp {
    /// Who sends.
    pub source: u16,
    /// For whom.
    pub destination: u16,
    /// Of the first byte of the payload; of the SYN, where there is one.
    pub sequence: u32,
    /// Of the byte that the sender expects next.
    pub acknowledgment: u32,
    /// Zero: four bits.
    pub reserved: u8,
    /// CWR: I send slower now (RFC 3168).
    pub congestion_window_reduced: bool,
    /// ECE: congestion was seen (RFC 3168).
    pub ecn_echo: bool,
    /// URG: the urgent pointer counts.
    pub urgent: bool,
    /// ACK: the acknowledgment number counts.
    pub ack: bool,
    /// PSH: give it to the program.
    pub push: bool,
    /// RST: this connection is no more.
    pub reset: bool,
    /// SYN: the connection begins.
    pub syn: bool,
    /// FIN: nothing more will be sent.
    pub fin: bool,
    /// How many bytes the sender will take, before scaling.
    pub window: u16,
    /// Of the pseudo-header, header and payload; see [`Tcp::into_packet`].
    pub checksum: u16,
    /// Where urgent data ends.
    pub urgent_pointer: u16,
    /// The options, at most 40 bytes in all.
    pub options: Vec<TcpOption>,
    /// What follows [`TcpOption::End`]. The header is filled up with zeros to a multiple of
    /// four bytes as it is encoded.
    pub padding: Vec<u8>,
}

code_points! {
    /// The kind of an option, <https://www.iana.org/assignments/tcp-parameters>.
    "TCP option", pub enum TcpOptionType: u8, unknown "option {}" {
        End = 0 => "end of options",
        Nop = 1 => "no operation",
        MaximumSegmentSize = 2 => "maximum segment size",
        WindowScale = 3 => "window scale",
        SackPermitted = 4 => "SACK permitted",
        Sack = 5 => "SACK",
        Echo = 6 => "echo",
        EchoReply = 7 => "echo reply",
        Timestamps = 8 => "timestamps",
        PartialOrderPermitted = 9 => "partial order permitted",
        PartialOrder = 10 => "partial order",
        Cc = 11 => "CC",
        CcNew = 12 => "CC.NEW",
        CcEcho = 13 => "CC.ECHO",
        AlternateChecksumRequest = 14 => "alternate checksum request",
        AlternateChecksumData = 15 => "alternate checksum data",
        Skeeter = 16 => "Skeeter",
        Bubba = 17 => "Bubba",
        TrailerChecksum = 18 => "trailer checksum",
        Md5 = 19 => "MD5 signature",
        Scps = 20 => "SCPS",
        Snack = 21 => "SNACK",
        RecordBoundaries = 22 => "record boundaries",
        CorruptionExperienced = 23 => "corruption experienced",
        Snap = 24 => "SNAP",
        CompressionFilter = 26 => "compression filter",
        QuickStart = 27 => "quick start",
        UserTimeout = 28 => "user timeout",
        Authentication = 29 => "authentication (TCP-AO)",
        Multipath = 30 => "multipath",
        FastOpen = 34 => "fast open cookie",
        Eno = 69 => "ENO",
        AccecnOrder0 = 172 => "AccECN order 0",
        AccecnOrder1 = 174 => "AccECN order 1",
        Experiment253 = 253 => "experiment 253",
        Experiment254 = 254 => "experiment 254",
    }
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TcpOption {
    /// Nothing more follows but padding.
    End,
    /// One byte to align what follows.
    #[default]
    Nop,
    /// The largest segment that the sender can take (RFC 9293 section 3.7.1).
    MaximumSegmentSize(u16),
    /// By how many bits windows are shifted (RFC 7323 section 2).
    WindowScale(u8),
    /// Selective acknowledgments are welcome (RFC 2018).
    SackPermitted,
    /// What arrived beyond a gap: first byte, and the byte after the last (RFC 2018).
    Sack(Vec<(u32, u32)>),
    /// RFC 7323 section 3.
    Timestamps {
        /// The sender's clock.
        value: u32,
        /// The clock of the other, as it was last seen.
        echo: u32,
    },
    /// A cookie for, or the wish for one (RFC 7413).
    FastOpen(Vec<u8>),
    /// Any other, or one that is not as its RFC wants it.
    Unknown {
        /// The option's number.
        kind: u8,
        /// What follows its length.
        data: Vec<u8>,
    },
}

impl Tcp {
    /// Header and payload, the checksum set to what is right between these two.
    pub fn into_packet(mut self, ends: &Ends, payload: &[u8]) -> Vec<u8> {
        self.checksum = 0;
        let whole = [self.encode(), payload.to_vec()].concat();
        self.checksum = ends.checksum(Protocol::Tcp, &whole);
        [self.encode(), payload.to_vec()].concat()
    }

    /// The flags that are set, as people write them: `SYN`, `SYN ACK`, `-` for none.
    pub fn flag_names(&self) -> String {
        let names = self.flags().into_iter().filter(|(set, _)| *set).map(|(_, name)| name);
        let text = names.collect::<Vec<_>>().join(" ");
        if text.is_empty() { "-".to_owned() } else { text }
    }

    fn flags(&self) -> [(bool, &'static str); 8] {
        [
            (self.syn, "SYN"),
            (self.fin, "FIN"),
            (self.reset, "RST"),
            (self.push, "PSH"),
            (self.ack, "ACK"),
            (self.urgent, "URG"),
            (self.ecn_echo, "ECE"),
            (self.congestion_window_reduced, "CWR"),
        ]
    }

    /// Length of header and options when written, in bytes.
    fn header_bytes(&self) -> usize {
        let mut wire = Wire::writing();
        let _ = self.clone().lay_options(&mut wire);
        let options = wire.position_bytes().next_multiple_of(4);
        (HEADER_BYTES_MIN + options).min(HEADER_BYTES_MAX)
    }

    fn lay_flags(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.bits("CWR", 1, &mut self.congestion_window_reduced)?;
        wire.bits("ECE", 1, &mut self.ecn_echo)?;
        wire.bits("URG", 1, &mut self.urgent)?;
        wire.bits("ACK", 1, &mut self.ack)?;
        wire.bits("PSH", 1, &mut self.push)?;
        wire.bits("RST", 1, &mut self.reset)?;
        wire.bits("SYN", 1, &mut self.syn)?;
        wire.bits("FIN", 1, &mut self.fin)?;
        let odd = self.syn && (self.fin || self.reset);
        let none = self.flags().iter().all(|(set, _)| !set);
        wire.here()
            .meaning(|| self.flag_names())
            .anomaly(odd, || "no stack begins and ends a connection at once")
            .anomaly(none, || "no stack sends a segment without any flag");
        Ok(())
    }

    fn lay_options(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.each_while(
            &mut self.options,
            TcpOption::default,
            |wire, option| wire.group("option", |wire| option.lay(wire)),
            |_, last| last != Some(&TcpOption::End),
        )?;
        wire.rest("padding", &mut self.padding)?
            .anomaly(self.padding.iter().any(|byte| *byte != 0), || "not zero");
        Ok(())
    }

    /// Options that cannot be told apart, kept as padding.
    fn lay_broken_options(
        &mut self,
        wire: &mut Wire<'_>,
        error: DecodeError,
    ) -> Result<(), DecodeError> {
        self.options.clear();
        wire.rest("options", &mut self.padding)?.anomaly(true, || error.to_string());
        Ok(())
    }
}

impl Layout for Tcp {
    const NAME: &'static str = "TCP";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let start = wire.position_bytes();
        lay_port(wire, "source port", &mut self.source)?;
        wire.last().anomaly(self.source == 0, || "no program has port 0");
        lay_port(wire, "destination port", &mut self.destination)?;
        wire.last().anomaly(self.destination == 0, || "no program has port 0");
        wire.u32("sequence number", &mut self.sequence)?;
        wire.u32("acknowledgment number", &mut self.acknowledgment)?;
        let mut words = if wire.is_reading() { 0 } else { (self.header_bytes() / 4) as u8 };
        wire.bits("data offset", 4, &mut words)?
            .meaning(|| format!("{} bytes", usize::from(words) * 4))
            .anomaly(words < 5, || "shorter than a header is");
        let header_bytes = usize::from(words) * 4;
        if header_bytes < HEADER_BYTES_MIN {
            return Err(wire.malformed("data offset", "below the 20 bytes of a header"));
        }
        wire.bits("reserved", 4, &mut self.reserved)?
            .anomaly(self.reserved & 0xf != 0, || "must be zero");
        wire.group("flags", |wire| self.lay_flags(wire))?;
        wire.u16("window", &mut self.window)?;
        wire.u16("checksum", &mut self.checksum)?;
        wire.u16("urgent pointer", &mut self.urgent_pointer)?;
        if header_bytes > HEADER_BYTES_MIN {
            let length = header_bytes - HEADER_BYTES_MIN;
            wire.group("options", |wire| {
                wire.region("options", length, |wire| {
                    wire.strict_or(self, Tcp::lay_options, Tcp::lay_broken_options)
                })
            })?;
        }
        wire.end_at(start + header_bytes);
        Ok(())
    }
}

impl fmt::Display for Tcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {} {}", self.source, self.destination, self.flag_names())
    }
}

impl TcpOption {
    /// Which option it is.
    pub fn kind(&self) -> TcpOptionType {
        match self {
            TcpOption::End => TcpOptionType::End,
            TcpOption::Nop => TcpOptionType::Nop,
            TcpOption::MaximumSegmentSize(_) => TcpOptionType::MaximumSegmentSize,
            TcpOption::WindowScale(_) => TcpOptionType::WindowScale,
            TcpOption::SackPermitted => TcpOptionType::SackPermitted,
            TcpOption::Sack(_) => TcpOptionType::Sack,
            TcpOption::Timestamps { .. } => TcpOptionType::Timestamps,
            TcpOption::FastOpen(_) => TcpOptionType::FastOpen,
            TcpOption::Unknown { kind, .. } => TcpOptionType::from(*kind),
        }
    }

    fn blank(kind: TcpOptionType) -> TcpOption {
        match kind {
            TcpOptionType::End => TcpOption::End,
            TcpOptionType::Nop => TcpOption::Nop,
            TcpOptionType::MaximumSegmentSize => TcpOption::MaximumSegmentSize(0),
            TcpOptionType::WindowScale => TcpOption::WindowScale(0),
            TcpOptionType::SackPermitted => TcpOption::SackPermitted,
            TcpOptionType::Sack => TcpOption::Sack(Vec::new()),
            TcpOptionType::Timestamps => TcpOption::Timestamps { value: 0, echo: 0 },
            TcpOptionType::FastOpen => TcpOption::FastOpen(Vec::new()),
            _ => TcpOption::Unknown { kind: kind.number(), data: Vec::new() },
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut kind = self.kind();
        wire.u8("kind", &mut kind)?;
        if wire.is_reading() {
            *self = TcpOption::blank(kind);
        }
        if matches!(self, TcpOption::End | TcpOption::Nop) {
            return Ok(());
        }
        wire.counted("length", 1, 2, |wire| {
            wire.strict_or(self, TcpOption::lay_data, |option, wire, error| {
                wire.here().anomaly(true, || error.to_string());
                let mut data = Vec::new();
                wire.rest("data", &mut data)?;
                *option = TcpOption::Unknown { kind: kind.number(), data };
                Ok(())
            })
        })
    }

    fn lay_data(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        match self {
            TcpOption::End | TcpOption::Nop | TcpOption::SackPermitted => Ok(()),
            TcpOption::MaximumSegmentSize(size) => {
                wire.u16("segment size", size)?.meaning(|| "bytes");
                Ok(())
            }
            TcpOption::WindowScale(shift) => {
                wire.u8("shift", shift)?
                    .meaning(|| format!("windows times {}", 1u64 << (*shift).min(14)))
                    .anomaly(*shift > 14, || "above 14 counts as 14, RFC 7323 section 2.3");
                Ok(())
            }
            TcpOption::Sack(blocks) => wire.each(blocks, |wire, (left, right)| {
                wire.u32("left edge", left)?;
                wire.u32("right edge", right)?;
                Ok(())
            }),
            TcpOption::Timestamps { value, echo } => {
                wire.u32("value", value)?;
                wire.u32("echo reply", echo)?;
                Ok(())
            }
            TcpOption::FastOpen(cookie) => wire.rest("cookie", cookie).map(drop),
            TcpOption::Unknown { data, .. } => wire.rest("data", data).map(drop),
        }
    }
}
