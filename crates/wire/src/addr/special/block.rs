//! A row of a registry of addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// A block of addresses that a registry knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its addresses.
    pub extent: Extent,
    /// As the registry names it.
    pub name: &'static str,
    /// What asked for it.
    pub references: &'static [Reference],
    /// Which registry, and what it says.
    pub entry: Entry,
}

/// Where a block stands, and what is said of it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// In a special-purpose registry, RFC 6890.
    Special(Special),
    /// In another one, which knows none of the columns of RFC 6890.
    Other(Registry),
}

/// What a special-purpose registry says of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// When it was allocated.
    pub allocated: Month,
    /// Whether it still is.
    pub status: Status,
    /// What the registry adds at its foot.
    pub footnotes: &'static [Footnote],
}

/// Whether an allocation is in force. One that is not has no properties: its columns are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is, with these properties.
    InForce(Properties),
    /// It ended in this month.
    Terminated(Month),
}

/// The five columns of RFC 6890 section 2.2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties {
    /// A datagram that passes two devices may come from here.
    pub source: bool,
    /// How far a datagram to here gets.
    pub destination: Destination,
    /// Every implementation of IP must treat the addresses in a special way.
    pub reserved_by_protocol: bool,
}

/// How far a datagram gets. What is no destination is not forwarded, and what is not forwarded
/// is not globally reachable (RFC 6890 section 2.2.1), so the three columns are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// It is no valid destination.
    None,
    /// It is one that no router forwards to.
    OnLink,
    /// It is one that routers forward to.
    Forwarded(Reach),
}

/// The column `Globally Reachable`, RFC 8190 section 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From beyond an administrative domain too.
    Global,
    /// Within one only.
    Domain,
    /// `N/A`: it depends on what is embedded.
    NotApplicable,
}

/// A remark at the foot of a registry, with its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Footnote {
    /// Its number in the registry.
    pub number: u8,
    /// The columns that refer to it.
    pub on: &'static [Column],
    /// What it says.
    pub text: &'static str,
}

/// A column of a special-purpose registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The addresses.
    Block,
    /// Valid as a source.
    Source,
    /// Valid as a destination.
    Destination,
    /// Routers forward to it.
    Forwardable,
    /// Beyond an administrative domain.
    GloballyReachable,
    /// Known to IP itself.
    ReservedByProtocol,
}

/// A registry of IANA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Registry {
    /// IPv4 Special-Purpose Address Registry.
    Ipv4Special,
    /// IPv6 Special-Purpose Address Registry.
    Ipv6Special,
    /// IPv4 Multicast Address Space Registry.
    Ipv4Multicast,
    /// IPv6 Multicast Address Space Registry.
    Ipv6Multicast,
    /// Internet Protocol Version 6 Address Space.
    Ipv6Space,
    /// IPv6 Global Unicast Address Assignments.
    Ipv6Unicast,
}

/// What a registry refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reference {
    /// An RFC, and its section where the registry gives one.
    Rfc(u16, Option<&'static str>),
    /// A correction to an RFC.
    Erratum(u32),
    /// A standard of somebody else, or who registered it.
    Of(&'static str),
}

/// Addresses from a first to a last one of the same family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    first: IpAddr,
    last: IpAddr,
}

/// A month of a year, as the registries date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// A month from 1 to 12.
    pub(super) const fn new(year: u16, month: u8) -> Month {
        assert!(1 <= month && month <= 12, "a month is 1 to 12");
        Month { year, month }
    }
}

impl Extent {
    /// An IPv4 prefix.
    pub(super) const fn v4(octets: [u8; 4], length: u8) -> Extent {
        let first = u32::from_be_bytes(octets);
        let hosts = if length == 0 { u32::MAX } else { (1 << (32 - length)) - 1 };
        assert!(first & hosts == 0, "a prefix has no host bits");
        Extent {
            first: IpAddr::V4(Ipv4Addr::from_bits(first)),
            last: IpAddr::V4(Ipv4Addr::from_bits(first | hosts)),
        }
    }

    /// IPv4 addresses that are no single prefix.
    pub(super) const fn v4_range(first: [u8; 4], last: [u8; 4]) -> Extent {
        let (first, last) = (u32::from_be_bytes(first), u32::from_be_bytes(last));
        assert!(first <= last, "a range ends behind its beginning");
        Extent {
            first: IpAddr::V4(Ipv4Addr::from_bits(first)),
            last: IpAddr::V4(Ipv4Addr::from_bits(last)),
        }
    }

    /// An IPv6 prefix; groups that are missing are zero.
    pub(super) const fn v6(groups: &[u16], length: u8) -> Extent {
        let mut first = 0u128;
        let mut at = 0;
        while at < groups.len() {
            first |= (groups[at] as u128) << (112 - 16 * at);
            at += 1;
        }
        let hosts = if length == 0 { u128::MAX } else { (1 << (128 - length)) - 1 };
        assert!(first & hosts == 0, "a prefix has no host bits");
        Extent {
            first: IpAddr::V6(Ipv6Addr::from_bits(first)),
            last: IpAddr::V6(Ipv6Addr::from_bits(first | hosts)),
        }
    }

    /// The first address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// The last address.
    pub fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether an address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first <= address && address <= self.last
    }

    /// Whether all of another's addresses are among them.
    pub fn covers(&self, other: &Extent) -> bool {
        self.contains(other.first) && self.contains(other.last)
    }

    /// The length of the prefix, where they are one.
    pub fn prefix_length(&self) -> Option<u8> {
        let differ = bits(self.first) ^ bits(self.last);
        let is_prefix = differ & differ.wrapping_add(1) == 0 && bits(self.first) & differ == 0;
        let all = if self.first.is_ipv4() { 32 } else { 128 };
        is_prefix.then(|| all - (128 - differ.leading_zeros()) as u8)
    }

    /// How many there are, less one: all of IPv6 would not fit.
    pub(super) fn span(&self) -> u128 {
        bits(self.last) - bits(self.first)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl From<ipnet::IpNet> for Extent {
    fn from(net: ipnet::IpNet) -> Extent {
        Extent { first: net.network(), last: net.broadcast() }
    }
}

impl Properties {
    /// The column `Destination`.
    pub fn is_destination(&self) -> bool {
        self.destination != Destination::None
    }

    /// The column `Forwardable`.
    pub fn is_forwardable(&self) -> bool {
        matches!(self.destination, Destination::Forwarded(_))
    }

    /// The column `Globally Reachable`; none is `N/A`.
    pub fn globally_reachable(&self) -> Option<bool> {
        match self.destination {
            Destination::Forwarded(Reach::Global) => Some(true),
            Destination::Forwarded(Reach::NotApplicable) => None,
            _ => Some(false),
        }
    }

    /// The five columns in their order; none is `N/A`.
    pub fn columns(&self) -> [(Column, Option<bool>); 5] {
        [
            (Column::Source, Some(self.source)),
            (Column::Destination, Some(self.is_destination())),
            (Column::Forwardable, Some(self.is_forwardable())),
            (Column::GloballyReachable, self.globally_reachable()),
            (Column::ReservedByProtocol, Some(self.reserved_by_protocol)),
        ]
    }
}

impl Block {
    /// The registry that it stands in.
    pub fn registry(&self) -> Registry {
        match (&self.entry, self.extent.first) {
            (Entry::Other(registry), _) => *registry,
            (Entry::Special(_), IpAddr::V4(_)) => Registry::Ipv4Special,
            (Entry::Special(_), IpAddr::V6(_)) => Registry::Ipv6Special,
        }
    }

    /// What a special-purpose registry says of it.
    pub fn special(&self) -> Option<&Special> {
        match &self.entry {
            Entry::Special(special) => Some(special),
            Entry::Other(_) => None,
        }
    }

    /// Its properties, where it is in a special-purpose registry and in force.
    pub fn properties(&self) -> Option<&Properties> {
        match &self.special()?.status {
            Status::InForce(properties) => Some(properties),
            Status::Terminated(_) => None,
        }
    }

    /// The columns in which this row differs from one around it, with what they say here; none
    /// where one of the two has no columns.
    pub fn changes(&self, outer: &Block) -> Vec<(Column, Option<bool>)> {
        let (Some(inner), Some(outer)) = (self.properties(), outer.properties()) else {
            return Vec::new();
        };
        let pairs = inner.columns().into_iter().zip(outer.columns());
        pairs.filter(|(here, there)| here != there).map(|(here, _)| here).collect()
    }
}

impl Column {
    /// The registry's heading, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Column::Block => "address block",
            Column::Source => "source",
            Column::Destination => "destination",
            Column::Forwardable => "forwardable",
            Column::GloballyReachable => "globally reachable",
            Column::ReservedByProtocol => "reserved by protocol",
        }
    }
}

impl Registry {
    /// The registry's title.
    pub fn title(self) -> &'static str {
        match self {
            Registry::Ipv4Special => "IPv4 Special-Purpose Address Registry",
            Registry::Ipv6Special => "IPv6 Special-Purpose Address Registry",
            Registry::Ipv4Multicast => "IPv4 Multicast Address Space Registry",
            Registry::Ipv6Multicast => "IPv6 Multicast Address Space Registry",
            Registry::Ipv6Space => "Internet Protocol Version 6 Address Space",
            Registry::Ipv6Unicast => "IPv6 Global Unicast Address Assignments",
        }
    }

    /// Its name in IANA's addresses: `https://www.iana.org/assignments/NAME`.
    pub fn name(self) -> &'static str {
        match self {
            Registry::Ipv4Special => "iana-ipv4-special-registry",
            Registry::Ipv6Special => "iana-ipv6-special-registry",
            Registry::Ipv4Multicast => "multicast-addresses",
            Registry::Ipv6Multicast => "ipv6-multicast-addresses",
            Registry::Ipv6Space => "ipv6-address-space",
            Registry::Ipv6Unicast => "ipv6-unicast-address-assignments",
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.year, self.month)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Rfc(number, None) => write!(f, "RFC {number}"),
            Reference::Rfc(number, Some(section)) => write!(f, "RFC {number} section {section}"),
            Reference::Erratum(number) => write!(f, "RFC erratum {number}"),
            Reference::Of(name) => f.write_str(name),
        }
    }
}

/// A prefix where it is one, else the first and the last address. The mapped block is written as
/// the registry does, and not as the address of an IPv4 host.
impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAPPED: u128 = 0xffff << 32;
        match (self.prefix_length(), self.first) {
            (Some(length), IpAddr::V6(first)) if first.to_bits() == MAPPED && length <= 112 => {
                f.pad(&format!("::ffff:0:0/{length}"))
            }
            (Some(length), first) => f.pad(&format!("{first}/{length}")),
            (None, first) => f.pad(&format!("{first}-{}", self.last)),
        }
    }
}

impl Serialize for Extent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Registry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A column as the registry has it: true, false or the text `N/A`.
struct Cell(Option<bool>);

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(value) => serializer.serialize_bool(value),
            None => serializer.serialize_str("N/A"),
        }
    }
}

/// One flat object; a column is null where the registry has none or leaves it empty.
impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Block", 14)?;
        let special = self.special();
        let terminated = match special.map(|special| special.status) {
            Some(Status::Terminated(month)) => Some(month),
            _ => None,
        };
        out.serialize_field("block", &self.extent)?;
        out.serialize_field("first", &self.extent.first)?;
        out.serialize_field("last", &self.extent.last)?;
        out.serialize_field("name", self.name)?;
        out.serialize_field("registry", &self.registry())?;
        out.serialize_field("references", self.references)?;
        out.serialize_field("allocated", &special.map(|special| special.allocated))?;
        out.serialize_field("terminated", &terminated)?;
        let cells = self.properties().map(|properties| properties.columns().map(|(_, cell)| cell));
        let cell = |at: usize| cells.map(|cells| Cell(cells[at]));
        out.serialize_field("source", &cell(0))?;
        out.serialize_field("destination", &cell(1))?;
        out.serialize_field("forwardable", &cell(2))?;
        out.serialize_field("globally_reachable", &cell(3))?;
        out.serialize_field("reserved_by_protocol", &cell(4))?;
        out.serialize_field("footnotes", special.map_or(&[][..], |special| special.footnotes))?;
        out.end()
    }
}
