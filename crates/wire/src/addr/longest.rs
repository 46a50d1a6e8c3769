//! The longest matching prefix of an address, among a million prefixes.
//!
//! Prefixes either nest or have nothing in common. So they are kept in the order of their first
//! addresses, each with the one around it: the last that begins at or before an address is, or
//! lies within, the longest that has it, and a few steps outwards find it. That takes no more
//! memory than the prefixes themselves.
//!
//! An index of about as many slices of equal size as there are prefixes says where to look, so
//! that a look-up waits for memory twice, and once more where it has to go outwards.

use std::net::IpAddr;

use ipnet::IpNet;

use super::set::{AnySpan, Number, Span};

/// Stands for "no other prefix is around this one".
const NONE: u32 = u32::MAX;
/// Most prefixes of a family: the numbers of [`Entry::around`] end there.
const ENTRIES_MAX: usize = NONE as usize;
/// Most bits of the index, which then is 4 MiB: a cache does not keep more.
const INDEX_BITS_MAX: u32 = 20;
/// So many prefixes stand in small vectors that grow as vectors do.
const ENTRIES_SMALL: usize = 1 << 10;
/// Then room for so many is asked for at once. Memory that is not written to costs nothing, while
/// growing step by step would hold the old and the new at the same time.
const ENTRIES_ROOM: usize = 1 << 20;

/// A prefix of a table.
#[derive(Debug, Clone, Copy)]
struct Entry<T> {
    first: T,
    /// What the caller knows it by.
    value: u32,
    /// The next longer prefix around it.
    around: u32,
    length: u8,
}

impl<T: Number> Entry<T> {
    #[inline]
    fn last(&self) -> T {
        self.first.or(T::ones(T::BITS - self.length))
    }
}

/// The prefix that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<T> {
    /// Its first address.
    pub first: T,
    /// Its length.
    pub length: u8,
    /// What it was added with.
    pub value: u32,
}

/// Addresses that are looked up at a time.
const BLOCK: usize = 64;

/// The entries of a slice.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: u32,
    end: u32,
}

/// The prefixes of one family.
#[derive(Debug, Clone)]
pub struct Prefixes<T> {
    /// By first address, then by length.
    entries: Vec<Entry<T>>,
    /// The first entry of each slice, and behind the last slice how many entries there are.
    starts: Vec<u32>,
    /// Where the first slice begins.
    base: T,
    /// Bits of an address within a slice.
    shift: u32,
}

impl<T: Number> Prefixes<T> {
    /// Of two that are the same, the one of the smaller value stays.
    fn of(mut entries: Vec<Entry<T>>) -> Prefixes<T> {
        entries.sort_unstable_by_key(|entry| (entry.first, entry.length, entry.value));
        entries.dedup_by_key(|entry| (entry.first, entry.length));
        nest(&mut entries);
        let first = entries.first().map_or(T::MIN, |entry| entry.first);
        let last = entries.last().map_or(T::MIN, |entry| entry.first);
        let used_bits = u128::BITS - last.minus(first).wide().leading_zeros();
        let index_bits = (entries.len().max(1).ilog2() + 1).min(INDEX_BITS_MAX);
        let shift = used_bits.saturating_sub(index_bits);
        let mut prefixes = Prefixes { entries, starts: Vec::new(), base: first, shift };
        prefixes.starts = prefixes.index();
        prefixes
    }

    fn index(&self) -> Vec<u32> {
        let Some(last) = self.entries.last() else { return Vec::new() };
        let mut starts = Vec::with_capacity(self.slice(last.first) + 2);
        for (at, entry) in (0u32..).zip(&self.entries) {
            // Slices without an entry begin where the next one does.
            let slice = self.slice(entry.first);
            starts.resize(starts.len().max(slice + 1), at);
        }
        starts.push(self.entries.len() as u32);
        starts
    }

    /// The slice of an address that is not below the base; for one behind all slices any number
    /// that is too high.
    #[inline]
    fn slice(&self, address: T) -> usize {
        let slice = address.minus(self.base).shifted(self.shift).wide();
        slice.min(u32::MAX.into()) as usize
    }

    /// The longest prefix that has the address.
    #[inline]
    pub fn find(&self, address: T) -> Option<Found<T>> {
        let place = self.place(address);
        self.resolve(address, place, self.nearest(place))
    }

    /// Adds what [`Prefixes::find`] finds for each address.
    ///
    /// The memory that a step waits for is asked for many addresses at a time, which takes a
    /// fraction of the time.
    pub fn find_all(&self, addresses: &[T], found: &mut Vec<Option<Found<T>>>) {
        for block in addresses.chunks(BLOCK) {
            let mut places = [Place::default(); BLOCK];
            for (place, address) in places.iter_mut().zip(block) {
                *place = self.place(*address);
            }
            let mut nearest = [None; BLOCK];
            for (nearest, place) in nearest.iter_mut().zip(places).take(block.len()) {
                *nearest = self.nearest(place);
            }
            let steps = block.iter().zip(places).zip(nearest);
            found.extend(steps.map(|((at, place), nearest)| self.resolve(*at, place, nearest)));
        }
    }

    /// Where to look: at no entry before the first slice, behind all of them behind the last.
    #[inline]
    fn place(&self, address: T) -> Place {
        if address < self.base {
            return Place::default();
        }
        match self.starts.get(self.slice(address)..) {
            Some([start, end, ..]) => Place { start: *start, end: *end },
            _ => Place { start: self.entries.len() as u32, end: self.entries.len() as u32 },
        }
    }

    /// The last entry that begins before the end of a slice.
    #[inline]
    fn nearest(&self, place: Place) -> Option<Entry<T>> {
        self.entries.get((place.end as usize).wrapping_sub(1)).copied()
    }

    #[inline]
    fn resolve(&self, address: T, place: Place, nearest: Option<Entry<T>>) -> Option<Found<T>> {
        let mut entry = nearest?;
        if entry.first > address {
            let entries = &self.entries[place.start as usize..place.end as usize];
            let behind = entries.partition_point(|entry| entry.first <= address);
            entry = *self.entries.get((place.start as usize + behind).wrapping_sub(1))?;
        }
        while entry.last() < address {
            entry = *self.entries.get(entry.around as usize)?;
        }
        let Entry { first, length, value, .. } = entry;
        Some(Found { first, length, value })
    }

    /// How many different prefixes there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Finds the prefix around each one.
fn nest<T: Number>(entries: &mut [Entry<T>]) {
    let mut around: Vec<(u32, T)> = Vec::with_capacity(T::BITS.into());
    for (at, entry) in (0u32..).zip(entries) {
        while around.last().is_some_and(|(_, last)| *last < entry.first) {
            around.pop();
        }
        entry.around = around.last().map_or(NONE, |(at, _)| *at);
        around.push((at, entry.last()));
    }
}

/// Takes prefixes in any order.
#[derive(Debug, Default)]
pub struct TableBuilder {
    v4: Vec<Entry<u32>>,
    v6: Vec<Entry<u128>>,
}

impl TableBuilder {
    /// Adds the prefixes that together are `span`: one, if it is a network. False if there is no
    /// more room.
    #[inline]
    #[must_use]
    pub fn add(&mut self, span: AnySpan, value: u32) -> bool {
        match span {
            AnySpan::V4(span) => add(&mut self.v4, span, value),
            AnySpan::V6(span) => add(&mut self.v6, span, value),
        }
    }

    /// How many prefixes were added, those that are the same each for itself.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The table of all that was added.
    pub fn finish(self) -> Table {
        Table { v4: Prefixes::of(self.v4), v6: Prefixes::of(self.v6) }
    }
}

#[inline]
fn add<T: Number>(entries: &mut Vec<Entry<T>>, span: Span<T>, value: u32) -> bool {
    for (first, length) in span.prefixes() {
        if entries.len() >= ENTRIES_MAX {
            return false;
        }
        if entries.len() == entries.capacity() {
            make_room(entries);
        }
        entries.push(Entry { first, value, around: NONE, length });
    }
    true
}

#[cold]
fn make_room<T>(entries: &mut Vec<T>) {
    let length = entries.len();
    if (ENTRIES_SMALL..ENTRIES_ROOM).contains(&length) {
        entries.reserve_exact(ENTRIES_ROOM - length);
    } else if length >= ENTRIES_ROOM {
        entries.reserve_exact(length / 2);
    }
}

/// Prefixes of both families, to find the longest that has an address. The families have nothing
/// in common.
///
/// ```
/// use plumb_wire::addr::longest::TableBuilder;
/// let mut builder = TableBuilder::default();
/// for (value, net) in [(1, "10.0.0.0/8"), (2, "10.1.0.0/16")] {
///     assert!(builder.add(net.parse::<ipnet::IpNet>()?.into(), value));
/// }
/// let table = builder.finish();
/// assert_eq!(table.find("10.1.2.3".parse().unwrap()), Some(("10.1.0.0/16".parse()?, 2)));
/// assert_eq!(table.find("10.2.2.3".parse().unwrap()), Some(("10.0.0.0/8".parse()?, 1)));
/// assert_eq!(table.find("::1".parse().unwrap()), None);
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    /// Of IPv4.
    pub v4: Prefixes<u32>,
    /// Of IPv6.
    pub v6: Prefixes<u128>,
}

impl Table {
    /// The longest prefix that has the address, and what it was added with.
    pub fn find(&self, address: IpAddr) -> Option<(IpNet, u32)> {
        match address {
            IpAddr::V4(address) => self.v4.find(address.to_bits()).map(Found::pair),
            IpAddr::V6(address) => self.v6.find(address.to_bits()).map(Found::pair),
        }
    }

    /// How many different prefixes there are.
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl<T: Number> Found<T> {
    fn pair(self) -> (IpNet, u32) {
        (self.first.network(self.length), self.value)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use ipnet::{Ipv4Net, Ipv6Net};
    use proptest::prelude::*;

    use super::*;

    /// Near each other, so that they nest, or anywhere.
    fn networks() -> impl Strategy<Value = Vec<IpNet>> {
        let v4 = (any::<u32>(), 0..=32u8, any::<bool>()).prop_map(|(bits, length, near)| {
            let bits = if near { 0x0a00_0000 | bits & 0x0f0f } else { bits };
            Ipv4Net::new_assert(Ipv4Addr::from_bits(bits), length).trunc().into()
        });
        let v6 = (any::<u128>(), 0..=128u8, any::<bool>()).prop_map(|(bits, length, near)| {
            let bits = if near { 0x2001_0db8 << 96 | bits & 0x0f0f } else { bits };
            Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), length).trunc().into()
        });
        proptest::collection::vec(prop_oneof![v4, v6], 0..60)
    }

    fn naive(networks: &[IpNet], address: IpAddr) -> Option<(IpNet, u32)> {
        let with = networks.iter().zip(0u32..).filter(|(network, _)| network.contains(&address));
        let longest = with.max_by_key(|(network, value)| (network.prefix_len(), u32::MAX - *value));
        longest.map(|(network, value)| (*network, value))
    }

    fn table(networks: &[IpNet]) -> Table {
        let mut builder = TableBuilder::default();
        for (network, value) in networks.iter().zip(0..) {
            assert!(builder.add((*network).into(), value));
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn what_a_scan_of_all_finds(networks in networks(), v4: u32, v6: u128) {
            let table = table(&networks);
            let edges = networks.iter().flat_map(|network| {
                let span = AnySpan::from(*network);
                let (first, last) = (span.first(), span.last());
                let beside = |address: IpAddr, by: i8| match address {
                    IpAddr::V4(a) => IpAddr::from(Ipv4Addr::from_bits(
                        a.to_bits().wrapping_add_signed(by.into()))),
                    IpAddr::V6(a) => IpAddr::from(Ipv6Addr::from_bits(
                        a.to_bits().wrapping_add_signed(by.into()))),
                };
                [first, last, beside(first, -1), beside(last, 1)]
            });
            let anywhere = [Ipv4Addr::from_bits(v4).into(), Ipv6Addr::from_bits(v6).into()];
            let addresses: Vec<IpAddr> = edges.chain(anywhere).collect();
            for address in &addresses {
                prop_assert_eq!(table.find(*address), naive(&networks, *address), "{}", address);
            }
            let v6 = addresses.iter().filter_map(|address| match address {
                IpAddr::V4(_) => None,
                IpAddr::V6(address) => Some(address.to_bits()),
            });
            let (v6, mut found): (Vec<u128>, _) = (v6.collect(), Vec::new());
            table.v6.find_all(&v6, &mut found);
            let one_by_one: Vec<_> = v6.iter().map(|address| table.v6.find(*address)).collect();
            prop_assert_eq!(found, one_by_one);
        }
    }

    #[test]
    fn the_first_of_equal_prefixes_counts() {
        let net: IpNet = "10.0.0.0/8".parse().unwrap();
        let table = table(&[net, net]);
        assert_eq!(table.find("10.0.0.1".parse().unwrap()), Some((net, 0)));
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn nothing_is_in_an_empty_table() {
        assert_eq!(table(&[]).find("::".parse().unwrap()), None);
        assert!(table(&[]).is_empty());
    }

    #[test]
    fn a_chain_of_all_lengths() {
        let all: Vec<IpNet> = (0..=128)
            .map(|length| Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, length).into())
            .collect();
        let table = table(&all);
        for bit in 0..128u32 {
            let address = Ipv6Addr::from_bits(1 << bit).into();
            assert_eq!(table.find(address), naive(&all, address));
        }
    }
}
