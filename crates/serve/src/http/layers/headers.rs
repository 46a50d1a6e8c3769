//! Fields that every answer carries.

use std::time::Duration;

use http::HeaderMap;
use http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// All methods that any handler here may know.
pub(in crate::http) const ALL_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Fields that are added to every answer.
#[derive(Debug, Clone, Default)]
pub struct ResponseHeaders {
    /// Where the handler did not set them.
    defaults: Vec<(HeaderName, HeaderValue)>,
    /// In place of what is there; without a value, nothing in its place.
    overrides: Vec<(HeaderName, Option<HeaderValue>)>,
    hsts: Option<HeaderValue>,
}

/// A header line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There is no colon.
    #[error("`{0}` is no header: write 'Name: value'")]
    NoColon(String),
    /// The name or value has characters that cannot stand there.
    #[error("`{0}` cannot stand in a header")]
    Invalid(String),
    /// It belongs to the framing of the message.
    #[error("{0} is the server's own to set")]
    Reserved(HeaderName),
}

/// Fields that say where a message ends; a wrong one would break the connection.
const RESERVED: [HeaderName; 3] =
    [http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING, http::header::CONNECTION];

impl ResponseHeaders {
    /// What tells a browser to guess nothing, to let no other site put the page
    /// into a frame, and to tell no other site where a link was followed.
    pub fn hardened() -> Self {
        let value = HeaderValue::from_static;
        ResponseHeaders {
            defaults: vec![
                (X_CONTENT_TYPE_OPTIONS, value("nosniff")),
                (X_FRAME_OPTIONS, value("SAMEORIGIN")),
                (CONTENT_SECURITY_POLICY, value("frame-ancestors 'self'")),
                (REFERRER_POLICY, value("same-origin")),
            ],
            ..ResponseHeaders::default()
        }
    }

    /// Also, over TLS: come back only over TLS for so long, RFC 6797.
    #[must_use]
    pub fn with_hsts(mut self, max_age: Duration) -> Self {
        self.hsts = HeaderValue::from_str(&format!("max-age={}", max_age.as_secs())).ok();
        self
    }

    /// Also this line, `Name: value`, whatever the handler says; without a
    /// value, no such field.
    ///
    /// # Errors
    /// When it is no header, or one that frames the message.
    pub fn with_line(mut self, line: &str) -> Result<Self, HeaderError> {
        let (name, value) =
            line.split_once(':').ok_or_else(|| HeaderError::NoColon(line.to_owned()))?;
        let invalid = |_| HeaderError::Invalid(line.to_owned());
        let name: HeaderName = name.parse().map_err(|_| HeaderError::Invalid(line.to_owned()))?;
        if RESERVED.contains(&name) {
            return Err(HeaderError::Reserved(name));
        }
        let value = value.trim();
        let value = (!value.is_empty()).then(|| HeaderValue::from_str(value)).transpose();
        self.defaults.retain(|(default, _)| *default != name);
        self.overrides.push((name, value.map_err(invalid)?));
        Ok(self)
    }

    /// Adds the fields to an answer.
    pub(in crate::http) fn apply(&self, headers: &mut HeaderMap, tls: bool) {
        for (name, value) in &self.defaults {
            if !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
        if let (Some(hsts), true) = (&self.hsts, tls) {
            headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        for (name, _) in &self.overrides {
            headers.remove(name);
        }
        for (name, value) in &self.overrides {
            if let Some(value) = value {
                headers.append(name, value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_override_and_remove() {
        let rules = ResponseHeaders::hardened()
            .with_line("X-Frame-Options:")
            .and_then(|rules| rules.with_line("Referrer-Policy: no-referrer"))
            .and_then(|rules| rules.with_line("X-Two: a"))
            .and_then(|rules| rules.with_line("X-Two: b"))
            .unwrap()
            .with_hsts(Duration::from_secs(60));
        let mut headers = HeaderMap::new();
        headers.insert("x-two", HeaderValue::from_static("handler"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
        rules.apply(&mut headers, false);
        assert!(!headers.contains_key("x-frame-options"));
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["content-security-policy"], "default-src 'none'");
        assert_eq!(headers.get_all("x-two").iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(!headers.contains_key("strict-transport-security"));
        rules.apply(&mut headers, true);
        assert_eq!(headers["strict-transport-security"], "max-age=60");
    }

    #[test]
    fn what_frames_a_message_is_refused() {
        let refused = |line: &str| ResponseHeaders::default().with_line(line).unwrap_err();
        assert!(matches!(refused("Content-Length: 1"), HeaderError::Reserved(_)));
        assert!(matches!(refused("X"), HeaderError::NoColon(_)));
        assert!(matches!(refused("X Y: 1"), HeaderError::Invalid(_)));
        assert!(matches!(refused("X: a\r\nY: b"), HeaderError::Invalid(_)));
    }
}
