//! What this machine knows of a number that has no page.

use plumb_evidence::reference::{Kind, Number, Unlisted};
use plumb_sys::errno;

/// Names of the services of this machine, services(5).
const SERVICES: &str = "/etc/services";

/// Facts about the number, by name.
pub(super) fn facts(unlisted: Unlisted) -> Vec<(&'static str, String)> {
    let Number::Plain(number) = unlisted.number else { return Vec::new() };
    match unlisted.span.kind {
        Kind::Port => {
            let services = std::fs::read_to_string(SERVICES).unwrap_or_default();
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
    for line in services.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(name), Some((number, protocol))) =
            (words.next(), words.next().and_then(|word| word.split_once('/')))
        else {
            continue;
        };
        if number.parse() != Ok(port) {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, protocols)) => protocols.push(protocol),
            None => found.push((name, vec![protocol])),
        }
    }
    let shown = |(name, protocols): (&str, Vec<&str>)| format!("{name} ({})", protocols.join(", "));
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
