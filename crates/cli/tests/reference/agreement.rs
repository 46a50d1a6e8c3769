//! Pages and the tables in the code, both ways.

use std::collections::BTreeMap;

use plumb_evidence::reference::{Kind, Number, Page, word};
use plumb_sys::{errno, options};
use plumb_wire::dns::{ExtendedErrorCode, Rcode, Rtype};
use plumb_wire::layout::Layout;
use plumb_wire::link::EtherType;
use plumb_wire::net::{Icmp, Icmp6, Icmp6Type, IcmpType, Protocol};
use plumb_wire::tls::{AlertDescription, CipherSuite, NamedGroup};
use plumb_wire::transport::{Tcp, TcpOptionType, port_name};

use super::Complaints;

/// Number and name of every row of a table of code points.
macro_rules! rows {
    ($type:ident) => {
        $type::ALL.iter().map(|code| (i64::from(code.number()), code.name().unwrap()))
    };
}

fn plain(page: Page) -> Option<i64> {
    match page.number() {
        Some(Number::Plain(number)) => Some(number),
        _ => None,
    }
}

/// Whether a name is one of the page's: key, further name or title.
fn called(page: Page, name: &str) -> bool {
    [page.key, page.title()].into_iter().chain(page.aka()).any(|known| word::same(known, name))
}

/// Whether a name that the code made up for people has a word in common with
/// those of the page.
pub(super) fn alike(page: Page, name: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        parts.map(str::to_lowercase).filter(|word| word.len() > 1).collect()
    };
    let known = [page.key, page.title()].into_iter().chain(page.aka());
    let known: Vec<String> = known.flat_map(words).collect();
    words(name).iter().any(|word| !FILLERS.contains(&word.as_str()) && known.contains(word))
}

/// Words that two names may share by chance.
const FILLERS: [&str; 9] = ["in", "of", "the", "for", "by", "at", "is", "was", "over"];

/// Each page has a row of the table, each row a page, and they agree on the
/// name.
fn agree(
    pages: &[Page],
    rows: impl Iterator<Item = (i64, &'static str)>,
    same: fn(Page, &str) -> bool,
) {
    let mut complaints = Complaints::default();
    let rows: BTreeMap<i64, &str> = rows.collect();
    for &page in pages {
        let Some(number) = plain(page) else { continue };
        match rows.get(&number) {
            None => complaints.unless(false, format!("{}: no row of {number}", page.topic())),
            Some(name) => complaints.unless(
                same(page, name),
                format!("{}: {number} is called {name:?} in the code", page.topic()),
            ),
        }
    }
    for (number, name) in rows {
        let listed = pages.iter().any(|page| plain(*page) == Some(number));
        complaints.unless(listed, format!("no page of {number}, {name:?}"));
    }
    complaints.end();
}

fn of(kind: Kind) -> Vec<Page> {
    kind.pages().collect()
}

#[test]
fn names_of_dns() {
    agree(&of(Kind::Rtype), rows!(Rtype), called);
    agree(&of(Kind::Rcode), rows!(Rcode), called);
    agree(&of(Kind::Ede), rows!(ExtendedErrorCode), called);
}

#[test]
fn names_of_tls() {
    agree(&of(Kind::Alert), rows!(AlertDescription), called);
    agree(&of(Kind::Suite), rows!(CipherSuite), called);
    agree(&of(Kind::Group), rows!(NamedGroup), called);
}

#[test]
fn names_of_link_and_net() {
    agree(&of(Kind::EtherType), rows!(EtherType), alike);
    agree(&of(Kind::Proto), rows!(Protocol), alike);
}

#[test]
fn types_and_codes_of_icmp() {
    let types = |kind: Kind| -> Vec<Page> {
        kind.pages().filter(|page| matches!(page.number(), Some(Number::Plain(_)))).collect()
    };
    agree(&types(Kind::Icmp), rows!(IcmpType), alike);
    agree(&types(Kind::Icmpv6), rows!(Icmp6Type), alike);
    let mut complaints = Complaints::default();
    let mut codes = |kind: Kind, name: &dyn Fn(u8, u8) -> Option<&'static str>| {
        let pages: BTreeMap<Number, Page> =
            kind.pages().filter_map(|page| Some((page.number()?, page))).collect();
        for (of, code) in (0..=255).flat_map(|of| (0..=255).map(move |code| (of, code))) {
            let page = pages.get(&Number::Pair(of, code));
            match (page.copied(), name(of, code)) {
                (None, None) => {}
                (Some(page), Some(name)) => complaints.unless(
                    alike(page, name),
                    format!("{}: it is called {name:?} in the code", page.topic()),
                ),
                (Some(page), None) => {
                    complaints.unless(false, format!("{}: no such code", page.topic()));
                }
                (None, Some(name)) => {
                    complaints.unless(false, format!("no page of {kind}:{of}/{code}, {name:?}"));
                }
            }
        }
    };
    codes(Kind::Icmp, &|of, code| Icmp::code_name(IcmpType::from(of), code));
    codes(Kind::Icmpv6, &|of, code| Icmp6::code_name(Icmp6Type::from(of), code));
    complaints.end();
}

#[test]
fn flags_options_and_states_of_tcp() {
    let are = |what: &str| -> Vec<Page> {
        Kind::Tcp.pages().filter(|page| page.fact("is") == Some(what)).collect()
    };
    let (flags, options, states) = (are("flag"), are("option"), are("state"));
    assert_eq!(flags.len() + options.len() + states.len(), Kind::Tcp.pages().count());
    // Kinds that programs took without asking have a page and no name.
    let registered = |page: &Page| !page.key.starts_with("unassigned-");
    let options: Vec<Page> = options.into_iter().filter(registered).collect();
    agree(&options, rows!(TcpOptionType), alike);
    let bits = [
        (0x01, "FIN"),
        (0x02, "SYN"),
        (0x04, "RST"),
        (0x08, "PSH"),
        (0x10, "ACK"),
        (0x20, "URG"),
        (0x40, "ECE"),
        (0x80, "CWR"),
    ];
    for (bit, name) in bits {
        let mut header = vec![0; 20];
        (header[12], header[13]) = (0x50, u8::try_from(bit).unwrap());
        assert_eq!(<Tcp as Layout>::decode(&header).unwrap().flag_names(), name);
    }
    // AE, the ninth bit, is among the reserved ones in `wire`.
    let flags: Vec<Page> =
        flags.into_iter().filter(|page| plain(*page).is_some_and(|bit| bit <= 0x80)).collect();
    agree(&flags, bits.into_iter(), called);
    let names = (1..=11).map(|state| (i64::from(state), plumb_sys::tcp::state_name(state)));
    // Linux keeps a second number for a state of the RFC.
    let states: Vec<Page> = states.into_iter().filter(|page| page.key != "NEW-SYN-RECV").collect();
    agree(&states, names, called);
}

#[test]
fn names_of_ports() {
    let mut complaints = Complaints::default();
    for (port, name) in (0..=u16::MAX).filter_map(|port| Some((port, port_name(port)?))) {
        let page = Kind::Port.pages().find(|page| plain(*page) == Some(i64::from(port)));
        let right = page.is_some_and(|page| alike(page, name));
        complaints.unless(right, format!("port:{port} is called {name:?} in the code"));
    }
    for page in Kind::Port.pages() {
        let port = u16::try_from(plain(page).unwrap()).unwrap();
        complaints.unless(port_name(port).is_some(), format!("{}: not in wire", page.topic()));
    }
    complaints.end();
}

#[test]
fn errors_of_calls() {
    let mut complaints = Complaints::default();
    for page in Kind::Errno.pages() {
        let name = i32::try_from(plain(page).unwrap()).map(errno::name).unwrap();
        complaints.unless(called(page, name), format!("{}: it is {name}", page.topic()));
    }
    complaints.end();
    let constants = [
        (libc::EAI_BADFLAGS, "EAI_BADFLAGS"),
        (libc::EAI_NONAME, "EAI_NONAME"),
        (libc::EAI_AGAIN, "EAI_AGAIN"),
        (libc::EAI_FAIL, "EAI_FAIL"),
        (libc::EAI_NODATA, "EAI_NODATA"),
        (libc::EAI_FAMILY, "EAI_FAMILY"),
        (libc::EAI_SOCKTYPE, "EAI_SOCKTYPE"),
        (libc::EAI_SERVICE, "EAI_SERVICE"),
        (libc::EAI_MEMORY, "EAI_MEMORY"),
        (libc::EAI_SYSTEM, "EAI_SYSTEM"),
        (libc::EAI_OVERFLOW, "EAI_OVERFLOW"),
    ];
    for (number, name) in constants {
        let page = Kind::Eai.pages().find(|page| word::same(page.key, name)).expect(name);
        assert_eq!(plain(page), Some(i64::from(number)), "{name}");
    }
}

#[test]
fn options_of_sockets() {
    /// Level and number as setsockopt(2) takes them.
    const LEVELS: [(&str, i32); 5] = [
        ("SOL_SOCKET", libc::SOL_SOCKET),
        ("IPPROTO_IP", libc::IPPROTO_IP),
        ("IPPROTO_TCP", libc::IPPROTO_TCP),
        ("IPPROTO_UDP", libc::IPPROTO_UDP),
        ("IPPROTO_IPV6", libc::IPPROTO_IPV6),
    ];
    assert_eq!(LEVELS.map(|(_, number)| number), [1, 0, 6, 17, 41]);
    assert_eq!((libc::AF_INET, libc::AF_INET6), (2, 10));
    let mut complaints = Complaints::default();
    let page_of = |name: &str| Kind::Sockopt.pages().find(|page| word::same(page.key, name));
    for page in Kind::Sockopt.pages() {
        let level = page.fact("level").unwrap_or_default();
        let name = level.split([' ', ',']).next().unwrap_or_default();
        if let Some((_, number)) = LEVELS.iter().find(|(known, _)| *known == name) {
            let said = level.contains(&format!("({number})"));
            complaints.unless(said, format!("{}: {name} is {number}", page.topic()));
        }
        let flag = page.fact("flag").unwrap_or_default();
        let settable = options::describe(page.key).is_some();
        let right = if flag == "-" { !settable } else { flag_exists(flag) };
        complaints.unless(right, format!("{}: the flag is not {flag}", page.topic()));
    }
    for row in options::TABLE {
        let mut names = vec![(row.name, row.number)];
        names.extend(row.name_v6().zip(row.number_v6()));
        for (name, number) in names {
            let Some(page) = page_of(name) else {
                complaints.unless(false, format!("no page of {name}"));
                continue;
            };
            let right = plain(page) == Some(i64::from(number));
            complaints.unless(right, format!("{name} is {number}"));
        }
    }
    complaints.end();
}

/// Whether `connect`, `listen` or a server has such an option.
fn flag_exists(flag: &str) -> bool {
    let name = flag.split([' ', ',', '=']).next().unwrap_or_default().trim_start_matches("--");
    let mut command = plumb::command();
    command.build();
    let has = |command: &clap::Command| {
        command.get_arguments().any(|argument| argument.get_long() == Some(name))
    };
    let serve = command.find_subcommand("serve").unwrap();
    ["connect", "listen"].iter().any(|name| has(command.find_subcommand(name).unwrap()))
        || serve.get_subcommands().any(has)
}

#[test]
fn methods_and_statuses_of_http() {
    /// The library knows the properties of these, and calls any other unsafe.
    const KNOWN: [&str; 9] =
        ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "CONNECT", "PATCH"];
    let mut complaints = Complaints::default();
    let yes = |page: Page, name| page.fact(name).is_some_and(|fact| fact.starts_with("yes"));
    for name in KNOWN {
        let method: http::Method = name.parse().unwrap();
        let Some(page) = Kind::Method.pages().find(|page| page.key == name) else {
            complaints.unless(false, format!("no page of {name}"));
            continue;
        };
        let right = yes(page, "safe") == method.is_safe();
        complaints.unless(right, format!("{name}: safe or not"));
        let right = yes(page, "idempotent") == method.is_idempotent();
        complaints.unless(right, format!("{name}: idempotent or not"));
    }
    /// What RFC 9110 calls otherwise, or has as unused.
    const RENAMED: [&str; 5] = ["413", "416", "418", "422", "425"];
    for number in 100..=599_u16 {
        let status = http::StatusCode::from_u16(number).unwrap();
        let page = Kind::Status.pages().find(|page| page.key == number.to_string());
        match (page, status.canonical_reason()) {
            (Some(page), Some(phrase)) if !RENAMED.contains(&page.key) => complaints.unless(
                called(page, phrase),
                format!("{}: the library says {phrase:?}", page.topic()),
            ),
            (None, Some(phrase)) => {
                complaints.unless(false, format!("no page of {number} {phrase}"));
            }
            _ => {}
        }
    }
    complaints.end();
}
