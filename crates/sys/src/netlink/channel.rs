//! The envelope of netlink (RFC 3549, netlink(7)) that rtnetlink and nf_tables
//! share: requests, acknowledgements, dumps.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use netlink_sys::{Socket, SocketAddr};

/// Longest datagram read: the kernel fills at most 32 KiB for a dump.
const RECEIVE_MAX_BYTES: usize = 64 * 1024;

/// A dump that changed while it was read is read again, this often.
const DUMP_TRIES_MAX: usize = 8;

/// Messages of one dump: a host with more routes than a full Internet table
/// (about a million) is not what plumb is for.
const DUMP_MESSAGES_MAX: usize = 1_000_000;

pub(crate) const HEADER_BYTES: usize = 16;

/// nlmsghdr flags and types, linux/netlink.h.
pub(crate) const NLM_F_REQUEST: u16 = 0x1;
pub(crate) const NLM_F_MULTI: u16 = 0x2;
pub(crate) const NLM_F_ACK: u16 = 0x4;
pub(crate) const NLM_F_DUMP_INTR: u16 = 0x10;
pub(crate) const NLM_F_DUMP: u16 = 0x300;
pub(crate) const NLM_F_REPLACE: u16 = 0x100;
pub(crate) const NLM_F_EXCL: u16 = 0x200;
pub(crate) const NLM_F_CREATE: u16 = 0x400;
pub(crate) const NLM_F_APPEND: u16 = 0x800;
const NLM_F_CAPPED: u16 = 0x100;
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLMSGERR_ATTR_MSG: u16 = 1;

/// The kernel's no, or that it could not be asked.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: io::Error,
    pub(crate) text: Option<String>,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal { error, text: None }
    }
}

impl Refusal {
    pub(crate) fn unreadable(what: impl ToString) -> Self {
        io::Error::new(io::ErrorKind::InvalidData, what.to_string()).into()
    }
}

/// One message as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) kind: u16,
    pub(crate) payload: Vec<u8>,
}

/// The kernel's word on one message of a batch.
#[derive(Debug)]
pub(crate) struct Acknowledgement {
    pub(crate) sequence: u32,
    pub(crate) result: Result<(), Refusal>,
}

#[derive(Debug)]
pub(crate) struct Channel {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl Channel {
    pub(crate) fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Both only shorten or explain answers; old kernels do without.
        let _ = socket.set_cap_ack(true);
        let _ = socket.set_ext_ack(true);
        Ok(Channel { socket, sequence: 0, buffer: Vec::with_capacity(RECEIVE_MAX_BYTES) })
    }

    pub(crate) fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// A request that is only acknowledged.
    pub(crate) fn command(&mut self, message: &[u8]) -> Result<(), Refusal> {
        self.exchange(message).map(drop)
    }

    /// A request for a list, tried again when the list changed meanwhile.
    pub(crate) fn dump(&mut self, message: &[u8]) -> Result<Vec<Reply>, Refusal> {
        for _ in 0..DUMP_TRIES_MAX {
            let (replies, interrupted) = self.exchange(message)?;
            if !interrupted {
                return Ok(replies);
            }
        }
        Err(Refusal::unreadable("the list changes faster than it can be read"))
    }

    /// Sends one message and reads until its acknowledgement or the end of its
    /// dump; also tells whether the dump was interrupted.
    pub(crate) fn exchange(&mut self, message: &[u8]) -> Result<(Vec<Reply>, bool), Refusal> {
        let wanted = sequence_of(message);
        self.send(message)?;
        let mut replies = Vec::new();
        let mut interrupted = false;
        loop {
            self.receive(0)?;
            for part in Parts(&self.buffer) {
                if part.sequence != wanted {
                    continue; // left over from a request that failed half-way
                }
                interrupted |= part.flags & NLM_F_DUMP_INTR != 0 && part.flags & NLM_F_MULTI != 0;
                match part.kind {
                    NLMSG_ERROR => return part.acknowledgement().map(|()| (replies, interrupted)),
                    NLMSG_DONE => return part.done().map(|()| (replies, interrupted)),
                    _ => replies.push(Reply { kind: part.kind, payload: part.payload.to_vec() }),
                }
                if replies.len() > DUMP_MESSAGES_MAX {
                    return Err(Refusal::unreadable("the list is longer than plumb reads"));
                }
            }
        }
    }

    /// Sends several messages as one and returns what was said to each. The
    /// kernel has worked through all of them when send() returns.
    pub(crate) fn batch(&mut self, messages: &[u8]) -> Result<Vec<Acknowledgement>, Refusal> {
        self.send(messages)?;
        let mut acknowledgements = Vec::new();
        loop {
            match self.receive(libc::MSG_DONTWAIT) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(acknowledgements);
                }
                Err(error) => return Err(error.into()),
            }
            for part in Parts(&self.buffer).filter(|part| part.kind == NLMSG_ERROR) {
                acknowledgements.push(Acknowledgement {
                    sequence: part.sequence,
                    result: part.acknowledgement(),
                });
            }
        }
    }

    fn send(&self, message: &[u8]) -> io::Result<()> {
        loop {
            match self.socket.send(message, 0) {
                Ok(size) if size == message.len() => return Ok(()),
                Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn receive(&mut self, flags: i32) -> io::Result<()> {
        loop {
            self.buffer.clear();
            match self.socket.recv(&mut self.buffer, flags) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn sequence_of(message: &[u8]) -> u32 {
    message.get(8..12).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes)
}

/// The messages of one datagram.
struct Parts<'a>(&'a [u8]);

struct Part<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    payload: &'a [u8],
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let header = self.0.get(..HEADER_BYTES)?;
        let length = u32::from_ne_bytes(header[0..4].try_into().ok()?) as usize;
        let payload = self.0.get(HEADER_BYTES..length)?;
        self.0 = self.0.get(aligned(length)..).unwrap_or_default();
        Some(Part {
            kind: u16::from_ne_bytes(header[4..6].try_into().ok()?),
            flags: u16::from_ne_bytes(header[6..8].try_into().ok()?),
            sequence: u32::from_ne_bytes(header[8..12].try_into().ok()?),
            payload,
        })
    }
}

impl Part<'_> {
    /// struct nlmsgerr: a negative errno, the header of the request, perhaps
    /// the request, then the extended acknowledgement.
    fn acknowledgement(&self) -> Result<(), Refusal> {
        let code = self.code()?;
        if code == 0 {
            return Ok(());
        }
        let echoed = if self.flags & NLM_F_CAPPED != 0 {
            HEADER_BYTES
        } else {
            let length = self.payload.get(4..8).and_then(|bytes| bytes.try_into().ok());
            aligned(length.map_or(0, u32::from_ne_bytes) as usize).max(HEADER_BYTES)
        };
        let text = (self.flags & NLM_F_ACK_TLVS != 0)
            .then(|| self.payload.get(4 + echoed..).and_then(extended_text))
            .flatten();
        Err(Refusal { error: io::Error::from_raw_os_error(-code), text })
    }

    fn done(&self) -> Result<(), Refusal> {
        match self.code().unwrap_or(0) {
            code if code < 0 => Err(io::Error::from_raw_os_error(-code).into()),
            _ => Ok(()),
        }
    }

    fn code(&self) -> Result<i32, Refusal> {
        self.payload
            .get(..4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(i32::from_ne_bytes)
            .ok_or_else(|| Refusal::unreadable("an acknowledgement without a code"))
    }
}

fn extended_text(attributes: &[u8]) -> Option<String> {
    let text = Attributes(attributes).find(|(kind, _)| *kind == NLMSGERR_ATTR_MSG)?.1;
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    Some(String::from_utf8_lossy(text).into_owned())
}

/// The attributes in a run of bytes: type without its flags, and value.
pub(crate) struct Attributes<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        const TYPE_MASK: u16 = 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        let header = self.0.get(..4)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & TYPE_MASK;
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// Netlink aligns everything to four octets.
pub(crate) const fn aligned(length: usize) -> usize {
    length.div_ceil(4) * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_messages_and_attributes_end_the_iteration() {
        let whole = [20, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        for length in 0..whole.len() {
            assert!(Parts(&whole[..length]).next().is_none(), "{length}");
        }
        let part = Parts(&whole).next().expect("one message");
        let refusal = part.acknowledgement().expect_err("errno 1");
        assert_eq!(refusal.error.raw_os_error(), Some(libc::EPERM));
        let attributes = [5, 0, 1, 0x80, 9, 0, 0, 0, 3, 0, 1, 0];
        assert_eq!(Attributes(&attributes).collect::<Vec<_>>(), [(1, &[9_u8][..])]);
    }
}
