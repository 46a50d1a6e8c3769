//! TCP_INFO, decoded by length: older kernels give fewer fields.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

pub use plumb_wire::transport::TcpInfo;

use crate::socket::{integer_option, option_bytes};

/// Longest struct that is asked for; the kernel of 2026 has less than 300
/// bytes and cuts what it gives to this.
const INFO_MAX_BYTES: usize = 512;

/// Reads TCP_INFO and the send queue of a connection.
pub fn tcp_info(socket: &impl AsFd) -> io::Result<TcpInfo> {
    let mut bytes = [0_u8; INFO_MAX_BYTES];
    let length = option_bytes(socket, libc::IPPROTO_TCP, libc::TCP_INFO, &mut bytes)?;
    let mut info = decode(&bytes[..length]).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "TCP_INFO is shorter than any kernel's")
    })?;
    info.send_queue_bytes = unsent_bytes(socket).ok();
    Ok(info)
}

fn decode(bytes: &[u8]) -> Option<TcpInfo> {
    let byte = |offset: usize| bytes.get(offset).copied();
    let word =
        |offset: usize| Some(u32::from_ne_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?));
    let long =
        |offset: usize| Some(u64::from_ne_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?));
    Some(TcpInfo {
        state: state_name(byte(0)?),
        retransmits: byte(2)?,
        probes: byte(3)?,
        backoff: byte(4)?,
        rto_us: word(8)?,
        send_mss_bytes: word(16)?,
        receive_mss_bytes: word(20)?,
        unacked_segments: word(24)?,
        lost_segments: word(32)?,
        last_data_received_ms: word(52)?,
        path_mtu_bytes: word(60)?,
        rtt_us: word(68)?,
        congestion_window_segments: word(80)?,
        advertised_mss_bytes: word(84)?,
        total_retransmits: word(100)?,
        acked_bytes: long(120),
        received_bytes: long(128),
        rtt_min_us: word(148).filter(|&rtt| rtt != 0 && rtt != u32::MAX),
        window_limited_us: long(176),
        sent_bytes: long(200),
        retransmitted_bytes: long(208),
        send_window_bytes: word(228),
        send_queue_bytes: None,
    })
}

/// Linux's state numbers (net/tcp_states.h) under the names of RFC 9293.
pub fn state_name(state: u8) -> &'static str {
    match state {
        1 => "ESTABLISHED",
        2 => "SYN-SENT",
        3 | 12 => "SYN-RECEIVED",
        4 => "FIN-WAIT-1",
        5 => "FIN-WAIT-2",
        6 => "TIME-WAIT",
        7 => "CLOSED",
        8 => "CLOSE-WAIT",
        9 => "LAST-ACK",
        10 => "LISTEN",
        11 => "CLOSING",
        _ => "UNKNOWN",
    }
}

/// Bytes in the send queue that the peer has not acknowledged (SIOCOUTQ,
/// tcp(7)).
pub fn unsent_bytes(socket: &impl AsFd) -> io::Result<u32> {
    let mut queued: libc::c_int = 0;
    // SAFETY: SIOCOUTQ (TIOCOUTQ) writes one int, to a valid pointer.
    let result =
        unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut queued) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(u32::try_from(queued).unwrap_or(0))
}

/// The path MTU that the kernel holds for a connected socket (IP_MTU).
pub fn path_mtu_bytes(socket: &impl AsFd) -> io::Result<u32> {
    let domain = integer_option(socket, libc::SOL_SOCKET, libc::SO_DOMAIN)?;
    let mtu = if domain == libc::AF_INET6 {
        integer_option(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU)?
    } else {
        integer_option(socket, libc::IPPROTO_IP, libc::IP_MTU)?
    };
    Ok(u32::try_from(mtu).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_kernel_gives_fewer_fields() {
        let mut bytes = [0_u8; INFO_MAX_BYTES];
        bytes[0] = 2;
        bytes[120] = 9;
        let old = decode(&bytes[..104]).expect("the struct of Linux 2.6");
        assert_eq!((old.state, old.acked_bytes, old.sent_bytes), ("SYN-SENT", None, None));
        let new = decode(&bytes).expect("a longer struct");
        assert_eq!(new.acked_bytes, Some(u64::from_ne_bytes([9, 0, 0, 0, 0, 0, 0, 0])));
        assert_eq!(new.rtt_min_us, None, "0 means that nothing was measured");
        assert_eq!(decode(&bytes[..103]), None, "one byte too short");
    }
}
