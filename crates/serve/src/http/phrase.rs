//! Reason phrases as RFC 9110 section 15 has them.

use http::StatusCode;
use http::response::Parts;
use hyper::ext::ReasonPhrase;

/// The phrases that the library still has from RFC 4918 and RFC 7231, or spells
/// otherwise.
const RENAMED: [(StatusCode, &str); 3] = [
    (StatusCode::NON_AUTHORITATIVE_INFORMATION, "Non-Authoritative Information"),
    (StatusCode::PAYLOAD_TOO_LARGE, "Content Too Large"),
    (StatusCode::UNPROCESSABLE_ENTITY, "Unprocessable Content"),
];

fn renamed(status: StatusCode) -> Option<&'static str> {
    RENAMED.iter().find(|(known, _)| *known == status).map(|(_, phrase)| *phrase)
}

/// The phrase of a status, or nothing of one that has none.
pub(super) fn of(status: StatusCode) -> Option<&'static str> {
    renamed(status).or(status.canonical_reason())
}

/// Lets the status line of an HTTP/1 response have it.
pub(super) fn put(parts: &mut Parts) {
    if let Some(phrase) = renamed(parts.status) {
        parts.extensions.insert(ReasonPhrase::from_static(phrase.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_those_of_the_standard() {
        assert_eq!(
            of(StatusCode::NON_AUTHORITATIVE_INFORMATION),
            Some("Non-Authoritative Information")
        );
        assert_eq!(of(StatusCode::UNPROCESSABLE_ENTITY), Some("Unprocessable Content"));
        assert_eq!(of(StatusCode::PAYLOAD_TOO_LARGE), Some("Content Too Large"));
        assert_eq!(of(StatusCode::NOT_FOUND), Some("Not Found"));
    }
}
