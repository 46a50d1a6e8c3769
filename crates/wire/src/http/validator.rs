//! Entity tags and lists of them, RFC 9110 sections 8.8.3 and 13.1.

/// Tags of one field that are looked at; a cache keeps a few variants.
pub const TAGS_MAX: usize = 128;

/// An entity tag as it stands in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// `W/`: means the same, not necessarily the same bytes.
    pub weak: bool,
    /// What stands between the quotes.
    pub opaque: &'a [u8],
}

/// How two tags are compared, RFC 9110 section 8.8.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same bytes: neither is weak.
    Strong,
    /// The same meaning.
    Weak,
}

impl<'a> EntityTag<'a> {
    /// A tag and what follows it.
    pub fn read(text: &'a [u8]) -> Option<(EntityTag<'a>, &'a [u8])> {
        let (weak, rest) = match text.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let rest = rest.strip_prefix(b"\"")?;
        let end = rest.iter().position(|&byte| byte == b'"')?;
        let (opaque, rest) = (&rest[..end], &rest[end + 1..]);
        // etagc: no control characters and no blanks.
        opaque
            .iter()
            .all(|&byte| byte > b' ' && byte != 0x7f)
            .then_some((EntityTag { weak, opaque }, rest))
    }

    /// Whether both are the same.
    pub fn is(&self, other: &EntityTag<'_>, comparison: Comparison) -> bool {
        self.opaque == other.opaque && (comparison == Comparison::Weak || !self.weak && !other.weak)
    }
}

/// Whether a field (`If-Match`, `If-None-Match`) names `current`; `*` names
/// whatever there is, which is nothing where `current` is `None`. A list ends
/// where it is malformed.
pub fn names(field: &[u8], current: Option<&EntityTag<'_>>, comparison: Comparison) -> bool {
    let Some(current) = current else { return false };
    let mut rest = field.trim_ascii();
    if rest == b"*" {
        return true;
    }
    for _ in 0..TAGS_MAX {
        let skipped = rest.iter().take_while(|byte| b" \t,".contains(byte)).count();
        let Some((tag, after)) = EntityTag::read(&rest[skipped..]) else { return false };
        if tag.is(current, comparison) {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRONG: EntityTag<'_> = EntityTag { weak: false, opaque: b"a" };
    const WEAK: EntityTag<'_> = EntityTag { weak: true, opaque: b"a" };

    #[test]
    fn comparisons_of_rfc_9110() {
        use Comparison::{Strong, Weak};
        for (one, other, strong, weak) in
            [(WEAK, WEAK, false, true), (WEAK, STRONG, false, true), (STRONG, STRONG, true, true)]
        {
            assert_eq!(one.is(&other, Strong), strong);
            assert_eq!(one.is(&other, Weak), weak);
        }
    }

    #[test]
    fn lists() {
        use Comparison::{Strong, Weak};
        for field in ["*", " * ", "\"a\"", "\"b\", \"a\"", "\"b\" ,,\"a\"", "\"x,y\",\"a\""] {
            assert!(names(field.as_bytes(), Some(&STRONG), Strong), "{field}");
            assert!(!names(field.as_bytes(), None, Strong), "{field}");
        }
        assert!(names(b"W/\"a\"", Some(&STRONG), Weak));
        for field in ["", "a", "\"a", "W/\"a\"", "\"A\"", "\"a b\", \"a\"", "w/\"a\"", "\"b\"*"] {
            assert!(!names(field.as_bytes(), Some(&STRONG), Strong), "{field}");
        }
        let many = b"\"b\",".repeat(TAGS_MAX - 1);
        assert!(names(&[&many[..], b"\"a\""].concat(), Some(&STRONG), Strong));
        assert!(!names(&[&many[..], b"\"b\",\"a\""].concat(), Some(&STRONG), Strong));
    }
}
