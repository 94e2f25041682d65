//! The values of a whole record by field id.

use serde_json::{Map, Value};

use super::{FieldType, read};
use crate::error::{Error, Result};

/// Members of a colorway that are fields in requests (docs/service/writing.md, Writing headers).
const OF_COLORWAYS: [(&str, &str, FieldType); 6] = [
    ("color_number", "colorNumber", FieldType::Text),
    ("color_name", "colorName", FieldType::Text),
    ("primary", "primaryColor", FieldType::ColorDropDown),
    ("secondary", "secondaryColor", FieldType::ColorDropDown),
    ("hide_colorway", "hideColorway", FieldType::TrueFalse),
    ("comments", "comments", FieldType::Text),
];

/// The type of a field that every colorway has.
pub(crate) fn standard_type(id: &str) -> Option<FieldType> {
    OF_COLORWAYS.iter().find(|(known, ..)| *known == id).map(|(.., field_type)| *field_type)
}

/// The values of a record by field id, read by the types of its fields, in their order. Nothing where they are null.
///
/// A record is a header, its `headerData`, a colorway, the page of a form, or a row of a page or a data table.
///
/// # Errors
/// `config` for one without fields.
pub(crate) fn values_of(record: &Value) -> Result<Map<String, Value>> {
    match record {
        Value::Array(fields) => Some(listed(fields)),
        Value::Object(members) => of_members(members),
        _ => None,
    }
    .ok_or_else(|| {
        Error::config(
            "the record has no fields: give a style, a material, a colorway, the page of a form, or a row of a page or of a \
             data table",
        )
    })
}

fn of_members(members: &Map<String, Value>) -> Option<Map<String, Value>> {
    match members.get("headerData") {
        Some(Value::Object(data)) => {
            return Some(
                data.get("fields").and_then(Value::as_array).map(|fields| listed(fields)).unwrap_or_default(),
            );
        }
        Some(Value::Null) => return Some(Map::new()),
        _ => {}
    }
    let given = ["fields", "rowFields", "itemFields", "controls"].map(|name| members.get(name));
    let mut given = given.into_iter().flatten();
    if let Some(fields) = given.clone().find_map(Value::as_array) {
        Some(listed(fields))
    } else if let Some(form) = members.get("data").and_then(Value::as_array).filter(|data| is_form(data)) {
        Some(listed(form))
    } else if ["colorNumber", "primaryColor"].iter().any(|name| members.contains_key(*name)) {
        Some(colorway(members))
    } else if let Some(fields) = members.get("fields").and_then(Value::as_object) {
        Some(fields.clone())
    } else if members.contains_key("rowId") && members.contains_key("materialId") {
        Some(bom_row(members))
    } else {
        given.any(Value::is_null).then(Map::new)
    }
}

/// Whether these are the fields of a form, and not the items of a list.
fn is_form(data: &[Value]) -> bool {
    data.iter().all(|field| field.get("value").is_some())
}

/// A list of `{id, value, type}`. Fields without an id are left out.
fn listed(fields: &[Value]) -> Map<String, Value> {
    let fields = fields.iter().filter_map(|field| {
        Some((field["id"].as_str()?.to_owned(), value_of(field["type"].as_str(), &field["value"])))
    });
    fields.collect()
}

/// A value by the name of its type, which a field may lack.
pub(crate) fn value_of(type_name: Option<&str>, raw: &Value) -> Value {
    read(type_name.map_or(FieldType::Other, FieldType::of), raw)
}

/// The standard fields by the ids that requests have, then the others. A map of fields does not say their types.
fn colorway(members: &Map<String, Value>) -> Map<String, Value> {
    let standard = OF_COLORWAYS.iter().filter_map(|(id, name, field_type)| {
        Some(((*id).to_owned(), read(*field_type, members.get(*name)?)))
    });
    let custom = members.get("fields").and_then(Value::as_object).into_iter().flatten();
    standard.chain(custom.map(|(id, value)| (id.clone(), value.clone()))).collect()
}

/// The columns of a row of a bill of materials are its members, and their types are not said. Cells of colours, which have the
/// id of a colorway as their name, are no fields.
fn bom_row(members: &Map<String, Value>) -> Map<String, Value> {
    let is_field = |name: &str| name != "rowId" && uuid::Uuid::try_parse(name).is_err();
    members
        .iter()
        .filter(|(name, _)| is_field(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
