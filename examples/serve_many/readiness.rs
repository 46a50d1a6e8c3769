//! One thread, many clients: `poll` says which socket has something, and each
//! client is a small state instead of a thread. This is what async runtimes do
//! below.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A client that does not read is not read from either: this bounds its queue.
const QUEUED_BYTES_MAX: usize = 64 * 1024;

struct Client {
    stream: TcpStream,
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    queued: VecDeque<u8>,
    ended: bool,
}

impl Client {
    fn interest(&self) -> PollFlags {
        let read = !self.ended && self.queued.len() + self.line.len() < QUEUED_BYTES_MAX;
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::POLLIN, read);
        interest.set(PollFlags::POLLOUT, !self.queued.is_empty());
        interest
    }

    /// Does what can be done without waiting; false when the client is done.
    fn advance(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        if self.interest().contains(PollFlags::POLLIN) {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(length) => self.line.extend(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            self.queued.extend(b"Echo: ");
            self.queued.extend(self.line.drain(..=end));
        }
        match self.stream.write(self.queued.as_slices().0) {
            Ok(written) => drop(self.queued.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let too_long = self.line.len() >= QUEUED_BYTES_MAX;
        let answered = self.ended && self.queued.is_empty();
        Ok(!too_long && !answered)
    }
}

fn main() -> io::Result<()> {
    let mut left = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(8usize);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("listening on {}", listener.local_addr()?);
    let mut clients: Vec<Client> = Vec::new();
    while left > 0 || !clients.is_empty() {
        let mut sockets: Vec<PollFd<'_>> =
            clients.iter().map(|c| PollFd::new(c.stream.as_fd(), c.interest())).collect();
        if left > 0 {
            sockets.push(PollFd::new(listener.as_fd(), PollFlags::POLLIN));
        }
        // Nothing for five seconds: all that are left are silent.
        let ready = poll(&mut sockets, PollTimeout::from(5000u16))?;
        drop(sockets);
        if ready == 0 {
            clients.clear();
        }
        clients.retain_mut(|client| client.advance().unwrap_or(false));
        while left > 0
            && let Ok((stream, _peer)) = listener.accept()
        {
            stream.set_nonblocking(true)?;
            let (line, queued) = (Vec::new(), VecDeque::new());
            clients.push(Client { stream, line, queued, ended: false });
            left -= 1;
        }
    }
    Ok(())
}
