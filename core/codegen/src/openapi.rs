//! The catalogue as an OpenAPI 3.1 document, for users of other tools.
//!
//! OpenAPI has one entry for a path and a method. Operations of the catalogue that share them are one entry, whose
//! `x-operations` names each with its effect and its replay class; `x-effect` and `x-replay` are the strictest of them.

mod merge;
mod operation;
mod schemas;

use serde_json::{Map, json};

use crate::catalogue::{Base, Handler, Method, Operation, Resource};
use crate::shapes::Family;

use schemas::references;

/// The document as text.
pub(crate) fn document(resources: &[Resource], families: &[Family]) -> String {
    let mut paths = Map::new();
    for resource in resources {
        for operation in resource.operations.iter().filter(|operation| is_one_request(operation)) {
            let path = paths.entry(format!("/{}", operation.path)).or_insert_with(|| json!({}));
            let entry = operation::entry(operation, &resource.name);
            match path.get_mut(method(operation.method)) {
                Some(known) => merge::merge(known, entry),
                None => path[method(operation.method)] = entry,
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
    let tags: Vec<_> = resources
        .iter()
        .map(|resource| json!({"name": resource.name, "description": schemas::plain(&resource.doc)}))
        .collect();
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
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "automation": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Authorization",
                    "description": "`Bearer` and the access token, which the automation host takes in this header alone.",
                },
            },
            "schemas": schemas,
        },
    });
    format!("{document:#}\n")
}

/// An operation that is made of others has no address of its own, and neither has one that its caller writes or a signed link.
pub(crate) fn is_one_request(operation: &Operation) -> bool {
    match operation.handler {
        _ if operation.is_by_hand() => false,
        Handler::Request
        | Handler::DeleteHeader
        | Handler::DeleteFiles
        | Handler::UpdateRows
        | Handler::Upload
        | Handler::Acquire
        | Handler::Release => true,
        Handler::GetByNumber
        | Handler::GetManyByNumber
        | Handler::GetMany
        | Handler::Load
        | Handler::PreviewChanges
        | Handler::ApplyChanges
        | Handler::ResumeChanges
        | Handler::GetAppsOfMany
        | Handler::Download
        | Handler::DownloadMany
        | Handler::Raw => false,
    }
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
