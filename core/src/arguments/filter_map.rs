//! Conditions as a map from fields to what they have to be.

use serde_json::{Map, Value};

use super::conditions::{MEMBERS, Operator, condition, operator};
use crate::error::{Error, Result};

/// The conditions as they go over the wire, in the order of the map: a value stands for `Eq`, a list for any of its values,
/// an object holds operators.
pub(super) fn conditions(name: &str, map: &Map<String, Value>) -> Result<Vec<Value>> {
    if map.contains_key("field")
        && map.contains_key("value")
        && map.keys().all(|key| MEMBERS.contains(&key.as_str()))
    {
        return Err(Error::config(format!("{name} is a single condition: put it in a list")));
    }
    let mut sent = Vec::with_capacity(map.len());
    for (field, wanted) in map {
        if field.trim().is_empty() {
            return Err(Error::config(format!("{name} has a field without an id")));
        }
        match wanted {
            Value::Object(operators) if operators.is_empty() => {
                return Err(Error::config(format!(
                    "{name} on {field} has no operator; write for example {{\"Gt\": 10}}"
                )));
            }
            Value::Object(operators) => {
                for (given, value) in operators {
                    let operator = operator(&format!("{name} on {field}"), &given.as_str().into())?;
                    sent.push(condition(name, field, operator, value)?);
                }
            }
            value => {
                refuse_wildcard(name, field, value)?;
                sent.push(condition(name, field, Operator::Eq.as_str(), value)?);
            }
        }
    }
    Ok(sent)
}

/// Whoever writes `EX-*` here expects what `Eq` does not do.
fn refuse_wildcard(name: &str, field: &str, value: &Value) -> Result<()> {
    let is_meant = match value {
        Value::String(text) => text.contains('*'),
        Value::Array(values) => {
            values.iter().any(|value| value.as_str().is_some_and(|text| text.contains('*')))
        }
        _ => false,
    };
    match is_meant {
        false => Ok(()),
        true => Err(Error::config(format!(
            "{name} on {field} has a text with *, which is no wildcard: write {{\"Contains\": \"...\"}} to find a part of the \
             text, or {{\"Eq\": \"...\"}} for the character itself"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arguments::filters::prepare;

    #[test]
    fn a_map_becomes_conditions_in_its_order() {
        let (sent, fields) = prepare(
            "filters",
            &json!({
                "season": "Fall",
                "header_number": ["EX-1", "EX-2"],
                "active": true,
                "target_price": {"Gte": 10.0, "lt": 20},
                "header_name": {"Contains": ["coat", "jacket"]},
                "ModifiedAt": {"Gt": "2026-01-31T00:00:00Z"},
                "style_code": {"Eq": "A*"},
                "comment": "",
            }),
        )
        .unwrap();
        let is = |field: &str, operator: &str, value: Value| json!({"field": field, "operator": operator, "value": value});
        assert_eq!(
            sent,
            json!([
                is("season", "Eq", "Fall".into()),
                is("header_number", "Eq", "EX-1\u{25a0}EX-2".into()),
                is("active", "Eq", "Yes".into()),
                is("target_price", "Gte", 10.into()),
                is("target_price", "Lt", 20.into()),
                is("header_name", "Contains", "coat\u{25a0}jacket".into()),
                is("ModifiedAt", "Gt", "2026-01-31T00:00:00Z".into()),
                is("style_code", "Eq", "A*".into()),
                is("comment", "Eq", "".into()),
            ])
        );
        assert_eq!(fields.len(), 9);
        assert_eq!(prepare("filters", &json!({})).unwrap(), (json!([]), Vec::new()));
    }

    #[test]
    fn bad_maps_are_refused() {
        for (map, says) in [
            (json!({"a": "EX-*"}), "filters on a has a text with *"),
            (json!({"a": ["x", "*y"]}), "{\"Contains\": \"...\"}"),
            (json!({"a": null}), "leave the filter out"),
            (json!({"a": {"Gt": null}}), "leave the filter out"),
            (json!({"a": []}), "empty list"),
            (json!({"a": {}}), "no operator"),
            (json!({"a": {"Gt": []}}), "not with Gt"),
            (json!({"a": {"Eq": {"Gt": 1}}}), "has an object as value"),
            (
                json!({"a": {"Gt": 1, ">=": 2}}),
                "filters on a has an unknown operator \">=\"; did you mean \"Gte\"?",
            ),
            (json!({"a": {"value": 2}}), "unknown operator \"value\"; operators are Eq"),
            (json!({"a": "x\u{25a0}y"}), "U+25A0"),
            (json!({"": "x"}), "field without an id"),
            (json!({"field": "season", "value": "Fall"}), "put it in a list"),
            (json!("season"), "has to be a map"),
        ] {
            let error = prepare("filters", &map).unwrap_err();
            assert!(error.message().contains(says), "{map}: {error}");
        }
    }
}
