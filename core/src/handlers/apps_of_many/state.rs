//! What earlier calls have read: for each record the time that it had, and the applications whose pages were read then.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{App, Outcome, Record, Step};
use crate::error::{Error, Result};

/// By the ids of records, in lower case.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct State(BTreeMap<String, Read>);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    stamp: String,
    apps: BTreeSet<String>,
}

impl State {
    pub(super) fn read(name: &str, value: &Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::default()),
            // As text, whose errors say the place.
            _ => serde_json::from_str(&value.to_string()).map_err(|error| {
                Error::config(format!("{name} has to be the state of an earlier answer: {error}"))
            }),
        }
    }

    /// Whether the page was read, and nothing has changed on the record since.
    pub(super) fn covers(&self, record: &Record, app: &App) -> bool {
        let read = self.0.get(&record.id.to_lowercase());
        app.moves_stamp
            && read.is_some_and(|read| {
                record.stamp.as_ref() == Some(&read.stamp) && read.apps.contains(&app.id.to_lowercase())
            })
    }

    /// What is known after these pages. The times are those from before them: what changed meanwhile is read again.
    pub(super) fn after(mut self, records: &[Record], plan: &[Step<'_>], outcomes: &[Outcome]) -> Value {
        for record in records {
            let key = record.id.to_lowercase();
            let Some(stamp) = record.stamp.clone() else {
                self.0.remove(&key);
                continue;
            };
            let read =
                self.0.entry(key).or_insert_with(|| Read { stamp: stamp.clone(), apps: BTreeSet::new() });
            if read.stamp != stamp {
                *read = Read { stamp, apps: BTreeSet::new() };
            }
        }
        for (step, outcome) in plan.iter().zip(outcomes) {
            let is_read = matches!(outcome, Outcome::Read(_)) && step.app.moves_stamp;
            if let Some(read) = self.0.get_mut(&step.record.id.to_lowercase()).filter(|_| is_read) {
                read.apps.insert(step.app.id.to_lowercase());
            }
        }
        serde_json::to_value(self).unwrap_or_default()
    }
}
