//! Field values and colorways of the write requests.

use serde_json::{Map, Value, json};

use super::encode::{canonical, id};
use super::shown::shown;
use crate::error::{Error, Result};

/// Field values as the service wants them: a list of `{id, value}`, in the caller's order.
///
/// `read_only` names fields that the service would leave alone without a word.
pub(crate) fn fields(name: &str, value: &Value, read_only: &[&str]) -> Result<Value> {
    let pairs: Vec<(&str, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(id, value)| (id.as_str(), value)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| pair(&format!("{name}[{index}]"), item))
            .collect::<Result<_>>()?,
        _ => {
            return Err(Error::config(format!(
                "{name} has to be a map or a list of {{id, value}}, not {}",
                shown(value)
            )));
        }
    };
    let mut seen = std::collections::HashSet::new();
    let mut sent = Vec::with_capacity(pairs.len());
    for (id, value) in pairs {
        if id.trim().is_empty() {
            return Err(Error::config(format!("{name} has a field without an id")));
        }
        if !seen.insert(id) {
            return Err(Error::config(format!("{name} names the field {id} twice")));
        }
        if read_only.contains(&id) {
            return Err(Error::config(format!(
                "{name}: the service sets {id} itself and ignores what is sent"
            )));
        }
        sent.push(json!({"id": id, "value": canonical(value)}));
    }
    Ok(sent.into())
}

fn pair<'a>(name: &str, item: &'a Value) -> Result<(&'a str, &'a Value)> {
    let members = item
        .as_object()
        .ok_or_else(|| Error::config(format!("{name} has to be {{id, value}}, not {}", shown(item))))?;
    if let Some(unknown) = members.keys().find(|key| !matches!(key.as_str(), "id" | "value")) {
        return Err(Error::config(format!(
            "{name} has an unknown member {unknown:?}; members are id and value"
        )));
    }
    match (members.get("id").and_then(Value::as_str), members.get("value")) {
        (Some(id), Some(value)) => Ok((id, value)),
        (None, _) => Err(Error::config(format!("{name} has no id"))),
        (_, None) => Err(Error::config(format!("{name} has no value; null clears a field"))),
    }
}

/// Colorways as the service wants them. One without an id is added, and needs these fields.
pub(crate) fn colorways(name: &str, value: &Value, new_needs: &[&str]) -> Result<Value> {
    let list = value
        .as_array()
        .ok_or_else(|| Error::config(format!("{name} has to be a list, not {}", shown(value))))?;
    list.iter()
        .enumerate()
        .map(|(index, item)| colorway(&format!("{name}[{index}]"), item, new_needs))
        .collect()
}

fn colorway(name: &str, item: &Value, new_needs: &[&str]) -> Result<Value> {
    let members = item
        .as_object()
        .ok_or_else(|| Error::config(format!("{name} has to be an object, not {}", shown(item))))?;
    let mut sent = Map::new();
    let own_id = members.get("id").filter(|id| !id.is_null());
    sent.insert("id".into(), own_id.map(|value| id(&format!("{name}.id"), value)).transpose()?.into());
    let values = fields(&format!("{name}.fields"), members.get("fields").unwrap_or(&json!([])), &[])?;
    if own_id.is_none() {
        for needed in new_needs {
            if !values.as_array().is_some_and(|values| values.iter().any(|value| value["id"] == *needed)) {
                return Err(Error::config(format!(
                    "{name} has no id, so it adds a colorway, and that needs {}; {needed} is missing",
                    new_needs.join(", ")
                )));
            }
        }
    }
    sent.insert("fields".into(), values);
    for (key, value) in members.iter().filter(|(key, _)| !matches!(key.as_str(), "id" | "fields")) {
        let wire = match key.as_str() {
            "imageHeaderId" | "image_header_id" => "imageHeaderId",
            "unlinkImage" | "unlink_image" => "unlinkImage",
            "colorSourceId" | "color_source_id" => "colorSourceId",
            _ => {
                return Err(Error::config(format!(
                    "{name} has an unknown member {key:?}; members are id, fields, imageHeaderId, unlinkImage and colorSourceId"
                )));
            }
        };
        sent.insert(wire.into(), canonical(value));
    }
    Ok(sent.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_and_lists_are_sent_alike() {
        let expected = json!([{"id": "season", "value": "Fall"}, {"id": "price", "value": 10}]);
        assert_eq!(fields("fields", &json!({"season": "Fall", "price": 10.0}), &[]).unwrap(), expected);
        assert_eq!(fields("fields", &expected, &[]).unwrap(), expected);
    }

    #[test]
    fn bad_fields_are_refused() {
        assert!(fields("fields", &json!([{"id": "a", "value": 1}, {"id": "a", "value": 2}]), &[]).is_err());
        assert!(fields("fields", &json!([{"id": "a"}]), &[]).is_err());
        assert!(fields("fields", &json!({"created_by": "x"}), &["created_by"]).is_err());
        assert!(fields("fields", &json!("a"), &[]).is_err());
    }

    #[test]
    fn a_new_colorway_needs_its_fields() {
        let needs = ["color_number", "primary"];
        let error = colorways("colorways", &json!([{"fields": {"color_number": "1"}}]), &needs).unwrap_err();
        assert!(error.message().ends_with("needs color_number, primary; primary is missing"), "{error}");
        let given = json!([{"id": "a-1", "fields": {"x": 1}, "unlinkImage": true}]);
        assert_eq!(
            colorways("colorways", &given, &needs).unwrap(),
            json!([{"id": "a-1", "fields": [{"id": "x", "value": 1}], "unlinkImage": true}])
        );
    }
}
