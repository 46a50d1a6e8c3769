//! Where a server listens, as users write it: `8080`, `localhost:8080`, `*:80`,
//! `udp://[::1]:7`, `unix:/run/x`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// One place to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// TCP; with TLS where the address says `tls://`.
    Tcp { at: HostPort, tls: bool },
    /// UDP.
    Udp { at: HostPort },
    /// A Unix stream socket.
    Unix(PathBuf),
    /// The sockets that the service manager passes on.
    Systemd,
}

/// An address or name to be bound, and the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    pub host: Host,
    pub port: u16,
}

/// What to bind to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// Unless told otherwise: 127.0.0.1.
    Unsaid,
    /// All addresses of both families.
    All,
    /// Both loopback addresses.
    Localhost,
    /// One address.
    Ip(IpAddr),
    /// A name of this host, which the system is asked for.
    Name(String),
}

impl Host {
    /// The addresses, where they are known without asking.
    pub fn addresses(&self) -> Option<Vec<IpAddr>> {
        match self {
            Host::Unsaid => Some(vec![Ipv4Addr::LOCALHOST.into()]),
            Host::All => Some(vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]),
            Host::Localhost => Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
            Host::Ip(address) => Some(vec![*address]),
            Host::Name(_) => None,
        }
    }
}

impl ListenAddress {
    /// Reads what a user wrote.
    pub fn parse(text: &str) -> Result<ListenAddress, String> {
        if text == "systemd" {
            return Ok(ListenAddress::Systemd);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err("unix: wants a path, as in unix:/run/echo.sock".to_owned())
            } else {
                Ok(ListenAddress::Unix(path.into()))
            };
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        let at = || host_port(rest);
        match scheme {
            "tcp" => Ok(ListenAddress::Tcp { at: at()?, tls: false }),
            "tls" => Ok(ListenAddress::Tcp { at: at()?, tls: true }),
            "udp" => Ok(ListenAddress::Udp { at: at()? }),
            _ => Err(format!("cannot listen on {scheme}://; use tcp, udp, tls or unix:/path")),
        }
    }
}

fn host_port(text: &str) -> Result<HostPort, String> {
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Ok(HostPort { host: Host::Ip(address.ip()), port: address.port() });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None => ("", text),
    };
    if host.contains(':') && !host.starts_with('[') {
        return Err(format!("an IPv6 address stands in brackets: [{text}]:PORT"));
    }
    let number = port.parse::<u16>().map_err(|_| match port {
        "" => format!("{text} lacks the port: write {host}:8080"),
        _ if port.bytes().all(|b| b.is_ascii_digit()) => {
            format!("port {port} is larger than 65535")
        }
        _ if host.is_empty() => format!("{text} lacks the port: write {text}:8080"),
        _ => format!("{port:?} is not a port"),
    })?;
    let host = match host.trim_start_matches('[').trim_end_matches(']') {
        "" if text.starts_with(':') => Host::All,
        "" => Host::Unsaid,
        "*" => Host::All,
        "localhost" => Host::Localhost,
        host => match host.parse() {
            Ok(address) => Host::Ip(address),
            Err(_) if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                return Err(format!("{host} is not an IPv4 address"));
            }
            Err(_) => Host::Name(host.to_owned()),
        },
    };
    Ok(HostPort { host, port: number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: Host, port: u16) -> Result<ListenAddress, String> {
        Ok(ListenAddress::Tcp { at: HostPort { host, port }, tls: false })
    }

    #[test]
    fn what_users_write() {
        let ip = |text: &str| Host::Ip(text.parse().expect("an address"));
        for (text, expected) in [
            ("8080", tcp(Host::Unsaid, 8080)),
            ("0", tcp(Host::Unsaid, 0)),
            (":80", tcp(Host::All, 80)),
            ("*:80", tcp(Host::All, 80)),
            ("localhost:80", tcp(Host::Localhost, 80)),
            ("127.0.0.2:80", tcp(ip("127.0.0.2"), 80)),
            ("tcp://[::1]:80", tcp(ip("::1"), 80)),
            ("web.example.com:80", tcp(Host::Name("web.example.com".into()), 80)),
            ("unix:/run/x", Ok(ListenAddress::Unix("/run/x".into()))),
            ("unix:///run/x", Ok(ListenAddress::Unix("/run/x".into()))),
            ("systemd", Ok(ListenAddress::Systemd)),
            ("udp://7", Ok(ListenAddress::Udp { at: HostPort { host: Host::Unsaid, port: 7 } })),
            (
                "tls://127.0.0.1:443",
                Ok(ListenAddress::Tcp {
                    at: HostPort { host: ip("127.0.0.1"), port: 443 },
                    tls: true,
                }),
            ),
        ] {
            assert_eq!(ListenAddress::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "",
            "x",
            "127.0.0.1",
            "::1",
            "::1:80",
            "127.0.0.1:",
            "65536",
            "http://x:80",
            "unix:",
            "1.2.3:80",
            "a:b",
        ] {
            assert!(ListenAddress::parse(text).is_err(), "{text}");
        }
    }
}
