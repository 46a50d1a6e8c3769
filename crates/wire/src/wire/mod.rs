//! Where a format is laid: the one walk that reads, records and writes.

mod parts;

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::code::Code;
use crate::field::{Field, Value};
use crate::layout::{DecodeError, Problem};

/// Where a [`Layout`](crate::Layout) reads from, or writes to.
#[derive(Debug)]
pub struct Wire<'a> {
    side: Side<'a>,
    /// Bits from the start of the buffer.
    position: usize,
    /// Where reading must stop, in bits.
    limit: usize,
    /// The groups that are open, outermost first; empty when nothing is recorded.
    open: Vec<Field>,
}

#[derive(Debug)]
enum Side<'a> {
    Read(&'a [u8]),
    Write(Vec<u8>),
}

/// The place of a field just laid, for what is to be said about it; costs nothing when no tree
/// is recorded.
#[derive(Debug)]
pub struct Mark<'w>(Option<&'w mut Field>);

impl Mark<'_> {
    /// Says what the value means.
    pub fn meaning<T: Into<String>>(mut self, text: impl FnOnce() -> T) -> Self {
        if let Some(field) = &mut self.0 {
            field.meaning = Some(text().into());
        }
        self
    }

    /// Says what the value means, where `holds`.
    pub fn meaning_if<T: Into<String>>(self, holds: bool, text: impl FnOnce() -> T) -> Self {
        if holds { self.meaning(text) } else { self }
    }

    /// Says what is wrong, where `wrong` holds.
    pub fn anomaly<T: Into<String>>(mut self, wrong: bool, text: impl FnOnce() -> T) -> Self {
        if let Some(field) = &mut self.0
            && wrong
        {
            field.add_anomaly(text());
        }
        self
    }
}

impl<'a> Wire<'a> {
    /// Reads from the start of `bytes`.
    pub fn reading(bytes: &'a [u8]) -> Wire<'a> {
        Wire { side: Side::Read(bytes), position: 0, limit: bytes.len() * 8, open: Vec::new() }
    }

    /// Reads `range` of `buffer` (cut to what is there) and records a tree named `name`.
    pub fn recording(buffer: &'a [u8], range: std::ops::Range<usize>, name: &str) -> Wire<'a> {
        let end = range.end.min(buffer.len());
        let start = range.start.min(end);
        Wire {
            side: Side::Read(buffer),
            position: start * 8,
            limit: end * 8,
            open: vec![Field::group(name, start * 8)],
        }
    }

    /// Writes to a buffer of its own.
    pub fn writing() -> Wire<'static> {
        Wire { side: Side::Write(Vec::new()), position: 0, limit: usize::MAX, open: Vec::new() }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.side {
            Side::Read(_) => Vec::new(),
            Side::Write(bytes) => bytes,
        }
    }

    /// What was recorded, with `error` on the group that it belongs to.
    pub fn into_tree(mut self, error: Option<DecodeError>) -> Field {
        let end = self.position;
        let mut root = self.open.pop().unwrap_or_else(|| Field::group("", 0));
        root.bit_width = end - root.bit_offset;
        if let Some(error) = error {
            root.add_anomaly(error.to_string());
        }
        root
    }

    /// True when values are being set from bytes.
    pub fn is_reading(&self) -> bool {
        matches!(self.side, Side::Read(_))
    }

    /// Bytes from the start of the buffer, a begun byte not counted.
    pub fn position_bytes(&self) -> usize {
        self.position / 8
    }

    /// Whole bytes that may still be read; 0 when writing.
    pub fn remaining_bytes(&self) -> usize {
        if self.is_reading() { (self.limit - self.position) / 8 } else { 0 }
    }

    /// The whole buffer: all that can be read, or all that was written so far.
    pub fn buffer(&self) -> &[u8] {
        match &self.side {
            Side::Read(bytes) => bytes,
            Side::Write(bytes) => bytes,
        }
    }

    /// The bytes from here to the end of the region, when reading.
    pub fn ahead(&self) -> &'a [u8] {
        match self.side {
            Side::Read(bytes) => &bytes[self.position / 8..self.limit / 8],
            Side::Write(_) => &[],
        }
    }

    /// An error about `field`, here.
    pub fn malformed(&self, field: &'static str, problem: &'static str) -> DecodeError {
        let problem = Problem::Malformed(problem);
        DecodeError { field, offset_bytes: self.position_bytes(), problem }
    }

    fn require(&self, field: &'static str, needed_bits: usize) -> Result<(), DecodeError> {
        let available_bits = self.limit.saturating_sub(self.position);
        if needed_bits <= available_bits {
            return Ok(());
        }
        let problem = Problem::Truncated { needed_bits, available_bits };
        Err(DecodeError { field, offset_bytes: self.position_bytes(), problem })
    }

    /// A field of `width` bits (at most 64), most significant bit first.
    pub fn bits<C: Code>(
        &mut self,
        name: &'static str,
        width: usize,
        value: &mut C,
    ) -> Result<Mark<'_>, DecodeError> {
        let start = self.position;
        if self.is_reading() {
            self.require(name, width)?;
        }
        match &mut self.side {
            Side::Read(bytes) => *value = C::from_bits(read_bits(bytes, start, width)),
            Side::Write(bytes) => write_bits(bytes, start, width, value.to_bits()),
        }
        self.position += width;
        let value: &C = value;
        Ok(self.record(name, start, || Value::Number(value.to_bits()), || value.meaning()))
    }

    /// A field of one byte.
    pub fn u8<C: Code>(
        &mut self,
        name: &'static str,
        value: &mut C,
    ) -> Result<Mark<'_>, DecodeError> {
        self.bits(name, 8, value)
    }

    /// A field of two bytes, big endian, as all here.
    pub fn u16<C: Code>(
        &mut self,
        name: &'static str,
        value: &mut C,
    ) -> Result<Mark<'_>, DecodeError> {
        self.bits(name, 16, value)
    }

    /// A field of four bytes.
    pub fn u32<C: Code>(
        &mut self,
        name: &'static str,
        value: &mut C,
    ) -> Result<Mark<'_>, DecodeError> {
        self.bits(name, 32, value)
    }

    /// A field of `N` bytes that are no number.
    pub fn array<const N: usize>(
        &mut self,
        name: &'static str,
        value: &mut [u8; N],
    ) -> Result<Mark<'_>, DecodeError> {
        let start = self.position;
        if let Some(bytes) = self.take(name, N)? {
            value.copy_from_slice(bytes);
        } else {
            self.put(value.as_slice());
        }
        let value: &[u8; N] = value;
        Ok(self.record(name, start, || Value::Bytes(value.to_vec()), || None))
    }

    /// An IPv4 address.
    pub fn ipv4(
        &mut self,
        name: &'static str,
        value: &mut Ipv4Addr,
    ) -> Result<Mark<'_>, DecodeError> {
        self.address(name, value, Ipv4Addr::octets)
    }

    /// An IPv6 address.
    pub fn ipv6(
        &mut self,
        name: &'static str,
        value: &mut Ipv6Addr,
    ) -> Result<Mark<'_>, DecodeError> {
        self.address(name, value, Ipv6Addr::octets)
    }

    /// A field of `N` bytes that has a type and a notation of its own.
    pub fn address<const N: usize, T: From<[u8; N]> + std::fmt::Display>(
        &mut self,
        name: &'static str,
        value: &mut T,
        octets: impl FnOnce(&T) -> [u8; N],
    ) -> Result<Mark<'_>, DecodeError> {
        let start = self.position;
        if let Some(bytes) = self.take(name, N)? {
            let mut read = [0; N];
            read.copy_from_slice(bytes);
            *value = T::from(read);
        } else {
            self.put(&octets(value));
        }
        let value: &T = value;
        Ok(self.record(name, start, || Value::Text(value.to_string()), || None))
    }

    /// A field of `length_bytes` bytes when reading; all of `value` when writing.
    pub fn bytes(
        &mut self,
        name: &'static str,
        length_bytes: usize,
        value: &mut Vec<u8>,
    ) -> Result<Mark<'_>, DecodeError> {
        let start = self.position;
        match self.take(name, length_bytes)? {
            Some(bytes) => *value = bytes.to_vec(),
            None => self.put(value),
        }
        let value: &Vec<u8> = value;
        Ok(self.record(name, start, || Value::Bytes(value.clone()), || None))
    }

    /// `length_bytes` bytes that are text where all is well; the tree shows them escaped.
    pub fn text(
        &mut self,
        name: &'static str,
        length_bytes: usize,
        value: &mut Vec<u8>,
    ) -> Result<Mark<'_>, DecodeError> {
        let start = self.position;
        match self.take(name, length_bytes)? {
            Some(bytes) => *value = bytes.to_vec(),
            None => self.put(value),
        }
        let value: &Vec<u8> = value;
        let shown = || value.escape_ascii().to_string();
        Ok(self.record(name, start, || Value::Text(shown()), || None))
    }

    /// All that is left of the region.
    pub fn rest(
        &mut self,
        name: &'static str,
        value: &mut Vec<u8>,
    ) -> Result<Mark<'_>, DecodeError> {
        self.bytes(name, self.remaining_bytes(), value)
    }

    /// Steps over `length_bytes` that the caller has read from [`Wire::ahead`], and records
    /// them with `text`.
    pub fn consumed(
        &mut self,
        name: &'static str,
        length_bytes: usize,
        text: impl FnOnce() -> String,
    ) -> Result<Mark<'_>, DecodeError> {
        let start = self.position;
        self.take(name, length_bytes)?;
        Ok(self.record(name, start, || Value::Text(text()), || None))
    }

    /// Writes bytes that no single field describes. Nothing happens when reading.
    pub fn put(&mut self, bytes: &[u8]) {
        if let Side::Write(out) = &mut self.side {
            out.extend_from_slice(bytes);
            self.position += bytes.len() * 8;
        }
    }

    /// The next bytes when reading, `None` when writing.
    fn take(
        &mut self,
        field: &'static str,
        length_bytes: usize,
    ) -> Result<Option<&'a [u8]>, DecodeError> {
        let Side::Read(bytes) = self.side else { return Ok(None) };
        self.require(field, length_bytes.saturating_mul(8))?;
        let start = self.position / 8;
        self.position += length_bytes * 8;
        Ok(Some(&bytes[start..start + length_bytes]))
    }

    /// Fields that belong together, under one name in the tree.
    pub fn group<T>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        lay: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.open.is_empty() {
            return lay(self);
        }
        self.open.push(Field::group(name.into(), self.position));
        let result = lay(self);
        self.close_group();
        result
    }

    /// After an error within a byte: what is left of it, so that every bit stands in the tree.
    pub(crate) fn finish_byte(&mut self) {
        while self.open.len() > 1 {
            self.close_group();
        }
        let start = self.position;
        if let Side::Read(bytes) = self.side
            && !start.is_multiple_of(8)
        {
            let width = 8 - start % 8;
            let bits = read_bits(bytes, start, width);
            self.position += width;
            self.record("unread bits", start, || Value::Number(bits), || None);
        }
    }

    fn close_group(&mut self) {
        if self.open.len() > 1
            && let Some(mut group) = self.open.pop()
        {
            group.bit_width = self.position - group.bit_offset;
            if let Some(parent) = self.open.last_mut() {
                parent.children.push(group);
            }
        }
    }

    /// The group that is open, for its meaning or anomaly.
    pub fn here(&mut self) -> Mark<'_> {
        Mark(self.open.last_mut())
    }

    /// The field laid last in the group that is open.
    pub fn last(&mut self) -> Mark<'_> {
        Mark(self.open.last_mut().and_then(|group| group.children.last_mut()))
    }

    fn record(
        &mut self,
        name: &'static str,
        start: usize,
        value: impl FnOnce() -> Value,
        meaning: impl FnOnce() -> Option<Cow<'static, str>>,
    ) -> Mark<'_> {
        let width = self.position - start;
        let Some(group) = self.open.last_mut() else { return Mark(None) };
        if width == 0 {
            return Mark(None);
        }
        let mut field = Field::group(name, start);
        field.bit_width = width;
        field.value = value();
        field.meaning = meaning().map(Cow::into_owned);
        group.children.push(field);
        Mark(group.children.last_mut())
    }
}

/// The `width` bits at bit `start`; the caller has checked that they are there.
fn read_bits(bytes: &[u8], start: usize, width: usize) -> u64 {
    if start.is_multiple_of(8) && width.is_multiple_of(8) {
        let octets = &bytes[start / 8..(start + width) / 8];
        return octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet));
    }
    (start..start + width)
        .fold(0, |number, bit| number << 1 | u64::from(bytes[bit / 8] >> (7 - bit % 8) & 1))
}

/// Puts the low `width` bits of `value` at bit `start`, which is where `bytes` ends so far.
fn write_bits(bytes: &mut Vec<u8>, start: usize, width: usize, value: u64) {
    if start.is_multiple_of(8) && width.is_multiple_of(8) {
        bytes.extend_from_slice(&value.to_be_bytes()[size_of::<u64>() - width / 8..]);
        return;
    }
    bytes.resize((start + width).div_ceil(8), 0);
    for index in 0..width {
        let bit = start + index;
        let set = (value >> (width - 1 - index) & 1) as u8;
        bytes[bit / 8] |= set << (7 - bit % 8);
    }
}
