//! HTTP/1.1 and HTTP/2 on one stream, and the life of a request.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::SERVER;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;

use super::asked::{Asked, authority};
use super::behaviour::{RedirectFault, SiteBehaviour};
use super::body::{Broken, SiteBody, full};
use super::carrier::{Carrier, Cutter};
use super::encoding;
use super::reply::{Content, Reply};
use super::route::{self, Shelf};
use crate::Switch;
use crate::core::{Context, EventKind, HttpExchange, Io, Limits, Rewind, Service, nanoseconds};
use crate::tls::CertificateAuthority;

/// The largest header section: more than any honest client sends, and four
/// times what nginx takes by default in one line.
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// The largest request body: it is echoed, so it stands in memory.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// What hyper buffers of one HTTP/1 connection.
const BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection, as RFC 9113 section 6.5.2 recommends at least.
const STREAMS_MAX: u32 = 100;
/// What an HTTP/2 client sends first, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The site.
#[derive(Debug, Clone)]
pub struct Site {
    behaviour: Switch<SiteBehaviour>,
    shelf: Arc<Shelf>,
}

impl Site {
    /// A site that behaves as `behaviour` says.
    pub fn new(behaviour: Switch<SiteBehaviour>) -> Self {
        Site { behaviour, shelf: Arc::default() }
    }

    /// With the certificates of `authority` at ca.example.com.
    pub fn with_authority(self, authority: &CertificateAuthority) -> Self {
        let shelf = Shelf {
            root_pem: Some(authority.root_pem()),
            intermediate_der: Some(authority.intermediate_der().to_vec()),
        };
        Site { shelf: Arc::new(shelf), ..self }
    }

    /// The cell that changes how the site behaves.
    pub fn behaviour(&self) -> &Switch<SiteBehaviour> {
        &self.behaviour
    }

    async fn serve_http1<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        let cutter = Arc::<Cutter>::default();
        let carrier = Carrier::new(stream, Arc::clone(&cutter));
        let respond = self.responder(&context, Arc::clone(&cutter));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(context.limits.header)
            .max_header_size(HEADER_BYTES_MAX)
            .max_buf_size(BUFFER_BYTES_MAX)
            // A client that has sent its request may close its sending side.
            .half_close(true)
            .serve_connection(TokioIo::new(carrier), service_fn(respond));
        let mut stopping = false;
        loop {
            tokio::select! {
                result = &mut connection => return result.map_err(io::Error::other),
                // hyper does not read while it waits for a body, so it would not notice.
                () = cutter.cancelled() => break,
                () = context.stop.cancelled(), if !stopping => {
                    stopping = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
        connection.into_parts().io.into_inner().close().await
    }

    async fn serve_http2<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        let cutter = Arc::<Cutter>::default();
        let carrier = Carrier::new(stream, Arc::clone(&cutter));
        let respond = self.responder(&context, cutter);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEADER_BYTES_MAX as u32)
            .serve_connection(TokioIo::new(carrier), service_fn(respond));
        let mut connection = pin!(connection);
        tokio::select! {
            result = connection.as_mut() => return result.map_err(io::Error::other),
            () = context.stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await.map_err(io::Error::other)
    }

    fn responder(
        &self,
        context: &Context,
        cutter: Arc<Cutter>,
    ) -> impl Fn(Request<Incoming>) -> Responding + use<> {
        let (site, context) = (self.clone(), context.clone());
        move |request| {
            let (site, context, cutter) = (site.clone(), context.clone(), Arc::clone(&cutter));
            Box::pin(async move { Ok(site.respond(request, &context, &cutter).await) })
        }
    }

    /// One request, from its header to the header of its response.
    async fn respond(
        &self,
        request: Request<Incoming>,
        context: &Context,
        cutter: &Arc<Cutter>,
    ) -> Response<SiteBody> {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let (method, target) = (parts.method.clone(), parts.uri.clone());
        let host = authority(&parts);
        let behaviour = self.behaviour.get();
        let answering = async {
            let asked = match (&host, read_body(body).await) {
                (Err(why), _) => return refusal(StatusCode::BAD_REQUEST, &why.to_string()),
                (Ok(_), Err(refused)) => return refused,
                (Ok(host), Ok(body)) => Asked::new(parts, host.clone(), body, context),
            };
            self.answer(&asked, &behaviour, cutter, &context.limits).await
        };
        let response = tokio::time::timeout(context.limits.request, answering).await;
        if response.is_err() && behaviour.silent {
            // Held for as long as any request; no word even then.
            cutter.cut(false);
            std::future::pending::<()>().await;
        }
        let mut response = response.unwrap_or_else(|_| {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "The answer took too long.")
        });
        response.headers_mut().insert(SERVER, HeaderValue::from_static("plumb"));
        if method == Method::HEAD {
            *response.body_mut() = full(Bytes::new());
        }
        context.events.emit(EventKind::HttpRequest(Box::new(HttpExchange {
            method: method.to_string(),
            target: target.to_string(),
            host: host.unwrap_or_default(),
            status: response.status().as_u16(),
            duration_ns: nanoseconds(began.elapsed()),
            ..HttpExchange::default()
        })));
        response
    }

    /// The answer with all that a fault makes of it.
    async fn answer(
        &self,
        asked: &Asked,
        behaviour: &SiteBehaviour,
        cutter: &Arc<Cutter>,
        limits: &Limits,
    ) -> Response<SiteBody> {
        if behaviour.close || behaviour.reset {
            cutter.cut(behaviour.reset);
        }
        if behaviour.silent || behaviour.close || behaviour.reset {
            std::future::pending::<()>().await;
        }
        let mut reply = match faulty(asked, behaviour) {
            Some(reply) => reply,
            None => route::answer(asked, &self.shelf),
        };
        if behaviour.corrupt_gzip {
            reply = encoding::corrupt(reply);
        }
        let wait = reply.delay + behaviour.delay.unwrap_or_default();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let whole = match &reply.content {
            Content::Whole(bytes) => Some(bytes.clone()),
            Content::Parts { .. } => None,
        };
        let mut response = reply.into_response();
        let broken = behaviour.truncate_body || behaviour.stall_body;
        if let (true, Some(whole)) = (broken, whole) {
            // A connection that stalls is held no longer than one that is idle.
            let stall = behaviour.stall_body.then_some(limits.idle);
            *response.body_mut() = Broken::body(&whole, Arc::clone(cutter), stall);
        }
        response
    }
}

type Responding =
    Pin<Box<dyn Future<Output = Result<Response<SiteBody>, Infallible>> + Send + 'static>>;

impl Service for Site {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        if let Some(session) = &context.tls {
            return match session.alpn.as_deref() {
                Some("h2") => self.serve_http2(stream, context).await,
                _ => self.serve_http1(stream, context).await,
            };
        }
        // Without TLS a client may know beforehand that HTTP/2 is spoken, RFC 9113 section 3.3.
        let mut seen = Vec::with_capacity(PREFACE.len());
        while seen.len() < PREFACE.len() && PREFACE.starts_with(&seen) {
            let mut space = [0; PREFACE.len()];
            match stream.read(&mut space[seen.len()..]).await? {
                0 => break,
                count => {
                    let from = seen.len();
                    seen.extend_from_slice(&space[from..from + count]);
                }
            }
        }
        if seen.is_empty() {
            return Ok(());
        }
        let is_http2 = seen == PREFACE;
        let stream = Rewind::new(seen, stream);
        match is_http2 {
            true => self.serve_http2(stream, context).await,
            false => self.serve_http1(stream, context).await,
        }
    }
}

/// What a fault answers instead of the page.
fn faulty(asked: &Asked, behaviour: &SiteBehaviour) -> Option<Reply> {
    if let Some(status) = behaviour.status {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Some(Reply::error(status, "The server is not well."));
    }
    let to = match behaviour.redirect.as_ref()? {
        RedirectFault::LoopSelf => asked.url(),
        RedirectFault::To(url) => url.clone(),
    };
    Some(Reply::redirect(StatusCode::FOUND, &to))
}

fn refusal(status: StatusCode, why: &str) -> Response<SiteBody> {
    let mut response = Reply::error(status, why).into_response();
    // What follows on the connection cannot be trusted to be the next request.
    // (HTTP/2 has no such header, and hyper drops it there.)
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(http::header::CONNECTION, close);
    response
}

/// The body is always read, so that what follows it is the next request.
async fn read_body(body: Incoming) -> Result<Bytes, Response<SiteBody>> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(refusal(StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 1 MiB."))
        }
        Err(_) => Err(refusal(StatusCode::BAD_REQUEST, "The body could not be read.")),
    }
}
