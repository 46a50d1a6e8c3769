//! TLS in front of any service.

use std::io;
use std::sync::Arc;

use super::handshake::{Handshake, Plain};
use super::settings::CurrentTls;
use crate::core::{Context, Io, Service};

/// TLS in front of `T`, which sees the plain stream and, in
/// [`Context::tls`](crate::core::Context), what was agreed on.
#[derive(Debug)]
pub struct Terminator<T> {
    tls: Arc<CurrentTls>,
    service: T,
}

impl<T: Service> Terminator<T> {
    /// `service` behind this TLS.
    pub fn new(tls: Arc<CurrentTls>, service: T) -> Self {
        Terminator { tls, service }
    }
}

impl<T: Service> Service for Terminator<T> {
    async fn serve<S: Io>(&self, stream: S, mut context: Context) -> io::Result<()> {
        let handshake = Handshake {
            config: self.tls.config(),
            plain: if self.tls.offers_http() { Plain::Http } else { Plain::Text },
            places: Some(&self.tls.places),
        };
        match handshake.perform(stream, &mut context).await? {
            Some(stream) => self.service.serve(stream, context).await,
            None => Ok(()),
        }
    }
}
