//! A certificate authority, and TLS in front of any service.
//!
//! [`CertificateAuthority`] issues [`Chain`]s, healthy ones and each kind of
//! broken one; [`TlsSite`] presents them, by the name that the client asks
//! for, and hands what is inside to a [`Service`](crate::core::Service).
//!
//! [`Terminator`] does the same with a certificate from files, or one made on
//! the spot, and can demand certificates of its clients:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use plumb_serve::echo::Echo;
//! use plumb_serve::tls::{CurrentTls, IdentityFrom, Terminator, TlsSettings};
//!
//! let identity = IdentityFrom::Files { certificate: "cert.pem".into(), key: "key.pem".into() };
//! let tls = Arc::new(CurrentTls::new(TlsSettings::new(identity))?);
//! let service = Terminator::new(tls, Echo::default());
//! # let _ = service; Ok(()) }
//! ```

mod authority;
mod chain;
mod client;
mod handshake;
mod identity;
mod places;
mod settings;
mod simple;
mod site;
mod stream;
mod terminator;
mod words;

pub use authority::{AuthorityError, CertificateAuthority, INTERMEDIATE_URL};
pub(crate) use chain::pem;
pub use chain::{Chain, ChainKind};
pub use client::ClientIdentity;
pub use handshake::Session;
pub use identity::{CHAIN_LENGTH_MAX, Identity, IdentityError};
pub use places::HANDSHAKES_MAX;
pub use settings::{ClientCertificates, CurrentTls, IdentityFrom, TlsError, TlsSettings};
pub use site::{TlsBehaviour, TlsSite};
pub use terminator::Terminator;
