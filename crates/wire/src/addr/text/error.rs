//! Why a text is no address.

use std::fmt;
use std::ops::Range;

/// A text that is no address or network, where it goes wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError {
    /// The text as it was given; of one that is too long, its beginning.
    pub text: String,
    /// The bytes of `text` that are wrong; empty where something is missing.
    pub range: Range<usize>,
    /// What is wrong.
    pub problem: Problem,
    /// What would be right, for a person.
    pub right: Option<String>,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, byte {}: {}", self.text, self.range.start + 1, self.problem)?;
        match &self.right {
            Some(right) => write!(f, " ({right})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for AddressError {}

/// What is wrong with a text that should have been an address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no text.
    #[error("an address cannot be empty")]
    Empty,
    /// Nothing before the slash, or nothing that could be an address.
    #[error("this is no address")]
    NoAddress,
    /// More bytes than any address has; how many.
    #[error("this is no address: it has {0} bytes")]
    Long(usize),
    /// A URL.
    #[error("this is a URL, not an address")]
    Url,
    /// A host's name.
    #[error("this is a name, not an address")]
    Name,
    /// A hardware address.
    #[error("this is a hardware address, not one of IP")]
    Mac,
    /// A network where an address is asked for.
    #[error("this is a network; one address is asked for")]
    Network,
    /// Two addresses with a dash between them.
    #[error("this is a range; an address or a network is asked for")]
    Range,
    /// A blank.
    #[error("an address has no spaces")]
    Space,
    /// A character of ASCII that no address has.
    #[error("{0:?} belongs to no address")]
    Character(char),
    /// A digit of East Asian typography.
    #[error("{0} (U+{n:04X}) is a fullwidth digit; addresses are written in ASCII", n = u32::from(*.0))]
    Fullwidth(char),
    /// A character beyond ASCII, or a control character.
    #[error("U+{n:04X} belongs to no address", n = u32::from(*.0))]
    Foreign(char),
    /// The brackets of a URL.
    #[error("brackets belong to URLs and to ports, not to the address")]
    Brackets,
    /// `%eth0`.
    #[error("a zone names an interface of one host; it is not part of the address (RFC 4007)")]
    Zone,
    /// `:80`.
    #[error("a port is not part of the address")]
    Port,
    /// An address as one decimal number.
    #[error("an integer is not read as an address unless that is asked for")]
    Integer,
    /// An address as one hexadecimal number.
    #[error("hexadecimal is not read as an address unless that is asked for")]
    Hexadecimal,
    /// An octet in hexadecimal.
    #[error("an octet is written in decimal")]
    OctetHexadecimal,
    /// An octet that begins with a zero.
    #[error("a leading zero makes an octet octal to some programs and decimal to others")]
    OctetLeadingZero,
    /// An octet of more than 255.
    #[error("an octet is a number from 0 to 255")]
    OctetTooLarge,
    /// Two dots in a row, or one at an end.
    #[error("an octet is missing here")]
    OctetMissing,
    /// Something in an octet that is no digit.
    #[error("{0:?} is no decimal digit")]
    OctetDigit(char),
    /// Fewer than four octets; how many there are.
    #[error("IPv4 has four octets, here {are} {0}", are = if *.0 == 1 { "is" } else { "are" })]
    TooFewOctets(usize),
    /// More than four octets; how many there are.
    #[error("IPv4 has four octets, here are {0}")]
    TooManyOctets(usize),
    /// A second `::`.
    #[error("only one run of zeros can be left out, else nobody knows how long each is")]
    TwoRuns,
    /// Three colons in a row.
    #[error("three colons in a row")]
    ThreeColons,
    /// One colon at an end.
    #[error("a single colon stands at the {0}")]
    LooseColon(&'static str),
    /// Something in a group that is no hexadecimal digit.
    #[error("{0:?} is no hexadecimal digit")]
    GroupDigit(char),
    /// A group of more than four digits.
    #[error("a group has at most four hexadecimal digits")]
    GroupTooLong,
    /// Fewer than eight groups and no `::`; how many there are.
    #[error("IPv6 has eight groups, here {are} {0}", are = if *.0 == 1 { "is" } else { "are" })]
    TooFewGroups(usize),
    /// More than eight groups; how many there are.
    #[error("IPv6 has eight groups, here are {0}")]
    TooManyGroups(usize),
    /// `::` although all eight groups are there.
    #[error("`::` stands for at least one group of zeros, and all eight are there")]
    RunOfNothing,
    /// IPv4 notation before the end of an IPv6 address.
    #[error("only the last 32 bits of an IPv6 address can be written as IPv4")]
    DottedNotLast,
    /// Nothing behind the slash.
    #[error("there is no prefix length behind the slash")]
    LengthMissing,
    /// A prefix longer than the address; the bits that this has.
    #[error("a prefix of IPv{version} is at most {0} bits long", version = if *.0 == 32 { 4 } else { 6 })]
    LengthTooLong(u8),
    /// `/024`.
    #[error("a prefix length has no leading zero")]
    LengthLeadingZero,
    /// Neither a number nor a mask.
    #[error("a prefix length is a number")]
    LengthNotANumber,
    /// A second slash.
    #[error("there is a second slash")]
    TwoSlashes,
    /// A mask whose ones are not in one piece.
    #[error("the ones of a mask stand in one piece, these do not")]
    MaskNotContiguous,
    /// A mask for IPv6.
    #[error("IPv6 has prefix lengths and no masks")]
    MaskOfIpv6,
}
