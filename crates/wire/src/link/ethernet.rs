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
        XnsIdp = 0x0600 => "XNS IDP",
        Ipv4 = 0x0800 => "IPv4",
        Chaosnet = 0x0804 => "Chaosnet",
        X25 = 0x0805 => "X.25",
        Arp = 0x0806 => "ARP",
        FrameRelayArp = 0x0808 => "Frame Relay ARP",
        WakeOnLan = 0x0842 => "Wake-on-LAN",
        Bpq = 0x08ff => "BPQ",
        IeeePup = 0x0a00 => "IEEE PUP",
        IeeePupAddressTranslation = 0x0a01 => "IEEE PUP address translation",
        Vines = 0x0bad => "VINES",
        Msrp = 0x22ea => "MSRP",
        ErspanIii = 0x22eb => "ERSPAN III",
        Avtp = 0x22f0 => "AVTP",
        Trill = 0x22f3 => "TRILL",
        L2IsIs = 0x22f4 => "L2-IS-IS",
        Batman = 0x4305 => "BATMAN",
        Dec = 0x6000 => "DEC",
        DecMopDumpAndLoad = 0x6001 => "DEC MOP dump and load",
        DecMopRemoteConsole = 0x6002 => "DEC MOP remote console",
        DECnet = 0x6003 => "DECnet",
        Lat = 0x6004 => "LAT",
        DecDiagnostics = 0x6005 => "DEC diagnostics",
        DecCustomerUse = 0x6006 => "DEC customer use",
        Lavc = 0x6007 => "LAVC",
        TransparentEthernetBridging = 0x6558 => "Transparent Ethernet bridging",
        RawFrameRelay = 0x6559 => "Raw Frame Relay",
        Rarp = 0x8035 => "RARP",
        AppleTalk = 0x809b => "AppleTalk",
        Aarp = 0x80f3 => "AARP",
        Vlan = 0x8100 => "802.1Q VLAN",
        Slpp = 0x8102 => "SLPP",
        Ipx = 0x8137 => "IPX",
        NetBEUI = 0x8191 => "NetBEUI",
        QnxQnet = 0x8204 => "QNX Qnet",
        Ipv6 = 0x86dd => "IPv6",
        MacControl = 0x8808 => "MAC control",
        SlowProtocols = 0x8809 => "Slow protocols",
        Ppp = 0x880b => "PPP",
        Wccp = 0x883e => "WCCP",
        Mpls = 0x8847 => "MPLS",
        MplsUpstream = 0x8848 => "MPLS upstream",
        Mpoa = 0x884c => "MPOA",
        Pppoe = 0x8863 => "PPPoE discovery",
        PppoeSession = 0x8864 => "PPPoE session",
        HomePNA = 0x886c => "HomePNA",
        JumboLlc = 0x8870 => "Jumbo LLC",
        HomePlug = 0x887b => "HomePlug",
        AtmFrames = 0x8884 => "ATM frames",
        Eapol = 0x888e => "EAP over LAN",
        Profinet = 0x8892 => "PROFINET",
        Realtek = 0x8899 => "Realtek",
        AoE = 0x88a2 => "AoE",
        EtherCAT = 0x88a4 => "EtherCAT",
        ServiceVlan = 0x88a8 => "802.1ad service VLAN",
        Powerlink = 0x88ab => "POWERLINK",
        LocalExperimental1 = 0x88b5 => "Local experimental 1",
        LocalExperimental2 = 0x88b6 => "Local experimental 2",
        OuiExtended = 0x88b7 => "OUI extended",
        Goose = 0x88b8 => "GOOSE",
        GseManagement = 0x88b9 => "GSE management",
        SampledValues = 0x88ba => "Sampled values",
        ErspanIi = 0x88be => "ERSPAN II",
        Ieee80211iPreauthentication = 0x88c7 => "802.11i preauthentication",
        Tipc = 0x88ca => "TIPC",
        Lldp = 0x88cc => "LLDP",
        Lltd = 0x88d9 => "LLTD",
        HomePlugAv = 0x88e1 => "HomePlug AV",
        Mrp = 0x88e3 => "MRP",
        Macsec = 0x88e5 => "MACsec",
        Pbb = 0x88e7 => "PBB",
        Mvrp = 0x88f5 => "MVRP",
        Mmrp = 0x88f6 => "MMRP",
        Ptp = 0x88f7 => "PTP",
        NcSi = 0x88f8 => "NC-SI",
        PrpSupervision = 0x88fb => "PRP supervision",
        Cfm = 0x8902 => "CFM",
        FCoE = 0x8906 => "FCoE",
        Tdls = 0x890d => "TDLS",
        Fip = 0x8914 => "FIP",
        RoCE = 0x8915 => "RoCE",
        Mih = 0x8917 => "MIH",
        Hsr = 0x892f => "HSR",
        Ieee19051 = 0x893a => "IEEE 1905.1",
        Nsh = 0x894f => "NSH",
        Loopback = 0x9000 => "Loopback",
        QinQ0x9100 = 0x9100 => "QinQ 0x9100",
        QinQ0x9200 = 0x9200 => "QinQ 0x9200",
        QinQ0x9300 = 0x9300 => "QinQ 0x9300",
        SixLowpan = 0xa0ed => "6LoWPAN",
        ECPRI = 0xaefe => "eCPRI",
        Edsa = 0xdada => "EDSA",
        Dsa8021q = 0xdadb => "DSA 8021Q",
        A5psw = 0xe001 => "A5PSW",
        Ife = 0xed3e => "IFE",
        AfIucv = 0xfbfb => "AF_IUCV",
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
