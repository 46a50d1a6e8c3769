//! Domain names, RFC 1035 sections 2.3 and 3.1: labels, notation, order, compression.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::code::serde_as_text;
use crate::layout::DecodeError;
use crate::wire::Wire;

/// RFC 1035 section 2.3.4: a label is 63 octets or less, as two bits of its length byte are
/// taken.
pub const LABEL_BYTES_MAX: usize = 63;
/// RFC 1035 section 2.3.4: a name is 255 octets or less, length bytes and root included.
pub const NAME_BYTES_MAX: usize = 255;
/// A name of 255 bytes has at most 127 labels, and each may end in a pointer; more are a message
/// that wants to cost time.
const POINTERS_MAX: usize = 127;
/// RFC 1035 section 4.1.4: a pointer has 14 bits.
const POINTER_MAX: usize = 0x3fff;

/// A domain name, always absolute. Compared without regard to case (RFC 4343), which it keeps.
///
/// Written without the trailing dot, the root as `.`; dots and backslashes within a label as
/// `\.` and `\\`, other bytes that do not print as `\DDD` (RFC 1035 section 5.1).
#[derive(Clone)]
pub struct Name {
    /// The labels, each after its length byte, and the root's 0; never longer than
    /// [`NAME_BYTES_MAX`].
    wire: Vec<u8>,
}

/// A text that is no domain name, and where it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a domain name: {problem} (at position {})", offset_bytes + 1)]
pub struct NameError {
    /// The text as it was given.
    pub text: String,
    /// Bytes from the start of the text to the place of the problem.
    pub offset_bytes: usize,
    /// What is wrong there.
    pub problem: NameProblem,
}

/// What can be wrong with a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// Nothing was given.
    #[error("it is empty (the root is written \".\")")]
    Empty,
    /// Two dots with nothing between them.
    #[error("an empty label")]
    EmptyLabel,
    /// A label of more than [`LABEL_BYTES_MAX`] bytes.
    #[error("a label longer than 63 bytes")]
    LabelTooLong,
    /// More than [`NAME_BYTES_MAX`] bytes in all.
    #[error("longer than 255 bytes")]
    TooLong,
    /// A backslash that is followed by neither a character nor `DDD`, 000 to 255.
    #[error("a broken \\ escape")]
    BadEscape,
    /// A blank or a control character.
    #[error("a blank or control character")]
    NotPrintable,
    /// A character outside ASCII: such names travel in their `xn--` form (RFC 5890).
    #[error("a character outside ASCII (write the xn-- form)")]
    NotAscii,
}

impl Name {
    /// The root, `.`.
    pub fn root() -> Name {
        Name { wire: vec![0] }
    }

    /// The name of these labels, leftmost first.
    pub fn from_labels<L: AsRef<[u8]>>(
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Name, NameProblem> {
        let mut wire = Vec::new();
        for label in labels {
            push_label(&mut wire, label.as_ref())?;
        }
        if wire.len() + 1 > NAME_BYTES_MAX {
            return Err(NameProblem::TooLong);
        }
        wire.push(0);
        Ok(Name { wire })
    }

    /// The labels, leftmost first, the root's not among them.
    pub fn labels(&self) -> Labels<'_> {
        Labels { wire: &self.wire }
    }

    /// How many labels there are; 0 for the root.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// True for `.`.
    pub fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    /// The name without its leftmost label; `None` for the root.
    pub fn parent(&self) -> Option<Name> {
        let first = usize::from(*self.wire.first()?);
        (first > 0).then(|| Name { wire: self.wire[first + 1..].to_vec() })
    }

    /// True for `ancestor` itself and for every name below it.
    pub fn is_within(&self, ancestor: &Name) -> bool {
        let (own, other) = (self.label_count(), ancestor.label_count());
        own >= other
            && self
                .labels()
                .skip(own - other)
                .zip(ancestor.labels())
                .all(|(a, b)| a.eq_ignore_ascii_case(b))
    }

    /// This name with one more label to its left.
    pub fn child(&self, label: impl AsRef<[u8]>) -> Result<Name, NameProblem> {
        Name::from_labels(std::iter::once(label.as_ref()).chain(self.labels()))
    }

    /// The name in lower case, the canonical form of RFC 4034 section 6.2.
    pub fn to_lowercase(&self) -> Name {
        // Length bytes are at most 63, which is below 'A'.
        Name { wire: self.wire.to_ascii_lowercase() }
    }

    /// The uncompressed wire form, the root's 0 included.
    pub fn as_wire(&self) -> &[u8] {
        &self.wire
    }

    /// The name under `in-addr.arpa` (RFC 1035 section 3.5) or `ip6.arpa` (RFC 3596 section
    /// 2.5) that stands for an address.
    pub fn reverse_of(address: std::net::IpAddr) -> Name {
        let text = match address {
            std::net::IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            std::net::IpAddr::V6(address) => {
                let nibbles = address.octets().into_iter().rev();
                let digits = nibbles.map(|octet| format!("{:x}.{:x}.", octet & 15, octet >> 4));
                digits.collect::<String>() + "ip6.arpa"
            }
        };
        text.parse().unwrap_or_default()
    }
}

/// The labels of a name, see [`Name::labels`].
#[derive(Debug, Clone)]
pub struct Labels<'a> {
    wire: &'a [u8],
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.wire.split_first()?;
        if length == 0 {
            return None;
        }
        let (label, rest) = rest.split_at(usize::from(length));
        self.wire = rest;
        Some(label)
    }
}

fn push_label(wire: &mut Vec<u8>, label: &[u8]) -> Result<(), NameProblem> {
    match label.len() {
        0 => return Err(NameProblem::EmptyLabel),
        1..=LABEL_BYTES_MAX => wire.push(label.len() as u8),
        _ => return Err(NameProblem::LabelTooLong),
    }
    wire.extend_from_slice(label);
    Ok(())
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        let error = |offset_bytes: usize, problem| NameError {
            text: text.to_owned(),
            offset_bytes,
            problem,
        };
        match text {
            "" => return Err(error(0, NameProblem::Empty)),
            "." => return Ok(Name::root()),
            _ => {}
        }
        let (mut wire, mut label, mut label_at) = (Vec::new(), Vec::new(), 0);
        let mut rest = text.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            let at = text.len() - rest.len();
            rest = after;
            match first {
                b'.' => {
                    push_label(&mut wire, &label).map_err(|p| error(label_at, p))?;
                    label.clear();
                    label_at = at + 1;
                }
                b'\\' => {
                    let (byte, used) =
                        unescape(rest).ok_or_else(|| error(at, NameProblem::BadEscape))?;
                    label.push(byte);
                    rest = &rest[used..];
                }
                0x21..=0x7e => label.push(first),
                0x80.. => return Err(error(at, NameProblem::NotAscii)),
                _ => return Err(error(at, NameProblem::NotPrintable)),
            }
        }
        if label_at < text.len() {
            push_label(&mut wire, &label).map_err(|p| error(label_at, p))?;
        }
        wire.push(0);
        if wire.len() > NAME_BYTES_MAX {
            return Err(error(label_at.min(text.len() - 1), NameProblem::TooLong));
        }
        Ok(Name { wire })
    }
}

/// The byte that an escape stands for, and how many bytes followed the backslash.
fn unescape(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [a, b, c, ..] if a.is_ascii_digit() => {
            let digits = [a, b, c].map(|digit| char::from(*digit).to_digit(10));
            let [Some(a), Some(b), Some(c)] = digits else { return None };
            u8::try_from(a * 100 + b * 10 + c).ok().map(|byte| (byte, 3))
        }
        [plain, ..] if plain.is_ascii_graphic() && !plain.is_ascii_digit() => Some((*plain, 1)),
        _ => None,
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.pad(".");
        }
        let mut text = String::with_capacity(self.wire.len());
        for (index, label) in self.labels().enumerate() {
            if index > 0 {
                text.push('.');
            }
            for &byte in label {
                match byte {
                    b'.' | b'\\' => text.extend(['\\', char::from(byte)]),
                    0x21..=0x7e => text.push(char::from(byte)),
                    _ => text.push_str(&format!("\\{byte:03}")),
                }
            }
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

impl Default for Name {
    fn default() -> Name {
        Name::root()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in &self.wire {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl Ord for Name {
    /// The canonical order of RFC 4034 section 6.1: by label from the right, a name before
    /// those below it.
    fn cmp(&self, other: &Name) -> Ordering {
        let reversed = |name: &Name| -> Vec<Vec<u8>> {
            let mut labels: Vec<_> = name.labels().map(<[u8]>::to_ascii_lowercase).collect();
            labels.reverse();
            labels
        };
        reversed(self).cmp(&reversed(other))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

serde_as_text!(Name);

/// What the names of one message share: where it begins, and which names were written already.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Where the message begins in the buffer; pointers count from here.
    pub(crate) origin_bytes: usize,
    /// Where a name (in wire form, case kept) was written, counted from the origin.
    written: HashMap<Vec<u8>, usize>,
}

impl Names {
    /// The names of a message that begins where `wire` stands.
    pub(crate) fn starting_at(wire: &Wire<'_>) -> Names {
        Names { origin_bytes: wire.position_bytes(), written: HashMap::new() }
    }

    /// A name that may be written as a pointer to an earlier one (RFC 1035 section 4.1.4; RFC
    /// 3597 section 4 says in which places).
    pub(crate) fn lay(
        &mut self,
        wire: &mut Wire<'_>,
        field: &'static str,
        name: &mut Name,
    ) -> Result<(), DecodeError> {
        if wire.is_reading() {
            return self.read(wire, field, name);
        }
        let mut at = 0;
        while name.wire[at] != 0 {
            let suffix = &name.wire[at..];
            if let Some(&target) = self.written.get(suffix) {
                wire.put(&(0xc000 | target as u16).to_be_bytes());
                return Ok(());
            }
            let here = wire.position_bytes() - self.origin_bytes;
            if here <= POINTER_MAX {
                self.written.insert(suffix.to_vec(), here);
            }
            let label_end = at + 1 + usize::from(name.wire[at]);
            wire.put(&name.wire[at..label_end]);
            at = label_end;
        }
        wire.put(&[0]);
        Ok(())
    }

    /// A name that is never written as a pointer, although one is read.
    pub(crate) fn lay_uncompressed(
        &mut self,
        wire: &mut Wire<'_>,
        field: &'static str,
        name: &mut Name,
    ) -> Result<(), DecodeError> {
        if wire.is_reading() {
            return self.read(wire, field, name);
        }
        wire.put(&name.wire);
        Ok(())
    }

    fn read(
        &self,
        wire: &mut Wire<'_>,
        field: &'static str,
        name: &mut Name,
    ) -> Result<(), DecodeError> {
        let start = wire.position_bytes();
        let end = start + wire.remaining_bytes();
        let message = wire.buffer().get(self.origin_bytes..end).unwrap_or(&[]);
        let read = read_name(message, start - self.origin_bytes);
        let (found, used_bytes) = read.map_err(|problem| wire.malformed(field, problem))?;
        let mark = wire.consumed(field, used_bytes, || found.to_string())?;
        let own_bytes = found.wire.len();
        mark.meaning_if(used_bytes != own_bytes, || "compressed, RFC 1035 section 4.1.4");
        *name = found;
        Ok(())
    }
}

/// Reads the name at `start` of `message`, following pointers; also says how many bytes it
/// takes where it stands.
///
/// Each pointer must go to before the place where the labels that it ends began. That is what
/// "a prior occurrence" means, and it makes every chain end.
fn read_name(message: &[u8], start: usize) -> Result<(Name, usize), &'static str> {
    let (mut at, mut run_start) = (start, start);
    let mut used_bytes = None;
    let mut pointers = 0;
    let mut wire = Vec::new();
    loop {
        let length = *message.get(at).ok_or("the name is cut off")?;
        match length >> 6 {
            0b00 => {
                let label_end = at + 1 + usize::from(length);
                let label = message.get(at..label_end).ok_or("the name is cut off")?;
                wire.extend_from_slice(label);
                if wire.len() > NAME_BYTES_MAX {
                    return Err("the name is longer than 255 bytes");
                }
                at = label_end;
                if length == 0 {
                    let used = used_bytes.unwrap_or_else(|| at - start);
                    return Ok((Name { wire }, used));
                }
            }
            0b11 => {
                let low = *message.get(at + 1).ok_or("the name is cut off")?;
                let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                used_bytes.get_or_insert_with(|| at + 2 - start);
                if target >= run_start {
                    return Err("a compression pointer that does not point backwards");
                }
                pointers += 1;
                if pointers > POINTERS_MAX {
                    return Err("a chain of more than 127 compression pointers");
                }
                (at, run_start) = (target, target);
            }
            _ => return Err("a label type that is not in use (RFC 6891 section 5)"),
        }
    }
}
