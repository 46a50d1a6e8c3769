//! HTTP/1.0, 1.1 and 2 in front of any handler.

use std::io;
use std::sync::{Arc, OnceLock};

use tokio::io::AsyncReadExt;

use super::engine;
use super::layers::cors::Cors;
use super::layers::headers::ResponseHeaders;
use super::layers::overload::Overload;
use super::layers::request_id::RequestIds;
use super::message::Handler;
use crate::auth::Gatekeeper;
use crate::core::access::PrefixSet;
use crate::core::rate::RateTable;
use crate::core::{Context, Cut, Io, Limits, Refusal, Rewind, Service};

/// What an HTTP/2 client sends first, RFC 9113 section 3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How requests are treated before and after the handler sees them. The
/// default adds nothing.
#[derive(Debug, Clone, Default)]
pub struct WebOptions {
    /// Proxies whose word is believed for whom they speak.
    pub proxies: PrefixSet,
    /// Requests that are answered at once; one more is answered 503.
    pub requests_max: Option<usize>,
    /// Whose pages may read the answers.
    pub cors: Option<Cors>,
    /// Who may ask at all.
    pub gatekeeper: Option<Arc<Gatekeeper>>,
    /// Fields of every answer.
    pub headers: ResponseHeaders,
    /// Whether each answer carries `X-Request-ID`.
    pub request_ids: bool,
}

/// An HTTP server: its handler, and what stands around it.
#[derive(Debug)]
pub struct Web<H>(Arc<Shared<H>>);

/// What all connections of a server have in common.
#[derive(Debug)]
pub(super) struct Shared<H> {
    pub(super) handler: H,
    pub(super) options: WebOptions,
    pub(super) request_ids: RequestIds,
    pub(super) overload: Overload,
    rates: OnceLock<Option<RateTable>>,
}

impl<H> Shared<H> {
    /// The rates of the clients. The limits are those of the server that
    /// serves this; the first connection brings them.
    pub(super) fn rates(&self, limits: &Limits) -> Option<&RateTable> {
        let new = || Some(RateTable::new(limits.request_rate?, limits.rate_clients_max));
        self.rates.get_or_init(new).as_ref()
    }
}

impl<H> Clone for Web<H> {
    fn clone(&self) -> Self {
        Web(Arc::clone(&self.0))
    }
}

impl<H: Handler> Web<H> {
    /// Serves `handler`.
    pub fn new(handler: H, options: WebOptions) -> Self {
        Web(Arc::new(Shared {
            handler,
            options,
            request_ids: RequestIds::new(),
            overload: Overload::default(),
            rates: OnceLock::new(),
        }))
    }

    /// Who answers.
    pub fn handler(&self) -> &H {
        &self.0.handler
    }
}

impl<H: Handler> Service for Web<H> {
    async fn serve<S: Io>(&self, mut stream: S, context: Context) -> io::Result<()> {
        // What a connection needs once it speaks is boxed, so that an idle one costs little.
        if let Some(session) = &context.tls {
            return match session.alpn.as_deref() {
                Some("h2") => Box::pin(engine::http2(&self.0, stream, context)).await,
                _ => Box::pin(engine::http1(&self.0, stream, context)).await,
            };
        }
        let seen = first_bytes(&mut stream, &context).await?;
        if seen.is_empty() {
            return Ok(());
        }
        let is_http2 = seen == PREFACE;
        let stream = Rewind::new(seen, stream);
        match is_http2 {
            true => Box::pin(engine::http2(&self.0, stream, context)).await,
            false => Box::pin(engine::http1(&self.0, stream, context)).await,
        }
    }

    fn farewell(&self, refusal: &Refusal) -> Option<Vec<u8>> {
        Some(engine::farewell(refusal))
    }
}

/// Reads until it is clear whether the client speaks HTTP/2: without TLS it may
/// know beforehand that the server does, RFC 9113 section 3.3.
async fn first_bytes<S: Io>(stream: &mut S, context: &Context) -> io::Result<Vec<u8>> {
    let mut seen = Vec::new();
    while seen.len() < PREFACE.len() && PREFACE.starts_with(&seen) {
        let mut space = [0; PREFACE.len()];
        match stream.read(&mut space[seen.len()..]).await? {
            0 => break,
            count => {
                if seen.is_empty() {
                    context.ledger.deadline(Cut::Header, context.limits.header);
                }
                let from = seen.len();
                seen.extend_from_slice(&space[from..from + count]);
            }
        }
    }
    context.ledger.clear_deadline();
    Ok(seen)
}
