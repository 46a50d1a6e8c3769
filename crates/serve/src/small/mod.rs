//! Discard, daytime and greetings.

mod daytime;
mod discard;
mod greeting;

pub use daytime::Daytime;
pub use discard::Discard;
pub use greeting::{Greeting, Protocol};

use std::net::SocketAddr;

/// Ports whose servers answer anything: echo, daytime, quote of the day,
/// chargen, time. A datagram that claims to come from one would be answered by
/// its server, and that answer by us, for ever.
pub(crate) fn would_loop(peer: SocketAddr) -> bool {
    const ANSWERING: [u16; 5] = [7, 13, 17, 19, 37];
    // Nobody can be answered on port 0, RFC 768.
    peer.port() == 0 || ANSWERING.contains(&peer.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_answer_everything_are_not_answered() {
        let at = |port| SocketAddr::from(([192, 0, 2, 1], port));
        assert!([0, 7, 13, 17, 19, 37].into_iter().all(|port| would_loop(at(port))));
        assert!([1, 53, 123, 40_000].into_iter().all(|port| !would_loop(at(port))));
    }
}
