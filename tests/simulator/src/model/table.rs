//! Data tables and their rows.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::calendar::{Millis, stamp};
use crate::fields::Field;

use super::view::{FieldView, field_views};

#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) active: bool,
    pub(crate) created_at: Millis,
    pub(crate) modified_at: Millis,
    pub(crate) created_by: Value,
    pub(crate) modified_by: Value,
    pub(crate) fields: &'static [Field],
    pub(crate) rows: Vec<Arc<Row>>,
}

#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) fields: &'static [Field],
    pub(crate) values: Vec<Value>,
    pub(crate) created_by: Value,
    pub(crate) created_at: Millis,
    pub(crate) modified_by: Value,
    pub(crate) modified_at: Millis,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowView<'a> {
    id: Uuid,
    fields: Vec<FieldView<'a>>,
    created_by: &'a Value,
    created_at: String,
    modified_by: &'a Value,
    modified_at: String,
}

impl Serialize for Row {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RowView {
            id: self.id,
            fields: field_views(self.fields.iter(), &self.values),
            created_by: &self.created_by,
            created_at: stamp(self.created_at),
            modified_by: &self.modified_by,
            modified_at: stamp(self.modified_at),
        }
        .serialize(serializer)
    }
}
