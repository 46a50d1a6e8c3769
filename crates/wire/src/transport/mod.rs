//! The transport layer: which program on the host.

pub mod message;
pub mod port;
pub mod proxy;
pub mod socks;
mod tcp;
mod tcp_info;
mod udp;

pub use port::port_name;
pub use tcp::{Tcp, TcpOption, TcpOptionType};
pub use tcp_info::TcpInfo;
pub use udp::Udp;
