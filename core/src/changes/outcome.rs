//! What became of a task.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a task has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fate {
    /// Read back and equal.
    Done,
    /// The service accepted it and did not keep it.
    NotStored,
    /// It was accepted, and was not or could not be read back.
    Unverified,
    /// It was stored, and somebody else has changed it since.
    ChangedAfter,
    /// The present value is neither that of the preview nor the planned one: nothing was sent.
    Stale,
    /// The service refused it.
    Refused,
    /// Whether it was carried out cannot be found out.
    Unknown,
    /// A field that nobody planned to change has lost its value.
    Lost,
    /// It was not begun.
    Left,
}

/// A value that was sent, and what is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) id: String,
    #[serde(default)]
    pub(super) sent: Value,
    #[serde(default)]
    pub(super) stored: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) outcome: Fate,
    #[serde(default)]
    pub(super) reason: Option<String>,
    /// The record, where it is known.
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) number: Option<String>,
    /// Whether the service gave another number than the one that was sent.
    #[serde(default)]
    pub(super) renumbered: bool,
    /// Values that are not there as they were sent.
    #[serde(default)]
    pub(super) fields: Vec<Stored>,
}

impl Outcome {
    pub(super) fn new(outcome: Fate) -> Self {
        Self { outcome, reason: None, id: None, number: None, renumbered: false, fields: Vec::new() }
    }

    pub(super) fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    pub(super) fn with(self, fields: Vec<Stored>) -> Self {
        Self { fields, ..self }
    }

    pub(super) fn of(self, id: Option<&str>, number: Option<&str>) -> Self {
        Self { id: id.map(str::to_owned), number: number.map(str::to_owned), ..self }
    }
}
