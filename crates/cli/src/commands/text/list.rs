//! `plumb text list`.

use clap::Args;
use encoding_rs::*;
use plumb_report::{Line, Tone};
use serde::Serialize;

use super::Run;
use crate::args::output::OutputArgs;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{Output, Session};

/// Every encoding of the standard that text can be in, in its order.
pub(super) const ENCODINGS: [&Encoding; 39] = [
    UTF_8,
    IBM866,
    ISO_8859_2,
    ISO_8859_3,
    ISO_8859_4,
    ISO_8859_5,
    ISO_8859_6,
    ISO_8859_7,
    ISO_8859_8,
    ISO_8859_8_I,
    ISO_8859_10,
    ISO_8859_13,
    ISO_8859_14,
    ISO_8859_15,
    ISO_8859_16,
    KOI8_R,
    KOI8_U,
    MACINTOSH,
    WINDOWS_874,
    WINDOWS_1250,
    WINDOWS_1251,
    WINDOWS_1252,
    WINDOWS_1253,
    WINDOWS_1254,
    WINDOWS_1255,
    WINDOWS_1256,
    WINDOWS_1257,
    WINDOWS_1258,
    X_MAC_CYRILLIC,
    GBK,
    GB18030,
    BIG5,
    EUC_JP,
    ISO_2022_JP,
    SHIFT_JIS,
    EUC_KR,
    UTF_16BE,
    UTF_16LE,
    X_USER_DEFINED,
];

/// Show every encoding of characters
///
/// With the names by which programs and protocols call it. The labels are those
/// of the WHATWG standard, in which `latin1` and `ascii` mean windows-1252.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    output: OutputArgs,
}

/// The data of an `encoding` record.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    bytes_per_character: &'static str,
    /// Other labels that people type.
    labels: Vec<&'static str>,
}

/// Labels that are met often, to be shown beside the encoding that they mean.
const LABELS: &[&str] = &[
    "utf8",
    "cp866",
    "latin2",
    "latin3",
    "latin4",
    "cyrillic",
    "arabic",
    "greek",
    "hebrew",
    "logical",
    "latin6",
    "koi8",
    "koi",
    "mac",
    "tis-620",
    "iso-8859-11",
    "cp1250",
    "cp1251",
    "latin1",
    "ascii",
    "us-ascii",
    "iso-8859-1",
    "cp1252",
    "cp1253",
    "latin5",
    "iso-8859-9",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "gb2312",
    "chinese",
    "big5-hkscs",
    "x-sjis",
    "ms932",
    "sjis",
    "ks_c_5601-1987",
    "korean",
    "windows-949",
    "utf-16",
    "x-mac-ukrainian",
    "koi8-ru",
    "dos-874",
];

impl Row {
    fn of(encoding: &'static Encoding) -> Row {
        let bytes_per_character = match encoding {
            encoding if encoding.is_single_byte() => "1",
            encoding if encoding == UTF_8 => "1 to 4",
            encoding if encoding == UTF_16LE || encoding == UTF_16BE => "2 or 4",
            encoding if encoding == GB18030 => "1, 2 or 4",
            encoding if encoding == EUC_JP => "1 to 3",
            encoding if encoding == ISO_2022_JP => "1 or 2, with escapes",
            _ => "1 or 2",
        };
        let means = |label: &&&str| Encoding::for_label(label.as_bytes()) == Some(encoding);
        Row {
            name: encoding.name(),
            bytes_per_character,
            labels: LABELS.iter().filter(means).copied().collect(),
        }
    }
}

impl Run for List {
    const EXAMPLES: &'static str = "
        plumb text list
        plumb text list --json";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "text list")?;
        let head = Line::new().and(Tone::Faint, "encoding").pad_to(17);
        let head = head.and(Tone::Faint, "bytes").pad_to(39).and(Tone::Faint, "also called");
        session.lines(&[head])?;
        for encoding in ENCODINGS {
            let row = Row::of(encoding);
            session.record("encoding", &row)?;
            session.lines(&[Line::new()
                .and(Tone::Strong, row.name)
                .pad_to(17)
                .and(Tone::Plain, row.bytes_per_character)
                .pad_to(39)
                .and(Tone::Plain, row.labels.join(" "))])?;
        }
        session.end(ExitStatus::GOOD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_that_is_shown_means_an_encoding_of_the_list() {
        for label in LABELS {
            let encoding = Encoding::for_label(label.as_bytes());
            assert!(encoding.is_some_and(|found| ENCODINGS.contains(&found)), "{label}");
        }
    }
}
