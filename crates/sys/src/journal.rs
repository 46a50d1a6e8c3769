//! systemd's journal: its native protocol, one datagram per entry.
//!
//! As systemd's page "Native Journal Protocol" has it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::socket::Context;

/// Where the journal listens.
pub const SOCKET: &str = "/run/systemd/journal/socket";

/// Largest entry that is sent; Linux's default send buffer takes it, so that
/// no memory file has to carry it.
pub const ENTRY_MAX_BYTES: usize = 128 << 10;

/// Longest field name that the journal takes.
const NAME_MAX_BYTES: usize = 64;

/// One entry: fields in order, of which a name may stand more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    bytes: Vec<u8>,
}

impl Entry {
    /// Without fields.
    pub fn new() -> Entry {
        Entry::default()
    }

    /// Adds a field. A name that the journal would drop (it wants capital
    /// letters, digits and `_`, not first) is left out, and so is a field with
    /// which the entry would be larger than [`ENTRY_MAX_BYTES`].
    #[must_use]
    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Entry {
        let value = value.as_ref();
        let overhead = size_of::<u64>() + 2;
        if !is_name(name)
            || self.bytes.len() + name.len() + value.len() + overhead > ENTRY_MAX_BYTES
        {
            return self;
        }
        self.bytes.extend(name.as_bytes());
        if value.contains(&b'\n') {
            self.bytes.push(b'\n');
            self.bytes.extend((value.len() as u64).to_le_bytes());
        } else {
            self.bytes.push(b'=');
        }
        self.bytes.extend(value);
        self.bytes.push(b'\n');
        self
    }

    /// As it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty()
        && name.len() <= NAME_MAX_BYTES
        && name.bytes().all(allowed)
        && !name.starts_with(|c: char| c == '_' || c.is_ascii_digit())
}

/// A connection to the journal.
#[derive(Debug)]
pub struct Journal {
    socket: UnixDatagram,
}

impl Journal {
    /// Connects to the journal's socket, [`SOCKET`] on most systems.
    pub fn open(socket: &Path) -> io::Result<Journal> {
        let connected = UnixDatagram::unbound().and_then(|fresh| {
            fresh.set_nonblocking(true)?;
            fresh.connect(socket)?;
            Ok(fresh)
        });
        let socket = connected.context("connect to the journal at", socket.display())?;
        Ok(Journal { socket })
    }

    /// Sends an entry, without waiting.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] where the journal does not keep up.
    pub fn send(&self, entry: &Entry) -> io::Result<()> {
        self.socket.send(&entry.bytes).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_lines_and_a_value_of_several_lines_has_its_length() {
        let entry = Entry::new()
            .field("MESSAGE", "one")
            .field("lower", "dropped")
            .field("_TRUSTED", "dropped")
            .field("TEXT", "a\nb")
            .field("EMPTY", "");
        assert_eq!(entry.as_bytes(), b"MESSAGE=one\nTEXT\n\x03\0\0\0\0\0\0\0a\nb\nEMPTY=\n");
    }

    #[test]
    fn an_entry_at_the_limit_and_one_past_it() {
        let room = ENTRY_MAX_BYTES - "A".len() - size_of::<u64>() - 2;
        assert!(!Entry::new().field("A", vec![b'x'; room]).as_bytes().is_empty());
        assert!(Entry::new().field("A", vec![b'x'; room + 1]).as_bytes().is_empty());
    }

    #[test]
    fn an_entry_arrives_whole() {
        let path = std::env::temp_dir().join(format!("plumb-journal-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let receiver = UnixDatagram::bind(&path).expect("bound");
        let journal = Journal::open(&path).expect("connected");
        let entry = Entry::new().field("MESSAGE", vec![b'x'; 100_000]);
        journal.send(&entry).expect("sent");
        let mut buffer = vec![0; ENTRY_MAX_BYTES];
        let size = receiver.recv(&mut buffer).expect("received");
        assert_eq!(&buffer[..size], entry.as_bytes());
        std::fs::remove_file(&path).expect("removed");
        assert!(Journal::open(&path).is_err());
    }
}
