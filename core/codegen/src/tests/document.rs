//! The OpenAPI document.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::catalogue::Operation;

const METHODS: [&str; 3] = ["get", "post", "delete"];

/// The operations of the catalogue, and the document.
fn catalogue_and_document() -> (Vec<Operation>, Value) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog"));
    let families = shapes::read(&folder.join("shapes/service"), &catalogue::names(folder).unwrap()).unwrap();
    let resources = catalogue::read(folder, &families).unwrap();
    let document = serde_json::from_str(&openapi::document(&resources, &families)).unwrap();
    (resources.into_iter().flat_map(|resource| resource.operations).collect(), document)
}

/// The entries by method and path.
fn entries(document: &Value) -> BTreeMap<(String, String), Value> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| METHODS.map(|method| (method, path, item)));
    all.filter_map(|(method, path, item)| {
        Some(((method.to_owned(), path.clone()), item.get(method)?.clone()))
    })
    .collect()
}

fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap()).collect()
}

#[test]
fn every_operation_that_is_one_request_is_in_the_document() {
    let (operations, document) = catalogue_and_document();
    let entries = entries(&document);
    let mut places = BTreeMap::new();
    for ((method, path), entry) in &entries {
        let ids = texts(&entry["x-operations"], "id");
        assert_eq!(entry["operationId"], ids[0]);
        for id in ids {
            let former = places.insert(id, (method.as_str(), path.as_str()));
            assert_eq!(former, None, "{id} is in two places");
        }
    }
    for operation in operations.iter().filter(|operation| openapi::is_one_request(operation)) {
        let method = serde_json::to_value(operation.method).unwrap().as_str().unwrap().to_lowercase();
        let path = format!("/{}", operation.path);
        assert_eq!(places.remove(operation.id.as_str()), Some((method.as_str(), path.as_str())));
    }
    assert!(places.is_empty(), "{places:?}");
}

#[test]
fn every_part_of_a_path_is_a_parameter_and_no_two_paths_are_alike() {
    let (_, document) = catalogue_and_document();
    let mut alike = BTreeMap::new();
    for ((method, path), entry) in &entries(&document) {
        let mut names: Vec<_> = path
            .split('/')
            .flat_map(|segment| segment.split('{').skip(1))
            .map(|part| part.split('}').next().unwrap())
            .collect();
        let parameters = entry["parameters"].as_array().unwrap();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let mut declared: Vec<_> = in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        declared.sort_unstable();
        assert_eq!(names, declared, "{path}");
        let blank = names.iter().fold(path.clone(), |path, name| path.replace(name, ""));
        if let Some(other) = alike.insert((method.clone(), blank), path.clone()) {
            panic!("{path} and {other} are the same address");
        }
    }
}

#[test]
fn operations_that_share_an_address_are_one_entry() {
    let (_, document) = catalogue_and_document();
    let page = &document["paths"]["/Style/Page"]["get"];
    let ids = texts(&page["x-operations"], "id");
    assert!(ids.len() > 1 && ids.contains(&"style.app_get"), "{ids:?}");
    assert!(ids.iter().all(|id| page["description"].as_str().unwrap().contains(id)));

    let version = &document["paths"]["/Style/{header_id}/Page3DStyle/{app_id}/CreateVersion"]["post"];
    let required: BTreeMap<_, _> = version["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| (parameter["name"].as_str().unwrap(), parameter["required"].as_bool().unwrap()))
        .collect();
    assert_eq!((required["header_id"], required["app_id"]), (true, true));
    assert!(required.iter().all(|(name, required)| !required || ["header_id", "app_id"].contains(name)));
    assert_eq!(version["x-replay"], "unsafe");
}

#[test]
fn the_automation_host_takes_its_own_header() {
    let (_, document) = catalogue_and_document();
    let locks = &document["paths"]["/locks"];
    assert_eq!(locks["servers"][0]["url"], "https://automation.beproduct.com/api");
    for method in METHODS {
        assert_eq!(
            locks[method]["security"][0].as_object().unwrap().keys().collect::<Vec<_>>(),
            ["automation"]
        );
    }
    let scheme = &document["components"]["securitySchemes"]["automation"];
    assert_eq!((&scheme["in"], &scheme["name"]), (&"header".into(), &"X-Authorization".into()));
}

#[test]
fn an_upload_has_a_part_that_is_a_file() {
    let (_, document) = catalogue_and_document();
    let mut uploads = 0;
    for (place, entry) in entries(&document) {
        let form = &entry["requestBody"]["content"]["multipart/form-data"];
        if form.is_object() {
            uploads += 1;
            assert_eq!(form["schema"]["required"][0], "file", "{place:?}");
            assert_eq!(form["schema"]["properties"]["file"]["format"], "binary", "{place:?}");
            assert_eq!(form["encoding"]["file"]["contentType"], "application/octet-stream", "{place:?}");
        }
    }
    assert!(uploads > 10, "{uploads}");
}
