//! nf_tables: packet filters and address translation, in the calling thread's
//! network namespace, without the `nft` program.
//!
//! A [`Transaction`] is applied whole or not at all. Wants CAP_NET_ADMIN over
//! the network namespace.

mod encode;
mod expression;
mod rule;
mod transaction;

use std::io;

pub use expression::{Base, Comparison, CtState, Expression, LimitUnit, MetaKey, Reject, Verdict};
pub use rule::{Rule, payload_rules};
pub use transaction::{Nft, RuleInfo, Transaction};

/// What could not be done, to what, and what the kernel said.
#[derive(Debug, thiserror::Error)]
#[error("nf_tables: {operation} {target}: {source}{}", detail.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
pub struct NftError {
    /// What was tried, such as `add rule to`.
    pub operation: &'static str,
    /// To what, such as `inet plumb forward`.
    pub target: String,
    /// The kernel's extended acknowledgement, if it gave one.
    pub detail: Option<String>,
    /// The errno.
    pub source: io::Error,
}

impl NftError {
    /// The kernel's errno; `None` where its answer could not be read.
    pub fn errno(&self) -> Option<i32> {
        self.source.raw_os_error()
    }
}

/// Which packets a table sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4 and IPv6.
    Inet,
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// ARP.
    Arp,
    /// Frames that a bridge forwards.
    Bridge,
    /// Frames at one interface, before or after all else.
    Netdev,
}

impl Family {
    /// NFPROTO_ numbers, linux/netfilter.h.
    fn number(self) -> u8 {
        match self {
            Family::Inet => 1,
            Family::Ip => 2,
            Family::Arp => 3,
            Family::Netdev => 5,
            Family::Bridge => 7,
            Family::Ip6 => 10,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Family::Inet => "inet",
            Family::Ip => "ip",
            Family::Ip6 => "ip6",
            Family::Arp => "arp",
            Family::Bridge => "bridge",
            Family::Netdev => "netdev",
        }
    }
}

/// A table by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Table {
    /// Which packets it sees.
    pub family: Family,
    /// Its name, unique in the family.
    pub name: String,
}

impl Table {
    /// Names a table.
    pub fn new(family: Family, name: &str) -> Self {
        Table { family, name: name.to_owned() }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.family.name(), self.name)
    }
}

/// What kind of chain it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainKind {
    /// Passes or drops.
    Filter,
    /// Translates addresses; sees the first packet of a connection only.
    Nat,
}

/// Where in the packet's way a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Before the routing decision.
    Prerouting,
    /// To this host.
    Input,
    /// Through this host.
    Forward,
    /// From this host.
    Output,
    /// After the routing decision.
    Postrouting,
    /// As frames come in ([`Family::Netdev`]).
    Ingress,
}

impl Hook {
    fn number(self, family: Family) -> u32 {
        match (family, self) {
            (Family::Arp, Hook::Output) => 1,
            (_, Hook::Prerouting | Hook::Ingress) => 0,
            (Family::Arp, _) => 0,
            (_, Hook::Input) => 1,
            (_, Hook::Forward) => 2,
            (_, Hook::Output) => 3,
            (_, Hook::Postrouting) => 4,
        }
    }
}

/// What becomes of a packet that no rule decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It goes on.
    Accept,
    /// It is gone.
    Drop,
}

/// A chain, with the place where it is hooked in, or none if it is only
/// jumped to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its name, unique in the table.
    pub name: String,
    /// Where it stands.
    pub base: Option<BaseChain>,
}

/// Where a chain is hooked in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseChain {
    /// What kind it is.
    pub kind: ChainKind,
    /// Where it stands.
    pub hook: Hook,
    /// Order among chains of one hook; lower is earlier. 0 is `filter`, 100
    /// `srcnat`, -100 `dstnat`.
    pub priority: i32,
    /// What becomes of the rest.
    pub policy: Policy,
    /// The interface, for [`Family::Netdev`] only.
    pub device: Option<String>,
}

impl Chain {
    /// A chain that is only jumped to.
    pub fn regular(name: &str) -> Self {
        Chain { name: name.to_owned(), base: None }
    }

    /// A filter at `hook` with the usual priority.
    pub fn filter(name: &str, hook: Hook, policy: Policy) -> Self {
        let base = BaseChain { kind: ChainKind::Filter, hook, priority: 0, policy, device: None };
        Chain { name: name.to_owned(), base: Some(base) }
    }

    /// Address translation at `hook`, with the priority that is usual there.
    pub fn nat(name: &str, hook: Hook) -> Self {
        const SOURCE: i32 = 100;
        const DESTINATION: i32 = -100;
        let priority = match hook {
            Hook::Prerouting | Hook::Output => DESTINATION,
            _ => SOURCE,
        };
        let base = BaseChain {
            kind: ChainKind::Nat,
            hook,
            priority,
            policy: Policy::Accept,
            device: None,
        };
        Chain { name: name.to_owned(), base: Some(base) }
    }
}
