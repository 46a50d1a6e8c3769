//! The link layer: who on this segment.

mod arp;
mod ethernet;

pub use arp::{Arp, ArpAddresses, ArpOperation, HardwareType};
pub use ethernet::{EtherType, Ethernet, VlanTag};
