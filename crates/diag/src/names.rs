//! What the name servers said about the name of a hop.

use std::net::{IpAddr, SocketAddr};

use plumb_evidence::observation::{
    DnsExchange, DnsOutcome, DnsRecord, DnsReply, DnsRole, DnsTransport,
};

use crate::facts::{Facts, Hop, Seen};

/// What one reply says about the addresses of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Addresses,
    /// The name is there, without an address of the type asked for.
    NoData,
    Nonexistent,
    ServFail,
    Refused,
    /// FORMERR, NOTIMP and the rest.
    Error,
    Truncated,
    Malformed,
}

/// One answer of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'e> {
    pub seen: Seen<&'e DnsExchange>,
    pub says: Says,
    /// `None` where the bytes are no reply.
    pub reply: Option<&'e DnsReply>,
}

/// Every exchange about the name with the system's resolvers.
#[derive(Debug)]
pub(crate) struct Names<'e> {
    pub name: String,
    /// The configured servers that were asked, in order.
    pub servers: Vec<SocketAddr>,
    /// With the system's resolvers, about this name and others.
    pub exchanges: Vec<Seen<&'e DnsExchange>>,
    pub answers: Vec<Answer<'e>>,
}

impl<'e> Names<'e> {
    /// Of this hop: its host, or its proxy's.
    pub(crate) fn new(facts: &Facts<'e>, hop: &Hop) -> Names<'e> {
        let system = facts.system.iter().rev().find(|seen| seen.hop == hop.number);
        let name = system.map_or_else(|| hop.host.clone(), |seen| seen.what.name.to_owned());
        let exchanges: Vec<_> = facts
            .dns
            .iter()
            .filter(|seen| seen.what.role == DnsRole::SystemResolver)
            .filter(|seen| seen.hop == hop.number)
            .copied()
            .collect();
        let mut servers = Vec::new();
        for seen in &exchanges {
            if !servers.contains(&seen.what.server) {
                servers.push(seen.what.server);
            }
        }
        let answers = exchanges
            .iter()
            .filter(|seen| same_name(&seen.what.name, &name))
            .filter_map(|seen| answer(*seen))
            .collect();
        Names { name, servers, exchanges, answers }
    }

    /// The exchanges with one server.
    pub(crate) fn with(&self, server: SocketAddr) -> impl Iterator<Item = &Seen<&'e DnsExchange>> {
        self.exchanges.iter().filter(move |seen| seen.what.server == server)
    }

    /// A reply, about whatever name, over this transport.
    pub(crate) fn replied(&self, server: SocketAddr, transport: DnsTransport) -> Option<u32> {
        self.with(server)
            .find(|seen| {
                seen.what.transport == transport
                    && matches!(seen.what.outcome, DnsOutcome::Reply(_))
            })
            .map(|seen| seen.seq)
    }

    /// Whether a server said anything at all.
    pub(crate) fn spoke(&self, server: SocketAddr) -> bool {
        self.with(server).any(|seen| {
            matches!(seen.what.outcome, DnsOutcome::Reply(_) | DnsOutcome::Malformed { .. })
        })
    }

    /// The answers that say this.
    pub(crate) fn saying(&self, says: Says) -> Vec<Answer<'e>> {
        self.answers.iter().filter(|answer| answer.says == says).copied().collect()
    }

    pub(crate) fn any(&self, says: Says) -> bool {
        self.answers.iter().any(|answer| answer.says == says)
    }

    /// Every exchange is over and none gave an address: the system will not
    /// get one either. "No data" for one type is no trouble.
    pub(crate) fn all_unhappy(&self) -> bool {
        let both = |rtype: &str| self.answers.iter().any(|a| a.seen.what.rtype == rtype);
        let none_yet = !self.any(Says::Addresses);
        let only_no_data = self.answers.iter().all(|answer| answer.says == Says::NoData);
        let about: Vec<_> =
            self.exchanges.iter().filter(|seen| same_name(&seen.what.name, &self.name)).collect();
        !about.is_empty()
            && none_yet
            && (!only_no_data || self.answers.is_empty() || (both("A") && both("AAAA")))
    }

    /// All addresses that DNS gave for the name.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let mut found = Vec::new();
        for answer in &self.answers {
            for address in addresses_of(answer.reply) {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        found
    }
}

fn addresses_of(reply: Option<&DnsReply>) -> impl Iterator<Item = IpAddr> {
    reply.into_iter().flat_map(|reply| &reply.answers).filter_map(address_of)
}

fn address_of(record: &DnsRecord) -> Option<IpAddr> {
    matches!(record.rtype.as_str(), "A" | "AAAA").then(|| record.data.parse().ok()).flatten()
}

fn answer(seen: Seen<&DnsExchange>) -> Option<Answer<'_>> {
    match &seen.what.outcome {
        DnsOutcome::Reply(reply) => {
            Some(Answer { seen, says: reply_says(reply), reply: Some(reply) })
        }
        DnsOutcome::Malformed { .. } => Some(Answer { seen, says: Says::Malformed, reply: None }),
        DnsOutcome::Silence { .. } | DnsOutcome::Refused { .. } => None,
    }
}

/// What a reply says, RFC 1035 section 4.1.1 and RFC 2308 section 2.
pub(crate) fn reply_says(reply: &DnsReply) -> Says {
    // A truncated reply says nothing but that (RFC 2181 section 9).
    if reply.truncated {
        return Says::Truncated;
    }
    match reply.rcode_raw {
        0 if addresses_of(Some(reply)).next().is_some() => Says::Addresses,
        0 => Says::NoData,
        2 => Says::ServFail,
        3 => Says::Nonexistent,
        5 => Says::Refused,
        _ => Says::Error,
    }
}

/// The chain of aliases in a reply, from `name`: each with its target.
pub(crate) fn aliases<'r>(reply: &'r DnsReply, name: &str) -> Vec<(&'r str, &'r str)> {
    // RFC 1034 section 3.6.2 wants no chains at all; resolvers stop at about
    // this length.
    const CHAIN_MAX: usize = 16;
    let mut chain: Vec<(&str, &str)> = Vec::new();
    let mut at = name.to_owned();
    while chain.len() < CHAIN_MAX {
        let next = reply
            .answers
            .iter()
            .find(|record| record.rtype == "CNAME" && same_name(&record.name, &at));
        let Some(record) = next else { break };
        let seen_before = chain.iter().any(|(from, _)| same_name(from, &record.name));
        chain.push((&record.name, &record.data));
        if seen_before {
            break;
        }
        at = record.data.clone();
    }
    chain
}

/// The alias that leads back, if the chain does.
pub(crate) fn is_loop(chain: &[(&str, &str)]) -> bool {
    chain.iter().any(|(_, to)| chain.iter().any(|(from, _)| same_name(from, to)))
}

/// Names compare without case and without the final dot.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'))
}
