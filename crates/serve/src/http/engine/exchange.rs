//! The record of a request, made when the last byte of its answer has left.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use hyper::body::{Body, Frame, SizeHint};

use super::flow;
use super::line::Violation;
use super::outlet::{Outlet, PART_BYTES_MAX, Part};
use super::refusal::refusal_bytes;
use crate::core::{EventKind, Events, HttpExchange, Working, nanoseconds};
use crate::http::message::ResponseBody;

/// Takes the exchanges of one connection, and tells of each when it is over.
#[derive(Debug)]
pub(in crate::http) struct Journal {
    events: Events,
    /// In HTTP/1, what the handler has given is over when the connection has
    /// written it; in HTTP/2 the connection does not say what is whose.
    deferred: bool,
    waits: AtomicBool,
    waiting: Mutex<Vec<Exchange>>,
}

/// A request whose answer is on its way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) began: Instant,
    pub(super) record: Box<HttpExchange>,
    /// While an answer is on its way, a silence of the client is no idleness.
    pub(super) working: Option<Working>,
    /// In HTTP/2, its stream.
    pub(super) stream: Option<flow::Stream>,
}

impl Journal {
    /// For HTTP/1: an exchange is over when the connection has been flushed.
    pub(super) fn deferred(events: Events) -> Self {
        Journal { events, deferred: true, waits: AtomicBool::new(false), waiting: Mutex::default() }
    }

    /// For HTTP/2: an exchange is over when its body has been handed down.
    pub(super) fn immediate(events: Events) -> Self {
        let (waits, waiting) = (AtomicBool::new(false), Mutex::default());
        Journal { events, deferred: false, waits, waiting }
    }

    /// The whole answer was handed down.
    fn close(&self, exchange: Exchange) {
        if self.deferred {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
            self.waits.store(true, Ordering::Release);
        } else {
            self.tell(exchange);
        }
    }

    /// Everything that was handed down has been written, or never will be.
    pub(in crate::http) fn flushed(&self) {
        if self.waits.swap(false, Ordering::AcqRel) {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            for exchange in waiting.drain(..) {
                self.tell(exchange);
            }
        }
    }

    /// The answer to a violation, which is told of as any other.
    pub(in crate::http) fn refuse(&self, violation: &Violation) -> Bytes {
        let status = violation.what.status();
        let why = violation.what.words();
        self.close(Exchange {
            began: Instant::now(),
            record: Box::new(HttpExchange {
                version: "HTTP/1.1".into(),
                status: status.as_u16(),
                number: violation.request,
                response_body_bytes: why.len() as u64 + 1,
                ..HttpExchange::default()
            }),
            working: None,
            stream: None,
        });
        refusal_bytes(status, &why, None)
    }

    fn tell(&self, exchange: Exchange) {
        let Exchange { began, mut record, working, stream } = exchange;
        record.duration_ns = nanoseconds(began.elapsed());
        self.events.emit(EventKind::HttpRequest(record));
        drop((working, stream));
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.flushed();
    }
}

/// The body of a response, counted while it leaves.
#[derive(Debug)]
pub(super) struct Sent {
    body: ResponseBody,
    exchange: Option<Exchange>,
    journal: Arc<Journal>,
    /// Where a large file goes, on a connection that can send it.
    outlet: Option<Arc<Outlet>>,
}

impl Sent {
    pub(super) fn new(
        parts: &http::response::Parts,
        body: ResponseBody,
        mut exchange: Exchange,
        journal: Arc<Journal>,
        outlet: Option<&Arc<Outlet>>,
    ) -> Self {
        exchange.record.status = parts.status.as_u16();
        exchange.record.content_type =
            parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        if !body.is_end_stream()
            && let Some(stream) = &mut exchange.stream
        {
            stream.waits();
        }
        let outlet = outlet.filter(|_| Outlet::takes(body.file_bytes())).map(Arc::clone);
        Sent { body, exchange: Some(exchange), journal, outlet }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        // Somebody asks for more: what there was has been taken.
        if let Some(stream) = this.exchange.as_mut().and_then(|one| one.stream.as_mut()) {
            stream.moves();
        }
        let lent = this.outlet.as_ref().and_then(|outlet| {
            let (file, offset, end) = this.body.take_file(PART_BYTES_MAX as u64)?;
            Some(outlet.put(Part { file, offset, end }))
        });
        let poll = match lent {
            Some(placeholder) => Poll::Ready(Some(Ok(Frame::data(placeholder)))),
            None => Pin::new(&mut this.body).poll_frame(cx),
        };
        if let Poll::Ready(Some(Ok(frame))) = &poll
            && let Some(data) = frame.data_ref()
            && let Some(exchange) = &mut this.exchange
        {
            exchange.record.response_body_bytes += data.len() as u64;
            if let Some(stream) = &mut exchange.stream {
                stream.waits();
            }
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            self.journal.close(exchange);
        }
    }
}
