//! Counters and histograms over a server's events, in the text format of
//! Prometheus (version 0.0.4).
//!
//! Every label has a closed set of values, so that no client can make the
//! tables grow.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use plumb_evidence::server::{Closed, EventKind, Phase, Rule, ServerEvent};

/// Methods that have a label of their own (RFC 9110 section 9, RFC 5789); the
/// others share `other`.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "other"];

/// Status codes are 100 to 599 (RFC 9110 section 15); what is not counts as 500.
const STATUS_MIN: u16 = 100;
const STATUS_COUNT: usize = 500;

/// Upper bounds of request and handshake times, in seconds: a file from memory
/// on loopback takes 50 µs, a patient client waits 10 s.
const REQUEST_BOUNDS_S: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// Upper bounds of connection times, in seconds: one request to one day.
const CONNECTION_BOUNDS_S: [f64; 10] =
    [0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0, 86_400.0];

/// What the process uses, as the caller read it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProcessUse {
    /// User and system time, in seconds.
    pub cpu_s: f64,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Virtual memory.
    pub virtual_bytes: u64,
    /// Open file descriptors.
    pub open_descriptors: u64,
    /// How many may be open.
    pub descriptors_max: u64,
    /// Threads.
    pub threads: u64,
    /// When the process began, in seconds since 1970.
    pub start_unix_s: f64,
}

/// What is counted. [`Metrics::event`] may be called from all threads at once
/// and costs a few atomic additions.
#[derive(Debug)]
pub struct Metrics {
    connections: AtomicU64,
    open: AtomicI64,
    ended: [AtomicU64; 4],
    connection_time: Histogram<{ CONNECTION_BOUNDS_S.len() }>,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    messages: AtomicU64,
    retransmissions: AtomicU64,
    requests: Box<[AtomicU64]>,
    request_time: Histogram<{ REQUEST_BOUNDS_S.len() }>,
    request_body_bytes: AtomicU64,
    response_body_bytes: AtomicU64,
    handshakes: AtomicU64,
    handshakes_resumed: AtomicU64,
    handshake_time: Histogram<{ REQUEST_BOUNDS_S.len() }>,
    handshakes_failed: AtomicU64,
    datagrams: [AtomicU64; 2],
    datagrams_dropped: AtomicU64,
    dns_queries: AtomicU64,
    accept_failures: AtomicU64,
    accept_pauses: AtomicU64,
    /// By rule and phase; without one, those that were only counted.
    security: Mutex<BTreeMap<(Rule, Option<Phase>), u64>>,
    events_dropped: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Metrics {
        Metrics {
            connections: AtomicU64::default(),
            open: AtomicI64::default(),
            ended: Default::default(),
            connection_time: Histogram::new(&CONNECTION_BOUNDS_S),
            received_bytes: AtomicU64::default(),
            sent_bytes: AtomicU64::default(),
            messages: AtomicU64::default(),
            retransmissions: AtomicU64::default(),
            requests: (0..METHODS.len() * STATUS_COUNT).map(|_| AtomicU64::default()).collect(),
            request_time: Histogram::new(&REQUEST_BOUNDS_S),
            request_body_bytes: AtomicU64::default(),
            response_body_bytes: AtomicU64::default(),
            handshakes: AtomicU64::default(),
            handshakes_resumed: AtomicU64::default(),
            handshake_time: Histogram::new(&REQUEST_BOUNDS_S),
            handshakes_failed: AtomicU64::default(),
            datagrams: Default::default(),
            datagrams_dropped: AtomicU64::default(),
            dns_queries: AtomicU64::default(),
            accept_failures: AtomicU64::default(),
            accept_pauses: AtomicU64::default(),
            security: Mutex::default(),
            events_dropped: AtomicU64::default(),
        }
    }

    /// Counts one event.
    pub fn event(&self, event: &ServerEvent) {
        match &event.kind {
            EventKind::Accepted => {
                add(&self.connections, 1);
                self.open.fetch_add(1, Ordering::Relaxed);
            }
            EventKind::Closed(record) => {
                self.open.fetch_sub(1, Ordering::Relaxed);
                let how = match record.how {
                    Closed::Finished => 0,
                    Closed::Cut(_) => 1,
                    Closed::Failed(_) => 2,
                    Closed::Panicked(_) => 3,
                };
                add(&self.ended[how], 1);
                self.connection_time.observe(record.duration_ns);
                add(&self.received_bytes, record.read_bytes);
                add(&self.sent_bytes, record.written_bytes);
                add(&self.messages, record.requests);
                if let Some(tcp) = &record.tcp {
                    add(&self.retransmissions, u64::from(tcp.total_retransmits));
                }
            }
            EventKind::HttpRequest(exchange) => {
                let last = METHODS.len() - 1;
                let method = METHODS[..last].iter().position(|method| *method == exchange.method);
                let status = usize::from(exchange.status.saturating_sub(STATUS_MIN));
                let known = exchange.status >= STATUS_MIN && status < STATUS_COUNT;
                let status = if known { status } else { usize::from(500 - STATUS_MIN) };
                add(&self.requests[method.unwrap_or(last) * STATUS_COUNT + status], 1);
                self.request_time.observe(exchange.duration_ns);
                add(&self.request_body_bytes, exchange.request_body_bytes);
                add(&self.response_body_bytes, exchange.response_body_bytes);
            }
            EventKind::TlsHandshake(record) => {
                add(if record.resumed { &self.handshakes_resumed } else { &self.handshakes }, 1);
                self.handshake_time.observe(record.duration_ns);
            }
            EventKind::TlsFailed { .. } => add(&self.handshakes_failed, 1),
            EventKind::Datagram { received_bytes, sent_bytes } => {
                add(&self.datagrams[usize::from(sent_bytes.is_some())], 1);
                add(&self.received_bytes, *received_bytes);
                add(&self.sent_bytes, sent_bytes.unwrap_or(0));
            }
            EventKind::DnsQuery { .. } => add(&self.dns_queries, 1),
            EventKind::AcceptFailed { .. } => add(&self.accept_failures, 1),
            EventKind::AcceptPaused { .. } => add(&self.accept_pauses, 1),
            EventKind::Security { rule, phase, .. } => self.broken(*rule, Some(*phase), 1),
            EventKind::Suppressed { rule, events } => self.broken(*rule, None, *events),
            _ => {}
        }
    }

    fn broken(&self, rule: Rule, phase: Option<Phase>, times: u64) {
        if matches!(rule, Rule::DatagramsMax | Rule::DatagramRate) {
            add(&self.datagrams_dropped, times);
        }
        let mut security = self.security.lock().unwrap_or_else(PoisonError::into_inner);
        *security.entry((rule, phase)).or_default() += times;
    }

    /// An event could not be recorded: whoever writes the log is too slow.
    pub fn event_dropped(&self) {
        add(&self.events_dropped, 1);
    }

    /// Everything, as a scrape wants it. Its type is
    /// `text/plain; version=0.0.4; charset=utf-8`.
    pub fn render(&self, version: &str, process: Option<&ProcessUse>) -> String {
        let mut page = Page(String::with_capacity(8192));
        page.family("plumb_build_info", "gauge", "The version that serves; always 1.");
        page.sample("plumb_build_info", &format!("{{version=\"{version}\"}}"), 1);
        self.of_connections(&mut page);
        self.of_requests(&mut page);
        self.of_security(&mut page);
        if let Some(process) = process {
            of_process(process, &mut page);
        }
        page.0
    }

    fn of_connections(&self, page: &mut Page) {
        page.counter("plumb_connections_total", "Connections accepted.", read(&self.connections));
        page.family("plumb_connections_open", "gauge", "Connections that are open now.");
        page.sample("plumb_connections_open", "", self.open.load(Ordering::Relaxed).max(0));
        page.family("plumb_connections_ended_total", "counter", "Connections that ended, by how.");
        for (how, counter) in ["finished", "cut", "failed", "panicked"].iter().zip(&self.ended) {
            page.sample(
                "plumb_connections_ended_total",
                &format!("{{how=\"{how}\"}}"),
                read(counter),
            );
        }
        let help = "Time from accept to close.";
        self.connection_time.render("plumb_connection_duration_seconds", help, page);
        let help = "Bytes received: datagrams, and connections that ended.";
        page.counter("plumb_received_bytes_total", help, read(&self.received_bytes));
        let help = "Bytes sent: datagrams, and connections that ended.";
        page.counter("plumb_sent_bytes_total", help, read(&self.sent_bytes));
        let help = "Requests and messages answered on connections that ended.";
        page.counter("plumb_messages_total", help, read(&self.messages));
        let help = "TCP segments sent again on connections that ended.";
        page.counter("plumb_tcp_retransmissions_total", help, read(&self.retransmissions));
        page.family("plumb_datagrams_total", "counter", "Datagrams received, by whether answered.");
        for (answered, counter) in ["no", "yes"].iter().zip(&self.datagrams) {
            page.sample(
                "plumb_datagrams_total",
                &format!("{{answered=\"{answered}\"}}"),
                read(counter),
            );
        }
        let help = "Datagrams dropped because too many were being answered.";
        page.counter("plumb_datagrams_dropped_total", help, read(&self.datagrams_dropped));
        let help = "Calls of accept that failed.";
        page.counter("plumb_accept_failures_total", help, read(&self.accept_failures));
        let help = "Times that nothing more was accepted until a connection ended.";
        page.counter("plumb_accept_pauses_total", help, read(&self.accept_pauses));
        page.family(
            "plumb_tls_handshakes_total",
            "counter",
            "TLS handshakes done, by whether resumed.",
        );
        for (resumed, counter) in [("no", &self.handshakes), ("yes", &self.handshakes_resumed)] {
            page.sample(
                "plumb_tls_handshakes_total",
                &format!("{{resumed=\"{resumed}\"}}"),
                read(counter),
            );
        }
        let help = "TLS handshakes that failed.";
        page.counter("plumb_tls_handshake_failures_total", help, read(&self.handshakes_failed));
        let help = "Time of a TLS handshake.";
        self.handshake_time.render("plumb_tls_handshake_duration_seconds", help, page);
    }

    fn of_requests(&self, page: &mut Page) {
        const NAME: &str = "plumb_http_requests_total";
        page.family(NAME, "counter", "HTTP requests answered, by method and status.");
        for (number, counter) in self.requests.iter().enumerate() {
            let count = read(counter);
            if count > 0 {
                let method = METHODS[number / STATUS_COUNT];
                let status = number % STATUS_COUNT + usize::from(STATUS_MIN);
                page.sample(NAME, &format!("{{method=\"{method}\",status=\"{status}\"}}"), count);
            }
        }
        let help = "Time from the end of a request's header to the end of the answer.";
        self.request_time.render("plumb_http_request_duration_seconds", help, page);
        let help = "Bytes of request bodies read.";
        page.counter("plumb_http_request_body_bytes_total", help, read(&self.request_body_bytes));
        let help = "Bytes of response bodies sent.";
        page.counter("plumb_http_response_body_bytes_total", help, read(&self.response_body_bytes));
        page.counter("plumb_dns_queries_total", "DNS questions taken.", read(&self.dns_queries));
    }

    fn of_security(&self, page: &mut Page) {
        const NAME: &str = "plumb_security_events_total";
        page.family(NAME, "counter", "Rules that were broken, by rule and phase.");
        let security = self.security.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((rule, phase), count) in security {
            let phase = phase.map_or("any", Phase::name);
            page.sample(NAME, &format!("{{rule=\"{rule}\",phase=\"{phase}\"}}"), count);
        }
        let help = "Events that the log lost because its writer was too slow.";
        page.counter("plumb_log_events_dropped_total", help, read(&self.events_dropped));
    }
}

fn of_process(process: &ProcessUse, page: &mut Page) {
    page.counter("process_cpu_seconds_total", "User and system time used.", process.cpu_s);
    for (name, help, value) in [
        ("process_resident_memory_bytes", "Resident memory.", process.resident_bytes as f64),
        ("process_virtual_memory_bytes", "Virtual memory.", process.virtual_bytes as f64),
        ("process_open_fds", "Open file descriptors.", process.open_descriptors as f64),
        ("process_max_fds", "File descriptors that may be open.", process.descriptors_max as f64),
        ("process_threads", "Threads.", process.threads as f64),
        ("process_start_time_seconds", "When the process began, since 1970.", process.start_unix_s),
    ] {
        page.family(name, "gauge", help);
        page.sample(name, "", value);
    }
}

/// A histogram with fixed bounds.
#[derive(Debug)]
struct Histogram<const N: usize> {
    bounds_s: &'static [f64; N],
    bounds_ns: [u64; N],
    /// Within each bound and above the one before; not added up.
    within: [AtomicU64; N],
    above: AtomicU64,
    sum_ns: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds_s: &'static [f64; N]) -> Self {
        Histogram {
            bounds_s,
            bounds_ns: bounds_s.map(|seconds| (seconds * 1e9) as u64),
            within: std::array::from_fn(|_| AtomicU64::default()),
            above: AtomicU64::default(),
            sum_ns: AtomicU64::default(),
        }
    }

    fn observe(&self, duration_ns: u64) {
        let bucket = self.bounds_ns.partition_point(|&bound| bound < duration_ns);
        add(self.within.get(bucket).unwrap_or(&self.above), 1);
        add(&self.sum_ns, duration_ns);
    }

    fn render(&self, name: &str, help: &str, page: &mut Page) {
        page.family(name, "histogram", help);
        let mut total = 0;
        let bucket = format!("{name}_bucket");
        for (bound, counter) in self.bounds_s.iter().zip(&self.within) {
            total += read(counter);
            page.sample(&bucket, &format!("{{le=\"{bound}\"}}"), total);
        }
        total += read(&self.above);
        page.sample(&bucket, "{le=\"+Inf\"}", total);
        page.sample(&format!("{name}_sum"), "", read(&self.sum_ns) as f64 / 1e9);
        page.sample(&format!("{name}_count"), "", total);
    }
}

/// The page that is written. Writing to a String cannot fail.
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "counter", help);
        self.sample(name, "", value);
    }
}
