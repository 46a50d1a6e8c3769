//! Who may connect: connections in all, and of one client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::rate::ClientKey;

/// Counts the connections of each client. The table holds only clients that
/// are connected, so the limit on connections bounds it.
#[derive(Debug, Default)]
pub(super) struct Gate {
    clients: Mutex<HashMap<ClientKey, usize>>,
}

impl Gate {
    /// Lets one more connection of `address` in, unless it has `limit` already.
    /// The error is the number that it has.
    pub(super) fn admit(&self, address: IpAddr, limit: usize) -> Result<ClientKey, usize> {
        let client = ClientKey::from(address);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.get(&client).copied().unwrap_or(0);
        if count >= limit {
            return Err(count);
        }
        clients.insert(client, count + 1);
        Ok(client)
    }

    /// Counts a connection out that was let in.
    pub(super) fn leave(&self, client: ClientKey) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = clients.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_at_the_limit_and_one_past_it() {
        let gate = Gate::default();
        let address = "192.0.2.1".parse().unwrap();
        let first = gate.admit(address, 2).unwrap();
        let _second = gate.admit(address, 2).unwrap();
        assert_eq!(gate.admit(address, 2).unwrap_err(), 2);
        gate.leave(first);
        assert!(gate.admit(address, 2).is_ok());
    }

    #[test]
    fn forgets_who_left_and_joins_an_ipv6_network() {
        let gate = Gate::default();
        let one = gate.admit("2001:db8::1".parse().unwrap(), 1).unwrap();
        assert!(gate.admit("2001:db8::2".parse().unwrap(), 1).is_err());
        let other = gate.admit("2001:db8:0:1::2".parse().unwrap(), 1).unwrap();
        gate.leave(one);
        gate.leave(other);
        assert!(gate.clients.lock().unwrap().is_empty());
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_client() {
        let gate = Gate::default();
        let _one = gate.admit("192.0.2.1".parse().unwrap(), 1).unwrap();
        assert!(gate.admit("::ffff:192.0.2.1".parse().unwrap(), 1).is_err());
    }
}
