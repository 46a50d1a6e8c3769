//! Hardware addresses in any notation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::addr::Mac;

fuzz_target!(|text: &str| {
    if let Ok(mac) = text.parse::<Mac>() {
        assert_eq!(mac.to_string().parse(), Ok(mac));
    }
});
