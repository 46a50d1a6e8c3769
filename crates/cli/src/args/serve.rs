//! What every server takes: where it listens, what it allows, what it records.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;
use plumb_serve::core::pace::Pace;
use plumb_serve::core::rate::Rate;
use plumb_serve::core::{Limits, WhenFull};
use plumb_sys::names::Family;

use super::duration;
use super::output::OutputArgs;
use super::size;
use super::socket::SocketArgs;
use super::tls_server::TlsServerArgs;
use super::who::{AccessArgs, network};

/// All groups of a server.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub listen: ListenArgs,

    #[command(flatten)]
    pub tls: TlsServerArgs,

    #[command(flatten)]
    pub access: AccessArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub record: RecordArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub socket: SocketArgs,
}

/// The word for the sockets that the service manager passes on.
pub const SYSTEMD: &str = "systemd";

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Listening")]
pub struct ListenArgs {
    /// Listen on ADDR: PORT, HOST:PORT, tcp://, udp:// or tls://HOST:PORT,
    /// unix:/path, or systemd; port 0 lets the system choose, the host * is
    /// every address (can be repeated)
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,

    /// Listen on IPv4 addresses of names only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,

    /// Listen on IPv6 addresses of names only
    #[arg(short = '6', long)]
    pub ipv6: bool,

    /// Become this user once the sockets are bound
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// Keep the right to open any file (Landlock is not asked)
    #[arg(long, hide_short_help = true)]
    pub no_confine: bool,

    /// Take PROXY protocol headers from trusted proxies
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ProxyProtocol::Off, hide_short_help = true)]
    pub proxy_protocol: ProxyProtocol,

    /// Believe what proxies of this network say of their clients (can be
    /// repeated)
    #[arg(long, value_name = "NET", value_parser = network, hide_short_help = true)]
    pub trusted_proxy: Vec<IpNet>,
}

/// Whether connections begin with a PROXY protocol header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProxyProtocol {
    /// Never
    Off,
    /// It may, from a trusted proxy
    Optional,
    /// It must
    Required,
}

impl ListenArgs {
    pub fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }
}

/// Longer than most requests take, shorter than a service manager waits
/// (systemd: 90 s) before it kills.
pub const DRAIN_DEFAULT: Duration = Duration::from_secs(10);

/// The limits of every server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Let at most N connections be open [default: what the descriptors allow]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_connections: Option<usize>,

    /// Let one client have at most N connections [default: 256; on loopback as
    /// many as in all]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub max_per_client: Option<usize>,

    /// Refuse connections beyond --max-connections instead of letting them wait
    #[arg(long, hide_short_help = true)]
    pub refuse_when_full: bool,

    /// Take at most so many requests of one client: N/s, N/min, N/s:BURST
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub rate: Option<Rate>,

    /// Take at most so many new connections of one client
    #[arg(long, value_name = "RATE", value_parser = rate, hide_short_help = true)]
    pub connection_rate: Option<Rate>,

    #[arg(long, value_name = "RATE", value_parser = rate, help = by_default("Answer at most so many datagrams of one peer, an address with its port; who sends more is not answered until it has been silent for a second", |limits| limits.datagram_rate.map(|rate| rate.to_string()).unwrap_or_default()), hide_short_help = true)]
    pub datagram_rate: Option<Rate>,

    /// When told to stop, wait at most this long for open connections
    #[arg(long, value_name = "DUR", default_value = duration::text(DRAIN_DEFAULT), value_parser = duration::parse)]
    pub drain: Duration,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a client that never sends a byte after DUR", |limits| duration::text(limits.first_byte)), hide_short_help = true)]
    pub first_byte_timeout: Option<Duration>,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a TLS handshake that takes longer", |limits| duration::text(limits.handshake)), hide_short_help = true)]
    pub handshake_timeout: Option<Duration>,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a request whose header takes longer", |limits| duration::text(limits.header)), hide_short_help = true)]
    pub header_timeout: Option<Duration>,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a request that takes longer", |limits| duration::text(limits.request)), hide_short_help = true)]
    pub request_timeout: Option<Duration>,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a connection on which nothing passes for DUR", |limits| duration::text(limits.idle)), visible_alias = "idle")]
    pub idle_timeout: Option<Duration>,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a client that takes nothing of what waits for it for DUR", |limits| duration::text(limits.write_stall)), hide_short_help = true)]
    pub slow_reader_timeout: Option<Duration>,

    #[arg(long, value_name = "DUR", value_parser = duration::parse, help = by_default("Cut a proxy whose header takes longer", |limits| duration::text(limits.proxy_header)), hide_short_help = true)]
    pub proxy_header_timeout: Option<Duration>,

    /// Cut a connection after DUR, whatever happens on it
    #[arg(long, value_name = "DUR", value_parser = duration::parse, hide_short_help = true)]
    pub connection_timeout: Option<Duration>,

    #[arg(long, value_name = "SIZE", value_parser = size::parse, help = by_default("Cut a client that takes fewer bytes a second; 0 is no limit", |limits| limits.reader_pace.bytes_per_second_min.to_string()), hide_short_help = true)]
    pub slow_reader_rate: Option<u64>,

    #[arg(long, value_name = "SIZE", value_parser = size::parse, help = by_default("Cut a client that sends a body more slowly; 0 is no limit", |limits| limits.body_pace.bytes_per_second_min.to_string()), hide_short_help = true)]
    pub slow_sender_rate: Option<u64>,

    #[arg(long, value_name = "SIZE", value_parser = size::in_memory, help = by_default("Cut a line that is longer", |limits| limits.line_bytes_max.to_string()), hide_short_help = true)]
    pub max_line: Option<usize>,

    #[arg(long, value_name = "SIZE", value_parser = size::in_memory, help = by_default("Cut a message that is longer", |limits| limits.message_bytes_max.to_string()), hide_short_help = true)]
    pub max_message: Option<usize>,

    #[arg(long, value_name = "SIZE", value_parser = size::parse, help = by_default("Refuse a request's body that is larger", |limits| limits.body_bytes_max.to_string()), hide_short_help = true)]
    pub max_body: Option<u64>,

    #[arg(long, value_name = "SIZE", value_parser = size::in_memory, help = by_default("Refuse a request's header that is larger", |limits| limits.header_bytes_max.to_string()), hide_short_help = true)]
    pub max_header: Option<usize>,

    #[arg(long, value_name = "SIZE", value_parser = size::in_memory, help = by_default("Refuse a request's target that is longer", |limits| limits.target_bytes_max.to_string()), hide_short_help = true)]
    pub max_target: Option<usize>,

    #[arg(long, value_name = "N", value_parser = positive, help = by_default("Refuse a request with more header fields", |limits| limits.headers_max.to_string()), hide_short_help = true)]
    pub max_headers: Option<usize>,

    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help = by_default("Close a connection after so many requests", |limits| limits.requests_per_connection_max.to_string()), hide_short_help = true)]
    pub max_requests: Option<u64>,

    #[arg(long, value_name = "N", value_parser = positive, help = by_default("Drop datagrams while so many are being answered", |limits| limits.datagrams_in_flight_max.to_string()), hide_short_help = true)]
    pub max_datagrams: Option<usize>,
}

/// Descriptors that a server needs beside its connections: standard streams,
/// listening sockets, logs, the poller, the reserve.
const DESCRIPTORS_KEPT: usize = 128;
/// Connections of one client that comes from elsewhere: a home or an office
/// sits behind one address.
const CONNECTIONS_PER_CLIENT: usize = 256;

impl LimitArgs {
    /// The server's own limits with what was given here. `descriptors` is how
    /// many this process may have open; `local` says that only this host can
    /// come, where all clients have one address.
    pub fn limits(&self, own: Limits, descriptors: usize, local: bool) -> Limits {
        let mut limits = own;
        // Each connection may have a file open, or one to another server; few do.
        let room = descriptors.saturating_sub(DESCRIPTORS_KEPT).max(descriptors / 2);
        limits.connections_max = self.max_connections.unwrap_or(room / 8 * 7).max(1);
        limits.connections_per_client_max = self.max_per_client.unwrap_or(if local {
            limits.connections_max
        } else {
            CONNECTIONS_PER_CLIENT
        });
        if self.refuse_when_full {
            limits.when_full = WhenFull::Refuse;
        }
        limits.request_rate = self.rate.or(limits.request_rate);
        limits.connection_rate = self.connection_rate.or(limits.connection_rate);
        limits.datagram_rate = self.datagram_rate.or(limits.datagram_rate);
        limits.connection = self.connection_timeout.or(limits.connection);
        set(&mut limits.first_byte, self.first_byte_timeout);
        set(&mut limits.handshake, self.handshake_timeout);
        set(&mut limits.header, self.header_timeout);
        set(&mut limits.request, self.request_timeout);
        set(&mut limits.idle, self.idle_timeout);
        set(&mut limits.write_stall, self.slow_reader_timeout);
        set(&mut limits.proxy_header, self.proxy_header_timeout);
        if let Some(bytes_per_second_min) = self.slow_reader_rate {
            limits.reader_pace = Pace { bytes_per_second_min, ..limits.reader_pace };
        }
        if let Some(bytes_per_second_min) = self.slow_sender_rate {
            limits.body_pace = Pace { bytes_per_second_min, ..limits.body_pace };
        }
        set(&mut limits.line_bytes_max, self.max_line);
        set(&mut limits.message_bytes_max, self.max_message);
        set(&mut limits.body_bytes_max, self.max_body);
        set(&mut limits.header_bytes_max, self.max_header);
        set(&mut limits.target_bytes_max, self.max_target);
        set(&mut limits.headers_max, self.max_headers);
        set(&mut limits.requests_per_connection_max, self.max_requests);
        set(&mut limits.datagrams_in_flight_max, self.max_datagrams);
        if self.first_byte_timeout.is_none() {
            // Who asks for a shorter patience means the first byte too.
            limits.first_byte = limits.first_byte.min(self.idle_timeout.unwrap_or(Duration::MAX));
        }
        limits
    }
}

fn set<T>(limit: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *limit = given;
    }
}

/// The help of a limit, with its value unless told otherwise.
fn by_default(help: &str, value: impl Fn(&Limits) -> String) -> String {
    let (usual, talk) = (value(&Limits::default()), value(&Limits::conversation()));
    if usual == talk {
        format!("{help} [default: {usual}]")
    } else {
        format!("{help} [default: {usual}, where people talk {talk}]")
    }
}

/// In which form events are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// JSON Lines
    Json,
    /// The combined access log of Apache and nginx
    Combined,
    /// Entries in the journal of systemd
    Journal,
    /// Nothing
    None,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Record")]
pub struct RecordArgs {
    /// Record what happens in this form [default: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log: Option<LogFormat>,

    /// Append the record to FILE instead of printing it; SIGHUP opens it anew
    #[arg(long, value_name = "FILE")]
    pub log_file: Option<PathBuf>,

    /// Serve metrics for Prometheus on ADDR, at /metrics
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<String>,

    /// Tell each step as it happens: what is done, which call does it, what it
    /// means
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    pub narrate: bool,

    /// Write to this journal
    #[arg(long, value_name = "SOCKET", default_value = plumb_sys::journal::SOCKET, hide = true)]
    pub journal_socket: PathBuf,
}

fn rate(text: &str) -> Result<Rate, String> {
    text.parse().map_err(|error: plumb_serve::core::rate::RateError| error.to_string())
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("{text:?} is not a number")),
    }
}
