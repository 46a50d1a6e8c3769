//! A port that never answers, as a dead host does not.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use plumb_sys::errno::EINPROGRESS;
use socket2::{Domain, SockAddr, Socket, Type};

/// Connections that fill the queue: one more than a backlog of 0 holds, as
/// Linux counts.
const FILLERS: usize = 2;

/// A listener that accepts nothing and whose queue is full: the kernel drops
/// every further SYN.
#[derive(Debug)]
pub(super) struct Sink {
    at: SocketAddr,
    _listener: Socket,
    _fillers: Vec<Socket>,
}

impl Sink {
    pub(super) fn open() -> io::Result<Sink> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))?;
        listener.listen(0)?;
        let at = listener.local_addr()?.as_socket();
        let at = at.ok_or(io::ErrorKind::AddrNotAvailable)?;
        let mut fillers = Vec::new();
        for _ in 0..FILLERS {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            filler.set_nonblocking(true)?;
            match filler.connect(&SockAddr::from(at)) {
                Ok(()) => {}
                Err(error) if error.raw_os_error() == Some(EINPROGRESS) => {}
                Err(error) => return Err(error),
            }
            fillers.push(filler);
        }
        Ok(Sink { at, _listener: listener, _fillers: fillers })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.at
    }
}
