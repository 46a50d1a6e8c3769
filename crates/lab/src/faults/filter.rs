//! What a firewall at a place does: a few rules, which become one nf_tables
//! table per active fault.

use std::net::IpAddr;

use plumb_sys::nft::{
    Chain, Family, Hook, Nft, NftError, Policy, Reject, Rule, Table, Transaction, payload_rules,
};

/// The first bytes of a TLS handshake record: content type, and the major
/// version that every TLS has (RFC 8446 section 5.1).
const TLS_HANDSHAKE: [u8; 2] = [0x16, 0x03];

/// Before the lab's own filters, so that a fault hits what they would pass.
const HOOKS: [(&str, Hook); 3] =
    [("input", Hook::Input), ("forward", Hook::Forward), ("output", Hook::Output)];

/// A rule: what it matches, where, and what it does. It counts its hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterRule {
    /// Only packets that enter or leave by this interface.
    pub interface: Option<String>,
    pub matching: Rule,
    pub verdict: FilterVerdict,
    /// Only packets that the machine itself sends.
    pub own_only: bool,
}

/// What happens to a packet that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterVerdict {
    Drop,
    /// A TCP reset in the name of the destination.
    TcpReset,
    /// ICMP 3/3, ICMPv6 1/4.
    PortUnreachable,
    /// ICMP 3/13, ICMPv6 1/1.
    AdminProhibited,
    /// ICMP 3/1, ICMPv6 1/3.
    HostUnreachable,
}

/// Builds conditions step by step; lists of hosts multiply.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Matches everything.
    pub fn all() -> Rules {
        Rules(vec![Rule::new()])
    }

    /// Adds a condition to every rule.
    #[must_use]
    pub fn and(self, condition: impl Fn(Rule) -> Rule) -> Rules {
        Rules(self.0.into_iter().map(condition).collect())
    }

    /// Only packets from one of these, one rule for each.
    #[must_use]
    pub fn from_hosts(self, hosts: &[IpAddr]) -> Rules {
        self.each(hosts, |rule, host| rule.from(host.into()))
    }

    /// Only packets to one of these, one rule for each.
    #[must_use]
    pub fn to_hosts(self, hosts: &[IpAddr]) -> Rules {
        self.each(hosts, |rule, host| rule.to(host.into()))
    }

    fn each(self, hosts: &[IpAddr], condition: impl Fn(Rule, IpAddr) -> Rule) -> Rules {
        let rules = self.0.iter().flat_map(|rule| {
            hosts.iter().map(|host| condition(rule.clone(), *host)).collect::<Vec<_>>()
        });
        Rules(rules.collect())
    }

    #[must_use]
    pub fn to_tcp_port(self, port: u16) -> Rules {
        self.and(|rule| rule.tcp_port(port))
    }

    #[must_use]
    pub fn to_udp_port(self, port: u16) -> Rules {
        self.and(|rule| rule.udp_port(port))
    }

    /// Only IP packets longer than so many bytes.
    #[must_use]
    pub fn longer_than(self, bytes: u16) -> Rules {
        self.and(|rule| rule.longer_than(bytes.into()))
    }

    /// Only TCP segments whose data begins with a TLS handshake record.
    #[must_use]
    pub fn tls_handshake(self) -> Rules {
        let rules = self.0.iter();
        Rules(rules.flat_map(|rule| payload_rules(rule, &TLS_HANDSHAKE, false, |r| r)).collect())
    }

    /// The rules, with what they do.
    pub fn then(self, verdict: FilterVerdict, interface: Option<&str>) -> Vec<FilterRule> {
        let interface = interface.map(str::to_owned);
        self.0
            .into_iter()
            .map(|matching| FilterRule {
                interface: interface.clone(),
                matching,
                verdict,
                own_only: false,
            })
            .collect()
    }
}

impl FilterRule {
    /// The rule as it stands in a chain; on the way through, an interface may
    /// be the one that a packet came by or the one that it leaves by.
    fn at(&self, hook: Hook) -> Vec<Rule> {
        if self.own_only && hook != Hook::Output {
            return Vec::new();
        }
        let matching = &self.matching;
        let rules = match (&self.interface, hook) {
            (None, _) => vec![matching.clone()],
            (Some(name), Hook::Input) => vec![matching.clone().in_interface(name)],
            (Some(name), Hook::Output) => vec![matching.clone().out_interface(name)],
            (Some(name), _) => {
                vec![matching.clone().in_interface(name), matching.clone().out_interface(name)]
            }
        };
        rules.into_iter().map(|rule| self.verdict.end(rule.counter())).collect()
    }
}

impl FilterVerdict {
    fn end(self, rule: Rule) -> Rule {
        match self {
            FilterVerdict::Drop => rule.drop(),
            FilterVerdict::TcpReset => rule.reject(Reject::TcpReset),
            FilterVerdict::PortUnreachable => rule.reject(Reject::PortUnreachable),
            FilterVerdict::AdminProhibited => rule.reject(Reject::AdminProhibited),
            FilterVerdict::HostUnreachable => rule.reject(Reject::HostUnreachable),
        }
    }
}

/// Adds a table with these rules, in the calling thread's network namespace:
/// for packets to the machine, through it and from it.
pub(crate) fn install(name: &str, rules: &[FilterRule]) -> Result<(), NftError> {
    let table = Table::new(Family::Inet, name);
    let mut transaction = Transaction::new();
    transaction.create_table(&table);
    for (chain, hook) in HOOKS {
        transaction.add_chain(&table, &Chain::filter(chain, hook, Policy::Accept));
        for rule in rules.iter().flat_map(|rule| rule.at(hook)) {
            transaction.add_rule(&table, chain, &rule);
        }
    }
    Nft::open()?.commit(&transaction)
}

/// Removes such a table; it is no error if there is none.
pub(crate) fn remove(name: &str) -> Result<(), NftError> {
    let mut transaction = Transaction::new();
    transaction.remove_table(&Table::new(Family::Inet, name));
    Nft::open()?.commit(&transaction)
}

/// How many packets met the rules of such a table.
pub(crate) fn packets(name: &str) -> Result<u64, NftError> {
    let rules = Nft::open()?.rules(&Table::new(Family::Inet, name), None)?;
    Ok(rules.iter().filter_map(|rule| rule.counter).map(|(packets, _)| packets).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_multiply_and_an_interface_is_either_way() {
        let hosts: Vec<IpAddr> =
            vec!["10.130.1.4".parse().unwrap(), "2001:db8:130::4".parse().unwrap()];
        let rules =
            Rules::all().to_tcp_port(443).to_hosts(&hosts).then(FilterVerdict::Drop, Some("eth0"));
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0].at(Hook::Input).len(), 1);
        assert_eq!(rules[0].at(Hook::Forward).len(), 2);
    }
}
