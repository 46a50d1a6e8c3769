//! Every server of plumb, on one hardened accept core.
//!
//! * [`core`]: accepts connections and datagrams on sockets that the caller
//!   bound, keeps the limits, tells what happens, stops gracefully;
//! * [`tls`]: a certificate authority, and TLS in front of any service;
//! * [`auth`]: who may: tokens, JWT, users with passwords, lock-out;
//! * [`raw`]: answers that no library gives: old versions, alerts, silence;
//! * [`dns`]: zones, an authority that serves them, a recursive resolver;
//! * [`http`]: HTTP/1.0, 1.1 and 2 around any handler; files, the API, the lab's
//!   site;
//! * [`echo`]: what comes goes back, or a reply to it;
//! * [`small`]: discard, daytime and greetings;
//! * [`proxy`]: an HTTP proxy (CONNECT and absolute-form);
//! * [`watched`]: files that are followed while a server runs.
//!
//! # A server of one's own
//!
//! A [`Service`](core::Service) speaks a protocol on one connection; the
//! [`Server`](core::Server) around it keeps the [`Limits`](core::Limits):
//! connections in all and per client, time-outs, slow readers, rates. A panic
//! ends one connection, and [`stop`](core::Server::stop) lets the others finish.
//!
//! ```
//! use plumb_serve::core::{Context, Forget, Io, Limits, Server, Service};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! /// Answers each byte with the next one.
//! struct Successor;
//!
//! impl Service for Successor {
//!     async fn serve<S: Io>(&self, mut stream: S, context: Context) -> std::io::Result<()> {
//!         context.ledger.set_protocol("successor");
//!         while let Some(Ok(byte)) = context.stop.run_until_cancelled(stream.read_u8()).await {
//!             stream.write_u8(byte.wrapping_add(1)).await?;
//!             context.ledger.count_request();
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::new("successor", Limits::default(), Forget);
//! let address = server.tcp(std::net::TcpListener::bind("127.0.0.1:0")?, Successor)?;
//! # let mut client = tokio::net::TcpStream::connect(address).await?;
//! # client.write_u8(b'a').await?;
//! # assert_eq!(client.read_u8().await?, b'b');
//! // until somebody has had enough of it:
//! let report = server.stop(std::time::Duration::from_secs(5)).await;
//! println!("{} connections ended by themselves", report.drained);
//! # assert_eq!((report.drained, report.cut), (1, 0));
//! # Ok(())
//! # }
//! ```
//!
//! In place of [`Forget`](core::Forget) stands whatever wants to know what
//! happens: a closure, a channel, an [`EventSink`](core::EventSink). Who may
//! come is a [`Policy`](core::Policy); TLS goes in front of any service with
//! [`tls::Terminator`]; a service that thousands wait on reads with
//! [`core::lend`], which holds no buffer while it waits.
//!
//! Servers own no address, no clock setting and no namespace: whoever starts
//! one binds its sockets and receives its events. What a fault changes while a
//! server runs stands in a [`Switch`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod auth;
pub mod core;
pub mod dns;
pub mod echo;
pub mod http;
pub mod proxy;
pub mod raw;
pub mod small;
mod switch;
pub mod tls;
pub mod watched;

pub use switch::Switch;
