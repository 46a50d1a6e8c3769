//! A lab's map, drawn as text.
//!
//! Machines hang below each other as packets would travel from the middle of
//! the network to its edges; a LAN is a junction with its members below it.
//! Addresses stand in columns, active faults at the machine that they hit.

use std::collections::{BTreeSet, VecDeque};

use plumb_evidence::map::{LabMap, LinkKind, MapMachine};

use crate::styled::{self, Line, Tone};
use crate::text::COLUMNS_MAX;

/// Narrowest column of names.
const NAMES_MIN: usize = 16;

/// The map as lines of at most 80 columns.
pub fn draw(map: &LabMap) -> Vec<Line> {
    let tree = Tree::of(map);
    let names = tree.rows.iter().map(|row| styled::width(&row.name())).max().unwrap_or(0);
    let names = names.clamp(NAMES_MIN, COLUMNS_MAX / 2) + 2;
    let mut lines = vec![
        Line::new().and(Tone::Strong, format!("lab {}", map.name)).and(
            Tone::Faint,
            format!(": {} machines, {} links", map.machines.len(), map.links.len()),
        ),
        Line::new(),
    ];
    for row in &tree.rows {
        lines.extend(row.lines(map, names));
    }
    for link in &tree.extra {
        lines.push(Line::new().and(Tone::Faint, format!("and {link}")));
    }
    lines.push(Line::new());
    if map.faults.is_empty() {
        lines.push(Line::new().and(Tone::Good, "nothing is broken"));
    } else {
        lines.push(Line::new().and(Tone::Bad, "broken"));
        let faults = map
            .faults
            .iter()
            .map(|fault| Line::new().and(Tone::Bad, "  ✗ ").and(Tone::Plain, fault));
        lines.extend(faults.map(|line| line.cut(COLUMNS_MAX)));
    }
    lines
}

/// A node of the drawing: a machine, or a LAN between machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Machine(usize),
    Link(usize),
}

struct Row<'a> {
    node: Node,
    /// The lines of the tree left of the name.
    branch: String,
    /// The same for further lines of the row.
    below: String,
    name: &'a str,
}

impl Row<'_> {
    fn name(&self) -> String {
        format!("{}{}", self.branch, self.name)
    }

    fn lines(&self, map: &LabMap, column: usize) -> Vec<Line> {
        let mut first = Line::new().and(Tone::Faint, &self.branch);
        let index = match self.node {
            Node::Link(_) => {
                first.push(Tone::Hint, self.name);
                return vec![first.pad_to(column).and(Tone::Faint, "lan").cut(COLUMNS_MAX)];
            }
            Node::Machine(index) => index,
        };
        let machine = &map.machines[index];
        let hit = map.faults.iter().any(|fault| place_of(fault) == Some(machine.name.as_str()));
        first.push(if hit { Tone::Bad } else { Tone::Strong }, self.name);
        if hit {
            first.push(Tone::Bad, " ✗");
        }
        let (v4, v6) = addresses(machine);
        let services =
            services(machine, COLUMNS_MAX.saturating_sub(column + V4_COLUMNS + V6_COLUMNS));
        let rows = v4.len().max(v6.len()).max(services.len()).max(1);
        let cell = |list: &[String], i: usize| list.get(i).cloned().unwrap_or_default();
        (0..rows)
            .map(|i| {
                let lead =
                    if i == 0 { first.clone() } else { Line::new().and(Tone::Faint, &self.below) };
                lead.pad_to(column)
                    .and(Tone::Plain, cell(&v4, i))
                    .pad_to(column + V4_COLUMNS)
                    .and(Tone::Plain, cell(&v6, i))
                    .pad_to(column + V4_COLUMNS + V6_COLUMNS)
                    .and(Tone::Faint, cell(&services, i))
                    .cut(COLUMNS_MAX)
            })
            .collect()
    }
}

const V4_COLUMNS: usize = 15;
const V6_COLUMNS: usize = 20;

/// The addresses of a machine without their prefixes, each once, by family.
fn addresses(machine: &MapMachine) -> (Vec<String>, Vec<String>) {
    let mut seen = BTreeSet::new();
    let all = machine.interfaces.iter().flat_map(|interface| &interface.addresses);
    let bare = all.map(|address| address.split('/').next().unwrap_or(address));
    let global = bare.filter(|address| !address.starts_with("fe80:"));
    let once: Vec<String> =
        global.filter(|address| seen.insert(*address)).map(str::to_owned).collect();
    once.into_iter().partition(|address| !address.contains(':'))
}

/// The services in lines of at most `columns`.
fn services(machine: &MapMachine, columns: usize) -> Vec<String> {
    // Every machine has the small ones; they would drown what is special.
    const SMALL: [&str; 3] = ["echo", "discard", "daytime"];
    let special: Vec<&str> =
        machine.services.iter().map(String::as_str).filter(|name| !SMALL.contains(name)).collect();
    styled::wrap(&special.join(" "), columns.max(8))
}

/// `www` of `tls.cert-expired@www:eth0,days=3`.
fn place_of(fault: &str) -> Option<&str> {
    let place = fault.split_once('@')?.1;
    place.split([',', ':']).next()
}

/// The network as a tree below its most central machine.
struct Tree<'a> {
    rows: Vec<Row<'a>>,
    /// Links that are in no branch, because they close a ring.
    extra: Vec<String>,
}

impl<'a> Tree<'a> {
    fn of(map: &'a LabMap) -> Tree<'a> {
        let graph = Graph::of(map);
        let mut tree = Tree { rows: Vec::new(), extra: Vec::new() };
        let mut done = BTreeSet::new();
        let mut used = BTreeSet::new();
        // More than one root only where the network is in parts.
        while let Some(root) = graph.centre(&done) {
            tree.descend(map, &graph, root, String::new(), String::new(), &mut done, &mut used);
        }
        for (_, link) in map.links.iter().enumerate().filter(|(i, _)| !used.contains(i)) {
            tree.extra.push(format!("{}: {}", link.name, link.ends.join(" - ")));
        }
        tree
    }

    #[expect(clippy::too_many_arguments, reason = "one recursive step, called from one place")]
    fn descend(
        &mut self,
        map: &'a LabMap,
        graph: &Graph,
        node: Node,
        branch: String,
        below: String,
        done: &mut BTreeSet<Node>,
        used: &mut BTreeSet<usize>,
    ) {
        done.insert(node);
        let name = match node {
            Node::Machine(i) => &map.machines[i].name,
            Node::Link(i) => &map.links[i].name,
        };
        let row = self.rows.len();
        self.rows.push(Row { node, branch, below: below.clone(), name });
        let mut children = Vec::new();
        for &(next, link) in graph.next(node) {
            if let Node::Link(lan) = node {
                used.insert(lan);
            }
            if !done.contains(&next) && children.iter().all(|&(known, _)| known != next) {
                children.push((next, link));
            }
        }
        let has_children = !children.is_empty();
        let count = children.len();
        for (i, (next, link)) in children.into_iter().enumerate() {
            if done.contains(&next) {
                continue;
            }
            used.insert(link);
            let (turn, on) = if i + 1 == count { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.descend(
                map,
                graph,
                next,
                format!("{below}{turn}"),
                format!("{below}{on}"),
                done,
                used,
            );
        }
        if has_children {
            self.rows[row].below.push('│');
        }
    }
}

/// Which machine is joined to which, a LAN with more than two members being a
/// node of its own.
struct Graph {
    machines: usize,
    edges: Vec<(Node, Vec<(Node, usize)>)>,
}

impl Graph {
    fn of(map: &LabMap) -> Graph {
        let mut graph = Graph { machines: map.machines.len(), edges: Vec::new() };
        for (index, link) in map.links.iter().enumerate() {
            let ends = link.ends.iter().map(|end| end.split(':').next().unwrap_or(end));
            let ends: Vec<Node> = ends
                .filter_map(|name| map.machines.iter().position(|machine| machine.name == name))
                .map(Node::Machine)
                .collect();
            match (link.kind, ends.as_slice()) {
                (LinkKind::Cable, &[a, b]) => graph.join(a, b, index),
                _ => ends.iter().for_each(|&end| graph.join(end, Node::Link(index), index)),
            }
        }
        graph
    }

    fn join(&mut self, a: Node, b: Node, link: usize) {
        for (from, to) in [(a, b), (b, a)] {
            match self.edges.iter_mut().find(|(node, _)| *node == from) {
                Some((_, list)) => list.push((to, link)),
                None => self.edges.push((from, vec![(to, link)])),
            }
        }
    }

    fn next(&self, node: Node) -> &[(Node, usize)] {
        self.edges.iter().find(|(known, _)| *known == node).map_or(&[], |(_, list)| list)
    }

    /// The machine not yet drawn from which the farthest is nearest; of
    /// several, the one with the least sum of distances.
    fn centre(&self, done: &BTreeSet<Node>) -> Option<Node> {
        let left = (0..self.machines).map(Node::Machine).filter(|node| !done.contains(node));
        left.min_by_key(|&node| {
            let distances = self.distances(node);
            let reached = distances.len();
            (
                usize::MAX - reached,
                distances.iter().max().copied().unwrap_or(0),
                distances.iter().sum::<usize>(),
            )
        })
    }

    fn distances(&self, from: Node) -> Vec<usize> {
        let mut seen = BTreeSet::from([from]);
        let mut queue = VecDeque::from([(from, 0)]);
        let mut distances = Vec::new();
        while let Some((node, distance)) = queue.pop_front() {
            distances.push(distance);
            for &(next, _) in self.next(node) {
                if seen.insert(next) {
                    queue.push_back((next, distance + 1));
                }
            }
        }
        distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb_evidence::map::{MapInterface, MapLink};

    fn machine(name: &str, interfaces: &[(&str, &str, &[&str])], services: &[&str]) -> MapMachine {
        MapMachine {
            name: name.to_owned(),
            interfaces: interfaces
                .iter()
                .map(|(name, link, addresses)| MapInterface {
                    name: (*name).to_owned(),
                    link: (*link).to_owned(),
                    addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
                    mac: None,
                })
                .collect(),
            services: services.iter().map(|s| (*s).to_owned()).collect(),
            forwards: interfaces.len() > 1,
        }
    }

    fn link(name: &str, kind: LinkKind, ends: &[&str]) -> MapLink {
        MapLink {
            name: name.to_owned(),
            kind,
            ends: ends.iter().map(|end| (*end).to_owned()).collect(),
        }
    }

    fn home(name: &'static str, v4: &str, v6: &str) -> MapMachine {
        machine(name, &[("eth1", "home", &[v4, v6, "fe80::1/64"])], &["echo", "discard", "daytime"])
    }

    fn internet() -> LabMap {
        let isp = ["10.25.1.1/32", "2001:db8:25::1/128"];
        LabMap {
            name: "default".to_owned(),
            machines: vec![
                home("h1", "192.168.1.11/24", "2001:db8:25:a::11/64"),
                home("h2", "192.168.1.12/24", "2001:db8:25:a::12/64"),
                home("h3", "192.168.1.13/24", "2001:db8:25:a::13/64"),
                home("h4", "192.168.1.14/24", "2001:db8:25:b::14/64"),
                machine(
                    "modemA",
                    &[
                        ("eth0", "isp-modemA", &["10.25.1.65/16", "2001:db8:25::65/64"]),
                        ("eth1", "homeA", &["192.168.1.1/24", "2001:db8:25:a::1/64"]),
                    ],
                    &["nat"],
                ),
                machine(
                    "modemB",
                    &[
                        ("eth0", "isp-modemB", &["10.25.1.66/16", "2001:db8:25::66/64"]),
                        ("eth1", "homeB", &["192.168.1.1/24", "2001:db8:25:b::1/64"]),
                    ],
                    &["nat"],
                ),
                machine("isp", &[("eth0", "", &isp), ("eth1", "", &isp), ("eth2", "", &isp)], &[]),
                machine(
                    "backbone",
                    &[("eth0", "", &["10.1.1.1/32", "2001:db8:1::1/128"])],
                    &["dns", "dns-root"],
                ),
                machine(
                    "example",
                    &[("eth0", "", &["10.130.1.1/32", "2001:db8:130::1/64"])],
                    &["dns"],
                ),
                home("ftp", "10.130.1.2/24", "2001:db8:130::2/64"),
                home("mail", "10.130.1.3/24", "2001:db8:130::3/64"),
                machine(
                    "www",
                    &[("eth0", "", &["10.130.1.4/24", "2001:db8:130::4/64"])],
                    &["http", "https"],
                ),
            ],
            links: vec![
                link("homeA", LinkKind::Lan, &["modemA:eth1", "h1:eth1", "h2:eth1", "h3:eth1"]),
                link("homeB", LinkKind::Lan, &["modemB:eth1", "h4:eth1"]),
                link(
                    "exampleCOM",
                    LinkKind::Lan,
                    &["example:eth1", "ftp:eth0", "mail:eth0", "www:eth0"],
                ),
                link("backbone-isp", LinkKind::Cable, &["backbone:eth0", "isp:eth0"]),
                link("backbone-example", LinkKind::Cable, &["backbone:eth1", "example:eth0"]),
                link("isp-modemA", LinkKind::Cable, &["isp:eth1", "modemA:eth0"]),
                link("isp-modemB", LinkKind::Cable, &["isp:eth2", "modemB:eth0"]),
            ],
            faults: vec!["tls.cert-expired@www".to_owned(), "link.no-carrier@h1:eth1".to_owned()],
        }
    }

    fn drawn(map: &LabMap) -> String {
        let lines = draw(map);
        assert!(lines.iter().all(|line| line.width() <= COLUMNS_MAX));
        styled::render(&lines, false)
    }

    #[test]
    fn the_tiny_internet() {
        insta::assert_snapshot!(drawn(&internet()));
    }

    #[test]
    fn a_ring_and_a_machine_alone() {
        let mut map = internet();
        map.faults.clear();
        map.machines.truncate(4);
        map.links = vec![
            link("a", LinkKind::Cable, &["h1:eth1", "h2:eth1"]),
            link("b", LinkKind::Cable, &["h2:eth2", "h3:eth1"]),
            link("c", LinkKind::Cable, &["h3:eth2", "h1:eth2"]),
        ];
        insta::assert_snapshot!(drawn(&map));
    }
}
