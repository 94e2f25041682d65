//! Changes to rows of pages, as writes carry them.

use serde_json::Value;
use uuid::Uuid;

use crate::answers::Refusal;
use crate::service::{Call, losses};

/// Rows that one write may carry.
const LIMIT: usize = 100;

/// A body that is an array of at most so many rows as a write may carry.
pub(super) fn elements(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    match call.json()? {
        Value::Array(mut rows) => {
            losses::strip(call, &mut rows);
            limited(rows)
        }
        _ => Err(Refusal::validation("$", "The body is not an array.")),
    }
}

/// The list in a member of a body. Where it is missing or null, the list is empty.
pub(super) fn list(sent: &Value, name: &str) -> Result<Vec<Value>, Refusal> {
    match &sent[name] {
        Value::Null => Ok(Vec::new()),
        Value::Array(rows) => limited(rows.clone()),
        _ => Err(Refusal::validation(name, "The value is not an array.")),
    }
}

fn limited(rows: Vec<Value>) -> Result<Vec<Value>, Refusal> {
    match rows.len() {
        0..=LIMIT => Ok(rows),
        count => Err(Refusal::failure(format!(
            "{count} rows were sent, at most {LIMIT} are allowed in one request."
        ))),
    }
}

/// The row whose member of this name is this id, in upper or lower case.
pub(super) fn find<'a>(rows: Option<&'a mut Vec<Value>>, name: &str, id: &Value) -> Option<&'a mut Value> {
    let id = id.as_str()?;
    rows?.iter_mut().find(|row| row[name].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)))
}

/// An id that must be one, where it is sent.
pub(super) fn id(sent: &Value, name: &str) -> Result<Option<Uuid>, Refusal> {
    match &sent[name] {
        Value::Null => Ok(None),
        Value::String(text) => Uuid::parse_str(text)
            .map(Some)
            .map_err(|_| Refusal::validation(name, &format!("The value '{text}' is not valid."))),
        _ => Err(Refusal::validation(name, "The value is not a text.")),
    }
}

/// Puts `[{id, value}]` into a list of fields. Fields that it does not have are passed over.
pub(super) fn write_fields(fields: &mut Value, sent: &Value) -> Result<(), Refusal> {
    for change in list_of_fields(sent)? {
        if let Some(field) = find(fields.as_array_mut(), "id", &change["id"]) {
            field["value"] = change["value"].clone();
        }
    }
    Ok(())
}

pub(super) fn list_of_fields(sent: &Value) -> Result<&[Value], Refusal> {
    match sent {
        Value::Null => Ok(&[]),
        Value::Array(fields) => Ok(fields),
        _ => Err(Refusal::validation("fields", "The value is not an array.")),
    }
}
