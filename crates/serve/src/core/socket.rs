//! An accepted socket of either kind.

use std::fs::File;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use plumb_sys::options::SocketOptions;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::Endpoint;

/// The system's socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// The address that the client connected to; a wildcard socket has no one
    /// address.
    pub(super) fn local(&self) -> Option<Endpoint> {
        match self {
            Socket::Tcp(tcp) => tcp.local_addr().ok().map(Endpoint::Ip),
            Socket::Unix(_) => None,
        }
    }

    /// Sets what an accepted socket does not inherit. Fails only if the peer
    /// has left already, which reading will tell.
    pub(super) fn set_up(&self, options: &SocketOptions) {
        match self {
            Socket::Tcp(tcp) => {
                // A header and a body are written apart; Nagle would hold the
                // second back until the first is acknowledged, 40 ms later.
                if options.no_delay.is_none() {
                    let _ = tcp.set_nodelay(true);
                }
                let _ = options.apply_after(tcp);
            }
            Socket::Unix(unix) => {
                let _ = options.apply_after(unix);
            }
        }
    }

    /// Makes closing send RST instead of FIN; a Unix socket knows no reset.
    pub(super) fn reset_on_close(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(tcp) => plumb_sys::tcp::reset_on_close(tcp),
            Socket::Unix(_) => Ok(()),
        }
    }

    /// Sends a part of a file, see sendfile(2).
    pub(super) fn poll_send_file(
        &self,
        cx: &mut Context<'_>,
        file: &File,
        offset: u64,
        count: u64,
    ) -> Poll<io::Result<usize>> {
        loop {
            let sent = match self {
                Socket::Tcp(tcp) => {
                    ready!(tcp.poll_write_ready(cx))?;
                    let send = || plumb_sys::sendfile::send(tcp, file, offset, count);
                    tcp.try_io(Interest::WRITABLE, send)
                }
                Socket::Unix(unix) => {
                    ready!(unix.poll_write_ready(cx))?;
                    let send = || plumb_sys::sendfile::send(unix, file, offset, count);
                    unix.try_io(Interest::WRITABLE, send)
                }
            };
            match sent {
                // It was not ready after all; the next look registers the waker.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    /// Bytes that the peer's system has not acknowledged.
    pub(super) fn unsent_bytes(&self) -> io::Result<u32> {
        match self {
            Socket::Tcp(tcp) => plumb_sys::tcp::unsent_bytes(tcp),
            Socket::Unix(unix) => plumb_sys::tcp::unsent_bytes(unix),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Socket::Unix(unix) => Pin::new(unix).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Socket::Unix(unix) => Pin::new(unix).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Socket::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The system sends what it has by itself.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Socket::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
        }
    }
}
