//! `plumb serve token issue`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use plumb_serve::auth::jwt::{self, Claims};
use plumb_serve::auth::{open_to_others, random_text, read_pinned};
use serde::Serialize;
use serde_json::Value;

use crate::args::duration;
use crate::args::output::OutputArgs;
use crate::args::who::{Algorithm, algorithm};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};

/// How long a token is good unless told otherwise: it cannot be called back.
const TTL_DEFAULT: Duration = Duration::from_secs(3600);

/// Random bytes of an opaque token: 256 bits, as many as a key has.
const OPAQUE_BYTES: usize = 32;

/// Random bytes of a token's number (jti), as many as a UUID has.
const NUMBER_BYTES: usize = 16;

/// Issue a token
///
/// Prints a JSON Web Token with the claims sub, iat, exp and jti and those that
/// are asked for; with --opaque a random token, as a line of a token file.
#[derive(Debug, Args)]
pub struct Issue {
    /// Sign with the key in FILE: a secret, or a PEM private key
    #[arg(long, alias = "jwt-key", value_name = "FILE", required_unless_present = "opaque")]
    key: Option<PathBuf>,

    /// Sign with this algorithm: HS256, ES256, EdDSA, RS256, ...; else the
    /// usual one of the key
    #[arg(long, alias = "jwt-alg", value_name = "ALG", value_parser = algorithm, requires = "key")]
    alg: Option<Algorithm>,

    /// Who the token is for
    #[arg(long, alias = "subject", value_name = "USER")]
    sub: Option<String>,

    /// Whom it is meant for: the servers that may take it (can be repeated)
    #[arg(long, aliases = ["audience", "jwt-audience"], value_name = "AUD", conflicts_with = "opaque")]
    aud: Vec<String>,

    /// Who issues it
    #[arg(long, aliases = ["issuer", "jwt-issuer"], value_name = "ISS", conflicts_with = "opaque")]
    iss: Option<String>,

    /// How long it is good, such as 15m, 1h or 30d
    #[arg(long, value_name = "DUR", conflicts_with = "opaque", value_parser = duration::parse_long)]
    #[arg(default_value = duration::text(TTL_DEFAULT))]
    ttl: Duration,

    /// Say more: name=text, or name:=json (can be repeated)
    #[arg(long, value_name = "K=V", conflicts_with = "opaque", value_parser = claim)]
    claim: Vec<(String, Value)>,

    /// Make a random token for a token file
    #[arg(long, conflicts_with = "key")]
    opaque: bool,

    #[command(flatten)]
    output: OutputArgs,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Issued {
    token: String,
    name: Option<String>,
    algorithm: Option<String>,
    claims: Option<Claims>,
}

impl Run for Issue {
    const EXAMPLES: &'static str = "
        plumb serve token issue --key key.txt --sub alice
        plumb serve token issue --key private.pem --alg ES256 --sub alice --aud api --ttl 15m
        plumb serve token issue --key key.txt --sub alice --claim role=admin --claim level:=3
        plumb serve token issue --opaque --sub alice   # a line for --token-file";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let issued = match &self.key {
            Some(key) => self.signed(key)?,
            None => self.opaque()?,
        };
        let mut session = Session::begin(&mut output, "serve token issue")?;
        session.record("token", &issued)?;
        if !self.output.json {
            let name = issued.name.map(|name| format!("{name}:")).unwrap_or_default();
            session.output().raw(format!("{name}{}\n", issued.token).as_bytes())?;
        }
        session.end(ExitStatus::GOOD)
    }
}

impl Issue {
    fn opaque(&self) -> Result<Issued, CommandError> {
        if let Some(name) = &self.sub
            && (name.is_empty() || name.contains(|c: char| c == ':' || c.is_control()))
        {
            return Err(CommandError::usage(
                "the name of a token is not empty and has no colon or control character",
            ));
        }
        let token = random(OPAQUE_BYTES)?;
        Ok(Issued { token, name: self.sub.clone(), algorithm: None, claims: None })
    }

    fn signed(&self, path: &std::path::Path) -> Result<Issued, CommandError> {
        let asked: Vec<Algorithm> = self.alg.into_iter().collect();
        let (key, algorithms) =
            read_pinned(path, &asked).map_err(|error| CommandError::usage(error.to_string()))?;
        let open = open_to_others(path).filter(|_| key.can_sign());
        for warning in key.warning().into_iter().chain(open) {
            output::note(&warning);
        }
        let claims = self.claims()?;
        let token = jwt::issue(&claims, &key, algorithms[0])
            .map_err(|error| CommandError::usage(format!("{}: {error}", path.display())))?;
        if token.len() > jwt::TOKEN_BYTES_MAX {
            return Err(CommandError::usage(format!(
                "the token has {} bytes, and no server takes more than {} in a header",
                token.len(),
                jwt::TOKEN_BYTES_MAX
            )));
        }
        let algorithm = plumb_serve::auth::algorithm_name(algorithms[0]);
        Ok(Issued { token, name: None, algorithm: Some(algorithm), claims: Some(claims) })
    }

    fn claims(&self) -> Result<Claims, CommandError> {
        let now = u64::try_from(plumb_sys::clock::unix_s()).unwrap_or(0);
        let mut claims = Claims::new();
        let mut say = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        if let Some(iss) = &self.iss {
            say("iss", iss.as_str().into());
        }
        if let Some(sub) = &self.sub {
            say("sub", sub.as_str().into());
        }
        match self.aud.as_slice() {
            [] => {}
            [one] => drop(say("aud", one.as_str().into())),
            several => drop(say("aud", several.into())),
        }
        say("iat", now.into());
        say("exp", now.saturating_add(self.ttl.as_secs()).into());
        say("jti", random(NUMBER_BYTES)?.into());
        for (name, value) in &self.claim {
            say(name, value.clone());
        }
        Ok(claims)
    }
}

fn random(bytes: usize) -> Result<String, CommandError> {
    random_text(bytes)
        .ok_or_else(|| CommandError::not_measured("the system gives no random numbers"))
}

/// `name=text` or `name:=json`.
fn claim(text: &str) -> Result<(String, Value), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("write name=text, or name:=json".to_owned());
    };
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => {
            let value = serde_json::from_str(value);
            (name, value.map_err(|error| format!("{name} is not JSON: {error}"))?)
        }
        None => (name, Value::from(value)),
    };
    if name.is_empty() {
        return Err("the claim has no name".to_owned());
    }
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_are_text_or_json() {
        let read = |text: &str| claim(text).ok();
        let pair = |name: &str, value: Value| Some((name.to_owned(), value));
        assert_eq!(read("role=admin"), pair("role", json!("admin")));
        assert_eq!(read("level:=3"), pair("level", json!(3)));
        assert_eq!(read("a=b=c"), pair("a", json!("b=c")));
        assert_eq!(read("empty="), pair("empty", json!("")));
        assert_eq!(read("list:=[1,\"x\"]"), pair("list", json!([1, "x"])));
        for wrong in ["", "x", "=x", ":=1", "x:=nonsense"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
