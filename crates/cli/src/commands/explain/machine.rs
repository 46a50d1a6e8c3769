//! What this machine knows of a number that has no page.

use plumb_evidence::reference::{Kind, Number, Unlisted};
use plumb_sys::errno;

use crate::services::{self, SERVICES};

/// Facts about the number, by name.
pub(super) fn facts(unlisted: Unlisted) -> Vec<(&'static str, String)> {
    let Number::Plain(number) = unlisted.number else { return Vec::new() };
    match unlisted.span.kind {
        Kind::Port => {
            let services = services::read(None).unwrap_or_default();
            let names = u16::try_from(number).map(|port| services_of(&services, port));
            let names = names.unwrap_or_default();
            let said = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            vec![(SERVICES, said)]
        }
        Kind::Errno => {
            let name = i32::try_from(number).map_or("E?", errno::name);
            if name == "E?" { Vec::new() } else { vec![("name", name.to_owned())] }
        }
        _ => Vec::new(),
    }
}

/// The services of a port: `domain (tcp, udp)`.
fn services_of(services: &str, port: u16) -> Vec<String> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for service in services::services(services).filter(|service| service.port == port) {
        match found.iter_mut().find(|(known, _)| *known == service.name) {
            Some((_, transports)) => transports.push(service.transport),
            None => found.push((service.name, vec![service.transport])),
        }
    }
    let shown =
        |(name, transports): (&str, Vec<&str>)| format!("{name} ({})", transports.join(", "));
    found.into_iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_their_port() {
        let text = "# names\ndomain\t53/tcp\t\t# DNS\ndomain 53/udp\nssh 22/tcp\n\nodd\n";
        assert_eq!(services_of(text, 53), ["domain (tcp, udp)"]);
        assert_eq!(services_of(text, 22), ["ssh (tcp)"]);
        assert!(services_of(text, 80).is_empty());
    }
}
