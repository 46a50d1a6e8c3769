//! JSON Web Tokens, RFC 7519: made, read, judged.
//!
//! The library checks signatures; the claims are judged here, by a pure
//! function of the claims, the rules and the time, so that a server and a
//! person who looks at a token are told the same.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde_json::{Map, Value};

use super::jwt_key::{Key, algorithm, algorithm_name};

/// A token stands in one header field, and servers take some 8 KiB of these.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Clocks that are kept by NTP differ by less; RFC 7519 section 4.1.4 speaks of
/// "a few minutes" at most.
pub const LEEWAY_S_DEFAULT: u64 = 30;

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// What a token must say to be good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// `alg` must be one of these.
    pub algorithms: Vec<Algorithm>,
    /// `iss` must be one of these, if there are any.
    pub issuers: Vec<String>,
    /// `aud` must name one of these. A token that names somebody is refused
    /// where nobody is named here, RFC 7519 section 4.1.3.
    pub audiences: Vec<String>,
    /// Seconds that the two clocks may differ.
    pub leeway_s: u64,
}

/// A token, taken apart and not believed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The header, as it came.
    pub header: Map<String, Value>,
    /// The claims, as they came.
    pub claims: Claims,
}

/// Why a token is not good. The words may be told to the client: they say
/// nothing that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message says it")]
pub enum Invalid {
    #[error("the token is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    #[error("the token is not three parts of base64url between dots")]
    NotThreeParts,
    #[error("the {0} of the token is not base64url")]
    NotBase64(&'static str),
    #[error("the {0} of the token is not a JSON object")]
    NotJson(&'static str),
    #[error("the token is not signed: its algorithm is none")]
    NotSigned,
    #[error("the algorithm of the token is not one that is taken here")]
    Algorithm,
    #[error("the header has critical extensions that are not known here")]
    Critical,
    #[error("the signature does not fit")]
    Signature,
    #[error("the token has no expiry (exp)")]
    NoExpiry,
    #[error("the claim {0} is not of its form")]
    Malformed(&'static str),
    #[error("the token expired {ago_s} s ago")]
    Expired { ago_s: u64 },
    #[error("the token is not valid for another {in_s} s")]
    NotYet { in_s: u64 },
    #[error("the token has no issuer (iss)")]
    NoIssuer,
    #[error("the issuer of the token is not one that is believed here")]
    Issuer,
    #[error("the token has no audience (aud)")]
    NoAudience,
    #[error("the token is meant for another audience")]
    Audience,
}

/// Takes a token apart.
///
/// # Errors
/// When it has not the form of RFC 7515 section 7.1.
pub fn parts(token: &str) -> Result<Parts, Invalid> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Invalid::TooLong);
    }
    let mut three = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (three.next(), three.next(), three.next(), three.next())
    else {
        return Err(Invalid::NotThreeParts);
    };
    let object = |text: &str, name: &'static str| {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Invalid::NotBase64(name))?;
        serde_json::from_slice(&bytes).map_err(|_| Invalid::NotJson(name))
    };
    let parts = Parts { header: object(header, "header")?, claims: object(claims, "payload")? };
    URL_SAFE_NO_PAD.decode(signature).map_err(|_| Invalid::NotBase64("signature"))?;
    Ok(parts)
}

/// Checks the signature, then the claims.
///
/// # Errors
/// The first reason why the token is not good.
pub fn verify(token: &str, key: &Key, rules: &Rules, now_unix_s: u64) -> Result<Claims, Invalid> {
    let parts = parts(token)?;
    check_signature(token, &parts, key, &rules.algorithms)?;
    match judge(&parts.claims, rules, now_unix_s).into_iter().next() {
        Some(invalid) => Err(invalid),
        None => Ok(parts.claims),
    }
}

/// Checks that the token was made with this key and one of these algorithms.
///
/// # Errors
/// When it was not.
pub fn check_signature(
    token: &str,
    parts: &Parts,
    key: &Key,
    algorithms: &[Algorithm],
) -> Result<(), Invalid> {
    let named = parts.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    if named.eq_ignore_ascii_case("none") {
        return Err(Invalid::NotSigned);
    }
    // RFC 7515 section 4.1.11: what is critical and not understood is refused.
    if parts.header.contains_key("crit") {
        return Err(Invalid::Critical);
    }
    let named = algorithm(named).filter(|one| algorithms.contains(one));
    let Some(named) = named.filter(|one| key.kind().algorithms().contains(one)) else {
        return Err(Invalid::Algorithm);
    };
    // Only the signature: the claims are judged by `judge`.
    let mut only_signature = Validation::new(named);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    jsonwebtoken::decode::<Claims>(token, key.decoding(), &only_signature)
        .map(drop)
        .map_err(|_| Invalid::Signature)
}

/// Everything that is wrong with the claims at this time.
pub fn judge(claims: &Claims, rules: &Rules, now_unix_s: u64) -> Vec<Invalid> {
    let mut wrong = Vec::new();
    let leeway = rules.leeway_s;
    match claims.get("exp").map(numeric_date) {
        None => wrong.push(Invalid::NoExpiry),
        Some(None) => wrong.push(Invalid::Malformed("exp")),
        // RFC 7519 section 4.1.4: on or after exp it must not be accepted.
        Some(Some(exp)) if now_unix_s >= exp.saturating_add(leeway) => {
            wrong.push(Invalid::Expired { ago_s: now_unix_s - exp });
        }
        Some(Some(_)) => {}
    }
    match claims.get("nbf").map(numeric_date) {
        None => {}
        Some(None) => wrong.push(Invalid::Malformed("nbf")),
        Some(Some(nbf)) if now_unix_s.saturating_add(leeway) < nbf => {
            wrong.push(Invalid::NotYet { in_s: nbf - now_unix_s });
        }
        Some(Some(_)) => {}
    }
    if !rules.issuers.is_empty() {
        match claims.get("iss").map(Value::as_str) {
            None => wrong.push(Invalid::NoIssuer),
            Some(None) => wrong.push(Invalid::Malformed("iss")),
            Some(Some(iss)) if rules.issuers.iter().any(|one| one == iss) => {}
            Some(Some(_)) => wrong.push(Invalid::Issuer),
        }
    }
    wrong.extend(wrong_audience(claims.get("aud"), &rules.audiences));
    if claims.get("sub").is_some_and(|sub| !sub.is_string()) {
        wrong.push(Invalid::Malformed("sub"));
    }
    wrong
}

fn wrong_audience(aud: Option<&Value>, audiences: &[String]) -> Option<Invalid> {
    let named: Vec<&str> = match aud {
        None if audiences.is_empty() => return None,
        None => return Some(Invalid::NoAudience),
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => {
            let texts: Option<Vec<&str>> = several.iter().map(Value::as_str).collect();
            match texts {
                Some(texts) => texts,
                None => return Some(Invalid::Malformed("aud")),
            }
        }
        Some(_) => return Some(Invalid::Malformed("aud")),
    };
    let meant = named.iter().any(|name| audiences.iter().any(|one| one == name));
    (!meant).then_some(Invalid::Audience)
}

/// A NumericDate, RFC 7519 section 2, in whole seconds.
pub fn numeric_date(value: &Value) -> Option<u64> {
    let float = || value.as_f64().filter(|seconds| (0.0..1e15).contains(seconds));
    value.as_u64().or_else(|| float().map(|seconds| seconds as u64))
}

/// Makes a token with these claims.
///
/// # Errors
/// When the key cannot sign, or not with this algorithm.
pub fn issue(claims: &Claims, key: &Key, with: Algorithm) -> Result<String, CannotSign> {
    let Some(encoding) = key.encoding() else { return Err(CannotSign::PublicKey) };
    if !key.kind().algorithms().contains(&with) {
        return Err(CannotSign::Algorithm { algorithm: algorithm_name(with) });
    }
    jsonwebtoken::encode(&Header::new(with), claims, encoding)
        .map_err(|error| CannotSign::Failed(error.to_string()))
}

/// A token could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// Public keys check tokens and cannot make them.
    #[error("a public key can check tokens but not make them; the private key is needed")]
    PublicKey,
    /// Of another kind.
    #[error("{algorithm} does not go with this key")]
    Algorithm {
        /// What was asked for.
        algorithm: String,
    },
    /// The library failed.
    #[error("cannot sign: {0}")]
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules() -> Rules {
        Rules {
            algorithms: vec![Algorithm::HS256],
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway_s: 30,
        }
    }

    fn key() -> Key {
        Key::from_secret(b"0123456789abcdef0123456789abcdef")
    }

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn times_at_the_limit_and_one_second_past_it() {
        let at = |value: Value, now| judge(&claims(value), &rules(), now);
        let exp = json!({"exp": 1000});
        assert_eq!(at(exp.clone(), 1029), []);
        assert_eq!(at(exp, 1030), [Invalid::Expired { ago_s: 30 }]);
        let nbf = json!({"exp": 2000, "nbf": 1000});
        assert_eq!(at(nbf.clone(), 970), []);
        assert_eq!(at(nbf, 969), [Invalid::NotYet { in_s: 31 }]);
        assert_eq!(at(json!({}), 0), [Invalid::NoExpiry]);
        assert_eq!(at(json!({"exp": "1000"}), 0), [Invalid::Malformed("exp")]);
        assert_eq!(at(json!({"exp": -1}), 0), [Invalid::Malformed("exp")]);
        assert_eq!(at(json!({"exp": 1000.5}), 1029), []);
        assert_eq!(at(json!({"exp": u64::MAX}), 1029), []);
    }

    #[test]
    fn an_audience_is_demanded_or_refused() {
        let ours = Rules { audiences: vec!["api".to_owned()], ..rules() };
        let at =
            |aud: Value, rules: &Rules| judge(&claims(json!({"exp": 9, "aud": aud})), rules, 0);
        assert_eq!(at(json!("api"), &ours), []);
        assert_eq!(at(json!(["x", "api"]), &ours), []);
        assert_eq!(at(json!(["x"]), &ours), [Invalid::Audience]);
        assert_eq!(at(json!([]), &ours), [Invalid::Audience]);
        assert_eq!(at(json!([1]), &ours), [Invalid::Malformed("aud")]);
        assert_eq!(at(json!("api"), &rules()), [Invalid::Audience]);
        assert_eq!(judge(&claims(json!({"exp": 9})), &ours, 0), [Invalid::NoAudience]);
    }

    #[test]
    fn an_issuer_is_demanded_where_one_is_named() {
        let ours = Rules { issuers: vec!["me".to_owned()], ..rules() };
        let at = |value: Value| judge(&claims(value), &ours, 0);
        assert_eq!(at(json!({"exp": 9, "iss": "me"})), []);
        assert_eq!(at(json!({"exp": 9, "iss": "you"})), [Invalid::Issuer]);
        assert_eq!(at(json!({"exp": 9, "iss": ["me"]})), [Invalid::Malformed("iss")]);
        assert_eq!(at(json!({"exp": 9})), [Invalid::NoIssuer]);
    }

    fn forged(header: Value, claims: Value, signature: &str) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(header), part(claims))
    }

    #[test]
    fn nothing_unsigned_or_signed_otherwise_is_taken() {
        let good = issue(&claims(json!({"sub": "u", "exp": 9})), &key(), Algorithm::HS256).unwrap();
        let of = |token: &str| verify(token, &key(), &rules(), 0);
        assert_eq!(of(&good).unwrap()["sub"], "u");
        for alg in ["none", "None", "NONE", "nOnE"] {
            let token = forged(json!({"alg": alg}), json!({"exp": 9}), "");
            assert_eq!(of(&token), Err(Invalid::NotSigned));
        }
        let strong = issue(&claims(json!({"exp": 9})), &key(), Algorithm::HS512).unwrap();
        assert_eq!(of(&strong), Err(Invalid::Algorithm), "only what is pinned");
        let critical = forged(json!({"alg": "HS256", "crit": ["x"], "x": 1}), json!({}), "AAAA");
        assert_eq!(of(&critical), Err(Invalid::Critical));
        let wrong = forged(json!({"alg": "HS256"}), json!({"exp": 9}), "AAAA");
        assert_eq!(of(&wrong), Err(Invalid::Signature));
        let other = Key::from_secret(b"another secret, as long as it is good");
        assert_eq!(verify(&good, &other, &rules(), 0), Err(Invalid::Signature));
        assert_eq!(of("a.b"), Err(Invalid::NotThreeParts));
        assert_eq!(of("a.b.c.d"), Err(Invalid::NotThreeParts));
        assert_eq!(of(&format!("{good}=")), Err(Invalid::NotBase64("signature")));
        assert_eq!(of("e30.W10.AA"), Err(Invalid::NotJson("payload")));
    }

    #[test]
    fn a_token_at_the_longest_and_one_byte_past_it() {
        let long = "x".repeat(TOKEN_BYTES_MAX);
        assert_eq!(parts(&long), Err(Invalid::NotThreeParts));
        assert_eq!(parts(&format!("{long}x")), Err(Invalid::TooLong));
    }
}
