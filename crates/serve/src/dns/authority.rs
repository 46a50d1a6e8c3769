//! A server that has authority for zones.

use std::io;
use std::time::Duration;

use plumb_wire::dns::{Class, ExtendedErrorCode, Message, Name, Question, Rcode, Record, Rtype};

use super::transport::{self, Answerer, explain, truncated};
use super::zone::{Lookup, ZoneSet};
use crate::Switch;
use crate::core::{Context, Datagram, DatagramService, Io, Service, Transport};

/// How an authority behaves; the default is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityBehaviour {
    /// Zones that it refuses as if it did not have them: delegations to it are lame.
    pub lame: Vec<Name>,
    /// Zones for which it answers SERVFAIL.
    pub servfail: Vec<Name>,
    /// Take queries and never answer.
    pub silent: bool,
    /// Wait before each answer.
    pub delay: Option<Duration>,
    /// Answer every UDP query with an empty answer that asks for TCP.
    pub truncate_udp: bool,
    /// Never answer queries for AAAA.
    pub drop_aaaa: bool,
}

/// Serves zones: answers with authority, refers to others, refuses the rest.
#[derive(Debug, Clone)]
pub struct Authority {
    zones: Switch<ZoneSet>,
    behaviour: Switch<AuthorityBehaviour>,
}

/// CNAMEs that are followed within the own zones, as BIND does.
const CNAMES_MAX: usize = 16;

impl Authority {
    /// Serves what stands in `zones`, as `behaviour` says.
    pub fn new(zones: Switch<ZoneSet>, behaviour: Switch<AuthorityBehaviour>) -> Self {
        Authority { zones, behaviour }
    }

    /// The zones, to be edited while they are served.
    pub fn zones(&self) -> &Switch<ZoneSet> {
        &self.zones
    }

    /// The cell that changes how the server behaves.
    pub fn behaviour(&self) -> &Switch<AuthorityBehaviour> {
        &self.behaviour
    }
}

impl Answerer for Authority {
    async fn respond(
        &self,
        query: Message,
        question: Question,
        over: Transport,
        _: &Context,
    ) -> Option<Message> {
        let behaviour = self.behaviour.get();
        let dropped = behaviour.drop_aaaa && question.rtype == Rtype::Aaaa;
        if behaviour.silent || dropped {
            return None;
        }
        if let Some(delay) = behaviour.delay {
            tokio::time::sleep(delay).await;
        }
        let zones = self.zones.get();
        let closest = zones.find(&question.name).map(|zone| zone.origin());
        let hit = |list: &[Name]| closest.is_some_and(|origin| list.contains(origin));
        let response = if hit(&behaviour.servfail) {
            query.response(Rcode::ServFail)
        } else if hit(&behaviour.lame) {
            refused(&query)
        } else {
            authoritative(&zones, &query, &question)
        };
        let cut = behaviour.truncate_udp && over == Transport::Udp;
        Some(if cut { truncated(response) } else { response })
    }
}

/// RFC 8914 section 4.21: a server without authority says so.
fn refused(query: &Message) -> Message {
    let mut response = query.response(Rcode::Refused);
    explain(&mut response, ExtendedErrorCode::NotAuthoritative, String::new());
    response
}

/// The answer from `zones`, RFC 1034 section 4.3.2.
fn authoritative(zones: &ZoneSet, query: &Message, question: &Question) -> Message {
    let transfer = [Rtype::Axfr, Rtype::Ixfr].contains(&question.rtype);
    let known_class = [Class::In, Class::Any].contains(&question.class);
    if transfer || !known_class || zones.find(&question.name).is_none() {
        return refused(query);
    }
    let mut response = query.response(Rcode::NoError);
    let mut name = question.name.clone();
    for restart in 0..CNAMES_MAX {
        let Some(zone) = zones.find(&name) else { break };
        let lookup = zone.lookup(&name, question.rtype);
        if restart == 0 {
            response.flags.authoritative = !matches!(lookup, Lookup::Referral { .. });
        }
        match lookup {
            Lookup::Answer(records) => {
                let extra = records.iter().flat_map(|record| addresses(zones, record));
                response.additionals.extend(extra);
                response.answers.extend(records);
            }
            Lookup::Cname { record, target } => {
                let looped = response.answers.contains(&record);
                response.answers.push(record);
                if !looped {
                    name = target;
                    continue;
                }
            }
            Lookup::Referral { servers, glue } => {
                response.authorities.extend(servers);
                response.additionals.extend(glue);
            }
            Lookup::NoData(soa) => response.authorities.push(soa),
            Lookup::NxDomain(soa) => {
                response.flags.rcode = Rcode::NxDomain;
                response.authorities.push(soa);
            }
        }
        break;
    }
    response
}

/// Addresses of the host that a record names, if a zone here has them.
fn addresses(zones: &ZoneSet, record: &Record) -> Vec<Record> {
    use plumb_wire::dns::Rdata;
    let host = match &record.data {
        Rdata::Ns(host) => host,
        Rdata::Mx(mx) => &mx.exchange,
        Rdata::Srv(srv) => &srv.target,
        _ => return Vec::new(),
    };
    zones.find(host).map(|zone| zone.addresses_of(record).cloned().collect()).unwrap_or_default()
}

impl Service for Authority {
    async fn serve<S: Io>(&self, stream: S, context: Context) -> io::Result<()> {
        transport::serve_tcp(self, stream, context).await
    }
}

impl DatagramService for Authority {
    async fn answer(&self, datagram: Datagram, context: Context) -> Option<Vec<u8>> {
        transport::answer(self, &datagram.bytes, Transport::Udp, &context).await
    }
}
