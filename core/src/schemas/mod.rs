//! What the client has read of schemas, and whether the values of a write fit them.
//!
//! The service answers 200 to a value that it blanks, cuts or ignores (docs/service/writing.md, Writing headers). A write is
//! checked against a schema that a call has read before; nothing is sent for the check, and without a schema only values are
//! refused that are wrong in any. Which operation reads the schema of an argument is in the catalogue.

mod apps;
mod check;
mod choices;
mod definition;
mod folders;
mod people;

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Map, Value};

use self::apps::Apps;
pub(crate) use self::apps::has_variations;
pub(crate) use self::check::FieldCheck;
use self::definition::Definition;
use self::folders::Folders;
pub(crate) use self::folders::folder_of;
use crate::answer;
use crate::arguments::{self, Prepared, encode};
use crate::catalog::{AnswerKind, Effect, Kind, Operation, Parameter, Place, operations};

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
    /// How many need all that is remembered.
    keepers: usize,
    folders: Folders,
    apps: Apps,
}

/// What the answer to a request will tell.
#[derive(Debug)]
pub(crate) enum Lesson {
    /// A schema, under this key.
    Schema(String, &'static Operation),
    /// Applications with their types.
    Apps,
    /// One record.
    Record(&'static Operation),
    /// That a record is in another folder, which may not be known.
    Move { record: String, folder: Option<String> },
}

impl Lesson {
    pub(crate) fn of(prepared: &Prepared) -> Option<Self> {
        let operation = prepared.operation;
        if let Some(folder) = operation.moves_to {
            let folder = folder_in(prepared, folder);
            Some(Self::Move { record: record_in(prepared)?, folder })
        } else if SCHEMA_OPERATIONS.contains(operation.id) {
            Some(Self::Schema(key(prepared), operation))
        } else if operation.lists_apps {
            Some(Self::Apps)
        } else {
            (operation.answer == AnswerKind::Object).then_some(Self::Record(operation))
        }
    }
}

/// The record that the path names, also of a request that was written by hand.
fn record_in(prepared: &Prepared) -> Option<String> {
    let segments = prepared.path.trim_matches('/').split('/');
    let mut named = prepared.operation.path.split('/').zip(segments);
    named.find(|(template, _)| template.starts_with('{')).map(|(_, id)| id.to_owned())
}

/// The folder in the body.
fn folder_in(prepared: &Prepared, argument: &str) -> Option<String> {
    let parameter = prepared.operation.parameters.iter().find(|parameter| parameter.name == argument)?;
    answer::value(prepared.body.as_ref()?)[parameter.wire].as_str().map(str::to_owned)
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
    /// By their ids, parsed when the first write needs them. None where the answer was no schema.
    fn fields(&self) -> &HashMap<String, Definition> {
        self.fields.get_or_init(|| definition::all(&self.body))
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
            Lesson::Apps => self.memory().apps.learn(answer),
            Lesson::Record(operation) => self.learn_record(operation, answer::text_of(answer)),
            Lesson::Move { record, folder } => {
                let mut memory = self.memory();
                match folder {
                    Some(folder) => memory.folders.put(record.to_lowercase(), folder.to_lowercase()),
                    None => memory.folders.forget(&record),
                }
            }
        }
    }

    /// Forgets what a request may change, before it is sent and when it failed: it may have been carried out all the same.
    pub(crate) fn forget(&self, lesson: &Lesson) {
        if let Lesson::Move { record, .. } = lesson {
            self.memory().folders.forget(record);
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

    /// As long as this lives nothing is forgotten: a set of changes rests on all schemas that it has read, however many.
    pub(crate) fn keep(&self) -> Kept<'_> {
        self.memory().keepers += 1;
        Kept(self)
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
        self.trim();
    }

    fn trim(&mut self) {
        while self.keepers == 0
            && self.order.len() > MOST_SCHEMAS
            && let Some(first) = self.order.pop_front()
        {
            self.schemas.remove(&first);
        }
    }
}

/// Keeps schemas from being forgotten.
#[derive(Debug)]
pub(crate) struct Kept<'a>(&'a Schemas);

impl Deref for Kept<'_> {
    type Target = Schemas;

    fn deref(&self) -> &Schemas {
        self.0
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        let mut memory = self.0.memory();
        memory.keepers -= 1;
        memory.trim();
    }
}

/// Arguments whose values a schema describes.
fn described() -> impl Iterator<Item = (&'static Operation, &'static Parameter)> {
    let parameters =
        operations().flat_map(|operation| operation.parameters.iter().map(move |one| (operation, one)));
    parameters.filter(|(_, parameter)| {
        matches!(parameter.kind, Kind::Fields | Kind::TableRows | Kind::Colorways | Kind::Records)
    })
}

/// What reads a record by this argument alone.
fn reader_of(resource: &str, argument: &str) -> Option<&'static Operation> {
    operations().find(|operation| {
        let reads = operation.effect == Effect::Read && operation.answer == AnswerKind::Object;
        let mut needed = operation.parameters.iter().filter(|parameter| parameter.required);
        let is_record = |one: &Parameter| one.name == argument && one.place == Place::Path;
        reads
            && operation.resource == resource
            && needed.next().is_some_and(is_record)
            && needed.next().is_none()
    })
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
        // A record that somebody moved.
        schemas.learn_record(
            Operation::find("style.list").unwrap(),
            br#"{"id": "h-1", "folder": {"id": "f-2"}}"#,
        );
        assert_eq!(refusal(&schemas, "style.update", update()), None);
    }

    fn moved(schemas: &Schemas, id: &str, arguments: Value) -> Lesson {
        let prepared =
            arguments::prepare(Operation::find(id).unwrap(), arguments.as_object().unwrap()).unwrap();
        let lesson = Lesson::of(&prepared).unwrap();
        schemas.forget(&lesson);
        lesson
    }

    #[test]
    fn a_record_that_is_moved_has_the_schema_of_its_new_folder() {
        let schemas = Schemas::default();
        learn(&schemas, "F-1", &json!([{"fieldId": "pieces", "fieldType": "Number"}]));
        learn(&schemas, "F-2", &json!([{"fieldId": "pieces", "fieldType": "Text"}]));
        let update = || json!({"header_id": "H-1", "fields": {"pieces": "many"}});
        let seen = || {
            let record = br#"{"id": "H-1", "folder": {"id": "f-1"}}"#;
            schemas.learn_record(Operation::find("style.get").unwrap(), record);
        };
        let arguments = json!({"header_id": "h-1", "target_folder_id": "F-2"});
        let by_hand = json!({"path": "style/Header/h-1/Move", "body": {"targetFolderId": "F-1"}});
        seen();
        assert!(refusal(&schemas, "style.update", update()).is_some());
        // On its way, or failed.
        let lesson = moved(&schemas, "style.move", arguments);
        assert_eq!(refusal(&schemas, "style.update", update()), None);
        schemas.learn(lesson, &"".into(), SystemTime::UNIX_EPOCH);
        assert_eq!(refusal(&schemas, "style.update", update()), None);
        let lesson = moved(&schemas, "raw.post", by_hand);
        schemas.learn(lesson, &"".into(), SystemTime::UNIX_EPOCH);
        assert!(refusal(&schemas, "style.update", update()).is_some());
        let lesson = moved(&schemas, "raw.post", json!({"path": "Style/Header/h-1/Move", "body": {}}));
        schemas.learn(lesson, &"".into(), SystemTime::UNIX_EPOCH);
        assert_eq!(refusal(&schemas, "style.update", update()), None);
    }

    #[test]
    fn unknown_fields_are_refused_with_the_nearest() {
        let schemas = Schemas::default();
        learn(
            &schemas,
            "f-1",
            &json!({"Result": [{"FieldId": "season", "FieldType": "Text"}, {"fieldId": "untyped"}]}),
        );
        let create =
            |id: &str| refusal(&schemas, "style.create", json!({"folder_id": "f-1", "fields": {id: "x"}}));
        let says = |near: &str| {
            format!(
                "there is no field {near} The schema was read at 1970-01-01T00:00:00Z; style.folder_schema reads it anew"
            )
        };
        for (id, near) in [
            ("Season", "\"Season\", and the service would ignore it; did you mean \"season\"?"),
            (
                "header_nmae",
                "\"header_nmae\", and the service would ignore it; did you mean \"header_name\"?",
            ),
            ("fabric", "\"fabric\", and the service would ignore it."),
        ] {
            assert_eq!(create(id), Some(format!("fields: {}", says(near))));
        }
        for id in ["season", "untyped", "header_name", "header_number"] {
            assert_eq!(create(id), None, "{id}");
        }
        // One that was not read has any.
        assert_eq!(
            refusal(&schemas, "style.create", json!({"folder_id": "f-2", "fields": {"Season": "x"}})),
            None
        );
    }

    #[test]
    fn colorways_sizes_and_colours_have_schemas_of_their_own() {
        let schemas = Schemas::default();
        let read = |id: &str, body: Value| {
            let arguments = Map::from_iter([("folder_id".to_owned(), "f-1".into())]);
            let prepared = arguments::prepare(Operation::find(id).unwrap(), &arguments).unwrap();
            schemas.learn(Lesson::of(&prepared).unwrap(), &body.to_string().into(), SystemTime::UNIX_EPOCH);
        };
        let season =
            |id: &str| json!({"fieldId": id, "fieldType": "DropDown", "properties": {"Choices": ["Fall"]}});
        read(
            "style.colorway_schema",
            json!([{"fieldId": "color_number", "fieldType": "Text", "properties": {"MaxValueCharacters": 3}}, season("lab")]),
        );
        read(
            "style.size_range_schema",
            json!([{"fieldId": "name", "fieldType": "Text"}, season("currency"), season("grade"), {"fieldId": "sum", "fieldType": "FormulaField"}]),
        );
        read(
            "color.color_chip_schema",
            json!([{"fieldId": "color_number", "fieldType": "Text"}, season("color_category")]),
        );
        let colorway = |fields: Value| {
            refusal(
                &schemas,
                "style.create",
                json!({"folder_id": "f-1", "fields": {}, "colorways": [{"id": "c", "fields": fields}]}),
            )
        };
        for fields in
            [json!({"lab": " fall", "primary": "#AABBCC"}), json!([{"id": "color_number", "value": 123}])]
        {
            assert_eq!(colorway(fields), None);
        }
        for (fields, says) in [
            (json!({"lab": "Fal"}), "colorways[0].fields: lab (DropDown) has no choice \"Fal\""),
            (
                json!({"color_number": "1234"}),
                "colorways[0].fields: color_number (Text) takes at most 3 characters",
            ),
            (json!({"primary": "red"}), "colorways[0].fields: primary has to be a colour"),
            (
                json!({"colorNumber": "1"}),
                "colorways[0].fields: there is no field \"colorNumber\", and the service would ignore it; did you mean \"color_number\"?",
            ),
        ] {
            let refused = colorway(fields).unwrap();
            assert!(refused.starts_with(says), "{refused}");
        }
        let sent = |id: &str, name: &str, record: Value| {
            let mut arguments = json!({"folder_id": "f-1", "fields": {}, name: [record]});
            let checked = schemas.check(Operation::find(id).unwrap(), arguments.as_object_mut().unwrap());
            checked.map(|()| arguments[name][0].clone()).map_err(|error| error.message().to_owned())
        };
        let size = |record: Value| sent("style.create", "sizes", record);
        assert_eq!(
            size(json!({"name": 36, "currency": "FALL", "sizeIndex": 2, "fields": {"grade": "fall", "sum": 3, "x": {}}})).unwrap(),
            json!({"name": "36", "currency": "Fall", "sizeIndex": 2, "fields": {"grade": "Fall", "sum": 3, "x": {}}})
        );
        assert!(
            size(json!({"currency": "USD"}))
                .unwrap_err()
                .starts_with("sizes[0]: currency (DropDown) has no choice \"USD\"")
        );
        assert!(
            size(json!({"fields": [{"id": "grade", "value": "A"}]}))
                .unwrap_err()
                .starts_with("sizes[0].fields: grade (DropDown)")
        );
        let color = |record: Value| sent("color.create", "colors", record);
        assert_eq!(
            color(json!({"colorNumber": 7, "hex": "#56684A", "Schema": {"color_category": "fall"}})).unwrap(),
            json!({"colorNumber": "7", "hex": "56684a", "Schema": {"color_category": "Fall"}})
        );
        assert!(
            color(json!({"hex": "red"}))
                .unwrap_err()
                .starts_with("colors[0]: hex has to be a colour of six hex digits")
        );
        assert!(
            color(json!({"colorCategory": "Solid"}))
                .unwrap_err()
                .starts_with("colors[0]: colorCategory (DropDown) has no choice")
        );
    }

    #[test]
    fn objects_are_not_sent_where_no_schema_says_their_form() {
        let schemas = Schemas::default();
        let update = |value: Value| {
            refusal(&schemas, "style.update", json!({"header_id": "h-1", "fields": {"x": value}}))
        };
        assert_eq!(
            update(json!({"id": "u-1", "name": "Ana"})).as_deref(),
            Some(
                "fields: x is an object, and the form that the service takes depends on the type of its field: call \
                 style.folder_schema and style.get first, or give it as a text, a number or a list of texts"
            )
        );
        assert_eq!(update(json!({"code": "487ec841-2d82-50fc-a9de-a85889ac91cf", "value": "Mill"})), None);
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
        let (kept, longer) = (schemas.keep(), schemas.keep());
        learn(&schemas, "f-1", &of("Number"));
        for number in 0..MOST_SCHEMAS {
            learn(&schemas, &format!("g-{number}"), &of("Text"));
            drop(schemas.keep());
        }
        drop(kept);
        assert_eq!(schemas.memory().schemas.len(), 2 * MOST_SCHEMAS);
        drop(longer);
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
