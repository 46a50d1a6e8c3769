//! `--as NAME`: an encoding of characters, a notation of bytes, or one of each.

use clap::ValueEnum;

use super::charset::Charset;
use super::transfer::Transfer;
use crate::error::CommandError;
use crate::suggest;

/// What the `--as` options of a command ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Scheme {
    pub(super) charset: Option<Charset>,
    pub(super) transfer: Option<Transfer>,
}

impl Scheme {
    /// What is to be known of a label that means something else than it says.
    pub(super) fn note(names: &[String]) -> Option<&'static str> {
        let meant = |label: &str| match label.to_ascii_lowercase().as_str() {
            "latin1" | "latin-1" | "iso-8859-1" | "iso8859-1" | "l1" => Some(
                "the WHATWG standard reads this label as windows-1252, as browsers do: 80 to 9f are \
                 characters such as the euro sign, where ISO 8859-1 has controls",
            ),
            "ascii" | "us-ascii" => Some(
                "the WHATWG standard reads this label as windows-1252, as browsers do; ASCII itself \
                 ends at 7f",
            ),
            _ => None,
        };
        names.iter().find_map(|label| meant(label))
    }

    /// At most one of each kind.
    pub(super) fn read(names: &[String]) -> Result<Scheme, CommandError> {
        let mut scheme = Scheme::default();
        for name in names {
            let twice = match Transfer::from_str(name, true) {
                Ok(transfer) => scheme.transfer.replace(transfer).map(|_| "notations of bytes"),
                Err(_) => scheme.charset.replace(charset(name)?).map(|_| "encodings of characters"),
            };
            if let Some(kind) = twice {
                return Err(CommandError::usage(format!(
                    "--as {name} is the second of the {kind}"
                ))
                .hint("one encoding of characters and one notation of bytes go together:")
                .hint("--as utf-16le --as base64"));
            }
        }
        if let (Some(charset), Some(transfer)) = (scheme.charset, scheme.transfer)
            && transfer.is_of_characters()
        {
            return Err(CommandError::usage(format!(
                "{} is made of characters, not of the bytes of {}",
                transfer.name(),
                charset.name()
            )));
        }
        Ok(scheme)
    }
}

fn charset(label: &str) -> Result<Charset, CommandError> {
    if let Some(charset) = Charset::from_label(label) {
        return Ok(charset);
    }
    if encoding_rs::Encoding::for_label(label.as_bytes()).is_some() {
        return Err(CommandError::usage(format!("{label} is an encoding that is never decoded"))
            .hint("the WHATWG standard refuses it: sites were attacked through programs that read\nits escape sequences differently"));
    }
    let error = CommandError::usage(format!("{label:?} names no encoding"));
    if label.to_ascii_lowercase().replace('-', "").starts_with("utf32") {
        return Err(error.hint("UTF-32 is not in the WHATWG standard; nothing on the wire uses it"));
    }
    let notations = Transfer::value_variants().iter().map(|transfer| transfer.name());
    let known = super::list::ENCODINGS.iter().map(|encoding| encoding.name());
    // Aliases of the standard are found through the names.
    let near = suggest::did_you_mean(label, notations.chain(known).collect::<Vec<_>>());
    Err(error.hint_if(near).hint("plumb text list shows every encoding and its labels"))
}
