//! Which rule of a server was broken, and when in a connection's life.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The rule that an event of security is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// Connections at once, in all.
    ConnectionsMax,
    /// Connections at once of one client.
    ConnectionsPerClientMax,
    /// Connections or requests of one client in a time.
    Rate,
    /// Requests that are answered at once.
    RequestsMax,
    /// Datagrams that are answered at once.
    DatagramsMax,
    /// Datagrams of one peer in a time.
    DatagramRate,
    /// The address is not among those that may come.
    Access,
    /// A PROXY header was wrong, missing, or came from one that is not believed.
    ProxyHeader,
    /// The TLS handshake failed or took too long.
    Handshake,
    /// A client certificate is missing or not one that may come.
    ClientCertificate,
    /// The peer never sent a byte.
    FirstByte,
    /// The request header took too long.
    HeaderTime,
    /// Nothing passed for too long.
    Idle,
    /// A whole request took too long.
    RequestTime,
    /// The peer took what was sent too slowly.
    SlowReader,
    /// The peer sent what it announced too slowly.
    SlowSender,
    /// The whole connection took too long.
    ConnectionTime,
    /// A line or message is too long.
    MessageSize,
    /// A header is too large.
    HeaderSize,
    /// A body is too large.
    BodySize,
    /// What came breaks the protocol.
    Malformed,
    /// What came is not UTF-8 where it must be.
    Utf8,
    /// A token, password or signature is missing or wrong.
    Credentials,
    /// Too many failures of one user or client.
    LockOut,
    /// A path that leads out of what is served.
    PathTraversal,
    /// A request from a page of another origin.
    Origin,
    /// The process has no file descriptor left.
    Descriptors,
}

impl Rule {
    /// Its name, as JSON and metrics have it.
    pub fn name(self) -> &'static str {
        match self {
            Rule::ConnectionsMax => "connections_max",
            Rule::ConnectionsPerClientMax => "connections_per_client_max",
            Rule::Rate => "rate",
            Rule::RequestsMax => "requests_max",
            Rule::DatagramsMax => "datagrams_max",
            Rule::DatagramRate => "datagram_rate",
            Rule::Access => "access",
            Rule::ProxyHeader => "proxy_header",
            Rule::Handshake => "handshake",
            Rule::ClientCertificate => "client_certificate",
            Rule::FirstByte => "first_byte",
            Rule::HeaderTime => "header_time",
            Rule::Idle => "idle",
            Rule::RequestTime => "request_time",
            Rule::SlowReader => "slow_reader",
            Rule::SlowSender => "slow_sender",
            Rule::ConnectionTime => "connection_time",
            Rule::MessageSize => "message_size",
            Rule::HeaderSize => "header_size",
            Rule::BodySize => "body_size",
            Rule::Malformed => "malformed",
            Rule::Utf8 => "utf8",
            Rule::Credentials => "credentials",
            Rule::LockOut => "lock_out",
            Rule::PathTraversal => "path_traversal",
            Rule::Origin => "origin",
            Rule::Descriptors => "descriptors",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before anything was read.
    Accept,
    /// The PROXY header.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The header of a request.
    Header,
    /// A message, where the protocol has neither header nor body.
    Message,
    /// Who it is.
    Authentication,
    /// The body of a request.
    Body,
    /// The answer.
    Response,
    /// Between requests or messages.
    Idle,
}

impl Phase {
    /// Its name, as JSON and metrics have it.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Accept => "accept",
            Phase::Proxy => "proxy",
            Phase::Tls => "tls",
            Phase::Header => "header",
            Phase::Message => "message",
            Phase::Authentication => "authentication",
            Phase::Body => "body",
            Phase::Response => "response",
            Phase::Idle => "idle",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
