//! For whom a proxy speaks: `X-Forwarded-For`, `X-Forwarded-Proto`, and
//! `Forwarded` of RFC 7239. Anybody can write these; they are read only where
//! the connection comes from a proxy that was named.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::core::access::PrefixSet;

const FORWARDED: &str = "forwarded";
const X_FORWARDED_FOR: &str = "x-forwarded-for";
const X_FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Hops that are read, from the right; a longer chain is somebody's joke.
const HOPS_MAX: usize = 32;

/// What the proxies said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::http) struct Forwarded {
    /// The right-most address that is not itself a proxy that is believed.
    pub(in crate::http) client: Option<IpAddr>,
    /// Whether the client spoke TLS.
    pub(in crate::http) secure: Option<bool>,
}

/// What is to be believed of a request that came from `peer`.
pub(in crate::http) fn read(
    trusted: &PrefixSet,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> Forwarded {
    let Some(peer) = peer.filter(|&peer| trusted.contains(peer)) else {
        return Forwarded::default();
    };
    if headers.contains_key(FORWARDED) {
        return standard(trusted, peer, headers);
    }
    let hops = elements(headers, X_FORWARDED_FOR).rev().map(address);
    let last = |name| elements(headers, name).next_back();
    Forwarded {
        client: Some(client(trusted, peer, hops)),
        secure: last(X_FORWARDED_PROTO).map(|proto| proto.eq_ignore_ascii_case("https")),
    }
}

/// `Forwarded: for="[2001:db8::1]:80";proto=https, for=192.0.2.1`.
fn standard(trusted: &PrefixSet, peer: IpAddr, headers: &HeaderMap) -> Forwarded {
    let parameter = |element: &'static str| {
        move |hop: &str| {
            hop.split(';').find_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                let value = value.trim().trim_matches('"').to_owned();
                name.trim().eq_ignore_ascii_case(element).then_some(value)
            })
        }
    };
    let (whom, proto) = (parameter("for"), parameter("proto"));
    let hops = elements(headers, FORWARDED).rev();
    let client = client(trusted, peer, hops.map(|hop| whom(hop).and_then(|hop| address(&hop))));
    let secure = elements(headers, FORWARDED).next_back().and_then(proto);
    Forwarded {
        client: Some(client),
        secure: secure.map(|proto| proto.eq_ignore_ascii_case("https")),
    }
}

/// Walks from the near end to the first hop that is not believed. What cannot
/// be read (`unknown`, a hidden name) ends the walk at the proxy that said it.
fn client(trusted: &PrefixSet, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
    let mut client = peer;
    for hop in hops.take(HOPS_MAX) {
        let Some(hop) = hop else { break };
        client = hop;
        if !trusted.contains(hop) {
            break;
        }
    }
    client
}

/// The elements of a list that may be spread over several fields.
fn elements<'a>(
    headers: &'a HeaderMap,
    name: &str,
) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// An address, with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read_from(peer: &str, fields: &[(&'static str, &'static str)]) -> Forwarded {
        let trusted = PrefixSet::new(["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        read(&trusted, Some(peer.parse().unwrap()), &headers)
    }

    fn client_of(peer: &str, fields: &[(&'static str, &'static str)]) -> Option<String> {
        read_from(peer, fields).client.map(|client| client.to_string())
    }

    #[test]
    fn only_proxies_that_were_named_are_believed() {
        let lie = [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-proto", "https")];
        assert_eq!(read_from("203.0.113.1", &lie), Forwarded::default());
        assert_eq!(client_of("10.0.0.1", &lie).as_deref(), Some("192.0.2.9"));
        assert_eq!(read_from("10.0.0.1", &lie).secure, Some(true));
        assert_eq!(client_of("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn the_right_most_hop_that_is_not_believed_counts() {
        for (value, wanted) in [
            ("127.0.0.1, 192.0.2.9, 10.1.1.1", "192.0.2.9"),
            ("192.0.2.9, [2001:db8::1]:99, fd00::1", "2001:db8::1"),
            ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
            ("192.0.2.9, unknown, 10.1.1.1", "10.1.1.1"),
            ("192.0.2.9:1234", "192.0.2.9"),
            ("::ffff:192.0.2.9", "192.0.2.9"),
        ] {
            let found = client_of("10.0.0.1", &[("x-forwarded-for", value)]);
            assert_eq!(found.as_deref(), Some(wanted), "{value}");
        }
        let split = [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-for", "10.1.1.1")];
        assert_eq!(client_of("10.0.0.1", &split).as_deref(), Some("192.0.2.9"));
    }

    #[test]
    fn the_standard_header_comes_first() {
        let fields = [
            ("forwarded", "for=198.51.100.7;proto=http, for=\"[2001:db8::1]:80\";Proto=HTTPS"),
            ("x-forwarded-for", "192.0.2.9"),
        ];
        let found = read_from("10.0.0.1", &fields);
        assert_eq!(found.client, "2001:db8::1".parse().ok());
        assert_eq!(found.secure, Some(true));
    }
}
