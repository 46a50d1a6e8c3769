//! Plans of subnets of different sizes within a network, and later changes of them that move
//! nothing.
//!
//! What is new goes, largest first, to the smallest free network that holds it. In an empty
//! network that leaves no gap, so whatever can fit does.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use ipnet::IpNet;

use super::set::{AddressSet, AnySpan, Count};
use super::text;

/// Prefix length of a link in IPv6, RFC 4291 section 2.5.1.
const LINK: u8 = 64;
/// IPv6 is delegated on these borders, which are those of a digit and of a reverse zone, RFC 6177.
const NIBBLE_BITS: u8 = 4;

/// How large a subnet is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// For so many hosts. In IPv4 the network's name and broadcast address are added. In IPv6 it
    /// is one link, /64, unless the whole plan is smaller.
    Hosts(u128),
    /// For so many subnets of a length; in IPv6 rounded to a nibble.
    Subnets(u128, u8),
    /// Of this length.
    Length(u8),
    /// This very network.
    At(IpNet),
}

/// What is wrong with a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedError {
    /// The bytes of the text.
    pub range: Range<usize>,
    /// Lower case, without a full stop.
    pub problem: String,
}

impl FromStr for Asked {
    type Err = AskedError;

    /// Reads `50`, `4x/64`, `/26` or `10.0.0.64/26`.
    fn from_str(text: &str) -> Result<Asked, AskedError> {
        let wrong =
            |range: Range<usize>, problem: &str| AskedError { range, problem: problem.into() };
        let length = |start: usize| {
            let digits = &text[start..];
            let length = digits.parse::<u8>().ok().filter(|length| *length <= 128);
            length.ok_or_else(|| wrong(start..text.len(), "this is no prefix length"))
        };
        if text.is_empty() {
            return Err(wrong(0..0, "the size is missing"));
        }
        if text.starts_with('/') {
            return length(1).map(Asked::Length);
        }
        if let Some(x) = text.find("x/") {
            let count = text[..x].parse::<u128>().ok().filter(|count| *count > 0);
            let count = count.ok_or_else(|| wrong(0..x, "this is no number of subnets"))?;
            return length(x + 2).map(|length| Asked::Subnets(count, length));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return match text.parse::<u128>() {
                Ok(0) | Err(_) => Err(wrong(0..text.len(), "this is no number of hosts")),
                Ok(count) => Ok(Asked::Hosts(count)),
            };
        }
        if !text.contains(['.', ':']) {
            return Err(wrong(0..text.len(), "this is no size"));
        }
        match text::network(text) {
            Ok(network) => Ok(Asked::At(network.trunc())),
            Err(error) => {
                Err(AskedError { range: error.range, problem: error.problem.to_string() })
            }
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Hosts(count) => write!(f, "{count}"),
            Asked::Subnets(count, length) => write!(f, "{count}x/{length}"),
            Asked::Length(length) => write!(f, "/{length}"),
            Asked::At(network) => network.fmt(f),
        }
    }
}

impl Asked {
    /// The length of the smallest network that is large enough, in a plan for `network`. None if
    /// no network of the family is.
    pub fn length(&self, network: IpNet) -> Option<u8> {
        let (most, is_ipv6) = (network.max_prefix_len(), network.addr().is_ipv6());
        let nibbles = |host_bits: u8| match is_ipv6 {
            true => host_bits.next_multiple_of(NIBBLE_BITS),
            false => host_bits,
        };
        match *self {
            Asked::Length(length) => Some(length).filter(|length| *length <= most),
            Asked::At(at) => Some(at.prefix_len()).filter(|_| at.addr().is_ipv6() == is_ipv6),
            Asked::Subnets(count, length) => {
                let bits = nibbles(bits_for(count));
                length.checked_sub(bits).filter(|_| length <= most)
            }
            // A link is a /64 however few its hosts are.
            Asked::Hosts(count) if is_ipv6 && network.prefix_len() <= LINK => {
                Some(LINK).filter(|_| count <= 1 << LINK)
            }
            // The first address is any router's, RFC 4291 section 2.6.1.
            Asked::Hosts(count) if is_ipv6 => {
                most.checked_sub(nibbles(bits_for(count.checked_add(1)?)))
            }
            Asked::Hosts(count) => most.checked_sub(bits_for(count.checked_add(2)?)),
        }
    }
}

/// Bits that so many things can be told apart by.
fn bits_for(count: u128) -> u8 {
    let bits = u128::BITS - count.saturating_sub(1).leading_zeros();
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// A part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Unique in the plan.
    pub name: String,
    /// Where it is, without host bits.
    pub network: IpNet,
    /// What it was made for.
    pub asked: Asked,
}

/// A network, and the subnets in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Without host bits.
    pub network: IpNet,
    /// In the order of their addresses.
    pub subnets: Vec<Subnet>,
}

/// What is to be changed.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Names of subnets that are given up.
    pub remove: Vec<String>,
    /// New subnets, and those that are to become larger.
    pub ask: Vec<(String, Asked)>,
    /// Names of subnets that may be moved if they cannot grow where they are.
    pub may_move: Vec<String>,
}

/// What became of a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is where it was.
    Kept,
    /// It was not there before.
    New,
    /// It has more addresses than before, and those that it had.
    Grown(IpNet),
    /// It was somewhere else.
    Moved(IpNet),
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Of the subnet.
    pub name: String,
    /// What was asked for.
    pub asked: Asked,
    /// The length that would do; none if no network of the family is large enough.
    pub length: Option<u8>,
    /// Why.
    pub why: Why,
}

/// Why something does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// No network of the family is large enough.
    TooLarge,
    /// So many addresses more would have to be free.
    Short(Count),
    /// Enough is free, but not in one piece.
    Pieces,
    /// It cannot grow where it is, because of these.
    InTheWay(Vec<String>),
    /// It cannot grow where it is without leaving the plan.
    Edge,
    /// The network that was asked for is not within the plan.
    Outside,
}

/// A plan after changes.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// With all that fits.
    pub plan: Plan,
    /// What became of each subnet of it, in the same order.
    pub fates: Vec<Fate>,
    /// Those that were given up.
    pub removed: Vec<Subnet>,
    /// What does not fit; the largest first.
    pub missing: Vec<Missing>,
}

/// Why a plan, or a change of it, makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A subnet is not within the plan.
    #[error("{name} ({subnet}) is not within {network}")]
    Outside {
        /// Of the subnet.
        name: String,
        /// Its network.
        subnet: IpNet,
        /// That of the plan.
        network: IpNet,
    },
    /// Two subnets overlap.
    #[error("{0} ({1}) and {2} ({3}) overlap")]
    Overlap(String, IpNet, String, IpNet),
    /// Two subnets have one name.
    #[error("there are two subnets called {0}")]
    Twice(String),
    /// There is no such subnet.
    #[error("there is no subnet called {0}")]
    Unknown(String),
}

impl Plan {
    /// An empty one.
    pub fn new(network: IpNet) -> Plan {
        Plan { network: network.trunc(), subnets: Vec::new() }
    }

    /// Sorts the subnets, and says whether they can be.
    ///
    /// # Errors
    /// If one is outside, or two overlap or have one name.
    pub fn checked(mut self) -> Result<Plan, PlanError> {
        self.subnets.sort_by_key(|subnet| subnet.network);
        let mut names = BTreeSet::new();
        for subnet in &self.subnets {
            if !self.network.contains(&subnet.network) {
                let (name, subnet) = (subnet.name.clone(), subnet.network);
                return Err(PlanError::Outside { name, subnet, network: self.network });
            }
            if !names.insert(&subnet.name) {
                return Err(PlanError::Twice(subnet.name.clone()));
            }
        }
        // In the order of addresses, what overlaps follows each other.
        for pair in self.subnets.windows(2) {
            if let [a, b] = pair
                && overlap(a.network, b.network)
            {
                let (a, b) = (a.clone(), b.clone());
                return Err(PlanError::Overlap(a.name, a.network, b.name, b.network));
            }
        }
        Ok(self)
    }

    /// What is not given to a subnet, as the fewest networks, in order.
    pub fn free(&self) -> Vec<IpNet> {
        self.free_set().networks().collect()
    }

    /// How many addresses are free.
    pub fn free_count(&self) -> Count {
        let free = self.free_set();
        free.v4.count().plus(free.v6.count())
    }

    fn free_set(&self) -> AddressSet {
        let whole: AddressSet = [self.network].into_iter().collect();
        let taken: AddressSet = self.subnets.iter().map(|subnet| subnet.network).collect();
        whole.minus(&taken)
    }

    /// The plan with the changes made as far as they fit. What stays where it is keeps its
    /// addresses.
    ///
    /// # Errors
    /// If a subnet that does not exist is to be removed or moved, or one is asked for twice.
    pub fn change(&self, changes: &Changes) -> Result<Outcome, PlanError> {
        let mut names = BTreeSet::new();
        if let Some((twice, _)) = changes.ask.iter().find(|(name, _)| !names.insert(name)) {
            return Err(PlanError::Twice(twice.clone()));
        }
        let exists = |name: &String| self.subnets.iter().any(|subnet| subnet.name == *name);
        let named = changes.remove.iter().chain(&changes.may_move);
        if let Some(unknown) = named.into_iter().find(|name| !exists(name)) {
            return Err(PlanError::Unknown(unknown.clone()));
        }
        let mut work = Work::of(self, &changes.remove);
        let mut asked: Vec<(&str, Asked, Option<u8>)> = changes
            .ask
            .iter()
            .map(|(name, asked)| (name.as_str(), *asked, asked.length(self.network)))
            .collect();
        // The largest first, those without any possible length before all.
        asked.sort_by_key(|(_, _, length)| *length);
        let mut places = Vec::new();
        for (name, asked, length) in asked {
            match work.grow(name, asked, length, changes) {
                Grown::Done => {}
                Grown::NotThere(was) => places.push((name, asked, length, was)),
            }
        }
        // Those that have a place of their own must not find it taken.
        places.sort_by_key(|(_, asked, _, _)| !matches!(asked, Asked::At(_)));
        for (name, asked, length, was) in places {
            work.place(name, asked, length, was);
        }
        Ok(work.finish(self, &changes.remove))
    }
}

/// How many addresses a network of this length has, in the family of `network`.
pub fn addresses(network: IpNet, length: u8) -> Count {
    let span = IpNet::new(network.addr(), length).map(AnySpan::from);
    span.map_or_else(|_| Count::default(), |span| span.count())
}

fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}

enum Grown {
    /// All is said about it.
    Done,
    /// It needs a new place; where it was.
    NotThere(Option<Subnet>),
}

/// A plan in the making.
struct Work {
    network: IpNet,
    subnets: Vec<(Subnet, Fate)>,
    missing: Vec<Missing>,
}

impl Work {
    fn of(plan: &Plan, remove: &[String]) -> Work {
        let kept = plan.subnets.iter().filter(|subnet| !remove.contains(&subnet.name));
        Work {
            network: plan.network,
            subnets: kept.map(|subnet| (subnet.clone(), Fate::Kept)).collect(),
            missing: Vec::new(),
        }
    }

    fn miss(&mut self, name: &str, asked: Asked, length: Option<u8>, why: Why) {
        self.missing.push(Missing { name: name.to_owned(), asked, length, why });
    }

    /// Makes a subnet that exists as large as it is to be, where it is.
    fn grow(&mut self, name: &str, asked: Asked, length: Option<u8>, changes: &Changes) -> Grown {
        let Some(at) = self.subnets.iter().position(|(subnet, _)| subnet.name == name) else {
            return Grown::NotThere(None);
        };
        let current = self.subnets[at].0.network;
        let is_there = match asked {
            Asked::At(network) => current.contains(&network) && network == current,
            _ => length.is_some_and(|length| length >= current.prefix_len()),
        };
        if is_there {
            self.subnets[at].0.asked = asked;
            return Grown::Done;
        }
        let target = match asked {
            Asked::At(network) => Some(network).filter(|network| network.contains(&current)),
            _ => length.and_then(|length| IpNet::new(current.addr(), length).ok()),
        };
        let why = match target.map(|target| target.trunc()) {
            None => Why::TooLarge,
            Some(target) if !self.network.contains(&target) => Why::Edge,
            Some(target) => {
                let others = self.subnets.iter().map(|(subnet, _)| subnet);
                let others = others.filter(|other| other.name != name);
                let in_the_way: Vec<String> = others
                    .filter(|other| overlap(other.network, target))
                    .map(|other| other.name.clone())
                    .collect();
                if in_the_way.is_empty() {
                    let subnet = Subnet { name: name.to_owned(), network: target, asked };
                    self.subnets[at] = (subnet, Fate::Grown(current));
                    return Grown::Done;
                }
                Why::InTheWay(in_the_way)
            }
        };
        if changes.may_move.iter().any(|may_move| may_move == name) {
            return Grown::NotThere(Some(self.subnets[at].0.clone()));
        }
        self.miss(name, asked, length, why);
        Grown::Done
    }

    /// Finds a place for a subnet.
    fn place(&mut self, name: &str, asked: Asked, length: Option<u8>, was: Option<Subnet>) {
        // Until now nothing could take the place of one that is moved.
        self.subnets.retain(|(subnet, _)| subnet.name != name);
        let found = match (asked, length) {
            (_, None) => Err(Why::TooLarge),
            (Asked::At(network), _) => self.exactly(network),
            (_, Some(length)) => self.best_fit(length),
        };
        match found {
            Ok(network) => {
                let fate = was.map_or(Fate::New, |was| Fate::Moved(was.network));
                self.subnets.push((Subnet { name: name.to_owned(), network, asked }, fate));
            }
            Err(why) => {
                self.subnets.extend(was.map(|was| (was, Fate::Kept)));
                self.miss(name, asked, length, why);
            }
        }
    }

    fn plan(&self) -> Plan {
        let subnets = self.subnets.iter().map(|(subnet, _)| subnet.clone()).collect();
        Plan { network: self.network, subnets }
    }

    fn exactly(&self, network: IpNet) -> Result<IpNet, Why> {
        if !self.network.contains(&network) {
            return Err(Why::Outside);
        }
        let taken = self.subnets.iter().filter(|(subnet, _)| overlap(subnet.network, network));
        let names: Vec<String> = taken.map(|(subnet, _)| subnet.name.clone()).collect();
        if names.is_empty() { Ok(network) } else { Err(Why::InTheWay(names)) }
    }

    /// The beginning of the smallest free network that is large enough, the lowest of several.
    fn best_fit(&self, length: u8) -> Result<IpNet, Why> {
        let free = self.plan().free_set();
        let fitting = free.networks().filter(|free| free.prefix_len() <= length);
        let best = fitting.min_by_key(|free| std::cmp::Reverse(free.prefix_len()));
        if let Some(place) = best.and_then(|free| IpNet::new(free.addr(), length).ok()) {
            return Ok(place);
        }
        let needed = addresses(self.network, length).exact().unwrap_or(u128::MAX);
        let free = free.v4.count().plus(free.v6.count()).exact().unwrap_or(u128::MAX);
        Err(match needed.checked_sub(free) {
            None | Some(0) => Why::Pieces,
            Some(short) => Why::Short(Count::of(short)),
        })
    }

    fn finish(mut self, before: &Plan, remove: &[String]) -> Outcome {
        self.subnets.sort_by_key(|(subnet, _)| subnet.network);
        let (subnets, fates) = self.subnets.into_iter().unzip();
        let removed = before.subnets.iter().filter(|subnet| remove.contains(&subnet.name));
        Outcome {
            plan: Plan { network: self.network, subnets },
            fates,
            removed: removed.cloned().collect(),
            missing: self.missing,
        }
    }
}

#[cfg(test)]
mod tests;
