//! ARP, RFC 826: who has this protocol address?
//!
//! ```text
//! +---------------+---------------+-------+-------+-----------+
//! | hardware type | protocol type | hlen  | plen  | operation |
//! | 2             | 2             | 1     | 1     | 2         |
//! +---------------+---------------+-------+-------+-----------+
//! | sender hardware (hlen) | sender protocol (plen)           |
//! | target hardware (hlen) | target protocol (plen)           |
//! +---------------------------------------------------------- +
//! ```

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::EtherType;
use crate::addr::Mac;
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

code_points! {
    /// What a message wants.
    "ARP operation", pub enum ArpOperation: u16, unknown "operation {}" {
        Request = 1 => "request",
        Reply = 2 => "reply",
        ReverseRequest = 3 => "reverse request",
        ReverseReply = 4 => "reverse reply",
    }
}

code_points! {
    /// What kind of network.
    "hardware type", pub enum HardwareType: u16, unknown "type {}" {
        Ethernet = 1 => "Ethernet",
        Ieee802 = 6 => "IEEE 802",
        FibreChannel = 18 => "Fibre Channel",
        Infiniband = 32 => "InfiniBand",
    }
}

/// A question or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arp {
    /// What kind of network.
    pub hardware_type: HardwareType,
    /// What kind of protocol address.
    pub protocol_type: EtherType,
    /// Question or answer.
    pub operation: ArpOperation,
    /// Who asks or answers, and about whom.
    pub addresses: ArpAddresses,
}

/// The four addresses, whose lengths the message itself tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArpAddresses {
    /// 6 and 4 bytes: as good as always.
    EthernetIpv4 {
        /// Who sends this.
        sender_mac: Mac,
        /// The sender's address; `0.0.0.0` in a probe (RFC 5227).
        sender_ip: Ipv4Addr,
        /// Zero in a request.
        target_mac: Mac,
        /// The address asked about.
        target_ip: Ipv4Addr,
    },
    /// Other lengths.
    Other {
        /// The length of a hardware address.
        hardware_bytes: u8,
        /// The length of a protocol address.
        protocol_bytes: u8,
        /// All four, unparted.
        addresses: Vec<u8>,
    },
}

impl Default for Arp {
    fn default() -> Arp {
        Arp {
            hardware_type: HardwareType::Ethernet,
            protocol_type: EtherType::Ipv4,
            operation: ArpOperation::Request,
            addresses: ArpAddresses::blank(6, 4),
        }
    }
}

impl ArpAddresses {
    fn blank(hardware_bytes: u8, protocol_bytes: u8) -> ArpAddresses {
        if (hardware_bytes, protocol_bytes) == (6, 4) {
            return ArpAddresses::EthernetIpv4 {
                sender_mac: Mac::ZERO,
                sender_ip: Ipv4Addr::UNSPECIFIED,
                target_mac: Mac::ZERO,
                target_ip: Ipv4Addr::UNSPECIFIED,
            };
        }
        ArpAddresses::Other { hardware_bytes, protocol_bytes, addresses: Vec::new() }
    }

    fn lengths(&self) -> (u8, u8) {
        match self {
            ArpAddresses::EthernetIpv4 { .. } => (6, 4),
            ArpAddresses::Other { hardware_bytes, protocol_bytes, .. } => {
                (*hardware_bytes, *protocol_bytes)
            }
        }
    }

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let (hardware_bytes, protocol_bytes) = self.lengths();
        match self {
            ArpAddresses::EthernetIpv4 { sender_mac, sender_ip, target_mac, target_ip } => {
                wire.address("sender hardware address", sender_mac, Mac::octets)?
                    .anomaly(sender_mac.is_multicast(), || "a group cannot send");
                wire.ipv4("sender protocol address", sender_ip)?
                    .meaning_if(sender_ip.is_unspecified(), || "a probe, RFC 5227");
                wire.address("target hardware address", target_mac, Mac::octets)?;
                wire.ipv4("target protocol address", target_ip)?
                    .meaning_if(target_ip == sender_ip, || "a gratuitous announcement");
                Ok(())
            }
            ArpAddresses::Other { addresses, .. } => {
                let length = 2 * (usize::from(hardware_bytes) + usize::from(protocol_bytes));
                wire.bytes("addresses", length, addresses).map(drop)
            }
        }
    }
}

impl Arp {
    /// The request for the hardware address of `target`.
    pub fn request(sender_mac: Mac, sender_ip: Ipv4Addr, target_ip: Ipv4Addr) -> Arp {
        let target_mac = Mac::ZERO;
        let addresses = ArpAddresses::EthernetIpv4 { sender_mac, sender_ip, target_mac, target_ip };
        Arp { addresses, ..Arp::default() }
    }
}

impl Layout for Arp {
    const NAME: &'static str = "ARP";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u16("hardware type", &mut self.hardware_type)?;
        wire.u16("protocol type", &mut self.protocol_type)?;
        let (mut hardware_bytes, mut protocol_bytes) = self.addresses.lengths();
        wire.u8("hardware address length", &mut hardware_bytes)?;
        wire.u8("protocol address length", &mut protocol_bytes)?;
        wire.u16("operation", &mut self.operation)?;
        if wire.is_reading() {
            self.addresses = ArpAddresses::blank(hardware_bytes, protocol_bytes);
        }
        self.addresses.lay(wire)
    }
}
