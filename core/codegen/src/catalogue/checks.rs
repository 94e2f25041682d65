//! What holds in the whole catalogue: ids, names, shapes, and that each operation states what belongs together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Answer, Effect, Handler, Place, Replay, Resource, downloads, implied, parameters, references, uploads,
};
use crate::shapes::Family;

pub(super) fn validate(resources: &[Resource], families: &[Family]) -> Result<(), String> {
    let shapes: BTreeSet<_> =
        families.iter().flat_map(|family| &family.shapes).map(|shape| shape.name.as_str()).collect();
    let mut ids = BTreeSet::new();
    for resource in resources {
        let example = resource.example.validate(&resource.operations);
        example.map_err(|text| format!("resource {}: {text}", resource.name))?;
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for operation in &resource.operations {
            let problem = |text: String| Err(format!("operation {}: {text}", operation.id));
            if !ids.insert(operation.id.as_str()) {
                return problem("the id is taken".into());
            }
            for name in BTreeSet::from([operation.name.as_str(), operation.official.as_str()]) {
                if let Some(other) = taken.insert(name, &operation.id) {
                    return problem(format!("the name {name} is taken by {other}"));
                }
            }
            if operation.doc.is_empty() {
                return problem("it has no doc".into());
            }
            if (operation.effect == Effect::Read) != (operation.replay == Replay::Read) {
                return problem("effect and replay class disagree on whether it is a read".into());
            }
            if operation.paged && operation.answer != Answer::List {
                return problem("it has pages, so its answer has to be a list".into());
            }
            if let Some(record) = operation.record.as_deref().filter(|record| !shapes.contains(record)) {
                return problem(format!("there is no shape {record}"));
            }
            let looks_up = matches!(
                operation.handler,
                Handler::GetByNumber | Handler::GetManyByNumber | Handler::GetMany
            );
            if looks_up != operation.lookup.is_some() {
                return problem("lookup goes with the handlers that look records up".into());
            }
            if let Some(lookup) = &operation.lookup
                && !resource.operations.iter().any(|list| list.id == lookup.list && list.paged)
            {
                return problem(format!("its lookup names {}, which is no list in pages", lookup.list));
            }
            if let Err(text) = implied::validate(operation)
                .and_then(|()| uploads::validate(operation))
                .and_then(|()| downloads::validate(operation))
                .and_then(|()| parameters::validate(operation))
            {
                return problem(text);
            }
            let placeholders: BTreeSet<_> =
                operation.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
            let in_path: BTreeSet<_> = operation
                .parameters
                .iter()
                .filter(|parameter| parameter.place == Place::Path)
                .map(|parameter| parameter.name.as_str())
                .collect();
            if placeholders != in_path {
                return problem(format!(
                    "placeholders {placeholders:?} and path parameters {in_path:?} differ"
                ));
            }
            let mut names = BTreeSet::new();
            for parameter in &operation.parameters {
                if !names.insert(parameter.name.as_str()) {
                    return problem(format!("parameter {} stands twice", parameter.name));
                }
                if let Some(record) = parameter.record.as_deref().filter(|record| !shapes.contains(record)) {
                    return problem(format!("parameter {}: there is no shape {record}", parameter.name));
                }
            }
        }
    }
    references::validate(resources)
}
