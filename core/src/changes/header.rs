//! A header as an answer has it, and its fields.

use bytes::Bytes;
use serde_json::Value;

use super::masters::Master;
use super::members;
use crate::answer;
use crate::schemas::FieldCheck;

/// A header that was read.
#[derive(Debug, Clone)]
pub(super) struct Header {
    value: Value,
}

/// Whether a field, the colorways or the sizes are as they are to be.
pub(super) fn is_equal(
    check: &FieldCheck,
    id: &str,
    type_name: Option<&str>,
    present: &Value,
    planned: &Value,
) -> bool {
    match id {
        "/colorways" => members::has_colorways(present, planned),
        "/sizeRange" => members::has_sizes(present, planned),
        _ => check.is_equal(id, type_name, present, planned),
    }
}

impl Header {
    /// None for what is no record.
    pub(super) fn of(record: &Bytes) -> Option<Self> {
        Self::of_value(answer::value(record))
    }

    pub(super) fn of_value(value: Value) -> Option<Self> {
        value["id"].is_string().then_some(Self { value })
    }

    pub(super) fn id(&self) -> &str {
        self.value["id"].as_str().unwrap_or_default()
    }

    /// None for a record without one.
    pub(super) fn number(&self, master: &Master) -> Option<&str> {
        let number = answer::find(&self.value, master.number.member)?.as_str()?;
        Some(number).filter(|number| !number.trim().is_empty())
    }

    pub(super) fn folder(&self) -> Option<&str> {
        self.value["folder"]["id"].as_str()
    }

    pub(super) fn modified_at(&self) -> Option<&str> {
        self.value["modifiedAt"].as_str()
    }

    pub(super) fn created_at(&self) -> Option<&str> {
        self.value["createdAt"].as_str()
    }

    /// Id of the user that has created it.
    pub(super) fn created_by(&self) -> Option<&str> {
        self.value["createdBy"]["id"].as_str()
    }

    /// Id of the user that has changed it last.
    pub(super) fn modified_by(&self) -> Option<&str> {
        self.value["modifiedBy"]["id"].as_str()
    }

    /// Whether it has values in other fields than these, apart from those that the service sets.
    pub(super) fn has_besides(&self, check: &FieldCheck, is_known: impl Fn(&str) -> bool) -> bool {
        self.fields().any(|field| {
            let (Some(id), type_name) = (field["id"].as_str(), field["type"].as_str()) else { return false };
            let is_empty = check.is_equal(id, type_name, &field["value"], &Value::Null);
            !is_empty && !is_known(id) && !check.is_set_by_service(id, type_name)
        })
    }

    fn fields(&self) -> impl Iterator<Item = &Value> {
        self.value["headerData"]["fields"].as_array().into_iter().flatten()
    }

    /// The value of a field, and the type that the record says; with a slash before it, a member of the record. Null for a field that it does not have.
    pub(super) fn field(&self, id: &str) -> (&Value, Option<&str>) {
        if id.starts_with('/') {
            return (self.value.pointer(id).unwrap_or(&Value::Null), None);
        }
        let field = self.fields().find(|field| field["id"] == id);
        field.map_or((&Value::Null, None), |field| (&field["value"], field["type"].as_str()))
    }

    /// Whether the field has this value, as far as the service tells values apart.
    pub(super) fn has(&self, check: &FieldCheck, id: &str, value: &Value) -> bool {
        let (present, type_name) = self.field(id);
        is_equal(check, id, type_name, present, value)
    }

    /// Fields that have a value here and none in a later state of the record. What the service sets may come out empty.
    pub(super) fn lost_in<'a>(&'a self, later: &Self, check: &FieldCheck) -> Vec<(&'a str, &'a Value)> {
        let lost = |field: &'a Value| {
            let (id, value, type_name) = (field["id"].as_str()?, &field["value"], field["type"].as_str());
            let is_empty = |value: &Value| check.is_equal(id, type_name, value, &Value::Null);
            let is_lost = !is_empty(value) && is_empty(later.field(id).0);
            (is_lost && !check.is_set_by_service(id, type_name)).then_some((id, value))
        };
        // An answer may leave its fields out.
        match later.value["headerData"]["fields"].is_array() {
            true => self.fields().filter_map(lost).collect(),
            false => Vec::new(),
        }
    }
}
