//! HTTP/2 on an open stream (RFC 9113).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::h1::{Broken, NoHead};
use super::payload::Reader;
use super::{Headers, Message, ResponseHead};
use crate::connection::Duplex;
use crate::exchange::authority;
use crate::handshake::alert_words;

/// What a server may send before it is told that some was read: a path with
/// 100 ms of round trip and 1 Gbit/s holds 12 MB.
const WINDOW_BYTES: u32 = 16 << 20;

/// Largest DATA frame taken; the library copies none of it.
const FRAME_BYTES: u32 = 256 << 10;

/// Largest list of header fields, as for HTTP/1.
const HEADERS_BYTES_MAX: u32 = 64 << 10;

/// Fields that belong to one connection of HTTP/1 and may not be sent (RFC
/// 9113 section 8.2.2); `host` is `:authority`.
const OF_CONNECTION: [&str; 7] = [
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// One connection that speaks HTTP/2.
pub(crate) struct H2 {
    sender: SendRequest<Bytes>,
    driver: JoinHandle<Result<(), h2::Error>>,
    body: Option<RecvStream>,
    piece: Bytes,
    pub(crate) sent_at: Option<Instant>,
}

impl Drop for H2 {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum No {
    Unsendable(String),
    Payload(io::Error),
    Head(NoHead),
}

impl H2 {
    /// Begins to speak.
    pub(crate) async fn open(stream: Box<dyn Duplex>) -> Result<H2, NoHead> {
        let opened = h2::client::Builder::new()
            .enable_push(false)
            .initial_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_frame_size(FRAME_BYTES)
            .max_header_list_size(HEADERS_BYTES_MAX)
            .handshake::<_, Bytes>(Wording(stream))
            .await;
        let (sender, connection) = opened.map_err(no_head)?;
        let driver = tokio::spawn(connection);
        Ok(H2 { sender, driver, body: None, piece: Bytes::new(), sent_at: None })
    }

    /// Whether the connection takes another request.
    pub(crate) fn is_open(&self) -> bool {
        !self.driver.is_finished()
    }

    /// Sends a request and waits for the head of the response.
    pub(crate) async fn exchange(
        &mut self,
        message: &Message,
        has_body: bool,
        payload: &mut Reader,
    ) -> Result<ResponseHead, No> {
        (self.body, self.sent_at) = (None, None);
        let request = request_of(message).map_err(No::Unsendable)?;
        let ready = self.sender.clone().ready().await;
        self.sender = ready.map_err(|error| No::Head(no_head(error)))?;
        let sent = self.sender.send_request(request, !has_body);
        let (response, stream) = sent.map_err(|error| No::Head(no_head(error)))?;
        let sent_at = &mut self.sent_at;
        let sending = async {
            let result = if has_body { send(stream, payload).await } else { Ok(()) };
            *sent_at = Some(Instant::now());
            result
        };
        tokio::pin!(sending, response);
        let answered = tokio::select! {
            biased;
            sent = &mut sending => {
                sent.map_err(No::Payload)?;
                response.await
            }
            // The answer is there before the request is: the rest is not wanted.
            early = &mut response => early,
        };
        let response = answered.map_err(|error| No::Head(no_head(error)))?;
        let (parts, body) = response.into_parts();
        self.body = Some(body);
        let fields = parts.headers.iter();
        Ok(ResponseHead {
            version: "HTTP/2".to_owned(),
            status: parts.status.as_u16(),
            reason: String::new(),
            headers: fields.map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
            bytes: Vec::new(),
        })
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) async fn data(&mut self) -> Result<Option<&[u8]>, Broken> {
        let Some(body) = &mut self.body else { return Ok(None) };
        match body.data().await {
            None => {
                self.body = None;
                Ok(None)
            }
            Some(Ok(piece)) => {
                // Fails only where the stream is closed already.
                let _ = body.flow_control().release_capacity(piece.len());
                self.piece = piece;
                Ok(Some(&self.piece))
            }
            Some(Err(error)) => Err(broken(error)),
        }
    }

    /// What [`H2::data`] gave last.
    pub(crate) fn last(&self) -> &[u8] {
        &self.piece
    }
}

/// Sends a body as the peer's window allows. A stream that the peer closed is
/// no failure: its answer says why.
async fn send(mut stream: SendStream<Bytes>, payload: &mut Reader) -> io::Result<()> {
    while let Some(mut piece) = payload.next().await? {
        while !piece.is_empty() {
            stream.reserve_capacity(piece.len());
            let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
            let Some(Ok(room)) = room else { return Ok(()) };
            let part = piece.split_to(room.min(piece.len()));
            if stream.send_data(part, false).is_err() {
                return Ok(());
            }
        }
    }
    let _ = stream.send_data(Bytes::new(), true);
    Ok(())
}

fn request_of(message: &Message) -> Result<http::Request<()>, String> {
    let url = &message.url;
    let host = message.headers.get("host").or_else(|| authority(url));
    let uri = http::Uri::builder()
        .scheme(url.scheme())
        .authority(host.unwrap_or_default())
        .path_and_query(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .build();
    let mut request = http::Request::builder()
        .version(http::Version::HTTP_2)
        .method(message.method.as_str())
        .uri(uri.map_err(|error| error.to_string())?);
    for (name, value) in message.headers.iter() {
        if !OF_CONNECTION.iter().any(|of| of.eq_ignore_ascii_case(name)) {
            request = request.header(name.to_ascii_lowercase(), value);
        }
    }
    request.body(()).map_err(|error| error.to_string())
}

/// A stream whose alerts are in words: the library keeps only the text of errors.
struct Wording(Box<dyn Duplex>);

fn worded(error: io::Error) -> io::Error {
    match alert_words(&error) {
        Some(words) => io::Error::new(error.kind(), words),
        None => error,
    }
}

impl AsyncRead for Wording {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer).map_err(worded)
    }
}

impl AsyncWrite for Wording {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes).map_err(worded)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx).map_err(worded)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// What the library says, by the name of RFC 9113 section 7, which people
/// search for.
fn text(error: &h2::Error) -> String {
    match error.reason() {
        Some(reason) => format!("{reason:?}: {error}"),
        None => error.to_string(),
    }
}

fn no_head(error: h2::Error) -> NoHead {
    match error.get_io().map(io::Error::kind) {
        Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe) => NoHead::Empty,
        Some(_) => error.into_io().map_or(NoHead::Empty, NoHead::Io),
        None => NoHead::Malformed(text(&error)),
    }
}

fn broken(error: h2::Error) -> Broken {
    if error.is_io() {
        let ended = matches!(
            error.get_io().map(io::Error::kind),
            Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe)
        );
        let io = error.into_io().filter(|_| !ended);
        return io.map_or(Broken::Short, Broken::Io);
    }
    // A stream below its Content-Length is a protocol error to the library
    // (RFC 9113 section 8.1.1); RST_STREAM is how a server gives a body up.
    if error.is_reset() && error.is_remote() {
        return Broken::Short;
    }
    Broken::Malformed(text(&error))
}

impl Headers {
    /// As an HTTP/2 peer sees them.
    pub(crate) fn of_h2(&self) -> Headers {
        let kept = self
            .iter()
            .filter(|(name, _)| !OF_CONNECTION.iter().any(|of| of.eq_ignore_ascii_case(name)));
        kept.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    }
}
