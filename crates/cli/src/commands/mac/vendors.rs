//! The lists of vendors that are on this machine.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use plumb_wire::addr::vendor;

use crate::error::CommandError;

/// Where the packages of distributions put the lists, the most complete and
/// freshest first. The files of a row belong together: what is missing in the
/// first, which has the prefixes of 24 bits, is in the others.
const LISTS: &[&[&str]] = &[
    &[
        "/var/lib/ieee-data/oui.txt",
        "/var/lib/ieee-data/mam.txt",
        "/var/lib/ieee-data/oui36.txt",
        "/var/lib/ieee-data/iab.txt",
    ],
    &[
        "/usr/share/ieee-data/oui.txt",
        "/usr/share/ieee-data/mam.txt",
        "/usr/share/ieee-data/oui36.txt",
        "/usr/share/ieee-data/iab.txt",
    ],
    &["/usr/share/wireshark/manuf"],
    &["/usr/share/nmap/nmap-mac-prefixes"],
    &["/usr/share/arp-scan/ieee-oui.txt"],
    &["/usr/share/hwdata/oui.txt", "/usr/share/hwdata/iab.txt"],
];

/// The IEEE's own is 5 MiB long.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// Who has a block that is sold on in parts.
const PARTED: &str = "IEEE Registration Authority";

/// What to do where there is none.
pub(super) const NO_LIST: &str = "no list on this machine (apt install ieee-data)";

/// The list that is asked, a file or some that belong together. They are read
/// when they are needed.
#[derive(Debug, Default)]
pub(super) struct Lists {
    paths: Vec<PathBuf>,
    texts: std::cell::RefCell<Vec<Option<Vec<u8>>>>,
}

/// Who bought a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bought {
    /// The digits of the prefix, with colons.
    pub prefix: String,
    pub prefix_length: u8,
    pub name: String,
    pub list: PathBuf,
}

impl Lists {
    /// The given one, else the first that is there.
    pub(super) fn of(given: Option<&Path>) -> Result<Lists, CommandError> {
        let paths = match given {
            Some(path) => {
                let text = read(path).map_err(|error| CommandError::file("read", path, error))?;
                if vendor::entries(&text).next().is_none() {
                    return Err(CommandError::usage(format!(
                        "{} is no list of vendors",
                        path.display()
                    ))
                    .hint("a line is, for instance: 00:00:0c, a tab, Cisco Systems"));
                }
                let texts = vec![Some(text)].into();
                return Ok(Lists { paths: vec![path.to_owned()], texts });
            }
            None => LISTS.iter().map(|row| row.iter().map(PathBuf::from)).find_map(|row| {
                let there: Vec<PathBuf> = row.filter(|path| path.is_file()).collect();
                (!there.is_empty()).then_some(there)
            }),
        };
        let paths = paths.unwrap_or_default();
        let texts = vec![None; paths.len()].into();
        Ok(Lists { paths, texts })
    }

    /// The files, none if there is no list.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Who bought an address, its bits at the left of 48.
    pub(super) fn find(&self, address: u64) -> Option<Bought> {
        let mut best: Option<Bought> = None;
        for (i, path) in self.paths.iter().enumerate() {
            let found = self
                .with(i, |text| vendor::find(text, address).map(|vendor| bought(&vendor, path)));
            let longer = |found: &Bought| {
                best.as_ref().is_none_or(|best| best.prefix_length < found.prefix_length)
            };
            if let Some(found) = found.filter(longer) {
                best = Some(found);
            }
            if best.as_ref().is_some_and(|best| !best.is_parted()) {
                break;
            }
        }
        best
    }

    /// Calls with every entry of every file.
    pub(super) fn each(&self, mut with: impl FnMut(&vendor::Vendor<'_>, &Path)) {
        for (i, path) in self.paths.iter().enumerate() {
            self.with(i, |text| vendor::entries(text).for_each(|vendor| with(&vendor, path)));
        }
    }

    fn with<T>(&self, i: usize, with: impl FnOnce(&[u8]) -> T) -> T {
        let mut texts = self.texts.borrow_mut();
        // A list that cannot be read has no entries.
        with(texts[i].get_or_insert_with(|| read(&self.paths[i]).unwrap_or_default()))
    }
}

impl Bought {
    /// Whether the block is sold on in parts, and the list does not know to
    /// whom.
    pub(super) fn is_parted(&self) -> bool {
        self.name.eq_ignore_ascii_case(PARTED)
    }
}

pub(super) fn bought(vendor: &vendor::Vendor<'_>, list: &Path) -> Bought {
    Bought {
        prefix: vendor.digits(),
        prefix_length: vendor.length,
        name: String::from_utf8_lossy(vendor.name).into_owned(),
        list: list.to_owned(),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len()).min(LIST_BYTES_MAX);
    let mut text = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(LIST_BYTES_MAX).read_to_end(&mut text)?;
    Ok(text)
}
