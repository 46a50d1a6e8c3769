//! Cookies: what RFC 6265bis (draft-ietf-httpbis-rfc6265bis) keeps, sends and refuses, with
//! the reason of each decision.

use serde::{Deserialize, Serialize};

use super::cookie_date;

/// Longest name and value together, section 5.7 step 4.
pub const PAIR_BYTES_MAX: usize = 4096;

/// Longest value of one attribute, section 5.6; longer ones are ignored.
pub const ATTRIBUTE_BYTES_MAX: usize = 1024;

/// Longest life of a cookie, section 5.5: 400 days.
pub const LIFE_S_MAX: i64 = 400 * 86400;

/// A `Set-Cookie` field taken apart and not yet judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// May be empty.
    pub name: String,
    /// Everything behind the first `=`.
    pub value: String,
    /// In their order; the last of a name counts.
    pub attributes: Vec<(String, String)>,
}

/// With which requests a cookie goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSite {
    /// Only with those that its own site caused.
    Strict,
    /// Also with navigations from elsewhere.
    Lax,
    /// With all.
    None,
    /// Not said.
    #[default]
    Default,
}

/// A cookie as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// In lower case, without a leading dot.
    pub domain: String,
    /// Sent to this very host only.
    pub host_only: bool,
    /// Sent to this path and below.
    pub path: String,
    /// Sent over TLS only.
    pub secure: bool,
    /// Not for scripts of a page.
    pub http_only: bool,
    /// With which requests it goes.
    #[serde(default)]
    pub same_site: SameSite,
    /// When it ends; `None` with the session.
    pub expires_unix_s: Option<i64>,
    /// When it came.
    pub created_unix_s: i64,
}

/// Who set a cookie, or to whom a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// In lower case, in ASCII.
    pub host: &'a str,
    /// Of the URL, without the query.
    pub path: &'a str,
    /// Over TLS.
    pub secure: bool,
}

/// What a request is to the site that it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// Another site led here by a redirect.
    pub cross_site: bool,
    /// The method is safe (RFC 9110 section 9.2.1).
    pub safe_method: bool,
}

/// Takes a field's value apart (section 5.6). Nothing is refused but control characters.
pub fn parse(line: &str) -> Result<SetCookie, String> {
    if let Some(at) = line.find(|c: char| c.is_ascii_control() && c != '\t') {
        return Err(format!("a control character at byte {at}"));
    }
    let mut parts = line.split(';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() && value.is_empty() {
        return Err("neither a name nor a value".to_owned());
    }
    if name.len() + value.len() > PAIR_BYTES_MAX {
        return Err(format!("name and value are longer than {PAIR_BYTES_MAX} bytes"));
    }
    let attributes = parts.filter_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim(), value.trim());
        (!name.is_empty() && value.len() <= ATTRIBUTE_BYTES_MAX)
            .then(|| (name.to_owned(), value.to_owned()))
    });
    Ok(SetCookie {
        name: name.to_owned(),
        value: value.to_owned(),
        attributes: attributes.collect(),
    })
}

impl SetCookie {
    /// The last attribute of this name that `valid` accepts.
    fn last<T>(&self, name: &str, valid: impl Fn(&str) -> Option<T>) -> Option<T> {
        let named = self.attributes.iter().rev().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.into_iter().find_map(|(_, value)| valid(value))
    }

    fn has(&self, name: &str) -> bool {
        self.last(name, |_| Some(())).is_some()
    }

    /// When the cookie ends: Max-Age before Expires (section 5.7 step 7).
    fn expires_unix_s(&self, now: i64) -> Option<i64> {
        let latest = now.saturating_add(LIFE_S_MAX);
        let age = self.last("max-age", |value| {
            let digits = value.strip_prefix('-').unwrap_or(value);
            let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            // Too many digits are a long time, or a long time ago.
            let far = if value.starts_with('-') { i64::MIN } else { i64::MAX };
            valid.then(|| value.parse::<i64>().unwrap_or(far))
        });
        match age {
            Some(age) if age <= 0 => Some(i64::MIN),
            Some(age) => Some(now.saturating_add(age).min(latest)),
            None => self.last("expires", cookie_date::parse).map(|at| at.min(latest)),
        }
    }

    /// The cookie that is kept, or why none is (section 5.7). `is_public_suffix` says of a
    /// domain whether anybody can register names below it.
    pub fn judge(
        &self,
        from: Place<'_>,
        now_unix_s: i64,
        is_public_suffix: impl Fn(&str) -> bool,
    ) -> Result<Cookie, String> {
        let (domain, host_only) = self.domain(from.host, is_public_suffix)?;
        let path = self.last("path", |value| Some(value.to_owned()));
        let secure = self.has("secure");
        let cookie = Cookie {
            name: self.name.clone(),
            value: self.value.clone(),
            domain,
            host_only,
            path: path.filter(|p| p.starts_with('/')).unwrap_or_else(|| default_path(from.path)),
            secure,
            http_only: self.has("httponly"),
            same_site: self.last("samesite", |v| Some(same_site(v))).unwrap_or_default(),
            expires_unix_s: self.expires_unix_s(now_unix_s),
            created_unix_s: now_unix_s,
        };
        if secure && !from.secure {
            return Err("Secure, but it did not come over TLS".to_owned());
        }
        if cookie.same_site == SameSite::None && !secure {
            return Err("SameSite=None without Secure".to_owned());
        }
        self.prefix(&cookie)?;
        Ok(cookie)
    }

    /// Section 5.7 steps 8 to 10.
    fn domain(
        &self,
        host: &str,
        is_public_suffix: impl Fn(&str) -> bool,
    ) -> Result<(String, bool), String> {
        let given = self.last("domain", |value| {
            Some(value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase())
        });
        let Some(domain) = given.filter(|domain| !domain.is_empty()) else {
            return Ok((host.to_owned(), true));
        };
        if is_public_suffix(&domain) {
            if domain == host {
                return Ok((host.to_owned(), true));
            }
            return Err(format!("{domain} is a public suffix: anybody can have a name below it"));
        }
        if !domain_matches(host, &domain) {
            return Err(format!("Domain={domain} does not cover {host}"));
        }
        Ok((domain, false))
    }

    /// Section 5.7 steps 20 to 22; case does not matter.
    fn prefix(&self, cookie: &Cookie) -> Result<(), String> {
        let name = self.name.to_ascii_lowercase();
        // Without a name the value stands alone in the request: it must not look like one.
        let alone = self.name.is_empty();
        let value = self.value.to_ascii_lowercase();
        if alone && (value.starts_with("__secure-") || value.starts_with("__host-")) {
            return Err("a value without a name that looks like a prefixed name".to_owned());
        }
        if (name.starts_with("__secure-") || name.starts_with("__host-")) && !cookie.secure {
            return Err("its prefix demands Secure".to_owned());
        }
        if name.starts_with("__host-") {
            let root = self.last("path", |value| Some(value.to_owned()));
            if !cookie.host_only || self.has("domain") {
                return Err("the prefix __Host- allows no Domain".to_owned());
            }
            if root.as_deref() != Some("/") {
                return Err("the prefix __Host- demands Path=/".to_owned());
            }
        }
        Ok(())
    }
}

fn same_site(value: &str) -> SameSite {
    match value.to_ascii_lowercase().as_str() {
        "strict" => SameSite::Strict,
        "lax" => SameSite::Lax,
        "none" => SameSite::None,
        _ => SameSite::Default,
    }
}

/// Section 5.1.4: the directory of the request's path.
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        Some(end) if end > 0 && path.starts_with('/') => path[..end].to_owned(),
        _ => "/".to_owned(),
    }
}

/// Section 5.1.3: the host is the domain or a name below it.
pub fn domain_matches(host: &str, domain: &str) -> bool {
    if host == domain {
        return true;
    }
    let is_address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    !is_address && host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
}

/// Section 5.1.4.
pub fn path_matches(path: &str, cookie_path: &str) -> bool {
    match path.strip_prefix(cookie_path) {
        Some(rest) => rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

impl Cookie {
    /// Name, domain and path make a cookie what it is; a second one replaces it.
    pub fn is_same_as(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.host_only == other.host_only
            && self.path == other.path
    }

    /// Whether its time has passed.
    pub fn has_expired(&self, now_unix_s: i64) -> bool {
        self.expires_unix_s.is_some_and(|at| at <= now_unix_s)
    }

    /// Why it goes with a request, or why it is held back (section 5.8.3).
    pub fn goes(&self, to: Place<'_>, cause: Cause, now_unix_s: i64) -> Result<String, String> {
        if self.has_expired(now_unix_s) {
            return Err("it has expired".to_owned());
        }
        if self.host_only && self.domain != to.host {
            return Err(format!("it is for {} alone", self.domain));
        }
        if !domain_matches(to.host, &self.domain) {
            return Err(format!("{} is not within {}", to.host, self.domain));
        }
        if !path_matches(to.path, &self.path) {
            return Err(format!("{} is not within the path {}", to.path, self.path));
        }
        if self.secure && !to.secure {
            return Err("Secure, and this request does not go over TLS".to_owned());
        }
        if cause.cross_site {
            match self.same_site {
                SameSite::Strict => {
                    return Err("SameSite=Strict, and another site led here".to_owned());
                }
                SameSite::Lax | SameSite::Default if !cause.safe_method => {
                    let text = "SameSite=Lax, and another site led here with an unsafe method";
                    return Err(text.to_owned());
                }
                _ => {}
            }
        }
        let host = if self.host_only { "this host" } else { "the domain" };
        Ok(format!("{host} {} and the path {} match", self.domain, self.path))
    }

    /// As it stands in a `Cookie` field.
    pub fn pair(&self) -> String {
        match self.name.is_empty() {
            true => self.value.clone(),
            false => format!("{}={}", self.name, self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_161_600;

    fn place<'a>(url: &'a str) -> Place<'a> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let at = rest.find('/').unwrap_or(rest.len());
        let path = if at == rest.len() { "/" } else { &rest[at..] };
        Place { host: &rest[..at], path, secure: scheme == "https" }
    }

    fn set(line: &str, url: &str) -> Result<Cookie, String> {
        let suffix = |domain: &str| matches!(domain, "com" | "co.uk" | "github.io");
        parse(line)?.judge(place(url), NOW, suffix)
    }

    fn goes(cookie: &Cookie, url: &str) -> bool {
        let cause = Cause { cross_site: false, safe_method: true };
        cookie.goes(place(url), cause, NOW).is_ok()
    }

    #[test]
    fn attributes_are_read_and_the_rest_of_the_value_kept() {
        let cookie = set("session_id=abc=123==; Path=/; HttpOnly", "http://a.com/x/y").unwrap();
        assert_eq!(
            (&*cookie.name, &*cookie.value, &*cookie.path),
            ("session_id", "abc=123==", "/")
        );
        assert!(cookie.http_only && cookie.host_only && cookie.expires_unix_s.is_none());
        let pref =
            set("user_pref=dark-mode; Path=/; Max-Age=2592000; SameSite=Lax", "http://a.com/");
        assert_eq!(pref.unwrap().expires_unix_s, Some(NOW + 30 * 86400));
        assert_eq!(set("a=b", "http://a.com/x/y").unwrap().path, "/x");
        let long = set("a=b; Max-Age=99999999999999999999", "http://a.com/").unwrap();
        assert_eq!(long.expires_unix_s, Some(NOW + LIFE_S_MAX));
        let both = "a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5";
        assert_eq!(set(both, "http://a.com/").unwrap().expires_unix_s, Some(NOW + 5));
        assert!(set("a=b; max-age=0", "http://a.com/").unwrap().has_expired(NOW));
        assert_eq!(set("alone", "http://a.com/").unwrap().pair(), "alone");
    }

    #[test]
    fn a_secure_cookie_goes_over_tls_only() {
        let line = "auth_token=tok; Path=/api; HttpOnly; Secure; SameSite=Strict";
        assert!(set(line, "http://a.com/").is_err());
        let cookie = set(line, "https://a.com/").unwrap();
        assert!(goes(&cookie, "https://a.com/api"));
        assert!(goes(&cookie, "https://a.com/api/x"));
        assert!(!goes(&cookie, "https://a.com/apix"));
        assert!(!goes(&cookie, "https://a.com/"));
        assert!(!goes(&cookie, "http://a.com/api"));
        let led = Cause { cross_site: true, safe_method: true };
        assert!(cookie.goes(place("https://a.com/api"), led, NOW).is_err());
    }

    #[test]
    fn a_domain_covers_what_it_may() {
        let cookie = set("a=b; Domain=.Example.com", "http://www.example.com/").unwrap();
        assert!(goes(&cookie, "http://example.com/") && goes(&cookie, "http://x.example.com/"));
        assert!(!goes(&cookie, "http://badexample.com/"));
        let own = set("a=b", "http://www.example.com/").unwrap();
        assert!(!goes(&own, "http://x.www.example.com/"));
        for (line, url) in [
            ("a=b; Domain=com", "http://example.com/"),
            ("a=b; Domain=github.io", "http://me.github.io/"),
            ("a=b; Domain=other.com", "http://example.com/"),
            ("a=b; Domain=0.0.1", "http://127.0.0.1/"),
        ] {
            assert!(set(line, url).is_err(), "{line}");
        }
        assert!(set("a=b; Domain=github.io", "http://github.io/").unwrap().host_only);
    }

    #[test]
    fn prefixes_demand_what_they_promise() {
        for (line, ok) in [
            ("__Secure-a=b; Secure", true),
            ("__Secure-a=b", false),
            ("__Host-a=b; Secure; Path=/", true),
            ("__HOST-a=b; Secure", false),
            ("__Host-a=b; Secure; Path=/; Domain=a.com", false),
            ("=__Host-a=b; Secure; Path=/", false),
            ("a=b; SameSite=None", false),
        ] {
            assert_eq!(set(line, "https://a.com/x/y").is_ok(), ok, "{line}");
        }
    }

    #[test]
    fn sizes_have_their_limits() {
        for (extra, ok) in [(0, true), (1, false)] {
            let line = format!("a={}", "x".repeat(PAIR_BYTES_MAX - 1 + extra));
            assert_eq!(parse(&line).is_ok(), ok);
            let line = format!("a=b; path=/{}", "x".repeat(ATTRIBUTE_BYTES_MAX - 1 + extra));
            assert_eq!(parse(&line).unwrap().attributes.len(), usize::from(ok));
        }
        assert!(parse("a=b\u{1}").is_err() && parse("").is_err() && parse("=").is_err());
    }
}
