//! The load of echo: connections that each send a message, wait for it, and
//! send the next.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A line of 64 bytes.
pub(crate) fn message() -> [u8; 64] {
    let mut message = [b'x'; 64];
    message[63] = b'\n';
    message
}

/// Round trips in a second, over `connections` at once for `time`.
///
/// One thread that waits for whichever connection is ready: it shares the
/// processors with the server, so it does as little as can be done.
pub(crate) fn round_trips_per_second(
    address: SocketAddr,
    connections: usize,
    time: Duration,
) -> io::Result<f64> {
    let message = message();
    let mut poll = mio::Poll::new()?;
    let mut clients = Vec::with_capacity(connections);
    for number in 0..connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        poll.registry().register(&mut stream, mio::Token(number), mio::Interest::READABLE)?;
        clients.push((stream, 0));
    }
    for (stream, _) in &mut clients {
        send(stream, &message)?;
    }
    let mut events = mio::Events::with_capacity(connections);
    let (begin, mut round_trips) = (Instant::now(), 0_u64);
    while begin.elapsed() < time {
        poll.poll(&mut events, Some(Duration::from_secs(1)))?;
        for event in &events {
            let (stream, got) = &mut clients[event.token().0];
            *got += receive(stream)?;
            if *got >= message.len() {
                *got -= message.len();
                round_trips += 1;
                send(stream, &message)?;
            }
        }
    }
    Ok(round_trips as f64 / begin.elapsed().as_secs_f64())
}

/// A message fits into any buffer that is empty, as it is after its answer.
fn send(stream: &mut mio::net::TcpStream, message: &[u8]) -> io::Result<()> {
    match stream.write(message)? {
        count if count == message.len() => Ok(()),
        _ => Err(io::Error::other("a message did not fit into the socket's buffer")),
    }
}

/// Reads once. The buffer is larger than an answer, so less than that was all
/// there is; the poll tells of more.
fn receive(stream: &mut mio::net::TcpStream) -> io::Result<usize> {
    let mut space = [0; 256];
    match stream.read(&mut space) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        read => read,
    }
}

/// Connections that have each done one round trip and say nothing more.
///
/// One source address has some 28,000 ports, and a server may count
/// connections by client, so they come from several.
pub(crate) fn idle(address: SocketAddr, connections: usize) -> io::Result<Vec<TcpStream>> {
    let message = message();
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(&message)?;
        stream.read_exact(&mut [0; 64])?;
        open.push(stream);
    }
    Ok(open)
}
