//! The decision about one request.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use http::header::AUTHORIZATION;
use http::request::Parts;
use jsonwebtoken::Algorithm;
use tokio_util::sync::CancellationToken;

use base64::Engine as _;
use plumb_wire::http::auth::Auth;

use super::jwt::{self, Invalid, LEEWAY_S_DEFAULT, Rules};
use super::jwt_key::{Key, KeyError, read_pinned};
use super::lockout::{Failures, LockOut, Who};
use super::passwords::{Busy, Passwords};
use super::refusal::{Challenges, Refusal};
use super::tokens::{Tokens, TokensError, is_bearer_token};
use super::users::{NAME_BYTES_MAX, PASSWORD_BYTES_MAX, Users, UsersError, hash_of_nobody};
use crate::core::{EventKind, Events, Phase, Rule};
use crate::http::About;
use crate::watched::{LOOK_EVERY, Watched};

/// What a gatekeeper is told.
#[derive(Debug, Clone)]
pub struct GatekeeperSettings {
    /// What clients are told that they log in to.
    pub realm: String,
    /// A file of bearer tokens.
    pub tokens: Option<PathBuf>,
    /// JSON Web Tokens.
    pub jwt: Option<JwtSettings>,
    /// A file of users with password hashes.
    pub users: Option<PathBuf>,
    /// When to let somebody wait.
    pub lock_out: LockOut,
}

/// Which JSON Web Tokens are good.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// A secret or a PEM public key.
    pub key: PathBuf,
    /// The algorithms that are taken; the usual one of the key, if empty.
    pub algorithms: Vec<Algorithm>,
    /// Issuers that are believed; any, if empty.
    pub issuers: Vec<String>,
    /// Audiences that this server is.
    pub audiences: Vec<String>,
    /// Seconds that the issuer's clock may differ.
    pub leeway_s: u64,
}

impl Default for GatekeeperSettings {
    fn default() -> Self {
        GatekeeperSettings {
            realm: "plumb".to_owned(),
            tokens: None,
            jwt: None,
            users: None,
            lock_out: LockOut::default(),
        }
    }
}

impl JwtSettings {
    /// Tokens of this key, from any issuer, for no audience.
    pub fn new(key: PathBuf) -> Self {
        JwtSettings {
            key,
            algorithms: Vec::new(),
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway_s: LEEWAY_S_DEFAULT,
        }
    }
}

/// A gatekeeper cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message says it")]
pub enum GatekeeperError {
    #[error(transparent)]
    Tokens(#[from] TokensError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Users(#[from] UsersError),
}

/// What is decided about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may pass.
    Allow {
        /// Who it is from.
        user: Option<String>,
    },
    /// It gets this answer instead.
    Refuse(Refusal),
}

#[derive(Debug)]
struct JwtCheck {
    key: Watched<(Key, Vec<Algorithm>), KeyError>,
    settings: JwtSettings,
}

/// Decides who may.
#[derive(Debug)]
pub struct Gatekeeper {
    challenges: Challenges,
    tokens: Option<Watched<Tokens, TokensError>>,
    jwt: Option<JwtCheck>,
    users: Option<Watched<Users, UsersError>>,
    passwords: Passwords,
    failures: Failures,
}

impl Gatekeeper {
    /// Reads all files.
    ///
    /// # Errors
    /// When one cannot be read or used.
    pub fn new(settings: GatekeeperSettings) -> Result<Self, GatekeeperError> {
        let challenges = Challenges {
            realm: settings.realm,
            basic: settings.users.is_some(),
            bearer: settings.tokens.is_some() || settings.jwt.is_some(),
        };
        let tokens = settings.tokens.map(|path| {
            let of = path.clone();
            Watched::new(vec![path], move || Tokens::read(&of))
        });
        let users = settings.users.map(|path| {
            let of = path.clone();
            Watched::new(vec![path], move || Users::read_some(&of))
        });
        let jwt = settings.jwt.map(|settings| {
            let of = settings.clone();
            let key = Watched::new(vec![settings.key.clone()], move || {
                read_pinned(&of.key, &of.algorithms)
            });
            key.map(|key| JwtCheck { key, settings })
        });
        Ok(Gatekeeper {
            challenges,
            tokens: tokens.transpose()?,
            jwt: jwt.transpose()?,
            users: users.transpose()?,
            passwords: Passwords::new(),
            failures: Failures::new(settings.lock_out),
        })
    }

    /// Decides about one request, by its header alone.
    pub async fn check(&self, request: &Parts, about: &About) -> Decision {
        match self.decide(request, about).await {
            Ok(user) => Decision::Allow { user: Some(user) },
            Err(refusal) => Decision::Refuse(refusal),
        }
    }

    async fn decide(&self, request: &Parts, about: &About) -> Result<String, Refusal> {
        let mut fields = request.headers.get_all(AUTHORIZATION).iter();
        let Some(field) = fields.next() else {
            return Err(self.challenges.wanted("credentials are needed"));
        };
        if fields.next().is_some() {
            return Err(self.challenges.invalid_request("there are two Authorization fields"));
        }
        let client = about.client.map(Who::client);
        if let Some(wait) = client.and_then(|who| self.failures.locked(who, Instant::now())) {
            return Err(Refusal::locked(wait));
        }
        let Some(auth) = field.to_str().ok().and_then(Auth::credentials) else {
            return Err(self.challenges.invalid_request("the Authorization field makes no sense"));
        };
        match auth.token68 {
            Some(token) if self.challenges.bearer && auth.scheme.eq_ignore_ascii_case("bearer") => {
                self.bearer(&token, about)
            }
            Some(encoded) if self.challenges.basic && auth.scheme.eq_ignore_ascii_case("basic") => {
                self.basic(&encoded, about).await
            }
            _ => Err(self.challenges.wanted("credentials of this kind are not taken here")),
        }
    }

    fn bearer(&self, token: &str, about: &About) -> Result<String, Refusal> {
        if !is_bearer_token(token) {
            return Err(self.challenges.invalid_request("the token is not one of RFC 6750"));
        }
        if let Some(tokens) = &self.tokens {
            if let Some(owner) = tokens.get().owner(token) {
                return Ok(owner.to_owned());
            }
            if self.jwt.is_none() {
                self.failed(about.client, &about.events, None, "an unknown token");
                return Err(self.challenges.invalid_token("the token is not known here"));
            }
        }
        let Some(check) = &self.jwt else {
            return Err(self.challenges.wanted("credentials are needed"));
        };
        match check.verify(token) {
            Ok(user) => Ok(user),
            Err(why) => {
                let words = why.to_string();
                // Who holds a token that was good does not guess.
                if is_a_guess(&why) {
                    self.failed(about.client, &about.events, None, &words);
                } else {
                    about.events.security(Rule::Credentials, Phase::Authentication, words.as_str());
                }
                Err(self.challenges.invalid_token(&words))
            }
        }
    }

    async fn basic(&self, encoded: &str, about: &About) -> Result<String, Refusal> {
        let Some((name, password)) = user_and_password(encoded) else {
            let reason = "the credentials are not base64 of name:password in UTF-8";
            return Err(self.challenges.invalid_request(reason));
        };
        self.password(name, password, about.client, &about.events).await
    }

    /// Whether this is the password of that user, for a login by other means
    /// than HTTP's own. Failures are told, and count for the user and the client.
    pub async fn password_fits(
        &self,
        name: String,
        password: String,
        client: Option<IpAddr>,
        events: &Events,
    ) -> bool {
        if name.len() > NAME_BYTES_MAX || password.len() > PASSWORD_BYTES_MAX {
            self.failed(client, events, None, "a name or a password that nobody here has");
            return false;
        }
        self.password(name, password, client, events).await.is_ok()
    }

    /// Whether there are users with passwords.
    pub fn has_users(&self) -> bool {
        self.users.is_some()
    }

    async fn password(
        &self,
        name: String,
        password: String,
        client: Option<IpAddr>,
        events: &Events,
    ) -> Result<String, Refusal> {
        let Some(users) = self.users.as_ref().map(Watched::get) else {
            return Err(self.challenges.wanted("credentials are needed"));
        };
        let known = users.hash_of(&name);
        let nobody = hash_of_nobody(&users);
        let hash = known.unwrap_or(&nobody);
        let who = client.map(Who::client);
        let client_text = match who {
            Some(Who::Client(address)) => address.to_string(),
            _ => String::new(),
        };
        let proof = self.passwords.proof(&name, &password, &client_text, hash);
        // Before the lock of the user: who guesses from elsewhere does not lock
        // out the one who is at work.
        if known.is_some() && self.passwords.is_recent(&proof) {
            return Ok(name);
        }
        let locked = || {
            let now = Instant::now();
            let user = self.failures.locked(Who::User(&name), now);
            user.max(who.and_then(|who| self.failures.locked(who, now)))
        };
        if let Some(wait) = locked() {
            return Err(Refusal::locked(wait));
        }
        let check = self.passwords.check(password, hash.to_owned(), || locked().is_none()).await;
        match check {
            Err(Busy) => Err(Refusal::busy()),
            Ok(None) => Err(Refusal::locked(locked().unwrap_or_default())),
            Ok(Some(true)) if known.is_some() => {
                self.passwords.remember(proof);
                self.failures.succeeded(Who::User(&name));
                who.inspect(|who| self.failures.succeeded(*who));
                Ok(name)
            }
            Ok(Some(_)) => {
                let detail = format!("a wrong password for {name:?}");
                self.failed(client, events, Some(&name), &detail);
                Err(self.challenges.wrong_password())
            }
        }
    }

    /// Counts a failure of the client, and of the user where one was named.
    fn failed(&self, client: Option<IpAddr>, events: &Events, user: Option<&str>, detail: &str) {
        let tell = |rule, detail: &str| {
            events.security(rule, Phase::Authentication, detail);
        };
        tell(Rule::Credentials, detail);
        let now = Instant::now();
        for who in client.map(Who::client).into_iter().chain(user.map(Who::User)) {
            if let Some(wait) = self.failures.failed(who, now) {
                let who = match who {
                    Who::Client(address) => format!("the client {address}"),
                    Who::User(name) => format!("the user {name:?}"),
                };
                let wait = wait.as_secs();
                tell(Rule::LockOut, &format!("{who} waits for {wait} s after repeated failures"));
            }
        }
    }

    /// Reads all files again now, and tells how that went.
    pub fn reload(&self, events: &Events) {
        self.look(true, events);
    }

    /// Follows the files until `stop`, and tells of each change.
    pub async fn watch(self: Arc<Self>, events: Events, stop: CancellationToken) {
        let mut often = tokio::time::interval(LOOK_EVERY);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(often.tick()).await.is_some() {
            let (gatekeeper, events) = (Arc::clone(&self), events.clone());
            // Reading files may take its time.
            let _ = tokio::task::spawn_blocking(move || gatekeeper.look(false, &events)).await;
        }
    }

    fn look(&self, now: bool, events: &Events) {
        if let Some(tokens) = &self.tokens {
            tell(tokens, now, "tokens", events);
        }
        if let Some(jwt) = &self.jwt {
            tell(&jwt.key, now, "key for tokens", events);
        }
        if let Some(users) = &self.users {
            tell(users, now, "users", events);
        }
    }
}

impl JwtCheck {
    /// Who the token is for.
    fn verify(&self, token: &str) -> Result<String, Invalid> {
        let pinned = self.key.get();
        let (key, algorithms) = &*pinned;
        let rules = Rules {
            algorithms: algorithms.clone(),
            issuers: self.settings.issuers.clone(),
            audiences: self.settings.audiences.clone(),
            leeway_s: self.settings.leeway_s,
        };
        let now = u64::try_from(plumb_sys::clock::unix_s()).unwrap_or(0);
        let claims = jwt::verify(token, key, &rules, now)?;
        let subject = claims.get("sub").and_then(|sub| sub.as_str());
        Ok(subject.unwrap_or("a token without a subject").to_owned())
    }
}

/// Whether such a token may come from one who tries.
fn is_a_guess(why: &Invalid) -> bool {
    !matches!(
        why,
        Invalid::Expired { .. }
            | Invalid::NotYet { .. }
            | Invalid::Issuer
            | Invalid::NoIssuer
            | Invalid::Audience
            | Invalid::NoAudience
    )
}

/// `name:password` in base64, RFC 7617 section 2; UTF-8 is what was asked for.
fn user_and_password(encoded: &str) -> Option<(String, String)> {
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const FORGIVING: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    /// What four characters of base64 carry, with room for the colon.
    const ENCODED_MAX: usize = (NAME_BYTES_MAX + 1 + PASSWORD_BYTES_MAX).div_ceil(3) * 4;
    if encoded.len() > ENCODED_MAX {
        return None;
    }
    let text = String::from_utf8(FORGIVING.decode(encoded).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn tell<T, E: std::fmt::Display>(watched: &Watched<T, E>, now: bool, what: &str, events: &Events) {
    let path = watched.paths().first().map(|path| path.display().to_string()).unwrap_or_default();
    let text = match watched.look(now) {
        None => return,
        Some(Ok(())) => format!("the {what} in {path} were read again"),
        Some(Err(error)) => format!("{error}; the {what} that were read before stay"),
    };
    events.emit(EventKind::Note { text });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &[u8]) -> String {
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    #[test]
    fn basic_credentials_are_read_as_their_standard_says() {
        let read = |text: &[u8]| user_and_password(&encoded(text));
        let pair = |name: &str, password: &str| Some((name.to_owned(), password.to_owned()));
        assert_eq!(read(b"Aladdin:open sesame"), pair("Aladdin", "open sesame"));
        assert_eq!(read("test:123£".as_bytes()), pair("test", "123£"));
        assert_eq!(read(b"a:b:c"), pair("a", "b:c"));
        assert_eq!(read(b":"), pair("", ""));
        assert_eq!(read(b"nobody"), None);
        assert_eq!(read(b"a:\xff"), None);
        assert_eq!(user_and_password("!"), None);
        assert_eq!(user_and_password("YTpi"), pair("a", "b"));
    }

    #[test]
    fn credentials_at_the_longest_and_past_it() {
        let name = "n".repeat(NAME_BYTES_MAX);
        let longest = format!("{name}:{}", "p".repeat(PASSWORD_BYTES_MAX));
        assert!(user_and_password(&encoded(longest.as_bytes())).is_some());
        assert!(user_and_password(&encoded(format!("{longest}ppp").as_bytes())).is_none());
    }
}
