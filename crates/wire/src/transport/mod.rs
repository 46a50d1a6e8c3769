//! The transport layer: which program on the host.

pub mod message;
pub mod port;
pub mod proxy;
pub mod socks;
mod tcp;
mod udp;

pub use port::port_name;
pub use tcp::{Tcp, TcpOption, TcpOptionType};
pub use udp::Udp;
