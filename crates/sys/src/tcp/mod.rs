//! TCP: opening a connection and keeping all that the kernel can tell of it.

mod dial;
mod info;
mod listen;

pub(crate) use dial::set_ttl;
pub use dial::{DialOptions, DialOutcome, DialReport, dial};
pub use info::{TcpInfo, path_mtu_bytes, state_name, tcp_info, unsent_bytes};
pub use listen::{BACKLOG_DEFAULT, listen, reset_on_close, unconnected};
