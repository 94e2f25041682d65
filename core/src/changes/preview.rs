//! What a preview says: as records, as JSON that `apply` takes, and as a table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::edit::Kind;
use super::image;
use super::part::{Part, What};

/// What will become of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Create,
    Update,
    Delete,
    Unchanged,
    Refused,
    Conflict,
    Unmatched,
    Ambiguous,
}

impl Action {
    /// Whether something is sent for it.
    pub(super) fn sends(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }

    /// Whether the edit cannot be carried out.
    pub(super) fn fails(self) -> bool {
        matches!(self, Self::Refused | Self::Conflict | Self::Unmatched | Self::Ambiguous)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Unmatched => "unmatched",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FieldChange {
    pub(super) id: String,
    /// The present value, as it reads.
    #[serde(default)]
    pub(super) old: Value,
    /// What is sent.
    #[serde(default)]
    pub(super) new: Value,
}

/// An edit, and what will become of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Judged {
    pub(super) index: usize,
    #[serde(default)]
    pub(super) origin: Option<String>,
    pub(super) kind: Kind,
    pub(super) resource: String,
    pub(super) action: Action,
    #[serde(default)]
    pub(super) reason: Option<String>,
    /// The record, where there is one.
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) number: Option<String>,
    #[serde(default, rename = "folderId", alias = "folder_id")]
    pub(super) folder_id: Option<String>,
    /// What of the record it is about, unless it is the header.
    #[serde(default)]
    pub(super) part: Option<Box<Part>>,
    #[serde(default)]
    pub(super) fields: Vec<FieldChange>,
}

/// Requests that carrying it out takes, where nothing goes wrong.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Requests {
    /// Reads just before writing, of records and schemas.
    pub(super) reads: u64,
    pub(super) writes: u64,
    /// Reads after it.
    pub(super) verification: u64,
    pub(super) total: u64,
}

/// The whole of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Preview {
    pub(super) id: String,
    pub(super) company: String,
    /// When the present values were read.
    #[serde(rename = "readAt", alias = "read_at")]
    pub(super) read_at: String,
    pub(super) edits: Vec<Judged>,
    /// Edits by what will become of them.
    pub(super) counts: BTreeMap<Action, u64>,
    pub(super) requests: Requests,
    /// Requests that the quota has left today.
    #[serde(default)]
    pub(super) remaining: Option<u64>,
    pub(super) enough: bool,
    /// Fingerprints of the schemas that it rests on, by resource and folder.
    pub(super) schemas: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) table: String,
}

/// Edits that a table shows of each kind, at most.
const SHOWN: usize = 50;

impl Preview {
    pub(super) fn count(edits: &[Judged]) -> BTreeMap<Action, u64> {
        let mut counts = BTreeMap::new();
        for edit in edits {
            *counts.entry(edit.action).or_default() += 1;
        }
        counts
    }

    /// For people: what cannot be done first, then what will change.
    pub(super) fn draw(&mut self) {
        let mut text = String::new();
        let of = |action: Action| self.counts.get(&action).copied().unwrap_or_default();
        let all = [
            Action::Conflict,
            Action::Refused,
            Action::Unmatched,
            Action::Ambiguous,
            Action::Create,
            Action::Update,
            Action::Delete,
            Action::Unchanged,
        ];
        for action in all.into_iter().filter(|action| of(*action) > 0) {
            let _ = writeln!(text, "{} {}", of(action), action.as_str());
            if action == Action::Unchanged {
                continue;
            }
            let edits = self.edits.iter().filter(|edit| edit.action == action);
            for edit in edits.take(SHOWN) {
                let _ = writeln!(text, "  {}", line(edit));
            }
            if of(action) > SHOWN as u64 {
                let _ = writeln!(text, "  and {} more", of(action) - SHOWN as u64);
            }
        }
        let Requests { reads, writes, verification, total } = self.requests;
        let left = self
            .remaining
            .map_or_else(|| "no limit is known".to_owned(), |left| format!("{left} left today"));
        let _ = writeln!(
            text,
            "{total} requests ({reads} to read, {writes} to write, {verification} to verify); {left}"
        );
        if !self.enough {
            text.push_str("that is not enough: apply stops in order and goes on when it is resumed\n");
        }
        self.table = text;
    }
}

fn line(edit: &Judged) -> String {
    let place = edit.origin.clone().unwrap_or_else(|| format!("edit {}", edit.index));
    let record = edit.number.as_ref().or(edit.id.as_ref()).map(|name| format!(" {name}")).unwrap_or_default();
    let mut text = format!("{place}: {}{record}", edit.resource);
    if let Some(part) = &edit.part {
        let _ = write!(text, ", {}", part.shown());
    }
    let is_image = edit.part.as_ref().is_some_and(|part| part.what == What::Image);
    for change in &edit.fields {
        let _ = match edit.action {
            _ if is_image => write!(text, "; {}", image::name_of(&change.new)),
            Action::Create => write!(text, "; {} {}", change.id, shown(&change.new)),
            _ => write!(text, "; {} {} -> {}", change.id, shown(&change.old), shown(&change.new)),
        };
    }
    if let Some(reason) = &edit.reason {
        let _ = write!(text, "; {reason}");
    }
    text
}

/// A value in a line.
fn shown(value: &Value) -> String {
    const MOST: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= MOST {
        return text;
    }
    let head: String = text.chars().take(MOST).collect();
    format!("{head}...")
}
