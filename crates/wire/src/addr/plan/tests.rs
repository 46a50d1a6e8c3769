use proptest::prelude::*;

use super::*;

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn ask(asked: &[(&str, &str)]) -> Changes {
    let ask = asked.iter().map(|(name, asked)| ((*name).to_owned(), asked.parse().unwrap()));
    Changes { ask: ask.collect(), ..Changes::default() }
}

fn shown(plan: &Plan) -> Vec<String> {
    plan.subnets.iter().map(|subnet| format!("{} {}", subnet.name, subnet.network)).collect()
}

#[test]
fn the_largest_comes_first() {
    let empty = Plan::new(net("10.0.0.0/24"));
    let outcome = empty.change(&ask(&[("db", "20"), ("web", "50"), ("link", "/31")])).unwrap();
    assert_eq!(shown(&outcome.plan), ["web 10.0.0.0/26", "db 10.0.0.64/27", "link 10.0.0.96/31"]);
    let free: Vec<String> = outcome.plan.free().iter().map(IpNet::to_string).collect();
    assert_eq!(
        free,
        ["10.0.0.98/31", "10.0.0.100/30", "10.0.0.104/29", "10.0.0.112/28", "10.0.0.128/25"]
    );
}

#[test]
fn lengths_for_what_is_asked() {
    let (v4, v6, small) = (net("10.0.0.0/8"), net("2001:db8::/32"), net("2001:db8::/112"));
    for (asked, network, length) in [
        ("1", v4, Some(30)),
        ("2", v4, Some(30)),
        ("3", v4, Some(29)),
        ("62", v4, Some(26)),
        ("63", v4, Some(25)),
        ("4294967294", v4, Some(0)),
        ("4294967295", v4, None),
        ("/26", v4, Some(26)),
        ("/33", v4, None),
        ("3x/26", v4, Some(24)),
        ("10.1.0.0/16", v4, Some(16)),
        ("2001:db8::/48", v4, None),
        ("50", v6, Some(64)),
        ("18446744073709551616", v6, Some(64)),
        ("18446744073709551617", v6, None),
        ("1x/64", v6, Some(64)),
        ("2x/64", v6, Some(60)),
        ("16x/64", v6, Some(60)),
        ("17x/64", v6, Some(56)),
        ("/57", v6, Some(57)),
        ("15", small, Some(124)),
        ("16", small, Some(120)),
    ] {
        assert_eq!(asked.parse::<Asked>().unwrap().length(network), length, "{asked}");
        assert_eq!(asked.parse::<Asked>().unwrap().to_string(), asked);
    }
    for (wrong, range) in [
        ("", 0..0),
        ("0", 0..1),
        ("x", 0..1),
        ("/x", 1..2),
        ("/129", 1..4),
        ("0x/64", 0..1),
        ("4x/", 3..3),
        ("10.0.0.0/33", 9..11),
    ] {
        assert_eq!(wrong.parse::<Asked>().unwrap_err().range, range, "{wrong}");
    }
}

#[test]
fn a_subnet_grows_where_it_is_or_says_what_is_in_the_way() {
    let first = Plan::new(net("10.0.0.0/24")).change(&ask(&[("web", "50"), ("db", "20")])).unwrap();
    let grown = first.plan.change(&ask(&[("db", "60")])).unwrap();
    assert!(grown.missing.is_empty());
    assert_eq!(shown(&grown.plan), ["web 10.0.0.0/26", "db 10.0.0.64/26"]);
    assert_eq!(grown.fates, [Fate::Kept, Fate::Grown(net("10.0.0.64/27"))]);

    let stuck = first.plan.change(&ask(&[("web", "100")])).unwrap();
    assert_eq!(stuck.plan, first.plan);
    assert_eq!(stuck.missing[0].why, Why::InTheWay(vec!["db".to_owned()]));

    let moving = Changes { may_move: vec!["web".to_owned()], ..ask(&[("web", "100")]) };
    let moved = first.plan.change(&moving).unwrap();
    assert_eq!(shown(&moved.plan), ["db 10.0.0.64/27", "web 10.0.0.128/25"]);
    assert_eq!(moved.fates[1], Fate::Moved(net("10.0.0.0/26")));
}

#[test]
fn how_much_is_missing() {
    let first = Plan::new(net("10.0.0.0/24")).change(&ask(&[("web", "50"), ("db", "20")])).unwrap();
    let short = first.plan.change(&ask(&[("big", "200")])).unwrap();
    assert_eq!(short.missing[0].why, Why::Short(Count::of(96)));
    let large = first.plan.change(&ask(&[("huge", "300")])).unwrap();
    assert_eq!(large.missing[0].why, Why::Short(Count::of(352)));
    let endless = first.plan.change(&ask(&[("huge", "4294967295")])).unwrap();
    assert_eq!(endless.missing[0].why, Why::TooLarge);
    let pinned = ask(&[("a", "10.0.0.0/26"), ("b", "10.0.0.128/26")]);
    let pinned = Plan::new(net("10.0.0.0/24")).change(&pinned).unwrap();
    let pieces = pinned.plan.change(&ask(&[("c", "/25")])).unwrap();
    assert_eq!(pieces.missing[0].why, Why::Pieces);
    let outside = pinned.plan.change(&ask(&[("c", "10.1.0.0/25")])).unwrap();
    assert_eq!(outside.missing[0].why, Why::Outside);
}

#[test]
fn what_makes_no_sense() {
    let plan = Plan::new(net("10.0.0.0/24"));
    let subnet = |name: &str, network: &str| Subnet {
        name: name.to_owned(),
        network: net(network),
        asked: Asked::Hosts(1),
    };
    let with = |subnets: Vec<Subnet>| Plan { subnets, ..plan.clone() }.checked();
    assert!(matches!(
        with(vec![subnet("a", "10.0.0.0/26"), subnet("b", "10.0.0.0/25")]),
        Err(PlanError::Overlap(..))
    ));
    assert!(matches!(with(vec![subnet("a", "10.0.1.0/26")]), Err(PlanError::Outside { .. })));
    assert!(matches!(
        with(vec![subnet("a", "10.0.0.0/26"), subnet("a", "10.0.0.64/26")]),
        Err(PlanError::Twice(_))
    ));
    let remove = Changes { remove: vec!["x".to_owned()], ..Changes::default() };
    assert_eq!(plan.change(&remove).unwrap_err(), PlanError::Unknown("x".to_owned()));
    assert!(plan.change(&ask(&[("a", "1"), ("a", "2")])).is_err());
}

/// What is asked for, removed and may move.
type Round = (Vec<(u8, u8)>, Vec<u8>, Vec<u8>);

/// Few names, so that the same come again; sizes that sometimes do not fit.
fn changes() -> impl Strategy<Value = Vec<Round>> {
    let ask = proptest::collection::vec((0..12u8, 0..=10u8), 0..6);
    let names = || proptest::collection::vec(0..12u8, 0..3);
    proptest::collection::vec((ask, names(), names()), 1..8)
}

proptest! {
    #[test]
    fn nothing_overlaps_and_nothing_moves(rounds in changes(), is_ipv6: bool) {
        let (whole, base) = match is_ipv6 {
            false => (net("10.0.0.0/24"), 22),
            true => (net("2001:db8::/56"), 54),
        };
        let mut plan = Plan::new(whole);
        for (asked, remove, may_move) in rounds {
            let exists = |name: &String| plan.subnets.iter().any(|subnet| subnet.name == *name);
            let mut names = BTreeSet::new();
            let changes = Changes {
                ask: asked.into_iter().filter(|(name, _)| names.insert(*name)).map(|(name, more)| {
                    (name.to_string(), Asked::Length(base + more))
                }).collect(),
                remove: remove.iter().map(u8::to_string).filter(exists).collect(),
                may_move: may_move.iter().map(u8::to_string).filter(exists).collect(),
            };
            let outcome = plan.change(&changes).unwrap();
            let after = outcome.plan.clone().checked().unwrap();
            prop_assert_eq!(&after, &outcome.plan);
            let taken: AddressSet = after.subnets.iter().map(|subnet| subnet.network).collect();
            let free: AddressSet = after.free().into_iter().collect();
            prop_assert!(taken.intersect(&free).is_empty());
            prop_assert_eq!(taken.union(&free), [whole].into_iter().collect());
            for before in &plan.subnets {
                if changes.remove.contains(&before.name) {
                    continue;
                }
                let now = after.subnets.iter().find(|subnet| subnet.name == before.name);
                let now = now.expect("nothing is lost");
                let kept = now.network.contains(&before.network);
                prop_assert!(kept || changes.may_move.contains(&before.name));
            }
            plan = after;
        }
    }

    #[test]
    fn whatever_can_fit_in_an_empty_network_does(
        lengths in proptest::collection::vec(24..=32u8, 0..40),
    ) {
        let ask = lengths.iter().enumerate();
        let ask = ask.map(|(name, length)| (name.to_string(), Asked::Length(*length))).collect();
        let changes = Changes { ask, ..Changes::default() };
        let outcome = Plan::new(net("10.0.0.0/24")).change(&changes).unwrap();
        let sum: u32 = lengths.iter().map(|length| 1 << (32 - length)).sum();
        prop_assert_eq!(outcome.missing.is_empty(), sum <= 256);
    }

    #[test]
    fn no_text_panics(text in "[0-9x/.:a-f]{0,20}", any: String) {
        let _ = (text.parse::<Asked>(), any.parse::<Asked>());
    }
}
