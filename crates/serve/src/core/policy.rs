//! Who may come to a server, beside the limits that hold for everybody.

use plumb_sys::options::SocketOptions;

use super::access::{AccessList, PrefixSet};

/// Who may come, whose word is taken for it, and how their sockets are set up.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Addresses that may come, and that may not.
    pub access: AccessList,
    /// Whether a proxy says who comes.
    pub proxies: Proxies,
    /// What is asked of each accepted socket. TCP_NODELAY is on unless it is
    /// turned off here.
    pub socket: SocketOptions,
}

/// Whether connections begin with a header of the PROXY protocol.
///
/// Anybody can write such a header, so it is believed only from proxies that
/// were named; over a Unix socket from whoever may open it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Proxies {
    /// No header is expected from anybody.
    #[default]
    Off,
    /// From these a header may come; from others none is looked for.
    Optional(PrefixSet),
    /// From these a header must come; nobody else may connect.
    Required(PrefixSet),
}

impl Proxies {
    /// What to do with a connection from `peer`; `None` is a Unix socket.
    pub(super) fn expectation(&self, peer: Option<std::net::IpAddr>) -> Expectation {
        let trusted = |named: &PrefixSet| peer.is_none_or(|peer| named.contains(peer));
        match self {
            Proxies::Off => Expectation::None,
            Proxies::Optional(named) if trusted(named) => Expectation::Optional,
            Proxies::Optional(_) => Expectation::None,
            Proxies::Required(named) if trusted(named) => Expectation::Required,
            Proxies::Required(_) => Expectation::Stranger,
        }
    }
}

/// What is expected at the beginning of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expectation {
    /// The protocol itself.
    None,
    /// A header or the protocol itself.
    Optional,
    /// A header.
    Required,
    /// Nothing: only proxies may come, and this is none.
    Stranger,
}
