//! What comes from an HTTP/1 client, judged before hyper sees it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use plumb_wire::http::framing::{FramingLimits, Piece, RequestFraming};
use tokio::io::ReadBuf;
use tokio::time::Instant;

use super::line::{Line, Offence, Violation};
use crate::core::{Cut, Events, Io, Ledger, Limits, Phase, Rule};

/// Hands over what was judged and found good: whole headers, and bodies as
/// they come. After a violation it reads as the end of the connection, once
/// everything before it has been handed over.
#[derive(Debug)]
pub(in crate::http) struct Inlet {
    framing: RequestFraming,
    /// What has come and was not handed over.
    buffer: Vec<u8>,
    /// So many of these were judged good.
    judged: usize,
    ended: bool,
    /// A violation concerned a body.
    in_body: bool,
    watch: Watch,
    line: Arc<Line>,
    events: Events,
}

impl Inlet {
    pub(in crate::http) fn new(
        limits: &Arc<Limits>,
        ledger: Arc<Ledger>,
        line: Arc<Line>,
        events: Events,
    ) -> Self {
        let framing = RequestFraming::new(FramingLimits {
            request_line_bytes_max: limits.target_bytes_max,
            header_bytes_max: limits.header_bytes_max,
            fields_max: limits.headers_max,
        });
        let watch = Watch::new(Arc::clone(limits), ledger);
        let buffer = Vec::new();
        Inlet { framing, buffer, judged: 0, ended: false, in_body: false, watch, line, events }
    }

    pub(in crate::http) fn poll_read<S: Io>(
        &mut self,
        inner: &mut S,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.judged > 0 {
                let count = self.judged.min(out.remaining());
                out.put_slice(&self.buffer[..count]);
                self.take(count);
                self.judged -= count;
                return Poll::Ready(Ok(()));
            }
            if self.ended {
                return Poll::Ready(self.after_end());
            }
            if ready!(self.poll_more(inner, cx, out))? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads and judges. Whether something was put into `out`, which is the
    /// usual way: a request that comes whole is not copied.
    fn poll_more<S: Io>(
        &mut self,
        inner: &mut S,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let before = out.filled().len();
        let result = match Pin::new(inner).poll_read(cx, out) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                self.watch.waits(&self.framing);
                return Poll::Pending;
            }
        };
        if let Err(error) = result {
            return Poll::Ready(self.failed(error).map(|()| false));
        }
        let count = out.filled().len() - before;
        self.watch.came(count);
        if count == 0 {
            self.ended = true;
        } else if self.buffer.is_empty() {
            let (good, skipped) = self.judge(&out.filled()[before..]);
            self.buffer.extend_from_slice(&out.filled()[before + good + skipped..]);
            out.set_filled(before + good);
            if skipped > 0 {
                self.judge_buffer();
            }
            return Poll::Ready(Ok(good > 0));
        } else {
            self.buffer.extend_from_slice(&out.filled()[before..]);
            out.set_filled(before);
            self.judge_buffer();
        }
        Poll::Ready(Ok(false))
    }

    fn judge_buffer(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let (good, skipped) = self.judge(&buffer);
        self.buffer = buffer;
        self.buffer.drain(good..good + skipped);
        self.judged = good;
    }

    /// How many bytes at the front are good, and how many behind these mean
    /// nothing. Behind skipped bytes the rest is to be judged anew.
    fn judge(&mut self, bytes: &[u8]) -> (usize, usize) {
        let mut good = 0;
        while !self.ended {
            let in_body = self.framing.is_in_body();
            match self.framing.next(&bytes[good..]) {
                Ok(Piece::More) => break,
                Ok(Piece::Blank(count)) => return (good, count),
                Ok(Piece::Head(count, _)) => {
                    good += count;
                    self.line.count_request();
                    self.watch.head_is_whole();
                }
                Ok(Piece::Content(count) | Piece::Framing(count)) => good += count,
                Ok(Piece::End) => {}
                Err(rule) => self.violated(Offence::Framing(rule), in_body),
            }
        }
        (good, 0)
    }

    fn violated(&mut self, what: Offence, in_body: bool) {
        (self.ended, self.in_body) = (true, in_body);
        let request = self.line.requests() + u64::from(!in_body);
        if let Offence::Framing(rule) = what {
            let broken = if rule.is_size() { Rule::HeaderSize } else { Rule::Malformed };
            let phase = if in_body { Phase::Body } else { Phase::Header };
            self.events.security(broken, phase, format!("{rule}; answered {}", rule.status()));
        }
        self.line.violated(Violation { what, request, in_body });
    }

    /// A limit of the core has passed, or the connection is broken.
    fn failed(&mut self, error: io::Error) -> io::Result<()> {
        if error.kind() != io::ErrorKind::TimedOut {
            return Err(error);
        }
        match self.framing.is_between_requests() {
            true => self.ended = true,
            false => self.violated(Offence::TooSlow, self.framing.is_in_body()),
        }
        Ok(())
    }

    /// hyper takes the end of the input for the end of the conversation, and
    /// answers what it has. Within a body it must be an error.
    fn after_end(&self) -> io::Result<()> {
        match self.in_body {
            true => Err(io::ErrorKind::InvalidData.into()),
            false => Ok(()),
        }
    }

    fn take(&mut self, count: usize) {
        if count == self.buffer.len() {
            // Given back: an idle connection keeps no space.
            self.buffer = Vec::new();
        } else {
            self.buffer.drain(..count);
        }
    }
}

/// The deadlines of what comes: a header as a whole, a body by its pace.
#[derive(Debug)]
struct Watch {
    limits: Arc<Limits>,
    ledger: Arc<Ledger>,
    head_deadline: bool,
    /// Since when the body has been waited for.
    body_waits: Option<Instant>,
    /// What of the window was spent in waiting, and what came in it. Time that
    /// the handler takes is not the client's.
    waited: Duration,
    came_bytes: u64,
}

impl Watch {
    fn new(limits: Arc<Limits>, ledger: Arc<Ledger>) -> Self {
        Watch {
            limits,
            ledger,
            head_deadline: false,
            body_waits: None,
            waited: Duration::ZERO,
            came_bytes: 0,
        }
    }

    /// Nothing is there to be read.
    fn waits(&mut self, framing: &RequestFraming) {
        if framing.is_in_head() && !self.head_deadline {
            self.head_deadline = true;
            self.ledger.deadline(Cut::Header, self.limits.header);
        } else if framing.is_in_body() && self.body_waits.is_none() {
            let pace = self.limits.body_pace;
            if pace.bytes_per_second_min > 0 {
                self.body_waits = Some(Instant::now());
                let rest = pace.window.saturating_sub(self.waited);
                self.ledger.deadline(Cut::SlowSender, rest);
            }
        }
    }

    fn came(&mut self, count: usize) {
        let Some(since) = self.body_waits.take() else { return };
        self.ledger.clear_deadline();
        self.waited += since.elapsed();
        self.came_bytes += count as u64;
        let pace = self.limits.body_pace;
        if self.came_bytes >= pace.bytes_per_window() {
            (self.waited, self.came_bytes) = (Duration::ZERO, 0);
        }
    }

    fn head_is_whole(&mut self) {
        if std::mem::take(&mut self.head_deadline) {
            self.ledger.clear_deadline();
        }
        (self.waited, self.came_bytes) = (Duration::ZERO, 0);
    }
}
