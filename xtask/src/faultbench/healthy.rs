//! Networks in which nothing is wrong, however unusual.

use super::case::{Case, Setup, Truth};

/// One healthy variant.
struct Variant {
    name: &'static str,
    title: &'static str,
    at: &'static str,
    args: &'static [&'static str],
    setup: &'static [Setup],
}

const fn plain(
    name: &'static str,
    title: &'static str,
    at: &'static str,
    args: &'static [&'static str],
) -> Variant {
    Variant { name, title, at, args, setup: &[] }
}

const WWW: &str = "https://www.example.com/";

/// Silence about an exceeded time to live, from every router on the way.
const SILENT_ROUTERS: &[Setup] = &[
    Setup {
        at: "isp",
        command: &[
            "nft",
            "add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }; add rule inet quiet out icmp type time-exceeded drop; add rule inet quiet out icmpv6 type time-exceeded drop",
        ],
    },
    Setup {
        at: "backbone",
        command: &[
            "nft",
            "add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }; add rule inet quiet out icmp type time-exceeded drop; add rule inet quiet out icmpv6 type time-exceeded drop",
        ],
    },
];

/// A router that sends one ICMP message a second.
const RATE_LIMITING_ROUTER: &[Setup] = &[Setup {
    at: "isp",
    command: &[
        "nft",
        "add table inet slow; add chain inet slow out { type filter hook output priority 0; }; add rule inet slow out meta l4proto { icmp, ipv6-icmp } limit rate over 1/second burst 1 packets drop",
    ],
}];

/// A tunnel on the way: 1280 bytes, and ICMP that says so.
const SMALLER_MTU: &[Setup] = &[
    Setup { at: "backbone", command: &["ip", "link", "set", "eth1", "mtu", "1280"] },
    Setup { at: "example", command: &["ip", "link", "set", "eth0", "mtu", "1280"] },
];

/// ICMP echo is dropped everywhere: no ping, but all is well.
const NO_PING: &[Setup] = &[Setup {
    at: "example",
    command: &[
        "nft",
        "add table inet mute; add chain inet mute forwarded { type filter hook forward priority 0; }; add rule inet mute forwarded icmp type echo-request drop; add rule inet mute forwarded icmpv6 type echo-request drop",
    ],
}];

const VARIANTS: &[Variant] = &[
    plain("plain", "the page over HTTPS", "h1", &[WWW]),
    plain("ipv4", "IPv4 alone, through NAT", "h1", &["-4", WWW]),
    plain("ipv6", "IPv6 alone", "h1", &["-6", WWW]),
    plain("other-home", "from the other home", "h4", &[WWW]),
    plain("other-home-ipv4", "from the other home through its NAT", "h4", &["-4", WWW]),
    plain("neighbour", "from the server's own LAN", "ftp", &[WWW]),
    plain("resolver", "from the machine of the resolver", "backbone", &[WWW]),
    plain("server", "from the server itself", "www", &[WWW]),
    plain("http", "HTTP/1.1 without TLS", "h1", &["http://www.example.com/"]),
    plain("bare-host", "a bare host name", "h1", &["www.example.com"]),
    plain("redirects", "three redirects", "h1", &["https://www.example.com/redirect/3"]),
    plain("large", "a page of 100 kB", "h1", &["https://www.example.com/bytes/100000"]),
    plain("gzip", "a compressed page", "h1", &["https://www.example.com/gzip"]),
    plain("chunked", "a page in pieces", "h1", &["https://www.example.com/stream/20"]),
    plain("empty", "an answer without a body", "h1", &["https://www.example.com/status/204"]),
    plain("head", "HEAD", "h1", &["-X", "HEAD", WWW]),
    plain("post", "a body is sent", "h1", &["-d", "a=1", "https://www.example.com/post"]),
    plain("delay", "half a second of thought", "h1", &["https://www.example.com/delay/0.5"]),
    plain("other-name", "another site on the same server", "h1", &["https://httpbin.org/get"]),
    plain("address", "an address in place of a name", "h1", &["http://10.130.1.4/"]),
    plain("address6", "an IPv6 address in place of a name", "h1", &["http://[2001:db8:130::4]/"]),
    plain(
        "resolve",
        "addresses given by hand",
        "h1",
        &["--resolve", "www.example.com:443:10.130.1.4", WWW],
    ),
    plain("smtp", "a mail server's port", "h1", &["mail.example.com:25"]),
    plain("imaps", "TLS without HTTP", "h1", &["tls://mail.example.com:993"]),
    plain("dns-server", "a name server over UDP", "h1", &["udp://10.1.1.1:53"]),
    Variant {
        name: "silent-routers",
        title: "routers that never say time exceeded",
        at: "h1",
        args: &[WWW],
        setup: SILENT_ROUTERS,
    },
    Variant {
        name: "rate-limiting-router",
        title: "a router that limits its ICMP",
        at: "h1",
        args: &[WWW],
        setup: RATE_LIMITING_ROUTER,
    },
    Variant {
        name: "smaller-mtu",
        title: "an MTU of 1280 with working ICMP",
        at: "h1",
        args: &["https://www.example.com/bytes/100000"],
        setup: SMALLER_MTU,
    },
    Variant { name: "no-ping", title: "ping is forbidden", at: "h1", args: &[WWW], setup: NO_PING },
];

/// All of them.
pub(crate) fn variants() -> Vec<Case> {
    VARIANTS
        .iter()
        .map(|variant| Case {
            name: format!("healthy/{}", variant.name),
            title: variant.title.to_owned(),
            at: variant.at.to_owned(),
            args: variant.args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: Vec::new(),
            faults: Vec::new(),
            setup: variant.setup.to_vec(),
            truth: Truth::healthy(),
        })
        .collect()
}
