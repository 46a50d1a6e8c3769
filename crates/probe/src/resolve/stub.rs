//! A stub resolver of our own, for where the C library cannot be pointed at
//! the servers. It answers in the library's words.

use plumb_evidence::observation::{DnsExchange, DnsOutcome, SystemResult};

use super::{addresses_of, with_tcp};
use crate::local::ResolverConfig;
use crate::{Deadline, Family, Scope};

/// The codes of the GNU C library's netdb.h.
const EAI_NONAME: (i32, &str, &str) = (-2, "EAI_NONAME", "Name or service not known");
const EAI_AGAIN: (i32, &str, &str) = (-3, "EAI_AGAIN", "Temporary failure in name resolution");
const EAI_NODATA: (i32, &str, &str) = (-5, "EAI_NODATA", "No address associated with hostname");

pub(super) async fn answer(
    scope: &Scope,
    config: &ResolverConfig,
    name: &str,
    deadline: Deadline,
) -> SystemResult {
    let family = scope.network.family;
    let hosts: Vec<_> = config.hosts_file.iter().copied().filter(|&ip| family.allows(ip)).collect();
    if !hosts.is_empty() {
        return SystemResult::Addresses { addresses: hosts };
    }
    let mut failure = EAI_AGAIN;
    for &server in &config.servers {
        let (v6, v4) = tokio::join!(
            wanted(family != Family::V4, with_tcp(scope, server, name, "AAAA", deadline)),
            wanted(family != Family::V6, with_tcp(scope, server, name, "A", deadline))
        );
        let last = [v6.last(), v4.last()];
        let addresses: Vec<_> = last.into_iter().flatten().flat_map(addresses_of).collect();
        if !addresses.is_empty() {
            return SystemResult::Addresses { addresses };
        }
        let codes: Vec<u16> = last.into_iter().flatten().filter_map(rcode).collect();
        if codes.contains(&3) {
            failure = EAI_NONAME;
            break;
        }
        if !codes.is_empty() && codes.iter().all(|&code| code == 0) {
            failure = EAI_NODATA;
            break;
        }
    }
    let (eai, eai_name, text) = failure;
    SystemResult::Failed { eai, eai_name: eai_name.into(), text: text.into() }
}

async fn wanted(want: bool, asking: impl Future<Output = Vec<DnsExchange>>) -> Vec<DnsExchange> {
    if want { asking.await } else { Vec::new() }
}

fn rcode(seen: &DnsExchange) -> Option<u16> {
    match &seen.outcome {
        DnsOutcome::Reply(reply) => Some(reply.rcode_raw),
        _ => None,
    }
}
