//! Sets of addresses of both families, exactly.
//!
//! A set is kept as ranges in order that neither overlap nor touch, so there is one form for each
//! set and equality is that of the ranges. The families have nothing in common: `::ffff:10.0.0.1`
//! is not in `10.0.0.0/8`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::spell;

/// An address of one family as a number.
pub trait Number: Copy + Ord + std::fmt::Debug + sealed::Sealed {
    /// Bits of an address.
    const BITS: u8;
    /// The address of zeros.
    const MIN: Self;
    /// The address of ones.
    const MAX: Self;

    /// The address behind this one; none behind the last.
    fn next(self) -> Option<Self>;
    /// The address before this one; none before the first.
    fn previous(self) -> Option<Self>;
    /// How many of the lowest bits are zero.
    fn zeros(self) -> u8;
    /// How many of the lowest bits can take every value without the number growing beyond this.
    fn whole_bits(self) -> u8;
    /// The lowest `bits` bits set.
    fn ones(bits: u8) -> Self;
    /// `self + other`, which the caller knows to fit.
    fn plus(self, other: Self) -> Self;
    /// `self - other`, which the caller knows not to be negative.
    fn minus(self, other: Self) -> Self;
    /// The bits of both.
    fn or(self, other: Self) -> Self;
    /// The bits of this that `other` has not.
    fn without(self, other: Self) -> Self;
    /// Moved down by so many bits; zero if it has no more.
    fn shifted(self, bits: u32) -> Self;
    /// As a number that holds both families.
    fn wide(self) -> u128;
    /// The lowest bits of such a number.
    fn narrow(wide: u128) -> Self;
    /// The address.
    fn address(self) -> IpAddr;
    /// The network of `length` bits that begins here.
    fn network(self, length: u8) -> IpNet;
    /// Adds the address as text.
    fn spell(self, out: &mut Vec<u8>);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u128 {}
}

macro_rules! number {
    ($type:ty, $address:ty, $net:ident, $family:ident, $spell:path) => {
        impl Number for $type {
            const BITS: u8 = <$type>::BITS as u8;
            const MIN: Self = <$type>::MIN;
            const MAX: Self = <$type>::MAX;

            #[inline]
            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }
            #[inline]
            fn previous(self) -> Option<Self> {
                self.checked_sub(1)
            }
            #[inline]
            fn zeros(self) -> u8 {
                self.trailing_zeros() as u8
            }
            #[inline]
            fn whole_bits(self) -> u8 {
                self.checked_add(1).map_or(Self::BITS as u8, |count| count.ilog2() as u8)
            }
            #[inline]
            fn ones(bits: u8) -> Self {
                match bits {
                    0 => 0,
                    bits => <$type>::MAX >> (<$type>::BITS as u8).saturating_sub(bits),
                }
            }
            #[inline]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline]
            fn minus(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            #[inline]
            fn or(self, other: Self) -> Self {
                self | other
            }
            #[inline]
            fn without(self, other: Self) -> Self {
                self & !other
            }
            #[inline]
            fn shifted(self, bits: u32) -> Self {
                self.checked_shr(bits).unwrap_or(0)
            }
            #[inline]
            fn wide(self) -> u128 {
                self.into()
            }
            #[inline]
            fn narrow(wide: u128) -> Self {
                wide as $type
            }
            #[inline]
            fn address(self) -> IpAddr {
                <$address>::from_bits(self).into()
            }
            #[inline]
            fn network(self, length: u8) -> IpNet {
                IpNet::$family($net::new_assert(<$address>::from_bits(self), length))
            }
            #[inline]
            fn spell(self, out: &mut Vec<u8>) {
                $spell(out, self);
            }
        }
    };
}

number!(u32, Ipv4Addr, Ipv4Net, V4, spell::ipv4);
number!(u128, Ipv6Addr, Ipv6Net, V6, spell::ipv6);

/// Addresses of one family that follow each other: `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span<T> {
    /// The lowest.
    pub first: T,
    /// The highest, not below `first`.
    pub last: T,
}

impl<T: Number> Span<T> {
    /// The whole family.
    pub const ALL: Span<T> = Span { first: T::MIN, last: T::MAX };

    /// The network of `length` bits in which `address` is.
    #[inline]
    pub fn of_network(address: T, length: u8) -> Span<T> {
        let host = T::ones(T::BITS.saturating_sub(length));
        Span { first: address.without(host), last: address.or(host) }
    }

    /// How many addresses: 1 to 2^128.
    pub fn count(&self) -> Count {
        Count::of(self.last.minus(self.first).wide()).plus(Count::of(1))
    }

    /// The fewest networks that together are this range, as first address and length.
    #[inline]
    pub fn prefixes(self) -> Prefixes<T> {
        Prefixes { left: Some(self) }
    }
}

/// See [`Span::prefixes`].
#[derive(Debug, Clone)]
pub struct Prefixes<T> {
    left: Option<Span<T>>,
}

impl<T: Number> Iterator for Prefixes<T> {
    type Item = (T, u8);

    #[inline]
    fn next(&mut self) -> Option<(T, u8)> {
        let Span { first, last } = self.left?;
        // The largest network that begins here: as its first bits allow, and not beyond the end.
        let host_bits = first.zeros().min(last.minus(first).whole_bits());
        let end = first.or(T::ones(host_bits));
        self.left = match end.next() {
            Some(next) if end < last => Some(Span { first: next, last }),
            _ => None,
        };
        Some((first, T::BITS - host_bits))
    }
}

/// A number of addresses: all of IPv6 are one more than 128 bits can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Count {
    /// How often 2^128 is in it.
    wholes: u64,
    rest: u128,
}

impl Count {
    /// Of a number that fits.
    pub const fn of(number: u128) -> Count {
        Count { wholes: 0, rest: number }
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Count) -> Count {
        let (rest, carried) = self.rest.overflowing_add(other.rest);
        Count { wholes: self.wholes + other.wholes + u64::from(carried), rest }
    }

    /// As a number, unless it is 2^128 or more.
    pub const fn exact(self) -> Option<u128> {
        if self.wholes == 0 { Some(self.rest) } else { None }
    }
}

impl std::fmt::Display for Count {
    /// Decimal, without separators.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(number) = self.exact() {
            return f.pad_integral(true, "", &number.to_string());
        }
        // In base 10^19, so that a digit times 2^64 fits: 2^128 is 2^64 twice.
        const BASE: u128 = 10_000_000_000_000_000_000;
        let mut digits = vec![u128::from(self.wholes)];
        for word in [self.rest >> 64, self.rest & u128::from(u64::MAX)] {
            let mut carry = word;
            for digit in &mut digits {
                let value = (*digit << 64) + carry;
                (*digit, carry) = (value % BASE, value / BASE);
            }
            while carry > 0 {
                digits.push(carry % BASE);
                carry /= BASE;
            }
        }
        let mut text = digits.pop().unwrap_or_default().to_string();
        for digit in digits.iter().rev() {
            text.push_str(&format!("{digit:019}"));
        }
        f.pad_integral(true, "", &text)
    }
}

/// A range of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnySpan {
    /// Of IPv4.
    V4(Span<u32>),
    /// Of IPv6.
    V6(Span<u128>),
}

impl AnySpan {
    /// From `first` to `last`; none if they are of two families or the wrong way round.
    pub fn between(first: IpAddr, last: IpAddr) -> Option<AnySpan> {
        match (first, last) {
            _ if first > last => None,
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                Some(AnySpan::V4(Span { first: first.to_bits(), last: last.to_bits() }))
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                Some(AnySpan::V6(Span { first: first.to_bits(), last: last.to_bits() }))
            }
            _ => None,
        }
    }

    /// The lowest address.
    pub fn first(&self) -> IpAddr {
        match self {
            AnySpan::V4(span) => span.first.address(),
            AnySpan::V6(span) => span.first.address(),
        }
    }

    /// The highest address.
    pub fn last(&self) -> IpAddr {
        match self {
            AnySpan::V4(span) => span.last.address(),
            AnySpan::V6(span) => span.last.address(),
        }
    }

    /// How many addresses.
    pub fn count(&self) -> Count {
        match self {
            AnySpan::V4(span) => span.count(),
            AnySpan::V6(span) => span.count(),
        }
    }

    /// The fewest networks that together are this range.
    #[inline]
    pub fn networks(self) -> impl Iterator<Item = IpNet> {
        let (v4, v6) = match self {
            AnySpan::V4(span) => (Some(span), None),
            AnySpan::V6(span) => (None, Some(span)),
        };
        let v4 = v4.into_iter().flat_map(Span::prefixes).map(|(first, len)| first.network(len));
        v4.chain(v6.into_iter().flat_map(Span::prefixes).map(|(first, len)| first.network(len)))
    }
}

impl From<IpNet> for AnySpan {
    /// The whole network, whatever the host bits.
    fn from(network: IpNet) -> AnySpan {
        match network {
            IpNet::V4(net) => AnySpan::V4(Span::of_network(net.addr().to_bits(), net.prefix_len())),
            IpNet::V6(net) => AnySpan::V6(Span::of_network(net.addr().to_bits(), net.prefix_len())),
        }
    }
}

impl From<IpAddr> for AnySpan {
    fn from(address: IpAddr) -> AnySpan {
        IpNet::from(address).into()
    }
}

/// The ranges of one family of a set: in order, none of them overlapping or touching another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans<T>(Vec<Span<T>>);

impl<T: Number> Spans<T> {
    /// The whole family.
    pub fn all() -> Spans<T> {
        Spans(vec![Span::ALL])
    }

    /// Brings ranges in any order into the one form, in their own memory.
    pub fn of(mut spans: Vec<Span<T>>) -> Spans<T> {
        normalize(&mut spans);
        Spans(spans)
    }

    /// The ranges.
    pub fn as_slice(&self) -> &[Span<T>] {
        &self.0
    }

    /// The fewest networks that are this set, in order.
    pub fn prefixes(&self) -> impl Iterator<Item = (T, u8)> {
        self.0.iter().flat_map(|span| span.prefixes())
    }

    /// How many addresses.
    pub fn count(&self) -> Count {
        self.0.iter().fold(Count::default(), |sum, span| sum.plus(span.count()))
    }

    /// The range that begins last among those that begin at or before the end of `span`: the only
    /// one that can contain it.
    fn nearest(&self, span: &Span<T>) -> Option<&Span<T>> {
        let behind = self.0.partition_point(|own| own.first <= span.last);
        behind.checked_sub(1).and_then(|at| self.0.get(at))
    }

    /// Whether every address of `span` is in the set.
    #[inline]
    pub fn contains(&self, span: &Span<T>) -> bool {
        self.around(span).is_some()
    }

    /// Whether some address of `span` is in the set.
    pub fn overlaps(&self, span: &Span<T>) -> bool {
        self.nearest(span).is_some_and(|own| own.last >= span.first)
    }

    /// The range of the set that all of `span` is in.
    pub fn around(&self, span: &Span<T>) -> Option<&Span<T>> {
        self.nearest(span).filter(|own| own.first <= span.first && span.last <= own.last)
    }

    /// The addresses of which `keep` says so, told whether they are in this set and in the other.
    pub fn combine(&self, other: &Spans<T>, keep: impl Fn(bool, bool) -> bool) -> Spans<T> {
        let mut kept: Vec<Span<T>> = Vec::new();
        let (mut ours, mut theirs) = (Cursor::new(&self.0), Cursor::new(&other.0));
        let mut at = Some(T::MIN);
        while let Some(first) = at {
            let ((in_ours, end_ours), (in_theirs, end_theirs)) = (ours.at(first), theirs.at(first));
            let last = end_ours.min(end_theirs);
            at = last.next();
            if !keep(in_ours, in_theirs) {
                continue;
            }
            match kept.last_mut() {
                Some(before) if before.last.next() == Some(first) => before.last = last,
                _ => kept.push(Span { first, last }),
            }
        }
        Spans(kept)
    }
}

/// Walks up the ranges of a set.
struct Cursor<'a, T> {
    left: std::slice::Iter<'a, Span<T>>,
    next: Option<Span<T>>,
}

impl<'a, T: Number> Cursor<'a, T> {
    fn new(spans: &'a [Span<T>]) -> Cursor<'a, T> {
        let mut left = spans.iter();
        let next = left.next().copied();
        Cursor { left, next }
    }

    /// Whether `address`, which is never below the one asked before, is in the set, and up to
    /// which address that stays so.
    #[inline]
    fn at(&mut self, address: T) -> (bool, T) {
        while self.next.is_some_and(|span| span.last < address) {
            self.next = self.left.next().copied();
        }
        match self.next {
            None => (false, T::MAX),
            Some(span) if span.first <= address => (true, span.last),
            Some(span) => (false, span.first.previous().unwrap_or(T::MIN)),
        }
    }
}

/// Sorts, and joins what overlaps or touches.
fn normalize<T: Number>(spans: &mut Vec<Span<T>>) {
    spans.sort_unstable_by_key(|span| span.first);
    spans.dedup_by(|next, before| {
        let joined = before.last.next().is_none_or(|behind| next.first <= behind);
        if joined {
            before.last = before.last.max(next.last);
        }
        joined
    });
}

/// A set of addresses of both families.
///
/// ```
/// use plumb_wire::addr::set::AddressSet;
/// let halves: Vec<ipnet::IpNet> = vec!["10.0.0.128/25".parse()?, "10.0.0.0/25".parse()?];
/// let set: AddressSet = halves.into_iter().collect();
/// let merged: Vec<String> = set.networks().map(|network| network.to_string()).collect();
/// assert_eq!(merged, ["10.0.0.0/24"]);
/// # Ok::<(), ipnet::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressSet {
    /// Its addresses of IPv4.
    pub v4: Spans<u32>,
    /// Its addresses of IPv6.
    pub v6: Spans<u128>,
}

impl AddressSet {
    /// All addresses of both families.
    pub fn all() -> AddressSet {
        AddressSet { v4: Spans::all(), v6: Spans::all() }
    }

    /// Whether it has no address.
    pub fn is_empty(&self) -> bool {
        self.v4.0.is_empty() && self.v6.0.is_empty()
    }

    /// See [`Spans::combine`].
    pub fn combine(&self, other: &AddressSet, keep: impl Fn(bool, bool) -> bool) -> AddressSet {
        AddressSet { v4: self.v4.combine(&other.v4, &keep), v6: self.v6.combine(&other.v6, &keep) }
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &AddressSet) -> AddressSet {
        self.combine(other, |ours, theirs| ours || theirs)
    }

    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &AddressSet) -> AddressSet {
        self.combine(other, |ours, theirs| ours && theirs)
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn minus(&self, other: &AddressSet) -> AddressSet {
        self.combine(other, |ours, theirs| ours && !theirs)
    }

    /// What is in one of them and not in both.
    #[must_use]
    pub fn xor(&self, other: &AddressSet) -> AddressSet {
        self.combine(other, |ours, theirs| ours != theirs)
    }

    /// All addresses of both families that are not in this.
    #[must_use]
    pub fn complement(&self) -> AddressSet {
        AddressSet::all().minus(self)
    }

    /// Whether every address of `span` is in the set.
    #[inline]
    pub fn contains(&self, span: AnySpan) -> bool {
        match span {
            AnySpan::V4(span) => self.v4.contains(&span),
            AnySpan::V6(span) => self.v6.contains(&span),
        }
    }

    /// The range of the set that all of `span` is in.
    pub fn around(&self, span: AnySpan) -> Option<AnySpan> {
        match span {
            AnySpan::V4(span) => self.v4.around(&span).copied().map(AnySpan::V4),
            AnySpan::V6(span) => self.v6.around(&span).copied().map(AnySpan::V6),
        }
    }

    /// Whether some address of `span` is in the set.
    pub fn overlaps(&self, span: AnySpan) -> bool {
        match span {
            AnySpan::V4(span) => self.v4.overlaps(&span),
            AnySpan::V6(span) => self.v6.overlaps(&span),
        }
    }

    /// Its ranges, IPv4 first, each family in order.
    pub fn spans(&self) -> impl Iterator<Item = AnySpan> {
        let v4 = self.v4.0.iter().copied().map(AnySpan::V4);
        v4.chain(self.v6.0.iter().copied().map(AnySpan::V6))
    }

    /// The fewest networks that are this set, IPv4 first, each family in order.
    pub fn networks(&self) -> impl Iterator<Item = IpNet> {
        self.spans().flat_map(AnySpan::networks)
    }
}

impl<S: Into<AnySpan>> FromIterator<S> for AddressSet {
    fn from_iter<I: IntoIterator<Item = S>>(spans: I) -> AddressSet {
        let mut builder = SetBuilder::default();
        spans.into_iter().for_each(|span| builder.add(span.into()));
        builder.finish()
    }
}

/// Takes ranges in any order, and makes a set of them.
#[derive(Debug, Default)]
pub struct SetBuilder {
    v4: Gathered<u32>,
    v6: Gathered<u128>,
}

impl SetBuilder {
    /// One more range; it may overlap others.
    #[inline]
    pub fn add(&mut self, span: AnySpan) {
        match span {
            AnySpan::V4(span) => self.v4.add(span),
            AnySpan::V6(span) => self.v6.add(span),
        }
    }

    /// The set of all that was added.
    pub fn finish(self) -> AddressSet {
        AddressSet { v4: Spans::of(self.v4.spans), v6: Spans::of(self.v6.spans) }
    }
}

/// Ranges of one family as they came, joined now and then: repeated addresses (those of a log)
/// take no more memory than the different ones.
#[derive(Debug)]
struct Gathered<T> {
    spans: Vec<Span<T>>,
}

/// So many ranges stand in small vectors that grow as vectors do.
const SPANS_SMALL: usize = 1 << 10;
/// Then room for so many is asked for at once. Memory that is not written to costs nothing, while
/// growing step by step would hold the old and the new at the same time.
const SPANS_ROOM: usize = 1 << 20;

impl<T> Default for Gathered<T> {
    fn default() -> Gathered<T> {
        Gathered { spans: Vec::new() }
    }
}

impl<T: Number> Gathered<T> {
    #[inline]
    fn add(&mut self, span: Span<T>) {
        // Lists are often in order already.
        if let Some(last) = self.spans.last_mut()
            && last.first <= span.first
            && last.last.next().is_none_or(|behind| span.first <= behind)
        {
            last.last = last.last.max(span.last);
            return;
        }
        if self.spans.len() == self.spans.capacity() {
            self.make_room();
        }
        self.spans.push(span);
    }

    #[cold]
    fn make_room(&mut self) {
        let length = self.spans.len();
        if (SPANS_SMALL..SPANS_ROOM).contains(&length) {
            self.spans.reserve_exact(SPANS_ROOM - length);
        } else if length >= SPANS_ROOM {
            normalize(&mut self.spans);
            // Below half, the next time comes late enough for the sorting to pay.
            if self.spans.len() > length / 2 {
                self.spans.reserve_exact(length);
            }
        }
    }
}

#[cfg(test)]
mod tests;
