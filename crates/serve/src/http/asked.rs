//! A request as the site sees it: checked, and with its body read.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, Uri, Version};
use url::form_urlencoded;

use super::message::About;
use crate::core::{Endpoint, Events};

/// A request whose host is known and whose body was read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Name or address and port as the client wrote them; empty in an HTTP/1.0
    /// request without a host.
    pub(super) authority: String,
    /// The name alone, in lower case.
    pub(super) host: String,
    pub(super) secure: bool,
    pub(super) peer: Endpoint,
    /// The client itself, see [`About::client`].
    pub(super) client: Option<IpAddr>,
    /// For events about this connection.
    pub(super) events: Events,
}

/// Why a request has no usable host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    #[error("The request has no Host header.")]
    Missing,
    #[error("The request has more than one Host header.")]
    Several,
    #[error("The Host header is not a name or an address with an optional port.")]
    Invalid,
    #[error("The Host header and the :authority of the request differ.")]
    Different,
}

impl Asked {
    pub(super) fn new(parts: Parts, body: Bytes, about: &About) -> Self {
        Asked {
            host: host_name(&about.authority),
            authority: about.authority.clone(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
            secure: about.secure,
            peer: about.peer.clone(),
            client: about.client,
            events: about.events.clone(),
        }
    }

    /// The client's address, as the inspection endpoints show it.
    pub(super) fn origin(&self) -> String {
        match self.peer.ip() {
            Some(address) => address.to_string(),
            None => self.peer.to_string(),
        }
    }

    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// The pairs of the query, decoded.
    pub(super) fn query(&self) -> impl Iterator<Item = (String, String)> + '_ {
        form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes()).into_owned()
    }

    /// The first value of `key` in the query.
    pub(super) fn query_value(&self, key: &str) -> Option<String> {
        self.query().find_map(|(found, value)| (found == key).then_some(value))
    }

    /// The URL that was asked for, as it can be put together again.
    pub(super) fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        let target = self.uri.path_and_query().map_or("/", |target| target.as_str());
        format!("{scheme}://{}{target}", self.authority)
    }

    pub(super) fn header(&self, name: http::header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The authority that the request is for, by the rules that hyper leaves to
/// its users: RFC 9112 section 3.2, RFC 9113 section 8.3.1.
pub(super) fn authority(parts: &Parts) -> Result<&str, HostError> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let (host, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return Err(HostError::Several);
    }
    let host = match host.map(|value| value.to_str().map_err(|_| HostError::Invalid)) {
        Some(text) => Some(valid(text?)?),
        None => None,
    };
    // Present in HTTP/2, and in HTTP/1.1 where the target is in absolute form.
    let target = match parts.uri.authority() {
        Some(authority) => Some(valid(authority.as_str())?),
        None => None,
    };
    match (parts.version, target, host) {
        (Version::HTTP_2, Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => {
            Err(HostError::Different)
        }
        // "A request without Host in HTTP/1.1": 400, also in absolute form.
        (Version::HTTP_11, _, None) => Err(HostError::Missing),
        (_, Some(target), _) => Ok(target),
        (_, None, Some(host)) => Ok(host),
        (Version::HTTP_2, None, None) => Err(HostError::Missing),
        (_, None, None) => Ok(""),
    }
}

fn valid(text: &str) -> Result<&str, HostError> {
    match plumb_wire::http::framing::is_host(text.as_bytes()) {
        true => Ok(text),
        false => Err(HostError::Invalid),
    }
}

fn host_name(authority: &str) -> String {
    let host = authority.parse::<Authority>().map(|parsed| parsed.host().to_ascii_lowercase());
    let host = host.unwrap_or_default();
    // The root's dot makes no difference to who is meant.
    host.strip_suffix('.').map(str::to_owned).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: Version, uri: &str, hosts: &[&str]) -> Result<String, HostError> {
        let mut request = http::Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        authority(&request.body(()).unwrap().into_parts().0).map(str::to_owned)
    }

    #[test]
    fn http_1_1_needs_exactly_one_valid_host() {
        let of = |hosts: &[&str]| of(Version::HTTP_11, "/", hosts);
        assert_eq!(of(&["www.example.com:80"]), Ok("www.example.com:80".to_owned()));
        assert_eq!(of(&["[2001:db8::1]:8080"]), Ok("[2001:db8::1]:8080".to_owned()));
        assert_eq!(of(&["[2001:db8::1]"]), Ok("[2001:db8::1]".to_owned()));
        assert_eq!(of(&[]), Err(HostError::Missing));
        assert_eq!(of(&["a", "a"]), Err(HostError::Several));
        for bad in ["", "a/b@c", "a b", "user@a", "a:port", "a:70000", "a,b c"] {
            assert_eq!(of(&[bad]), Err(HostError::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn an_absolute_target_wins_over_the_host() {
        let of = |hosts: &[&str]| of(Version::HTTP_11, "http://one.example/", hosts);
        assert_eq!(of(&["two.example"]), Ok("one.example".to_owned()));
        assert_eq!(of(&[]), Err(HostError::Missing));
    }

    #[test]
    fn http_1_0_may_do_without() {
        assert_eq!(of(Version::HTTP_10, "/", &[]), Ok(String::new()));
    }

    #[test]
    fn http_2_compares_authority_and_host() {
        let of = |uri, hosts: &[&str]| of(Version::HTTP_2, uri, hosts);
        assert_eq!(of("https://a.example/", &["A.example"]), Ok("a.example".to_owned()));
        assert_eq!(of("https://a.example/", &["b.example"]), Err(HostError::Different));
        assert_eq!(of("/", &[]), Err(HostError::Missing));
    }

    #[test]
    fn names_are_compared_without_case_port_and_final_dot() {
        assert_eq!(host_name("WWW.Example.com.:8080"), "www.example.com");
        assert_eq!(host_name("[2001:DB8::1]:80"), "[2001:db8::1]");
    }
}
