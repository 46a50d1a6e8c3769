//! What a home's modem does beyond forwarding: IPv4 masquerade, and a filter
//! that lets no IPv6 connection in from outside.

use plumb_sys::nft::{Chain, CtState, Family, Hook, Nft, Policy, Rule, Table, Transaction};

use crate::error::{Denied, LabError};
use crate::topology::Machine;

/// The table of what belongs to the topology; faults have tables of their own.
const TABLE: &str = "modem";

/// Installs the rules of `machine` in the calling thread's network namespace.
pub(super) fn install(machine: &Machine) -> Result<(), LabError> {
    let mut transaction = Transaction::new();
    let table = Table::new(Family::Inet, TABLE);
    if machine.masquerade.is_none() && machine.filter_inbound.is_none() {
        return Ok(());
    }
    transaction.add_table(&table);
    if let Some(outside) = &machine.masquerade {
        transaction.add_chain(&table, &Chain::nat("postrouting", Hook::Postrouting)).add_rule(
            &table,
            "postrouting",
            &Rule::new().ipv4().out_interface(outside).masquerade(),
        );
    }
    if let Some(outside) = &machine.filter_inbound {
        let answers = CtState::ESTABLISHED | CtState::RELATED;
        let inbound = || Rule::new().ipv6().in_interface(outside);
        transaction
            .add_chain(&table, &Chain::filter("forward", Hook::Forward, Policy::Accept))
            .add_rule(&table, "forward", &inbound().ct_state(answers).accept())
            // RFC 4890 section 4.3: errors and echo must pass.
            .add_rule(&table, "forward", &inbound().icmp6().accept())
            .add_rule(&table, "forward", &inbound().drop());
    }
    Nft::open().and_then(|mut nft| nft.commit(&transaction)).map_err(|error| {
        LabError::Denied(Denied {
            stage: "nft".to_owned(),
            errno: error.errno(),
            message: error.to_string(),
        })
    })
}
