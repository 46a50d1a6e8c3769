//! Names of differentiated services code points.

/// The names of IANA's "DSCP" registry: class selectors (RFC 2474), assured
/// (RFC 2597) and expedited forwarding (RFC 3246), voice-admit (RFC 5865),
/// lower effort (RFC 8622).
const NAMES: [(&str, u8); 23] = [
    ("CS0", 0),
    ("LE", 1),
    ("CS1", 8),
    ("AF11", 10),
    ("AF12", 12),
    ("AF13", 14),
    ("CS2", 16),
    ("AF21", 18),
    ("AF22", 20),
    ("AF23", 22),
    ("CS3", 24),
    ("AF31", 26),
    ("AF32", 28),
    ("AF33", 30),
    ("CS4", 32),
    ("AF41", 34),
    ("AF42", 36),
    ("AF43", 38),
    ("CS5", 40),
    ("VOICE-ADMIT", 44),
    ("EF", 46),
    ("CS6", 48),
    ("CS7", 56),
];

/// The name of a code point, where it has one.
pub fn dscp_name(number: u8) -> Option<&'static str> {
    NAMES.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// The code point of a name, in any case.
pub fn dscp_by_name(name: &str) -> Option<u8> {
    NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        assert_eq!((dscp_name(46), dscp_by_name("ef")), (Some("EF"), Some(46)));
        assert_eq!((dscp_name(63), dscp_by_name("AF44")), (None, None));
        for (name, number) in NAMES {
            assert_eq!((dscp_name(number), dscp_by_name(name)), (Some(name), Some(number)));
        }
    }
}
