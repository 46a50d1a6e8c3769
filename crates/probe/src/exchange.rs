//! One HTTP request and its response, HTTP/1.1 or HTTP/2, on our own stream.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plumb_evidence::Observation;
use plumb_evidence::observation::{
    BodyEnd, HttpBody, HttpError, HttpRequest, HttpResponse, PhaseName,
};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use crate::body::Reader;
use crate::connection::{Ended, Meter, Traffic, Watch};
use crate::handshake::{alert_name, tls_error};
use crate::policy::BODY_WAIT;
use crate::redact::Secrets;
use crate::{Connection, Deadline, Scope};

/// Bytes of a body that are read at most; a check wants a page, not a disk
/// image.
pub const BODY_MAX_BYTES: u64 = 64 << 20;

/// First bytes of a body, or of what is no HTTP, that evidence keeps.
const FIRST_BYTES_MAX: usize = 256;

/// The request's own name, as servers' logs will show it.
const AGENT: &str = concat!("plumb/", env!("CARGO_PKG_VERSION"));

/// What is sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// Any method.
    pub method: Method,
    /// Where to; its fragment is not sent.
    pub url: Url,
    /// Sent as they stand, after those that every request has (`Host`,
    /// `User-Agent`, `Accept`, `Accept-Encoding`), which they replace.
    pub headers: HeaderMap,
    /// Whole; empty for none.
    pub body: Bytes,
    /// The request target is the whole URL: for a proxy (RFC 9112 section 3.2.2).
    pub absolute_form: bool,
}

impl Request {
    /// A plain GET.
    pub fn get(url: Url) -> Request {
        Request {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            absolute_form: false,
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// RFC 9110 section 15.
    pub status: StatusCode,
    /// All of them.
    pub headers: HeaderMap,
    /// Decoded, as far as it was read and kept.
    pub body: Bytes,
    /// The body came whole and was what it claimed to be.
    pub body_ok: bool,
}

/// Sends and reads. Records `HttpRequest`, `HttpResponse`, `HttpBody` or
/// `HttpFailure` and the phases `request`, `wait` and `response`. `None` where
/// no response came. The deadline is that of the head; a body may take as long
/// again for each of its pieces, and [`BODY_WAIT`] in all.
pub async fn exchange(
    scope: &Scope,
    connection: Connection,
    request: &Request,
    deadline: Deadline,
) -> Option<Response> {
    let Connection { id, alpn, stream, watch, .. } = connection;
    let traffic = Arc::new(Traffic::new());
    let stream = Meter { inner: stream, traffic: Arc::clone(&traffic) };
    let talk = Talk {
        scope,
        watch,
        traffic,
        id,
        is_h2: alpn.as_deref() == Some("h2"),
        body_bytes: request.body.len() as u64,
        start: Instant::now(),
        patience: deadline.remaining(),
        secrets: Secrets::of(&request.headers),
    };
    let message = match message(request, talk.is_h2) {
        Ok(message) => message,
        Err(text) => {
            talk.fail(HttpError::Protocol { text: text.clone() }, text);
            return None;
        }
    };
    let headers = talk.secrets.headers(message.headers());
    let method = message.method().clone();
    let sending = async {
        let mut sender = Sender::open(stream, talk.is_h2).await?;
        let response = sender.send(message).await;
        Ok((sender, response))
    };
    let head = talk.watch.over(scope, || talk.phase(), deadline, sending).await;
    talk.record_request(request, headers);
    match head {
        Err(Ended::Deadline) => talk.fail(HttpError::TimedOut, "no response in time".into()),
        Err(Ended::Stopped) => talk.fail(HttpError::Abandoned, "abandoned".into()),
        Ok(Err(error)) => talk.fail_by(&error, None),
        Ok(Ok((sender, Err(error)))) => {
            let driver = sender.into_error().await;
            talk.fail_by(&error, driver.as_ref());
        }
        Ok(Ok((sender, Ok(response)))) => {
            let response = talk.receive(response, &method).await;
            drop(sender);
            return Some(response);
        }
    }
    None
}

/// One exchange under way.
struct Talk<'a> {
    scope: &'a Scope,
    watch: Watch,
    /// What passed above TLS.
    traffic: Arc<Traffic>,
    id: u32,
    is_h2: bool,
    body_bytes: u64,
    start: Instant,
    /// How long nothing may come.
    patience: Duration,
    /// What may not be recorded, wherever it turns up.
    secrets: Secrets,
}

impl Talk<'_> {
    const fn version(&self) -> &'static str {
        if self.is_h2 { "HTTP/2" } else { "HTTP/1.1" }
    }

    /// Whether the request is still being sent or the response waited for.
    fn phase(&self) -> PhaseName {
        let sent = self.traffic.passed().sent_bytes;
        if sent > 0 && sent >= self.body_bytes { PhaseName::Wait } else { PhaseName::Request }
    }

    /// When the request had been sent, as far as the stream took it.
    fn sent_at(&self) -> Instant {
        self.traffic.passed().first_flight_at.max(self.start)
    }

    fn record_request(&self, request: &Request, headers: Vec<(String, String)>) {
        let start_ns = self.scope.ns_of(self.start);
        let sent_ns = self.scope.ns_of(self.sent_at());
        self.scope.record(Observation::HttpRequest(HttpRequest {
            connection: self.id,
            method: request.method.to_string(),
            url: crate::credentials::hidden(&request.url),
            version: self.version().to_owned(),
            headers,
            body_bytes: self.body_bytes,
            start_ns,
            duration_ns: sent_ns.saturating_sub(start_ns),
        }));
        let whole = self.phase() == PhaseName::Wait;
        self.scope.phase_between(PhaseName::Request, start_ns, sent_ns, whole);
    }

    fn fail(&self, error: HttpError, text: String) {
        let during = self.phase();
        if during == PhaseName::Wait {
            self.scope.phase(PhaseName::Wait, self.scope.ns_of(self.sent_at()), false);
        }
        let connection = self.id;
        self.scope.record(Observation::HttpFailure { connection, during, error, text });
    }

    /// Records a failure by what the library said to the request and, if it
    /// did, on the connection.
    fn fail_by(&self, error: &hyper::Error, driver: Option<&hyper::Error>) {
        let passed = self.traffic.passed();
        let told = Told::by(error).or(driver.and_then(Told::by));
        let is_http = self.is_h2 || passed.first_received.starts_with(b"HTTP/");
        let text = full_text(driver.filter(|_| error.is_canceled()).unwrap_or(error));
        let what = match told {
            Some(Told::Alert(code)) => HttpError::Alert { code, name: alert_name(code) },
            Some(Told::Reset) => HttpError::Reset,
            _ if passed.received_bytes == 0 && self.watch.traffic.passed().broken => {
                HttpError::Reset
            }
            _ if passed.received_bytes == 0 => HttpError::EmptyReply,
            // Of HTTP/2 the server's settings came, and nothing else.
            Some(Told::Ended) if self.is_h2 => HttpError::EmptyReply,
            _ if !is_http => HttpError::NotHttp {
                first_bytes: self.secrets.first(&passed.first_received, FIRST_BYTES_MAX),
            },
            Some(Told::Ended) => {
                HttpError::Protocol { text: "the response ended in its head".into() }
            }
            None => HttpError::Protocol { text: text.clone() },
        };
        self.fail(what, text);
    }

    async fn receive(&self, response: hyper::Response<Incoming>, method: &Method) -> Response {
        let scope = self.scope;
        let (head, mut incoming) = response.into_parts();
        let sent_ns = scope.ns_of(self.sent_at());
        // The first bytes on HTTP/2 are settings, not the response.
        let first_at = self.traffic.passed().first_received_at.filter(|_| !self.is_h2);
        let began_ns = first_at.map_or_else(|| scope.elapsed_ns(), |at| scope.ns_of(at));
        scope.phase_between(PhaseName::Wait, sent_ns, began_ns, true);
        scope.record(Observation::HttpResponse(HttpResponse {
            connection: self.id,
            version: self.version().to_owned(),
            status: head.status.as_u16(),
            headers: self.secrets.headers(&head.headers),
            start_ns: sent_ns,
            duration_ns: began_ns.saturating_sub(sent_ns),
            tcp: self.watch.tcp_info(),
        }));
        let mut reader = Reader::new(&head.headers);
        if *method == Method::HEAD {
            // The length and encoding are those that a GET would have.
            reader = Reader::new(&HeaderMap::new());
        }
        let reading = read(&mut incoming, &mut reader, self.patience);
        // A body may take longer than a phase, as long as something comes.
        let whole = Deadline::after(self.patience.max(BODY_WAIT));
        let ended = match self.watch.over(scope, || PhaseName::Response, whole, reading).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => body_end(&error, &reader),
            Err(_) => BodyEnd::Stalled,
        };
        self.record_body(head, reader, ended, began_ns)
    }

    fn record_body(
        &self,
        head: http::response::Parts,
        reader: Reader,
        ended: BodyEnd,
        start_ns: u64,
    ) -> Response {
        let whole = ended == BodyEnd::Complete;
        let (received_bytes, declared_bytes) = (reader.received_bytes, reader.declared_bytes);
        let encoding = reader.encoding.clone();
        let read = reader.finish(whole);
        let body_ok = whole && read.encoding_error.is_none();
        self.scope.record(Observation::HttpBody(HttpBody {
            connection: self.id,
            received_bytes,
            declared_bytes,
            decoded_bytes: read.decoded_bytes,
            ended,
            encoding,
            encoding_error: read.encoding_error,
            start_ns,
            duration_ns: self.scope.elapsed_ns().saturating_sub(start_ns),
            first_bytes: self.secrets.first(&read.kept, FIRST_BYTES_MAX),
        }));
        self.scope.phase(PhaseName::Response, start_ns, body_ok);
        Response { status: head.status, headers: head.headers, body: read.kept, body_ok }
    }
}

async fn read(
    incoming: &mut Incoming,
    reader: &mut Reader,
    patience: Duration,
) -> Result<BodyEnd, hyper::Error> {
    loop {
        let frame = match tokio::time::timeout(patience, incoming.frame()).await {
            Ok(Some(frame)) => frame?,
            Ok(None) => return Ok(BodyEnd::Complete),
            Err(_) => return Ok(BodyEnd::Stalled),
        };
        if let Ok(data) = frame.into_data() {
            reader.push(&data);
        }
        if reader.received_bytes > BODY_MAX_BYTES {
            return Ok(BodyEnd::Limit);
        }
    }
}

fn body_end(error: &hyper::Error, reader: &Reader) -> BodyEnd {
    let short = reader.declared_bytes.is_some_and(|declared| reader.received_bytes < declared);
    match Told::by(error) {
        Some(Told::Reset) => BodyEnd::Reset,
        Some(Told::Ended) => BodyEnd::Short,
        // Of HTTP/2: a stream that ends below its Content-Length is a protocol
        // error to the library (RFC 9113 section 8.1.1), and RST_STREAM is how
        // a server gives a body up while the connection goes on.
        _ if short && h2_of(error).is_some_and(h2::Error::is_library) => BodyEnd::Short,
        _ if h2_of(error).is_some_and(h2::Error::is_reset) => BodyEnd::Short,
        _ if error.is_incomplete_message() => BodyEnd::Short,
        _ => BodyEnd::Malformed { text: full_text(error) },
    }
}

/// What lies at the bottom of a library's error.
enum Told {
    Alert(u8),
    Reset,
    /// The stream ended too early.
    Ended,
}

impl Told {
    fn by(error: &hyper::Error) -> Option<Told> {
        let mut source = error.source();
        let mut found = None;
        while let Some(inner) = source {
            if let Some(error) = inner.downcast_ref::<io::Error>() {
                found = Told::by_io(error).or(found);
            } else if let Some(io) = inner.downcast_ref::<h2::Error>().and_then(h2::Error::get_io) {
                found = Told::by_io(io).or(found);
            }
            source = inner.source();
        }
        found.or_else(|| error.is_incomplete_message().then_some(Told::Ended))
    }

    fn by_io(error: &io::Error) -> Option<Told> {
        if let Some(rustls::Error::AlertReceived(description)) = tls_error(error) {
            return Some(Told::Alert(u8::from(*description)));
        }
        match error.kind() {
            io::ErrorKind::ConnectionReset => Some(Told::Reset),
            // No write fails here (see `Meter`): this is how the HTTP/2 library
            // says that the stream ended with requests open.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => Some(Told::Ended),
            _ => None,
        }
    }
}

fn h2_of(error: &hyper::Error) -> Option<&h2::Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        source = inner.source();
    }
    None
}

/// An error with its causes, outermost first.
fn full_text(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let cause = inner.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = inner.source();
    }
    match h2_of(error).and_then(h2::Error::reason) {
        // By the name of RFC 9113 section 7, which people search for.
        Some(reason) => format!("{reason:?}: {text}"),
        None => text,
    }
}

/// A connection of either version, with the task that drives it.
enum Sender {
    H1(http1::SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>),
    H2(http2::SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>),
}

impl Sender {
    async fn open<S>(stream: Meter<S>, is_h2: bool) -> hyper::Result<Sender>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let io = TokioIo::new(stream);
        if is_h2 {
            let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await?;
            Ok(Sender::H2(sender, tokio::spawn(driver)))
        } else {
            let (sender, driver) = http1::handshake(io).await?;
            Ok(Sender::H1(sender, tokio::spawn(driver)))
        }
    }

    async fn send(
        &mut self,
        message: http::Request<Full<Bytes>>,
    ) -> hyper::Result<hyper::Response<Incoming>> {
        match self {
            Sender::H1(sender, _) => sender.send_request(message).await,
            Sender::H2(sender, _) => sender.send_request(message).await,
        }
    }

    /// What the driver ended with: it often knows more than the request.
    async fn into_error(self) -> Option<hyper::Error> {
        let driver = match self {
            Sender::H1(sender, driver) => {
                drop(sender);
                driver
            }
            Sender::H2(sender, driver) => {
                drop(sender);
                driver
            }
        };
        // The request failed, so the connection is at its end; a peer that
        // keeps it open is not waited for.
        let ended = tokio::time::timeout(crate::policy::SETTLE, driver).await;
        ended.ok()?.ok()?.err()
    }
}

/// The request as the library wants it.
fn message(request: &Request, is_h2: bool) -> Result<http::Request<Full<Bytes>>, String> {
    let url = &request.url;
    let authority = authority(url).ok_or_else(|| format!("{url} has no host"))?;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let target = if is_h2 || request.absolute_form {
        format!("{}://{authority}{path}", url.scheme())
    } else {
        path.to_owned()
    };
    let uri: Uri = target.parse().map_err(|error| format!("{target}: {error}"))?;
    let mut message = http::Request::new(Full::new(request.body.clone()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = uri;
    let headers = message.headers_mut();
    let mut default = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if !is_h2 {
        default(HOST, &authority);
    }
    default(USER_AGENT, AGENT);
    default(ACCEPT, "*/*");
    default(ACCEPT_ENCODING, "gzip, deflate");
    for name in request.headers.keys() {
        headers.remove(name);
        for value in request.headers.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    Ok(message)
}

/// `host` or `host:port`, as the Host header has it (RFC 9110 section 7.2).
pub(crate) fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}
