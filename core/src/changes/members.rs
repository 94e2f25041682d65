//! Colorways and sizes of a header, which are written with its fields: colorways are changed by their ids and added without one, and
//! sizes are replaced as a whole (docs/service/writing.md, Writing headers).

use serde_json::{Map, Value, json};

use super::edit::MEMBERS_OF_HEADER;
use super::masters::Master;
use crate::arguments;
use crate::requester::Requester;
use crate::value::{FieldType, equal, standard_type, values_of};

/// Whether each planned colorway is there, with the values that are planned for it. A new one is any with equal values that no other
/// planned one is.
pub(super) fn has_colorways(present: &Value, planned: &Value) -> bool {
    let present = present.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut planned: Vec<&Value> = planned.as_array().into_iter().flatten().collect();
    // Those with an id first, then those of which most is planned.
    planned.sort_by_key(|one| (one["id"].is_null(), std::cmp::Reverse(values_in(one))));
    let mut taken: Vec<usize> = Vec::new();
    planned.into_iter().all(|planned| {
        let id = planned["id"].as_str();
        let is_it = |one: &Value| match id {
            Some(id) => one["id"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(id)),
            None => true,
        };
        let found = present
            .iter()
            .enumerate()
            .position(|(place, one)| !taken.contains(&place) && is_it(one) && has_values(one, planned));
        taken.extend(found);
        found.is_some()
    })
}

fn values_in(colorway: &Value) -> usize {
    match &colorway["fields"] {
        Value::Object(fields) => fields.len(),
        Value::Array(fields) => fields.len(),
        _ => 0,
    }
}

/// Whether a colorway has the values that are planned for it.
fn has_values(present: &Value, planned: &Value) -> bool {
    let known = values_of(present).unwrap_or_default();
    let type_of = |id: &str| standard_type(id).unwrap_or(FieldType::Other);
    let value = |id: &str| known.get(id).unwrap_or(&Value::Null);
    let has = |id: &str, planned: &Value| equal(type_of(id), value(id), planned);
    match &planned["fields"] {
        Value::Object(fields) => fields.iter().all(|(id, planned)| has(id, planned)),
        Value::Array(fields) => {
            fields.iter().all(|field| has(field["id"].as_str().unwrap_or_default(), &field["value"]))
        }
        _ => true,
    }
}

/// Whether the sizes are the planned ones, as far as those say.
pub(super) fn has_sizes(present: &Value, planned: &Value) -> bool {
    let (present, planned) = (present.as_array(), planned.as_array());
    let (present, planned) = (present.map(Vec::as_slice), planned.map(Vec::as_slice));
    let (present, planned) = (present.unwrap_or_default(), planned.unwrap_or_default());
    present.len() == planned.len()
        && present.iter().zip(planned).all(|(present, planned)| {
            let members = planned.as_object().into_iter().flatten();
            members.into_iter().all(|(name, value)| equal(FieldType::Other, &present[name], value))
        })
}

/// Whether a write of these adds a colorway, which it would do once more each time that it arrives.
pub(super) fn adds_colorways(planned: &Value) -> bool {
    planned.as_array().into_iter().flatten().any(|colorway| colorway["id"].is_null())
}

/// What is sent for fields and members, by the arguments of the operation.
pub(super) fn arguments<'a>(
    master: &Master,
    values: impl Iterator<Item = (&'a str, &'a Value)>,
) -> Map<String, Value> {
    let (mut arguments, mut fields) = (Map::new(), Map::new());
    for (id, value) in values {
        match MEMBERS_OF_HEADER.iter().find(|(_, pointer)| *pointer == id) {
            Some((argument, _)) => arguments.insert((*argument).to_owned(), value.clone()),
            None => fields.insert(id.to_owned(), value.clone()),
        };
    }
    arguments.insert(master.fields.name.to_owned(), Value::Object(fields));
    arguments
}

/// What is sent for a member, or why it is refused.
pub(super) fn put(
    requester: &Requester,
    &Master { create, fields, .. }: &Master,
    folder: &str,
    pointer: &str,
    value: &Value,
) -> Result<Value, String> {
    let argument = MEMBERS_OF_HEADER.iter().find(|(_, known)| *known == pointer).map_or("", |(name, _)| name);
    let mut arguments = Map::from_iter([("folder_id".to_owned(), Value::from(folder))]);
    arguments.insert(fields.name.to_owned(), json!({"header_name": "New"}));
    arguments.insert(argument.to_owned(), value.clone());
    let checked = requester.schemas().check(create, &mut arguments);
    checked
        .and_then(|()| arguments::prepare(create, &arguments))
        .map_err(|error| error.message().to_owned())?;
    Ok(arguments.remove(argument).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colorways_are_told_apart_by_their_ids_first() {
        let is = |id: &str, number: &str, name: &str| json!({"id": id, "colorNumber": number, "colorName": name, "fields": {}});
        let present = json!([is("c1", "01", "Red"), is("c2", "02", "Red"), is("c3", "03", "Blue")]);
        let new = |name: &str| json!({"fields": {"color_name": name}});
        let known = |id: &str, name: &str| json!({"id": id, "fields": {"color_name": name}});
        for (planned, expected) in [
            (json!([new("Red"), known("C1", "Red")]), true),
            (json!([new("Red"), new("Red"), known("c1", "Red")]), false),
            (json!([known("c3", "Red")]), false),
            // Those of which most is planned choose first.
            (
                json!([new("Red"), {"fields": [{"id": "color_name", "value": "Red"}, {"id": "color_number", "value": "01"}]}]),
                true,
            ),
            (json!([known("c4", "Red")]), false),
        ] {
            assert_eq!(has_colorways(&present, &planned), expected, "{planned}");
        }
    }

    #[test]
    fn sizes_are_compared_as_far_as_they_are_said() {
        let present =
            json!([{"name": "S", "price": 1, "sizeIndex": 0}, {"name": "M", "price": 2, "sizeIndex": 1}]);
        assert!(has_sizes(&present, &json!([{"name": "S"}, {"name": "M", "price": 2}])));
        assert!(!has_sizes(&present, &json!([{"name": "M"}, {"name": "S"}])));
        assert!(!has_sizes(&present, &json!([{"name": "S"}])));
    }
}
