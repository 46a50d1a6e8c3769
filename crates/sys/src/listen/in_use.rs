//! "Address already in use", with who uses it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::process::{self, Holder, Protocol};

/// An address is taken. It travels inside an [`io::Error`] of the kind
/// [`io::ErrorKind::AddrInUse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// What could not be bound: `tcp://127.0.0.1:80`, `unix:/run/x`.
    pub address: String,
    /// Who holds it, where that can be seen.
    pub holder: Option<Holder>,
    /// Nobody listens there: what is left are connections in TIME-WAIT.
    pub only_time_wait: bool,
}

impl InUse {
    pub(super) fn port(address: SocketAddr, protocol: Protocol) -> InUse {
        let scheme = match protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        let port = address.port();
        let taken = !process::addresses_bound(protocol, port).is_empty();
        InUse {
            address: format!("{scheme}://{address}"),
            holder: process::holder_of_port(protocol, port),
            only_time_wait: protocol == Protocol::Tcp
                && !taken
                && process::connections_in_time_wait(port) > 0,
        }
    }

    pub(super) fn path(path: &Path) -> InUse {
        InUse {
            address: format!("unix:{}", path.display()),
            holder: process::holder_of_path(path),
            only_time_wait: false,
        }
    }
}

impl fmt::Display for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bind to {}: address already in use", self.address)?;
        match &self.holder {
            Some(holder) => write!(f, " by {} (process {})", holder.name, holder.pid),
            None if self.only_time_wait => f.write_str(
                " by connections in TIME-WAIT; both the earlier server and this one must set \
                 SO_REUSEADDR to bind beside them",
            ),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InUse {}

impl From<InUse> for io::Error {
    fn from(in_use: InUse) -> io::Error {
        io::Error::new(io::ErrorKind::AddrInUse, in_use)
    }
}
