//! The catalogue as an OpenAPI 3.1 document, for users of other tools.

use serde_json::{Map, Value, json};

use crate::catalogue::{
    Answer, Base, Body, ClientValue, Handler, Kind, Method, Operation, Parameter, Place, Resource, Source,
};
use crate::shapes::{Family, Shape, target_of};

/// The document as text.
///
/// Only requests appear: an operation that is made of others has no address of its own.
pub(crate) fn document(resources: &[Resource], families: &[Family]) -> String {
    let mut paths = Map::new();
    for operation in resources.iter().flat_map(|resource| &resource.operations) {
        let by_hand = operation.parameters.iter().any(|parameter| parameter.kind == Kind::RelativePath);
        if !by_hand
            && matches!(
                operation.handler,
                Handler::Request
                    | Handler::DeleteHeader
                    | Handler::DeleteFiles
                    | Handler::UpdateRows
                    | Handler::Upload
            )
        {
            let path = paths.entry(format!("/{}", operation.path)).or_insert_with(|| json!({}));
            // Some resources share an address.
            if path.get(method(operation.method)).is_none() {
                path[method(operation.method)] = one(operation);
            }
            if operation.base == Base::Automation {
                path["servers"] = json!([{"url": "https://automation.beproduct.com/api"}]);
            }
        }
    }
    let mut shapes: Vec<_> = families.iter().flat_map(|family| &family.shapes).collect();
    shapes.sort_by(|one, other| one.name.cmp(&other.name));
    let schemas: Map<_, _> =
        shapes.iter().map(|shape| (shape.pascal.clone(), references(&shape.schema, &shapes))).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "BeProduct API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The part of the BeProduct API that this client knows. Generated from core/catalog; do not edit.",
        },
        "servers": [{
            "url": "https://developers.beproduct.com/api/{company}",
            "variables": {"company": {"default": "company", "description": "Domain of the company."}},
        }],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    });
    format!("{document:#}\n")
}

fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Put => "put",
        Method::Patch => "patch",
        Method::Delete => "delete",
    }
}

fn one(operation: &Operation) -> Value {
    let record = operation
        .record
        .as_ref()
        .filter(|_| matches!(operation.handler, Handler::Request | Handler::Upload))
        .map_or_else(
            || json!({}),
            |name| json!({"$ref": format!("#/components/schemas/{}", crate::names::pascal(name))}),
        );
    let answer = match operation.answer {
        Answer::List if operation.paged => json!({
            "type": "object",
            "properties": {"result": {"type": ["array", "null"], "items": record}, "total": {"type": "integer"}},
        }),
        Answer::List => json!({"type": "array", "items": record}),
        Answer::Object => record,
        Answer::Message | Answer::Any | Answer::File => json!({}),
    };
    let mut parameters: Vec<_> = operation
        .parameters
        .iter()
        .filter(|parameter| matches!(parameter.place, Place::Path | Place::Query))
        .map(|parameter| {
            json!({
                "name": if parameter.place == Place::Path { &parameter.name } else { &parameter.wire },
                "in": if parameter.place == Place::Path { "path" } else { "query" },
                "required": parameter.required,
                "description": plain(&parameter.doc),
                "schema": schema(parameter),
            })
        })
        .collect();
    for implied in operation.implied.iter().filter(|implied| implied.place == Place::Query) {
        parameters
            .push(json!({"name": implied.wire, "in": "query", "schema": implied_schema(&implied.source)}));
    }
    if operation.paged {
        for (name, doc) in
            [("pageSize", "Records a page, at most 200."), ("pageNumber", "Number of the page, from 0.")]
        {
            parameters.push(
                json!({"name": name, "in": "query", "description": doc, "schema": {"type": "integer"}}),
            );
        }
    }
    let mut value = json!({
        "operationId": operation.id,
        "summary": plain(&operation.doc).lines().next(),
        "description": plain(&operation.doc),
        "parameters": parameters,
        "responses": {"200": {"description": "Success", "content": {"application/json": {"schema": answer}}}},
        "x-effect": operation.effect,
        "x-replay": operation.replay,
    });
    let arguments = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.place == Place::Body)
        .map(|parameter| (parameter.wire.clone(), schema(parameter)));
    let implied = operation
        .implied
        .iter()
        .filter(|implied| implied.place == Place::Body)
        .map(|implied| (implied.wire.clone(), implied_schema(&implied.source)));
    let body: Map<_, _> = arguments.chain(implied).collect();
    if !body.is_empty() {
        let schema = match (operation.body, body.values().next()) {
            (Body::Array | Body::Json, Some(whole)) => whole.clone(),
            _ => json!({"type": "object", "properties": body}),
        };
        let kind = match operation.body {
            Body::Multipart => "multipart/form-data",
            _ => "application/json",
        };
        value["requestBody"] = json!({"content": {kind: {"schema": schema}}});
    }
    value
}

fn implied_schema(source: &Source) -> Value {
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

fn schema(parameter: &Parameter) -> Value {
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
        Kind::Choice => json!({"enum": parameter.choices}),
        Kind::Ids | Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Filters | Kind::ColorwayFilters => json!({
            "type": ["array", "null"],
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
        Kind::File => json!({"type": "string", "contentMediaType": "application/octet-stream"}),
        Kind::Records => json!({"type": ["array", "null"], "items": {"type": "object"}}),
        Kind::Json | Kind::QueryMap => json!({}),
    }
}

/// The schema with its references turned into those of the document.
fn references(schema: &Value, shapes: &[&Shape]) -> Value {
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
fn plain(text: &str) -> String {
    crate::marks::render(text, |kind, name| if kind == "value" { name.into() } else { format!("`{name}`") })
}
