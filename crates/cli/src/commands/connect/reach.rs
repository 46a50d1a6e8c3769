//! From an address to something to converse over.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_check::Family;
use plumb_evidence::observation::{ConnectAttempt, ConnectOutcome, SystemResult};
use plumb_probe::resolve::{self, SystemResolver};
use plumb_probe::{Connection, Deadline, Network, Recorder, Scope, dial};
use plumb_report::text::words;
use plumb_sys::options::SocketOptions;
use plumb_sys::udp::{self, ProbeSocket};
use plumb_sys::{errno, unix};
use tokio::net::{UdpSocket, UnixStream};

use super::secure::Secure;
use crate::args::address::{Address, Transport};
use crate::converse::datagrams::{self, is_everybody};
use crate::converse::tell::TlsRecord;
use crate::error::CommandError;

/// Whom to reach, and how.
#[derive(Debug)]
pub(super) struct Goal {
    pub(super) address: Address,
    pub(super) family: Family,
    pub(super) timeout: Duration,
    pub(super) options: SocketOptions,
    pub(super) secure: Option<Secure>,
}

/// Something to converse over.
#[derive(Debug)]
pub(super) enum Reached {
    Stream(Box<Connection>, Option<TlsRecord>),
    Unix(UnixStream),
    Datagrams(datagrams::Socket, Option<SocketAddr>),
}

/// Why there is none.
#[derive(Debug)]
pub(super) enum Unreached {
    /// The network, or the peer, said no; in words, and as a word.
    No { words: String, word: &'static str },
    /// It could not be tried.
    Error(CommandError),
}

impl Unreached {
    pub(super) fn no(word: &'static str, words: impl Into<String>) -> Unreached {
        Unreached::No { words: words.into(), word }
    }
}

impl From<CommandError> for Unreached {
    fn from(error: CommandError) -> Unreached {
        Unreached::Error(error)
    }
}

impl Goal {
    /// One attempt; a new socket for each.
    pub(super) async fn reach(&self) -> Result<Reached, Unreached> {
        let scope = self.scope();
        let (transport, host) = match &self.address {
            Address::Unix { path, datagram: false } => {
                let stream = unix::stream(path, &self.options).map_err(|e| self.failed(&e))?;
                return Ok(Reached::Unix(
                    UnixStream::from_std(stream).map_err(|e| self.failed(&e))?,
                ));
            }
            Address::Unix { path, datagram: true } => {
                let socket = unix::datagram(path, &self.options).map_err(|e| self.failed(&e))?;
                let socket = tokio::net::UnixDatagram::from_std(socket);
                let socket = socket.map_err(|error| self.failed(&error))?;
                return Ok(Reached::Datagrams(
                    datagrams::Socket::Unix { socket, answers: true },
                    None,
                ));
            }
            Address::Ip { transport, host, .. } => (*transport, host),
        };
        let deadline = Deadline::after(self.timeout);
        let addresses = self.addresses(&scope, host, deadline).await?;
        if transport == Transport::Udp {
            let Some(&first) = addresses.first() else {
                return Err(Unreached::no("no_address", format!("{host} has no address")));
            };
            return self.datagrams(first);
        }
        let connection = self.dial(&scope, &addresses, deadline).await?;
        // The walk's own default comes after the options.
        self.options.apply_after(&connection).map_err(|e| self.failed(&e))?;
        match &self.secure {
            Some(secure) => {
                let (connection, record) = secure.shake(&scope, connection, self.timeout).await?;
                Ok(Reached::Stream(Box::new(connection), record))
            }
            None => Ok(Reached::Stream(Box::new(connection), None)),
        }
    }

    fn scope(&self) -> Scope {
        let network =
            Network { family: self.family, socket: self.options.clone(), ..Network::default() };
        Scope::new(Recorder::new(), Arc::new(network))
    }

    /// The addresses in the order in which they are tried.
    async fn addresses(
        &self,
        scope: &Scope,
        host: &str,
        deadline: Deadline,
    ) -> Result<Vec<SocketAddr>, Unreached> {
        if let Some(literal) = self.address.literal()? {
            if !self.family.allows(literal.ip()) {
                let message = format!("{host} is not of the family that was asked for");
                return Err(CommandError::usage(message).into());
            }
            return Ok(vec![literal]);
        }
        let Address::Ip { port, .. } = self.address else { return Ok(Vec::new()) };
        let found = resolve::system(scope, &SystemResolver::Library, host, deadline).await;
        let addresses: Vec<IpAddr> = match found {
            SystemResult::Addresses { addresses } => addresses,
            SystemResult::Failed { eai_name, text, .. } => {
                let words = format!("{host} has no address: {text} ({eai_name})");
                return Err(Unreached::no("no_address", words));
            }
            SystemResult::TimedOut | SystemResult::Abandoned => {
                let words = format!("nobody said what the address of {host} is");
                return Err(Unreached::no("no_answer", words));
            }
        };
        let ordered = dial::order(&addresses, port, self.family);
        if ordered.is_empty() {
            return Err(Unreached::no("no_address", format!("{host} has no such address")));
        }
        Ok(ordered)
    }

    async fn dial(
        &self,
        scope: &Scope,
        addresses: &[SocketAddr],
        deadline: Deadline,
    ) -> Result<Connection, Unreached> {
        let dial = dial::connect(scope, addresses, deadline).await;
        // Addresses beside the one that answered are of no interest here.
        drop(dial.aside);
        dial.connection.ok_or_else(|| why_not(&dial.attempts, self.timeout))
    }

    fn datagrams(&self, peer: SocketAddr) -> Result<Reached, Unreached> {
        let socket = if is_everybody(peer) || self.options.broadcast == Some(true) {
            let socket = udp::open_for(peer, &self.options).map_err(|e| self.failed(&e))?;
            let socket = UdpSocket::from_std(socket).map_err(|e| self.failed(&e))?;
            datagrams::Socket::Free { socket, to: Some(peer) }
        } else {
            let probe = ProbeSocket::connect_with(peer, &self.options);
            datagrams::Socket::Connected(probe.map_err(|e| self.failed(&e))?)
        };
        Ok(Reached::Datagrams(socket, Some(peer)))
    }

    /// What the kernel said of a socket.
    fn failed(&self, error: &std::io::Error) -> Unreached {
        let address = &self.address;
        match plumb_sys::socket::errno_of(error) {
            Some(errno::ECONNREFUSED) => {
                Unreached::no("refused", format!("nobody listens on {address} (ECONNREFUSED)"))
            }
            Some(errno::ENOENT) => {
                Unreached::no("no_file", format!("there is no socket {address} (ENOENT)"))
            }
            Some(errno::EAGAIN) if matches!(address, Address::Unix { .. }) => {
                Unreached::no("queue_full", format!("the queue of {address} is full (EAGAIN)"))
            }
            Some(errno::EPROTOTYPE) => {
                let message = format!("{address} is a socket of another type (EPROTOTYPE)");
                CommandError::usage(message).hint("unix: is a stream, unixgram: datagrams").into()
            }
            Some(number @ (errno::ENETUNREACH | errno::EHOSTUNREACH)) => {
                let words =
                    format!("this host has no route to {address} ({})", errno::name(number));
                Unreached::no("no_route", words)
            }
            _ => CommandError::not_measured(error.to_string()).into(),
        }
    }
}

/// What the attempts came to: the one that says most.
fn why_not(attempts: &[ConnectAttempt], timeout: Duration) -> Unreached {
    let refused = |attempt: &&ConnectAttempt| {
        matches!(attempt.outcome, ConnectOutcome::Refused | ConnectOutcome::Failed { .. })
    };
    let telling = attempts.iter().find(refused).or_else(|| attempts.last());
    let Some(attempt) = telling else {
        return Unreached::no("no_answer", "no address was tried");
    };
    let address = attempt.address;
    match &attempt.outcome {
        ConnectOutcome::Refused => {
            let words = format!("connection to {address} refused: nobody listens there (RST)");
            Unreached::no("refused", words)
        }
        ConnectOutcome::TimedOut | ConnectOutcome::Abandoned | ConnectOutcome::Connected => {
            let time = crate::args::duration::text(timeout);
            let words = format!("connection to {address} timed out: no answer within {time}");
            Unreached::no("no_answer", words)
        }
        ConnectOutcome::Failed { errno: number, .. } => {
            let said = words::connect(&attempt.outcome, &attempt.icmp);
            let name = errno::name(*number);
            match *number {
                errno::EADDRNOTAVAIL | errno::EPERM | errno::EINVAL | errno::EADDRINUSE => {
                    let message = format!("cannot connect to {address} with these options: {name}");
                    CommandError::not_measured(message).into()
                }
                _ => Unreached::no("rejected", format!("connection to {address} failed: {said}")),
            }
        }
    }
}

/// A stop-watch for what is said of a connection.
pub(super) fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
