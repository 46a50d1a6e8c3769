//! Addresses and networks as text: what is read prints as itself, an error points into the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::addr::text;

fuzz_target!(|text: &str| {
    match text::address(text) {
        Ok(address) => assert_eq!(text::address(&address.to_string()), Ok(address)),
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
