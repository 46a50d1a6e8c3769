//! `plumb serve token key`.

use std::path::PathBuf;

use clap::Args;
use plumb_report::Line;
use plumb_serve::auth::{self, NewKey};
use serde::Serialize;

use crate::args::output::OutputArgs;
use crate::args::who::{Algorithm, algorithm};
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Make a key for tokens
///
/// Prints a secret for HS256, or a PEM private key for ES256 and EdDSA. With
/// --save the key goes to a file that only its owner can read, and what servers
/// need to check tokens, the public key, to FILE.pub.
#[derive(Debug, Args)]
pub struct Key {
    /// For this algorithm: HS256, ES256, ES384 or EdDSA
    #[arg(long, value_name = "ALG", default_value = "HS256", value_parser = algorithm)]
    alg: Algorithm,

    /// Write the key to FILE, which must not be there yet
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// What was made. The key itself is in it only if it was not saved.
#[derive(Debug, Serialize)]
struct Made<'a> {
    algorithm: String,
    key: Option<&'a str>,
    public_key: Option<&'a str>,
}

impl Run for Key {
    const EXAMPLES: &'static str = "
        plumb serve token key --save key.txt
        plumb serve token key --alg ES256 --save private.pem   # and private.pem.pub";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let made = NewKey::make(self.alg).map_err(CommandError::usage)?;
        if let Some(path) = &self.save {
            let failed = |error| CommandError::file("write", path, error);
            made.save(path).map_err(failed)?;
        }
        let shown = self.save.is_none().then_some(made.key.as_str());
        let mut session = Session::begin(&mut output, "serve token key")?;
        let algorithm = auth::algorithm_name(self.alg);
        session.record(
            "token_key",
            &Made { algorithm, key: shown, public_key: made.public.as_deref() },
        )?;
        match (&self.save, shown) {
            (Some(path), _) => {
                let mut lines = vec![Line::plain(format!("{}: the key, keep it", path.display()))];
                if made.public.is_some() {
                    lines.push(Line::plain(format!(
                        "{}.pub: the public key, for --jwt-key",
                        path.display()
                    )));
                }
                session.lines(&lines)?;
            }
            (None, Some(key)) if !self.output.json => session.output().raw(key.as_bytes())?,
            _ => {}
        }
        session.end(ExitStatus::GOOD)
    }
}
