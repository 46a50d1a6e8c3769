//! Bytes in lower-case hexadecimal, as digests, serial numbers and random names are written.

use std::fmt::Write as _;

/// Two digits a byte, nothing between them: `0aff`.
///
/// ```
/// assert_eq!(plumb_wire::hexadecimal(&[0x0a, 0xff]), "0aff");
/// ```
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
