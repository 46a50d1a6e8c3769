//! Ethernet, IEEE 802.3 clause 3, and the VLAN tag of IEEE 802.1Q.
//!
//! ```text
//! +-------------+-------------+-----------+---------
//! | destination | source      | EtherType | payload
//! | 6           | 6           | 2         |
//! +-------------+-------------+-----------+---------
//! ```

use serde::{Deserialize, Serialize};

use crate::addr::Mac;
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

code_points! {
    /// What an Ethernet frame carries. Up to 1500 it is the payload's length instead (802.3).
    "EtherType", pub enum EtherType: u16, unknown "0x{:04x}" {
        Ipv4 = 0x0800 => "IPv4",
        Arp = 0x0806 => "ARP",
        WakeOnLan = 0x0842 => "Wake-on-LAN",
        Vlan = 0x8100 => "802.1Q VLAN",
        Ipv6 = 0x86dd => "IPv6",
        Pppoe = 0x8863 => "PPPoE discovery",
        PppoeSession = 0x8864 => "PPPoE session",
        Mpls = 0x8847 => "MPLS",
        Eapol = 0x888e => "EAP over LAN",
        ServiceVlan = 0x88a8 => "802.1ad service VLAN",
        Lldp = 0x88cc => "LLDP",
        Macsec = 0x88e5 => "MACsec",
    }
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ethernet {
    /// To whom.
    pub destination: Mac,
    /// From whom.
    pub source: Mac,
    /// What follows.
    pub ether_type: EtherType,
}

impl Layout for Ethernet {
    const NAME: &'static str = "Ethernet";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.address("destination", &mut self.destination, Mac::octets)?
            .meaning_if(self.destination.is_multicast(), || "a group")
            .meaning_if(self.destination == Mac::BROADCAST, || "everyone on the segment");
        wire.address("source", &mut self.source, Mac::octets)?
            .anomaly(self.source.is_multicast(), || "a group cannot send");
        lay_ether_type(wire, &mut self.ether_type)
    }
}

fn lay_ether_type(wire: &mut Wire<'_>, ether_type: &mut EtherType) -> Result<(), DecodeError> {
    wire.u16("EtherType", ether_type)?
        .meaning_if(ether_type.number() <= 1500, || "the payload's length, 802.3");
    Ok(())
}

/// What follows an EtherType of [`EtherType::Vlan`] or [`EtherType::ServiceVlan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VlanTag {
    /// 0 to 7, the higher the more urgent by default; 1 is below 0.
    pub priority: u8,
    /// May be dropped first.
    pub drop_eligible: bool,
    /// 12 bits; 0 is no VLAN, only a priority.
    pub id: u16,
    /// What follows.
    pub ether_type: EtherType,
}

impl Layout for VlanTag {
    const NAME: &'static str = "VLAN tag";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.bits("priority", 3, &mut self.priority)?;
        wire.bits("drop eligible", 1, &mut self.drop_eligible)?;
        wire.bits("VLAN", 12, &mut self.id)?
            .meaning_if(self.id == 0, || "no VLAN, only a priority")
            .anomaly(self.id == 0xfff, || "reserved");
        lay_ether_type(wire, &mut self.ether_type)
    }
}
