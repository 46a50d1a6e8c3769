//! ADDR: `tcp://host:port`, `udp://host:port`, `tls://host:port`, `unix:/path`;
//! `host:port` is tcp, and a bare port is this host's.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;

use plumb_sys::listen::ListenAt;
use plumb_sys::names::{self, Family};
use plumb_sys::options::index_of_interface;

use super::authority::{self, Ports};
use crate::error::CommandError;
use crate::suggest;

/// What carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
    Tls,
}

impl Transport {
    pub fn scheme(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Tls => "tls",
        }
    }
}

/// An address as a user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A host and a port.
    Ip {
        transport: Transport,
        /// A name in ASCII or an address without brackets.
        host: String,
        /// The interface of a link-local address: `fe80::1%eth0`.
        zone: Option<String>,
        port: u16,
    },
    /// A socket on this host; a name that begins with `@` has no file.
    Unix { path: PathBuf, datagram: bool },
}

/// What stands for a part that was left out.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    pub transport: Transport,
    /// Without one, a port must be given.
    pub port: Option<u16>,
}

/// Longest path of a Unix socket: sun_path less its NUL (unix(7)).
const PATH_BYTES_MAX: usize = 107;

const SCHEMES: [&str; 5] = ["tcp", "udp", "tls", "unix", "unixgram"];

impl Address {
    /// Reads whom to connect to: one word, or a host and a port as two.
    pub fn of_peer(words: &[String], defaults: Defaults) -> Result<Address, CommandError> {
        match words {
            [host, port] => {
                let scheme = host.find("://").or_else(|| host.starts_with("unix").then_some(0));
                if let Some(end) = scheme {
                    return Err(CommandError::usage("an address with a scheme is one word")
                        .at(host, 0..end.max(4)));
                }
                let number = authority::port(port, 0..port.len(), Ports::OfPeers)?;
                let found = authority::parse(host, 0..host.len(), Ports::OfPeers)?;
                if found.port.is_some() {
                    return Err(CommandError::usage("there are two ports").at(port, 0..port.len()));
                }
                Ok(Address::Ip {
                    transport: defaults.transport,
                    host: found.host,
                    zone: found.zone,
                    port: number,
                })
            }
            [text] => parse(text, defaults, Ports::OfPeers),
            _ => Err(CommandError::usage("an address is ADDR, or HOST PORT")),
        }
    }

    /// Reads where a server is to wait. Port 0 lets the system choose; without
    /// a host it is loopback, and the host `*` means every address.
    pub fn to_listen(text: &str, defaults: Defaults) -> Result<Address, CommandError> {
        parse(text, defaults, Ports::ToListen)
    }

    /// Whether this is TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self, Address::Ip { transport: Transport::Tls, .. })
    }

    /// The sockets to bind for it; a name has one for each of its addresses.
    ///
    /// # Errors
    /// When the name has no address or the zone is no interface.
    pub fn listen_at(&self, family: Family) -> Result<Vec<ListenAt>, CommandError> {
        let (transport, host, port) = match self {
            Address::Unix { path, datagram: true } => {
                return Ok(vec![ListenAt::UnixDatagram(path.clone())]);
            }
            Address::Unix { path, .. } => return Ok(vec![ListenAt::Unix(path.clone())]),
            Address::Ip { transport, host, port, .. } => (*transport, host, *port),
        };
        let at = |address| match transport {
            Transport::Udp => ListenAt::Udp(address),
            Transport::Tcp | Transport::Tls => ListenAt::Tcp(address),
        };
        if let Some(address) = self.literal()? {
            return Ok(vec![at(address)]);
        }
        let found = names::getaddrinfo(host, family).map_err(|error| {
            CommandError::not_measured(format!("{host} has no address: {}", error.text))
        })?;
        let mut sockets: Vec<ListenAt> = Vec::new();
        for ip in found {
            let socket = at(SocketAddr::new(ip, port));
            // Two sockets on port 0 would have two ports.
            if !sockets.contains(&socket) && (port != 0 || sockets.is_empty()) {
                sockets.push(socket);
            }
        }
        Ok(sockets)
    }

    /// The address, where the host is one and not a name.
    ///
    /// # Errors
    /// When the zone is no interface of this host.
    pub fn literal(&self) -> Result<Option<SocketAddr>, CommandError> {
        let Address::Ip { host, zone, port, .. } = self else { return Ok(None) };
        let Ok(ip) = host.parse::<IpAddr>() else { return Ok(None) };
        let Some(zone) = zone else { return Ok(Some(SocketAddr::new(ip, *port))) };
        let IpAddr::V6(v6) = ip else { return Ok(Some(SocketAddr::new(ip, *port))) };
        let index = zone.parse().or_else(|_| {
            index_of_interface(zone).map_err(|_| {
                CommandError::usage(format!("this host has no interface called {zone:?}"))
            })
        })?;
        Ok(Some(SocketAddrV6::new(v6, *port, 0, index).into()))
    }
}

/// As it is written: `tcp://[::1]:80`, `unix:/run/x`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip { transport, host, zone, port } => {
                let scheme = transport.scheme();
                let zone = zone.as_ref().map(|zone| format!("%{zone}")).unwrap_or_default();
                if host.contains(':') {
                    write!(f, "{scheme}://[{host}{zone}]:{port}")
                } else {
                    write!(f, "{scheme}://{host}:{port}")
                }
            }
            Address::Unix { path, datagram } => {
                write!(f, "unix{}:{}", if *datagram { "gram" } else { "" }, path.display())
            }
        }
    }
}

fn parse(text: &str, defaults: Defaults, ports: Ports) -> Result<Address, CommandError> {
    if text.is_empty() {
        return Err(CommandError::usage("an address cannot be empty"));
    }
    for (prefix, datagram) in [("unix:", false), ("unixgram:", true)] {
        if text.starts_with(prefix) {
            return unix(text, prefix.len(), datagram);
        }
    }
    if let Some(at) = text.find(|c: char| c.is_whitespace() || c.is_control()) {
        let end = at + text[at..].chars().next().map_or(0, char::len_utf8);
        return Err(
            CommandError::usage("an address has no spaces or control characters").at(text, at..end)
        );
    }
    let (transport, start) = match text.find("://") {
        Some(end) => (scheme(text, end)?, end + 3),
        None => (defaults.transport, 0),
    };
    if let Some(at) = text[start..].find(['/', '?', '#', '@']).map(|at| start + at) {
        let message = format!("{}:// takes a host and a port, nothing else", transport.scheme());
        return Err(CommandError::usage(message).at(text, at..text.len()));
    }
    let (host, zone, port) = host_and_port(text, start, ports)?;
    let Some(port) = port.or(defaults.port) else {
        return Err(CommandError::usage("there is no port")
            .at(text, text.len()..text.len())
            .hint(format!("such as {text}:80")));
    };
    Ok(Address::Ip { transport, host, zone, port })
}

type HostAndPort = (String, Option<String>, Option<u16>);

/// The host and the port from `start` on; a host that was left out is loopback.
fn host_and_port(text: &str, start: usize, ports: Ports) -> Result<HostAndPort, CommandError> {
    const LOOPBACK: &str = "127.0.0.1";
    let rest = &text[start..];
    let digits = |at: usize| authority::port(text, at..text.len(), ports).map(Some);
    if rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty() {
        return Ok((LOOPBACK.to_owned(), None, digits(start)?));
    }
    if rest.starts_with(':') && !rest.starts_with("::") {
        return Ok((LOOPBACK.to_owned(), None, digits(start + 1)?));
    }
    if ports == Ports::ToListen && rest.starts_with('*') {
        let port = match rest.strip_prefix("*:") {
            Some(_) => digits(start + 2)?,
            None if rest == "*" => None,
            None => {
                return Err(CommandError::usage("only :PORT may follow the star")
                    .at(text, start + 1..text.len()));
            }
        };
        return Ok(("::".to_owned(), None, port));
    }
    let found = authority::parse(text, start..text.len(), ports)?;
    Ok((found.host, found.zone, found.port))
}

fn scheme(text: &str, end: usize) -> Result<Transport, CommandError> {
    match text[..end].to_ascii_lowercase().as_str() {
        "tcp" => Ok(Transport::Tcp),
        "udp" => Ok(Transport::Udp),
        "tls" | "ssl" => Ok(Transport::Tls),
        name @ ("unix" | "unixgram") => Err(CommandError::usage("a Unix socket has no slashes")
            .at(text, end + 1..end + 3)
            .hint(format!("write {name}:/path"))),
        "http" | "https" => Err(CommandError::usage("this is a URL, not an address")
            .at(text, 0..end)
            .hint("plumb http and plumb check take URLs")),
        name => Err(CommandError::usage(format!("there is no transport called {name:?}"))
            .at(text, 0..end.max(1))
            .hint_if(suggest::did_you_mean(name, SCHEMES))
            .hint(format!("there are {}", SCHEMES.join(", ")))),
    }
}

fn unix(text: &str, start: usize, datagram: bool) -> Result<Address, CommandError> {
    let path = &text[start..];
    // unix:///run/x, as some write it.
    let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let start = text.len() - path.len();
    if path.starts_with("//") {
        return Err(CommandError::usage("a Unix socket has a path and no host")
            .at(text, start..start + 2)
            .hint(format!("write {}{}", &text[..start], &path[1..])));
    }
    if path.is_empty() || path == "@" {
        return Err(CommandError::usage("there is no path").at(text, start..text.len()));
    }
    if path.len() > PATH_BYTES_MAX {
        let message = format!(
            "the path of a Unix socket has at most {PATH_BYTES_MAX} bytes, this one {}",
            path.len()
        );
        return Err(CommandError::usage(message).at(text, start..text.len()));
    }
    if let Some(at) = path.find('\0') {
        let at = start + at;
        return Err(CommandError::usage("a path has no NUL").at(text, at..at + 1));
    }
    Ok(Address::Unix { path: PathBuf::from(path), datagram })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: Defaults = Defaults { transport: Transport::Tcp, port: None };

    fn peer(words: &[&str]) -> Result<Address, CommandError> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        Address::of_peer(&words, TCP)
    }

    fn shown(result: Result<Address, CommandError>) -> String {
        match result {
            Ok(address) => address.to_string(),
            Err(error) => plumb_report::styled::render(&error.lines(), false),
        }
    }

    #[test]
    fn every_way_to_write_a_peer() {
        for (words, expected) in [
            (&["tcp://h.example:80"][..], "tcp://h.example:80"),
            (&["udp://h.example:53"], "udp://h.example:53"),
            (&["tls://[::1]:443"], "tls://[::1]:443"),
            (&["TLS://h:443"], "tls://h:443"),
            (&["h.example:80"], "tcp://h.example:80"),
            (&["h.example", "80"], "tcp://h.example:80"),
            (&["::1", "80"], "tcp://[::1]:80"),
            (&["[fe80::1%eth0]:80"], "tcp://[fe80::1%eth0]:80"),
            (&["fe80::1%eth0", "80"], "tcp://[fe80::1%eth0]:80"),
            (&["8080"], "tcp://127.0.0.1:8080"),
            (&[":8080"], "tcp://127.0.0.1:8080"),
            (&["udp://:53"], "udp://127.0.0.1:53"),
            (&["unix:/run/x"], "unix:/run/x"),
            (&["unix:///run/x"], "unix:/run/x"),
            (&["unix:@name"], "unix:@name"),
            (&["unixgram:/run/x"], "unixgram:/run/x"),
            (&["bücher.example:80"], "tcp://xn--bcher-kva.example:80"),
        ] {
            assert_eq!(shown(peer(words)), expected, "{words:?}");
        }
    }

    #[test]
    fn every_way_to_write_where_to_listen() {
        for (text, expected) in [
            ("0", "tcp://127.0.0.1:0"),
            ("127.0.0.1:0", "tcp://127.0.0.1:0"),
            ("*", "tcp://[::]:7"),
            ("*:80", "tcp://[::]:80"),
            ("[::1]", "tcp://[::1]:7"),
            ("0.0.0.0", "tcp://0.0.0.0:7"),
            ("udp://224.0.0.251:5353", "udp://224.0.0.251:5353"),
            ("unix:/run/x", "unix:/run/x"),
        ] {
            let address = Address::to_listen(text, Defaults { port: Some(7), ..TCP });
            assert_eq!(shown(address), expected, "{text}");
        }
        let address = Address::to_listen("localhost:0", TCP).unwrap();
        assert_eq!(address.listen_at(Family::Any).unwrap().len(), 1);
        let address = Address::to_listen("[fe80::1%no-such-if0]:1", TCP).unwrap();
        assert!(address.listen_at(Family::Any).is_err());
    }

    #[test]
    fn errors_point_at_the_place() {
        let text: String = [
            &[""][..],
            &["a b:1"],
            &["host"],
            &["host:"],
            &["host:0"],
            &["host:http"],
            &["host:70000"],
            &["tcp://host"],
            &["tcp://host:1/x"],
            &["tpc://host:1"],
            &["http://host/"],
            &["unix://run/x"],
            &["unix:"],
            &["user@host:1"],
            &["[::1"],
            &["*:80"],
            &["host", "0"],
            &["host:1", "2"],
            &["tcp://host", "2"],
        ]
        .iter()
        .map(|words| shown(peer(words)))
        .collect();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_path_at_the_limit_and_one_past_it() {
        let path = format!("/{}", "x".repeat(PATH_BYTES_MAX - 1));
        assert!(peer(&[&format!("unix:{path}")]).is_ok());
        assert!(peer(&[&format!("unix:{path}x")]).is_err());
    }

    #[test]
    fn no_text_makes_the_parser_panic() {
        for text in [
            "é:é", "[é]:1", "::", ":", "[]", "[", "]", "@", "%", "unix:é", "tcp://é", "[::1%]:1",
            "*é",
        ] {
            let _ = peer(&[text]);
            let _ = peer(&[text, text]);
            let _ = Address::to_listen(text, TCP);
        }
    }
}
