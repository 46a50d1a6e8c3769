//! pcapng, draft-ietf-opsawg-pcapng: blocks of type, length, body, and the length again.
//!
//! ```text
//! +------------+--------------+------------------------+--------------+
//! | block type | total length | body, padded to 4      | total length |
//! | 4          | 4            |                        | 4            |
//! +------------+--------------+------------------------+--------------+
//! SHB 0x0a0d0d0a  begins a section, says the byte order
//! IDB 1           an interface: link type, name, resolution of its times
//! EPB 6           a packet: interface, time, lengths, bytes
//! DSB 10          secrets to decrypt what follows
//! ```
//!
//! The writer writes little endian, times in nanoseconds. The reader takes either order and any
//! resolution.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::LinkType;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const SECRETS: u32 = 10;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// "TLSK": a key log as NSS writes it.
const TLS_KEY_LOG: u32 = 0x544c_534b;
const OPTION_END: u16 = 0;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;
/// 10^-9 s.
const NANOSECONDS: u8 = 9;

/// The largest frame that is written or read: that of libpcap, 256 KiB, which no interface
/// exceeds.
pub const FRAME_BYTES_MAX: usize = 256 * 1024;
/// The largest block that is read: a frame with its comments, or a large key log.
pub const BLOCK_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many interfaces a section may have: a whole lab captured everywhere has less than 100.
pub const INTERFACES_MAX: usize = 4096;

/// Writes a capture.
#[derive(Debug)]
pub struct Writer<W: Write> {
    out: W,
    interfaces: u32,
}

impl<W: Write> Writer<W> {
    /// Begins the only section.
    pub fn new(out: W) -> io::Result<Writer<W>> {
        let mut writer = Writer { out, interfaces: 0 };
        let mut body = BYTE_ORDER.to_le_bytes().to_vec();
        body.extend([1, 0, 0, 0]); // version 1.0
        body.extend([0xff; 8]); // the section's length is not known beforehand
        writer.block(SECTION, &body)?;
        Ok(writer)
    }

    /// Adds an interface; its number is what [`Self::packet`] wants.
    pub fn add_interface(&mut self, name: &str, link_type: LinkType) -> io::Result<u32> {
        let mut body = link_type.number().to_le_bytes().to_vec();
        body.extend([0; 2]);
        body.extend((FRAME_BYTES_MAX as u32).to_le_bytes());
        push_option(&mut body, OPTION_NAME, name.as_bytes());
        push_option(&mut body, OPTION_RESOLUTION, &[NANOSECONDS]);
        push_option(&mut body, OPTION_END, &[]);
        self.block(INTERFACE, &body)?;
        self.interfaces += 1;
        Ok(self.interfaces - 1)
    }

    /// Adds a packet: when it was seen, in nanoseconds since 1970, the bytes of it that are
    /// there, and how long it was. A frame beyond [`FRAME_BYTES_MAX`] is cut. Fails for an
    /// interface that was not added.
    pub fn packet(
        &mut self,
        interface: u32,
        unix_ns: u64,
        frame: &[u8],
        original_len: usize,
    ) -> io::Result<()> {
        if interface >= self.interfaces {
            let message = format!("the capture has no interface {interface}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let frame = &frame[..frame.len().min(FRAME_BYTES_MAX)];
        let original_len = u32::try_from(original_len).unwrap_or(u32::MAX);
        let mut body = Vec::with_capacity(20 + frame.len());
        body.extend(interface.to_le_bytes());
        body.extend(((unix_ns >> 32) as u32).to_le_bytes());
        body.extend((unix_ns as u32).to_le_bytes());
        body.extend((frame.len() as u32).to_le_bytes());
        body.extend(original_len.to_le_bytes());
        body.extend(frame);
        self.block(ENHANCED_PACKET, &body)
    }

    /// Adds a TLS key log. Readers decrypt only what comes after it: write it before the
    /// packets of the handshake.
    pub fn tls_key_log(&mut self, key_log: &[u8]) -> io::Result<()> {
        let mut body = TLS_KEY_LOG.to_le_bytes().to_vec();
        body.extend((key_log.len() as u32).to_le_bytes());
        body.extend(key_log);
        self.block(SECRETS, &body)
    }

    /// Passes on what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Gives back what was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// One block, in one write: a reader that follows the file never sees half of one for long.
    fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let padded = body.len().next_multiple_of(4);
        let total = ((12 + padded) as u32).to_le_bytes();
        let mut block = Vec::with_capacity(12 + padded);
        block.extend(kind.to_le_bytes());
        block.extend(total);
        block.extend(body);
        block.resize(8 + padded, 0);
        block.extend(total);
        self.out.write_all(&block)
    }
}

/// An option: code, length, value padded to 4. A value beyond 65535 bytes is cut.
fn push_option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// What a capture holds, block by block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Block {
    /// A section begins; interfaces are counted anew.
    Section,
    /// An interface of the section.
    Interface(Interface),
    /// A packet.
    Packet(Packet),
    /// A key log of TLS.
    TlsKeyLog(Vec<u8>),
    /// Any other.
    Other {
        /// The block's type.
        kind: u32,
        /// What stands between its two lengths.
        body: Vec<u8>,
    },
}

/// An interface of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What its packets begin with.
    pub link_type: LinkType,
    /// How long a unit of its times is: with the top bit, 2 to the minus of the rest; without,
    /// 10 to the minus of it; in seconds.
    pub resolution: u8,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// The number of its interface.
    pub interface: u32,
    /// When it was seen, in nanoseconds since 1970; `None` in a block that has no time.
    pub unix_ns: Option<u64>,
    /// How long it was.
    pub original_len: usize,
    /// What of it is there.
    pub frame: Vec<u8>,
}

/// Why a capture cannot be read further.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file does not begin as pcapng does.
    #[error("no pcapng capture: it begins with {head:02x?}")]
    NotPcapng {
        /// The first bytes.
        head: [u8; 4],
    },
    /// A block is not what it must be.
    #[error("block {index} at byte {offset_bytes}: {problem}")]
    Malformed {
        /// Which block, counted from 0.
        index: usize,
        /// Where it begins.
        offset_bytes: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// The file could not be read.
    #[error("read block {index} of a capture")]
    Read {
        /// Which block, counted from 0.
        index: usize,
        /// Why.
        source: io::Error,
    },
}

/// Reads a capture.
#[derive(Debug)]
pub struct Reader<R: Read> {
    input: R,
    big_endian: bool,
    interfaces: Vec<Interface>,
    index: usize,
    offset_bytes: u64,
}

impl<R: Read> Reader<R> {
    /// A reader at the start of a file.
    pub fn new(input: R) -> Reader<R> {
        Reader { input, big_endian: false, interfaces: Vec::new(), index: 0, offset_bytes: 0 }
    }

    /// The interfaces of the section so far.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The next block; `None` at the end of the file. An error is final.
    #[allow(clippy::should_implement_trait)] // a Result of an Option, as a stream needs it
    pub fn next(&mut self) -> Result<Option<Block>, ReadError> {
        let mut head = [0; 8];
        let have = self.fill(&mut head)?;
        if have == 0 {
            return Ok(None);
        }
        let begins_section = head[..4] == SECTION.to_le_bytes();
        if self.index == 0 && !begins_section {
            let [a, b, c, d, ..] = head;
            return Err(ReadError::NotPcapng { head: [a, b, c, d] });
        }
        if have < head.len() {
            return Err(self.malformed("the file ends within the block"));
        }
        let body = if begins_section { self.section(head)? } else { self.body(head, &[])? };
        let kind = self.number(&head);
        let block = self.block(kind, body)?;
        self.index += 1;
        Ok(Some(block))
    }

    /// The body of a section header; the byte order comes before the length can be read.
    fn section(&mut self, head: [u8; 8]) -> Result<Vec<u8>, ReadError> {
        let mut order = [0; 4];
        if self.fill(&mut order)? < order.len() {
            return Err(self.malformed("the file ends within the block"));
        }
        self.big_endian = match u32::from_be_bytes(order) {
            BYTE_ORDER => true,
            other if other.swap_bytes() == BYTE_ORDER => false,
            _ => return Err(self.malformed("no byte-order mark")),
        };
        self.interfaces.clear();
        self.body(head, &order)
    }

    /// What stands between the two lengths, of which `begun` is read already.
    fn body(&mut self, head: [u8; 8], begun: &[u8]) -> Result<Vec<u8>, ReadError> {
        let total = self.number(&head[4..]) as usize;
        if total < 12 + begun.len() || !total.is_multiple_of(4) {
            return Err(self.malformed("a length that no block has"));
        }
        if total > BLOCK_BYTES_MAX {
            return Err(self.malformed("longer than 16 MiB"));
        }
        let mut body = vec![0; total - 8];
        body[..begun.len()].copy_from_slice(begun);
        let wanted = body.len() - begun.len();
        if self.fill(&mut body[begun.len()..])? < wanted {
            return Err(self.malformed("the file ends within the block"));
        }
        let trailer = body.split_off(total - 12);
        if self.number(&trailer) as usize != total {
            return Err(self.malformed("its two lengths differ"));
        }
        self.offset_bytes += total as u64;
        Ok(body)
    }

    fn block(&mut self, kind: u32, body: Vec<u8>) -> Result<Block, ReadError> {
        Ok(match kind {
            SECTION => Block::Section,
            INTERFACE => {
                let interface = self.interface(&body)?;
                if self.interfaces.len() >= INTERFACES_MAX {
                    return Err(self.malformed("more than 4096 interfaces"));
                }
                self.interfaces.push(interface.clone());
                Block::Interface(interface)
            }
            ENHANCED_PACKET => Block::Packet(self.enhanced_packet(&body)?),
            SIMPLE_PACKET => Block::Packet(self.simple_packet(&body)?),
            SECRETS if self.field(&body, 0) == Some(TLS_KEY_LOG) => {
                let length = self.field(&body, 4).unwrap_or(0) as usize;
                let log = body.get(8..8 + length);
                let log = log.ok_or_else(|| self.malformed("secrets that are cut off"))?;
                Block::TlsKeyLog(log.to_vec())
            }
            _ => Block::Other { kind, body },
        })
    }

    fn interface(&self, body: &[u8]) -> Result<Interface, ReadError> {
        let link_type = self.short(body).ok_or_else(|| self.malformed("no link type"))?;
        let mut interface = Interface { name: None, link_type: link_type.into(), resolution: 6 };
        let mut rest = body.get(8..).unwrap_or(&[]);
        while let (Some(code), Some(length)) = (self.short(rest), rest.get(2..4)) {
            let length = usize::from(self.short(length).unwrap_or(0));
            let Some(value) = rest.get(4..4 + length) else { break };
            match (code, value) {
                (OPTION_END, _) => break,
                (OPTION_NAME, name) => {
                    interface.name = Some(String::from_utf8_lossy(name).into_owned());
                }
                (OPTION_RESOLUTION, [resolution, ..]) => interface.resolution = *resolution,
                _ => {}
            }
            rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or(&[]);
        }
        Ok(interface)
    }

    fn enhanced_packet(&self, body: &[u8]) -> Result<Packet, ReadError> {
        let words = [0, 4, 8, 12, 16].map(|at| self.field(body, at));
        let [Some(interface), Some(high), Some(low), Some(captured), Some(original)] = words else {
            return Err(self.malformed("a packet without its five numbers"));
        };
        let Some(of) = self.interfaces.get(interface as usize) else {
            return Err(self.malformed("a packet of an interface that was not described"));
        };
        let units = u64::from(high) << 32 | u64::from(low);
        Ok(Packet {
            interface,
            unix_ns: Some(nanoseconds(units, of.resolution)),
            original_len: original as usize,
            frame: self.frame(body, 20, captured as usize)?,
        })
    }

    fn simple_packet(&self, body: &[u8]) -> Result<Packet, ReadError> {
        let original = self.field(body, 0);
        let original = original.ok_or_else(|| self.malformed("a packet without a length"))?;
        let captured = (original as usize).min(body.len() - 4);
        let frame = self.frame(body, 4, captured)?;
        Ok(Packet { interface: 0, unix_ns: None, original_len: original as usize, frame })
    }

    fn frame(&self, body: &[u8], at: usize, length: usize) -> Result<Vec<u8>, ReadError> {
        if length > FRAME_BYTES_MAX {
            return Err(self.malformed("a packet longer than 256 KiB"));
        }
        let frame = body.get(at..at + length);
        Ok(frame.ok_or_else(|| self.malformed("a packet longer than its block"))?.to_vec())
    }

    fn malformed(&self, problem: &'static str) -> ReadError {
        let (index, offset_bytes) = (self.index, self.offset_bytes);
        ReadError::Malformed { index, offset_bytes, problem }
    }

    /// Reads until `buffer` is full or the file ends; says how much came.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut have = 0;
        while have < buffer.len() {
            match self.input.read(&mut buffer[have..]) {
                Ok(0) => break,
                Ok(more) => have += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ReadError::Read { index: self.index, source }),
            }
        }
        Ok(have)
    }

    fn number(&self, bytes: &[u8]) -> u32 {
        self.field(bytes, 0).unwrap_or(0)
    }

    fn field(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = *bytes.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }

    fn short(&self, bytes: &[u8]) -> Option<u16> {
        let word = *bytes.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(word) } else { u16::from_le_bytes(word) })
    }
}

/// Units of a resolution as nanoseconds; what does not fit is the greatest that does.
fn nanoseconds(units: u64, resolution: u8) -> u64 {
    let units = u128::from(units);
    let exponent = u32::from(resolution & 0x7f);
    let total = if resolution & 0x80 != 0 {
        (units * 1_000_000_000) >> exponent.min(127)
    } else if exponent <= 9 {
        units * 10u128.pow(9 - exponent)
    } else {
        units / 10u128.pow((exponent - 9).min(38))
    };
    u64::try_from(total).unwrap_or(u64::MAX)
}
