//! The values of a write, before anything is sent.

use std::sync::Arc;

use jiff::{Timestamp, Unit};
use serde_json::{Map, Value};

use super::definition::Definition;
use super::{Schema, Schemas};
use crate::arguments::encode::canonical;
use crate::arguments::short_id;
use crate::catalog::{Kind, Operation, Parameter};
use crate::error::{Error, Result};
use crate::value::{FieldType, Place, standard_type, write};

/// Puts values into the form of the service, or refuses them.
#[derive(Debug)]
pub(crate) struct FieldCheck {
    place: Place,
    schema: Option<Arc<Schema>>,
}

impl Schemas {
    /// Puts the field values among the arguments into the form of the service. Arguments of another shape are left as they are.
    ///
    /// # Errors
    /// `config` for a value that the service would blank, cut or ignore.
    pub(crate) fn check(&self, operation: &Operation, arguments: &mut Map<String, Value>) -> Result<()> {
        for parameter in operation.parameters {
            let place = match parameter.kind {
                Kind::Fields => Place::Header,
                Kind::Colorways => Place::Colorway,
                _ => continue,
            };
            let check = FieldCheck { place, schema: self.of(parameter, arguments) };
            match arguments.get_mut(parameter.name) {
                Some(Value::Array(colorways)) if place == Place::Colorway => {
                    for (index, colorway) in colorways.iter_mut().enumerate() {
                        if let Some(fields) = colorway.get_mut("fields") {
                            check.fields(&format!("{}[{index}].fields", parameter.name), fields)?;
                        }
                    }
                }
                Some(fields) if place == Place::Header => check.fields(parameter.name, fields)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// What checks the rows of a data table.
    pub(crate) fn of_rows(&self, parameter: &Parameter, arguments: &Map<String, Value>) -> FieldCheck {
        FieldCheck { place: Place::DataTable, schema: self.of(parameter, arguments) }
    }
}

impl FieldCheck {
    /// A map of values, or a list of `{id, value}`.
    pub(crate) fn fields(&self, name: &str, fields: &mut Value) -> Result<()> {
        match fields {
            Value::Object(members) => {
                members.iter_mut().try_for_each(|(id, value)| self.field(name, id, value))
            }
            Value::Array(list) => list.iter_mut().try_for_each(|field| {
                let Some(id) = field["id"].as_str().map(str::to_owned) else { return Ok(()) };
                field.get_mut("value").map_or(Ok(()), |value| self.field(name, &id, value))
            }),
            _ => Ok(()),
        }
    }

    fn field(&self, name: &str, id: &str, value: &mut Value) -> Result<()> {
        let definition = self.schema.as_ref().and_then(|schema| Some((schema, schema.field(id)?)));
        let sent = match definition {
            Some(_) if self.place == Place::Header && SET_BY_SERVICE.contains(&id) => return Ok(()),
            Some((schema, definition)) => write(definition.field_type, self.place, value)
                .and_then(|sent| definition.fit(sent))
                .map_err(|refusal| refused(name, id, definition, &refusal, schema))?,
            None => match self.standard(id) {
                Some(field_type) => write(field_type, self.place, value)
                    .map_err(|refusal| Error::config(format!("{name}: {id} {refusal}")))?,
                None => return Ok(()),
            },
        };
        *value = canonical(&sent);
        Ok(())
    }

    /// The type of a field that every record of this place has.
    fn standard(&self, id: &str) -> Option<FieldType> {
        match (self.place, id) {
            (Place::Colorway, _) => standard_type(id),
            (Place::Header, "active") => Some(FieldType::TrueFalse),
            (Place::Header, "header_number" | "header_name") => Some(FieldType::Text),
            _ => None,
        }
    }
}

/// Checked by their ids.
const SET_BY_SERVICE: [&str; 3] = ["created_by", "modified_by", "version"];

fn refused(name: &str, id: &str, definition: &Definition, refusal: &str, schema: &Schema) -> Error {
    let read_at =
        Timestamp::try_from(schema.read_at).and_then(|at| at.round(Unit::Second)).unwrap_or_default();
    Error::config(format!(
        "{name}: {id} ({}) {refusal}. The schema was read at {read_at}; {} reads it anew",
        definition.type_name,
        short_id(schema.operation)
    ))
}
