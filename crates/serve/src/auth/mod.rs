//! Who may: bearer tokens, JSON Web Tokens, users with passwords.
//!
//! A [`Gatekeeper`] decides about a request before its body is read. What
//! stands in files is read again when they change. Secrets are compared by
//! keyed hash or in constant time, and who fails too often waits.
//!
//! Client certificates are [`tls`](crate::tls)'s, addresses the accept core's.

mod gatekeeper;
pub mod jwt;
mod jwt_key;
mod lockout;
mod new_key;
mod passwords;
mod refusal;
mod tokens;
mod users;

pub use jsonwebtoken::Algorithm;

pub use gatekeeper::{Decision, Gatekeeper, GatekeeperError, GatekeeperSettings, JwtSettings};
pub use jwt_key::{
    Key, KeyError, KeyKind, SECRET_BYTES_MIN, algorithm, algorithm_name, read_pinned,
};
pub use lockout::{FAILURES_REMEMBERED_MAX, LockOut, WAIT_MAX};
pub use new_key::{NewKey, random_text};
pub use refusal::Refusal;
pub use tokens::{TOKENS_MAX, TokensError, open_to_others, warnings};
pub use users::{
    Change, NAME_BYTES_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHARACTERS_MIN, USERS_MAX, Users,
    UsersError,
};
