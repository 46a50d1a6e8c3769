//! The field tree: what every bit of a packet is, where it stands, and what it means.

use serde::{Deserialize, Serialize};

/// One field of a packet, or a group of them.
///
/// Offsets count bits from the start of the buffer that was dissected (the frame, for
/// [`crate::stack`]), most significant bit of byte 0 first, as the RFCs draw their headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The field's name in the words of its RFC.
    pub name: String,
    /// Where the field begins, in bits.
    pub bit_offset: usize,
    /// How long the field is, in bits.
    pub bit_width: usize,
    /// What stands there.
    pub value: Value,
    /// What the value means, where a number alone would not say: `80` is `http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
    /// What is wrong or unusual about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<String>,
    /// The parts of a group, in the order of the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Field>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A group: its children hold the values.
    Group,
    /// An unsigned number of at most 64 bits.
    Number(u64),
    /// Bytes without a shorter notation.
    Bytes(Vec<u8>),
    /// An address, a name or other text in its usual notation.
    Text(String),
}

impl Field {
    /// A group without children yet, beginning at `bit_offset`.
    pub fn group(name: impl Into<String>, bit_offset: usize) -> Field {
        Field {
            name: name.into(),
            bit_offset,
            bit_width: 0,
            value: Value::Group,
            meaning: None,
            anomaly: None,
            children: Vec::new(),
        }
    }

    /// The first field of that name in this tree, searched depth first, itself included.
    pub fn find(&self, name: &str) -> Option<&Field> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// The field reached by the names of `path`, one per generation, below this one.
    pub fn at(&self, path: &[&str]) -> Option<&Field> {
        path.iter()
            .try_fold(self, |field, name| field.children.iter().find(|child| child.name == *name))
    }

    /// Says what is wrong, after what was said already.
    pub fn add_anomaly(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.anomaly = Some(match self.anomaly.take() {
            Some(first) => format!("{first}; {text}"),
            None => text,
        });
    }

    /// Every anomaly of the tree with the field that carries it, in the order of the wire.
    pub fn anomalies(&self) -> Vec<(&Field, &str)> {
        let own = self.anomaly.as_deref().map(|text| (self, text));
        own.into_iter().chain(self.children.iter().flat_map(Field::anomalies)).collect()
    }

    /// The fields without children, in the order of the wire.
    pub fn leaves(&self) -> Vec<&Field> {
        if self.children.is_empty() {
            return vec![self];
        }
        self.children.iter().flat_map(Field::leaves).collect()
    }

    /// The bit after the last one of this field.
    pub fn bit_end(&self) -> usize {
        self.bit_offset + self.bit_width
    }
}
