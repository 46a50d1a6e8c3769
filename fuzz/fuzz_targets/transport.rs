//! TCP, UDP, SOCKS and the PROXY protocol.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::transport::proxy::ProxyHeader;
use plumb_wire::transport::{Tcp, Udp, socks};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::identity::<Tcp>(bytes);
    plumb_fuzz::identity::<Udp>(bytes);
    if let Ok(Some((_, used_bytes))) = socks::reply(bytes) {
        assert!(used_bytes <= bytes.len());
    }
    if let Ok(Some((header, used_bytes))) = ProxyHeader::parse(bytes) {
        assert!(used_bytes <= bytes.len());
        // TLVs are not kept, and version 1 says less; what was kept stays the same.
        let again = ProxyHeader { version: 2, ..header };
        assert_eq!(
            ProxyHeader::parse(&again.encode()),
            Ok(Some((again.clone(), again.encode().len())))
        );
    }
});
