//! Lists of the vendors that bought hardware addresses, as programs keep them on disk.
//!
//! Read are the IEEE's own (`oui.txt`, `mam.txt`, `oui36.txt`, `iab.txt` and their `.csv`), and
//! those of Wireshark (`manuf`), nmap (`nmap-mac-prefixes`) and arp-scan (`ieee-oui.txt`). A list
//! is searched where it lies and never made a table of: for one address, that costs less than
//! parsing it.

use memchr::{memchr, memmem, memrchr};

/// Bits of the shortest prefix that is sold, MA-L (an OUI).
const OUI_BITS: u8 = 24;
/// What stands before the first entry of a list is shorter than this.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vendor<'a> {
    /// The beginning of the addresses, its bits at the left of 48.
    pub prefix: u64,
    /// How many bits of it count: 24 (MA-L), 28 (MA-M) or 36 (MA-S, IAB).
    pub length: u8,
    /// As the list has it; not necessarily UTF-8.
    pub name: &'a [u8],
}

impl Vendor<'_> {
    /// Whether an address, its bits at the left of 48, is of this vendor.
    pub const fn has(&self, address: u64) -> bool {
        (address ^ self.prefix) >> (48 - self.length) == 0
    }

    /// The digits of the prefix with colons: `00:1b:c5:00:1`.
    pub fn digits(&self) -> String {
        let digits = format!("{:012x}", self.prefix);
        let digits = &digits[..usize::from(self.length).div_ceil(4)];
        let pairs: Vec<&str> =
            (0..digits.len()).step_by(2).map(|at| &digits[at..digits.len().min(at + 2)]).collect();
        pairs.join(":")
    }
}

/// The entry of a list with the longest prefix of an address, its bits at the left of 48.
pub fn find(list: &[u8], address: u64) -> Option<Vendor<'_>> {
    let mut best: Option<Vendor<'_>> = None;
    for needle in needles(list, address)? {
        for at in memmem::find_iter(list, needle.as_bytes()) {
            let start = memrchr(b'\n', &list[..at]).map_or(0, |end| end + 1);
            let Some(vendor) = entry(list, start).filter(|vendor| vendor.has(address)) else {
                continue;
            };
            if best.is_none_or(|best| best.length < vendor.length) {
                best = Some(vendor);
            }
        }
    }
    best
}

/// Every entry of a list, in its order.
pub fn entries(list: &[u8]) -> impl Iterator<Item = Vendor<'_>> {
    let mut next = Some(0);
    let starts = std::iter::from_fn(move || {
        let start = next?;
        next = memchr(b'\n', list.get(start..)?).map(|length| start + length + 1);
        Some(start)
    });
    starts.filter_map(|start| entry(list, start))
}

/// The ways in which this list may write the first 24 bits of an address; none where it has no
/// entries.
fn needles(list: &[u8], address: u64) -> Option<Vec<String>> {
    let head = &list[..list.len().min(HEAD_BYTES_MAX)];
    let mut starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', head).map(|at| at + 1));
    let first = starts.find(|&start| entry(list, start).is_some())?;
    let token = &list[first..];
    let separator = match token.get(2) {
        Some(&separator @ (b':' | b'-' | b'.')) if !is_csv(token) => {
            String::from(char::from(separator))
        }
        _ => String::new(),
    };
    let [a, b, c] = [40, 32, 24].map(|shift| (address >> shift) as u8);
    let lower = format!("{a:02x}{separator}{b:02x}{separator}{c:02x}");
    let upper = lower.to_ascii_uppercase();
    Some(if upper == lower { vec![lower] } else { vec![upper, lower] })
}

/// The entry in the line that begins here, if it has one.
fn entry(list: &[u8], start: usize) -> Option<Vendor<'_>> {
    let (line, rest) = split_line(list.get(start..)?);
    if is_csv(line) {
        return csv(line);
    }
    let end = line.iter().position(u8::is_ascii_whitespace)?;
    let (prefix, length) = prefix(&line[..end])?;
    let name = line[end..].trim_ascii();
    if let Some(name) = name.strip_prefix(b"(hex)") {
        return registry(prefix, name.trim_ascii(), split_line(rest).0);
    }
    if name.starts_with(b"(base 16)") {
        return None; // the second line of an entry
    }
    // Wireshark's has a short name before the full one, which may be missing.
    let mut fields = name.split(|byte| *byte == b'\t').map(<[u8]>::trim_ascii);
    let short = fields.next().filter(|name| !name.is_empty())?;
    let name = fields.find(|name| !name.is_empty()).unwrap_or(short);
    Some(Vendor { prefix, length, name })
}

/// The line without its end, and what follows.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, &[]),
    }
}

/// The IEEE's text: the OUI in the first line, and in the second which part of it was sold,
/// `D00000-DFFFFF`, or the whole, `00000C`.
fn registry<'a>(oui: u64, name: &'a [u8], second: &[u8]) -> Option<Vendor<'a>> {
    let token = second.split(u8::is_ascii_whitespace).next()?;
    let (prefix, length) = match token.iter().position(|byte| *byte == b'-') {
        Some(at) => {
            let (first, last) = (digits(&token[..at])?, digits(&token[at + 1..])?);
            let ((first, 6), (last, 6)) = (first, last) else { return None };
            let differing = 64 - (first ^ last).leading_zeros() as u8; // at most 24
            (oui | first, 48 - differing)
        }
        None => (oui, OUI_BITS),
    };
    Some(Vendor { prefix, length, name })
}

fn is_csv(line: &[u8]) -> bool {
    [&b"MA-"[..], b"IAB,", b"CID,"].iter().any(|start| line.starts_with(start))
}

/// The IEEE's table: `MA-M,741AE09,"Name, Inc.",Address`.
fn csv(line: &[u8]) -> Option<Vendor<'_>> {
    let mut fields = line.splitn(3, |byte| *byte == b',').skip(1);
    let (prefix, length) = prefix(fields.next()?)?;
    let rest = fields.next()?;
    let name = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|byte| *byte == b'"').next()?,
        None => rest.split(|byte| *byte == b',').next()?,
    };
    Some(Vendor { prefix, length, name: name.trim_ascii() })
}

/// `00:0C:29`, `00-0C-29`, `000C29`, `001BC5001`, `00:1B:C5:00:10:00/36`: the bits at the left of
/// 48, and how many count.
fn prefix(token: &[u8]) -> Option<(u64, u8)> {
    let at = token.iter().position(|byte| *byte == b'/');
    let (value, length) = digits(&token[..at.unwrap_or(token.len())])?;
    let value = value << (48 - 4 * length);
    let length = match at {
        Some(at) => std::str::from_utf8(&token[at + 1..]).ok()?.parse().ok()?,
        None => 4 * length,
    };
    (OUI_BITS..=48).contains(&length).then_some((value, length))
}

/// The number of 6 to 12 hexadecimal digits, and how many there are.
fn digits(token: &[u8]) -> Option<(u64, u8)> {
    let (mut value, mut count) = (0, 0);
    for &byte in token {
        if matches!(byte, b':' | b'-' | b'.') {
            continue;
        }
        value = value << 4 | u64::from(char::from(byte).to_digit(16)?);
        count += 1;
        if count > 12 {
            return None;
        }
    }
    (count >= 6).then_some((value, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANUF: &[u8] = b"# comment\n\n00:00:0C\tCisco\tCisco Systems, Inc\n\
        00:1B:C5\tIEEERegi\tIEEE Registration Authority\n\
        00:1B:C5:00:00:00/36\tConvergi\tConverging Systems Inc.\n\
        00:1B:C5:00:50:00/36\tPrivate\naa:bb:cc:d0:00:00/28\tshort\tlong\n";
    const OUI: &[u8] = b"OUI/MA-L    Organization\r\ncompany_id  Organization\r\n\r\n\
        00-00-0C   (hex)\t\tCisco Systems, Inc\r\n00000C     (base 16)\t\tCisco Systems, Inc\r\n\
        \t\t\t\t170 WEST TASMAN DRIVE\r\n\r\n";
    const MAM: &[u8] = b"74-1A-E0   (hex)\t\tPrivate\r\n900000-9FFFFF     (base 16)\t\tPrivate\r\n\
        \r\n20-85-93   (hex)\t\tIOG Products LLC\r\nB00000-BFFFFF     (base 16)\t\tIOG\r\n";
    const IAB: &[u8] = b"00-50-C2                      (hex)              DEUTA-WERKE GmbH   \r\n\
        7D5000-7D5FFF                 (base 16)          DEUTA-WERKE GmbH\r\n";
    const CSV: &[u8] = b"Registry,Assignment,Organization Name,Organization Address\r\n\
        MA-M,741AE09,Private,\r\nMA-L,00000C,\"Cisco Systems, Inc\",170 WEST\r\n";
    const NMAP: &[u8] = b"# $Id\n000000 Xerox\n001BC5000 Converging Systems\n";

    fn name(list: &'static [u8], address: u64) -> Option<(&'static str, u8)> {
        let vendor = find(list, address)?;
        Some((std::str::from_utf8(vendor.name).unwrap(), vendor.length))
    }

    #[test]
    fn every_format_and_the_longest_prefix() {
        let cisco = Some(("Cisco Systems, Inc", 24));
        assert_eq!(name(MANUF, 0x0000_0c01_0203), cisco);
        assert_eq!(name(OUI, 0x0000_0c01_0203), cisco);
        assert_eq!(name(CSV, 0x0000_0c01_0203), cisco);
        let whole = Some(("IEEE Registration Authority", 24));
        assert_eq!(name(MANUF, 0x001b_c5ff_0203), whole);
        assert_eq!(name(MANUF, 0x001b_c500_0203), Some(("Converging Systems Inc.", 36)));
        assert_eq!(name(MANUF, 0x001b_c500_5203), Some(("Private", 36)));
        assert_eq!(name(MANUF, 0xaabb_ccde_5203), Some(("long", 28)));
        assert_eq!(name(MANUF, 0xaabb_cc0e_5203), None);
        assert_eq!(name(MAM, 0x2085_93b1_0203), Some(("IOG Products LLC", 28)));
        assert_eq!(name(MAM, 0x2085_93a1_0203), None);
        assert_eq!(name(IAB, 0x0050_c27d_5203), Some(("DEUTA-WERKE GmbH", 36)));
        assert_eq!(name(CSV, 0x741a_e090_0000), Some(("Private", 28)));
        assert_eq!(name(NMAP, 0x001b_c500_0fff), Some(("Converging Systems", 36)));
        assert_eq!(name(NMAP, 0x0000_00ff_0fff), Some(("Xerox", 24)));
        assert_eq!(name(b"", 0), None);
    }

    #[test]
    fn all_of_a_list() {
        let digits: Vec<String> = entries(MANUF).map(|vendor| vendor.digits()).collect();
        let expected = ["00:00:0c", "00:1b:c5", "00:1b:c5:00:0", "00:1b:c5:00:5", "aa:bb:cc:d"];
        assert_eq!(digits, expected);
        assert_eq!(entries(OUI).count(), 1);
        assert_eq!(entries(MAM).count(), 2);
        assert_eq!(entries(CSV).count(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(
            text in "([0-9A-Fa-f:/-]{0,20}[ \t]?(\\(hex\\))?[ \t]?[a-z\",]{0,8}\r?\n?){0,6}",
            address in 0u64..1 << 48,
        ) {
            for vendor in entries(text.as_bytes()) {
                vendor.digits();
            }
            let found = find(text.as_bytes(), address);
            assert!(found.is_none_or(|vendor| vendor.has(address)));
        }
    }
}
