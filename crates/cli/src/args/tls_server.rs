//! TLS on any server: its certificate, and whose it wants to see.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use plumb_serve::tls::{
    ClientCertificates, CurrentTls, Identity, IdentityFrom, TlsError, TlsSettings,
};

use crate::error::CommandError;

/// The word for a certificate that is made on the spot.
const SELF: &str = "self";

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsServerArgs {
    /// Speak TLS with the PEM chain CERT and its key KEY (one file may hold
    /// both), or with a certificate made on the spot: --tls self
    #[arg(long, value_names = ["CERT", "KEY"], num_args = 1..=2)]
    pub tls: Option<Vec<PathBuf>>,

    /// Write the certificate of --tls self to FILE, for clients to trust
    #[arg(long, value_name = "FILE")]
    pub tls_save: Option<PathBuf>,

    /// Offer these protocols in ALPN, the best first, instead of the usual
    #[arg(long, value_name = "PROTOCOL", value_delimiter = ',')]
    pub alpn: Vec<String>,

    /// Demand client certificates that these authorities (PEM) issued
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,

    /// Let clients without a certificate come too
    #[arg(long, requires = "client_ca")]
    pub client_ca_optional: bool,

    /// Let only certificates of this name come: a common name or another name
    /// in it (can be repeated)
    #[arg(long, value_name = "NAME", requires = "client_ca")]
    pub client_name: Vec<String>,
}

/// TLS that is ready to serve, and what there is to say about it.
#[derive(Debug)]
pub struct ServerTls {
    pub tls: Arc<CurrentTls>,
    identity: Identity,
    made: bool,
    saved: Option<PathBuf>,
}

/// Longest protocol name in ALPN, RFC 7301 section 3.1.
const ALPN_BYTES_MAX: usize = 255;

impl TlsServerArgs {
    /// Whether TLS was asked for.
    pub fn is_asked_for(&self) -> bool {
        self.tls.is_some()
    }

    /// The first option that means something with TLS only.
    pub fn wants_tls(&self) -> Option<&'static str> {
        [
            (self.tls_save.is_some(), "--tls-save"),
            (!self.alpn.is_empty(), "--alpn"),
            (self.client_ca.is_some(), "--client-ca"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }

    /// The directories in which files are read again when they change.
    pub fn directories(&self) -> Vec<PathBuf> {
        let own = self.tls.iter().flatten().filter(|file| *file != Path::new(SELF));
        let mut directories: Vec<PathBuf> = Vec::new();
        for file in own.chain(&self.client_ca) {
            // Where a link leads to is where the new file will be.
            let file = file.canonicalize().unwrap_or_else(|_| file.clone());
            let Some(parent) = file.parent() else { continue };
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            if !directories.iter().any(|known| known == parent) {
                directories.push(parent.to_owned());
            }
        }
        directories
    }

    /// Reads and checks all files, or makes a certificate for `names`: what
    /// clients may call this server. Nothing, if TLS was not asked for.
    ///
    /// # Errors
    /// One line about the file that cannot be used.
    pub fn prepare(
        &self,
        names: &[String],
        alpn: &[&str],
    ) -> Result<Option<ServerTls>, CommandError> {
        let Some(files) = &self.tls else { return Ok(None) };
        let made = files.len() == 1 && files[0] == Path::new(SELF);
        if self.tls_save.is_some() && !made {
            return Err(CommandError::usage("--tls-save is for --tls self")
                .hint("the certificate that you gave is a file already"));
        }
        let identity = match files.as_slice() {
            _ if made => IdentityFrom::Made(make(names)?),
            [first, second] if first == Path::new(SELF) => {
                let second = second.display();
                return Err(CommandError::usage(format!(
                    "--tls self takes no key, and {second} stands where one would"
                ))
                .hint(format!("write --tls=self {second}")));
            }
            [both] => IdentityFrom::Files { certificate: both.clone(), key: both.clone() },
            [certificate, key, ..] => {
                IdentityFrom::Files { certificate: certificate.clone(), key: key.clone() }
            }
            [] => return Ok(None), // clap wants one at least
        };
        let settings = TlsSettings {
            clients: self.client_ca.as_ref().map(|authorities| ClientCertificates {
                authorities: authorities.clone(),
                names: self.client_name.clone(),
                optional: self.client_ca_optional,
            }),
            alpn: self.alpn(alpn)?,
            ..TlsSettings::new(identity)
        };
        let tls = Arc::new(CurrentTls::new(settings).map_err(|error| not_usable(&error))?);
        let identity = tls.identity();
        if let Some(path) = &self.tls_save {
            std::fs::write(path, identity.chain().certificates_pem())
                .map_err(|error| CommandError::file("write", path, error))?;
        }
        Ok(Some(ServerTls { tls, identity, made, saved: self.tls_save.clone() }))
    }

    fn alpn(&self, usual: &[&str]) -> Result<Vec<Vec<u8>>, CommandError> {
        let asked = self.alpn.iter().map(String::as_str);
        let names: Vec<&str> = if self.alpn.is_empty() { usual.to_vec() } else { asked.collect() };
        if let Some(wrong) = names.iter().find(|name| !(1..=ALPN_BYTES_MAX).contains(&name.len())) {
            return Err(CommandError::usage(format!(
                "a protocol of ALPN has 1 to {ALPN_BYTES_MAX} bytes, not {}",
                wrong.len()
            )));
        }
        Ok(names.into_iter().map(|name| name.as_bytes().to_vec()).collect())
    }
}

impl ServerTls {
    /// What to say on stderr when the server is ready; `authority` is how
    /// clients call it, with the port: `localhost:8443`.
    pub fn notes(&self, authority: &str) -> Vec<String> {
        let warning = self.identity.warning(plumb_sys::clock::unix_s());
        let mut notes: Vec<String> = warning.into_iter().collect();
        if !self.made {
            return notes;
        }
        notes.push(format!("certificate made on the spot, {}", self.identity.fingerprint()));
        match (&self.saved, self.identity.key_pin()) {
            (Some(path), _) => {
                let path = path.display();
                notes.push(format!("clients: curl --cacert {path} https://{authority}/"));
                notes.push(format!(
                    "clients: openssl s_client -CAfile {path} -verify_return_error -connect {authority}"
                ));
            }
            (None, Some(pin)) => notes.push(format!(
                "clients: curl -k --pinnedpubkey sha256//{pin} https://{authority}/ \
                 (or --tls-save FILE here, and --cacert FILE there)"
            )),
            (None, None) => {}
        }
        notes
    }
}

fn make(names: &[String]) -> Result<Identity, CommandError> {
    Identity::made_for(names, plumb_sys::clock::unix_s()).map_err(|error| not_usable(&error.into()))
}

fn not_usable(error: &TlsError) -> CommandError {
    CommandError::usage(error.to_string()).hint_if(error.remedy())
}

/// `--tls self` as `--tls=self`, so that what follows is not taken for a key.
pub(crate) fn without_ambiguity(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Vec<std::ffi::OsString> {
    let mut plain: Vec<std::ffi::OsString> = Vec::new();
    let mut options = true;
    for argument in arguments {
        options &= argument != "--";
        match plain.last_mut() {
            Some(last) if options && argument == SELF && *last == "--tls" => {
                *last = format!("--tls={SELF}").into();
            }
            _ => plain.push(argument),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_self_takes_nothing_with_it() {
        let plain = |line: &str| {
            let words = without_ambiguity(line.split(' ').map(Into::into));
            words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(plain("plumb serve http --tls self ."), "plumb serve http --tls=self .");
        assert_eq!(plain("serve http --tls c k ."), "serve http --tls c k .");
        assert_eq!(plain("lab exec h1 -- x --tls self"), "lab exec h1 -- x --tls self");
    }

    #[test]
    fn a_protocol_at_the_limit_and_one_past_it() {
        let args = |length: usize| TlsServerArgs {
            alpn: vec!["x".repeat(length)],
            ..TlsServerArgs::default()
        };
        assert!(args(ALPN_BYTES_MAX).alpn(&[]).is_ok());
        assert!(args(ALPN_BYTES_MAX + 1).alpn(&[]).is_err());
        assert!(args(0).alpn(&[]).is_err());
        assert_eq!(TlsServerArgs::default().alpn(&["h2"]).unwrap(), [b"h2"]);
    }
}
