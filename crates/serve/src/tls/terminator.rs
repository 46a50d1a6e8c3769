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
        let inner = handshake.perform(stream, &mut context).await?;
        match inner {
            Some(stream) => self.service.serve(stream, context).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Endpoint, Events, Forget, Ledger, Limits};
    use crate::echo::Echo;
    use crate::tls::{Identity, IdentityFrom, TlsSettings};

    #[test]
    fn a_connection_keeps_no_place_for_its_handshake() {
        /// What the service itself needs, and the session.
        const ROOM_BYTES: usize = 512;
        let identity = Identity::made_for(&["localhost".to_owned()], 0).unwrap();
        let tls = CurrentTls::new(TlsSettings::new(IdentityFrom::Made(identity))).unwrap();
        let front = Terminator::new(Arc::new(tls), Echo::default());
        let limits = Arc::new(Limits::default());
        let here = Endpoint::from(std::net::SocketAddr::from(([127, 0, 0, 1], 1)));
        let context = || Context {
            peer: here.clone(),
            local: here.clone(),
            proxy: None,
            stop: Default::default(),
            events: Events::new("test", Forget),
            limits: Arc::clone(&limits),
            ledger: Arc::new(Ledger::new(Arc::clone(&limits))),
            tls: None,
        };
        let stream = || tokio::io::duplex(1).0;
        let inside = std::mem::size_of_val(&front.service.serve(stream(), context()));
        let whole = std::mem::size_of_val(&front.serve(stream(), context()));
        assert!(whole < inside + ROOM_BYTES, "{whole} bytes for {inside}");
    }
}
