//! The stream under hyper: closes gently, and can be cut on command.
//!
//! hyper closes right after its last byte. If the client has sent something
//! that was not read, the kernel then sends RST, and the client loses the
//! answer. RFC 9112 section 9.6: close the sending side, read what still
//! comes, then close.

use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use plumb_wire::http::field_section::FieldSections;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::engine::{Inlet, Journal, Line, Offence, Outlet};
use crate::core::{Cut, Io, LINGER, LINGER_BYTES_MAX, Ledger};

/// "Invalid argument": this file cannot be sent by the kernel alone.
const EINVAL: i32 = 22;
/// What is read at once of such a file.
const READ_BYTES: usize = 64 * 1024;

/// How a connection is to end before its time.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    written_bytes: AtomicU64,
    cut: CancellationToken,
    /// The same, for who only looks; who waits for it polls the carrier too.
    is_cut: AtomicBool,
    reset: AtomicBool,
    silent: AtomicBool,
    body: Mutex<Option<Waker>>,
}

impl Cutter {
    /// From now on not even a refusal is sent: the connection is closed when
    /// the time for a request is over.
    pub(super) fn say_no_more(&self) {
        self.silent.store(true, Ordering::Release);
    }

    /// Whether nothing is to be sent any more.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Acquire)
    }

    /// What hyper has handed down so far.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written_bytes.load(Ordering::Acquire)
    }

    /// Closes the connection now, with RST instead of FIN where `reset` says so.
    pub(super) fn cut(&self, reset: bool) {
        self.reset.store(reset, Ordering::Release);
        self.is_cut.store(true, Ordering::Release);
        self.cut.cancel();
    }

    /// Closes once `count` bytes were written; until then wakes `cx` after
    /// every write.
    pub(super) fn cut_when_written(&self, count: u64, cx: &Context<'_>) {
        // The waker first: a write between the two would otherwise be missed.
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        if self.written_bytes() >= count {
            self.cut(false);
        }
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn cancelled(&self) {
        self.cut.cancelled().await;
    }

    fn wrote(&self, count: usize) {
        self.written_bytes.fetch_add(count as u64, Ordering::AcqRel);
        let waker = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A stream that lingers when it is shut down.
#[derive(Debug)]
pub(super) struct Carrier<S> {
    inner: S,
    cutter: Arc<Cutter>,
    journal: Arc<Journal>,
    /// What judges the requests of HTTP/1, and what it has found.
    inlet: Option<(Inlet, Arc<Line>)>,
    /// In HTTP/2, the header that is on its way.
    header: Option<HeaderWatch>,
    /// Files that hyper has placeholders for.
    outlet: Option<Arc<Outlet>>,
    read_bytes: u64,
    at_end: bool,
    closing: Closing,
}

/// Gives the header of an HTTP/2 request its time. hyper keeps it until it is
/// whole, and has no limit of its own for that.
#[derive(Debug)]
pub(super) struct HeaderWatch {
    sections: FieldSections,
    ledger: Arc<Ledger>,
    limit: Duration,
}

impl HeaderWatch {
    pub(super) fn new(ledger: Arc<Ledger>, limit: Duration) -> Self {
        HeaderWatch { sections: FieldSections::default(), ledger, limit }
    }

    fn take(&mut self, bytes: &[u8]) {
        let before = self.sections.open();
        self.sections.take(bytes);
        match self.sections.open() {
            now if now == before => {}
            Some(_) => self.ledger.deadline(Cut::Header, self.limit),
            None => self.ledger.clear_deadline_of(Cut::Header),
        }
    }
}

/// How far the end of a connection has come.
#[derive(Debug)]
enum Closing {
    No,
    /// What is left of a refusal is written.
    Refusing(Bytes),
    /// The sending side is shut down.
    ShuttingDown,
    /// What the client still sends is read away.
    Lingering {
        until: Option<Pin<Box<Sleep>>>,
        bytes_max: u64,
    },
}

impl<S: Io> Carrier<S> {
    pub(super) fn new(inner: S, cutter: Arc<Cutter>, journal: Arc<Journal>) -> Self {
        Carrier {
            inner,
            cutter,
            journal,
            inlet: None,
            header: None,
            outlet: None,
            read_bytes: 0,
            at_end: false,
            closing: Closing::No,
        }
    }

    /// Judges what comes.
    pub(super) fn with_inlet(self, inlet: Inlet, line: Arc<Line>) -> Self {
        Carrier { inlet: Some((inlet, line)), ..self }
    }

    /// Gives headers of HTTP/2 their time.
    pub(super) fn with_header_watch(self, header: HeaderWatch) -> Self {
        Carrier { header: Some(header), ..self }
    }

    /// Sends files in place of their placeholders.
    pub(super) fn with_outlet(self, outlet: Option<Arc<Outlet>>) -> Self {
        Carrier { outlet, ..self }
    }

    /// Sends what a placeholder of so many bytes stands for.
    fn poll_send_file(
        &mut self,
        cx: &mut Context<'_>,
        outlet: &Outlet,
        bytes: usize,
    ) -> Poll<io::Result<usize>> {
        let part = outlet.first(bytes)?;
        let (file, offset) = (&part.file, part.offset);
        let count = match ready!(self.inner.poll_send_file(cx, file, offset, bytes as u64)) {
            // Some file systems cannot; then it is read.
            Err(error) if error.raw_os_error() == Some(EINVAL) => {
                let mut space = vec![0; bytes.min(READ_BYTES)];
                let count = file.read_at(&mut space, offset)?;
                match count {
                    0 => 0,
                    count => ready!(Pin::new(&mut self.inner).poll_write(cx, &space[..count]))?,
                }
            }
            count => count?,
        };
        if count == 0 {
            // The file became shorter: a cut body, and not a wrong one.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        outlet.sent(count);
        Poll::Ready(Ok(count))
    }

    /// Closes as the cutter wants it.
    pub(super) async fn close(mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_cut(cx)).await
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cutter.reset.load(Ordering::Acquire) {
            self.inner.reset_on_close()?;
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        self.poll_close(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.closing = match &mut self.closing {
                Closing::No => {
                    let violation =
                        self.inlet.as_ref().and_then(|(_, line)| line.take_unanswered());
                    // Who was too slow is not waited for once more.
                    self.at_end |= violation.is_some_and(|found| found.what == Offence::TooSlow);
                    Closing::Refusing(
                        violation.map(|found| self.journal.refuse(found)).unwrap_or_default(),
                    )
                }
                Closing::Refusing(rest) if rest.is_empty() => {
                    self.journal.flushed();
                    Closing::ShuttingDown
                }
                Closing::Refusing(rest) => {
                    let count = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
                    rest.advance(count);
                    continue;
                }
                Closing::ShuttingDown => {
                    ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
                    Closing::Lingering {
                        until: None,
                        bytes_max: self.read_bytes + LINGER_BYTES_MAX,
                    }
                }
                Closing::Lingering { until, bytes_max } => {
                    let mut space = [0; 4096];
                    while !self.at_end && self.read_bytes < *bytes_max {
                        let mut buffer = ReadBuf::new(&mut space);
                        let read = Pin::new(&mut self.inner).poll_read(cx, &mut buffer);
                        let Poll::Ready(read) = read else {
                            let new = || Box::pin(tokio::time::sleep(LINGER));
                            ready!(until.get_or_insert_with(new).as_mut().poll(cx));
                            break;
                        };
                        self.read_bytes += buffer.filled().len() as u64;
                        self.at_end = read.is_err() || buffer.filled().is_empty();
                    }
                    return Poll::Ready(Ok(()));
                }
            };
        }
    }
}

impl<S: Io> AsyncRead for Carrier<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.cutter.is_cut.load(Ordering::Acquire) {
            // hyper is told that the client is gone, and lets go of the connection.
            return this.poll_cut(cx);
        }
        let before = buffer.filled().len();
        let had_room = buffer.remaining() > 0;
        ready!(match &mut this.inlet {
            Some((inlet, _)) => inlet.poll_read(&mut this.inner, cx, buffer),
            None => Pin::new(&mut this.inner).poll_read(cx, buffer),
        })?;
        let count = buffer.filled().len() - before;
        if let Some(header) = &mut this.header {
            header.take(&buffer.filled()[before..]);
        }
        this.read_bytes += count as u64;
        let violated = this.inlet.as_ref().is_some_and(|(_, line)| line.is_violated());
        this.at_end = had_room && count == 0 && !violated;
        Poll::Ready(Ok(()))
    }
}

impl<S: Io> AsyncWrite for Carrier<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // One way for both, so that no placeholder leaves as it is.
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let count = match this.outlet.clone() {
            None => ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, parts))?,
            Some(outlet) => {
                let parts_before = parts.iter().position(|part| Outlet::is_placeholder(part));
                match parts_before {
                    Some(0) => ready!(this.poll_send_file(cx, &outlet, parts[0].len()))?,
                    before => {
                        let plain = &parts[..before.unwrap_or(parts.len())];
                        ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, plain))?
                    }
                }
            }
        };
        this.cutter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        if let Some(outlet) = &self.outlet {
            outlet.flushed()?;
        }
        self.journal.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_close(cx)
    }
}
