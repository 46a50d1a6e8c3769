//! Who asks: Basic (RFC 7617), Bearer (RFC 6750), Digest (RFC 7616).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use md5::Md5;
use plumb_wire::http::auth::{self, Digest, quoted};

use super::Headers;
use crate::credentials;

/// Credentials for one origin. Nothing of them is shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// `user:password`, sent at once.
    Basic(String),
    /// `user:password`, of which only digests are sent, when the server asks.
    Digest(String),
    /// A token, sent at once.
    Bearer(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Auth::Basic(_) => "Basic",
            Auth::Digest(_) => "Digest",
            Auth::Bearer(_) => "Bearer",
        };
        write!(f, "{kind}(..)")
    }
}

impl Auth {
    /// The value of `Authorization` that goes with the first request.
    pub(crate) fn at_once(&self) -> Option<String> {
        match self {
            Auth::Basic(pair) => credentials::basic(pair)?.to_str().ok().map(str::to_owned),
            Auth::Bearer(token) => Some(format!("Bearer {token}")),
            Auth::Digest(_) => None,
        }
    }
}

/// What a server said it wants a digest of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestState {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// As it was written, to be sent back.
    algorithm_text: Option<String>,
    has_qop: bool,
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Algorithm {
    hash: Hash,
    session: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Md5 => <Md5 as md5::Digest>::digest(bytes).to_vec(),
            Hash::Sha256 => digest(&SHA256, bytes).as_ref().to_vec(),
        }
    }
}

impl Algorithm {
    fn read(text: Option<&str>) -> Option<Algorithm> {
        let (hash, session) = match text.unwrap_or("MD5").to_ascii_uppercase().as_str() {
            "MD5" => (Hash::Md5, false),
            "MD5-SESS" => (Hash::Md5, true),
            "SHA-256" => (Hash::Sha256, false),
            "SHA-256-SESS" => (Hash::Sha256, true),
            _ => return None,
        };
        Some(Algorithm { hash, session })
    }
}

impl DigestState {
    /// The best challenge that can be met, among the fields of a 401; the
    /// second value is whether only the nonce was stale.
    pub(crate) fn from(headers: &Headers) -> Option<(DigestState, bool)> {
        let fields = headers.all("www-authenticate");
        let all = fields
            .filter_map(|value| auth::Auth::challenges(&String::from_utf8_lossy(value)))
            .flatten();
        let digests = all.filter(|challenge| challenge.is("digest"));
        let usable = digests.filter_map(|challenge| DigestState::of(&challenge));
        usable.max_by_key(|(state, _)| state.algorithm.hash)
    }

    fn of(challenge: &auth::Auth) -> Option<(DigestState, bool)> {
        let qop = challenge.parameter("qop");
        // auth-int alone would need the body; nobody asks for it.
        let has_auth =
            |qop: &str| qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"));
        if qop.is_some_and(|qop| !has_auth(qop)) {
            return None;
        }
        let state = DigestState {
            realm: challenge.parameter("realm").unwrap_or_default().to_owned(),
            nonce: challenge.parameter("nonce")?.to_owned(),
            opaque: challenge.parameter("opaque").map(str::to_owned),
            algorithm: Algorithm::read(challenge.parameter("algorithm"))?,
            algorithm_text: challenge.parameter("algorithm").map(str::to_owned),
            has_qop: qop.is_some(),
            count: 0,
        };
        let stale =
            challenge.parameter("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        Some((state, stale))
    }

    /// The value of `Authorization` for a request (RFC 7616 section 3.4).
    /// `cnonce` is random.
    pub(crate) fn answer(
        &mut self,
        pair: &str,
        method: &str,
        target: &str,
        cnonce: &str,
    ) -> String {
        let (user, password) = pair.split_once(':').unwrap_or((pair, ""));
        self.count += 1;
        let count = format!("{:08x}", self.count);
        let sum = Digest {
            username: user,
            password,
            realm: &self.realm,
            method,
            uri: target,
            nonce: &self.nonce,
            cnonce,
            nc: &count,
            qop: self.has_qop.then_some("auth"),
            session: self.algorithm.session,
            body: b"",
        };
        let response = sum.response(|bytes| self.algorithm.hash.of(bytes));
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(user),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(target)
        );
        if let Some(text) = &self.algorithm_text {
            value += &format!(", algorithm={text}");
        }
        if let Some(opaque) = &self.opaque {
            value += &format!(", opaque={}", quoted(opaque));
        }
        if self.has_qop {
            value += &format!(", qop=auth, nc={count}, cnonce=\"{cnonce}\"");
        } else if self.algorithm.session {
            value += &format!(", cnonce=\"{cnonce}\"");
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 section 3.9.1.
    #[test]
    fn the_example_of_the_rfc_for_both_hashes() {
        let opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS";
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let field = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"{nonce}\", opaque=\"{opaque}\""
            );
            let headers = [("WWW-Authenticate", field)].into_iter().collect();
            let (mut state, stale) = DigestState::from(&headers).unwrap();
            assert!(!stale);
            let value = state.answer("Mufasa:Circle of Life", "GET", "/dir/index.html", cnonce);
            assert!(value.contains(response), "{value}");
            assert!(value.contains("nc=00000001"));
        }
    }

    #[test]
    fn the_stronger_challenge_is_met_and_one_that_cannot_be_is_not() {
        let fields = [
            "Digest nonce=a, realm=r, qop=auth",
            "Digest nonce=b, algorithm=SHA-256, qop=auth, stale=TRUE",
            "Digest nonce=c, algorithm=SHA-512-256",
        ];
        let headers = fields.map(|field| ("www-authenticate", field)).into_iter().collect();
        let (state, stale) = DigestState::from(&headers).unwrap();
        assert_eq!((state.nonce.as_str(), stale), ("b", true));
        let only = [("www-authenticate", "Digest nonce=c, qop=auth-int")].into_iter().collect();
        assert!(DigestState::from(&only).is_none());
    }
}
