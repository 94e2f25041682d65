//! Records that are handed through as the caller gives them: sizes, suppliers, colours of a palette.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::encode::canonical;
use crate::catalog::Parameter;
use crate::error::{Error, Result};

/// The list as it is sent, and whether the request may add one of its records.
pub(super) fn prepare(parameter: &Parameter, value: &Value) -> Result<(Value, bool)> {
    let name = parameter.name;
    let items = value.as_array().filter(|items| items.iter().all(Value::is_object));
    let items = items.ok_or_else(|| Error::config(format!("{name} has to be a list of objects")))?;
    let mut adds = false;
    let mut sent = Vec::with_capacity(items.len());
    for (index, item) in items.iter().filter_map(Value::as_object).enumerate() {
        let record = spelled(&format!("{name}[{index}]"), item, parameter.read_as)?;
        adds |= parameter.adds_without.is_some_and(|member| !names_one(&record, member));
        sent.push(Value::Object(record));
    }
    Ok((sent.into(), adds))
}

/// The record with its members by their names in the request.
fn spelled(name: &str, item: &Map<String, Value>, read_as: &[(&str, &str)]) -> Result<Map<String, Value>> {
    let mut record = Map::new();
    for (key, value) in item {
        let known = read_as.iter().find(|(_, spelling)| spelling == key);
        let key = known.map_or(key.as_str(), |(wire, _)| wire);
        let value = canonical(value);
        if record.get(key).is_some_and(|other| *other != value) {
            return Err(Error::config(format!("{name} has two values for {key}, in two spellings")));
        }
        record.insert(key.to_owned(), value);
    }
    Ok(record)
}

/// Whether the member holds the id of a record, in upper or lower case. A name may be that of none.
fn names_one(record: &Map<String, Value>, member: &str) -> bool {
    let id = record.iter().find(|(name, _)| name.eq_ignore_ascii_case(member));
    id.and_then(|(_, id)| id.as_str()).is_some_and(|id| Uuid::try_parse(id).is_ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::Operation;

    const ID: &str = "b4a6135b-c807-5cd7-bb3b-e3dd0c2993ed";

    fn run(operation: &str, name: &str, value: Value) -> Result<(Value, bool)> {
        let operation = Operation::find(operation).unwrap();
        prepare(operation.parameters.iter().find(|parameter| parameter.name == name).unwrap(), &value)
    }

    #[test]
    fn colours_are_taken_as_they_are_read() {
        let read = json!([{"_id": ID, "hex": "56684a", "color_number": "EX-03", "color_name": "Moss"}]);
        let sent = json!([{"id": ID, "hex": "56684a", "colorNumber": "EX-03", "colorName": "Moss"}]);
        assert_eq!(run("color.update", "colors", read).unwrap(), (sent.clone(), false));
        assert_eq!(run("color.update", "colors", sent.clone()).unwrap(), (sent, false));
        for id in ["_id", "Id", "id"] {
            let sent = (json!([{"id": ID, "hex": "56684a"}]), false);
            assert_eq!(run("color.update", "colors", json!([{id: ID, "hex": "56684a"}])).unwrap(), sent);
            assert_eq!(
                run("color.update", "colors", json!([{id: ID, "_id": ID, "hex": "56684a"}])).unwrap(),
                sent
            );
        }
        let error = run("color.update", "colors", json!([{"_id": ID, "id": "another"}])).unwrap_err();
        assert!(error.message().contains("colors[0] has two values for id"), "{error}");
    }

    #[test]
    fn what_has_no_id_may_be_added() {
        for (operation, name, one, adds) in [
            ("color.update", "colors", json!({"colorNumber": "EX-03"}), true),
            ("color.update", "colors", json!({"id": ID, "removeColor": true}), false),
            ("material.update", "suppliers", json!({"Id": ID}), false),
            ("material.update", "suppliers", json!({"Name": "Example Mill"}), true),
            ("material.update", "sizes", json!({"name": "M"}), false),
            ("block.update", "size_classes", json!({"key": ID, "deleteSizeClass": true}), false),
            // It may be renamed by the first request.
            ("block.update", "size_classes", json!({"key": "Regular"}), true),
            ("style.update", "size_classes", json!({"name": "Regular"}), true),
        ] {
            assert_eq!(run(operation, name, json!([one])).unwrap().1, adds, "{operation} {one}");
        }
        assert!(run("style.update", "sizes", json!(["M"])).is_err());
        assert!(run("style.update", "sizes", json!({"name": "M"})).is_err());
    }
}
