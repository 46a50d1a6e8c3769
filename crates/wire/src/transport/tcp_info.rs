//! What a kernel reports of a TCP connection, as plain numbers: who asks it and who
//! tells it both know this.

/// The kernel's view of a connection (struct tcp_info, linux/tcp.h).
///
/// An `Option` is `None` where this kernel is too old to give the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpInfo {
    /// The state by its RFC 9293 section 3.3.2 name, such as `ESTABLISHED`.
    pub state: &'static str,
    /// Smoothed round-trip time, microseconds.
    pub rtt_us: u32,
    /// Smallest round-trip time seen, microseconds; `None` before the first.
    pub rtt_min_us: Option<u32>,
    /// Timeouts of the segment now waited for.
    pub retransmits: u8,
    /// Segments retransmitted over the connection's life, SYNs included.
    pub total_retransmits: u32,
    /// Window probes not answered.
    pub probes: u8,
    /// Times that the retransmission timer has doubled.
    pub backoff: u8,
    /// Retransmission time-out, microseconds.
    pub rto_us: u32,
    /// Segments sent and not acknowledged.
    pub unacked_segments: u32,
    /// Segments taken for lost.
    pub lost_segments: u32,
    /// Path MTU as the kernel knows it.
    pub path_mtu_bytes: u32,
    /// Maximum segment size for sending.
    pub send_mss_bytes: u32,
    /// Largest segment received, as estimated.
    pub receive_mss_bytes: u32,
    /// Maximum segment size that this side announced.
    pub advertised_mss_bytes: u32,
    /// Congestion window in segments.
    pub congestion_window_segments: u32,
    /// Milliseconds since data last came.
    pub last_data_received_ms: u32,
    /// Bytes sent, retransmissions included (Linux 4.19).
    pub sent_bytes: Option<u64>,
    /// Bytes retransmitted (Linux 4.19).
    pub retransmitted_bytes: Option<u64>,
    /// Bytes that the peer acknowledged, the SYN counted as one (Linux 4.1).
    pub acked_bytes: Option<u64>,
    /// Bytes received (Linux 4.1).
    pub received_bytes: Option<u64>,
    /// Time during which the peer's window held sending up (Linux 4.10).
    pub window_limited_us: Option<u64>,
    /// The window that the peer offers (Linux 5.4).
    pub send_window_bytes: Option<u32>,
    /// Bytes in the send queue that the peer has not acknowledged (SIOCOUTQ).
    pub send_queue_bytes: Option<u32>,
}
