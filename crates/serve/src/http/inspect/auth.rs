//! Endpoints that ask who it is. What they accept stands in their own path:
//! they are for trying clients, and protect nothing.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue, SET_COOKIE, WWW_AUTHENTICATE};
use md5::Digest as _;
use percent_encoding::percent_decode_str;
use plumb_wire::hexadecimal;
use plumb_wire::http::auth::{Auth, Digest};
use serde_json::json;

use super::cookies::cookie_pairs;
use super::{bad_parameter, unpredictable};
use crate::http::asked::Asked;
use crate::http::reply::Reply;
use crate::http::route::{READ, Route, Shelf};

pub(super) const ROUTES: &[Route] = &[
    Route { path: "/basic-auth/{}", methods: READ, handler: basic },
    Route { path: "/hidden-basic-auth/{}", methods: READ, handler: hidden_basic },
    Route { path: "/bearer", methods: READ, handler: bearer },
    Route { path: "/digest-auth/{}", methods: READ, handler: digest_auth },
];

fn credentials(asked: &Asked) -> Option<Auth> {
    Auth::credentials(asked.header(AUTHORIZATION))
}

/// The parts of a path, decoded.
fn parts(rest: &str) -> Vec<String> {
    rest.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

/// The user, if the request proves to know the password that the path has.
fn proven(asked: &Asked, rest: &str) -> Result<Option<String>, Reply> {
    let [user, password] = &parts(rest)[..] else {
        return Err(bad_parameter("The path ends in /USER/PASSWORD."));
    };
    let wanted = format!("{user}:{password}");
    let given = credentials(asked).filter(|auth| auth.is("Basic")).and_then(|auth| auth.token68);
    let engine = base64::engine::general_purpose::STANDARD;
    let given = given.and_then(|token| engine.decode(token).ok());
    Ok((given.as_deref() == Some(wanted.as_bytes())).then(|| user.clone()))
}

fn welcome(user: &str) -> Reply {
    Reply::json(&json!({ "authenticated": true, "user": user }))
}

fn basic(asked: &Asked, _: &Shelf, rest: &str) -> Reply {
    match proven(asked, rest) {
        Ok(Some(user)) => welcome(&user),
        Ok(None) => Reply::new(StatusCode::UNAUTHORIZED)
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Fake Realm\"")),
        Err(reply) => reply,
    }
}

/// The same, but nothing says that there is anything to prove.
fn hidden_basic(asked: &Asked, _: &Shelf, rest: &str) -> Reply {
    match proven(asked, rest) {
        Ok(Some(user)) => welcome(&user),
        Ok(None) => Reply::new(StatusCode::NOT_FOUND),
        Err(reply) => reply,
    }
}

fn bearer(asked: &Asked, _: &Shelf, _: &str) -> Reply {
    let token = credentials(asked).filter(|auth| auth.is("Bearer")).and_then(|auth| auth.token68);
    match token {
        Some(token) => Reply::json(&json!({ "authenticated": true, "token": token })),
        None => Reply::new(StatusCode::UNAUTHORIZED)
            .with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
    }
}

/// `/digest-auth/QOP/USER/PASSWORD[/ALGORITHM[/STALE_AFTER]]`.
struct Exam {
    /// Both where neither is named.
    qop: Option<String>,
    user: String,
    password: String,
    algorithm: &'static str,
    stale_after: String,
}

const REALM: &str = "plumb";
/// How many requests a nonce lasts; the browser carries the count for us.
const STALE_AFTER: &str = "stale_after";
const LAST_NONCE: &str = "last_nonce";

impl Exam {
    fn of(rest: &str) -> Option<Exam> {
        let mut parts = parts(rest).into_iter();
        let (qop, user, password) = (parts.next()?, parts.next()?, parts.next()?);
        let algorithm = match parts.next().as_deref() {
            Some("SHA-256") => "SHA-256",
            Some("SHA-512") => "SHA-512",
            _ => "MD5",
        };
        let stale_after = parts.next().unwrap_or_else(|| "never".to_owned());
        let qop = Some(qop).filter(|qop| qop == "auth" || qop == "auth-int");
        let printable = stale_after.bytes().all(|byte| byte.is_ascii_alphanumeric());
        printable.then_some(Exam { qop, user, password, algorithm, stale_after })
    }

    fn hash(&self, bytes: &[u8]) -> Vec<u8> {
        match self.algorithm {
            "SHA-256" => digest(&SHA256, bytes).as_ref().to_vec(),
            "SHA-512" => digest(&SHA512, bytes).as_ref().to_vec(),
            _ => md5::Md5::digest(bytes).to_vec(),
        }
    }

    fn challenge(&self, stale: bool, last_nonce: Option<&str>) -> Reply {
        let nonce = hexadecimal(&unpredictable::<16>());
        let opaque = hexadecimal(&unpredictable::<16>());
        let qop = self.qop.as_deref().unwrap_or("auth, auth-int");
        let stale = if stale { "TRUE" } else { "FALSE" };
        let value = format!(
            "Digest realm=\"{REALM}\", nonce=\"{nonce}\", qop=\"{qop}\", opaque=\"{opaque}\", \
             algorithm={}, stale={stale}",
            self.algorithm
        );
        let mut reply = Reply::new(StatusCode::UNAUTHORIZED);
        reply = with_text(reply, WWW_AUTHENTICATE, &value);
        reply =
            with_text(reply, SET_COOKIE, &format!("{STALE_AFTER}={}; Path=/", self.stale_after));
        match last_nonce {
            Some(nonce) => with_text(reply, SET_COOKIE, &format!("{LAST_NONCE}={nonce}; Path=/")),
            None => reply,
        }
    }

    fn is_passed(&self, asked: &Asked, auth: &Auth) -> bool {
        let part = |name| auth.parameter(name).unwrap_or_default();
        let uri = asked.uri.path_and_query().map_or("/", |target| target.as_str());
        let wanted = Digest {
            username: &self.user,
            password: &self.password,
            realm: REALM,
            method: asked.method.as_str(),
            uri,
            nonce: part("nonce"),
            cnonce: part("cnonce"),
            nc: part("nc"),
            qop: auth.parameter("qop"),
            session: false,
            body: &asked.body,
        };
        let qop_fits = match (&self.qop, auth.parameter("qop")) {
            (Some(wanted), Some(given)) => wanted == given,
            (None, Some(given)) => matches!(given, "auth" | "auth-int"),
            // RFC 2069 has none.
            (_, None) => true,
        };
        let answer = wanted.response(|bytes| self.hash(bytes));
        qop_fits
            && part("username") == self.user
            && part("realm") == REALM
            && part("uri") == uri
            && part("response").eq_ignore_ascii_case(&answer)
    }
}

fn digest_auth(asked: &Asked, _: &Shelf, rest: &str) -> Reply {
    let Some(exam) = Exam::of(rest) else {
        return bad_parameter(
            "The path is /digest-auth/QOP/USER/PASSWORD[/ALGORITHM[/STALE_AFTER]].",
        );
    };
    let Some(auth) = credentials(asked).filter(|auth| auth.is("Digest")) else {
        return exam.challenge(false, None);
    };
    let cookie = |name: &str| {
        cookie_pairs(&asked.headers).find_map(|(found, value)| (found == name).then_some(value))
    };
    let nonce = auth.parameter("nonce").filter(|n| n.bytes().all(|b| b.is_ascii_alphanumeric()));
    let left = cookie(STALE_AFTER);
    let is_used_up = left.as_deref() == Some("0");
    if nonce.is_some() && nonce == cookie(LAST_NONCE).as_deref() || is_used_up {
        return exam.challenge(true, nonce);
    }
    if !exam.is_passed(asked, &auth) {
        return exam.challenge(false, nonce);
    }
    let reply = welcome(&exam.user);
    match left.and_then(|left| left.parse::<u32>().ok()) {
        Some(left) => with_text(
            reply,
            SET_COOKIE,
            &format!("{STALE_AFTER}={}; Path=/", left.saturating_sub(1)),
        ),
        None => reply,
    }
}

fn with_text(reply: Reply, name: http::HeaderName, text: &str) -> Reply {
    match HeaderValue::from_str(text) {
        Ok(value) => reply.with(name, value),
        Err(_) => reply,
    }
}
