//! What a handler is given, and what it gives back.

use std::fs::File;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio_util::sync::CancellationToken;

use super::carrier::Cutter;
use crate::core::{Endpoint, Events, Limits};

/// Answers requests. It never sees a request whose framing or host is wrong,
/// and what it does not read of a body is read away or the connection closed.
pub trait Handler: Send + Sync + 'static {
    /// The answer to one request.
    fn handle(
        &self,
        request: Request<RequestBody>,
        about: &About,
    ) -> impl Future<Output = Response<ResponseBody>> + Send;

    /// Whether the handler lets this request in where credentials are demanded
    /// that it does not have: to a page on which to log in, or by a session
    /// that the handler keeps.
    fn lets_in(&self, _request: &Parts) -> LetsIn {
        LetsIn::WithCredentials
    }
}

/// Who comes to a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetsIn {
    /// Who has the credentials that the server demands.
    WithCredentials,
    /// Everybody.
    Everybody,
    /// This user, whom the handler knows.
    User(String),
}

impl<T: Handler> Handler for Arc<T> {
    fn handle(
        &self,
        request: Request<RequestBody>,
        about: &About,
    ) -> impl Future<Output = Response<ResponseBody>> + Send {
        T::handle(self, request, about)
    }

    fn lets_in(&self, request: &Parts) -> LetsIn {
        T::lets_in(self, request)
    }
}

/// What is known of a request beside itself.
#[derive(Debug, Clone)]
pub struct About {
    /// Who holds the other end of the connection.
    pub peer: Endpoint,
    /// The client itself: behind proxies that are believed, the one that they
    /// named.
    pub client: Option<IpAddr>,
    /// The server's end.
    pub local: Endpoint,
    /// Whether it came over TLS, here or at a proxy that is believed.
    pub secure: bool,
    /// Name or address and port as the client wrote them; empty in an HTTP/1.0
    /// request without a host.
    pub authority: String,
    /// `X-Request-ID`, taken over or made.
    pub request_id: String,
    /// Who the client proved to be.
    pub user: Option<String>,
    /// What TLS agreed on.
    pub tls: Option<Arc<crate::tls::Session>>,
    /// The limits of the server.
    pub limits: Arc<Limits>,
    /// For events about this connection.
    pub events: Events,
    /// Cancelled when the server wants to stop: streams without end must end.
    pub stop: CancellationToken,
    /// The connection itself, for the lab's site, which breaks it on purpose.
    pub(crate) cutter: Arc<Cutter>,
}

impl About {
    /// What is known of a connection before its first request.
    pub fn new(
        peer: Endpoint,
        local: Endpoint,
        limits: Arc<Limits>,
        events: Events,
        stop: CancellationToken,
    ) -> Self {
        About {
            client: peer.ip(),
            peer,
            local,
            secure: false,
            authority: String::new(),
            request_id: String::new(),
            user: None,
            tls: None,
            limits,
            events,
            stop,
            cutter: Arc::default(),
        }
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

/// The body of a request, as it comes.
#[derive(Debug)]
pub struct RequestBody(RequestSource);

#[derive(Debug)]
enum RequestSource {
    Fixed(Option<Bytes>),
    Incoming { body: Option<Incoming>, intake: Arc<Intake>, max_bytes: u64 },
}

/// How a body was read, and what is left of it when the handler is done.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    read_bytes: AtomicU64,
    begun: AtomicBool,
    /// Somebody waits for more of it.
    waits: AtomicBool,
    left: Mutex<Option<Incoming>>,
}

impl Intake {
    /// Bytes that were read.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.read_bytes.load(Ordering::Relaxed)
    }

    /// Whether anybody began to read.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether it is the client that is waited for.
    pub(crate) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// What nobody wanted.
    pub(crate) fn take_left(&self) -> Option<Incoming> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is larger than allowed.
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge {
        /// What is allowed.
        max_bytes: u64,
    },
    /// It came too slowly.
    #[error("the body did not come in time")]
    TimedOut,
    /// The connection or its framing failed.
    #[error("the body could not be read: {0}")]
    Broken(#[from] hyper::Error),
}

impl RequestBody {
    /// A body that is there.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        RequestBody(RequestSource::Fixed((!bytes.is_empty()).then_some(bytes)))
    }

    /// A body from the network, of which no more than `max_bytes` are read.
    pub(crate) fn incoming(body: Incoming, intake: Arc<Intake>, max_bytes: u64) -> Self {
        RequestBody(RequestSource::Incoming { body: Some(body), intake, max_bytes })
    }

    /// The whole body, if it has at most `max_bytes`.
    ///
    /// # Errors
    /// When it is larger, or does not come whole.
    pub async fn collect_up_to(mut self, max_bytes: u64) -> Result<Bytes, BodyError> {
        if self.size_hint().lower() > max_bytes {
            return Err(BodyError::TooLarge { max_bytes });
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = self.frame().await {
            if let Ok(data) = frame?.into_data() {
                if (whole.len() + data.len()) as u64 > max_bytes {
                    return Err(BodyError::TooLarge { max_bytes });
                }
                whole.extend_from_slice(&data);
            }
        }
        Ok(whole.freeze())
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            RequestSource::Fixed(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            RequestSource::Incoming { body: None, .. } => Poll::Ready(None),
            RequestSource::Incoming { body: Some(body), intake, max_bytes } => {
                intake.begun.store(true, Ordering::Relaxed);
                let poll = Pin::new(body).poll_frame(cx);
                intake.waits.store(poll.is_pending(), Ordering::Relaxed);
                let frame = ready!(poll);
                if let Some(Ok(frame)) = &frame
                    && let Some(data) = frame.data_ref()
                {
                    let count = data.len() as u64;
                    let before = intake.read_bytes.fetch_add(count, Ordering::Relaxed);
                    if before + count > *max_bytes {
                        let max_bytes = *max_bytes;
                        return Poll::Ready(Some(Err(BodyError::TooLarge { max_bytes })));
                    }
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            RequestSource::Fixed(bytes) => bytes.is_none(),
            RequestSource::Incoming { body, .. } => {
                body.as_ref().is_none_or(|body| body.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            RequestSource::Fixed(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            RequestSource::Incoming { body, .. } => {
                body.as_ref().map_or_else(SizeHint::default, |body| body.size_hint())
            }
        }
    }
}

impl Drop for RequestBody {
    /// What was not read is read away, or ends the connection; the engine
    /// decides.
    fn drop(&mut self) {
        if let RequestSource::Incoming { intake, .. } = &self.0 {
            intake.waits.store(false, Ordering::Relaxed);
        }
        if let RequestSource::Incoming { body, intake, .. } = &mut self.0
            && let Some(body) = body.take().filter(|body| !body.is_end_stream())
        {
            *intake.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// The body of a response.
#[derive(Debug)]
pub struct ResponseBody(ResponseSource);

#[derive(Debug)]
enum ResponseSource {
    Full(Full<Bytes>),
    Stream(UnsyncBoxBody<Bytes, io::Error>),
    File(FilePart),
}

/// A part of a file that is still to be sent.
#[derive(Debug)]
struct FilePart {
    file: Arc<File>,
    offset: u64,
    end: u64,
    /// Used again for each piece, once the one before has left.
    space: BytesMut,
}

/// What one read of a file takes: large enough that the calls cost little,
/// small enough to stay in the processor's cache, and for a thousand downloads
/// at once.
const FILE_CHUNK_BYTES: u64 = 64 * 1024;

impl ResponseBody {
    /// No body.
    pub fn empty() -> Self {
        ResponseBody::full(Bytes::new())
    }

    /// A body that is there.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        ResponseBody(ResponseSource::Full(Full::new(bytes.into())))
    }

    /// A body that is made while it is sent.
    pub fn stream<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error = io::Error> + Send + 'static,
    {
        ResponseBody(ResponseSource::Stream(body.boxed_unsync()))
    }

    /// What is left of the file, if it is one.
    pub(crate) fn file_bytes(&self) -> Option<u64> {
        match &self.0 {
            ResponseSource::File(part) => Some(part.end - part.offset),
            _ => None,
        }
    }

    /// Takes the next part of the file, if it is one, for somebody who sends it
    /// himself: its beginning and its end.
    pub(crate) fn take_file(&mut self, bytes_max: u64) -> Option<(Arc<File>, u64, u64)> {
        let ResponseSource::File(part) = &mut self.0 else { return None };
        let begin = part.offset;
        part.offset = part.end.min(begin.saturating_add(bytes_max));
        (begin < part.offset).then(|| (Arc::clone(&part.file), begin, part.offset))
    }

    /// The bytes of `file` from `offset` up to, not including, `end`.
    pub fn file(file: Arc<File>, offset: u64, end: u64) -> Self {
        let space = BytesMut::new();
        ResponseBody(ResponseSource::File(FilePart { file, offset, end, space }))
    }
}

impl FilePart {
    /// The next piece. A file that became shorter meanwhile is an error, so
    /// that the client sees a cut body and not a wrong one.
    fn next(&mut self) -> Option<io::Result<Frame<Bytes>>> {
        let wanted = (self.end - self.offset).min(FILE_CHUNK_BYTES);
        if wanted == 0 {
            return None;
        }
        self.space.resize(wanted as usize, 0);
        Some(match self.file.read_at(&mut self.space, self.offset) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.offset += count as u64;
                Ok(Frame::data(self.space.split_to(count).freeze()))
            }
            Err(error) => Err(error),
        })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.0 {
            ResponseSource::Full(body) => Pin::new(body)
                .poll_frame(cx)
                .map(|frame| frame.map(|f| f.map_err(|no| match no {}))),
            ResponseSource::Stream(body) => Pin::new(body).poll_frame(cx),
            ResponseSource::File(part) => Poll::Ready(part.next()),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            ResponseSource::Full(body) => body.is_end_stream(),
            ResponseSource::Stream(body) => body.is_end_stream(),
            ResponseSource::File(part) => part.offset == part.end,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            ResponseSource::Full(body) => body.size_hint(),
            ResponseSource::Stream(body) => body.size_hint(),
            ResponseSource::File(part) => SizeHint::with_exact(part.end - part.offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_at_its_limit_and_one_past_it() {
        assert_eq!(RequestBody::full("12345").collect_up_to(5).await.unwrap(), "12345");
        let error = RequestBody::full("12345").collect_up_to(4).await.unwrap_err();
        assert!(matches!(error, BodyError::TooLarge { max_bytes: 4 }));
    }
}
