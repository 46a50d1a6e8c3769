//! Bytes of nfnetlink messages: header, attributes, nesting. Numbers in
//! attributes are big-endian (linux/netfilter/nfnetlink.h).

use crate::netlink::channel::{HEADER_BYTES, aligned};

const NLA_F_NESTED: u16 = 0x8000;
const NFNETLINK_V0: u8 = 0;

/// One message under construction.
#[derive(Debug, Clone)]
pub(super) struct Encoder(Vec<u8>);

impl Encoder {
    /// Starts a message; length and sequence number are filled in later.
    pub(super) fn message(kind: u16, flags: u16, family: u8, resource: u16) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        bytes.extend([family, NFNETLINK_V0]);
        bytes.extend(resource.to_be_bytes());
        Encoder(bytes)
    }

    /// Only attributes, to be put into something later.
    pub(super) fn attributes() -> Self {
        Encoder(Vec::new())
    }

    /// The whole message under this sequence number.
    pub(super) fn finish(&self, sequence: u32) -> Vec<u8> {
        let mut bytes = self.0.clone();
        let length = bytes.len() as u32;
        bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        bytes
    }

    pub(super) fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.header(kind, value.len());
        self.0.extend(value);
        self.pad();
        self
    }

    pub(super) fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        self.header(kind, value.len() + 1);
        self.0.extend(value.as_bytes());
        self.0.push(0);
        self.pad();
        self
    }

    pub(super) fn u8(&mut self, kind: u16, value: u8) -> &mut Self {
        self.bytes(kind, &[value])
    }

    pub(super) fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub(super) fn u64(&mut self, kind: u16, value: u64) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    pub(super) fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Encoder)) -> &mut Self {
        let start = self.0.len();
        self.header(kind | NLA_F_NESTED, 0);
        fill(self);
        let length = (self.0.len() - start) as u16;
        self.0[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }

    /// Appends finished attributes.
    pub(super) fn append(&mut self, attributes: &Encoder) {
        self.0.extend(&attributes.0);
    }

    fn header(&mut self, kind: u16, value_length: usize) {
        let length = (value_length + 4) as u16;
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
    }

    fn pad(&mut self) {
        self.0.resize(aligned(self.0.len()), 0);
    }
}
