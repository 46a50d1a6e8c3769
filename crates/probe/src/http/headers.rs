//! Header fields in their order, names as they were written.

use std::fmt;

use crate::redact;

/// Header fields. Names are compared without regard to case (RFC 9110 section
/// 5.1) and kept as they stand; fields of one name keep their order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(String, Vec<u8>)>,
}

impl Headers {
    /// None.
    pub fn new() -> Headers {
        Headers { fields: Vec::new() }
    }

    /// The value of the first field of this name, bytes that are no UTF-8
    /// replaced.
    pub fn get(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The values of every field of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice())
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Adds a field behind the others.
    pub fn append(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.fields.push((name.into(), value.into()));
    }

    /// The one field of this name, where the first of them stood, else at the
    /// end.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        let name = name.into();
        let at = self.fields.iter().position(|(known, _)| known.eq_ignore_ascii_case(&name));
        let at = at.unwrap_or(self.fields.len());
        self.remove(&name);
        self.fields.insert(at, (name, value.into()));
    }

    /// Adds a field unless there is one.
    pub fn or_default(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        if !self.contains(name) {
            self.append(name, value);
        }
    }

    /// Removes every field of this name.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Every field, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// With the values that are secrets by their name replaced: what may be
    /// shown.
    #[must_use]
    pub fn redacted(&self) -> Headers {
        let fields = self.fields.iter().map(|(name, value)| {
            let secret = redact::is_secret(&name.to_ascii_lowercase());
            let value = if secret { redact::REDACTED.into() } else { value.clone() };
            (name.clone(), value)
        });
        Headers { fields: fields.collect() }
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.redacted();
        f.debug_map()
            .entries(shown.iter().map(|(name, value)| {
                (name.to_owned(), String::from_utf8_lossy(value).into_owned())
            }))
            .finish()
    }
}

impl<N: Into<String>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Headers {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value.into()));
        Headers { fields: fields.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_case_stay_and_names_are_found_in_any_case() {
        let mut headers: Headers =
            [("Host", "a"), ("X-B", "1"), ("accept", "*/*")].into_iter().collect();
        headers.append("x-b", "2");
        headers.set("X-b", "3");
        headers.or_default("HOST", "other");
        headers.or_default("New", "");
        let seen: Vec<_> =
            headers.iter().map(|(n, v)| format!("{n}={}", String::from_utf8_lossy(v))).collect();
        assert_eq!(seen, ["Host=a", "X-b=3", "accept=*/*", "New="]);
        headers.remove("ACCEPT");
        assert!(!headers.contains("Accept") && headers.len() == 3);
    }

    #[test]
    fn debug_shows_no_secret() {
        let headers: Headers = [("Authorization", "Bearer xyz"), ("A", "b")].into_iter().collect();
        let shown = format!("{headers:?}");
        assert!(!shown.contains("xyz") && shown.contains("\"b\""), "{shown}");
    }
}
