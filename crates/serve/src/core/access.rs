//! Which addresses may come.

use std::net::IpAddr;

use ipnet::IpNet;

/// Prefixes that are allowed and prefixes that are denied. Deny wins; where
/// nothing is allowed by name, everything is that is not denied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessList {
    allow: PrefixSet,
    deny: PrefixSet,
}

impl AccessList {
    /// A list of these prefixes; two empty ones let everybody in.
    pub fn new(
        allow: impl IntoIterator<Item = IpNet>,
        deny: impl IntoIterator<Item = IpNet>,
    ) -> Self {
        AccessList { allow: PrefixSet::new(allow), deny: PrefixSet::new(deny) }
    }

    /// Whether this address may come. An IPv4-mapped address is the IPv4 one.
    pub fn permits(&self, address: IpAddr) -> bool {
        !self.deny.contains(address) && (self.allow.is_empty() || self.allow.contains(address))
    }
}

/// A set of prefixes of both families, asked in logarithmic time: a published
/// deny list has a hundred thousand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrefixSet {
    /// Sorted, apart from one another, both ends belonging to the range.
    ranges: Vec<(u128, u128)>,
}

impl PrefixSet {
    /// The set of all addresses of these prefixes.
    pub fn new(prefixes: impl IntoIterator<Item = IpNet>) -> Self {
        let mut all: Vec<_> = prefixes.into_iter().flat_map(ranges).collect();
        all.sort_unstable();
        let mut ranges: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match ranges.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last)
                }
                _ => ranges.push((first, last)),
            }
        }
        PrefixSet { ranges }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        let after = self.ranges.partition_point(|&(first, _)| first <= bits);
        after.checked_sub(1).is_some_and(|at| bits <= self.ranges[at].1)
    }
}

impl FromIterator<IpNet> for PrefixSet {
    fn from_iter<I: IntoIterator<Item = IpNet>>(prefixes: I) -> Self {
        PrefixSet::new(prefixes)
    }
}

/// Both families on one line: IPv4 where IPv6 maps it (RFC 4291 section
/// 2.5.5.2), so that a prefix of mapped addresses is the IPv4 prefix.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The ranges of a prefix. An IPv6 prefix that is wider than the block of
/// mapped addresses, such as `::/0`, speaks of IPv6 alone and goes round it.
fn ranges(prefix: IpNet) -> impl Iterator<Item = (u128, u128)> {
    /// `::ffff:0:0/96`.
    const MAPPED: (u128, u128) = (0xffff << 32, (0xffff << 32) | 0xffff_ffff);
    let (first, last) = (bits(prefix.network()), bits(prefix.broadcast()));
    let around = first < MAPPED.0 && last > MAPPED.1;
    let head = if around { (first, MAPPED.0 - 1) } else { (first, last) };
    std::iter::once(head).chain(around.then_some((MAPPED.1 + 1, last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(allow: &[&str], deny: &[&str]) -> AccessList {
        let parse = |prefixes: &[&str]| -> Vec<IpNet> {
            prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect()
        };
        AccessList::new(parse(allow), parse(deny))
    }

    #[track_caller]
    fn check(list: &AccessList, permitted: &[&str], denied: &[&str]) {
        for address in permitted {
            assert!(list.permits(address.parse().unwrap()), "{address}");
        }
        for address in denied {
            assert!(!list.permits(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_empty_list_lets_everybody_in() {
        check(&AccessList::default(), &["192.0.2.1", "::1", "::ffff:192.0.2.1"], &[]);
    }

    #[test]
    fn the_first_and_last_address_and_their_neighbours() {
        let list = list(&["192.0.2.0/25", "2001:db8::/64"], &[]);
        check(
            &list,
            &["192.0.2.0", "192.0.2.127", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"],
            &["192.0.1.255", "192.0.2.128", "2001:db7:ffff::", "2001:db8:0:1::"],
        );
    }

    #[test]
    fn deny_wins() {
        let list = list(&["10.0.0.0/8"], &["10.1.0.0/16", "10.0.0.5/32"]);
        check(&list, &["10.0.0.4", "10.2.0.0"], &["10.1.2.3", "10.0.0.5", "192.0.2.1"]);
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_one_both_ways() {
        check(&list(&[], &["192.0.2.0/24"]), &["::ffff:192.0.3.1"], &["::ffff:192.0.2.1"]);
        check(&list(&[], &["::ffff:192.0.2.0/120"]), &["192.0.3.1"], &["192.0.2.1"]);
    }

    #[test]
    fn one_family_says_nothing_of_the_other() {
        check(&list(&[], &["0.0.0.0/0"]), &["2001:db8::1"], &["192.0.2.1", "255.255.255.255"]);
        check(&list(&[], &["::/0"]), &["192.0.2.1"], &["2001:db8::1", "::1", "ffff::"]);
    }

    #[test]
    fn prefixes_that_overlap_or_touch_become_one() {
        let set: PrefixSet = ["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16"]
            .into_iter()
            .map(|prefix| prefix.parse::<IpNet>().unwrap())
            .collect();
        assert_eq!(set.ranges.len(), 1);
        assert!(set.contains("10.255.255.255".parse().unwrap()));
        assert!(!set.contains("11.0.0.0".parse().unwrap()));
    }
}
