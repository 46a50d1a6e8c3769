//! DNS messages and names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::dns::{Message, Name};

fuzz_target!(|bytes: &[u8]| {
    plumb_fuzz::meaning::<Message>(bytes);
    if let Ok(message) = Message::decode(bytes) {
        for record in message.records() {
            let _ = record.to_string();
            assert_eq!(record.name.to_string().parse::<Name>().as_ref(), Ok(&record.name));
        }
    }
});
