//! Transactions, and reading back what the kernel holds.

use std::io;

use super::encode::Encoder;
use super::rule::Rule;
use super::{Chain, ChainKind, Family, NftError, Policy, Table};
use crate::netlink::channel::{
    Attributes, Channel, NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL,
    NLM_F_REQUEST, Refusal, Reply,
};

const SUBSYSTEM: u16 = 10; // NFNL_SUBSYS_NFTABLES
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const NEW_TABLE: u16 = SUBSYSTEM << 8;
const GET_TABLE: u16 = SUBSYSTEM << 8 | 1;
const DELETE_TABLE: u16 = SUBSYSTEM << 8 | 2;
const NEW_CHAIN: u16 = SUBSYSTEM << 8 | 3;
const NEW_RULE: u16 = SUBSYSTEM << 8 | 6;
const GET_RULE: u16 = SUBSYSTEM << 8 | 7;
const DELETE_RULE: u16 = SUBSYSTEM << 8 | 8;

const CHANGE: u16 = NLM_F_REQUEST | NLM_F_ACK;
const HEADER_NFGEN_BYTES: usize = 4;

/// The kernel keeps at most 256 octets with a rule; the comment has two of
/// header and a NUL, and nft shows no more than this.
const COMMENT_MAX_BYTES: usize = 128;

/// Changes that are applied all or not at all, in order.
#[derive(Debug, Default)]
pub struct Transaction {
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    operation: &'static str,
    target: String,
    message: Encoder,
}

impl Transaction {
    /// Nothing to do yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn push(&mut self, operation: &'static str, target: String, message: Encoder) -> &mut Self {
        self.steps.push(Step { operation, target, message });
        self
    }

    /// Adds a table, unless it is there.
    pub fn add_table(&mut self, table: &Table) -> &mut Self {
        let mut message =
            Encoder::message(NEW_TABLE, CHANGE | NLM_F_CREATE, table.family.number(), 0);
        message.text(1, &table.name).u32(2, 0);
        self.push("add table", table.to_string(), message)
    }

    /// Adds a table; EEXIST if it is there.
    pub fn create_table(&mut self, table: &Table) -> &mut Self {
        let flags = CHANGE | NLM_F_CREATE | NLM_F_EXCL;
        let mut message = Encoder::message(NEW_TABLE, flags, table.family.number(), 0);
        message.text(1, &table.name).u32(2, 0);
        self.push("create table", table.to_string(), message)
    }

    /// Deletes a table with all that is in it; ENOENT if there is none.
    pub fn delete_table(&mut self, table: &Table) -> &mut Self {
        let mut message = Encoder::message(DELETE_TABLE, CHANGE, table.family.number(), 0);
        message.text(1, &table.name);
        self.push("delete table", table.to_string(), message)
    }

    /// Deletes a table if it is there.
    pub fn remove_table(&mut self, table: &Table) -> &mut Self {
        self.add_table(table).delete_table(table)
    }

    /// Adds a chain, unless it is there.
    pub fn add_chain(&mut self, table: &Table, chain: &Chain) -> &mut Self {
        let mut message =
            Encoder::message(NEW_CHAIN, CHANGE | NLM_F_CREATE, table.family.number(), 0);
        message.text(1, &table.name).text(3, &chain.name);
        if let Some(base) = &chain.base {
            message.nested(4, |hook| {
                hook.u32(1, base.hook.number(table.family));
                hook.bytes(2, &base.priority.to_be_bytes());
                if let Some(device) = &base.device {
                    hook.text(3, device);
                }
            });
            message.u32(
                5,
                match base.policy {
                    Policy::Drop => 0,
                    Policy::Accept => 1,
                },
            );
            message.text(
                7,
                match base.kind {
                    ChainKind::Filter => "filter",
                    ChainKind::Nat => "nat",
                },
            );
        }
        self.push("add chain", format!("{table} {}", chain.name), message)
    }

    /// Appends a rule to a chain.
    pub fn add_rule(&mut self, table: &Table, chain: &str, rule: &Rule) -> &mut Self {
        self.rule(table, chain, rule, NLM_F_APPEND)
    }

    /// Puts a rule before all others of a chain.
    pub fn insert_rule(&mut self, table: &Table, chain: &str, rule: &Rule) -> &mut Self {
        self.rule(table, chain, rule, 0)
    }

    fn rule(&mut self, table: &Table, chain: &str, rule: &Rule, place: u16) -> &mut Self {
        let flags = CHANGE | NLM_F_CREATE | place;
        let mut message = Encoder::message(NEW_RULE, flags, table.family.number(), 0);
        message.text(1, &table.name).text(2, chain);
        message.nested(4, |list| {
            for expression in &rule.expressions {
                expression.encode(list);
            }
        });
        if let Some(comment) = &rule.comment {
            message.bytes(7, &user_data(comment));
        }
        self.push("add rule to", format!("{table} {chain}"), message)
    }

    /// Deletes one rule, by the handle that [`Nft::rules`] gives.
    pub fn delete_rule(&mut self, table: &Table, chain: &str, handle: u64) -> &mut Self {
        let mut message = Encoder::message(DELETE_RULE, CHANGE, table.family.number(), 0);
        message.text(1, &table.name).text(2, chain).u64(3, handle);
        self.push("delete rule", format!("{table} {chain} handle {handle}"), message)
    }

    /// Deletes all rules of a chain.
    pub fn flush_chain(&mut self, table: &Table, chain: &str) -> &mut Self {
        let mut message = Encoder::message(DELETE_RULE, CHANGE, table.family.number(), 0);
        message.text(1, &table.name).text(2, chain);
        self.push("flush chain", format!("{table} {chain}"), message)
    }
}

/// A rule as the kernel holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// The chain that it is in.
    pub chain: String,
    /// By which it is deleted.
    pub handle: u64,
    /// Its remark.
    pub comment: Option<String>,
    /// Packets and bytes, if it counts.
    pub counter: Option<(u64, u64)>,
}

/// A socket to nf_tables, in one network namespace.
#[derive(Debug)]
pub struct Nft {
    channel: Channel,
}

impl Nft {
    /// Opens a socket in the calling thread's network namespace.
    pub fn open() -> Result<Self, NftError> {
        let channel = Channel::open(netlink_sys::protocols::NETLINK_NETFILTER)
            .map_err(|source| refused("open", "a netfilter socket", source.into()))?;
        Ok(Nft { channel })
    }

    /// Applies a transaction: all of it, or nothing and the first error.
    pub fn commit(&mut self, transaction: &Transaction) -> Result<(), NftError> {
        let mut bytes = Vec::new();
        let envelope = |kind| Encoder::message(kind, NLM_F_REQUEST, 0, SUBSYSTEM);
        bytes.extend(envelope(BATCH_BEGIN).finish(self.channel.next_sequence()));
        let mut sequences = Vec::with_capacity(transaction.steps.len());
        for step in &transaction.steps {
            let sequence = self.channel.next_sequence();
            sequences.push(sequence);
            bytes.extend(step.message.finish(sequence));
        }
        bytes.extend(envelope(BATCH_END).finish(self.channel.next_sequence()));
        let said = self
            .channel
            .batch(&bytes)
            .map_err(|refusal| refused("send", "a transaction", refusal))?;
        let mut acknowledged = 0;
        for word in said {
            let step = sequences.iter().position(|&sequence| sequence == word.sequence);
            match (word.result, step.and_then(|index| transaction.steps.get(index))) {
                (Ok(()), Some(_)) => acknowledged += 1,
                (Ok(()), None) => {}
                (Err(refusal), Some(step)) => {
                    return Err(refused(step.operation, &step.target, refusal));
                }
                (Err(refusal), None) => return Err(refused("commit", "a transaction", refusal)),
            }
        }
        if acknowledged < sequences.len() {
            let unsaid = Refusal::unreadable("the kernel did not acknowledge every step");
            return Err(refused("commit", "a transaction", unsaid));
        }
        Ok(())
    }

    /// The rules of a table in order, or of one of its chains.
    pub fn rules(&mut self, table: &Table, chain: Option<&str>) -> Result<Vec<RuleInfo>, NftError> {
        let mut message =
            Encoder::message(GET_RULE, NLM_F_REQUEST | NLM_F_DUMP, table.family.number(), 0);
        message.text(1, &table.name);
        if let Some(chain) = chain {
            message.text(2, chain);
        }
        let replies = self.dump("list the rules of", table, &message)?;
        Ok(replies.iter().filter_map(|reply| rule_of(&reply.payload)).collect())
    }

    /// The names of the tables of a family.
    pub fn tables(&mut self, family: Family) -> Result<Vec<String>, NftError> {
        let message = Encoder::message(GET_TABLE, NLM_F_REQUEST | NLM_F_DUMP, family.number(), 0);
        let replies = self.dump("list tables of", family.name(), &message)?;
        let name = |reply: &Reply| text_attribute(attributes_of(&reply.payload)?, 1);
        Ok(replies.iter().filter_map(name).collect())
    }

    /// Whether this kernel finds a TCP segment's data itself ([`Base::Inner`]);
    /// tried out in a table that the same transaction deletes.
    ///
    /// [`Base::Inner`]: super::Base::Inner
    pub fn finds_inner_header(&mut self) -> bool {
        let table = Table::new(Family::Inet, "plumb-inner-header");
        let mut trial = Transaction::new();
        trial
            .add_table(&table)
            .add_chain(&table, &Chain::regular("trial"))
            .add_rule(&table, "trial", &Rule::new().tcp_data(&[0]).drop())
            .delete_table(&table);
        self.commit(&trial).is_ok()
    }

    fn dump(
        &mut self,
        operation: &'static str,
        target: impl ToString,
        message: &Encoder,
    ) -> Result<Vec<Reply>, NftError> {
        let request = message.finish(self.channel.next_sequence());
        self.channel.dump(&request).map_err(|refusal| refused(operation, target, refusal))
    }
}

fn refused(operation: &'static str, target: impl ToString, refusal: Refusal) -> NftError {
    let source: io::Error = refusal.error;
    NftError { operation, target: target.to_string(), detail: refusal.text, source }
}

/// The comment as nft itself stores it: type 0, length, text, NUL.
fn user_data(comment: &str) -> Vec<u8> {
    let mut end = comment.len().min(COMMENT_MAX_BYTES);
    while !comment.is_char_boundary(end) {
        end -= 1;
    }
    let text = &comment.as_bytes()[..end];
    let mut bytes = vec![0, (text.len() + 1) as u8];
    bytes.extend(text);
    bytes.push(0);
    bytes
}

fn attributes_of(payload: &[u8]) -> Option<&[u8]> {
    payload.get(HEADER_NFGEN_BYTES..)
}

fn attribute(attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    Attributes(attributes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
}

fn text_attribute(attributes: &[u8], wanted: u16) -> Option<String> {
    let bytes = attribute(attributes, wanted)?;
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    Some(String::from_utf8_lossy(bytes).into_owned())
}

fn number_attribute(attributes: &[u8], wanted: u16) -> Option<u64> {
    Some(u64::from_be_bytes(attribute(attributes, wanted)?.try_into().ok()?))
}

fn rule_of(payload: &[u8]) -> Option<RuleInfo> {
    let attributes = attributes_of(payload)?;
    let comment = attribute(attributes, 7).and_then(|data| {
        let length = usize::from(*data.get(1)?);
        let text = data.get(2..2 + length)?;
        (*data.first()? == 0)
            .then(|| String::from_utf8_lossy(text.strip_suffix(&[0]).unwrap_or(text)).into_owned())
    });
    Some(RuleInfo {
        chain: text_attribute(attributes, 2)?,
        handle: number_attribute(attributes, 3)?,
        comment,
        counter: attribute(attributes, 4).and_then(counter_of),
    })
}

fn counter_of(list: &[u8]) -> Option<(u64, u64)> {
    Attributes(list).find_map(|(_, element)| {
        let data = attribute(element, 2)?;
        let is_counter = text_attribute(element, 1)? == "counter";
        is_counter.then(|| Some((number_attribute(data, 2)?, number_attribute(data, 1)?)))?
    })
}
