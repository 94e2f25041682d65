//! The members that records in a request may have.

use serde::Serialize;

use super::Resource;
use crate::shapes::{Family, Property, Shape, target_of};

/// A member, with those of the records in it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) required: bool,
    /// Whether null is a value of it: then it only has to be there.
    pub(crate) nullable: bool,
    /// Whether it is a day.
    pub(crate) is_day: bool,
    /// Of a flag: the member that is needed where it is true.
    pub(crate) needs: Option<String>,
    pub(crate) members: Vec<Member>,
}

/// Notes them at the parameters whose records may have no others.
pub(super) fn note(resources: &mut [Resource], families: &[Family]) {
    let operations = resources.iter_mut().flat_map(|resource| &mut resource.operations);
    for parameter in operations.flat_map(|operation| &mut operation.parameters) {
        if parameter.closed {
            parameter.members = parameter.record.iter().flat_map(|record| of(record, families)).collect();
        }
    }
}

/// Those of a shape.
fn of(shape: &str, families: &[Family]) -> Vec<Member> {
    let found = families.iter().flat_map(|family| &family.shapes).find(|known| known.name == shape);
    let member = |shape: &Shape, property: &Property| {
        let schema = &shape.schema["properties"][&property.wire];
        let within = schema["$ref"].as_str().or_else(|| schema["items"]["$ref"].as_str());
        Member {
            name: property.wire.clone(),
            required: property.required,
            nullable: property.nullable && within.is_none(),
            is_day: schema["format"] == "date",
            needs: schema["x-needs"].as_str().map(str::to_owned),
            members: within.map(|reference| of(&target_of(reference), families)).unwrap_or_default(),
        }
    };
    found.map_or_else(Vec::new, |shape| {
        let properties = shape.properties.iter();
        properties.map(|property| member(shape, property)).collect()
    })
}
