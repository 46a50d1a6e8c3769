//! The cookies of a client: which are kept, which go along, and why.

use plumb_wire::http::cookie::{self, Cause, Cookie, Place};
use serde::{Deserialize, Serialize};
use url::Url;

/// Cookies kept in all, as browsers do (RFC 6265bis section 6.1).
pub const COOKIES_MAX: usize = 3000;

/// Cookies kept of one domain.
pub const COOKIES_OF_DOMAIN_MAX: usize = 180;

/// Cookies, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

/// What became of one cookie, for one request or response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The cookie's name.
    pub name: String,
    /// For which host, or hosts below which domain.
    pub domain: String,
    /// Below which path.
    pub path: String,
    /// What was done with it.
    pub what: Fate,
    /// Why, in words; never a value.
    pub why: String,
}

/// What was done with a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// A response set it.
    Accepted,
    /// A response gave it another value.
    Replaced,
    /// A response ended it.
    Removed,
    /// A response wanted to set it and may not.
    Rejected,
    /// It went along with a request.
    Sent,
    /// It did not go along with a request.
    HeldBack,
}

impl Fate {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Fate::Accepted => "accepted",
            Fate::Replaced => "replaced",
            Fate::Removed => "removed",
            Fate::Rejected => "rejected",
            Fate::Sent => "sent",
            Fate::HeldBack => "held back",
        }
    }
}

impl Jar {
    /// Every cookie.
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Takes one `Set-Cookie` field of a response from `url`.
    pub fn take(&mut self, line: &[u8], url: &Url, now_unix_s: i64) -> Decision {
        let line = String::from_utf8_lossy(line);
        let place = place(url);
        let parsed = cookie::parse(&line);
        let name = parsed.as_ref().map(|set| set.name.clone()).unwrap_or_default();
        let judged = parsed.and_then(|set| set.judge(place, now_unix_s, is_public_suffix));
        let decide = |what, domain: String, path: String, why: String| Decision {
            name: name.clone(),
            domain,
            path,
            what,
            why,
        };
        let cookie = match judged {
            Ok(cookie) => cookie,
            Err(why) => {
                return decide(Fate::Rejected, place.host.to_owned(), place.path.to_owned(), why);
            }
        };
        let (domain, path) = (cookie.domain.clone(), cookie.path.clone());
        let known = self.cookies.iter().position(|old| old.is_same_as(&cookie));
        if let Some(at) = known
            && self.cookies[at].secure
            && !place.secure
        {
            let why = "it would replace a Secure cookie from a connection without TLS".to_owned();
            return decide(Fate::Rejected, domain, path, why);
        }
        let old = known.map(|at| self.cookies.remove(at));
        if cookie.has_expired(now_unix_s) {
            let (what, why) = match old {
                Some(_) => (Fate::Removed, "its time is over: the server takes it back"),
                None => (Fate::Rejected, "its time is over already"),
            };
            return decide(what, domain, path, why.to_owned());
        }
        let why = kept_text(&cookie, now_unix_s);
        let what = if old.is_some() { Fate::Replaced } else { Fate::Accepted };
        // A replaced one keeps its age (section 5.7 step 23).
        let created_unix_s = old.map_or(cookie.created_unix_s, |old| old.created_unix_s);
        self.cookies.push(Cookie { created_unix_s, ..cookie });
        self.evict(&domain, now_unix_s);
        decide(what, domain, path, why)
    }

    /// Room is made by what has expired, then by what is oldest.
    fn evict(&mut self, domain: &str, now_unix_s: i64) {
        self.cookies.retain(|cookie| !cookie.has_expired(now_unix_s));
        let of_domain = self.cookies.iter().filter(|cookie| cookie.domain == domain).count();
        if of_domain > COOKIES_OF_DOMAIN_MAX
            && let Some(at) = self.cookies.iter().position(|cookie| cookie.domain == domain)
        {
            self.cookies.remove(at);
        }
        if self.cookies.len() > COOKIES_MAX {
            self.cookies.remove(0);
        }
    }

    /// The value of the `Cookie` field for a request, if there is one, and
    /// what was decided of each cookie whose domain has to do with it.
    pub fn along(
        &self,
        url: &Url,
        cause: Cause,
        now_unix_s: i64,
    ) -> (Option<String>, Vec<Decision>) {
        let place = place(url);
        let mut going: Vec<&Cookie> = Vec::new();
        let mut decisions = Vec::new();
        for cookie in &self.cookies {
            let (what, why) = match cookie.goes(place, cause, now_unix_s) {
                Ok(why) => {
                    going.push(cookie);
                    (Fate::Sent, why)
                }
                Err(why) => (Fate::HeldBack, why),
            };
            let (name, domain, path) =
                (cookie.name.clone(), cookie.domain.clone(), cookie.path.clone());
            decisions.push(Decision { name, domain, path, what, why });
        }
        // Longer paths first, then older ones (section 5.8.3).
        going.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created_unix_s));
        let pairs: Vec<String> = going.into_iter().map(Cookie::pair).collect();
        ((!pairs.is_empty()).then(|| pairs.join("; ")), decisions)
    }
}

fn kept_text(cookie: &Cookie, now_unix_s: i64) -> String {
    let scope = if cookie.host_only { "this host alone" } else { "the domain and all below it" };
    let until = match cookie.expires_unix_s {
        None => "until the session ends".to_owned(),
        Some(at) => format!("for {} s", at.saturating_sub(now_unix_s)),
    };
    let secure = if cookie.secure { ", over TLS only" } else { "" };
    let scripts = if cookie.http_only { ", not for scripts" } else { "" };
    format!("for {scope}, {until}{secure}{scripts}")
}

fn place(url: &Url) -> Place<'_> {
    Place {
        host: url.host_str().unwrap_or_default(),
        path: url.path(),
        secure: url.scheme() == "https",
    }
}

/// Whether anybody can register a name below it (publicsuffix.org).
fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain).is_some_and(|suffix| suffix == domain)
}

/// Whether two URLs belong to one site: the scheme and the registrable domain.
pub(crate) fn is_same_site(a: &Url, b: &Url) -> bool {
    let site = |url: &Url| {
        let host = url.host_str().unwrap_or_default().to_owned();
        let domain = match url.host() {
            Some(url::Host::Domain(name)) => psl::domain_str(name).map(str::to_owned),
            _ => None,
        };
        (url.scheme().to_owned(), domain.unwrap_or(host))
    };
    site(a) == site(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_161_600;
    const OWN: Cause = Cause { cross_site: false, safe_method: true };

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn cookies_go_back_in_their_order_and_each_decision_has_a_reason() {
        let mut jar = Jar::default();
        let from = url("http://www.example.com/a/b");
        for (line, fate) in [
            ("one=1; Path=/", Fate::Accepted),
            ("deep=2", Fate::Accepted),
            ("one=3; Path=/", Fate::Replaced),
            ("x=1; Domain=com", Fate::Rejected),
            ("s=1; Secure", Fate::Rejected),
            ("gone=1; Max-Age=0", Fate::Rejected),
        ] {
            let decision = jar.take(line.as_bytes(), &from, NOW);
            assert_eq!(decision.what, fate, "{line}: {}", decision.why);
        }
        let (field, decisions) = jar.along(&from, OWN, NOW);
        assert_eq!(field.as_deref(), Some("deep=2; one=3"));
        assert!(decisions.iter().all(|decision| decision.what == Fate::Sent));
        let (field, decisions) = jar.along(&url("http://example.com/"), OWN, NOW);
        assert_eq!(field, None);
        assert!(decisions.iter().all(|decision| decision.what == Fate::HeldBack));
        jar.take(b"one=; Path=/; Max-Age=-1", &from, NOW);
        assert_eq!(jar.cookies().len(), 1);
    }

    #[test]
    fn a_domain_has_room_for_so_many() {
        let mut jar = Jar::default();
        for n in 0..=COOKIES_OF_DOMAIN_MAX {
            jar.take(format!("c{n}=v").as_bytes(), &url("http://a.example/"), NOW);
        }
        assert_eq!(jar.cookies().len(), COOKIES_OF_DOMAIN_MAX);
        assert_eq!(jar.cookies()[0].name, "c1");
    }

    #[test]
    fn a_site_is_more_than_a_host() {
        let same = |a, b| is_same_site(&url(a), &url(b));
        assert!(same("https://a.example.com/", "https://b.example.com/"));
        assert!(!same("https://example.com/", "http://example.com/"));
        assert!(!same("https://a.github.io/", "https://b.github.io/"));
        assert!(same("http://127.0.0.1:1/", "http://127.0.0.1:2/"));
    }
}
