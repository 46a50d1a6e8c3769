//! The network layer: which host.

pub mod checksum;
mod icmp;
mod icmp6;
mod ipv4;
mod ipv6;
mod protocol;

pub(crate) use icmp::QUOTED;
pub use icmp::{Icmp, IcmpBody, IcmpType};
pub use icmp6::{Icmp6, Icmp6Body, Icmp6Type, NeighborOption, NeighborOptionType};
pub use ipv4::{Ipv4, Ipv4Option, Ipv4OptionType};
pub use ipv6::{Ipv6, Ipv6Extension, Ipv6Fragment};
pub use protocol::Protocol;
