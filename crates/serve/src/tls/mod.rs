//! A certificate authority, and TLS in front of any service.
//!
//! [`CertificateAuthority`] issues [`Chain`]s, healthy ones and each kind of
//! broken one; [`TlsSite`] presents them, by the name that the client asks
//! for, and hands what is inside to a [`Service`](crate::core::Service).

mod authority;
mod chain;
mod site;

pub use authority::{AuthorityError, CertificateAuthority, INTERMEDIATE_URL};
pub use chain::{Chain, ChainKind};
pub use site::{Session, TlsBehaviour, TlsSite};
