//! What may be changed about serving files.

use std::io;
use std::path::PathBuf;

pub use plumb_sys::file::Symlinks;

/// How a directory is served. [`FilesConfig::new`] has what suits most.
#[derive(Debug, Clone)]
pub struct FilesConfig {
    /// What is served.
    pub directory: PathBuf,
    /// Which symbolic links are followed.
    pub symlinks: Symlinks,
    /// Whether names with a leading dot are served and listed; `.well-known`
    /// always is, RFC 8615.
    pub hidden: bool,
    /// Names that stand for their directory, the first that is there.
    pub index: Vec<String>,
    /// Whether directories without such a file are listed.
    pub listing: bool,
    /// The `Cache-Control` of files.
    pub cache_control: Option<String>,
    /// Whether files whose name holds a hash of their content may be kept for
    /// a year: `app.3f9a1c2b.js`.
    pub immutable_hashed: bool,
    /// Whether text is compressed on its way.
    pub compress: bool,
    /// Whether `page.html.br`, `.zst` and `.gz` are sent in place of
    /// `page.html` to who accepts them.
    pub precompressed: bool,
    /// What may be changed by clients; nothing where there is none.
    pub upload: Option<UploadConfig>,
}

/// What clients may change.
#[derive(Debug, Clone)]
pub struct UploadConfig {
    /// Whether a file may be replaced.
    pub overwrite: bool,
    /// Whether `DELETE` removes files.
    pub delete: bool,
    /// Whether the directories of a path are made.
    pub make_directories: bool,
    /// Origins whose pages may do it as well, `https://app.example`; `*` is any.
    /// Without, a page of another site could send a form from a browser that
    /// reaches this server.
    pub origins: Vec<String>,
    /// The largest file or form, in bytes.
    pub size_bytes_max: u64,
}

/// 1 GiB: a film or a disk image, and no disk that is full by one mistake.
pub const UPLOAD_BYTES_MAX: u64 = 1 << 30;

impl FilesConfig {
    /// `directory` with index files and listings, links that stay inside, no
    /// hidden files, compression, and asking again before a copy is used.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        FilesConfig {
            directory: directory.into(),
            symlinks: Symlinks::Inside,
            hidden: false,
            index: vec!["index.html".to_owned(), "index.htm".to_owned()],
            listing: true,
            cache_control: Some("no-cache".to_owned()),
            immutable_hashed: false,
            compress: true,
            precompressed: true,
            upload: None,
        }
    }
}

impl Default for UploadConfig {
    fn default() -> Self {
        UploadConfig {
            overwrite: false,
            delete: false,
            make_directories: false,
            origins: Vec::new(),
            size_bytes_max: UPLOAD_BYTES_MAX,
        }
    }
}

/// A directory cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It cannot be opened.
    #[error("cannot serve the directory {}: {error}", path.display())]
    Directory {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The value cannot stand in a header.
    #[error("`{text}` cannot be the value of Cache-Control")]
    CacheControl {
        /// As it was given.
        text: String,
    },
}
