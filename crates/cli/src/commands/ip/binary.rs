//! Address and mask in binary (IPv6: hexadecimal), the AND drawn under them.
//!
//! Network and host bits differ in tone, and a ruler below says where the
//! border is, so that it shows without colour too.

use std::net::IpAddr;

use plumb_report::{Line, Tone};

use super::facts::{exploded, octets};

/// Columns of IPv4 in binary.
const COLUMNS: usize = 35;

/// An address as it is drawn: the digits, and how many bits a digit is.
#[derive(Debug, Clone)]
pub(super) struct Digits {
    text: String,
    bits_per_digit: usize,
}

impl Digits {
    /// IPv4 in binary, IPv6 in hexadecimal.
    pub(super) fn of(address: IpAddr) -> Digits {
        match address {
            IpAddr::V4(_) => Digits { text: binary(&octets(address), 1), bits_per_digit: 1 },
            IpAddr::V6(_) => Digits { text: exploded(address), bits_per_digit: 4 },
        }
    }

    /// One group of IPv6 in binary.
    fn of_group(address: IpAddr, group: usize) -> Digits {
        let octets = octets(address);
        let pair = octets.get(group * 2..group * 2 + 2).unwrap_or_default();
        Digits { text: nibbles(pair), bits_per_digit: 1 }
    }

    /// The digits behind `line`: those of the network strong, the others faint.
    pub(super) fn draw(&self, line: Line, length: usize) -> Line {
        let (mut network, mut mixed, mut host) = (String::new(), String::new(), String::new());
        let mut bit = 0;
        for c in self.text.chars() {
            let separates = matches!(c, ' ' | ':');
            let end = bit + if separates { 0 } else { self.bits_per_digit };
            if end <= length && bit < length.max(1) {
                network.push(c);
            } else if bit < length {
                mixed.push(c);
            } else {
                host.push(c);
            }
            bit = end;
        }
        line.and(Tone::Strong, network).and(Tone::Hint, mixed).and(Tone::Faint, host)
    }

    /// A line under the digits, with a gap where they are separated.
    pub(super) fn rule(&self, unicode: bool) -> String {
        let dash = if unicode { '─' } else { '-' };
        self.text.chars().map(|c| if c == ' ' { ' ' } else { dash }).collect()
    }

    /// Brackets under the bits of the network and of the host.
    pub(super) fn ruler(
        &self,
        length: usize,
        names: [&str; 2],
        unicode: bool,
    ) -> Vec<(Tone, String)> {
        let mut bit = 0;
        let mut border = self.text.len();
        for (column, c) in self.text.char_indices() {
            let separates = matches!(c, ' ' | ':');
            if bit >= length && !separates {
                border = border.min(column);
                break;
            }
            if !separates && bit + self.bits_per_digit > length {
                // The border runs through this digit, which belongs to both.
                border = column;
                break;
            }
            bit += if separates { 0 } else { self.bits_per_digit };
        }
        let total = self.text.chars().filter(|c| !matches!(c, ' ' | ':')).count();
        let host = total * self.bits_per_digit - length;
        let cut = !length.is_multiple_of(self.bits_per_digit);
        // The separator between the two parts stays free.
        let free = matches!(self.text[..border].chars().next_back(), Some(' ' | ':'));
        let left = border - usize::from(free);
        let right = self.text.len() - border - usize::from(cut);
        vec![
            (Tone::Strong, bracket(left, names[0], length, unicode)),
            (Tone::Plain, " ".repeat(usize::from(free))),
            (Tone::Hint, if cut { "^" } else { "" }.to_owned()),
            (Tone::Faint, bracket(right, names[1], host, unicode)),
        ]
    }
}

/// `└── network, 24 ──┘` as wide as `columns`; less is said where it is narrow.
fn bracket(columns: usize, name: &str, bits: usize, unicode: bool) -> String {
    let [open, dash, close] = if unicode { ["└", "─", "┘"] } else { ["\\", "_", "/"] };
    if columns < 2 {
        return if unicode { "╵" } else { "|" }.repeat(columns);
    }
    let inner = columns - 2;
    let plural = if bits == 1 { "" } else { "s" };
    let words = [
        format!(" {name}, {bits} bit{plural} "),
        format!(" {name}, {bits} "),
        format!(" {name} "),
        format!(" {bits} "),
        String::new(),
    ];
    let words = words.into_iter().find(|words| words.len() <= inner).unwrap_or_default();
    let left = (inner - words.len()) / 2;
    let right = inner - words.len() - left;
    format!("{open}{}{words}{}{close}", dash.repeat(left), dash.repeat(right))
}

/// Octets in binary, a blank between each `many` of them.
fn binary(octets: &[u8], many: usize) -> String {
    let groups = octets.chunks(many);
    let groups = groups.map(|group| group.iter().map(|octet| format!("{octet:08b}")).collect());
    groups.collect::<Vec<String>>().join(" ")
}

/// Octets in binary, a blank between each four bits.
fn nibbles(octets: &[u8]) -> String {
    let nibbles = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    nibbles.map(|nibble| format!("{nibble:04b}")).collect::<Vec<_>>().join(" ")
}

/// A row of the picture: its name, its value, what is drawn.
#[derive(Debug)]
pub(super) struct Row {
    pub name: &'static str,
    pub address: IpAddr,
}

/// How a picture is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Columns before the names, and at which values begin.
    pub indent: usize,
    pub value: usize,
    /// Columns that there are.
    pub columns: usize,
    pub unicode: bool,
}

impl Place {
    /// Columns of an IPv4 address and of what separates it from its bits.
    const ADDRESS: usize = 18;

    /// Whether bits and the decimal form of IPv4 fit on one line.
    pub(super) fn has_room(&self) -> bool {
        self.value + Place::ADDRESS + COLUMNS <= self.columns
    }

    /// Where the digits begin: IPv4 has its decimal form before them, where
    /// there is room.
    fn digits(&self, address: IpAddr) -> usize {
        self.value + if address.is_ipv4() && self.has_room() { Place::ADDRESS } else { 0 }
    }

    fn name(&self, name: &str) -> Line {
        Line::plain(" ".repeat(self.indent)).and(Tone::Hint, name)
    }

    fn row(&self, row: &Row, length: usize) -> Line {
        let mut line = self.name(row.name).pad_to(self.value);
        let at = self.digits(row.address);
        if at > self.value {
            line = line.and(Tone::Plain, row.address.to_string()).pad_to(at);
        }
        Digits::of(row.address).draw(line, length)
    }
}

/// Address and mask, the AND under them, and what follows from it.
pub(super) fn and(operands: &[Row], results: &[Row], length: u8, place: &Place) -> Vec<Line> {
    let Some(first) = operands.first() else { return Vec::new() };
    let at = place.digits(first.address);
    let mut lines: Vec<Line> =
        operands.iter().map(|row| place.row(row, usize::from(length))).collect();
    let and = Line::plain(" ".repeat(place.indent)).and(Tone::Faint, "AND").pad_to(at);
    lines.push(and.and(Tone::Faint, Digits::of(first.address).rule(place.unicode)));
    lines.extend(results.iter().map(|row| place.row(row, usize::from(length))));
    lines
}

/// The names of the two parts.
fn parts(address: IpAddr) -> [&'static str; 2] {
    if address.is_ipv4() { ["network", "host"] } else { ["network", "interface"] }
}

/// The ruler under addresses that were drawn.
pub(super) fn ruler(address: IpAddr, length: u8, place: &Place) -> Line {
    let digits = Digits::of(address);
    let ruler = digits.ruler(usize::from(length), parts(address), place.unicode);
    let line = Line::new().pad_to(place.digits(address));
    ruler.into_iter().fold(line, |line, (tone, text)| line.and(tone, text))
}

/// A caret under each digit in which two addresses differ.
pub(super) fn difference(one: IpAddr, other: IpAddr, name: &str, place: &Place) -> Line {
    let at = place.digits(one);
    let (one, other) = (Digits::of(one), Digits::of(other));
    let carets = one.text.chars().zip(other.text.chars());
    let carets: String = carets.map(|(a, b)| if a == b { ' ' } else { '^' }).collect();
    place.name(name).pad_to(at).and(Tone::Bad, carets.trim_end())
}

/// The whole picture of one address: the AND, its results, and the ruler.
pub(super) fn picture(operands: &[Row], results: &[Row], length: u8, place: &Place) -> Vec<Line> {
    let Some(first) = operands.first() else { return Vec::new() };
    let mut lines = and(operands, results, length, place);
    lines.push(ruler(first.address, length, place));
    if first.address.is_ipv6() && !length.is_multiple_of(4) {
        lines.push(Line::new());
        lines.extend(cut_group(operands, results, length, place));
    }
    lines
}

/// The group of IPv6 that the border cuts within a digit, in binary.
fn cut_group(operands: &[Row], results: &[Row], length: u8, place: &Place) -> Vec<Line> {
    let group = usize::from(length / 16);
    let bits = usize::from(length % 16);
    let draw = |row: &Row| {
        let hex: String = exploded(row.address).split(':').nth(group).unwrap_or_default().into();
        let line = place.name(row.name).pad_to(place.value).and(Tone::Plain, hex);
        Digits::of_group(row.address, group).draw(line.pad_to(place.value + 6), bits)
    };
    let ordinal = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
    let which = ordinal.get(group).copied().unwrap_or_default();
    let mut lines =
        vec![Line::new().pad_to(place.value).and(
            Tone::Faint,
            format!("bit {length} is within a digit; the {which} group in binary:"),
        )];
    lines.extend(operands.iter().map(draw));
    if let Some(first) = operands.first() {
        let digits = Digits::of_group(first.address, group);
        let and = Line::plain(" ".repeat(place.indent)).and(Tone::Faint, "AND");
        lines.push(and.pad_to(place.value + 6).and(Tone::Faint, digits.rule(place.unicode)));
        lines.extend(results.iter().take(1).map(draw));
        let ruler = digits.ruler(bits, ["network", "interface"], place.unicode).into_iter();
        let line = Line::new().pad_to(place.value + 6);
        lines.push(ruler.fold(line, |line, (tone, text)| line.and(tone, text)));
    }
    lines
}

/// All bits of an IPv6 address and its mask, a group to a line.
pub(super) fn all_bits(address: IpAddr, mask: IpAddr, length: u8, place: &Place) -> Vec<Line> {
    let mut lines = vec![
        Line::new()
            .pad_to(place.value)
            .and(Tone::Faint, "address")
            .pad_to(place.value + 21)
            .and(Tone::Faint, "mask")
            .pad_to(place.value + 42)
            .and(Tone::Faint, "address AND mask"),
    ];
    let network = ipnet::IpNet::new(address, length).map_or(address, |net| net.network());
    for group in 0..8 {
        let hex: String = exploded(address).split(':').nth(group).unwrap_or_default().into();
        let bits = usize::from(length).saturating_sub(group * 16).min(16);
        let mut line = place.name(&hex);
        for (i, value) in [address, mask, network].into_iter().enumerate() {
            line = line.pad_to(place.value + 21 * i);
            line = Digits::of_group(value, group).draw(line, bits);
        }
        lines.push(line);
    }
    lines
}
