//! What `plumb explain` answers.

use plumb_evidence::reference::{
    Choice, Kind, Page, Subject, Topic, choose, readings, readings_of,
};
use serde_json::Value;

use super::ground::plumb;

/// Status, stdout and stderr of `plumb explain ARGUMENTS`.
fn explain(arguments: &[&str]) -> (i32, String, String) {
    let output = plumb(["explain"].iter().chain(arguments));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The one page that a topic opens.
fn page(topic: &str) -> Page {
    let readings = match Topic::parse(topic) {
        Topic::Of(kind, key) => readings_of(kind, key),
        Topic::Bare(word) => readings(word),
        Topic::All(kind) => panic!("{kind}: is a list"),
    };
    match choose(readings) {
        Choice::One(Subject::Page(page), _) => page,
        other => panic!("{topic}: {other:?}"),
    }
}

#[test]
fn words_that_people_ask_for_are_answered() {
    for (topic, opens) in [
        ("etag", "header:ETag"),
        ("get", "method:GET"),
        ("404", "status:404"),
        ("ECONNREFUSED", "errno:ECONNREFUSED"),
        ("econnrefused", "errno:ECONNREFUSED"),
        ("syn", "tcp:SYN"),
        ("mx", "rtype:MX"),
        ("so_linger", "sockopt:SO_LINGER"),
        ("so-linger", "sockopt:SO_LINGER"),
        ("time-wait", "tcp:TIME-WAIT"),
        ("TIME_WAIT", "tcp:TIME-WAIT"),
        ("servfail", "rcode:SERVFAIL"),
        ("TLS_AES_128_GCM_SHA256", "suite:TLS_AES_128_GCM_SHA256"),
        ("x25519", "group:x25519"),
        ("status:404", "status:404"),
        ("status 404", "status:404"),
        ("method:put", "method:PUT"),
        ("header:etag", "header:ETag"),
        ("rtype:mx", "rtype:MX"),
        ("rtype:15", "rtype:MX"),
        ("rtype:TYPE15", "rtype:MX"),
        ("rcode:servfail", "rcode:SERVFAIL"),
        ("sockopt:so_linger", "sockopt:SO_LINGER"),
        ("errno:111", "errno:ECONNREFUSED"),
        ("tcp:time-wait", "tcp:TIME-WAIT"),
    ] {
        assert_eq!(page(topic).topic(), opens, "{topic}");
    }
    // The same in numbers, whatever the key.
    for (topic, kind, number) in [
        ("alert:48", Kind::Alert, "48"),
        ("suite:0xc02f", Kind::Suite, "49199"),
        ("proto:6", Kind::Proto, "6"),
        ("port:443", Kind::Port, "443"),
        ("icmp:3/4", Kind::Icmp, "3/4"),
        ("icmp:3", Kind::Icmp, "3"),
        ("layer:4", Kind::Layer, "4"),
        ("ethertype:0x0806", Kind::EtherType, "2054"),
        ("ede:22", Kind::Ede, "22"),
    ] {
        let page = page(topic);
        let found = page.number().map(|number| number.to_string());
        assert_eq!((page.kind, found.as_deref()), (kind, Some(number)), "{topic}");
    }
    for (topic, kind) in [
        ("layer:transport", Kind::Layer),
        ("layer:sctp", Kind::Protocol),
        ("port:https", Kind::Port),
    ] {
        assert_eq!(page(topic).kind, kind, "{topic}");
    }
    for topic in ["arp", "ospf", "sctp", "wi-fi", "tls", "http", "dns", "tcp", "udp", "ip", "icmp"]
    {
        let (status, out, _) = explain(&[topic]);
        assert_eq!(status, 0, "{topic}");
        assert!(!out.is_empty());
    }
}

#[test]
fn a_page_is_read_at_a_glance() {
    let (status, out, _) = explain(&["404"]);
    assert_eq!(status, 0);
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("status:404  Not Found"));
    for wanted in [
        "\n  at fault  ",
        "\n  retry     ",
        "\n  owes      ",
        "\nsee it  plumb ",
        "\nsee     ",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5",
    ] {
        assert!(out.contains(wanted), "{wanted:?} in\n{out}");
    }
    let (_, quiet, _) = explain(&["-q", "404"]);
    assert!(quiet.lines().count() < out.lines().count() && quiet.contains("at fault"), "{quiet}");
}

#[test]
fn records_have_the_parts_of_the_page() {
    let (_, out, _) = explain(&["--json", "status:404"]);
    let records: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["begin", "explanation", "end"]);
    let data = &records[1]["data"];
    assert_eq!(data["topic"], "status:404");
    assert_eq!(data["title"], "Not Found");
    assert_eq!((&data["kind"], &data["key"]), (&Value::from("status"), &Value::from("404")));
    assert_eq!(data["number"], 404);
    assert!(data["facts"]["at_fault"].is_string() && data["facts"]["retry"].is_string());
    assert!(data["alive"].as_str().unwrap().starts_with("plumb "));
    assert!(!data["text"].as_str().unwrap().is_empty());
    assert!(!data["example"].as_str().unwrap().is_empty());
    let url = "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5";
    assert_eq!(data["source"][0]["url"], url);
    assert!(data["layer"].is_null() && data["nel"].is_null());
    let (_, out, _) = explain(&["--json", "tls.cert.expired"]);
    let record: Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(record["data"]["topic"], "tls.cert.expired");
    assert_eq!(
        (&record["data"]["layer"], &record["data"]["fault"]),
        (&"tls".into(), &"tls.cert-expired".into())
    );
}

#[test]
fn where_several_are_meant_they_are_listed() {
    let (status, out, _) = explain(&["https"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("https may mean one of these:"), "{out}");
    assert!(out.contains("rtype:HTTPS") && out.contains("port:443"), "{out}");
    let (status, out, _) = explain(&["53"]);
    assert_eq!(status, 0);
    assert!(out.contains("port:53"), "{out}");
    let (_, out, _) = explain(&["--json", "https"]);
    assert!(out.contains(r#""type":"reading","data":{"topic":"rtype:HTTPS""#), "{out}");
}

#[test]
fn numbers_without_a_page_are_answered_truthfully() {
    for (topic, wanted) in [
        ("status:299", "unassigned"),
        ("status:299", "x00 of its class"),
        ("status:99", "no status code"),
        ("status:600", "unknown"),
        ("port:12345", "a registered port"),
        ("port:12345", "/etc/services"),
        ("port:60000", "a dynamic port"),
        ("rtype:65300", "private use"),
        ("proto:253", "experiments"),
        ("suite:0x1a1a", "GREASE"),
        ("icmp:3/99", "a code without a page"),
    ] {
        let (status, out, _) = explain(&[topic]);
        assert_eq!(status, 0, "{topic}");
        assert!(out.starts_with(&format!("{}:", topic.split(':').next().unwrap())), "{topic}");
        assert!(out.contains(wanted), "{topic}: {out}");
    }
    for topic in ["port:70000", "alert:999", "icmp:3/256", "rtype:65536"] {
        assert_eq!(explain(&[topic]).0, 2, "{topic}");
    }
}

#[test]
fn a_prefix_alone_lists_its_pages_and_nothing_lists_what_there_is() {
    let (status, out, _) = explain(&["status:"]);
    assert_eq!(status, 0);
    assert!(out.contains("status:404  Not Found"), "{out}");
    let (_, faults, _) = explain(&["fault:"]);
    assert!(faults.contains("tls.cert-expired"), "{faults}");
    let (status, out, _) = explain(&[]);
    assert_eq!(status, 0);
    for kind in Kind::ALL {
        assert!(out.contains(kind.title()), "{kind}: {out}");
    }
    assert!(out.contains("tls.cert.expired"));
    let (_, out, _) = explain(&["--json"]);
    assert!(out.contains(r#""type":"kind","data":{"prefix":"status""#));
    assert!(out.contains(r#""type":"explanation","data":{"topic":"link.interface.down""#));
}

#[test]
fn words_find_pages() {
    let (status, out, _) = explain(&["--search", "linger"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("sockopt:SO_LINGER"), "{out}");
    let (status, out, _) = explain(&["--search", "not", "found"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("status:404  Not Found"), "{out}");
    let (status, out, _) = explain(&["--search", "no-such-word-anywhere"]);
    assert_eq!((status, out.as_str()), (1, "no page has no-such-word-anywhere\n"));
}

#[test]
fn a_near_miss_is_told() {
    for (topic, wanted) in [
        ("dns.nxdoman", "did you mean dns.nxdomain?"),
        ("ECONNREFUSD", "did you mean errno:ECONNREFUSED?"),
        ("statu:404", "did you mean status:404?"),
        ("header:etga", "did you mean header:ETag?"),
        ("header:etga", "plumb explain header:"),
        ("port:65536", "end at 65535"),
        ("ethertype:0x10000", "end at 0xffff"),
    ] {
        let (status, out, error) = explain(&[topic]);
        assert_eq!((status, out.as_str()), (2, ""), "{topic}");
        assert!(error.contains(wanted), "{topic}: {error}");
    }
}

#[test]
fn half_a_topic_lists_what_it_may_become() {
    for (topic, first) in [
        ("status", "status:100  Continue"),
        ("tls.cert", "tls.cert may mean one of these:"),
        ("finding:dns.resolver", "finding:dns.resolver may mean one of these:"),
    ] {
        let (status, out, error) = explain(&[topic]);
        assert_eq!((status, error.as_str()), (0, ""), "{topic}");
        assert!(out.starts_with(first), "{topic}: {out}");
    }
    let (_, out, _) = explain(&["22"]);
    assert!(out.contains("say which, for instance: plumb explain "), "{out}");
}

/// Fifteen ports with their service.
#[test]
fn the_common_ports_are_known() {
    for (port, name) in [
        (20, "ftp-data"),
        (21, "ftp"),
        (22, "ssh"),
        (25, "smtp"),
        (53, "domain"),
        (80, "http"),
        (110, "pop3"),
        (143, "imap"),
        (443, "https"),
        (465, "smtps"),
        (993, "imaps"),
        (3306, "mysql"),
        (5432, "postgresql"),
        (6379, "redis"),
        (27017, "mongodb"),
    ] {
        let found = page(&format!("port:{port}"));
        assert_eq!(found.topic(), page(&format!("port:{name}")).topic(), "{name}");
    }
}

#[test]
fn the_common_socket_options_are_known() {
    for name in [
        "SO_REUSEADDR",
        "SO_REUSEPORT",
        "SO_KEEPALIVE",
        "SO_RCVBUF",
        "SO_SNDBUF",
        "SO_RCVTIMEO",
        "SO_SNDTIMEO",
        "SO_LINGER",
        "SO_BROADCAST",
        "SO_OOBINLINE",
        "TCP_NODELAY",
        "TCP_KEEPIDLE",
        "TCP_KEEPINTVL",
        "TCP_KEEPCNT",
        "TCP_CORK",
        "TCP_QUICKACK",
    ] {
        let page = page(name);
        assert_eq!(page.topic(), format!("sockopt:{name}"));
        assert!(page.fact("flag").is_some_and(|flag| flag.starts_with("--")), "{name}");
    }
}

#[test]
fn methods_have_their_properties() {
    for (method, safe, idempotent) in [
        ("GET", "yes", "yes"),
        ("HEAD", "yes", "yes"),
        ("OPTIONS", "yes", "yes"),
        ("PUT", "no", "yes"),
        ("DELETE", "no", "yes"),
        ("POST", "no", "no"),
        ("PATCH", "no", "no"),
    ] {
        let page = page(&format!("method:{method}"));
        assert!(page.fact("safe").is_some_and(|fact| fact.starts_with(safe)), "{method}");
        let fact = page.fact("idempotent");
        assert!(fact.is_some_and(|fact| fact.starts_with(idempotent)), "{method}");
    }
}

#[test]
fn statuses_have_their_phrases() {
    for (code, phrase) in [
        (100, "Continue"),
        (101, "Switching Protocols"),
        (200, "OK"),
        (201, "Created"),
        (204, "No Content"),
        (206, "Partial Content"),
        (301, "Moved Permanently"),
        (302, "Found"),
        (304, "Not Modified"),
        (307, "Temporary Redirect"),
        (308, "Permanent Redirect"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (405, "Method Not Allowed"),
        (409, "Conflict"),
        (422, "Unprocessable Content"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
    ] {
        assert_eq!(page(&format!("status:{code}")).title(), phrase, "{code}");
    }
    for (code, field) in [
        (201, "Location"),
        (401, "WWW-Authenticate"),
        (405, "Allow"),
        (429, "Retry-After"),
        (503, "Retry-After"),
    ] {
        let page = page(&format!("status:{code}"));
        assert!(page.fact("owes").is_some_and(|owes| owes.contains(field)), "{code}");
    }
}

#[test]
fn the_common_fields_are_known_in_any_case() {
    for name in [
        "Host",
        "User-Agent",
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Content-Type",
        "Content-Length",
        "Cookie",
        "Referer",
        "If-None-Match",
        "If-Modified-Since",
        "X-Request-ID",
        "Content-Encoding",
        "Transfer-Encoding",
        "Cache-Control",
        "ETag",
        "Last-Modified",
        "Location",
        "Set-Cookie",
        "WWW-Authenticate",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Access-Control-Allow-Origin",
        "Retry-After",
    ] {
        for given in [name.to_owned(), name.to_lowercase(), name.to_uppercase().replace('-', "_")] {
            assert_eq!(page(&format!("header:{given}")).topic(), format!("header:{name}"));
        }
    }
}

/// Each layer with its protocols; what a text got wrong stands right here.
#[test]
fn protocols_stand_on_their_layers() {
    for (topic, wanted) in [("layer:physical", 1), ("layer:network", 3), ("layer:application", 7)] {
        let number = page(topic).number().map(|number| number.to_string());
        assert_eq!(number, Some(wanted.to_string()), "{topic}");
    }
    let bgp = page("protocol:bgp");
    assert!(bgp.fact("layer").is_some_and(|layer| layer.contains("application")), "BGP is no IP");
    assert!(bgp.fact("runs on").is_some_and(|below| below.to_lowercase().contains("tcp")));
    let ospf = page("protocol:ospf");
    assert!(ospf.fact("runs on").is_some_and(|below| below.contains("IP")));
}

/// Every protocol of the four layers of TCP/IP answers with its layer.
#[test]
fn the_common_protocols_answer_by_layer() {
    for name in [
        "HTTP", "HTTPS", "DNS", "SMTP", "FTP", "SSH", "TLS", "TCP", "UDP", "SCTP", "IPv4", "IPv6",
        "ICMP", "BGP", "OSPF", "Ethernet", "Wi-Fi", "PPP", "ARP",
    ] {
        let found = page(&format!("layer:{name}"));
        assert_eq!(found.kind, Kind::Protocol, "{name}");
        assert!(found.fact("layer").is_some_and(|layer| !layer.is_empty()), "{name}");
    }
}
