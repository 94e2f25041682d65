//! The values of a write, before anything is sent.

use std::sync::Arc;

use jiff::{Timestamp, Unit};
use serde_json::{Map, Value};

use super::definition::Definition;
use super::{Schema, Schemas, reader_of};
use crate::arguments::encode::canonical;
use crate::arguments::short_id;
use crate::catalog::{Kind, Operation, Parameter};
use crate::error::{Error, Result};
use crate::near;
use crate::value::{FieldType, Open, Place, equal, no_other_zone, standard_type, write, write_untyped};

/// Puts values into the form of the service, or refuses them.
#[derive(Debug)]
pub(crate) struct FieldCheck {
    place: Place,
    schema: Option<Arc<Schema>>,
    /// What reads the schema, where there is one.
    reads_schema: Option<&'static Operation>,
    /// What reads the record whose folder has the schema, where it is known by the record.
    reads_record: Option<&'static Operation>,
}

impl Schemas {
    /// Puts the field values among the arguments into the form of the service. Arguments of another shape are left as they are.
    ///
    /// # Errors
    /// `config` for a value that the service would blank, cut or ignore, and for a field that the schema does not have.
    pub(crate) fn check(&self, operation: &Operation, arguments: &mut Map<String, Value>) -> Result<()> {
        self.memory().apps.check(operation, arguments)?;
        for parameter in operation.parameters {
            let place = match parameter.kind {
                Kind::Fields if parameter.on_page => Place::Form,
                Kind::Fields => Place::Header,
                Kind::Colorways => Place::Colorway,
                Kind::Records if parameter.values_in.is_some() => Place::Grid,
                Kind::Records if parameter.schema.is_some() => Place::Part,
                _ => continue,
            };
            let check = self.check_of(place, operation, parameter, arguments);
            match arguments.get_mut(parameter.name) {
                Some(fields) if matches!(place, Place::Header | Place::Form) => {
                    check.fields(parameter.name, fields)?;
                }
                Some(Value::Array(records)) => {
                    for (index, record) in records.iter_mut().enumerate() {
                        let Value::Object(members) = record else { continue };
                        let name = format!("{}[{index}]", parameter.name);
                        match place {
                            Place::Grid => check.row(&name, members, parameter)?,
                            _ => check.record(&name, members)?,
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What checks the fields of a header in this folder, by the parameter that a new one has them in.
    pub(crate) fn of_header(&self, create: &Operation, fields: &Parameter, folder: &str) -> FieldCheck {
        let folder = Map::from_iter([("folder_id".to_owned(), Value::from(folder))]);
        self.check_of(Place::Header, create, fields, &folder)
    }

    /// What checks the rows of a data table.
    pub(crate) fn of_rows(
        &self,
        operation: &Operation,
        parameter: &Parameter,
        arguments: &Map<String, Value>,
    ) -> FieldCheck {
        self.check_of(Place::DataTable, operation, parameter, arguments)
    }

    /// What checks the fields of a page, a row or an item, whose argument is this one.
    pub(crate) fn of_part(
        &self,
        place: Place,
        operation: &Operation,
        parameter: &Parameter,
        arguments: &Map<String, Value>,
    ) -> FieldCheck {
        self.check_of(place, operation, parameter, arguments)
    }

    fn check_of(
        &self,
        place: Place,
        operation: &Operation,
        parameter: &Parameter,
        arguments: &Map<String, Value>,
    ) -> FieldCheck {
        let named = parameter.schema.as_ref();
        FieldCheck {
            place,
            schema: self.of(parameter, arguments).filter(|schema| !schema.fields().is_empty()),
            reads_schema: named.and_then(|schema| Operation::find(schema.operation)),
            reads_record: named.and_then(|schema| reader_of(operation.resource, schema.record?)),
        }
    }
}

impl FieldCheck {
    /// A map of values, or a list of `{id, value}`.
    pub(crate) fn fields(&self, name: &str, fields: &mut Value) -> Result<()> {
        each(fields, |id, value| self.field(name, id, value))
    }

    /// What is sent for the value of a header's field, or why it is refused.
    pub(crate) fn put(&self, id: &str, value: &Value) -> Result<Value, String> {
        if SET_BY_SERVICE.contains(&id) {
            return Err(format!("{id} is set by the service, which ignores what is sent: leave it out"));
        }
        let (name, mut value) = ("fields", value.clone());
        self.field(name, id, &mut value).map(|()| value).map_err(|error| {
            let text = error.message();
            text.strip_prefix("fields: ").unwrap_or(text).to_owned()
        })
    }

    /// Whether two values of a field are the same to the service. `type_name` is what a record says of it.
    pub(crate) fn is_equal(&self, id: &str, type_name: Option<&str>, a: &Value, b: &Value) -> bool {
        match self.definition(id) {
            Some(definition) => definition.equal(a, b),
            None => equal(self.field_type(id, type_name), a, b),
        }
    }

    /// The type of a header's field.
    pub(crate) fn field_type(&self, id: &str, type_name: Option<&str>) -> FieldType {
        let known = self.definition(id).map(|definition| definition.field_type);
        let known = known.or_else(|| standard(self.place, id)).or_else(|| type_name.map(FieldType::of));
        known.unwrap_or(FieldType::Other)
    }

    /// Whether the service makes the value, and ignores one that is sent.
    pub(crate) fn is_set_by_service(&self, id: &str, type_name: Option<&str>) -> bool {
        self.is_stamp(id) || self.field_type(id, type_name).is_read_only()
    }

    fn is_stamp(&self, id: &str) -> bool {
        self.place == Place::Header && SET_BY_SERVICE.contains(&id)
    }

    fn definition(&self, id: &str) -> Option<&Definition> {
        self.schema.as_ref()?.fields().get(id)
    }

    /// A row of a page, which answers spell in another way.
    fn row(&self, name: &str, members: &mut Map<String, Value>, parameter: &Parameter) -> Result<()> {
        for (key, value) in members.iter_mut() {
            let is_spelled = |(wire, spelled): &(&str, &str)| {
                Some(*wire) == parameter.values_in && *spelled == key.as_str()
            };
            if Some(key.as_str()) == parameter.values_in || parameter.read_as.iter().any(is_spelled) {
                self.fields(&format!("{name}.{key}"), value)?;
            }
        }
        Ok(())
    }

    /// A colorway has its values in `fields`; a size or a colour has some as members, and others in a map or list.
    fn record(&self, name: &str, members: &mut Map<String, Value>) -> Result<()> {
        for (key, value) in members.iter_mut() {
            match key.to_ascii_lowercase().as_str() {
                "fields" if self.place == Place::Colorway => self.fields(&format!("{name}.fields"), value)?,
                _ if self.place == Place::Colorway => {}
                "fields" | "schema" => {
                    each(value, |id, value| self.part(&format!("{name}.{key}"), id, value))?;
                }
                _ => self.part(name, key, value)?,
            }
        }
        Ok(())
    }

    fn field(&self, name: &str, id: &str, value: &mut Value) -> Result<()> {
        if self.is_stamp(id) {
            return Ok(());
        }
        let standard = standard(self.place, id);
        let sent = match &self.schema {
            Some(schema) => match (schema.fields().get(id), standard) {
                (Some(definition), _) => self.defined(name, id, definition, schema, value)?,
                (None, Some(field_type)) => self.of_type(name, id, field_type, value)?,
                (None, None) => return Err(self.unknown(name, id, schema)),
            },
            None => match standard {
                Some(field_type) => self.of_type(name, id, field_type, value)?,
                None => write_untyped(self.place, value).map_err(|open| self.open(name, id, &open))?,
            },
        };
        *value = canonical(&sent);
        Ok(())
    }

    /// A member of a size or a colour. Those that the schema does not have, or that the service computes, are left as they are:
    /// a record that was read may be sent as a whole.
    fn part(&self, name: &str, id: &str, value: &mut Value) -> Result<()> {
        let is = |known: &&String| *known == id || near::is_same(known, id);
        let definition = self.schema.as_ref().and_then(|schema| {
            let known = schema.fields().keys().find(|known| *known == id);
            let known = known.or_else(|| schema.fields().keys().find(is))?;
            Some((schema, schema.fields().get(known)?))
        });
        let sent = match (definition, standard(self.place, id)) {
            (Some((_, definition)), None) if definition.field_type.is_read_only() => return Ok(()),
            (Some((schema, definition)), _) => self.defined(name, id, definition, schema, value)?,
            (None, Some(field_type)) => self.of_type(name, id, field_type, value)?,
            (None, None) => return no_other_zone(value).map_err(|open| self.open(name, id, &open)),
        };
        *value = canonical(&sent);
        Ok(())
    }

    fn defined(
        &self,
        name: &str,
        id: &str,
        definition: &Definition,
        schema: &Schema,
        value: &Value,
    ) -> Result<Value> {
        // A standard field of a colorway or a colour has the same form in every folder.
        let of_place = standard(self.place, id).filter(|_| self.place != Place::Header);
        definition.put(of_place.unwrap_or(definition.field_type), self.place, value).map_err(|refusal| {
            let text = format!("{name}: {id} ({}) {refusal}", definition.type_name);
            Error::config(format!("{text}. {}", self.read_again(schema)))
        })
    }

    fn of_type(&self, name: &str, id: &str, field_type: FieldType, value: &Value) -> Result<Value> {
        write(field_type, self.place, value)
            .map_err(|refusal| Error::config(format!("{name}: {id} {refusal}")))
    }

    /// A field that the schema does not have.
    fn unknown(&self, name: &str, id: &str, schema: &Schema) -> Error {
        let known =
            schema.fields().keys().map(String::as_str).chain(standard_ids(self.place).iter().copied());
        let near = near::hint(id, known);
        let end = if near.is_empty() { "." } else { "" };
        Error::config(format!(
            "{name}: there is no field {id:?}, and the service would ignore it{near}{end} {}",
            self.read_again(schema)
        ))
    }

    /// A value whose form depends on the type, which is not known.
    fn open(&self, name: &str, id: &str, open: &Open) -> Error {
        let reads: Vec<_> =
            [self.reads_schema, self.reads_record].into_iter().flatten().map(short_id).collect();
        let first = match reads.as_slice() {
            [] => ":".to_owned(),
            reads => format!(": call {} first, or", reads.join(" and ")),
        };
        let Open { problem, instead } = open;
        Error::config(format!(
            "{name}: {id} {problem}, and the form that the service takes depends on the type of its field{first} give it {instead}"
        ))
    }

    fn read_again(&self, schema: &Schema) -> String {
        let read_at =
            Timestamp::try_from(schema.read_at).and_then(|at| at.round(Unit::Second)).unwrap_or_default();
        let anew = format!("The schema was read at {read_at}; {} reads it anew", short_id(schema.operation));
        match self.reads_record {
            Some(record) => format!("{anew}, and {} the folder of the record", short_id(record)),
            None => anew,
        }
    }
}

/// Each value by its id, of a map of values or a list of `{id, value}`.
fn each(fields: &mut Value, mut put: impl FnMut(&str, &mut Value) -> Result<()>) -> Result<()> {
    match fields {
        Value::Object(members) => members.iter_mut().try_for_each(|(id, value)| put(id, value)),
        Value::Array(list) => list.iter_mut().try_for_each(|field| {
            let Some(id) = field["id"].as_str().map(str::to_owned) else { return Ok(()) };
            field.get_mut("value").map_or(Ok(()), |value| put(&id, value))
        }),
        _ => Ok(()),
    }
}

/// The type of a field that every record of this place has.
fn standard(place: Place, id: &str) -> Option<FieldType> {
    match (place, id) {
        (Place::Colorway, _) => standard_type(id),
        (Place::Header, "active") => Some(FieldType::TrueFalse),
        (Place::Header, "header_number" | "header_name") => Some(FieldType::Text),
        (Place::Part, "hex") => Some(FieldType::ColorDropDown),
        _ => None,
    }
}

/// Fields that every record of this place has.
fn standard_ids(place: Place) -> &'static [&'static str] {
    match place {
        Place::Header => &["active", "header_number", "header_name"],
        _ => &[],
    }
}

/// Checked by their ids.
const SET_BY_SERVICE: [&str; 3] = ["created_by", "modified_by", "version"];
