//! What the client has read of schemas, and whether the values of a write fit them.
//!
//! The service answers 200 to a value that it blanks, cuts or ignores (docs/service/writing.md, Writing headers). A write is
//! checked against a schema that a call has read before; nothing is sent for the check, and without a schema only values are
//! refused that are wrong in any. Which operation reads the schema of an argument is in the catalogue.

mod check;
mod choices;
mod definition;
mod folders;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Map, Value};

use self::definition::Definition;
use self::folders::Folders;
use crate::answer;
use crate::arguments::{self, Prepared, encode};
use crate::catalog::{AnswerKind, Kind, Operation, Parameter, operations};

/// Schemas that are remembered, at most.
const MOST_SCHEMAS: usize = 200;

/// What one sign-in has read.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// By the request that reads them.
    schemas: HashMap<String, Arc<Schema>>,
    /// The requests, in the order of their first answers.
    order: VecDeque<String>,
    folders: Folders,
}

/// What the answer to a request will tell.
#[derive(Debug)]
pub(crate) enum Lesson {
    /// A schema, under this key.
    Schema(String, &'static Operation),
    /// One record.
    Record(&'static Operation),
}

impl Lesson {
    pub(crate) fn of(prepared: &Prepared) -> Option<Self> {
        let operation = prepared.operation;
        if SCHEMA_OPERATIONS.contains(operation.id) {
            Some(Self::Schema(key(prepared), operation))
        } else {
            (operation.answer == AnswerKind::Object).then_some(Self::Record(operation))
        }
    }
}

/// The fields of a folder or a data table.
#[derive(Debug)]
struct Schema {
    /// The operation that reads it.
    operation: &'static Operation,
    read_at: SystemTime,
    body: Bytes,
    fields: OnceLock<HashMap<String, Definition>>,
}

impl Schema {
    /// Parsed when the first write needs it.
    fn field(&self, id: &str) -> Option<&Definition> {
        self.fields.get_or_init(|| definition::all(&self.body)).get(id)
    }
}

impl Schemas {
    /// Remembers what the answer to a request says of a schema, or of the folder of a header.
    pub(crate) fn learn(&self, lesson: Lesson, answer: &Bytes, now: SystemTime) {
        match lesson {
            Lesson::Schema(key, operation) => {
                let schema =
                    Schema { operation, read_at: now, body: answer.clone(), fields: OnceLock::new() };
                self.memory().put(key, schema);
            }
            Lesson::Record(operation) => self.learn_record(operation, answer::text_of(answer)),
        }
    }

    /// Remembers the folder of a record of a list.
    pub(crate) fn learn_record(&self, operation: &Operation, record: &[u8]) {
        if RESOURCES.contains(operation.resource)
            && let Some((id, folder)) = folders::folder_of(record)
        {
            self.memory().folders.put(id, folder);
        }
    }

    /// The schema of the fields in an argument, if it was read.
    fn of(&self, parameter: &Parameter, arguments: &Map<String, Value>) -> Option<Arc<Schema>> {
        let schema = parameter.schema.as_ref()?;
        let memory = self.memory();
        let id = match schema.record {
            Some(record) => memory.folders.of(arguments.get(record)?.as_str()?)?,
            None => arguments.get(schema.argument)?.as_str()?.to_owned(),
        };
        let request = Map::from_iter([(schema.argument.to_owned(), id.into())]);
        let prepared = arguments::prepare(Operation::find(schema.operation)?, &request).ok()?;
        memory.schemas.get(&key(&prepared)).cloned()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn put(&mut self, key: String, schema: Schema) {
        if self.schemas.insert(key.clone(), Arc::new(schema)).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > MOST_SCHEMAS
            && let Some(first) = self.order.pop_front()
        {
            self.schemas.remove(&first);
        }
    }
}

/// Arguments whose values a schema describes.
fn described() -> impl Iterator<Item = (&'static Operation, &'static Parameter)> {
    let parameters =
        operations().flat_map(|operation| operation.parameters.iter().map(move |one| (operation, one)));
    parameters.filter(|(_, parameter)| matches!(parameter.kind, Kind::Fields | Kind::TableRows))
}

/// Operations that read a schema of values to be written.
static SCHEMA_OPERATIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    described().filter_map(|(_, parameter)| Some(parameter.schema.as_ref()?.operation)).collect()
});

/// Resources whose records are written by their id alone, and have the schema of their folder.
static RESOURCES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let by_record = described()
        .filter(|(_, parameter)| parameter.schema.as_ref().is_some_and(|schema| schema.record.is_some()));
    by_record.map(|(operation, _)| operation.resource).collect()
});

/// A request, as ids are: without regard to case.
fn key(prepared: &Prepared) -> String {
    format!("{}?{}", prepared.path, encode::query(&prepared.query)).to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn learn(schemas: &Schemas, folder: &str, body: &Value) {
        let arguments = Map::from_iter([("folder_id".to_owned(), folder.into())]);
        let prepared =
            arguments::prepare(Operation::find("style.folder_schema").unwrap(), &arguments).unwrap();
        schemas.learn(Lesson::of(&prepared).unwrap(), &body.to_string().into(), SystemTime::UNIX_EPOCH);
    }

    fn refusal(schemas: &Schemas, id: &str, mut arguments: Value) -> Option<String> {
        let checked = schemas.check(Operation::find(id).unwrap(), arguments.as_object_mut().unwrap());
        checked.err().map(|error| error.message().to_owned())
    }

    #[test]
    fn writes_are_checked_against_the_schema_of_their_folder() {
        let schemas = Schemas::default();
        learn(&schemas, "F-1", &json!([{"fieldId": "pieces", "fieldType": "Number", "properties": null}]));
        let create = |folder: &str| json!({"folder_id": folder, "fields": {"pieces": "many"}});
        let says = "fields: pieces (Number) has to be a whole number, not \"many\". The schema was read at 1970-01-01T00:00:00Z; \
                    style.folder_schema reads it anew";
        assert_eq!(refusal(&schemas, "style.create", create("f-1")).as_deref(), Some(says));
        assert_eq!(refusal(&schemas, "style.create", create("f-2")), None);
        assert_eq!(refusal(&schemas, "material.create", create("f-1")), None);
        let update = || json!({"header_id": "h-1", "fields": [{"id": "pieces", "value": 1.5}]});
        assert_eq!(refusal(&schemas, "style.update", update()), None);
        schemas.learn_record(
            Operation::find("style.get").unwrap(),
            br#"{"id": "H-1", "folder": {"id": "f-1"}}"#,
        );
        assert!(refusal(&schemas, "style.update", update()).is_some());
        // A record that was moved.
        schemas.learn_record(
            Operation::find("style.list").unwrap(),
            br#"{"id": "h-1", "folder": {"id": "f-2"}}"#,
        );
        assert_eq!(refusal(&schemas, "style.update", update()), None);
    }

    #[test]
    fn the_schema_that_was_read_last_counts_and_the_oldest_are_forgotten() {
        let schemas = Schemas::default();
        let of = |kind: &str| json!([{"fieldId": "x", "fieldType": kind}]);
        let write = || json!({"folder_id": "f-0", "fields": {"x": "text"}});
        learn(&schemas, "f-0", &of("Number"));
        learn(&schemas, "f-0", &of("Text"));
        assert_eq!(refusal(&schemas, "style.create", write()), None);
        learn(&schemas, "f-0", &of("Number"));
        for number in 1..MOST_SCHEMAS {
            learn(&schemas, &format!("f-{number}"), &of("Text"));
        }
        assert!(refusal(&schemas, "style.create", write()).is_some());
        learn(&schemas, "f-new", &of("Text"));
        assert_eq!(refusal(&schemas, "style.create", write()), None);
        assert_eq!(schemas.memory().schemas.len(), MOST_SCHEMAS);
    }

    #[test]
    fn an_answer_that_is_no_schema_checks_nothing() {
        let schemas = Schemas::default();
        for body in
            [json!(null), json!({"error": "x"}), json!([1, {"fieldType": "Number"}, {"fieldId": "x"}])]
        {
            learn(&schemas, "f-0", &body);
            let write = json!({"folder_id": "f-0", "fields": {"x": "text"}});
            assert_eq!(refusal(&schemas, "style.create", write), None, "{body}");
        }
    }
}
