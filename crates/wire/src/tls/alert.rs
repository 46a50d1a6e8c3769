//! Alerts, RFC 8446 section 6.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::into_records;
use super::registry::{AlertDescription, AlertLevel, ContentType, Version};
use crate::layout::{DecodeError, Layout};
use crate::wire::Wire;

/// What one side tells the other when it ends, or why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alert {
    /// How grave it is.
    pub level: AlertLevel,
    /// What happened.
    pub description: AlertDescription,
}

impl Alert {
    /// An alert that ends the connection.
    pub fn fatal(description: AlertDescription) -> Alert {
        Alert { level: AlertLevel::Fatal, description }
    }

    /// Reads an alert that is all of `bytes`: the payload of a record.
    pub fn decode(bytes: &[u8]) -> Result<Alert, DecodeError> {
        <Alert as Layout>::decode(bytes)
    }

    /// The record that carries the alert in the clear.
    pub fn into_record(self, version: Version) -> Vec<u8> {
        into_records(ContentType::Alert, version, &self.encode())
    }
}

impl Layout for Alert {
    const NAME: &'static str = "TLS alert";

    fn lay(&mut self, wire: &mut Wire<'_>) -> Result<(), DecodeError> {
        wire.u8("level", &mut self.level)?;
        wire.u8("description", &mut self.description)?;
        Ok(())
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.level, self.description)
    }
}
