//! How far an IPv6 address means the same host, RFC 4007.

use std::fmt;
use std::net::Ipv6Addr;

/// The zone in which an address is unambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Within one interface: multicast that never leaves the host.
    InterfaceLocal,
    /// Within one link; the loopback address counts as such (RFC 4291 section 2.5.3).
    LinkLocal,
    /// Within a network of its own technology (RFC 7346).
    RealmLocal,
    /// The smallest that must be configured by an administrator.
    AdminLocal,
    /// Within a site; of unicast addresses deprecated (RFC 3879).
    SiteLocal,
    /// Within all sites of an organization.
    OrganizationLocal,
    /// Everywhere. Unique local addresses (fc00::/7) have it too, RFC 4193 section 3.3.
    Global,
    /// A multicast scope without a meaning; its four bits.
    Unassigned(u8),
}

impl Scope {
    /// Of an address; the unspecified one has none.
    pub fn of(address: Ipv6Addr) -> Option<Scope> {
        let [first, second, ..] = address.octets();
        Some(match (first, second) {
            (0xff, second) => Scope::of_multicast(second & 15),
            (0xfe, 0x80..=0xbf) => Scope::LinkLocal,
            (0xfe, 0xc0..=0xff) => Scope::SiteLocal,
            _ if address.is_loopback() => Scope::LinkLocal,
            _ if address.is_unspecified() => return None,
            _ => Scope::Global,
        })
    }

    /// The field `scop` of a multicast address, RFC 7346 section 2.
    fn of_multicast(bits: u8) -> Scope {
        match bits {
            1 => Scope::InterfaceLocal,
            2 => Scope::LinkLocal,
            3 => Scope::RealmLocal,
            4 => Scope::AdminLocal,
            5 => Scope::SiteLocal,
            8 => Scope::OrganizationLocal,
            14 => Scope::Global,
            bits => Scope::Unassigned(bits),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::InterfaceLocal => "interface-local",
            Scope::LinkLocal => "link-local",
            Scope::RealmLocal => "realm-local",
            Scope::AdminLocal => "admin-local",
            Scope::SiteLocal => "site-local",
            Scope::OrganizationLocal => "organization-local",
            Scope::Global => "global",
            Scope::Unassigned(bits) => return write!(f, "unassigned ({bits:x})"),
        })
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_at_their_borders() {
        for (address, expected) in [
            ("::", ""),
            ("::1", "link-local"),
            ("::2", "global"),
            ("2001:db8::", "global"),
            ("fc00::1", "global"),
            ("fe7f:ffff::", "global"),
            ("fe80::", "link-local"),
            ("febf:ffff::", "link-local"),
            ("fec0::", "site-local"),
            ("feff:ffff::", "site-local"),
            ("ff01::1", "interface-local"),
            ("ff02::1:ff00:1", "link-local"),
            ("ff33::1", "realm-local"),
            ("ff05::2", "site-local"),
            ("ff08::", "organization-local"),
            ("ff0e::101", "global"),
            ("ff0f::", "unassigned (f)"),
        ] {
            let scope = Scope::of(address.parse().unwrap());
            assert_eq!(scope.map(|scope| scope.to_string()).unwrap_or_default(), expected);
        }
    }
}
