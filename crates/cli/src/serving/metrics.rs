//! `--metrics ADDR`: what is counted, for Prometheus to fetch.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use plumb_report::server::{Metrics, ProcessUse};
use plumb_serve::core::{Forget, Limits, Server};
use plumb_serve::http::{About, Handler, RequestBody, ResponseBody, Web, WebOptions};
use plumb_sys::names::Family;
use plumb_sys::options::SocketOptions;
use plumb_sys::usage;

use super::bind;
use crate::args::address::{Address, Defaults, Transport};
use crate::error::CommandError;

/// A port in the range that Prometheus' exporters use.
const PORT: u16 = 9464;

/// A socket that waits for scrapes.
#[derive(Debug)]
pub(super) struct Scrape {
    socket: bind::Socket,
    metrics: Arc<Metrics>,
}

/// A running server of metrics.
#[derive(Debug)]
pub(super) struct Scraped {
    pub(super) address: String,
    pub(super) server: Server,
}

impl Scrape {
    pub(super) fn bind(at: &str, metrics: Arc<Metrics>) -> Result<Scrape, CommandError> {
        let defaults = Defaults { transport: Transport::Tcp, port: Some(PORT) };
        let address = Address::to_listen(at, defaults)?;
        if !matches!(address, Address::Ip { transport: Transport::Tcp, .. }) {
            return Err(
                CommandError::usage("metrics are served over plain TCP").at(at, 0..at.len())
            );
        }
        let sockets = address.listen_at(Family::Any)?;
        let Some(first) = sockets.first() else {
            return Err(CommandError::not_measured(format!("{at} has no address")));
        };
        let socket = bind::bind(first, &SocketOptions::default(), false)?;
        Ok(Scrape { socket, metrics })
    }

    pub(super) fn serve(self) -> Result<Scraped, CommandError> {
        /// Prometheus and a few people who look.
        const CONNECTIONS_MAX: usize = 64;
        let address: Option<SocketAddr> = self.socket.bound.socket.address();
        let limits = Limits { connections_max: CONNECTIONS_MAX, ..Limits::default() };
        let server = Server::new("metrics", limits, Forget);
        server
            .bound(self.socket.bound, Web::new(Page(self.metrics), WebOptions::default()))
            .map_err(|error| CommandError::not_measured(error.to_string()))?;
        let address = address.map(|address| address.to_string()).unwrap_or_default();
        Ok(Scraped { address, server })
    }
}

/// The type of Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers `/metrics`, and nothing else.
#[derive(Debug)]
struct Page(Arc<Metrics>);

impl Page {
    fn text(&self) -> String {
        let process = usage::Usage::now().ok().map(|now| ProcessUse {
            cpu_s: now.cpu_s,
            resident_bytes: now.resident_bytes,
            virtual_bytes: now.virtual_bytes,
            open_descriptors: now.open_descriptors,
            descriptors_max: usage::descriptors_max() as u64,
            threads: now.threads,
            start_unix_s: now.start_unix_s,
        });
        self.0.render(env!("CARGO_PKG_VERSION"), process.as_ref())
    }
}

impl Handler for Page {
    async fn handle(&self, request: Request<RequestBody>, _: &About) -> Response<ResponseBody> {
        let (status, kind, text) = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/metrics") => {
                (StatusCode::OK, TEXT_FORMAT, self.text())
            }
            (_, "/metrics") => {
                (StatusCode::METHOD_NOT_ALLOWED, "text/plain", "use GET\n".to_owned())
            }
            _ => (StatusCode::NOT_FOUND, "text/plain", "metrics are at /metrics\n".to_owned()),
        };
        let mut response = Response::new(ResponseBody::full(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, http::HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}
