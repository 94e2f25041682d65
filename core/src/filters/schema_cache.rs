//! Fields of schemas: on disk and in memory for a day. Fields that a schema lacked a moment ago, in memory for five minutes.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::answer;
use crate::arguments::Schema;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::requester::Requester;

const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// How long a field that the service does not have is taken for one, without asking again.
const LACKING: Duration = Duration::from_secs(5 * 60);

/// Fields of all schemas together that are remembered as lacking, at most.
const MOST_LACKING: usize = 1_000;

#[derive(Debug)]
pub(super) struct SchemaCache {
    folder: Option<PathBuf>,
    owner: String,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    known: HashMap<String, Known>,
    /// Schema and field, and until when on the clock's own scale.
    lacking: HashMap<(String, String), Duration>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    /// Unix seconds.
    fetched: u64,
    fields: HashSet<String>,
}

impl SchemaCache {
    pub(super) fn new(folder: Option<PathBuf>, owner: &str) -> Self {
        Self { folder, owner: owner.to_owned(), memory: Mutex::default() }
    }

    /// The fields of a schema that was fetched within a day.
    pub(super) fn kept(&self, requester: &Requester, schema: &Schema) -> Option<HashSet<String>> {
        let key = self.key(schema);
        let in_memory = self.memory().known.get(&key).cloned();
        let known = in_memory.or_else(|| {
            let text = std::fs::read(self.folder.as_ref()?.join(&key)).ok()?;
            serde_json::from_slice(&text).ok()
        })?;
        // One of a time to come was written by a clock that was wrong.
        let age = now(requester).checked_sub(known.fetched)?;
        (age < LIFETIME.as_secs()).then_some(known.fields)
    }

    /// Fetches the fields of a schema, and keeps them.
    pub(super) async fn fetch(
        &self,
        requester: &Requester,
        schema: &Schema,
        options: &CallOptions,
    ) -> Result<HashSet<String>> {
        let operation = Operation::find(schema.operation)
            .ok_or_else(|| Error::config(format!("there is no operation {}", schema.operation)))?;
        let arguments = Map::from_iter([(schema.argument.to_owned(), Value::from(schema.id.clone()))]);
        let options = CallOptions { page_size: None, extra_query: Vec::new(), ..options.clone() };
        let answer = requester.request(operation, &Call { arguments, options }).await?;
        let fields = answer::fields(&answer.body).unwrap_or_default();
        let fields = fields.iter().filter_map(|field| answer::field_id(field).map(str::to_owned));
        let known = Known { fetched: now(requester), fields: fields.collect() };
        let key = self.key(schema);
        self.write(&key, &known);
        let fields = known.fields.clone();
        self.memory().known.insert(key, known);
        Ok(fields)
    }

    fn write(&self, key: &str, known: &Known) {
        let Some(folder) = &self.folder else { return };
        // A cache that cannot be written costs a request, nothing else.
        let text = serde_json::to_vec(known).unwrap_or_default();
        let beside = folder.join(format!("{key}.{}", uuid::Uuid::new_v4()));
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&beside, text))
            .and_then(|()| std::fs::rename(&beside, folder.join(key)));
        if written.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
    }

    /// Whether the schema was fetched for this field within five minutes, in vain.
    pub(super) fn lacks(&self, requester: &Requester, schema: &Schema, field: &str) -> bool {
        let entry = (self.key(schema), field.to_owned());
        self.memory().lacking.get(&entry).is_some_and(|until| requester.clock().elapsed() < *until)
    }

    /// The schema was fetched for these fields, in vain.
    pub(super) fn note_lacking(&self, requester: &Requester, schema: &Schema, fields: &[String]) {
        if fields.is_empty() {
            return;
        }
        let (now, key) = (requester.clock().elapsed(), self.key(schema));
        let mut memory = self.memory();
        memory.lacking.retain(|_, until| now < *until);
        if memory.lacking.len() + fields.len() > MOST_LACKING {
            memory.lacking.clear();
        }
        let until = now.saturating_add(LACKING);
        memory.lacking.extend(fields.iter().map(|field| ((key.clone(), field.clone()), until)));
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name for a file, whatever is in the company or the id.
    fn key(&self, schema: &Schema) -> String {
        let digest =
            Sha256::digest(format!("{}\n{}\n{}", self.owner, schema.operation, schema.id).as_bytes());
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>() + ".json"
    }
}

fn now(requester: &Requester) -> u64 {
    requester.clock().now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
