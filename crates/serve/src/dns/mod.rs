//! Zones, an authority that serves them, and a recursive resolver.
//!
//! [`Authority`] answers from a [`ZoneSet`]; [`Recursor`] knows nothing but
//! the root servers' addresses and asks its way down. Both speak UDP and TCP
//! as services of the accept core.

mod authority;
mod cache;
mod iterate;
mod recursor;
mod transport;
mod upstream;
mod zone;

pub use authority::{Authority, AuthorityBehaviour};
pub use recursor::{Recursor, ResolverBehaviour, RootServer};
pub use upstream::{AskError, SocketFactory, ask_resolver};
pub use zone::{Lookup, Zone, ZoneError, ZoneSet};
