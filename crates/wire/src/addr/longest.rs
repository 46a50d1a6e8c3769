//! The longest matching prefix of an address, among a million prefixes.
//!
//! Prefixes either nest or have nothing in common. So they are kept in the order of their first
//! addresses, each with the one around it: the last that begins at or before an address is, or
//! lies within, the longest that has it, and a few steps outwards find it. That takes no more
//! memory than the prefixes themselves.
//!
//! An index of slices of equal size says where to look. What is around a whole slice is kept in
//! the index, so that no step leaves the few entries of the slice, which lie side by side.

use std::net::IpAddr;

use ipnet::IpNet;

use super::set::{AnySpan, Number, Span};

/// Stands for "no other prefix is around this one".
const NONE: u32 = u32::MAX;
/// Most prefixes of a family: the numbers of [`Entry::around`] end there.
const ENTRIES_MAX: usize = NONE as usize;
/// Bits of the index: its 65,537 places are few enough to stay in the cache.
const INDEX_BITS: u32 = 16;
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

/// A slice of the family: 2^shift addresses, beginning at a multiple of that.
#[derive(Debug, Clone, Copy)]
struct Slice {
    /// Its first entry.
    start: u32,
    /// The longest prefix around the whole slice that begins before it; none is [`NONE`].
    around: u32,
    value: u32,
    length: u8,
}

/// Addresses that are looked up at a time.
const BLOCK: usize = 64;

/// The entries among which an address is looked up.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    slice: usize,
    start: u32,
    end: u32,
}

/// The prefixes of one family.
#[derive(Debug, Clone)]
pub struct Prefixes<T> {
    /// By first address, then by length.
    entries: Vec<Entry<T>>,
    /// And behind the last slice one that only says where the entries end.
    index: Vec<Slice>,
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
        // One bit more than the distance has, since the base moves down to a border.
        let used_bits = u128::BITS - last.minus(first).wide().leading_zeros() + 1;
        let shift = used_bits.saturating_sub(INDEX_BITS);
        let base = first.without(T::ones(u8::try_from(shift).unwrap_or(u8::MAX)));
        let mut prefixes = Prefixes { entries, index: Vec::new(), base, shift };
        prefixes.index = prefixes.indexed();
        prefixes
    }

    fn indexed(&self) -> Vec<Slice> {
        let mut index = Vec::new();
        let Some(last) = self.entries.last() else { return index };
        index.reserve_exact(self.slice(last.first) + 2);
        let none = Slice { start: 0, around: NONE, value: 0, length: 0 };
        for (at, entry) in (0u32..).zip(&self.entries) {
            let slice = self.slice(entry.first);
            while index.len() <= slice {
                let begin = T::narrow((index.len() as u128) << self.shift).plus(self.base);
                let around = self.around(at, begin);
                index.push(around.map_or(Slice { start: at, ..none }, |(number, around)| Slice {
                    start: at,
                    around: number,
                    value: around.value,
                    length: around.length,
                }));
            }
        }
        index.push(Slice { start: self.entries.len() as u32, ..none });
        index
    }

    /// The longest of the entries before `at` that has the address, and its number.
    fn around(&self, at: u32, address: T) -> Option<(u32, &Entry<T>)> {
        let mut before = at.checked_sub(1)?;
        loop {
            let entry = self.entries.get(before as usize)?;
            if address <= entry.last() {
                return Some((before, entry));
            }
            before = entry.around;
        }
    }

    /// The slice of an address that is not below the base, or one that is too far.
    #[inline]
    fn slice(&self, address: T) -> usize {
        (address.minus(self.base).wide() >> self.shift).min(u32::MAX.into()) as usize
    }

    /// The longest prefix that has the address.
    #[inline]
    pub fn find(&self, address: T) -> Option<Found<T>> {
        let place = self.place(address);
        self.resolve(address, place, self.behind(address, place))
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
            let mut behind = [0; BLOCK];
            for ((behind, place), address) in behind.iter_mut().zip(places).zip(block) {
                *behind = self.behind(*address, place);
            }
            let steps = block.iter().zip(places).zip(behind);
            found.extend(steps.map(|((at, place), behind)| self.resolve(*at, place, behind)));
        }
    }

    /// Where to look.
    #[inline]
    fn place(&self, address: T) -> Place {
        if address < self.base {
            return Place::default();
        }
        let slice = self.slice(address);
        match (self.index.get(slice), self.index.get(slice + 1)) {
            (Some(this), Some(next)) => Place { slice, start: this.start, end: next.start },
            // Behind all slices all entries are before the address.
            _ => Place { slice, start: 0, end: self.entries.len() as u32 },
        }
    }

    /// How many entries of the place begin at or before the address.
    #[inline]
    fn behind(&self, address: T, place: Place) -> usize {
        let entries = &self.entries[place.start as usize..place.end as usize];
        entries.partition_point(|entry| entry.first <= address)
    }

    #[inline]
    fn resolve(&self, address: T, place: Place, behind: usize) -> Option<Found<T>> {
        let entries = &self.entries[place.start as usize..place.end as usize];
        // A number that is not within the slice stands for what is around all of it.
        let mut at = behind.wrapping_sub(1);
        while let Some(entry) = entries.get(at) {
            if address <= entry.last() {
                let Entry { first, length, value, .. } = *entry;
                return Some(Found { first, length, value });
            }
            at = (entry.around as usize).wrapping_sub(place.start as usize);
        }
        let slice = self.index.get(place.slice).filter(|slice| slice.around != NONE)?;
        // What is not within the first and the last slice is not around them.
        if address < self.base {
            return None;
        }
        let Slice { value, length, .. } = *slice;
        Some(Found { first: Span::of_network(address, length).first, length, value })
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
