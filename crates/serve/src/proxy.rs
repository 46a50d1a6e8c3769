//! An HTTP proxy: CONNECT (RFC 9110 section 9.3.6) and requests in absolute
//! form (RFC 9112 section 3.2.2), over connections that the caller makes.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TE, TRAILER, UPGRADE, VIA,
};
use http::uri::{Authority, PathAndQuery, Uri};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use plumb_wire::transport::port;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::core::{Context, EventKind, HttpExchange, Io, Limits, Service, nanoseconds};

/// Resolves and connects on behalf of the proxy.
pub trait Dialer: Send + Sync + 'static {
    /// A connection to `port` of `host`, a name or an address without brackets.
    fn dial(&self, host: &str, port: u16) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

/// A forward proxy.
#[derive(Debug)]
pub struct Proxy<D> {
    dialer: Arc<D>,
}

impl<D: Dialer> Proxy<D> {
    /// A proxy that reaches others through `dialer`.
    pub fn new(dialer: D) -> Self {
        Proxy { dialer: Arc::new(dialer) }
    }
}

type Body = BoxBody<Bytes, hyper::Error>;

impl<D: Dialer> Service for Proxy<D> {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        let dialer = Arc::clone(&self.dialer);
        let (stop, limits) = (context.stop.clone(), Arc::clone(&context.limits));
        // What is tunnelled lives as long as the connection that asked for it.
        let (tunnels, mut tunnel) = tokio::sync::mpsc::channel(1);
        let respond = move |request: Request<Incoming>| {
            let (dialer, context) = (Arc::clone(&dialer), context.clone());
            let tunnels = tunnels.clone();
            async move {
                let began = std::time::Instant::now();
                let (method, target) = (request.method().clone(), request.uri().to_string());
                let response = forward(request, &*dialer, tunnels, &context.limits).await;
                context.events.emit(EventKind::HttpRequest(Box::new(HttpExchange {
                    method: method.to_string().into(),
                    host: target
                        .parse::<Uri>()
                        .ok()
                        .and_then(|uri| uri.host().map(str::to_owned))
                        .unwrap_or_default(),
                    target,
                    status: response.status().as_u16(),
                    duration_ns: nanoseconds(began.elapsed()),
                    ..HttpExchange::default()
                })));
                Ok::<_, Infallible>(response)
            }
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service_fn(respond))
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            result = connection.as_mut() => result.map_err(io::Error::other)?,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await.map_err(io::Error::other)?;
            }
        }
        match tunnel.try_recv() {
            Ok((upgrade, upstream)) => {
                stop.run_until_cancelled(carry(upgrade, upstream)).await.unwrap_or(Ok(()))
            }
            Err(_) => Ok(()),
        }
    }
}

type Tunnel = (hyper::upgrade::OnUpgrade, TcpStream);

async fn carry(upgrade: hyper::upgrade::OnUpgrade, mut upstream: TcpStream) -> io::Result<()> {
    let client = upgrade.await.map_err(io::Error::other)?;
    copy_bidirectional(&mut TokioIo::new(client), &mut upstream).await?;
    Ok(())
}

async fn forward(
    mut request: Request<Incoming>,
    dialer: &impl Dialer,
    tunnels: tokio::sync::mpsc::Sender<Tunnel>,
    limits: &Limits,
) -> Response<Body> {
    let Some(authority) = request.uri().authority().cloned() else {
        return refuse(StatusCode::BAD_REQUEST, "This is a proxy: the request must name a host.");
    };
    let is_connect = request.method() == Method::CONNECT;
    let is_http = request.uri().scheme_str() == Some("http");
    let default_port = (!is_connect).then_some(port::HTTP);
    let Some(port) = authority.port_u16().or(default_port) else {
        return refuse(StatusCode::BAD_REQUEST, "CONNECT must name a port.");
    };
    if !is_connect && !is_http {
        return refuse(
            StatusCode::BAD_REQUEST,
            "Only http: is forwarded; ask for https: with CONNECT.",
        );
    }
    let dialing = dialer.dial(bare_host(&authority), port);
    let upstream = match tokio::time::timeout(limits.request, dialing).await {
        Ok(Ok(upstream)) => upstream,
        Ok(Err(error)) => {
            let why = format!("{authority} cannot be reached: {error}");
            return refuse(StatusCode::BAD_GATEWAY, &why);
        }
        Err(_) => {
            let why = format!("{authority} did not answer in time.");
            return refuse(StatusCode::GATEWAY_TIMEOUT, &why);
        }
    };
    if is_connect {
        let upgrade = hyper::upgrade::on(&mut request);
        // There is one CONNECT per connection, so there is room.
        let _ = tunnels.try_send((upgrade, upstream));
        return Response::new(full(""));
    }
    pass_on(request, &authority, upstream).await.unwrap_or_else(|error| {
        refuse(StatusCode::BAD_GATEWAY, &format!("{authority} gave no answer: {error}"))
    })
}

fn bare_host(authority: &Authority) -> &str {
    let host = authority.host();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Sends the request in origin form and brings the response back.
async fn pass_on(
    mut request: Request<Incoming>,
    authority: &Authority,
    upstream: TcpStream,
) -> Result<Response<Body>, hyper::Error> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(upstream)).await?;
    // Ends by itself when the response has been read or dropped.
    tokio::spawn(connection);
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
    drop_hop_by_hop(request.headers_mut());
    // RFC 9112 section 3.2.2: the host of the target replaces the one received.
    if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
        request.headers_mut().insert(HOST, host);
    }
    request.headers_mut().append(VIA, HeaderValue::from_static("1.1 plumb"));
    let mut response = sender.send_request(request).await?;
    drop_hop_by_hop(response.headers_mut());
    response.headers_mut().append(VIA, HeaderValue::from_static("1.1 plumb"));
    Ok(response.map(BodyExt::boxed))
}

/// RFC 9110 section 7.6.1: what concerns one connection is not passed on.
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let fixed = [
        CONNECTION,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
        http::header::PROXY_AUTHORIZATION,
        http::header::PROXY_AUTHENTICATE,
        TE,
        TRAILER,
        UPGRADE,
    ];
    for name in named.into_iter().chain(fixed) {
        headers.remove(name);
    }
}

fn refuse(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{why}\n")));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}
