//! `/login`, `/logout` and `/session`: sessions that live on the server.
//!
//! The cookie holds nothing but a random number. It is made anew at each login,
//! so that a number that somebody planted before is worth nothing afterwards.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;

use super::problem::problem;
use crate::core::Events;
use crate::http::LetsIn;
use crate::http::asked::Asked;
use crate::http::inspect::{cookie_pairs, form};
use crate::http::reply::Reply;

/// Sessions at once; beyond it the one that was used longest ago ends.
const SESSIONS_MAX: usize = 10_000;
/// Without a request.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Whatever happens.
const LIFE: Duration = Duration::from_secs(12 * 3600);
/// The longest name of a user.
const USER_CHARS_MAX: usize = 200;
/// The name of the cookie. The prefix `__Host-` would be dropped by browsers
/// that see it without TLS, and localhost is often tried without.
const COOKIE: &str = "session";

/// Somebody wants to log in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name that was given.
    pub user: String,
    /// The password that was given.
    pub password: String,
    /// Who it is; behind proxies that are believed, the one that they named.
    pub client: Option<IpAddr>,
    /// For events about the connection: that the password is wrong, say.
    pub events: Events,
}

/// Decides whether a user's password is right.
pub type LoginCheck =
    Arc<dyn Fn(Login) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// The sessions of a server.
#[derive(Default)]
pub struct Sessions {
    check: Option<LoginCheck>,
    open: Mutex<HashMap<[u8; 32], Session>>,
}

struct Session {
    user: String,
    began: Instant,
    used: Instant,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("open", &self.open().len()).finish_non_exhaustive()
    }
}

/// Whether the path is one of the three.
pub(super) fn owns(path: &str) -> bool {
    matches!(path, "/login" | "/logout" | "/session")
}

impl Sessions {
    /// Sessions for those whose password `check` finds right. Without a check
    /// every name with a password may log in.
    pub fn new(check: Option<LoginCheck>) -> Self {
        Sessions { check, open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to a request for one of the three.
    pub(super) async fn answer(&self, asked: &Asked) -> Reply {
        let reply = match (asked.path(), &asked.method) {
            (_, &Method::OPTIONS) => {
                let allow = match asked.path() {
                    "/session" => READ,
                    "/logout" => LOGOUT,
                    _ => LOGIN,
                };
                let allow = HeaderValue::from_static(allow);
                Reply::new(StatusCode::NO_CONTENT).with(http::header::ALLOW, allow)
            }
            ("/login", &Method::GET | &Method::HEAD) => Reply::html(include_str!("login.html")),
            ("/login", &Method::POST) => self.login(asked).await,
            ("/logout", &Method::POST) => self.logout(asked),
            ("/session", &Method::GET | &Method::HEAD) => self.show(asked),
            ("/session", _) => Reply::not_allowed(READ),
            ("/logout", _) => Reply::not_allowed(LOGOUT),
            _ => Reply::not_allowed(LOGIN),
        };
        reply.with(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// Who has logged in needs no other credentials, and everybody may log in.
    /// Where any password will do, a session proves nothing.
    pub(super) fn lets_in(&self, request: &Parts) -> LetsIn {
        if self.check.is_none() {
            return LetsIn::WithCredentials;
        }
        if request.uri.path() == "/login" {
            return LetsIn::Everybody;
        }
        let id = cookie_pairs(&request.headers).find(|(name, _)| name == COOKIE);
        match id.and_then(|(_, id)| self.find(&id)) {
            Some((user, ..)) => LetsIn::User(user),
            None => LetsIn::WithCredentials,
        }
    }

    async fn login(&self, asked: &Asked) -> Reply {
        if is_cross_site(asked) {
            return problem(StatusCode::FORBIDDEN, "The request comes from a page elsewhere.");
        }
        let Some((user, password)) = credentials(asked) else {
            let detail = "A login has a user and a password, in a form or in JSON.";
            return problem(StatusCode::UNPROCESSABLE_ENTITY, detail);
        };
        let right = match &self.check {
            Some(check) => {
                let (user, client, events) = (user.clone(), asked.client, asked.events.clone());
                check(Login { user, password, client, events }).await
            }
            None => true,
        };
        if !right {
            // No WWW-Authenticate: a browser would ask in a window of its own.
            return problem(StatusCode::UNAUTHORIZED, "The user or the password is wrong.");
        }
        let id = self.begin(&user, given(asked));
        let mut reply = Reply::json(&json!({ "user": user, "logged_in": true }));
        reply.status = StatusCode::OK;
        with_cookie(reply, &id, None)
    }

    /// A new session; whatever session the client had ends.
    fn begin(&self, user: &str, before: Option<String>) -> String {
        let mut bytes = [0; 32];
        // Without randomness there are no sessions: the key of all zeroes is
        // never looked up, see `find`.
        if aws_lc_rs::rand::fill(&mut bytes).is_err() {
            bytes = [0; 32];
        }
        let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        let now = Instant::now();
        let mut open = self.open();
        if let Some(before) = before {
            open.remove(&key(&before));
        }
        open.retain(|_, session| session.is_alive(now));
        if open.len() >= SESSIONS_MAX {
            let oldest = open.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.and_then(|key| open.remove(&key));
        }
        if bytes != [0; 32] {
            open.insert(key(&id), Session { user: user.to_owned(), began: now, used: now });
        }
        id
    }

    fn logout(&self, asked: &Asked) -> Reply {
        if is_cross_site(asked) {
            return problem(StatusCode::FORBIDDEN, "The request comes from a page elsewhere.");
        }
        if let Some(id) = given(asked) {
            self.open().remove(&key(&id));
        }
        with_cookie(Reply::new(StatusCode::NO_CONTENT), "", Some(0))
    }

    fn show(&self, asked: &Asked) -> Reply {
        match given(asked).and_then(|id| self.find(&id)) {
            Some((user, age, left)) => Reply::json(&json!({
                "user": user,
                "age_s": age.as_secs(),
                "expires_in_s": left.as_secs(),
            })),
            None => problem(StatusCode::UNAUTHORIZED, "Nobody is logged in: POST to /login first."),
        }
    }

    /// The user of a session that lives, its age, and what it has left.
    fn find(&self, id: &str) -> Option<(String, Duration, Duration)> {
        let now = Instant::now();
        let mut open = self.open();
        let session = open.get_mut(&key(id)).filter(|session| session.is_alive(now))?;
        session.used = now;
        let age = now.duration_since(session.began);
        Some((session.user.clone(), age, IDLE.min(LIFE.saturating_sub(age))))
    }
}

const LOGIN: &str = "GET, HEAD, POST, OPTIONS";
const LOGOUT: &str = "POST, OPTIONS";
const READ: &str = "GET, HEAD, OPTIONS";

impl Session {
    fn is_alive(&self, now: Instant) -> bool {
        now.duration_since(self.used) < IDLE && now.duration_since(self.began) < LIFE
    }
}

/// Kept instead of the number itself: who reads the memory cannot log in.
fn key(id: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, id.as_bytes()).as_ref());
    key
}

/// The number that the client shows.
fn given(asked: &Asked) -> Option<String> {
    cookie_pairs(&asked.headers).find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Whether a browser says that a page of another origin sent this. Together
/// with SameSite this keeps others from logging people in or out.
fn is_cross_site(asked: &Asked) -> bool {
    let site = asked.header(HeaderName::from_static("sec-fetch-site"));
    let origin = asked.header(ORIGIN);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    site == "cross-site" || (!origin.is_empty() && !host.eq_ignore_ascii_case(&asked.authority))
}

/// User and password, from a form or from JSON.
fn credentials(asked: &Asked) -> Option<(String, String)> {
    let json = asked.header(CONTENT_TYPE).starts_with("application/json");
    let value: serde_json::Value = match json {
        true => serde_json::from_slice(&asked.body).ok()?,
        false => form(asked).into_iter().collect::<HashMap<_, _>>().into_iter().collect(),
    };
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| value.get(*name));
        found.and_then(|value| value.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let user = text(&["user", "username", "name"])?;
    let password = text(&["password", "passwd"])?;
    let fits = user.chars().count() <= USER_CHARS_MAX && !user.chars().any(char::is_control);
    fits.then_some((user, password))
}

fn with_cookie(reply: Reply, id: &str, max_age_s: Option<u64>) -> Reply {
    let age = max_age_s.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    let cookie = format!("{COOKIE}={id}; Path=/; HttpOnly; Secure; SameSite=Lax{age}");
    match HeaderValue::from_str(&cookie) {
        Ok(cookie) => reply.with(SET_COOKIE, cookie),
        Err(_) => reply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_ends_the_session_before_it() {
        let sessions = Sessions::new(None);
        let first = sessions.begin("ada", None);
        assert_eq!(sessions.find(&first).unwrap().0, "ada");
        let second = sessions.begin("ada", Some(first.clone()));
        assert_ne!(first, second);
        assert!(sessions.find(&first).is_none());
        assert!(sessions.find(&second).is_some());
        assert_eq!(second.len(), 43, "256 bits in base64url");
    }

    #[test]
    fn there_are_never_more_than_the_limit() {
        let sessions = Sessions::new(None);
        let first = sessions.begin("0", None);
        for n in 1..=SESSIONS_MAX {
            sessions.begin(&n.to_string(), None);
        }
        assert_eq!(sessions.open().len(), SESSIONS_MAX);
        assert!(sessions.find(&first).is_none());
    }
}
