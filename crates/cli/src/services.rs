//! The names of services on this machine, services(5).

use std::path::Path;

use crate::error::CommandError;

/// Where the C library looks.
pub(crate) const SERVICES: &str = "/etc/services";

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service<'a> {
    pub name: &'a str,
    pub port: u16,
    /// `tcp`, `udp`, `sctp`.
    pub transport: &'a str,
    pub aliases: Vec<&'a str>,
}

impl Service<'_> {
    /// Whether it is called so; names of services differ by case.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The file as text; what is no UTF-8 in it is in comments. A machine may have
/// none, but a file that was asked for must be there.
pub(crate) fn read(given: Option<&Path>) -> Result<String, CommandError> {
    let path = given.unwrap_or(Path::new(SERVICES));
    match std::fs::read(path) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
        Err(_) if given.is_none() => Ok(String::new()),
        Err(error) => Err(CommandError::file("read", path, error)),
    }
}

/// Its services, in its order.
pub(crate) fn services(text: &str) -> impl Iterator<Item = Service<'_>> {
    text.lines().filter_map(|line| {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let name = words.next()?;
        let (port, transport) = words.next()?.split_once('/')?;
        Some(Service { name, port: port.parse().ok()?, transport, aliases: words.collect() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_and_without_aliases() {
        let text = "# names\ndomain\t53/tcp\t\t# DNS\nhttp 80/tcp www # web\n\nodd\nx 99999/tcp\n";
        let all: Vec<_> = services(text).collect();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].name, all[0].port, all[0].transport), ("domain", 53, "tcp"));
        assert!(all[1].is_called("www") && !all[1].is_called("WWW"));
    }
}
