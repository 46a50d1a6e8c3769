use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn set(texts: &[&str]) -> AddressSet {
    texts.iter().map(|text| text.parse::<IpNet>().unwrap()).collect()
}

fn networks(set: &AddressSet) -> Vec<String> {
    set.networks().map(|network| network.to_string()).collect()
}

#[test]
fn halves_are_joined_and_parts_are_swallowed() {
    for (texts, expected) in [
        (&["10.0.0.0/25", "10.0.0.128/25"][..], &["10.0.0.0/24"][..]),
        (&["10.0.0.64/26", "10.0.0.0/24", "10.0.0.1/32"], &["10.0.0.0/24"]),
        (&["10.0.1.0/24", "10.0.2.0/24"], &["10.0.1.0/24", "10.0.2.0/24"]),
        (&["0.0.0.0/1", "128.0.0.0/1"], &["0.0.0.0/0"]),
        (&["::/1", "8000::/1", "255.255.255.255/32"], &["255.255.255.255/32", "::/0"]),
        (&[], &[]),
    ] {
        assert_eq!(networks(&set(texts)), expected);
    }
}

#[test]
fn the_edges_of_both_families() {
    let all = networks(&AddressSet::all());
    assert_eq!(all, ["0.0.0.0/0", "::/0"]);
    assert!(AddressSet::all().complement().is_empty());
    let edges = set(&["0.0.0.0/32", "255.255.255.255/32", "::/128", "ffff::/16"]);
    let complement = edges.complement();
    assert_eq!(complement.networks().count(), 62 + 127 + 15);
    assert_eq!(complement.complement(), edges);
    assert_eq!(complement.v4.count(), Count::of((1 << 32) - 2));
}

#[test]
fn a_range_from_one_to_the_one_before_the_last_is_the_worst() {
    let span = Span { first: 1, last: u128::MAX - 1 };
    let lengths: Vec<u8> = span.prefixes().map(|(_, length)| length).collect();
    let expected: Vec<u8> = (2..=128).rev().chain(2..=128).collect();
    assert_eq!(lengths, expected);
}

#[test]
fn counts_reach_beyond_128_bits() {
    let all = AddressSet::all();
    assert_eq!(all.v6.count().to_string(), "340282366920938463463374607431768211456");
    assert_eq!(all.v6.count().exact(), None);
    assert_eq!(all.v4.count().to_string(), "4294967296");
    let both = all.v4.count().plus(all.v6.count());
    assert_eq!(both.to_string(), "340282366920938463463374607436063178752");
    let most = Count::of(u128::MAX);
    assert_eq!(most.to_string(), u128::MAX.to_string());
    let ten = (0..9).fold(most, |sum, _| sum.plus(most));
    assert_eq!(ten.to_string(), format!("{}0", u128::MAX));
    assert_eq!(Count::default().to_string(), "0");
}

#[test]
fn many_of_the_same_take_no_more_memory() {
    let mut gathered = Gathered::default();
    // Out of order, so that none is joined as it comes.
    for i in 0..4 * SPANS_ROOM as u32 {
        let first = i.wrapping_mul(0x9e37_79b1) & 0xffff;
        gathered.add(Span { first: first << 8, last: first << 8 });
    }
    assert!(gathered.spans.capacity() <= SPANS_ROOM);
    assert_eq!(Spans::of(gathered.spans).as_slice().len(), 1 << 16);
}

/// Small universes at both ends, so that sets meet and touch.
fn spans() -> impl Strategy<Value = Vec<AnySpan>> {
    let edge = prop_oneof![0..64u32, Just(u32::MAX - 63).prop_flat_map(|low| low..=u32::MAX)];
    let wide = prop_oneof![0..64u128, Just(u128::MAX - 63).prop_flat_map(|low| low..=u128::MAX)];
    let v4 = (edge, 0..6u8).prop_map(|(at, bits)| AnySpan::V4(Span::of_network(at, 32 - bits)));
    let v6 = (wide, 0..20u128)
        .prop_map(|(first, more)| AnySpan::V6(Span { first, last: first.saturating_add(more) }));
    let far =
        any::<(u32, u8)>().prop_map(|(at, length)| AnySpan::V4(Span::of_network(at, length % 33)));
    proptest::collection::vec(prop_oneof![4 => v4, 4 => v6, 1 => far], 0..12)
}

/// The addresses near the edges, one by one: the set as its definition has it.
fn members(spans: &[AnySpan]) -> BTreeSet<(bool, u128)> {
    let low = 0..100u128;
    let v4 = low.clone().chain((0..100).map(|i| u128::from(u32::MAX - i)));
    let v6 = low.chain((0..100).map(|i| u128::MAX - i));
    let asked = v4.map(|at| (false, at)).chain(v6.map(|at| (true, at)));
    let is_in = |(six, at): &(bool, u128)| {
        spans.iter().any(|span| match span {
            AnySpan::V4(span) => !six && (span.first..=span.last).contains(&(*at as u32)),
            AnySpan::V6(span) => *six && (span.first..=span.last).contains(at),
        })
    };
    asked.filter(is_in).collect()
}

fn members_of(set: &AddressSet) -> BTreeSet<(bool, u128)> {
    members(&set.spans().collect::<Vec<_>>())
}

fn is_in_order<T: Number>(spans: &Spans<T>) -> bool {
    spans.0.iter().all(|span| span.first <= span.last)
        && spans.0.windows(2).all(|pair| pair[0].last.next().is_some_and(|n| n < pair[1].first))
}

proptest! {
    #[test]
    fn operations_are_what_their_names_say(a in spans(), b in spans()) {
        let (x, y): (AddressSet, AddressSet) = (a.iter().copied().collect(), b.iter().copied().collect());
        let (a, b) = (members(&a), members(&b));
        prop_assert_eq!(&members_of(&x), &a);
        prop_assert_eq!(members_of(&x.union(&y)), &a | &b);
        prop_assert_eq!(members_of(&x.intersect(&y)), &a & &b);
        prop_assert_eq!(members_of(&x.minus(&y)), &a - &b);
        prop_assert_eq!(members_of(&x.xor(&y)), &a ^ &b);
        for set in [x.union(&y), x.intersect(&y), x.minus(&y), x.xor(&y), x.complement()] {
            prop_assert!(is_in_order(&set.v4) && is_in_order(&set.v6), "{:?}", set);
        }
    }

    #[test]
    fn the_laws_of_sets(a in spans(), b in spans()) {
        let (a, b): (AddressSet, AddressSet) = (a.into_iter().collect(), b.into_iter().collect());
        let none = AddressSet::default();
        // De Morgan.
        prop_assert_eq!(a.union(&b).complement(), a.complement().intersect(&b.complement()));
        prop_assert_eq!(a.intersect(&b).complement(), a.complement().union(&b.complement()));
        prop_assert_eq!(a.complement().complement(), a.clone());
        prop_assert_eq!(a.xor(&b), a.union(&b).minus(&a.intersect(&b)));
        prop_assert_eq!(a.minus(&b), a.intersect(&b.complement()));
        prop_assert_eq!(a.xor(&b).xor(&b), a.clone());
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.xor(&a), none.clone());
        prop_assert_eq!(a.union(&none), a.clone());
        prop_assert_eq!(a.union(&a.complement()), AddressSet::all());
        let count = |set: &AddressSet| set.v4.count().plus(set.v6.count());
        let both = count(&a.union(&b)).plus(count(&a.intersect(&b)));
        prop_assert_eq!(both, count(&a).plus(count(&b)));
    }

    #[test]
    fn prefixes_are_the_set_and_the_fewest(a in spans()) {
        let set: AddressSet = a.into_iter().collect();
        let networks: Vec<IpNet> = set.networks().collect();
        prop_assert_eq!(networks.iter().copied().collect::<AddressSet>(), set);
        prop_assert!(networks.windows(2).all(|pair| pair[0] < pair[1]));
        // Fewest: no two are the halves of one.
        for pair in networks.windows(2) {
            let halves = pair[0].supernet().is_some_and(|above| {
                Some(above) == pair[1].supernet() && pair[0].prefix_len() == pair[1].prefix_len()
            });
            prop_assert!(!halves, "{:?}", pair);
        }
        // And the crate that defines the type agrees.
        prop_assert_eq!(IpNet::aggregate(&networks).len(), networks.len());
    }

    #[test]
    fn containing_is_leaving_nothing(a in spans(), b in spans()) {
        let set: AddressSet = a.into_iter().collect();
        for span in b {
            let one: AddressSet = std::iter::once(span).collect();
            prop_assert_eq!(set.contains(span), one.minus(&set).is_empty());
            prop_assert_eq!(set.overlaps(span), !one.intersect(&set).is_empty());
        }
    }
}
