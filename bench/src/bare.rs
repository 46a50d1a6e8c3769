//! The least that an echo server of one thread can do: what the machine allows,
//! beside which figures of servers can be read.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);

/// Waits, receives, sends: no limits, no framing, no log. Runs until it is
/// killed.
pub(crate) fn echo(address: SocketAddr) -> io::Result<()> {
    let mut listener = TcpListener::bind(address)?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut events = Events::with_capacity(1024);
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut streams)?;
            } else if let Some(stream) = streams.get_mut(event.token().0) {
                // Whoever ends or breaks is dropped, which closes the socket.
                if stream.as_mut().is_none_or(|stream| answer(stream).is_err()) {
                    *stream = None;
                }
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    streams: &mut Vec<Option<TcpStream>>,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nodelay(true)?;
                let token = Token(streams.len());
                poll.registry().register(&mut stream, token, Interest::READABLE)?;
                streams.push(Some(stream));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// One read: a message is smaller than the buffer, so that was all there is.
fn answer(stream: &mut TcpStream) -> io::Result<()> {
    let mut space = [0; 4096];
    match stream.read(&mut space) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(count) => stream.write_all(&space[..count]),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}
