//! One connection in hyper's hands.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;

use super::conversation::Conversation;
use super::exchange::Journal;
use super::flow::{Flow, FlowWatch};
use super::inlet::Inlet;
use super::line::Line;
use super::outlet::Outlet;
use crate::core::{Context, Io};
use crate::http::carrier::{Carrier, Cutter, HeaderWatch};
use crate::http::message::Handler;
use crate::http::web::Shared;

/// The largest header section: more than any honest client sends, and four
/// times what nginx takes by default in one line.
pub(super) const HEADER_BYTES_MAX: usize = 32 * 1024;
/// What hyper buffers of one HTTP/1 connection.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection, as RFC 9113 section 6.5.2 recommends at least.
const STREAMS_MAX: u32 = 100;
/// Streams that the peer opened and reset before they were seen; more is an
/// attack by resets.
const PENDING_RESETS_MAX: usize = 20;
/// Streams that had to be reset because the peer broke the protocol on them.
const LOCAL_ERROR_RESETS_MAX: usize = 128;
/// What may stand ready to be sent on one HTTP/2 stream.
const SEND_BUFFER_BYTES_MAX: usize = 256 * 1024;

/// Serves HTTP/1.0 and 1.1 until either side closes.
pub(in crate::http) async fn http1<S: Io, H: Handler>(
    web: &Arc<Shared<H>>,
    stream: S,
    context: Context,
) -> io::Result<()> {
    let cutter = Arc::<Cutter>::default();
    let journal = Arc::new(Journal::deferred(context.events.clone()));
    let stop = context.stop.clone();
    context.ledger.set_protocol("HTTP/1.1");
    let line = Arc::<Line>::default();
    let (ledger, events) = (Arc::clone(&context.ledger), context.events.clone());
    let inlet = Inlet::new(&context.limits, ledger, Arc::clone(&line), events);
    let outlet = stream.sends_files().then(Arc::<Outlet>::default);
    let carrier = Carrier::new(stream, Arc::clone(&cutter), Arc::clone(&journal))
        .with_inlet(inlet, Arc::clone(&line))
        .with_outlet(outlet.clone());
    let talk = Conversation::new(web, context, Arc::clone(&cutter), journal, line);
    let talk = Arc::new(talk.with_outlet(outlet));
    let respond = move |request| {
        let talk = Arc::clone(&talk);
        async move { talk.respond(request).await }
    };
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The carrier hands over only whole headers, and keeps their deadline.
        .header_read_timeout(None)
        .max_header_size(2 * HEADER_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        // A client that has sent its request may close its sending side.
        .half_close(true)
        // Bodies are handed down as they are; the outlet stands on it.
        .writev(true)
        .serve_connection(TokioIo::new(carrier), service_fn(respond));
    let mut stopping = false;
    loop {
        tokio::select! {
            result = &mut connection => return result.map_err(in_words),
            // hyper does not read while it waits for a body, so it would not notice.
            () = cutter.cancelled() => break,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    connection.into_parts().io.into_inner().close().await
}

/// Serves HTTP/2 until either side closes.
pub(in crate::http) async fn http2<S: Io, H: Handler>(
    web: &Arc<Shared<H>>,
    stream: S,
    context: Context,
) -> io::Result<()> {
    let cutter = Arc::<Cutter>::default();
    let journal = Arc::new(Journal::immediate(context.events.clone()));
    let stop = context.stop.clone();
    let header = HeaderWatch::new(Arc::clone(&context.ledger), context.limits.header);
    let carrier =
        Carrier::new(stream, Arc::clone(&cutter), Arc::clone(&journal)).with_header_watch(header);
    context.ledger.set_protocol("HTTP/2");
    let line = Arc::<Line>::default();
    let enough = line.enough.clone();
    let (ledger, limits) = (Arc::clone(&context.ledger), Arc::clone(&context.limits));
    let flow = Arc::new(Flow::new());
    let mut watch = FlowWatch::new(Arc::clone(&flow), Arc::clone(&ledger), limits);
    let talk = Conversation::new(web, context, Arc::clone(&cutter), journal, line);
    let talk = Arc::new(talk.with_flow(flow));
    let respond = move |request| {
        let talk = Arc::clone(&talk);
        async move { talk.respond(request).await }
    };
    let streams = Streams::default();
    // Whatever ends this connection ends the streams' tasks.
    let _end = streams.end.clone().drop_guard();
    let connection = http2::Builder::new(streams.clone())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX as u32)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(LOCAL_ERROR_RESETS_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(carrier), service_fn(respond));
    let mut connection = pin!(connection);
    let mut broken = pin!(watch.broken());
    let (mut stopping, mut cut, mut late) = (false, false, false);
    loop {
        tokio::select! {
            // The carrier tells hyper.
            () = cutter.cancelled(), if !cut => cut = true,
            result = connection.as_mut() => return result.map_err(in_words),
            () = streams.panicked.cancelled() => resume_unwind(streams.panic()),
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = enough.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            limit = broken.as_mut(), if !late => {
                late = true;
                // The core cuts, and says so.
                ledger.deadline(limit, Duration::ZERO);
            }
        }
    }
}

/// Runs the streams of one HTTP/2 connection, each as a task that ends with it.
#[derive(Debug, Clone, Default)]
struct Streams {
    end: CancellationToken,
    panicked: CancellationToken,
    payload: Arc<Mutex<Option<Box<dyn Any + Send>>>>,
}

impl Streams {
    fn panic(&self) -> Box<dyn Any + Send> {
        let payload = self.payload.lock().unwrap_or_else(PoisonError::into_inner).take();
        payload.unwrap_or_else(|| Box::new("a handler panicked"))
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let streams = self.clone();
        tokio::spawn(async move {
            let end = streams.end.clone();
            let task = CatchUnwind { task: Box::pin(task) };
            // A panic in one handler ends its connection, and no other.
            if let Some(Err(payload)) = end.run_until_cancelled(task).await {
                *streams.payload.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
                streams.panicked.cancel();
            }
        });
    }
}

/// A task whose panic is a value.
struct CatchUnwind<F> {
    task: Pin<Box<F>>,
}

impl<F: Future<Output = ()>> Future for CatchUnwind<F> {
    type Output = Result<(), Box<dyn Any + Send>>;

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Self::Output> {
        // The task is dropped after a panic and never polled again.
        match std::panic::catch_unwind(AssertUnwindSafe(|| self.task.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => std::task::Poll::Ready(Err(payload)),
        }
    }
}

/// What the library says in two words, with what is behind them.
fn in_words(error: hyper::Error) -> io::Error {
    use std::error::Error as _;
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let said = cause.map_or_else(|| error.to_string(), ToString::to_string);
    let kind = cause.and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let text = match kind {
        Some(io::ErrorKind::ConnectionReset) => "the client reset the connection".to_owned(),
        Some(io::ErrorKind::BrokenPipe) => {
            "the client closed the connection before the answer was sent".to_owned()
        }
        Some(io::ErrorKind::UnexpectedEof) => {
            format!("the connection ended before the exchange was over: {said}")
        }
        _ if error.is_incomplete_message() => {
            "the connection ended in the middle of a request".to_owned()
        }
        _ if error.is_parse() || cause.is_none() => error.to_string(),
        _ => format!("HTTP broke off: {said}"),
    };
    io::Error::new(kind.unwrap_or(io::ErrorKind::Other), text)
}
