//! Fields on pages: those of a form, of a row of a grid, and of an item of a list.

use serde_json::{Value, json};

use crate::fields::{Field, schema_entry};
use crate::values::{accept, empty, is_writable};

/// The fields of something that was never written.
pub(super) fn unwritten(fields: &[Field]) -> Value {
    let shown = fields.iter().map(|field| {
        json!({"id": field.id, "name": field.name, "value": empty(field), "type": field.kind,
               "required": field.required})
    });
    shown.collect()
}

/// Stores the values of `{id, value}` pairs. Fields that there are not, and those that are computed, are passed over.
pub(super) fn write(fields: &[Field], shown: &mut Value, sent: Option<&Value>) {
    for pair in sent.and_then(Value::as_array).into_iter().flatten() {
        let at = fields.iter().position(|field| pair["id"] == field.id);
        if let Some(at) = at
            && is_writable(&fields[at])
        {
            shown[at]["value"] = accept(&fields[at], &pair["value"]);
        }
    }
}

pub(super) fn schema(fields: &[Field]) -> Value {
    fields.iter().map(|field| schema_entry(field, true)).collect()
}
