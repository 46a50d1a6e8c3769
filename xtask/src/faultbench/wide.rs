//! The faults again, otherwise than their records show them: a rule that was
//! tuned to one fault's fingerprint fails here.

use plumb_evidence::Layer;

use super::case::{self, Case};

/// Faults whose truth depends on the family that is used.
const BY_FAMILY: &[&str] = &["net.ipv6-broken", "tcp.address-dead"];

/// Faults at another place, or of another size, with the same truth.
const ELSEWHERE: &[&str] = &[
    "net.unreachable-route@backbone",
    "net.unreachable-route@isp",
    "net.prohibit-route@isp",
    "net.mtu-blackhole@backbone,mtu=1000",
    "net.mtu-blackhole@isp,mtu=1400",
    "net.mtu-blackhole@example,mtu=700,direction=both",
    "tcp.reset@isp",
    "tcp.reject-port-unreachable@backbone",
    "tcp.reject-admin-prohibited@isp",
    "tcp.syn-dropped@backbone",
    "tcp.syn-dropped@isp",
    "tls.hello-dropped@backbone",
    "tls.hello-dropped@isp",
    "dns.slow-resolver@backbone,delay=2500ms",
    "http.slow@www,delay=4s",
    "http.server-error@www,status=503",
];

/// Two faults at once; the first is the root, because it breaks what the other
/// only slows down, or because it lies below and nothing above is reached.
const PAIRS: &[(&str, &str)] = &[
    ("link.dead-gateway", "tls.cert-expired"),
    ("net.mtu-blackhole", "tls.cert-expired"),
    ("net.unreachable-route", "http.server-error"),
    ("dns.nxdomain", "tls.cert-expired"),
    ("dns.servfail", "tcp.syn-dropped"),
    ("tcp.port-closed", "http.server-error"),
    ("tcp.syn-dropped", "tls.old-version"),
    ("tls.cert-expired", "http.server-error"),
    ("tls.cert-expired", "dns.slow-resolver"),
    ("tls.self-signed", "tcp.address-dead"),
    ("http.server-error", "net.ipv6-broken"),
    ("http.redirect-loop", "dns.slow-resolver"),
];

/// Every fault over one family, the faults beyond the first home from the other
/// one, those of [`ELSEWHERE`], and [`PAIRS`].
pub(crate) fn variants() -> Vec<Case> {
    let mut all = Vec::new();
    for fault in case::faults() {
        if !BY_FAMILY.contains(&fault.name.as_str()) {
            for (option, name) in [("-4", "ipv4"), ("-6", "ipv6")] {
                let mut variant = fault.clone();
                variant.name = format!("{}/{name}", fault.name);
                variant.args.insert(0, option.to_owned());
                all.push(variant);
            }
        }
        if is_far_away(&fault) {
            let mut variant = fault.clone();
            variant.name = format!("{}/from-h4", fault.name);
            variant.at = "h4".to_owned();
            all.push(variant);
        }
    }
    all.extend(ELSEWHERE.iter().filter_map(|text| elsewhere(text)));
    all.extend(PAIRS.iter().filter_map(|&(root, other)| pair(root, other)));
    all
}

fn pair(root: &str, other: &str) -> Option<Case> {
    let mut pair = elsewhere(root)?;
    pair.name = format!("{root}+{other}");
    pair.faults.push(other.to_owned());
    Some(pair)
}

/// Whether the fault is on the way from the other home too.
fn is_far_away(fault: &Case) -> bool {
    const NEAR: &[&str] = &["net.no-default-route", "net.forwarding-off"];
    fault.truth.layer != Some(Layer::Link) && !NEAR.contains(&fault.name.as_str())
}

fn elsewhere(text: &str) -> Option<Case> {
    let name = text.split(['@', ',']).next()?;
    let mut variant = case::faults().into_iter().find(|fault| fault.name == name)?;
    variant.name = text.to_owned();
    variant.faults = vec![text.to_owned()];
    Some(variant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_elsewhere_is_a_fault() {
        for text in ELSEWHERE {
            assert!(elsewhere(text).is_some(), "{text}");
        }
        for (root, other) in PAIRS {
            assert!(pair(root, other).is_some() && elsewhere(other).is_some(), "{root} {other}");
        }
    }
}
