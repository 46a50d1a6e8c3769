//! Addresses and networks as text: what is read prints as itself, an error points into the text;
//! what an address has inside, and its rows, whichever it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::addr::embedded::{self, Embedded, Nat64Prefix};
use plumb_wire::addr::{special, text};

fuzz_target!(|text: &str| {
    match text::address(text) {
        Ok(address) => {
            assert_eq!(text::address(&address.to_string()), Ok(address));
            taken_apart(address);
        }
        Err(error) => assert!(error.text.get(error.range).is_some()),
    }
    match text::network(text) {
        Ok(network) => assert_eq!(text::network(&network.to_string()), Ok(network)),
        Err(error) => assert!(error.text.get(error.range).is_some()),
    }
    // The C library is laxer than plumb, never stricter.
    if let Ok(std::net::IpAddr::V4(address)) = text::address(text) {
        assert_eq!(text::lax(text), Some(address));
    }
});

fn taken_apart(address: std::net::IpAddr) {
    for part in embedded::parts(address) {
        assert!(!part.to_string().is_empty());
        if let (Embedded::Nat64 { prefix, ipv4, .. }, std::net::IpAddr::V6(whole)) = (part, address)
        {
            let prefix = Nat64Prefix::try_from(prefix).expect("a prefix that was found");
            assert_eq!(prefix.extract(whole), Some(ipv4));
        }
    }
    let rows = special::rows(address);
    assert!(rows.windows(2).all(|pair| pair[1].extent.covers(&pair[0].extent)));
    special::verdict(address);
}
