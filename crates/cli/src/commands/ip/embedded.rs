//! What an address has inside, and how an IPv4 address stands in IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};
use plumb_report::Line;
use plumb_wire::addr::embedded::{self, Embedded, Nat64Prefix};
use plumb_wire::addr::special::{self, Block, Extent, Says, Verdict};
use serde::Serialize;

use super::binary::Place;
use super::special::row;

/// Both directions; the fields stand in the address's own record.
#[derive(Debug, Serialize)]
pub(super) struct Inside {
    /// What was found in the address.
    pub embedded: Vec<Part>,
    /// Of an IPv4 address; null for IPv6, and for a network without host bits.
    pub in_ipv6: Option<InIpv6>,
}

/// Something found in the address.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    #[serde(flatten)]
    what: Embedded,
    reference: &'static str,
    /// What the registries say of the IPv4 address that was found; null where there is none.
    ipv4_verdict: Option<Verdict>,
}

/// How IPv6 writes an IPv4 address. 6to4 and the well-known prefix of NAT64 stand only for
/// addresses that are globally reachable (RFC 3056 section 2, RFC 6052 section 3.1).
#[derive(Debug, Serialize)]
pub(super) struct InIpv6 {
    mapped: Ipv6Addr,
    #[serde(rename = "6to4")]
    six_to_four: Option<Ipv6Net>,
    nat64: Vec<Ipv6Addr>,
    #[serde(skip)]
    is_global: bool,
}

impl Inside {
    /// With the prefixes of translators that are known, if any. In a network without host bits
    /// there is what all its addresses have.
    pub(super) fn of(given: IpNet, translators: &[Nat64Prefix]) -> Inside {
        let address = given.addr();
        let is_whole = given == given.trunc() && given.network() != given.broadcast();
        let mut parts = embedded::parts_beyond(address, translators);
        if is_whole {
            let last = embedded::parts_beyond(given.broadcast(), translators);
            let same = |part: &Embedded| {
                last.iter().any(|other| other.name() == part.name() && other.ipv4() == part.ipv4())
            };
            parts.retain(|part| part.ipv4().is_some() && same(part));
        }
        let part = |what: Embedded| Part {
            what,
            reference: what.reference(),
            ipv4_verdict: what.ipv4().map(|ipv4| special::verdict(ipv4.into())),
        };
        Inside {
            embedded: parts.into_iter().map(part).collect(),
            in_ipv6: match address {
                IpAddr::V4(address) if !is_whole => Some(InIpv6::of(address, translators)),
                _ => None,
            },
        }
    }

    pub(super) fn lines(&self, place: &Place) -> Vec<Line> {
        let parts = self.embedded.iter().flat_map(|part| part.lines(place));
        parts.chain(self.in_ipv6.iter().flat_map(|forms| forms.lines(place))).collect()
    }
}

impl Part {
    fn lines(&self, place: &Place) -> Vec<Line> {
        let text = format!("{} ({})", self.what, self.reference);
        let mut lines = row(self.what.name(), &text, place);
        if let Some((ipv4, verdict)) = self.what.ipv4().zip(self.ipv4_verdict) {
            lines.extend(row("", &whereabouts(ipv4, &verdict), place));
        }
        lines
    }
}

/// `10.1.2.3 is in 10.0.0.0/8, Private-Use: not globally reachable`.
fn whereabouts(ipv4: Ipv4Addr, verdict: &Verdict) -> String {
    let reach = match verdict.globally_reachable {
        Says::Yes => "globally reachable",
        Says::No => "not globally reachable",
        Says::NotApplicable | Says::Nothing => "nobody says whether globally reachable",
    };
    let decides = |block: &&&Block| Some(block.extent) == verdict.decided_by;
    let rows = special::rows(ipv4.into());
    match rows.iter().find(decides) {
        Some(Block { extent, name, .. }) => {
            let extent: &Extent = extent;
            format!("{ipv4} is in {extent}, {name}: {reach}")
        }
        None => format!("{ipv4} is {reach}"),
    }
}

impl InIpv6 {
    fn of(address: Ipv4Addr, translators: &[Nat64Prefix]) -> InIpv6 {
        let is_global = special::verdict(address.into()).globally_reachable == Says::Yes;
        let is_unicast = is_global && !address.is_multicast();
        let [a, b, c, d] = address.octets().map(u16::from);
        let site = Ipv6Addr::new(0x2002, a << 8 | b, c << 8 | d, 0, 0, 0, 0, 0);
        let mut prefixes = translators.to_vec();
        if prefixes.is_empty() && is_unicast {
            prefixes.push(Nat64Prefix::well_known());
        }
        InIpv6 {
            mapped: address.to_ipv6_mapped(),
            six_to_four: Ipv6Net::new(site, 48).ok().filter(|_| is_unicast),
            nat64: prefixes.iter().map(|prefix| prefix.embed(address)).collect(),
            is_global: is_unicast,
        }
    }

    fn lines(&self, place: &Place) -> Vec<Line> {
        let mut lines = row("in IPv6", &format!("{} (IPv4-mapped)", self.mapped), place);
        if let Some(site) = self.six_to_four {
            lines.extend(row("", &format!("{site} (6to4)"), place));
        }
        for address in &self.nat64 {
            lines.extend(row("", &format!("{address} (NAT64)"), place));
        }
        if !self.is_global {
            let text = "6to4 and 64:ff9b::/96 are only for what is globally reachable";
            lines.extend(row("", text, place));
        }
        lines
    }
}
