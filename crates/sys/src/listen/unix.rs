//! Unix sockets: their files, and what an earlier server left behind.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{Bound, BoundSocket, InUse, Step, start_listening};
use crate::options::SocketOptions;
use crate::socket::Context;

/// The file of a bound Unix socket; dropping it removes the file, unless
/// another one has taken its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        let seen = fs::symlink_metadata(path).context("look at", path.display())?;
        Ok(SocketFile { path: path.to_owned(), device: seen.dev(), inode: seen.ino() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let same = fs::symlink_metadata(&self.path)
            .is_ok_and(|seen| (seen.dev(), seen.ino()) == (self.device, self.inode));
        if same {
            let _ = fs::remove_file(&self.path);
        }
    }
}

pub(super) fn stream(path: &Path, options: &SocketOptions, backlog: u32) -> io::Result<Bound> {
    let (socket, mut steps, file) = bind(path, options, Type::STREAM)?;
    steps.push(start_listening(&socket, backlog, path.display())?);
    Ok(Bound { socket: BoundSocket::Unix(socket.into()), steps, file })
}

pub(super) fn datagram(path: &Path, options: &SocketOptions) -> io::Result<Bound> {
    let (socket, steps, file) = bind(path, options, Type::DGRAM)?;
    Ok(Bound { socket: BoundSocket::UnixDatagram(socket.into()), steps, file })
}

fn bind(
    path: &Path,
    options: &SocketOptions,
    kind: Type,
) -> io::Result<(Socket, Vec<Step>, Option<SocketFile>)> {
    let shown = path.display();
    let socket = Socket::new(Domain::UNIX, kind.nonblocking().cloexec(), None)
        .context("open a socket for", &shown)?;
    let called = if kind == Type::STREAM { "SOCK_STREAM" } else { "SOCK_DGRAM" };
    let mut steps = vec![Step::Socket { family: "AF_UNIX", kind: called }];
    steps.extend(options.apply_before(&socket)?.into_iter().map(Step::Option));
    let address = address(path)?;
    let has_file = !is_abstract(path);
    if has_file && remove_stale(path, kind)? {
        steps.push(Step::StaleFileRemoved(path.to_owned()));
    }
    if let Some(mode) = options.mode.filter(|_| has_file) {
        // Before bind(), so that the file never has more permissions, not
        // even for a moment: bind() takes them over, less the umask.
        nix::sys::stat::fchmod(&socket, nix::sys::stat::Mode::from_bits_truncate(mode))
            .map_err(io::Error::from)
            .context("set the mode of", &shown)?;
    }
    match socket.bind(&address) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => {
            return Err(InUse::path(path).into());
        }
        Err(error) => return Err(error).context("bind to", &shown),
    }
    steps.push(Step::Bind { address: path.display().to_string(), chosen: false });
    let file = if has_file { Some(SocketFile::of(path)?) } else { None };
    if let Some(mode) = options.mode.filter(|_| has_file) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .context("set the mode of", &shown)?;
        steps.push(Step::Mode(mode));
    }
    Ok((socket, steps, file))
}

/// The address of a path, or of an abstract name where it begins with `@`.
pub(crate) fn address(path: &Path) -> io::Result<SockAddr> {
    let bytes = path.as_os_str().as_bytes();
    let named = match bytes.strip_prefix(b"@") {
        Some(name) => OsString::from_vec([b"\0", name].concat()),
        None => path.as_os_str().to_owned(),
    };
    SockAddr::unix(Path::new(&named)).context("use the path", path.display())
}

fn is_abstract(path: &Path) -> bool {
    path.as_os_str().as_bytes().first() == Some(&b'@')
}

pub(super) fn path_of(address: &SocketAddr) -> Option<PathBuf> {
    let named = address.as_abstract_name().map(|name| {
        let bytes = [b"@", name].concat();
        PathBuf::from(OsString::from_vec(bytes))
    });
    named.or_else(|| address.as_pathname().map(Path::to_owned))
}

/// Removes the socket file of a server that is gone. Nobody listens where
/// connect() is refused.
fn remove_stale(path: &Path, kind: Type) -> io::Result<bool> {
    let seen = match fs::symlink_metadata(path) {
        Ok(seen) => seen,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).context("look at", path.display()),
    };
    if !seen.file_type().is_socket() {
        let taken = io::Error::new(io::ErrorKind::AlreadyExists, "there is a file already");
        return Err(taken).context("bind to", path.display());
    }
    if is_alive(path, kind)? {
        return Err(InUse::path(path).into());
    }
    fs::remove_file(path).context("remove the stale socket", path.display())?;
    Ok(true)
}

/// Whether a process holds the socket of this file.
fn is_alive(path: &Path, kind: Type) -> io::Result<bool> {
    let other = if kind == Type::STREAM { Type::DGRAM } else { Type::STREAM };
    for kind in [kind, other] {
        let socket = Socket::new(Domain::UNIX, kind.nonblocking().cloexec(), None)?;
        match socket.connect(&address(path)?).map_err(|error| error.raw_os_error()) {
            Err(Some(libc::ECONNREFUSED)) => return Ok(false),
            // A socket of the other type: ask with that one.
            Err(Some(libc::EPROTOTYPE)) => {}
            // Connected, its queue is full, or it may not be asked.
            _ => return Ok(true),
        }
    }
    Ok(true)
}
