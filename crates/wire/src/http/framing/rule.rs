//! The rules that a request can break.

use std::fmt;

/// The rule that a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The request line is not `method SP target SP version`, section 3.
    RequestLine,
    /// The method is no token, section 3.1.
    Method,
    /// The target has a form that does not exist or that the method may not
    /// have, or bytes that no target has, section 3.2.
    Target,
    /// The version is none, section 2.3.
    Version,
    /// The version is another than HTTP/1.0 and HTTP/1.1.
    VersionUnsupported,
    /// The request line is too long.
    TargetTooLong,
    /// A line ends with a lone LF, section 2.2.
    BareLf,
    /// A CR stands without LF, section 2.2.
    BareCr,
    /// A line begins with white space: a folded value, section 5.2.
    Folded,
    /// White space stands before a colon, section 5.1.
    SpaceBeforeColon,
    /// A field's name is no token.
    FieldName,
    /// A field's value has a control character, RFC 9110 section 5.5.
    FieldValue,
    /// There are too many fields.
    FieldsTooMany,
    /// The header section is too large.
    HeaderTooLarge,
    /// HTTP/1.1 without Host, section 3.2.
    HostMissing,
    /// More than one Host, section 3.2.
    HostSeveral,
    /// Host is no name or address with an optional port, section 3.2.
    HostInvalid,
    /// More than one Content-Length, section 6.3.
    LengthSeveral,
    /// Content-Length is no number, section 6.3.
    LengthInvalid,
    /// Content-Length stands beside Transfer-Encoding, section 6.3.
    LengthAndTransferEncoding,
    /// Transfer-Encoding in HTTP/1.0, section 6.1.
    TransferEncodingOld,
    /// The last transfer coding is not chunked, or it comes twice, section 6.3.
    TransferEncoding,
    /// A transfer coding beside chunked, which is not known here, section 6.1.
    TransferEncodingUnknown,
    /// A chunk's size is no hexadecimal number, section 7.1.
    ChunkSize,
    /// A chunk's extension is malformed, section 7.1.1.
    ChunkExtension,
    /// The line of a chunk's size is too long.
    ChunkLineTooLong,
    /// No line end follows a chunk's data, section 7.1.
    ChunkEnd,
    /// A trailer field that belongs into the header, section 6.5.1 of RFC 9110.
    TrailerForbidden,
    /// The trailer section is too large.
    TrailersTooLarge,
}

impl Rule {
    /// The status that answers the violation.
    pub fn status(self) -> u16 {
        match self {
            Rule::TargetTooLong => 414,
            Rule::FieldsTooMany | Rule::HeaderTooLarge | Rule::TrailersTooLarge => 431,
            Rule::TransferEncodingUnknown => 501,
            Rule::VersionUnsupported => 505,
            _ => 400,
        }
    }

    /// Whether it is about the size of something and not its form.
    pub fn is_size(self) -> bool {
        matches!(self.status(), 414 | 431)
    }
}

/// What is wrong, in words.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::RequestLine => "the request line is not a method, a target and a version",
            Rule::Method => "the method is not a token",
            Rule::Target => "the request target is malformed",
            Rule::Version => "the version is malformed",
            Rule::VersionUnsupported => "the version is neither HTTP/1.0 nor HTTP/1.1",
            Rule::TargetTooLong => "the request line is too long",
            Rule::BareLf => "a line ends with LF and not with CRLF",
            Rule::BareCr => "a CR stands without LF",
            Rule::Folded => "a header line begins with white space",
            Rule::SpaceBeforeColon => "white space stands before the colon of a field",
            Rule::FieldName => "the name of a field is not a token",
            Rule::FieldValue => "the value of a field has a control character",
            Rule::FieldsTooMany => "there are too many header fields",
            Rule::HeaderTooLarge => "the header is too large",
            Rule::HostMissing => "there is no Host field",
            Rule::HostSeveral => "there is more than one Host field",
            Rule::HostInvalid => "Host is not a name or an address with an optional port",
            Rule::LengthSeveral => "there is more than one Content-Length",
            Rule::LengthInvalid => "Content-Length is not a number",
            Rule::LengthAndTransferEncoding => {
                "both Content-Length and Transfer-Encoding are there"
            }
            Rule::TransferEncodingOld => "HTTP/1.0 knows no Transfer-Encoding",
            Rule::TransferEncoding => "the body does not end with the one coding chunked",
            Rule::TransferEncodingUnknown => "no transfer coding but chunked is known here",
            Rule::ChunkSize => "the size of a chunk is not a hexadecimal number",
            Rule::ChunkExtension => "the extension of a chunk is malformed",
            Rule::ChunkLineTooLong => "the line of a chunk's size is too long",
            Rule::ChunkEnd => "no line end follows the data of a chunk",
            Rule::TrailerForbidden => "a trailer field belongs into the header",
            Rule::TrailersTooLarge => "the trailer section is too large",
        })
    }
}

impl std::error::Error for Rule {}
