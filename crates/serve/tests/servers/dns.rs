//! A small hierarchy of name servers on loopback: a root, a top-level server
//! and an authority, each on an address of its own, all on one port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use plumb_serve::Switch;
use plumb_serve::core::{EventKind, Forget, Limits, Server, ServerEvent};
use plumb_serve::dns::{
    Authority, AuthorityBehaviour, Recursor, ResolverBehaviour, RootServer, SocketFactory, Zone,
    ZoneSet,
};
use plumb_wire::dns::{
    Edns, EdnsOption, ExtendedErrorCode, Message, Name, Rcode, Rdata, Record, Rtype, Soa,
};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::ground::{observed, run, stdout};

const ROOT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const TOP: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const EXAMPLE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);
const WWW: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 4);
/// Answers nothing: nobody listens there.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone(origin: &str, records: &[(&str, Rdata)]) -> Zone {
    let soa = Soa { primary: name("ns.example.com"), minimum_s: 30, ..Soa::default() };
    let mut zone = Zone::new(name(origin), 3600, soa);
    for (owner, data) in records {
        zone.add(Record::new(name(owner), 300, data.clone())).unwrap();
    }
    zone
}

fn ns(host: &str) -> Rdata {
    Rdata::Ns(name(host))
}

fn cname(target: &str) -> Rdata {
    Rdata::Cname(name(target))
}

fn root_zone() -> Zone {
    zone(
        ".",
        &[
            (".", ns("a.root.example")),
            ("com", ns("a.top.example")),
            ("net", ns("a.top.example")),
            ("org", ns("a.top.example")),
            ("a.top.example", Rdata::A(TOP)),
        ],
    )
}

fn top_zones() -> [Zone; 3] {
    [
        zone(
            "com",
            &[("example.com", ns("ns.example.com")), ("ns.example.com", Rdata::A(EXAMPLE))],
        ),
        zone(
            "net",
            &[("example.net", ns("ns.example.net")), ("ns.example.net", Rdata::A(EXAMPLE))],
        ),
        // Without glue: the address must be found first.
        zone("org", &[("example.org", ns("ns.example.com"))]),
    ]
}

fn example_zones() -> [Zone; 3] {
    let large = Rdata::Txt(vec![vec![b'x'; 250]; 16]);
    [
        zone(
            "example.com",
            &[
                ("example.com", ns("ns.example.com")),
                ("ns.example.com", Rdata::A(EXAMPLE)),
                ("www.example.com", Rdata::A(WWW)),
                ("www.example.com", Rdata::Aaaa("2001:db8::4".parse().unwrap())),
                ("alias.example.com", cname("www.example.net")),
                ("one.example.com", cname("two.example.net")),
                ("dangling.example.com", cname("nowhere.example.net")),
                ("large.example.com", large),
            ],
        ),
        zone(
            "example.net",
            &[
                ("example.net", ns("ns.example.net")),
                ("ns.example.net", Rdata::A(EXAMPLE)),
                ("www.example.net", Rdata::A(WWW)),
                ("two.example.net", cname("one.example.com")),
            ],
        ),
        zone(
            "example.org",
            &[("example.org", ns("ns.example.com")), ("www.example.org", Rdata::A(WWW))],
        ),
    ]
}

/// UDP and TCP sockets on the same port of each address.
fn sockets(addresses: &[IpAddr]) -> (u16, Vec<(std::net::UdpSocket, std::net::TcpListener)>) {
    let pair = |address: IpAddr, port: u16| {
        let tcp = std::net::TcpListener::bind((address, port))?;
        let udp = std::net::UdpSocket::bind((address, tcp.local_addr()?.port()))?;
        std::io::Result::Ok((udp, tcp))
    };
    // A port that is free at one address may be taken at another.
    for _ in 0..100 {
        let Ok(first) = pair(addresses[0], 0) else { continue };
        let port = first.1.local_addr().unwrap().port();
        let others: Result<Vec<_>, _> =
            addresses[1..].iter().map(|address| pair(*address, port)).collect();
        if let Ok(others) = others {
            return (port, std::iter::once(first).chain(others).collect());
        }
    }
    panic!("no port is free at all of {addresses:?}");
}

/// The hierarchy and a resolver that asks it.
struct Names {
    example: Authority,
    recursor: Recursor,
    resolver: SocketAddr,
    resolver_events: UnboundedReceiver<ServerEvent>,
    example_events: UnboundedReceiver<ServerEvent>,
    authority: SocketAddr,
}

fn start() -> Names {
    let addresses = [ROOT, TOP, EXAMPLE].map(IpAddr::from);
    let (port, mut pairs) = sockets(&addresses);
    let authority = |zones: ZoneSet| Authority::new(Switch::new(zones), Switch::default());
    let example = authority(example_zones().into_iter().collect());
    let (example_server, example_events) = observed(Limits::default());
    let quiet = Server::new("names", Limits::default(), Forget);
    for (service, server) in [
        (example.clone(), &example_server),
        (authority(top_zones().into_iter().collect()), &quiet),
        (authority([root_zone()].into_iter().collect()), &quiet),
    ] {
        let (udp, tcp) = pairs.pop().unwrap();
        server.udp(udp, service.clone()).unwrap();
        server.tcp(tcp, service).unwrap();
    }
    let root = RootServer { name: name("a.root.example"), addresses: vec![ROOT.into()] };
    let recursor = Recursor::with_port(SocketFactory::here(), [root], Switch::default(), port);
    let (server, resolver_events) = observed(Limits::default());
    let (_, mut own) = sockets(&[Ipv4Addr::LOCALHOST.into()]);
    let (udp, tcp) = own.pop().unwrap();
    let resolver = server.udp(udp, recursor.clone()).unwrap();
    server.tcp(tcp, recursor.clone()).unwrap();
    let authority = SocketAddr::from((EXAMPLE, port));
    Names { example, recursor, resolver, resolver_events, example_events, authority }
}

/// One question over UDP.
async fn ask(server: SocketAddr, owner: &str, rtype: Rtype) -> Message {
    let query = Message::query(7, name(owner), rtype, true).with_edns(Edns::default());
    let answer = ask_raw(server, &query.encode()).await;
    Message::decode(&answer).unwrap()
}

async fn ask_raw(server: SocketAddr, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(query, server).await.unwrap();
    let mut buffer = vec![0; 65_535];
    let count = socket.recv(&mut buffer).await.unwrap();
    buffer.truncate(count);
    buffer
}

fn extended_errors(message: &Message) -> Vec<ExtendedErrorCode> {
    let options = message.edns().map(|edns| edns.options.as_slice()).unwrap_or_default();
    let code = |option: &EdnsOption| match option {
        EdnsOption::ExtendedError { code, .. } => Some(*code),
        EdnsOption::Unknown { .. } => None,
    };
    options.iter().filter_map(code).collect()
}

/// What the resolver has asked others so far.
fn upstream(events: &mut UnboundedReceiver<ServerEvent>) -> Vec<(IpAddr, String)> {
    let mut asked = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let EventKind::DnsUpstream { server, question, .. } = event.kind {
            asked.push((server.ip(), question));
        }
    }
    asked
}

#[tokio::test]
async fn the_authority_answers_refers_and_refuses() {
    let names = start();
    let of = async |owner: &str, rtype| ask(names.authority, owner, rtype).await;
    let www = of("www.example.com", Rtype::A).await;
    assert!(www.flags.authoritative && !www.flags.recursion_available);
    assert_eq!(www.answers[0].data, Rdata::A(WWW));
    let none = of("no.example.com", Rtype::A).await;
    assert_eq!((none.flags.rcode, none.authorities[0].ttl_s), (Rcode::NxDomain, 30));
    let other = of("www.example.edu", Rtype::A).await;
    assert_eq!(other.flags.rcode, Rcode::Refused);
    assert_eq!(extended_errors(&other), [ExtendedErrorCode::NotAuthoritative]);
    let alias = of("alias.example.com", Rtype::A).await;
    assert_eq!(alias.answers.len(), 2, "both zones are here");
    let top = SocketAddr::from((TOP, names.authority.port()));
    let referral = ask(top, "www.example.com", Rtype::A).await;
    assert!(!referral.flags.authoritative && referral.answers.is_empty());
    assert_eq!(referral.authorities[0].data, ns("ns.example.com"));
    assert!(referral.additionals.iter().any(|glue| glue.data == Rdata::A(EXAMPLE)));
}

#[tokio::test]
async fn odd_messages_get_the_answers_that_the_rfcs_want() {
    let names = start();
    let rcode = async |bytes: &[u8]| {
        Message::decode(&ask_raw(names.authority, bytes).await).unwrap().flags.rcode
    };
    let good = Message::query(7, name("www.example.com"), Rtype::A, false);
    assert_eq!(rcode(&good.encode()[..20]).await, Rcode::FormErr);
    let none = Message { questions: Vec::new(), ..good.clone() };
    assert_eq!(rcode(&none.encode()).await, Rcode::FormErr);
    let mut update = good.clone();
    update.flags.opcode = plumb_wire::dns::Opcode::Update;
    assert_eq!(rcode(&update.encode()).await, Rcode::NotImp);
    let future = good.clone().with_edns(Edns { version: 1, ..Edns::default() });
    assert_eq!(rcode(&future.encode()).await, Rcode::BadVers);
    // An answer is not answered: what comes first belongs to the query after it.
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let answer = good.response(Rcode::NoError);
    socket.send_to(&answer.encode(), names.authority).await.unwrap();
    let next = Message { id: 8, ..good };
    socket.send_to(&next.encode(), names.authority).await.unwrap();
    let mut buffer = [0; 512];
    let count = socket.recv(&mut buffer).await.unwrap();
    let first = Message::decode(&buffer[..count]).unwrap();
    assert_eq!((first.id, first.edns()), (8, None), "no EDNS where none was asked for");
}

#[tokio::test]
async fn long_answers_are_cut_and_whole_over_tcp() {
    let names = start();
    let cut = ask(names.authority, "large.example.com", Rtype::Txt).await;
    assert!(cut.flags.truncated && cut.answers.is_empty());
    let whole = ask(names.resolver, "large.example.com", Rtype::Txt).await;
    assert!(whole.flags.truncated, "the resolver got it and must cut it too");
    let (server, port) = ("@127.0.0.1", names.resolver.port().to_string());
    let arguments = [server, "-p", &port, "large.example.com", "TXT", "+short"];
    let Some(output) = run("dig", &arguments).await else { return };
    assert!(stdout(&output).len() > 4000, "{output:?}");
}

#[tokio::test]
async fn the_resolver_walks_down_once_and_remembers() {
    let mut names = start();
    let first = ask(names.resolver, "www.example.com", Rtype::A).await;
    assert_eq!((first.flags.rcode, &first.answers[0].data), (Rcode::NoError, &Rdata::A(WWW)));
    assert!(first.flags.recursion_available && !first.flags.authoritative);
    let walk = upstream(&mut names.resolver_events);
    let servers: Vec<IpAddr> = walk.iter().map(|(server, _)| *server).collect();
    assert_eq!(servers, [ROOT, TOP, EXAMPLE].map(IpAddr::from), "{walk:?}");
    let again = ask(names.resolver, "WWW.example.com", Rtype::A).await;
    assert_eq!(again.answers[0].data, Rdata::A(WWW));
    assert!(again.answers[0].ttl_s <= first.answers[0].ttl_s);
    assert_eq!(upstream(&mut names.resolver_events), []);
    // Another type of the same name needs only the last server.
    ask(names.resolver, "www.example.com", Rtype::Aaaa).await;
    assert_eq!(upstream(&mut names.resolver_events).len(), 1);
    for _ in 0..2 {
        let none = ask(names.resolver, "no.example.com", Rtype::A).await;
        assert_eq!(none.flags.rcode, Rcode::NxDomain);
        assert!(matches!(none.authorities[0].data, Rdata::Soa(_)));
    }
    assert_eq!(upstream(&mut names.resolver_events).len(), 1, "negative answers are kept");
    names.recursor.flush();
    ask(names.resolver, "www.example.com", Rtype::A).await;
    assert_eq!(upstream(&mut names.resolver_events).len(), 3);
}

#[tokio::test]
async fn aliases_and_servers_in_other_zones_are_followed() {
    let names = start();
    let alias = ask(names.resolver, "alias.example.com", Rtype::A).await;
    let data: Vec<&Rdata> = alias.answers.iter().map(|record| &record.data).collect();
    assert_eq!(data, [&cname("www.example.net"), &Rdata::A(WWW)]);
    let no_glue = ask(names.resolver, "www.example.org", Rtype::A).await;
    assert_eq!(no_glue.answers[0].data, Rdata::A(WWW));
    let dangling = ask(names.resolver, "dangling.example.com", Rtype::A).await;
    assert_eq!((dangling.flags.rcode, dangling.answers.len()), (Rcode::NxDomain, 1));
    let round = ask(names.resolver, "one.example.com", Rtype::A).await;
    assert_eq!(round.flags.rcode, Rcode::ServFail);
    assert!(round.answers.len() >= 2, "what was found of the loop is shown");
}

#[tokio::test]
async fn a_lame_delegation_is_named() {
    let names = start();
    let lame = vec![name("example.com")];
    names.example.behaviour().set(AuthorityBehaviour { lame, ..Default::default() });
    let answer = ask(names.resolver, "www.example.com", Rtype::A).await;
    assert_eq!(answer.flags.rcode, Rcode::ServFail);
    use ExtendedErrorCode::{NoReachableAuthority, NotAuthoritative};
    assert_eq!(extended_errors(&answer), [NoReachableAuthority, NotAuthoritative]);
    // The other zone of the same server is not hit.
    assert_eq!(ask(names.resolver, "www.example.net", Rtype::A).await.flags.rcode, Rcode::NoError);
}

#[tokio::test]
async fn an_authority_that_cannot_be_reached_is_named() {
    let (port, mut pairs) = sockets(&[ROOT.into()]);
    let records = [("com", ns("a.top.example")), ("a.top.example", Rdata::A(NOBODY))];
    let zones: ZoneSet = [zone(".", &records)].into_iter().collect();
    let server = Server::new("root", Limits::default(), Forget);
    let authority = Authority::new(Switch::new(zones), Switch::default());
    server.udp(pairs.pop().unwrap().0, authority).unwrap();
    let root = RootServer { name: name("a.root.example"), addresses: vec![ROOT.into()] };
    let recursor = Recursor::with_port(SocketFactory::here(), [root], Switch::default(), port);
    let server = Server::new("resolver", Limits::default(), Forget);
    let resolver = server.udp(sockets(&[Ipv4Addr::LOCALHOST.into()]).1.remove(0).0, recursor);
    let answer = ask(resolver.unwrap(), "www.example.com", Rtype::A).await;
    assert_eq!(answer.flags.rcode, Rcode::ServFail);
    use ExtendedErrorCode::{NetworkError, NoReachableAuthority};
    assert_eq!(extended_errors(&answer), [NoReachableAuthority, NetworkError]);
}

#[tokio::test]
async fn a_silent_server_costs_its_turn_and_the_next_answers() {
    let names = start();
    let top: ZoneSet = [zone(
        "com",
        &[
            ("example.com", ns("silent.example.com")),
            ("example.com", ns("ns.example.com")),
            ("silent.example.com", Rdata::A(NOBODY)),
            ("ns.example.com", Rdata::A(EXAMPLE)),
        ],
    )]
    .into_iter()
    .collect();
    // Bound, and read by nobody.
    let _silent = std::net::UdpSocket::bind((NOBODY, names.authority.port()));
    let (port, mut pairs) = (names.authority.port(), Vec::new());
    let hints = Ipv4Addr::new(127, 0, 0, 5);
    pairs.push(std::net::UdpSocket::bind((hints, port)).unwrap());
    let server = Server::new("top", Limits::default(), Forget);
    server.udp(pairs.pop().unwrap(), Authority::new(Switch::new(top), Switch::default())).unwrap();
    let root = RootServer { name: name("hint.example"), addresses: vec![hints.into()] };
    let recursor = Recursor::with_port(SocketFactory::here(), [root], Switch::default(), port);
    let resolver = server.udp(sockets(&[Ipv4Addr::LOCALHOST.into()]).1.remove(0).0, recursor);
    let answer = ask(resolver.unwrap(), "www.example.com", Rtype::A).await;
    assert_eq!(answer.answers[0].data, Rdata::A(WWW));
}

#[tokio::test]
async fn servers_are_asked_over_ipv6_too() {
    let addresses = [IpAddr::from(ROOT), "::1".parse().unwrap()];
    if std::net::UdpSocket::bind((addresses[1], 0)).is_err() {
        return eprintln!("SKIP: there is no IPv6 on loopback");
    }
    let (port, mut pairs) = sockets(&addresses);
    let glue = Rdata::Aaaa("::1".parse().unwrap());
    let records = [("com", ns("a.top.example")), ("a.top.example", glue)];
    let server = Server::new("names", Limits::default(), Forget);
    for zones in [zone("com", &[("www.com", Rdata::A(WWW))]), zone(".", &records)] {
        let zones: ZoneSet = [zones].into_iter().collect();
        let authority = Authority::new(Switch::new(zones), Switch::default());
        server.udp(pairs.pop().unwrap().0, authority).unwrap();
    }
    let root = RootServer { name: name("a.root.example"), addresses: vec![ROOT.into()] };
    let recursor = Recursor::with_port(SocketFactory::here(), [root], Switch::default(), port);
    let resolver = server.udp(sockets(&[Ipv4Addr::LOCALHOST.into()]).1.remove(0).0, recursor);
    let answer = ask(resolver.unwrap(), "www.com", Rtype::A).await;
    assert_eq!(answer.answers[0].data, Rdata::A(WWW));
}

#[tokio::test]
async fn the_same_question_at_once_is_asked_once() {
    let mut names = start();
    let delay = Some(Duration::from_millis(50));
    names.example.behaviour().set(AuthorityBehaviour { delay, ..Default::default() });
    let asking: Vec<_> =
        (0..20).map(|_| tokio::spawn(ask(names.resolver, "www.example.com", Rtype::A))).collect();
    for answer in asking {
        assert_eq!(answer.await.unwrap().flags.rcode, Rcode::NoError);
    }
    let mut asked = 0;
    while let Ok(event) = names.example_events.try_recv() {
        asked += usize::from(matches!(event.kind, EventKind::DnsQuery { .. }));
    }
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn resolver_faults_look_like_faults() {
    let names = start();
    let set = |behaviour: ResolverBehaviour| names.recursor.behaviour().set(behaviour);
    let healthy = ResolverBehaviour::default;
    set(ResolverBehaviour { servfail: vec![name("example.com")], ..healthy() });
    let rcode = async |owner| ask(names.resolver, owner, Rtype::A).await.flags.rcode;
    assert_eq!(rcode("www.example.com").await, Rcode::ServFail);
    assert_eq!(rcode("www.example.net").await, Rcode::NoError);
    set(ResolverBehaviour { refuse: true, ..healthy() });
    assert_eq!(rcode("www.example.com").await, Rcode::Refused);
    set(ResolverBehaviour { truncate_udp: true, ..healthy() });
    let cut = ask(names.resolver, "www.example.com", Rtype::A).await;
    assert!(cut.flags.truncated && cut.answers.is_empty());
    let port = names.resolver.port().to_string();
    let arguments = ["@127.0.0.1", "-p", &port, "www.example.com", "+short"];
    if let Some(output) = run("dig", &arguments).await {
        assert_eq!(stdout(&output).lines().last(), Some("192.0.2.4"), "TCP still answers");
    }
    set(ResolverBehaviour { malformed: true, ..healthy() });
    let query = Message::query(9, name("www.example.com"), Rtype::A, true).encode();
    let answer = ask_raw(names.resolver, &query).await;
    assert!(answer.starts_with(&[0, 9]) && Message::decode(&answer).is_err());
    set(ResolverBehaviour { drop_aaaa: true, delay: Some(Duration::from_millis(1)), ..healthy() });
    // AAAA first, on one socket: only A is answered.
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for (id, rtype) in [(1, Rtype::Aaaa), (2, Rtype::A)] {
        let query = Message::query(id, name("www.example.com"), rtype, true);
        socket.send_to(&query.encode(), names.resolver).await.unwrap();
    }
    let mut buffer = [0; 512];
    let count = socket.recv(&mut buffer).await.unwrap();
    assert_eq!(Message::decode(&buffer[..count]).unwrap().id, 2);
}

#[tokio::test]
async fn zones_change_while_they_are_served() {
    let names = start();
    let moved = Ipv4Addr::new(192, 0, 2, 99);
    names.example.zones().update(|zones| {
        let zone = zones.get_mut(&name("example.com")).unwrap();
        let data = [Rdata::A(moved), Rdata::A(WWW)];
        zone.replace(&name("www.example.com"), Rtype::A, 5, data).unwrap();
    });
    let answer = ask(names.resolver, "www.example.com", Rtype::A).await;
    let data: Vec<&Rdata> = answer.answers.iter().map(|record| &record.data).collect();
    assert_eq!(data, [&Rdata::A(moved), &Rdata::A(WWW)], "in the order of the zone");
}

#[tokio::test]
async fn dig_agrees() {
    let names = start();
    let port = names.resolver.port().to_string();
    let fixed = ["@127.0.0.1", "-p", &port];
    let Some(output) = run("dig", &[&fixed[..], &["alias.example.com"]].concat()).await else {
        return;
    };
    let text = stdout(&output);
    assert!(text.contains("status: NOERROR") && text.contains("flags: qr rd ra;"), "{text}");
    assert!(!text.contains("WARNING") && !text.contains("mismatch"), "{text}");
    let text =
        stdout(&run("dig", &[&fixed[..], &["+tcp", "no.example.com"]].concat()).await.unwrap());
    assert!(text.contains("status: NXDOMAIN") && text.contains("SOA"), "{text}");
    let refused = ["+norecurse", "unknown.example.com"];
    let text = stdout(&run("dig", &[&fixed[..], &refused].concat()).await.unwrap());
    assert!(text.contains("status: REFUSED"), "what is not known is not asked: {text}");
}
