//! "Did you mean".

/// The known word that is most like `given`, if one is near.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    /// Below this, two words have little in common.
    const SIMILARITY_MIN: f64 = 0.72;
    let given = given.to_ascii_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&given, &word.to_ascii_lowercase()), word))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// `did you mean tls.cert.expired?`
pub(crate) fn did_you_mean<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(given, known).map(|word| format!("did you mean {word}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["tls.cert.expired", "tls.cert.self-signed", "dns.tcp.blocked"];
        assert_eq!(nearest("tls.cert.expird", known), Some("tls.cert.expired"));
        assert_eq!(nearest("TLS.cert-expired", known), Some("tls.cert.expired"));
        assert_eq!(nearest("weather", known), None);
    }
}
