//! Zones: what is known under a name, and where somebody else knows more.

use std::collections::BTreeMap;
use std::ops::Bound;

use plumb_wire::dns::{Name, Rdata, Record, Rtype, Soa};

/// A zone: the records from its origin down to the cuts where it is delegated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    origin: Name,
    /// In canonical order, so that what is below a name follows it.
    nodes: BTreeMap<Name, Vec<Record>>,
}

/// A record cannot stand in a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Its name is not below the origin.
    #[error("{name} is not in the zone {origin}")]
    OutOfZone {
        /// Of the record.
        name: Name,
        /// Of the zone.
        origin: Name,
    },
    /// RFC 1034 section 3.6.2: a name with a CNAME has nothing else.
    #[error("{name} cannot have a CNAME and other records")]
    CnameAndOther {
        /// Of both.
        name: Name,
    },
}

/// What a zone says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// These records answer it.
    Answer(Vec<Record>),
    /// The name is another name for `target`.
    Cname {
        /// The alias.
        record: Record,
        /// What it stands for.
        target: Name,
    },
    /// Others have authority: their NS records and what addresses of theirs are known here.
    Referral {
        /// The NS records of the delegation.
        servers: Vec<Record>,
        /// The addresses of servers within it.
        glue: Vec<Record>,
    },
    /// The name exists, but has no such record.
    NoData(Record),
    /// The name does not exist.
    NxDomain(Record),
}

impl Zone {
    /// A zone that has a SOA and nothing else, not even its name servers.
    pub fn new(origin: Name, ttl_s: u32, soa: Soa) -> Self {
        let soa = Record::new(origin.clone(), ttl_s, Rdata::Soa(soa));
        Zone { nodes: BTreeMap::from([(origin.clone(), vec![soa])]), origin }
    }

    /// The name at the top.
    pub fn origin(&self) -> &Name {
        &self.origin
    }

    /// Every record, in canonical order of the names.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.nodes.values().flatten()
    }

    /// Adds a record; one that is there already stays once.
    ///
    /// # Errors
    /// When the name is not in the zone, or has or would get a CNAME beside other records.
    pub fn add(&mut self, record: Record) -> Result<(), ZoneError> {
        if !record.name.is_within(&self.origin) {
            let (name, origin) = (record.name, self.origin.clone());
            return Err(ZoneError::OutOfZone { name, origin });
        }
        let node = self.nodes.entry(record.name.clone()).or_default();
        let is_cname = record.rtype() == Rtype::Cname;
        let clash =
            |other: &Record| *other != record && (is_cname || other.rtype() == Rtype::Cname);
        if node.iter().any(clash) {
            return Err(ZoneError::CnameAndOther { name: record.name });
        }
        if !node.contains(&record) {
            node.push(record);
        }
        Ok(())
    }

    /// The same zone with one more record.
    ///
    /// # Errors
    /// As [`Zone::add`].
    pub fn with(mut self, name: Name, ttl_s: u32, data: Rdata) -> Result<Self, ZoneError> {
        self.add(Record::new(name, ttl_s, data))?;
        Ok(self)
    }

    /// Puts these records in place of all of their type at `name`, in this order.
    ///
    /// # Errors
    /// As [`Zone::add`]; the zone is then unchanged.
    pub fn replace(
        &mut self,
        name: &Name,
        rtype: Rtype,
        ttl_s: u32,
        data: impl IntoIterator<Item = Rdata>,
    ) -> Result<(), ZoneError> {
        let mut changed = self.clone();
        changed.remove(name, Some(rtype));
        for data in data {
            changed.add(Record::new(name.clone(), ttl_s, data))?;
        }
        *self = changed;
        Ok(())
    }

    /// Takes away the records of one type at `name`, or all of them; says whether there were any.
    pub fn remove(&mut self, name: &Name, rtype: Option<Rtype>) -> bool {
        let Some(node) = self.nodes.get_mut(name) else { return false };
        let before = node.len();
        node.retain(|record| rtype.is_some_and(|rtype| record.rtype() != rtype));
        let removed = node.len() < before;
        if node.is_empty() {
            self.nodes.remove(name);
        }
        removed
    }

    /// Looks `name` up, which must be within the origin: RFC 1034 section
    /// 4.3.2, step 3, with the wildcards of RFC 4592.
    pub fn lookup(&self, name: &Name, rtype: Rtype) -> Lookup {
        if let Some(cut) = self.cut_above(name, rtype) {
            return self.referral(&cut);
        }
        if let Some(node) = self.nodes.get(name) {
            return self.at_node(node, name, rtype);
        }
        if self.has_below(name) {
            return Lookup::NoData(self.negative());
        }
        match self.wildcard(name) {
            Some(node) => self.at_node(node, name, rtype),
            None => Lookup::NxDomain(self.negative()),
        }
    }

    /// The highest name between the origin and `name` that is delegated.
    fn cut_above(&self, name: &Name, rtype: Rtype) -> Option<Name> {
        let mut cut = None;
        let mut next = Some(name.clone());
        while let Some(above) = next.filter(|above| *above != self.origin) {
            // RFC 4035 section 3.1.4.1: the parent answers for DS at the cut itself.
            let own_ds = rtype == Rtype::Ds && above == *name;
            if self.rrset(&above, Rtype::Ns).next().is_some() && !own_ds {
                cut = Some(above.clone());
            }
            next = above.parent();
        }
        cut
    }

    fn rrset(&self, name: &Name, rtype: Rtype) -> impl Iterator<Item = &Record> {
        let node = self.nodes.get(name).into_iter().flatten();
        node.filter(move |record| record.rtype() == rtype)
    }

    fn referral(&self, cut: &Name) -> Lookup {
        let servers: Vec<Record> = self.rrset(cut, Rtype::Ns).cloned().collect();
        let glue = servers.iter().flat_map(|server| self.addresses_of(server)).cloned().collect();
        Lookup::Referral { servers, glue }
    }

    /// Address records, in this zone, of the host that `record` names.
    pub(super) fn addresses_of(&self, record: &Record) -> impl Iterator<Item = &Record> {
        let host = match &record.data {
            Rdata::Ns(host) => Some(host),
            Rdata::Mx(mx) => Some(&mx.exchange),
            Rdata::Srv(srv) => Some(&srv.target),
            _ => None,
        };
        let node = host.and_then(|host| self.nodes.get(host)).into_iter().flatten();
        node.filter(|record| matches!(record.data, Rdata::A(_) | Rdata::Aaaa(_)))
    }

    /// What the records of one node say about `name`, which differs from their
    /// own name when the node is a wildcard.
    fn at_node(&self, node: &[Record], name: &Name, rtype: Rtype) -> Lookup {
        let owned = |record: &Record| Record { name: name.clone(), ..record.clone() };
        let wanted = |record: &&Record| rtype == Rtype::Any || record.rtype() == rtype;
        let answers: Vec<Record> = node.iter().filter(wanted).map(owned).collect();
        if !answers.is_empty() {
            return Lookup::Answer(answers);
        }
        for record in node {
            if let Rdata::Cname(target) = &record.data {
                return Lookup::Cname { record: owned(record), target: target.clone() };
            }
        }
        Lookup::NoData(self.negative())
    }

    /// Whether anything exists below `name`, which then exists too.
    fn has_below(&self, name: &Name) -> bool {
        let after = (Bound::Excluded(name), Bound::Unbounded);
        self.nodes.range(after).next().is_some_and(|(next, _)| next.is_within(name))
    }

    /// The `*` below the closest name that exists.
    fn wildcard(&self, name: &Name) -> Option<&Vec<Record>> {
        let mut above = name.parent()?;
        while !self.nodes.contains_key(&above) && !self.has_below(&above) {
            above = above.parent().filter(|above| above.is_within(&self.origin))?;
        }
        self.nodes.get(&above.child("*").ok()?)
    }

    /// The SOA of a negative answer, with the TTL of RFC 2308 section 3.
    pub(super) fn negative(&self) -> Record {
        let soa = self.rrset(&self.origin, Rtype::Soa).next();
        let mut soa = soa
            .cloned()
            .unwrap_or_else(|| Record::new(self.origin.clone(), 0, Rdata::Soa(Soa::default())));
        if let Rdata::Soa(data) = &soa.data {
            soa.ttl_s = soa.ttl_s.min(data.minimum_s);
        }
        soa
    }
}

/// The zones that one server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ZoneSet {
    zones: BTreeMap<Name, Zone>,
}

impl ZoneSet {
    /// No zones.
    pub fn new() -> Self {
        ZoneSet::default()
    }

    /// Puts a zone in, in place of one with the same origin.
    pub fn insert(&mut self, zone: Zone) {
        self.zones.insert(zone.origin.clone(), zone);
    }

    /// Takes the zone with this origin out.
    pub fn remove(&mut self, origin: &Name) -> Option<Zone> {
        self.zones.remove(origin)
    }

    /// The zone with this origin.
    pub fn get(&self, origin: &Name) -> Option<&Zone> {
        self.zones.get(origin)
    }

    /// The zone with this origin, to be changed.
    pub fn get_mut(&mut self, origin: &Name) -> Option<&mut Zone> {
        self.zones.get_mut(origin)
    }

    /// Every zone.
    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.values()
    }

    /// The zone that is closest to `name`.
    pub fn find(&self, name: &Name) -> Option<&Zone> {
        let mut above = Some(name.clone());
        while let Some(origin) = above {
            if let Some(zone) = self.zones.get(&origin) {
                return Some(zone);
            }
            above = origin.parent();
        }
        None
    }
}

impl FromIterator<Zone> for ZoneSet {
    fn from_iter<T: IntoIterator<Item = Zone>>(zones: T) -> Self {
        let mut set = ZoneSet::new();
        zones.into_iter().for_each(|zone| set.insert(zone));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn a(last: u8) -> Rdata {
        Rdata::A([192, 0, 2, last].into())
    }

    fn zone() -> Zone {
        let soa = Soa { minimum_s: 60, ..Soa::default() };
        let mut zone = Zone::new(name("example.com"), 3600, soa);
        for (owner, data) in [
            ("example.com", Rdata::Ns(name("ns.example.com"))),
            ("ns.example.com", a(1)),
            ("www.example.com", a(4)),
            ("alias.example.com", Rdata::Cname(name("www.example.com"))),
            ("deep.below.example.com", a(5)),
            ("*.wild.example.com", a(6)),
            ("sub.example.com", Rdata::Ns(name("ns.sub.example.com"))),
            ("ns.sub.example.com", a(7)),
        ] {
            zone.add(Record::new(name(owner), 300, data)).unwrap();
        }
        zone
    }

    fn check(owner: &str, rtype: Rtype, expect: fn(&Lookup) -> bool) {
        let found = zone().lookup(&name(owner), rtype);
        assert!(expect(&found), "{owner} {rtype}: {found:?}");
    }

    #[test]
    fn answers_aliases_and_negatives() {
        check("WWW.example.com", Rtype::A, |l| matches!(l, Lookup::Answer(r) if r.len() == 1));
        check("www.example.com", Rtype::Aaaa, |l| matches!(l, Lookup::NoData(s) if s.ttl_s == 60));
        check("alias.example.com", Rtype::A, |l| matches!(l, Lookup::Cname { .. }));
        check("alias.example.com", Rtype::Cname, |l| matches!(l, Lookup::Answer(_)));
        check("no.example.com", Rtype::A, |l| matches!(l, Lookup::NxDomain(s) if s.ttl_s == 60));
        check("x.www.example.com", Rtype::A, |l| matches!(l, Lookup::NxDomain(_)));
    }

    #[test]
    fn a_name_with_only_names_below_it_exists() {
        check("below.example.com", Rtype::A, |l| matches!(l, Lookup::NoData(_)));
    }

    #[test]
    fn wildcards_stand_for_what_is_not_there() {
        check(
            "any.wild.example.com",
            Rtype::A,
            |l| matches!(l, Lookup::Answer(r) if r[0].name == name("any.wild.example.com")),
        );
        check("any.wild.example.com", Rtype::Mx, |l| matches!(l, Lookup::NoData(_)));
        check("wild.example.com", Rtype::A, |l| matches!(l, Lookup::NoData(_)));
    }

    #[test]
    fn cuts_refer_with_glue() {
        for owner in ["sub.example.com", "a.b.sub.example.com", "ns.sub.example.com"] {
            check(
                owner,
                Rtype::A,
                |l| matches!(l, Lookup::Referral { servers, glue } if servers.len() == 1 && glue.len() == 1),
            );
        }
        check("sub.example.com", Rtype::Ds, |l| matches!(l, Lookup::NoData(_)));
    }

    #[test]
    fn edits_keep_the_rules() {
        let mut zone = zone();
        let beside = Record::new(name("alias.example.com"), 300, a(9));
        assert!(matches!(zone.add(beside), Err(ZoneError::CnameAndOther { .. })));
        let outside = Record::new(name("example.org"), 300, a(9));
        assert!(matches!(zone.add(outside), Err(ZoneError::OutOfZone { .. })));
        let www = name("www.example.com");
        zone.replace(&www, Rtype::A, 300, [a(9), a(4)]).unwrap();
        let Lookup::Answer(records) = zone.lookup(&www, Rtype::A) else { panic!() };
        assert_eq!(records[0].data, a(9), "the order is kept");
        assert!(zone.remove(&www, None));
        assert!(matches!(zone.lookup(&www, Rtype::A), Lookup::NxDomain(_)));
    }

    #[test]
    fn the_closest_zone_is_found() {
        let root = Zone::new(Name::root(), 60, Soa::default());
        let set: ZoneSet = [root, zone()].into_iter().collect();
        assert_eq!(*set.find(&name("a.example.com")).unwrap().origin(), name("example.com"));
        assert_eq!(*set.find(&name("example.net")).unwrap().origin(), Name::root());
    }
}
