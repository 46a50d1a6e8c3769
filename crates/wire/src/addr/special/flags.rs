//! The flags of an IPv6 multicast address.

use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

/// The four bits behind `ff`, RFC 7371 section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct GroupFlags {
    /// All four.
    pub bits: u8,
    /// X: reserved.
    pub reserved: bool,
    /// R: the rendezvous point stands in the address (RFC 3956).
    pub rendezvous_point: bool,
    /// P: the prefix of a network stands in the address (RFC 3306).
    pub prefix: bool,
    /// T: nobody registered the group.
    pub transient: bool,
}

impl GroupFlags {
    /// Of an IPv6 multicast address.
    ///
    /// ```
    /// use plumb_wire::addr::special::GroupFlags;
    /// let flags = GroupFlags::of("ff3e::8000:1".parse().unwrap()).unwrap();
    /// assert_eq!(flags.to_string(), "P (a network's own), T (transient)");
    /// ```
    pub fn of(address: IpAddr) -> Option<GroupFlags> {
        let IpAddr::V6(address) = address else { return None };
        let bits = address.octets()[1] >> 4;
        address.is_multicast().then_some(GroupFlags {
            bits,
            reserved: bits & 8 != 0,
            rendezvous_point: bits & 4 != 0,
            prefix: bits & 2 != 0,
            transient: bits & 1 != 0,
        })
    }

    /// What these flags do not allow each other: R needs P, and P needs T.
    pub fn contradiction(&self) -> Option<&'static str> {
        match self {
            GroupFlags { rendezvous_point: true, prefix: false, .. } => {
                Some("R without P is not allowed (RFC 3956 section 3)")
            }
            GroupFlags { prefix: true, transient: false, .. } => {
                Some("P without T is not allowed (RFC 3306 section 4)")
            }
            _ => None,
        }
    }
}

impl fmt::Display for GroupFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.reserved, "X (reserved)"),
            (self.rendezvous_point, "R (its rendezvous point in it)"),
            (self.prefix, "P (a network's own)"),
            (self.transient, "T (transient)"),
        ];
        let set: Vec<_> = names.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
        f.write_str(if set.is_empty() { "none: a registered group" } else { "" })?;
        f.write_str(&set.join(", "))?;
        self.contradiction().map_or(Ok(()), |why| write!(f, "; {why}"))
    }
}
