//! What a client and the supervisor say to each other over the control socket.
//!
//! Both ways a message is a length of four bytes (network order) and that many
//! bytes of JSON; a reply may carry file descriptors beside it.

use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use plumb_evidence::map::LabMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Denied, LabError};
use crate::faults::Hits;

/// The largest message is a map or a certificate bundle; both stay far below.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// How the supervisor is told what to build, over its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) name: String,
    pub(crate) runtime_dir: std::path::PathBuf,
    /// The topology's name and text.
    pub(crate) origin: String,
    pub(crate) topology: String,
    /// End when the connection to the starter closes.
    pub(crate) owned: bool,
    /// Faults to make before anything else happens.
    pub(crate) faults: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Descriptors and files with which to become a process of `machine`.
    Enter {
        machine: String,
    },
    Break {
        fault: String,
    },
    /// One fault, or all.
    Heal {
        fault: Option<String>,
    },
    Status,
    Map,
    /// How often each active fault was met.
    Hits,
    /// Packet sockets at the places, or everywhere when none is named.
    Capture {
        places: Vec<String>,
    },
    Down,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reply {
    /// The lab answers.
    Ready,
    Done,
    Enter(EnterReply),
    /// The faults that this changed, as they were given.
    Faults(Vec<String>),
    Status(Status),
    Map(LabMap),
    Hits(Vec<Hits>),
    /// The names of the places, in the order of the descriptors.
    Capture(Vec<String>),
    Refused(Refusal),
}

/// Descriptors: the network namespace, then the user namespace if there is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EnterReply {
    pub(crate) hostname: String,
    pub(crate) files: Vec<MachineFile>,
    pub(crate) user_namespace: bool,
}

/// One file that differs on the machine from the same file outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MachineFile {
    /// Relative to `/etc`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Only laid over a file that exists outside.
    pub(crate) only_over: bool,
}

/// What a running lab says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub name: String,
    pub topology: String,
    pub pid: u32,
    pub machines: Vec<String>,
    /// The active faults as they were given.
    pub faults: Vec<String>,
    /// The lab's root certificate, PEM.
    pub ca_pem: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refusal {
    AlreadyRunning { name: String, pid: u32 },
    Denied(Denied),
    NoMachine { lab: String, given: String, known: Vec<String> },
    Usage(String),
    Failed(String),
}

impl From<LabError> for Refusal {
    fn from(error: LabError) -> Self {
        match error {
            LabError::AlreadyRunning { name, pid } => Refusal::AlreadyRunning { name, pid },
            LabError::Denied(denied) => Refusal::Denied(denied),
            LabError::NoMachine { lab, given, known } => Refusal::NoMachine { lab, given, known },
            usage if usage.is_usage() => Refusal::Usage(usage.to_string()),
            other => Refusal::Failed(other.to_string()),
        }
    }
}

impl From<Refusal> for LabError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::AlreadyRunning { name, pid } => LabError::AlreadyRunning { name, pid },
            Refusal::Denied(denied) => LabError::Denied(denied),
            Refusal::NoMachine { lab, given, known } => LabError::NoMachine { lab, given, known },
            Refusal::Usage(message) => LabError::Usage(message),
            Refusal::Failed(message) => LabError::Supervisor(message),
        }
    }
}

/// Sends one message, with descriptors beside it.
pub(crate) fn send(
    mut stream: &UnixStream,
    message: &impl Serialize,
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|_| body.len() <= MESSAGE_BYTES_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the message is too long"))?
        .to_be_bytes();
    // The descriptors ride on the length, which the receiver reads in one piece.
    let sent = plumb_sys::fdpass::send(stream, &length, fds)?;
    stream.write_all(&length[sent..])?;
    stream.write_all(&body)
}

/// Receives one message; `None` when the other side has closed.
pub(crate) fn receive<T: DeserializeOwned>(
    mut stream: &UnixStream,
) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
    let mut length = [0; 4];
    let (mut filled, fds) = plumb_sys::fdpass::receive(stream, &mut length)?;
    if filled == 0 {
        return Ok(None);
    }
    while filled < length.len() {
        match stream.read(&mut length[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => filled += more,
        }
    }
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the message is too long"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some((serde_json::from_slice(&body)?, fds)))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_message_arrives_with_its_descriptors() {
        let (left, right) = UnixStream::pair().unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        send(&left, &Request::Break { fault: "x".repeat(100_000) }, &[far.as_fd()]).unwrap();
        drop((left, far));
        let (request, mut fds) = receive::<Request>(&right).unwrap().unwrap();
        assert!(matches!(request, Request::Break { fault } if fault.len() == 100_000));
        (&near).write_all(b"x").unwrap();
        let mut byte = [0];
        UnixStream::from(fds.remove(0)).read_exact(&mut byte).unwrap();
        assert!(receive::<Request>(&right).unwrap().is_none(), "the other side has closed");
    }

    #[test]
    fn a_message_has_a_limit() {
        // A JSON string is its letters and two quotes.
        let longest = "x".repeat(MESSAGE_BYTES_MAX - 2);
        let (left, right) = UnixStream::pair().unwrap();
        let (text, sent) = std::thread::scope(|scope| {
            let sender = scope.spawn(|| send(&left, &longest, &[]));
            (receive::<String>(&right).unwrap().unwrap().0, sender.join().unwrap())
        });
        sent.unwrap();
        assert_eq!(text, longest);
        assert!(send(&left, &format!("{longest}x"), &[]).is_err());
        let length = u32::try_from(MESSAGE_BYTES_MAX + 1).unwrap().to_be_bytes();
        (&left).write_all(&length).unwrap();
        assert!(receive::<String>(&right).is_err());
    }

    #[test]
    fn half_a_message_is_an_error() {
        for prefix in [&b"\0"[..], b"\0\0\0\x04", b"\0\0\0\x04\"a"] {
            let (left, right) = UnixStream::pair().unwrap();
            (&left).write_all(prefix).unwrap();
            drop(left);
            assert!(receive::<String>(&right).is_err(), "{prefix:?}");
        }
    }
}
