//! Every name server from the root down to the name's own, asked directly.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use plumb_evidence::Observation;
use plumb_evidence::observation::{DnsExchange, DnsOutcome, DnsReply, DnsRole, DnsTransport};
use plumb_wire::dns::Name;
use tokio::task::JoinSet;

use super::{Ask, addresses_of, ask, is_truncated};
use crate::{Deadline, Retry, Scope};

/// The name servers of the root, <https://www.iana.org/domains/root/servers>.
const ROOTS: [(Ipv4Addr, Ipv6Addr); 13] = [
    (Ipv4Addr::new(198, 41, 0, 4), v6([0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30])),
    (Ipv4Addr::new(170, 247, 170, 2), v6([0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb])),
    (Ipv4Addr::new(192, 33, 4, 12), v6([0x2001, 0x500, 2, 0, 0, 0, 0, 0xc])),
    (Ipv4Addr::new(199, 7, 91, 13), v6([0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd])),
    (Ipv4Addr::new(192, 203, 230, 10), v6([0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe])),
    (Ipv4Addr::new(192, 5, 5, 241), v6([0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf])),
    (Ipv4Addr::new(192, 112, 36, 4), v6([0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d])),
    (Ipv4Addr::new(198, 97, 190, 53), v6([0x2001, 0x500, 1, 0, 0, 0, 0, 0x53])),
    (Ipv4Addr::new(192, 36, 148, 17), v6([0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53])),
    (Ipv4Addr::new(192, 58, 128, 30), v6([0x2001, 0x503, 0xc27, 0, 0, 0, 2, 0x30])),
    (Ipv4Addr::new(193, 0, 14, 129), v6([0x2001, 0x7fd, 0, 0, 0, 0, 0, 1])),
    (Ipv4Addr::new(199, 7, 83, 42), v6([0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42])),
    (Ipv4Addr::new(202, 12, 27, 33), v6([0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35])),
];

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8]) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, e, f, g, h)
}

/// Servers that are asked at the same time on the way down: enough for one to
/// answer, few enough to be polite to a root.
const AT_ONCE: usize = 3;

/// Addresses of one zone's servers that are asked; zones have two to thirteen
/// servers with one or two addresses each.
const SERVERS_MAX: usize = 16;

/// Questions of one walk.
const QUESTIONS_MAX: u32 = 96;

/// Zones from the root to a name; names have at most 127 labels, real ones
/// four or five zones.
const ZONES_MAX: usize = 16;

/// Aliases that are followed, and name servers without an address in the
/// delegation that are looked up, each a walk of its own.
const WALKS_MAX: usize = 6;

/// For one authoritative server: one loss is made good, silence costs little.
const TWICE: Retry = Retry {
    tries: 2,
    base: Duration::from_millis(500),
    factor: 2,
    max: Duration::from_secs(1),
    jitter_percent: 0,
    seed: 0,
};

/// The addresses of the root name servers, built in: `a` first, both families.
pub fn root_servers() -> Vec<IpAddr> {
    ROOTS.iter().flat_map(|&(v4, v6)| [IpAddr::V4(v4), IpAddr::V6(v6)]).collect()
}

/// Asks every name server from the root down to the name's own, each `Dns`
/// with the role of an authority. On the way down a few of each zone are asked
/// at once and the first referral is followed; of the last zone, every server
/// at every address.
pub async fn delegation(
    scope: &Scope,
    name: &str,
    rtype: &str,
    roots: &[IpAddr],
    deadline: Deadline,
) {
    let mut descent = Descent {
        scope,
        roots,
        deadline,
        questions: 0,
        known: BTreeMap::new(),
        asked: BTreeSet::new(),
    };
    let mut waiting = VecDeque::from([(name.to_owned(), rtype.to_owned())]);
    for _ in 0..WALKS_MAX {
        let Some((name, rtype)) = waiting.pop_front() else { return };
        let Ok(target) = name.parse::<Name>() else { continue };
        for more in descent.walk(&target, &rtype).await {
            if !descent.asked.contains(&more) && !waiting.contains(&more) {
                waiting.push_back(more);
            }
        }
        descent.asked.insert((name, rtype));
    }
}

/// A server of a zone: its address, and its name where one is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Server {
    address: IpAddr,
    name: Option<String>,
}

struct Descent<'a> {
    scope: &'a Scope,
    roots: &'a [IpAddr],
    deadline: Deadline,
    questions: u32,
    /// Addresses of name servers that were looked up.
    known: BTreeMap<String, Vec<IpAddr>>,
    asked: BTreeSet<(String, String)>,
}

impl Descent<'_> {
    /// One walk from the root. What must be looked up before it can end, the
    /// question itself last, or the alias that it ended in.
    async fn walk(&mut self, target: &Name, rtype: &str) -> Vec<(String, String)> {
        let mut zone = Name::root();
        let mut servers: Vec<Server> =
            self.roots.iter().map(|&address| Server { address, name: None }).collect();
        for _ in 0..ZONES_MAX {
            servers.retain(|server| self.scope.network.family.allows(server.address));
            servers.truncate(SERVERS_MAX);
            let seen = self.ask_zone(&zone, &servers, target, rtype).await;
            let replies = || seen.iter().filter_map(reply_of);
            self.learn(&seen, target);
            let Some((child, names)) = replies().find_map(|reply| referral(reply, &zone, target))
            else {
                return replies()
                    .find_map(|reply| alias(reply, target))
                    .map_or_else(Vec::new, |to| vec![(to, rtype.to_owned())]);
            };
            let glue: Vec<&DnsReply> = replies().collect();
            servers = names.iter().flat_map(|name| self.addresses(name, &glue)).collect();
            if servers.is_empty() {
                return names
                    .into_iter()
                    .take(2)
                    .map(|server| (server, "A".to_owned()))
                    .chain([(target.to_string(), rtype.to_owned())])
                    .collect();
            }
            zone = child;
        }
        Vec::new()
    }

    /// Asks a few servers and, unless one of them refers further down, all.
    async fn ask_zone(
        &mut self,
        zone: &Name,
        servers: &[Server],
        target: &Name,
        rtype: &str,
    ) -> Vec<DnsExchange> {
        let mut seen = Vec::new();
        // Of the root, three are asked and no more: that it works is not in
        // question, that this host reaches it is.
        let (few, rest) = servers.split_at(servers.len().min(AT_ONCE));
        let rest = if zone.is_root() { &[] } else { rest };
        for batch in [few, rest] {
            let mut asking = JoinSet::new();
            for server in batch.iter().take((QUESTIONS_MAX - self.questions) as usize) {
                self.questions += 1;
                asking.spawn(ask_one(
                    self.scope.clone(),
                    server.clone(),
                    zone.to_string(),
                    target.to_string(),
                    rtype.to_owned(),
                    self.deadline,
                ));
            }
            while let Some(Ok(exchanges)) = asking.join_next().await {
                seen.extend(exchanges);
                let referred =
                    seen.iter().filter_map(reply_of).any(|r| referral(r, zone, target).is_some());
                if referred {
                    // The way down is known; the others' answers are not needed.
                    return seen;
                }
            }
        }
        if self.questions >= QUESTIONS_MAX {
            self.scope.record(Observation::NotLookedAt {
                what: format!("more name servers of {zone}"),
                why: format!("at most {QUESTIONS_MAX} questions are asked"),
            });
        }
        seen
    }

    /// Keeps the addresses of a name that was asked for, for delegations that
    /// need it.
    fn learn(&mut self, seen: &[DnsExchange], target: &Name) {
        let found: Vec<IpAddr> = seen.iter().flat_map(addresses_of).collect();
        if !found.is_empty() {
            let known = self.known.entry(target.to_lowercase().to_string()).or_default();
            for address in found {
                if !known.contains(&address) {
                    known.push(address);
                }
            }
        }
    }

    /// The addresses of a name server: from the delegation, or looked up.
    fn addresses(&self, name: &str, glue: &[&DnsReply]) -> Vec<Server> {
        let lower = name.to_ascii_lowercase();
        let mut found = self.known.get(&lower).cloned().unwrap_or_default();
        for record in glue.iter().flat_map(|reply| &reply.additionals) {
            if record.name.eq_ignore_ascii_case(name)
                && let Ok(address) = record.data.parse()
                && !found.contains(&address)
            {
                found.push(address);
            }
        }
        found.into_iter().map(|address| Server { address, name: Some(name.to_owned()) }).collect()
    }
}

async fn ask_one(
    scope: Scope,
    server: Server,
    zone: String,
    name: String,
    rtype: String,
    deadline: Deadline,
) -> Vec<DnsExchange> {
    let mut question = Ask {
        server: SocketAddr::new(server.address, 53),
        role: DnsRole::Authority { zone, server_name: server.name },
        transport: DnsTransport::Udp,
        name: &name,
        rtype: &rtype,
        recursion_desired: false,
        retry: TWICE,
    };
    let mut seen = vec![ask(&scope, &question, deadline).await];
    if seen.iter().any(is_truncated) {
        question.transport = DnsTransport::Tcp;
        seen.push(ask(&scope, &question, deadline).await);
    }
    seen
}

fn reply_of(seen: &DnsExchange) -> Option<&DnsReply> {
    match &seen.outcome {
        DnsOutcome::Reply(reply) => Some(reply),
        _ => None,
    }
}

/// The zone that a reply refers to and the names of its servers: below the
/// zone that was asked, at or above the name. Anything else leads in circles
/// (a lame server often refers to the root).
fn referral(reply: &DnsReply, zone: &Name, target: &Name) -> Option<(Name, Vec<String>)> {
    if reply.rcode_raw != 0 || !reply.answers.is_empty() {
        return None;
    }
    let servers = reply.authorities.iter().filter(|record| record.rtype == "NS");
    let mut child: Option<Name> = None;
    let mut names = Vec::new();
    for record in servers {
        let Ok(owner) = record.name.parse::<Name>() else { continue };
        let below = owner.is_within(zone) && owner != *zone && target.is_within(&owner);
        if below && child.as_ref().is_none_or(|child| *child == owner) {
            child = Some(owner);
            names.push(without_dot(&record.data).to_owned());
        }
    }
    child.map(|child| (child, names))
}

/// The alias at the end of a reply's chain that has nothing more behind it.
fn alias(reply: &DnsReply, target: &Name) -> Option<String> {
    if !reply.authoritative || reply.rcode_raw != 0 {
        return None;
    }
    let mut at = target.to_string();
    let mut moved = false;
    // Each step uses another record, or the chain turns in a circle.
    for _ in 0..reply.answers.len() {
        let next = reply
            .answers
            .iter()
            .find(|record| record.rtype == "CNAME" && record.name.eq_ignore_ascii_case(&at));
        let Some(next) = next else { break };
        at = without_dot(&next.data).to_owned();
        moved = true;
    }
    let answered = reply
        .answers
        .iter()
        .any(|record| record.rtype != "CNAME" && record.name.eq_ignore_ascii_case(&at));
    (moved && !answered).then_some(at)
}

fn without_dot(name: &str) -> &str {
    if name == "." { name } else { name.strip_suffix('.').unwrap_or(name) }
}

#[cfg(test)]
mod tests {
    use plumb_evidence::observation::DnsRecord;

    use super::*;

    fn reply(authorities: &[(&str, &str)], answers: &[(&str, &str, &str)]) -> DnsReply {
        let record = |name: &str, rtype: &str, data: &str| DnsRecord {
            name: name.into(),
            rtype: rtype.into(),
            ttl_s: 60,
            data: data.into(),
        };
        DnsReply {
            rcode: "noerror".into(),
            rcode_raw: 0,
            authoritative: true,
            truncated: false,
            recursion_available: false,
            answers: answers.iter().map(|(n, t, d)| record(n, t, d)).collect(),
            authorities: authorities.iter().map(|(n, d)| record(n, "NS", d)).collect(),
            additionals: Vec::new(),
            extended_errors: Vec::new(),
            size_bytes: 0,
        }
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn only_downward_referrals_are_followed() {
        let target = name("www.example.com");
        let down = reply(&[("com", "a.gtld-servers.net."), ("com", "b.gtld-servers.net.")], &[]);
        let (zone, servers) = referral(&down, &Name::root(), &target).unwrap();
        assert_eq!(zone, name("com"));
        assert_eq!(servers, ["a.gtld-servers.net", "b.gtld-servers.net"]);
        for (sideways, from) in [(".", "com"), ("com", "com"), ("org", "."), ("b.com", "com")] {
            let reply = reply(&[(sideways, "ns.")], &[]);
            assert_eq!(referral(&reply, &name(from), &target), None, "{sideways}");
        }
        let answered = reply(&[("com", "a.")], &[("www.example.com", "A", "192.0.2.1")]);
        assert_eq!(referral(&answered, &Name::root(), &target), None);
    }

    #[test]
    fn an_alias_is_followed_to_its_end_and_circles_end() {
        let target = name("www.example.com");
        let chain = [
            ("www.example.com", "CNAME", "a.example.com."),
            ("A.example.com", "CNAME", "b.example.net."),
        ];
        assert_eq!(alias(&reply(&[], &chain), &target).unwrap(), "b.example.net");
        let mut answered = chain.to_vec();
        answered.push(("b.example.net", "A", "192.0.2.1"));
        assert_eq!(alias(&reply(&[], &answered), &target), None);
        let circle = [("www.example.com", "CNAME", "x.y."), ("x.y", "CNAME", "www.example.com.")];
        assert!(alias(&reply(&[], &circle), &target).is_some());
        assert_eq!(alias(&reply(&[], &[]), &target), None);
    }

    #[test]
    fn the_root_has_thirteen_servers_of_both_families() {
        assert_eq!(root_servers().len(), 26);
        assert_eq!(root_servers()[0], "198.41.0.4".parse::<IpAddr>().unwrap());
    }
}
