//! Reading the header of a proxy before anything else.

use std::io;
use std::path::PathBuf;

use plumb_wire::transport::proxy::{Ends, ProxyError, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Endpoint;

/// What came at the beginning of a proxy's connection.
#[derive(Debug)]
pub(super) struct Opening {
    /// The header, if there was one.
    pub(super) header: Option<ProxyHeader>,
    /// Bytes behind it, which belong to the service.
    pub(super) rest: Vec<u8>,
}

/// Why a header could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpeningError {
    #[error("{0}")]
    Header(#[from] ProxyError),
    #[error("the connection ended within the PROXY header")]
    Ended,
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Reads a header; where it is optional, other bytes are given back as they came.
pub(super) async fn read_opening(
    stream: &mut (impl AsyncRead + Unpin),
    optional: bool,
) -> Result<Opening, OpeningError> {
    /// A header comes in one packet; its TLVs rarely need more than this.
    const READ_BYTES: usize = 512;
    let mut bytes = Vec::with_capacity(READ_BYTES);
    loop {
        match ProxyHeader::parse(&bytes) {
            Ok(Some((header, used_bytes))) => {
                return Ok(Opening { header: Some(header), rest: bytes.split_off(used_bytes) });
            }
            Err(ProxyError::NoSignature) if optional => {
                return Ok(Opening { header: None, rest: bytes });
            }
            Err(error) => return Err(error.into()),
            // The parser wants no more than its own limit, see HEADER_BYTES_MAX.
            Ok(None) => bytes.reserve(READ_BYTES),
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            let untouched = optional && bytes.is_empty();
            return if untouched {
                Ok(Opening { header: None, rest: bytes })
            } else {
                Err(OpeningError::Ended)
            };
        }
    }
}

/// The client and the server's end that a header names.
pub(super) fn named_ends(header: &ProxyHeader) -> (Option<Endpoint>, Option<Endpoint>) {
    use std::os::unix::ffi::OsStringExt;
    let path = |path: &[u8]| {
        let named = || PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()));
        Endpoint::Unix((!path.is_empty()).then(named))
    };
    match &header.ends {
        Ends::Own | Ends::Unknown => (None, None),
        Ends::Ip { source, destination } => {
            (Some(Endpoint::Ip(*source)), Some(Endpoint::Ip(*destination)))
        }
        Ends::Unix { source, destination } => (Some(path(source)), Some(path(destination))),
    }
}
