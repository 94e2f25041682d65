//! Rows of grids and items of lists: both are added, changed and removed by one list.

use serde_json::{Value, json};
use uuid::Uuid;

use super::values;
use crate::answers::Refusal;
use crate::fields::{Field, PAGE_IMAGE_FIELDS, PAGE_ITEM_FIELDS, PAGE_ROW_FIELDS};
use crate::service::{Call, losses};
use crate::state::State;

/// Rows that one write may carry.
const WRITE_LIMIT: usize = 100;

/// How rows are spelled in requests and on pages, and the fields that they have.
pub(super) struct Spelling {
    sent_id: &'static str,
    sent_values: &'static str,
    remove: &'static str,
    id: &'static str,
    values: &'static str,
    pub(super) fields: &'static [Field],
}

pub(super) static ROW: Spelling = Spelling {
    sent_id: "rowId",
    sent_values: "rowFields",
    remove: "deleteRow",
    id: "rowId",
    values: "fields",
    fields: PAGE_ROW_FIELDS,
};

/// An item of a list, which has an image beside its fields.
pub(super) static ITEM: Spelling = Spelling {
    sent_id: "itemId",
    sent_values: "itemFields",
    remove: "deleteItem",
    id: "id",
    values: "controls",
    fields: PAGE_ITEM_FIELDS,
};

/// An item of a list of images.
pub(super) static IMAGE: Spelling = Spelling { fields: PAGE_IMAGE_FIELDS, ..ITEM };

impl Spelling {
    /// A new row with this id.
    pub(super) fn new_row(&self, id: Uuid) -> Value {
        let mut row = json!({self.id: id, self.values: values::unwritten(self.fields)});
        if self.values == "controls" {
            row["image"] = Value::Null;
            row["origin"] = Value::Null;
        }
        row
    }

    fn find(&self, rows: &[Value], id: Uuid) -> Option<usize> {
        let id = id.to_string();
        rows.iter().position(|row| row[self.id] == id.as_str())
    }

    /// Adds, changes and removes rows in the order given. An id that no row has is that of a new one. What is under other names
    /// than those of the request is passed over.
    pub(super) fn write(&self, state: &mut State, rows: &mut Value, sent: &[Value]) -> Result<(), Refusal> {
        let Some(rows) = rows.as_array_mut() else { return Ok(()) };
        for item in sent {
            if !item.is_object() {
                return Err(Refusal::validation("$", "An element is not an object."));
            }
            let id = match &item[self.sent_id] {
                Value::Null => None,
                id => Some(id.as_str().and_then(|id| Uuid::parse_str(id).ok()).ok_or_else(|| {
                    Refusal::validation(self.sent_id, &format!("The value '{id}' is not valid."))
                })?),
            };
            let at = id.and_then(|id| self.find(rows, id));
            if item[self.remove] == true {
                rows.remove(at.ok_or_else(|| Refusal::failure("row not found"))?);
                continue;
            }
            let at = at.unwrap_or_else(|| {
                rows.push(self.new_row(id.unwrap_or_else(|| state.new_id())));
                rows.len() - 1
            });
            values::write(self.fields, &mut rows[at][self.values], item.get(self.sent_values));
        }
        Ok(())
    }

    /// Puts a file into the item with this id, if there still is one.
    pub(super) fn put_file(&self, rows: &mut Value, id: Uuid, file: &Value) {
        let Some(rows) = rows.as_array_mut() else { return };
        if let Some(at) = self.find(rows, id) {
            rows[at]["image"] = file.clone();
            rows[at]["origin"] = file.clone();
        }
    }
}

/// A body that is a list of at most as many elements as one write may carry.
pub(super) fn sent(call: &Call<'_>) -> Result<Vec<Value>, Refusal> {
    let Value::Array(mut sent) = call.json()? else {
        return Err(Refusal::validation("$", "The body is not an array."));
    };
    match sent.len() {
        0..=WRITE_LIMIT => {
            losses::strip(call, &mut sent);
            Ok(sent)
        }
        count => Err(Refusal::failure(format!(
            "{count} rows were sent, at most {WRITE_LIMIT} are allowed in one request."
        ))),
    }
}
