//! The message: a header and four sections.
//!
//! ```text
//!   0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
//! +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
//! |                      ID                       |
//! +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
//! |QR|   Opcode  |AA|TC|RD|RA| Z|AD|CD|   RCODE   |   RFC 1035 section 4.1.1,
//! +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+   AD and CD: RFC 4035 section 3
//! |      QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT       |
//! +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::{Name, Names};
use super::rdata::opt::{self, Edns};
use super::rdata::{Absolute, Rdata, Rtype};
use crate::code::code_points;
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// The length before a message on TCP has 16 bits (RFC 1035 section 4.2.2).
pub const MESSAGE_BYTES_MAX: usize = 65_535;
/// RFC 1035 section 4.2.1: what fits into UDP when no EDNS says more.
pub const UDP_BYTES_MAX: usize = 512;

/// A query or a response.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Message {
    /// What pairs a response with its query.
    pub id: u16,
    /// The bits of the header.
    pub flags: Flags,
    /// What is asked.
    pub questions: Vec<Question>,
    /// What answers it.
    pub answers: Vec<Record>,
    /// Who has authority, or the SOA of a negative answer.
    pub authorities: Vec<Record>,
    /// What helps further: glue, EDNS.
    pub additionals: Vec<Record>,
}

/// The second word of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flags {
    /// QR: a response, not a query.
    pub response: bool,
    /// What kind of query.
    pub opcode: Opcode,
    /// AA: the server has authority for the name of the question.
    pub authoritative: bool,
    /// TC: cut to what fits; ask again over TCP.
    pub truncated: bool,
    /// RD: please ask others for me.
    pub recursion_desired: bool,
    /// RA: I would ask others for you.
    pub recursion_available: bool,
    /// Z: must be zero.
    pub reserved: bool,
    /// AD: all of it is validated (RFC 4035).
    pub authentic_data: bool,
    /// CD: do not validate for me (RFC 4035).
    pub checking_disabled: bool,
    /// The response code, with the upper bits that EDNS adds. Without an OPT record, only the
    /// lower four bits are written.
    pub rcode: Rcode,
}

code_points! {
    /// The kind of a query.
    "opcode", pub enum Opcode: u8, unknown "OPCODE{}" {
        Query = 0 => "QUERY",
        Iquery = 1 => "IQUERY",
        Status = 2 => "STATUS",
        Notify = 4 => "NOTIFY",
        Update = 5 => "UPDATE",
        Dso = 6 => "DSO",
    }
}

code_points! {
    /// How a query went, RFC 6895 section 2.3.
    "response code", pub enum Rcode: u16, unknown "RCODE{}" {
        NoError = 0 => "NOERROR",
        FormErr = 1 => "FORMERR",
        ServFail = 2 => "SERVFAIL",
        NxDomain = 3 => "NXDOMAIN",
        NotImp = 4 => "NOTIMP",
        Refused = 5 => "REFUSED",
        YxDomain = 6 => "YXDOMAIN",
        YxRrset = 7 => "YXRRSET",
        NxRrset = 8 => "NXRRSET",
        NotAuth = 9 => "NOTAUTH",
        NotZone = 10 => "NOTZONE",
        DsoTypeNi = 11 => "DSOTYPENI",
        BadVers = 16 => "BADVERS",
        BadKey = 17 => "BADKEY",
        BadTime = 18 => "BADTIME",
        BadMode = 19 => "BADMODE",
        BadName = 20 => "BADNAME",
        BadAlg = 21 => "BADALG",
        BadTrunc = 22 => "BADTRUNC",
        BadCookie = 23 => "BADCOOKIE",
    }
}

code_points! {
    /// The class of a record or question.
    "class", pub enum Class: u16, unknown "CLASS{}" {
        /// The Internet.
        In = 1 => "IN",
        /// Chaos: what a server says of itself.
        Ch = 3 => "CH",
        /// Hesiod.
        Hs = 4 => "HS",
        /// No class (RFC 2136).
        None = 254 => "NONE",
        /// Every class, in questions.
        Any = 255 => "ANY",
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Question {
    /// The name asked about.
    pub name: Name,
    /// The type of the records wanted.
    pub rtype: Rtype,
    /// Their class.
    pub class: Class,
}

/// A resource record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Whose record it is.
    pub name: Name,
    /// The class. An OPT record has none: its size is in [`Edns`], and `In` stands here.
    pub class: Class,
    /// For how many seconds it may be kept. 0 in an OPT record, which has none.
    pub ttl_s: u32,
    /// The data, which knows its type.
    pub data: Rdata,
}

impl Message {
    /// Reads a message that is all of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Message, DecodeError> {
        <Message as Layout>::decode(bytes)
    }

    /// Writes the message, names compressed. Nothing is cut to fit UDP: that is the server's
    /// decision, with the truncation flag.
    pub fn encode(&self) -> Vec<u8> {
        <Message as Layout>::encode(self)
    }

    /// A query for one type of one name in the class IN, without EDNS.
    pub fn query(id: u16, name: Name, rtype: Rtype, recursion_desired: bool) -> Message {
        Message {
            id,
            flags: Flags { recursion_desired, ..Flags::default() },
            questions: vec![Question { name, rtype, class: Class::In }],
            ..Message::default()
        }
    }

    /// The same message with an OPT record added.
    pub fn with_edns(mut self, edns: Edns) -> Message {
        self.additionals.push(Record::opt(edns));
        self
    }

    /// The beginning of a response to this query: its id, opcode, recursion flag and questions.
    pub fn response(&self, rcode: Rcode) -> Message {
        let Flags { opcode, recursion_desired, .. } = self.flags;
        Message {
            id: self.id,
            flags: Flags { response: true, opcode, recursion_desired, rcode, ..Flags::default() },
            questions: self.questions.clone(),
            ..Message::default()
        }
    }

    /// What EDNS says, when there is an OPT record.
    pub fn edns(&self) -> Option<&Edns> {
        self.additionals.iter().find_map(|record| match &record.data {
            Rdata::Opt(edns) => Some(edns),
            _ => None,
        })
    }

    /// The records of the three sections after the question, in order.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.answers.iter().chain(&self.authorities).chain(&self.additionals)
    }
}

impl Record {
    /// A record of the class IN.
    pub fn new(name: Name, ttl_s: u32, data: Rdata) -> Record {
        Record { name, class: Class::In, ttl_s, data }
    }

    /// The OPT record that says `edns`.
    pub fn opt(edns: Edns) -> Record {
        Record::new(Name::root(), 0, Rdata::Opt(edns))
    }

    /// The type of the data.
    pub fn rtype(&self) -> Rtype {
        self.data.rtype()
    }
}

impl Layout for Message {
    const NAME: &'static str = "DNS";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        let mut names = Names::starting_at(wire);
        let mut rcode = self.flags.rcode.number();
        let mut rcode_high = (rcode >> 4) as u8;
        wire.u16("id", &mut self.id)?;
        wire.group("flags", |wire| self.flags.lay(wire, &mut rcode))?;
        let mut counts = [
            self.questions.len(),
            self.answers.len(),
            self.authorities.len(),
            self.additionals.len(),
        ]
        .map(|count| u16::try_from(count).unwrap_or(u16::MAX));
        for (name, count) in COUNT_NAMES.into_iter().zip(&mut counts) {
            wire.u16(name, count)?;
        }
        let counts = counts.map(usize::from);
        wire.repeat(counts[0], &mut self.questions, |wire, question| {
            wire.group("question", |wire| question.lay(wire, &mut names))
        })?;
        let mut section = |wire: &mut Wire<'_>, count: usize, records: &mut Vec<Record>, name| {
            wire.repeat(count, records, |wire, record| {
                wire.group(name, |wire| record.lay(wire, &mut names, &mut rcode_high))
            })
        };
        section(wire, counts[1], &mut self.answers, "answer")?;
        section(wire, counts[2], &mut self.authorities, "authority")?;
        section(wire, counts[3], &mut self.additionals, "additional")?;
        if wire.is_reading() {
            let high = if self.edns().is_some() { u16::from(rcode_high) << 4 } else { 0 };
            self.flags.rcode = Rcode::from(high | rcode & 15);
        }
        Ok(())
    }
}

const COUNT_NAMES: [&str; 4] =
    ["question count", "answer count", "authority count", "additional count"];

impl Flags {
    fn lay(&mut self, wire: &mut Wire<'_>, rcode: &mut u16) -> Result<(), DecodeError> {
        wire.bits("response", 1, &mut self.response)?;
        wire.bits("opcode", 4, &mut self.opcode)?;
        wire.bits("authoritative answer", 1, &mut self.authoritative)?;
        wire.bits("truncated", 1, &mut self.truncated)?
            .meaning_if(self.truncated, || "ask again over TCP");
        wire.bits("recursion desired", 1, &mut self.recursion_desired)?;
        wire.bits("recursion available", 1, &mut self.recursion_available)?;
        wire.bits("reserved", 1, &mut self.reserved)?.anomaly(self.reserved, || "must be zero");
        wire.bits("authentic data", 1, &mut self.authentic_data)?;
        wire.bits("checking disabled", 1, &mut self.checking_disabled)?;
        wire.bits("response code", 4, rcode)?.meaning(|| Rcode::from(*rcode & 15).to_string());
        self.rcode = if wire.is_reading() { Rcode::from(*rcode) } else { self.rcode };
        Ok(())
    }
}

impl Question {
    fn lay(&mut self, wire: &mut Wire<'_>, names: &mut Names) -> Result<(), DecodeError> {
        names.lay(wire, "name", &mut self.name)?;
        wire.u16("type", &mut self.rtype)?;
        wire.u16("class", &mut self.class)?;
        Ok(())
    }
}

impl Record {
    fn lay(
        &mut self,
        wire: &mut Wire<'_>,
        names: &mut Names,
        rcode_high: &mut u8,
    ) -> Result<(), DecodeError> {
        names.lay(wire, "name", &mut self.name)?;
        let mut rtype = self.rtype();
        wire.u16("type", &mut rtype)?;
        if wire.is_reading() {
            self.data = Rdata::blank(rtype);
        }
        let no_data = wire.ahead().get(6..8) == Some(&[0, 0]);
        if no_data && !matches!(self.data, Rdata::Opt(_) | Rdata::Txt(_)) {
            // RFC 2136 sections 2.4 and 2.5: a record that stands for "any such".
            self.data = Rdata::Unknown { rtype: rtype.number(), data: Vec::new() };
        }
        match &mut self.data {
            Rdata::Opt(edns) => opt::lay_head(edns, wire, rcode_high)?,
            _ => {
                wire.u16("class", &mut self.class)?;
                wire.u32("TTL", &mut self.ttl_s)?.meaning(|| format!("{} s", self.ttl_s));
            }
        }
        wire.vector("data", 2, |wire| self.data.lay(wire, names))
    }
}

impl Default for Question {
    fn default() -> Question {
        Question { name: Name::root(), rtype: Rtype::A, class: Class::In }
    }
}

impl Default for Record {
    fn default() -> Record {
        Record::new(Name::root(), 0, Rdata::Unknown { rtype: 0, data: Vec::new() })
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", Absolute(&self.name), self.class, self.rtype)
    }
}

impl fmt::Display for Record {
    /// One line of a zone file; an OPT record, which has no place there, as a comment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Rdata::Opt(_) = self.data {
            return write!(f, "; EDNS {}", self.data);
        }
        let owner = Absolute(&self.name);
        write!(f, "{owner} {} {} {} {}", self.ttl_s, self.class, self.rtype(), self.data)
    }
}
