//! What became of a task.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::edit::Kind;
use super::part::Part;
use super::preview::Judged;

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
    /// The row, of a part that has rows.
    #[serde(default)]
    pub(super) row_id: Option<String>,
    /// Whether the service gave another number than the one that was sent.
    #[serde(default)]
    pub(super) renumbered: bool,
    /// Values that are not there as they were sent.
    #[serde(default)]
    pub(super) fields: Vec<Stored>,
    /// Where an image is, without its signature.
    #[serde(default)]
    pub(super) link: Option<String>,
}

impl Fate {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotStored => "not_stored",
            Self::Unverified => "unverified",
            Self::ChangedAfter => "changed_after",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Lost => "lost",
            Self::Left => "left",
        }
    }
}

impl Outcome {
    pub(super) fn new(outcome: Fate) -> Self {
        Self {
            outcome,
            reason: None,
            id: None,
            number: None,
            row_id: None,
            renumbered: false,
            fields: Vec::new(),
            link: None,
        }
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

/// What became of an edit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Edited {
    pub(super) index: usize,
    pub(super) origin: Option<String>,
    pub(super) kind: Kind,
    pub(super) resource: String,
    /// What became of it, or why nothing was sent, as the preview has it.
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    pub(super) id: Option<String>,
    pub(super) number: Option<String>,
    pub(super) part: Option<Box<Part>>,
    pub(super) renumbered: bool,
    pub(super) fields: Vec<Stored>,
}

impl Edited {
    /// An edit that nothing is sent for.
    pub(super) fn settled(edit: &Judged) -> Self {
        Self {
            index: edit.index,
            origin: edit.origin.clone(),
            kind: edit.kind,
            resource: edit.resource.clone(),
            outcome: edit.action.as_str().to_owned(),
            reason: edit.reason.clone(),
            id: edit.id.clone(),
            number: edit.number.clone(),
            part: edit.part.clone(),
            renumbered: false,
            fields: Vec::new(),
        }
    }
}

/// What became of a set.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    pub(super) preview: String,
    pub(super) end: &'static str,
    /// Edits by what became of them.
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) edits: Vec<Edited>,
    /// Requests that are still to be sent or read back.
    pub(super) left: usize,
    pub(super) cost: u64,
    pub(super) journal: PathBuf,
}
