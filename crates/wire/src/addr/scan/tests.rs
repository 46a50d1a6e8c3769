use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Option<Item>, LineError> {
    line(text.as_bytes(), Columns::Alone)
}

fn ends(text: &str) -> String {
    let item = read(text).unwrap().unwrap();
    format!("{} {}", item.span.first(), item.span.last())
}

fn problem(text: &str) -> (LineProblem, Range<usize>, Option<String>) {
    let error = read(text).unwrap_err();
    (error.problem, error.range, error.right)
}

#[test]
fn a_line_is_a_network_an_address_or_a_range() {
    for (text, expected) in [
        ("10.0.0.0/8", "10.0.0.0 10.255.255.255"),
        ("  10.1.2.3/8\t; office\r", "10.0.0.0 10.255.255.255"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0 10.255.255.255"),
        ("10.0.0.0/0.255.255.255", "10.0.0.0 10.255.255.255"),
        ("0.0.0.0/0", "0.0.0.0 255.255.255.255"),
        ("192.0.2.1", "192.0.2.1 192.0.2.1"),
        ("192.0.2.1-192.0.2.9#x", "192.0.2.1 192.0.2.9"),
        ("192.0.2.1 - 192.0.2.9", "192.0.2.1 192.0.2.9"),
        ("::/0", ":: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:DB8::1/32", "2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4 ::ffff:1.2.3.4"),
        ("fe80:: - fe80::2", "fe80:: fe80::2"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0 1:2:3:4:5:6:7:0"),
    ] {
        assert_eq!(ends(text), expected, "{text}");
    }
    for text in ["", " ", "\r", "# 10.0.0.0/8", "\t;", ";\r"] {
        assert_eq!(read(text), Ok(None), "{text:?}");
    }
}

#[test]
fn host_bits_are_noticed() {
    for (text, has) in
        [("10.0.0.0/8", false), ("10.0.0.1/8", true), ("::1/127", true), ("10.0.0.1", false)]
    {
        assert_eq!(read(text).unwrap().unwrap().has_host_bits, has, "{text}");
    }
}

#[test]
fn what_is_wrong_has_a_place_in_the_line() {
    use text::Problem;
    let place = |text: &str| {
        let (problem, range, _) = problem(text);
        (problem, text.get(range).unwrap().to_owned())
    };
    assert_eq!(
        place("  10.0.0.0/33 # x"),
        (LineProblem::Address(Problem::LengthTooLong(32)), "33".into())
    );
    assert_eq!(
        place("1.2.3.4-1.2.3.04"),
        (LineProblem::Address(Problem::OctetLeadingZero), "04".into())
    );
    assert_eq!(
        place("1.2.3.4 - 1.2.3.0/24"),
        (LineProblem::Address(Problem::Network), "/24".into())
    );
    assert_eq!(
        place(" 10.0.0.9-10.0.0.1"),
        (LineProblem::WrongWayRound, "10.0.0.9-10.0.0.1".into())
    );
    assert_eq!(place("10.0.0.9-::1"), (LineProblem::TwoFamilies, "10.0.0.9-::1".into()));
    assert_eq!(place("10.0.0.0/8 office # x"), (LineProblem::More, "office".into()));
    assert_eq!(place("10.0.0.0/8,"), (LineProblem::More, String::new()));
    assert_eq!(place("www.my-host.example"), {
        (LineProblem::Address(Problem::Name), "www.my-host.example".into())
    });
    assert_eq!(place("02-00-5e-10-00-01").0, LineProblem::Address(Problem::Mac));
    assert_eq!(place("10.0.0.1-"), (LineProblem::OpenRange, String::new()));
    assert_eq!(place("-10.0.0.1"), (LineProblem::OpenRange, String::new()));
    let error = line(b" 1.2.3.\xff4", Columns::Alone).unwrap_err();
    assert_eq!((error.problem, error.range), (LineProblem::NotUtf8, 7..8));
}

#[test]
fn what_would_be_right_is_said() {
    let right = |text: &str| problem(text).2.unwrap_or_default();
    assert_eq!(right("10.0.0.1-20"), "write 10.0.0.1-10.0.0.20");
    assert_eq!(right("10.0.0.9-10.0.0.1"), "write 10.0.0.1-10.0.0.9");
    assert_eq!(right("10.0.0.0 255.0.0.0"), "write 10.0.0.0/255.0.0.0");
    assert_eq!(right("10.0.0.0/8 office"), "");
}

#[test]
fn columns_are_counted_from_one() {
    let nth = |text: &str, number| {
        let item = line(text.as_bytes(), Columns::Nth(number)).unwrap();
        item.map(|item| item.span.first().to_string())
    };
    let one = Some("10.0.0.1".to_owned());
    assert_eq!(nth("10.0.0.1 - - [date] \"GET /#x\"\r", 1), one);
    assert_eq!(nth("a, 10.0.0.1 ,b", 2), one);
    assert_eq!(nth("a,,10.0.0.1", 3), one);
    assert_eq!(nth("a;\"10.0.0.1\";c", 2), one);
    assert_eq!(nth("  a\t10.0.0.1", 2), one);
    assert_eq!(nth("# a 10.0.0.1", 2), None);
    assert_eq!(nth("", 2), None);
    for (text, number, expected) in [
        ("a b", 3, LineProblem::TooFewColumns(3)),
        ("a b ", 3, LineProblem::TooFewColumns(3)),
        ("a", 0, LineProblem::TooFewColumns(0)),
        ("a,b,", 3, LineProblem::Address(text::Problem::Empty)),
        ("a x", 2, LineProblem::Address(text::Problem::Name)),
    ] {
        let error = line(text.as_bytes(), Columns::Nth(number)).unwrap_err();
        assert_eq!(error.problem, expected, "{text}");
        assert!(text.get(error.range).is_some(), "{text}");
    }
}

/// Texts that are addresses and networks, or nearly.
fn nearly() -> impl Strategy<Value = String> {
    let v4 = any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_string());
    let v6 = (any::<u128>(), 0..128u32, 0..128u32)
        .prop_map(|(bits, left, right)| Ipv6Addr::from_bits(bits << left >> right).to_string());
    let groups = proptest::collection::vec(
        prop_oneof!["[0-9a-fA-F]{1,5}", Just(String::new()), "[0-9]{1,3}\\.[0-9.]{1,12}"],
        1..10,
    );
    let octets = proptest::collection::vec("[0-9]{0,4}|0[0-9]{1,2}|25[0-9]", 1..6);
    let address = prop_oneof![
        v4,
        v6,
        groups.prop_map(|groups| groups.join(":")),
        octets.prop_map(|octets| octets.join(".")),
        "[0-9a-f:.]{0,20}",
    ];
    let tail = prop_oneof!["", "/[0-9]{0,4}", "/[0-9./]{0,16}", "[ -~]{0,3}", "\\PC{0,2}"];
    (address, tail).prop_map(|(address, tail)| address + &tail)
}

proptest! {
    #[test]
    fn the_fast_path_reads_what_the_strict_one_reads(text in nearly()) {
        let text = text.trim_matches(&[' ', '\t'][..]);
        prop_assume!(!text.contains('-'));
        let strict = text::network(text);
        let scanned = item(text.as_bytes());
        match (&strict, &scanned) {
            (Ok(network), Ok(item)) => prop_assert_eq!(*item, Item::of(*network)),
            // Of a line with more on it, the first column is judged.
            (Err(error), Err(scanned)) if !text.contains([' ', '\t', ',']) => {
                prop_assert_eq!(&scanned.range, &error.range);
                prop_assert_eq!(scanned.problem, LineProblem::Address(error.problem));
            }
            (Err(_), Err(_)) => {}
            _ => prop_assert!(false, "{:?} and {:?}", strict, scanned),
        }
        let whole = fast(text.as_bytes()).filter(|(_, length)| *length == text.len());
        if let Some((item, _)) = whole {
            prop_assert_eq!(Some(item), strict.as_ref().ok().copied().map(Item::of));
        }
        // Only masks are left to the slow path.
        let mask = text.rsplit('/').next().unwrap_or_default().contains('.') && text.contains('/');
        prop_assert!(whole.is_some() || strict.is_err() || mask, "{:?} is slow", text);
    }

    #[test]
    fn a_range_is_its_two_addresses(a: u128, b: u128, v4: bool, blanks in "[ \t]{0,2}") {
        let address = |bits: u128| match v4 {
            true => IpAddr::V4(Ipv4Addr::from_bits(bits as u32)),
            false => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        };
        let (a, b) = (address(a), address(b));
        let item = item(format!("{a}{blanks}-{blanks}{b}").as_bytes());
        prop_assert_eq!(item.ok().map(|item| item.span), AnySpan::between(a, b));
    }

    #[test]
    fn no_bytes_panic_and_every_place_is_in_them(
        bytes in proptest::collection::vec(any::<u8>(), 0..40),
        text in "[0-9a-f:./ ,;#\"-]{0,24}",
        number in 0..4usize,
    ) {
        for bytes in [&bytes[..], text.as_bytes()] {
            for columns in [Columns::Alone, Columns::Nth(number)] {
                if let Err(error) = line(bytes, columns) {
                    prop_assert!(error.range.start <= error.range.end);
                    prop_assert!(error.range.end <= bytes.len());
                    if let Ok(text) = std::str::from_utf8(bytes) {
                        prop_assert!(text.get(error.range).is_some());
                    }
                }
            }
        }
    }
}
