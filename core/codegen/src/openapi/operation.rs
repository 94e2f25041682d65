//! One operation of the catalogue as an entry of the document.

use serde_json::{Map, Value, json};

use super::schemas::{of_implied, of_parameter, plain, reference};
use crate::catalogue::{Answer, Base, Body, Handler, Operation, Place, Source};

pub(super) fn entry(operation: &Operation, resource: &str) -> Value {
    let doc = plain(&operation.doc);
    let mut value = json!({
        "operationId": operation.id,
        "tags": [resource],
        "summary": doc.lines().next(),
        "description": doc,
        "parameters": parameters(operation),
        "responses": {
            "200": {"description": "Success", "content": {"application/json": {"schema": answer(operation)}}},
        },
        "x-effect": operation.effect,
        "x-replay": operation.replay,
        "x-operations": [
            {"id": operation.id, "effect": operation.effect, "replay": operation.replay},
        ],
    });
    if let Some(body) = body(operation) {
        value["requestBody"] = body;
    }
    if operation.base == Base::Automation {
        value["security"] = json!([{"automation": []}]);
    }
    value
}

fn answer(operation: &Operation) -> Value {
    // What a handler makes of an answer has a shape of its own.
    let is_sent =
        matches!(operation.handler, Handler::Request | Handler::Upload | Handler::Acquire | Handler::Release);
    let record = operation.record.as_deref().filter(|_| is_sent).map_or_else(|| json!({}), reference);
    match operation.answer {
        Answer::List if operation.paged => json!({
            "type": "object",
            "properties": {"result": {"type": ["array", "null"], "items": record}, "total": {"type": "integer"}},
        }),
        Answer::List => json!({"type": "array", "items": record}),
        Answer::Object => record,
        Answer::Message | Answer::Any | Answer::File => json!({}),
    }
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters: Vec<_> = operation
        .parameters
        .iter()
        .filter(|parameter| matches!(parameter.place, Place::Path | Place::Query))
        .map(|parameter| {
            let (name, place) = match parameter.place {
                Place::Path => (&parameter.name, "path"),
                _ => (&parameter.wire, "query"),
            };
            json!({
                "name": name,
                "in": place,
                "required": parameter.required || parameter.place == Place::Path,
                "description": plain(&parameter.doc),
                "schema": of_parameter(parameter),
            })
        })
        .collect();
    for implied in operation.implied.iter().filter(|implied| implied.place == Place::Query) {
        parameters.push(json!({
            "name": implied.wire,
            "in": "query",
            "required": is_always_sent(operation, &implied.source),
            "schema": of_implied(&implied.source),
        }));
    }
    if operation.paged {
        for (name, doc) in
            [("pageSize", "Records a page, at most 200."), ("pageNumber", "Number of the page, from 0.")]
        {
            let schema = json!({"type": "integer"});
            parameters.push(
                json!({"name": name, "in": "query", "required": false, "description": doc, "schema": schema}),
            );
        }
    }
    parameters
}

fn is_always_sent(operation: &Operation, source: &Source) -> bool {
    match source {
        Source::Argument(name) => {
            operation.parameters.iter().any(|parameter| parameter.name == *name && parameter.required)
        }
        Source::Text(_) | Source::Integer(_) | Source::Boolean(_) | Source::Client(_) => true,
    }
}

fn body(operation: &Operation) -> Option<Value> {
    if operation.body == Body::None {
        return None;
    }
    let mut members = Map::new();
    let mut required = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Body) {
        let mut schema = of_parameter(parameter);
        schema["description"] = plain(&parameter.doc).into();
        members.insert(parameter.wire.clone(), schema);
        if parameter.required {
            required.push(parameter.wire.clone());
        }
    }
    for implied in operation.implied.iter().filter(|implied| implied.place == Place::Body) {
        members.insert(implied.wire.clone(), of_implied(&implied.source));
        if is_always_sent(operation, &implied.source) {
            required.push(implied.wire.clone());
        }
    }
    let object = |members: Map<_, _>| json!({"type": "object", "properties": members, "required": required});
    Some(match operation.body {
        Body::Array | Body::Json => {
            let (required, whole) = (!required.is_empty(), members.into_iter().next());
            let schema = whole.map_or_else(|| json!({}), |(_, schema)| schema);
            json!({"required": required, "content": {"application/json": {"schema": schema}}})
        }
        Body::Multipart => {
            let bytes = json!({"contentType": "application/octet-stream"});
            let encoding: Map<_, _> = required.iter().map(|part| (part.clone(), bytes.clone())).collect();
            let form = json!({"schema": object(members), "encoding": encoding});
            json!({"required": true, "content": {"multipart/form-data": form}})
        }
        Body::None | Body::Object | Body::EmptyObject => {
            json!({"required": true, "content": {"application/json": {"schema": object(members)}}})
        }
    })
}
