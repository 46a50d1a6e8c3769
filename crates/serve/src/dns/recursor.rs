//! A recursive resolver as a service.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use plumb_wire::dns::{Class, Message, Name, Question, Rcode, Rtype};
use plumb_wire::transport::port;

use super::cache::NameServer;
use super::iterate::{Resolved, Resolver};
use super::transport::{self, Answerer, explain, truncated};
use super::upstream::SocketFactory;
use crate::Switch;
use crate::core::{Context, Datagram, DatagramService, Io, Service, Transport};

/// How a resolver behaves; the default is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolverBehaviour {
    /// Wait before each answer, cached or not.
    pub delay: Option<Duration>,
    /// Answer SERVFAIL for these names and all below; the root stands for all.
    pub servfail: Vec<Name>,
    /// Answer REFUSED to everything.
    pub refuse: bool,
    /// Take queries and never answer.
    pub silent: bool,
    /// Answer every UDP query with an empty answer that asks for TCP.
    pub truncate_udp: bool,
    /// Never answer queries for AAAA.
    pub drop_aaaa: bool,
    /// Answer UDP queries with bytes that are no message.
    pub malformed: bool,
}

/// A server that is asked first: one of the root zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootServer {
    /// Its name.
    pub name: Name,
    /// Its addresses, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
}

/// Resolves names for clients by asking from the root down, and caches.
#[derive(Debug, Clone)]
pub struct Recursor {
    resolver: Arc<Resolver>,
    behaviour: Switch<ResolverBehaviour>,
}

impl Recursor {
    /// A resolver that asks over sockets made by `sockets`.
    pub fn new(
        sockets: SocketFactory,
        roots: impl IntoIterator<Item = RootServer>,
        behaviour: Switch<ResolverBehaviour>,
    ) -> Self {
        Self::with_port(sockets, roots, behaviour, port::DNS)
    }

    /// The same where name servers listen on another port, as they must where
    /// port 53 is not to be had.
    pub fn with_port(
        sockets: SocketFactory,
        roots: impl IntoIterator<Item = RootServer>,
        behaviour: Switch<ResolverBehaviour>,
        port: u16,
    ) -> Self {
        let servers = roots
            .into_iter()
            .map(|root| NameServer { name: root.name, addresses: root.addresses })
            .collect();
        Recursor { resolver: Arc::new(Resolver::new(sockets, servers, port)), behaviour }
    }

    /// The cell that changes how the server behaves.
    pub fn behaviour(&self) -> &Switch<ResolverBehaviour> {
        &self.behaviour
    }

    /// Forgets every answer and every failure, as a restart would.
    pub fn flush(&self) {
        self.resolver.forget();
    }

    async fn resolve(&self, query: &Message, question: &Question, context: &Context) -> Message {
        if !query.flags.recursion_desired {
            // RFC 1034 section 4.3.1: then only what is known already.
            return match self.resolver.cached(question) {
                Some(resolved) => positive(query, resolved),
                None => query.response(Rcode::Refused),
            };
        }
        match self.resolver.resolve(question, &context.events).await {
            Ok(resolved) => positive(query, resolved),
            Err(failure) => {
                let mut response = query.response(Rcode::ServFail);
                response.answers = failure.answers;
                for (code, text) in failure.reasons {
                    explain(&mut response, code, text);
                }
                response
            }
        }
    }
}

fn positive(query: &Message, resolved: Resolved) -> Message {
    let mut response = query.response(resolved.rcode);
    response.answers = resolved.answers;
    response.authorities = resolved.authorities;
    response
}

impl Answerer for Recursor {
    async fn respond(
        &self,
        query: Message,
        question: Question,
        over: Transport,
        context: &Context,
    ) -> Option<Message> {
        let behaviour = self.behaviour.get();
        if behaviour.silent || (behaviour.drop_aaaa && question.rtype == Rtype::Aaaa) {
            return None;
        }
        if let Some(delay) = behaviour.delay {
            tokio::time::sleep(delay).await;
        }
        let unserved = [Rtype::Axfr, Rtype::Ixfr, Rtype::Opt].contains(&question.rtype);
        let failing = behaviour.servfail.iter().any(|top| question.name.is_within(top));
        let mut response = if behaviour.refuse || question.class != Class::In || unserved {
            query.response(Rcode::Refused)
        } else if failing {
            query.response(Rcode::ServFail)
        } else {
            self.resolve(&query, &question, context).await
        };
        response.flags.recursion_available = true;
        let cut = behaviour.truncate_udp && over == Transport::Udp;
        Some(if cut { truncated(response) } else { response })
    }
}

impl Service for Recursor {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        transport::serve_tcp(self, stream, context).await
    }
}

impl DatagramService for Recursor {
    async fn answer(&self, datagram: Datagram, context: Context) -> Option<Vec<u8>> {
        if self.behaviour.get().malformed {
            // The id, so that it is taken for the answer, and then half a header.
            return datagram.bytes.get(..2).map(|id| [id, &[0x81, 0x80, 0xff, 0xff]].concat());
        }
        transport::answer(self, &datagram.bytes, Transport::Udp, &context).await
    }
}
