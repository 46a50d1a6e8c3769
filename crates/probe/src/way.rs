//! Which way a request takes: addresses given in place of a name's, proxies.

use std::net::IpAddr;

use ipnet::IpNet;
use plumb_evidence::evidence::Scheme;
use url::Url;

/// Addresses to use for a name instead of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// In any case of letters.
    pub host: String,
    /// The port for which the addresses stand in.
    pub port: u16,
    /// In the order in which they are tried.
    pub addresses: Vec<IpAddr>,
}

/// Which requests go through a proxy, as curl reads the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http` URLs.
    pub http: Option<ProxyChoice>,
    /// For `https` URLs.
    pub https: Option<ProxyChoice>,
    /// `no_proxy`: host names (with all below them), addresses, prefixes, `*`.
    pub bypass: Vec<String>,
}

impl Proxies {
    /// The proxy for a request to `host`, if one applies.
    pub fn choose(&self, scheme: Scheme, host: &str) -> Option<&ProxyChoice> {
        let choice = match scheme {
            Scheme::Http => self.http.as_ref()?,
            Scheme::Https => self.https.as_ref()?,
            Scheme::Tls | Scheme::Tcp | Scheme::Udp => return None,
        };
        (!self.bypass.iter().any(|rule| bypasses(rule, host))).then_some(choice)
    }
}

/// Whether one entry of `no_proxy` covers `host`: `*` covers all; a name covers
/// itself and every name below it, with or without a leading dot; an address
/// or a prefix covers address literals.
fn bypasses(rule: &str, host: &str) -> bool {
    let rule = rule.trim().trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
    let host = host.trim_end_matches('.').trim_matches(['[', ']']).to_ascii_lowercase();
    if rule.is_empty() {
        return false;
    }
    if rule == "*" || rule == host {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return rule.parse::<IpNet>().is_ok_and(|net| net.contains(&address));
    }
    host.strip_suffix(&rule).is_some_and(|head| head.ends_with('.'))
}

/// The proxy to use and where it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyChoice {
    /// `--proxy`, `https_proxy`, ...
    pub from: String,
    /// May hold credentials; they are never recorded.
    pub url: Url,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        for (rule, host, expected) in [
            ("*", "anything", true),
            ("example.com", "example.com", true),
            ("example.com", "www.example.com", true),
            (".example.com", "www.example.com", true),
            ("example.com", "wwwexample.com", false),
            ("example.com", "EXAMPLE.com.", true),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("::1", "[::1]", true),
            ("", "example.com", false),
        ] {
            assert_eq!(bypasses(rule, host), expected, "{rule} {host}");
        }
    }
}
