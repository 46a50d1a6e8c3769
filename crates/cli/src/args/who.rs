//! Who may: by address on every server, by credentials on those that speak HTTP.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use plumb_serve::auth::{
    self, Gatekeeper, GatekeeperSettings, JwtSettings, Key, LockOut, open_to_others,
};
use plumb_serve::core::access::AccessList;

use super::duration;
use crate::error::CommandError;
use crate::output;

/// Which addresses may come, on any server.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who may")]
pub struct AccessArgs {
    /// Let only these addresses and prefixes come (can be repeated)
    #[arg(long, value_name = "NET", value_parser = network, value_delimiter = ',')]
    pub allow: Vec<IpNet>,

    /// Keep these addresses and prefixes out, even if they are allowed (can be
    /// repeated)
    #[arg(long, value_name = "NET", value_parser = network, value_delimiter = ',')]
    pub deny: Vec<IpNet>,
}

impl AccessArgs {
    pub fn list(&self) -> AccessList {
        AccessList::new(self.allow.iter().copied(), self.deny.iter().copied())
    }
}

/// A prefix, or an address alone.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
        "not an address or prefix such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32".to_owned()
    })
}

/// Who has the right credentials, on servers that speak HTTP.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Who may")]
pub struct WhoArgs {
    /// Take the bearer tokens in FILE, lines of NAME:TOKEN or TOKEN (plumb
    /// serve token issue --opaque makes them)
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Take JSON Web Tokens signed with this key: a secret, or a PEM public key
    #[arg(long, value_name = "FILE")]
    pub jwt_key: Option<PathBuf>,

    /// Take only these algorithms: HS256, RS256, PS256, ES256, EdDSA, ...; else
    /// the usual one of the key
    #[arg(long, value_name = "ALG", value_delimiter = ',', requires = "jwt_key")]
    #[arg(value_parser = algorithm)]
    pub jwt_alg: Vec<Algorithm>,

    /// Believe only this issuer (can be repeated)
    #[arg(long, value_name = "ISS", requires = "jwt_key")]
    pub jwt_issuer: Vec<String>,

    /// Take tokens meant for this audience, and no others (can be repeated)
    #[arg(long, value_name = "AUD", requires = "jwt_key")]
    pub jwt_audience: Vec<String>,

    /// Let the issuer's clock differ by this much
    #[arg(long, value_name = "DUR", requires = "jwt_key", value_parser = duration::parse)]
    #[arg(default_value = duration::text(Duration::from_secs(auth::jwt::LEEWAY_S_DEFAULT)))]
    pub jwt_leeway: Duration,

    /// Take the users and passwords in FILE (plumb serve user add makes them)
    #[arg(long, value_name = "FILE")]
    pub users: Option<PathBuf>,

    /// What clients are told that they log in to
    #[arg(long, value_name = "TEXT", default_value = "plumb", value_parser = realm)]
    pub realm: String,

    /// Let a user or client wait after this many failures; 0 never does
    #[arg(long, value_name = "N", default_value_t = LockOut::default().failures)]
    pub lock_out: u32,

    /// The first wait; each further failure doubles it
    #[arg(long, value_name = "DUR", value_parser = duration::parse)]
    #[arg(default_value = duration::text(LockOut::default().wait))]
    pub lock_out_for: Duration,
}

/// An algorithm of JSON Web Tokens by its name.
pub type Algorithm = auth::Algorithm;

/// The algorithm of this name.
pub fn algorithm(name: &str) -> Result<Algorithm, String> {
    if name.eq_ignore_ascii_case("none") {
        return Err("a token that is not signed proves nothing".to_owned());
    }
    auth::algorithm(name).ok_or_else(|| {
        "not HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA"
            .to_owned()
    })
}

fn realm(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if plain { Ok(text.to_owned()) } else { Err("a realm is written in ASCII".to_owned()) }
}

impl WhoArgs {
    /// Reads all files; nothing where everybody may. Warnings go to stderr.
    ///
    /// # Errors
    /// One line about the file that cannot be used.
    pub fn gatekeeper(&self) -> Result<Option<Arc<Gatekeeper>>, CommandError> {
        if self.token_file.is_none() && self.jwt_key.is_none() && self.users.is_none() {
            return Ok(None);
        }
        let settings = GatekeeperSettings {
            realm: self.realm.clone(),
            tokens: self.token_file.clone(),
            jwt: self.jwt_key.clone().map(|key| JwtSettings {
                algorithms: self.jwt_alg.clone(),
                issuers: self.jwt_issuer.clone(),
                audiences: self.jwt_audience.clone(),
                leeway_s: self.jwt_leeway.as_secs(),
                ..JwtSettings::new(key)
            }),
            users: self.users.clone(),
            lock_out: LockOut { failures: self.lock_out, wait: self.lock_out_for },
        };
        let gatekeeper =
            Gatekeeper::new(settings).map_err(|error| CommandError::usage(error.to_string()))?;
        for warning in self.warnings() {
            output::note(&warning);
        }
        Ok(Some(Arc::new(gatekeeper)))
    }

    /// The files that are followed.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.token_file.iter().chain(&self.jwt_key).chain(&self.users)
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(path) = &self.token_file {
            warnings.extend(auth::warnings(path));
        }
        if let Some(path) = &self.users {
            warnings.extend(open_to_others(path));
        }
        if let Some(path) = &self.jwt_key
            && let Ok(key) = Key::read(path)
        {
            warnings.extend(key.warning());
            if key.can_sign() {
                // A public key may be read by all.
                warnings.extend(open_to_others(path));
            }
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_as_people_write_them() {
        let text = |text: &str| network(text).map(|net| net.to_string()).ok();
        assert_eq!(text("192.0.2.7").as_deref(), Some("192.0.2.7/32"));
        assert_eq!(text("10.0.0.0/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(text("::1").as_deref(), Some("::1/128"));
        for wrong in ["", "localhost", "10.0.0.0/33", "10/8"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_algorithm_is_none() {
        assert!(algorithm("none").is_err() && algorithm("NONE").is_err());
        assert!(algorithm("HS256").is_ok() && algorithm("EdDSA").is_ok());
        assert!(algorithm("hs256").is_err() && algorithm("").is_err());
    }
}
