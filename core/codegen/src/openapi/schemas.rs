//! Schemas of the document.

use serde_json::{Map, Value, json};

use crate::catalogue::{Absent, ClientValue, Kind, Parameter, Source};
use crate::shapes::{Shape, target_of};

/// What a value is that is sent and is no argument.
pub(super) fn of_implied(source: &Source) -> Value {
    match source {
        Source::Text(text) => json!({"const": text}),
        Source::Integer(number) => json!({"const": number}),
        Source::Boolean(flag) => json!({"const": flag}),
        Source::Client(ClientValue::Company) => {
            json!({"type": "string", "description": "Domain of the company."})
        }
        Source::Argument(name) => json!({"description": format!("The same as {name}.")}),
    }
}

/// What a parameter may be on the wire.
pub(super) fn of_parameter(parameter: &Parameter) -> Value {
    let mut schema = of_kind(parameter);
    // The client sends null where it has no value.
    if parameter.absent == Absent::Null
        && let Some(kind) = schema.get("type").filter(|kind| kind.is_string()).cloned()
    {
        schema["type"] = json!([kind, "null"]);
    }
    schema
}

fn of_kind(parameter: &Parameter) -> Value {
    let pairs = json!({
        "type": "array",
        "items": {"type": "object", "properties": {"id": {"type": "string"}, "value": {}}},
    });
    match parameter.kind {
        Kind::Id | Kind::Text | Kind::RelativePath | Kind::Link | Kind::Target => json!({"type": "string"}),
        Kind::Integer => match parameter.most {
            Some(most) => json!({"type": "integer", "maximum": most}),
            None => json!({"type": "integer"}),
        },
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Choice => json!({"type": "string", "enum": parameter.choices}),
        Kind::Ids | Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Filters | Kind::ColorwayFilters => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "operator": {"type": "string"}, "value": {}},
            },
        }),
        Kind::Fields => pairs,
        Kind::TableRows => json!({
            "type": "array",
            "maxItems": 100,
            "items": {
                "type": "object",
                "properties": {
                    "rowId": {"type": ["string", "null"]},
                    "rowFields": pairs,
                    "deleteRow": {"type": "boolean"},
                },
            },
        }),
        Kind::Colorways => json!({
            "type": "array",
            "items": {"type": "object", "properties": {"id": {"type": ["string", "null"]}, "fields": pairs}},
        }),
        Kind::File => {
            json!({"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"})
        }
        Kind::Records => json!({"type": "array", "items": of_record(parameter, &pairs)}),
        Kind::Json => parameter.record.as_deref().map_or_else(|| json!({}), reference),
        Kind::QueryMap => json!({}),
    }
}

/// A record of a list. Values of fields are a list on the wire, whatever the shape lets a program give.
fn of_record(parameter: &Parameter, pairs: &Value) -> Value {
    let Some(record) = &parameter.record else { return json!({"type": "object"}) };
    match &parameter.values_in {
        None => reference(record),
        Some(member) => json!({"allOf": [reference(record), {"properties": {member.as_str(): pairs}}]}),
    }
}

pub(super) fn reference(shape: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", crate::names::pascal(shape))})
}

/// The schema with its references turned into those of the document.
pub(super) fn references(schema: &Value, shapes: &[&Shape]) -> Value {
    match schema {
        Value::Object(members) => members
            .iter()
            .filter(|(key, _)| {
                !matches!(key.as_str(), "$schema" | "$id" | "x-name" | "x-needs" | "x-resources")
            })
            .map(|(key, value)| {
                let target = (key == "$ref")
                    .then(|| value.as_str())
                    .flatten()
                    .and_then(|target| shapes.iter().find(|shape| shape.name == target_of(target)));
                match target {
                    Some(shape) => (key.clone(), format!("#/components/schemas/{}", shape.pascal).into()),
                    None => (key.clone(), references(value, shapes)),
                }
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| references(item, shapes)).collect(),
        Value::String(text) => plain(text).into(),
        other => other.clone(),
    }
}

/// A text without marks.
pub(super) fn plain(text: &str) -> String {
    crate::marks::render(text, |kind, name| if kind == "value" { name.into() } else { format!("`{name}`") })
}
