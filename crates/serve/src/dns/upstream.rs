//! One question to one server, over sockets that the caller makes.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use plumb_wire::dns::{Edns, MESSAGE_BYTES_MAX, Message, Name, Rcode, Rtype};
use tokio::net::TcpSocket;

use super::transport::{read_message, write_message};
use crate::core::{Transport, unconnected};

/// Makes sockets, in whatever network namespace the caller likes: a socket
/// belongs for ever to the one that it was made in.
#[derive(Clone)]
pub struct SocketFactory(Arc<Make>);

type Make = dyn Fn(Transport, SocketAddr) -> io::Result<(OwnedFd, SocketAddr)> + Send + Sync;

impl SocketFactory {
    /// Sockets made by `make`, non-blocking, unbound and unconnected, from which
    /// to ask a server; with the address at which the server really is, which differs
    /// where one address stands for another.
    pub fn new(
        make: impl Fn(Transport, SocketAddr) -> io::Result<(OwnedFd, SocketAddr)>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        SocketFactory(Arc::new(make))
    }

    /// Sockets of the namespace in which the process runs.
    pub fn here() -> Self {
        SocketFactory::new(|transport, server| Ok((unconnected(transport, server)?, server)))
    }

    fn make(&self, transport: Transport, server: SocketAddr) -> io::Result<(OwnedFd, SocketAddr)> {
        (self.0)(transport, server)
    }
}

impl fmt::Debug for SocketFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SocketFactory")
    }
}

/// Why a server gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// There was no answer in time.
    #[error("timed out")]
    TimedOut,
    /// The kernel or the server's host said no.
    #[error("{0}")]
    Network(String),
    /// The answer is no DNS message, or not to this question.
    #[error("answered what cannot be read")]
    Malformed,
}

impl AskError {
    fn network(error: &io::Error) -> Self {
        AskError::Network(error.to_string())
    }
}

/// Asks a name server for what it has; an answer that is cut is asked for again over TCP.
pub(super) async fn ask(
    sockets: &SocketFactory,
    server: SocketAddr,
    name: &Name,
    rtype: Rtype,
    limit: Duration,
) -> Result<Message, AskError> {
    exchange(sockets, server, name, rtype, false, limit).await
}

/// Asks the recursive resolver `server` for the answer itself, as a stub
/// resolver does; each datagram or connection is waited for up to `limit`.
///
/// # Errors
/// When no answer came that can be read.
pub async fn ask_resolver(
    sockets: &SocketFactory,
    server: SocketAddr,
    name: &Name,
    rtype: Rtype,
    limit: Duration,
) -> Result<Message, AskError> {
    exchange(sockets, server, name, rtype, true, limit).await
}

async fn exchange(
    sockets: &SocketFactory,
    server: SocketAddr,
    name: &Name,
    rtype: Rtype,
    recursion_desired: bool,
    limit: Duration,
) -> Result<Message, AskError> {
    let query = Message::query(random_id(), name.clone(), rtype, recursion_desired);
    let with_edns = query.clone().with_edns(Edns::default());
    let answer = within(limit, over_udp(sockets, server, &with_edns)).await?;
    // RFC 6891 section 7: a server that does not know EDNS says FORMERR.
    let unknown =
        answer.edns().is_none() && [Rcode::FormErr, Rcode::NotImp].contains(&answer.flags.rcode);
    let (query, answer) = match unknown {
        true => {
            let answer = within(limit, over_udp(sockets, server, &query)).await?;
            (query, answer)
        }
        false => (with_edns, answer),
    };
    match answer.flags.truncated {
        true => within(limit, over_tcp(sockets, server, &query)).await,
        false => Ok(answer),
    }
}

async fn within<T>(
    limit: Duration,
    asking: impl Future<Output = Result<T, AskError>>,
) -> Result<T, AskError> {
    tokio::time::timeout(limit, asking).await.unwrap_or(Err(AskError::TimedOut))
}

async fn over_udp(
    sockets: &SocketFactory,
    server: SocketAddr,
    query: &Message,
) -> Result<Message, AskError> {
    let socket = udp_socket(sockets, server).map_err(|error| AskError::network(&error))?;
    socket.send(&query.encode()).await.map_err(|error| AskError::network(&error))?;
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let received = socket.recv(&mut buffer).await;
        let count = received.map_err(|error| AskError::network(&error))?;
        match Message::decode(&buffer[..count]) {
            Ok(answer) if belongs(query, &answer) => return Ok(answer),
            // Somebody guesses, or an old answer comes late: the right one may still come.
            Ok(_) => {}
            Err(_) if buffer[..count].starts_with(&query.id.to_be_bytes()) => {
                return Err(AskError::Malformed);
            }
            Err(_) => {}
        }
    }
}

/// Connected, so that only this server's answers and ICMP errors come; the
/// kernel picks a random port, which whoever forges an answer has to guess
/// beside the id (RFC 5452).
fn udp_socket(sockets: &SocketFactory, server: SocketAddr) -> io::Result<tokio::net::UdpSocket> {
    let (socket, server) = sockets.make(Transport::Udp, server)?;
    let socket = UdpSocket::from(socket);
    socket.connect(server)?;
    tokio::net::UdpSocket::from_std(socket)
}

/// RFC 5452 section 9.1: the answer must repeat the id and the question.
fn belongs(query: &Message, answer: &Message) -> bool {
    answer.flags.response && answer.id == query.id && answer.questions == query.questions
}

async fn over_tcp(
    sockets: &SocketFactory,
    server: SocketAddr,
    query: &Message,
) -> Result<Message, AskError> {
    let answer = async {
        let (socket, server) = sockets.make(Transport::Tcp, server)?;
        let mut stream =
            TcpSocket::from_std_stream(TcpStream::from(socket)).connect(server).await?;
        write_message(&mut stream, &query.encode()).await?;
        read_message(&mut stream).await
    };
    let bytes = answer.await.map_err(|error| AskError::network(&error))?;
    let bytes = bytes.ok_or_else(|| AskError::Network("closed without an answer".to_owned()))?;
    match Message::decode(&bytes) {
        Ok(answer) if belongs(query, &answer) => Ok(answer),
        _ => Err(AskError::Malformed),
    }
}

fn random_id() -> u16 {
    let mut bytes = [0; 2];
    // Without randomness the id is 0, which works, only not against forgers.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    u16::from_be_bytes(bytes)
}
