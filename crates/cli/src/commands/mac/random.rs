//! `plumb mac random`.

use std::ops::Range;

use clap::Args;
use plumb_report::Line;
use plumb_wire::addr::Mac;
use serde::Serialize;

use crate::args::output::OutputArgs;
use crate::commands::Run;
use crate::error::CommandError;
use crate::exit::ExitStatus;
use crate::output::{self, Output, Session};
use crate::seeded::{self, Generator};

/// Hexadecimal digits of an address.
const DIGITS: usize = 12;

/// Print random hardware addresses
///
/// Local ones of single interfaces, that nobody can have bought: of the quadrant
/// that is free for all (AAI, the second digit is 2). The same seed gives the
/// same addresses, in every version and on every machine.
#[derive(Debug, Args)]
pub struct Random {
    /// How they begin
    #[arg(long, value_name = "DIGITS")]
    prefix: Option<String>,

    /// How many
    #[arg(long, visible_short_alias = 'n', value_name = "N", default_value_t = 1)]
    count: u64,

    /// Where the generator begins
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    #[command(flatten)]
    output: OutputArgs,
}

impl Run for Random {
    const EXAMPLES: &'static str = "
        plumb mac random
        plumb mac random --prefix 52:54:00    # as of a virtual machine
        plumb mac random --count 5 --seed 7   # the same five each time";

    fn run(self) -> Result<ExitStatus, CommandError> {
        let prefix = match &self.prefix {
            Some(text) => Prefix::read(text)?,
            None => Prefix { value: 0, digits: 0 },
        };
        let seed = self.seed.unwrap_or_else(seeded::any_seed);
        let mut output = Output::open(&self.output)?;
        let mut session = Session::begin(&mut output, "mac random")?;
        let mut generator = Generator(seed);
        for _ in 0..self.count {
            let address = prefix.complete(generator.next());
            session.record("random_mac", &Address { address })?;
            session.lines(&[Line::plain(address.to_string())])?;
            if session.output().is_closed() {
                break;
            }
        }
        let first = prefix.complete(0);
        if !self.output.quiet && first.is_multicast() {
            output::note("these are of groups: no interface can have one (the I/G bit is 1)");
        } else if !self.output.quiet && !first.is_local() {
            output::note("these are of a block that somebody bought (the U/L bit is 0)");
        }
        if self.output.verbose > 0 {
            output::note(&format!("--seed {seed} gives these again"));
        }
        session.record("summary", &Summary { count: self.count, seed })?;
        session.end(ExitStatus::GOOD)
    }
}

/// The data of a `random_mac` record.
#[derive(Debug, Serialize)]
struct Address {
    address: Mac,
}

/// The last record before `end`.
#[derive(Debug, Serialize)]
struct Summary {
    count: u64,
    seed: u64,
}

/// The digits that all of them begin with.
#[derive(Debug, Clone, Copy)]
struct Prefix {
    value: u64,
    digits: usize,
}

impl Prefix {
    fn read(text: &str) -> Result<Prefix, CommandError> {
        let refused = |why: &str, place: Range<usize>| {
            let error = CommandError::usage(why.to_owned()).at(text, place);
            error.hint("write one to eleven hexadecimal digits: 02:42, 52-54-00 or 525400")
        };
        let mut prefix = Prefix { value: 0, digits: 0 };
        for (at, character) in text.char_indices() {
            let place = at..at + character.len_utf8();
            if matches!(character, ':' | '-' | '.') && prefix.digits > 0 {
                continue;
            }
            let digit = character.to_digit(16);
            let digit =
                digit.ok_or_else(|| refused("this is no hexadecimal digit", place.clone()))?;
            prefix.value = prefix.value << 4 | u64::from(digit);
            prefix.digits += 1;
            if prefix.digits == DIGITS {
                return Err(refused("nothing is left to be random", place));
            }
        }
        if prefix.digits == 0 {
            return Err(refused("the prefix is empty", 0..0));
        }
        Ok(prefix)
    }

    /// An address that begins so and goes on as the number ends. What the
    /// prefix leaves open of the first octet makes it local and of one
    /// interface.
    fn complete(self, random: u64) -> Mac {
        let bits = 4 * (DIGITS - self.digits);
        let mask = u64::MAX >> (64 - bits);
        let mut value = (self.value << bits) | (random & mask);
        if self.digits < 2 {
            value = value & !(0xf << 40) | 0x2 << 40;
        }
        let [_, _, octets @ ..] = value.to_be_bytes();
        Mac(octets)
    }
}
