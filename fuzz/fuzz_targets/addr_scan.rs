//! Lines of lists: the fast reading is the strict one, an error points into the line, and what a
//! set is written as is the set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plumb_wire::addr::scan::{self, Columns, Item};
use plumb_wire::addr::set::AddressSet;
use plumb_wire::addr::text;

fuzz_target!(|list: &[u8]| {
    let mut spans = Vec::new();
    for line in list.split(|byte| *byte == b'\n') {
        for columns in [Columns::Alone, Columns::Nth(2)] {
            match scan::line(line, columns) {
                Ok(item) => spans.extend(item.map(|item| item.span)),
                Err(error) => assert!(line.get(error.range).is_some()),
            }
        }
        if let Ok(Ok(network)) = std::str::from_utf8(line).map(text::network) {
            assert_eq!(scan::line(line, Columns::Alone), Ok(Some(Item::of(network))));
        }
    }
    let set: AddressSet = spans.into_iter().collect();
    assert_eq!(set.networks().collect::<AddressSet>(), set);
    assert_eq!(set.complement().complement(), set);
});
