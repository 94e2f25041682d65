//! Conditions of the list requests.

use serde_json::{Value, json};

use super::conditions::{MEMBERS, condition, operator};
use super::filter_map;
use super::shown::shown;
use crate::error::{Error, Result};
use crate::near;

pub use super::conditions::Operator;
pub(crate) use super::conditions::{ANY_OF, MOST_VALUES};

/// One condition. A list as value means any of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    field: String,
    operator: Operator,
    value: Value,
}

impl Filter {
    /// A condition on a field.
    pub fn new(field: impl Into<String>, operator: Operator, value: impl Into<Value>) -> Self {
        Self { field: field.into(), operator, value: value.into() }
    }

    /// The field equals the value, or any of the values.
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(field, Operator::Eq, value)
    }
}

impl From<Filter> for Value {
    fn from(filter: Filter) -> Self {
        json!({"field": filter.field, "operator": filter.operator.as_str(), "value": filter.value})
    }
}

/// The filters as they go over the wire, and the fields that they name. They are given as a list of conditions, or as a map.
pub(crate) fn prepare(name: &str, value: &Value) -> Result<(Value, Vec<String>)> {
    let sent = match value {
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, filter)| listed(&format!("{name}[{index}]"), filter))
            .collect::<Result<Vec<_>>>()?,
        Value::Object(map) => filter_map::conditions(name, map)?,
        other => {
            return Err(Error::config(format!(
                "{name} has to be a map such as {{\"season\": \"Fall\"}} or a list of {{field, operator, value}}, not {}",
                shown(other)
            )));
        }
    };
    let fields = sent.iter().map(|one| one["field"].as_str().unwrap_or_default().to_owned()).collect();
    Ok((sent.into(), fields))
}

/// A condition of a list.
fn listed(name: &str, filter: &Value) -> Result<Value> {
    let wrong = |text: String| Err(Error::config(format!("{name} {text}")));
    let Some(members) = filter.as_object() else {
        return wrong(format!("has to be an object {{field, operator, value}}, not {}", shown(filter)));
    };
    if let Some(unknown) = members.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
        let hint = near::hint_or_all(unknown, MEMBERS, "members are");
        return wrong(format!("has an unknown member {unknown:?}{hint}"));
    }
    let Some(field) = members.get("field").and_then(Value::as_str).filter(|field| !field.trim().is_empty())
    else {
        return wrong("has no field".into());
    };
    let operator = match members.get("operator") {
        None | Some(Value::Null) => Operator::Eq.as_str(),
        Some(given) => operator(name, given)?,
    };
    let mut sent = condition(name, field, operator, members.get("value").unwrap_or(&Value::Null))?;
    if let Some(kind) = members.get("type").filter(|kind| !kind.is_null()) {
        sent["type"] = kind.clone();
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(filter: Value) -> Result<Value> {
        prepare("filters", &json!([filter])).map(|(sent, _)| sent[0].clone())
    }

    #[test]
    fn lists_are_joined() {
        let sent = one(json!({"field": "header_number", "operator": "eq", "value": ["EX-1", 2.0]})).unwrap();
        assert_eq!(sent, json!({"field": "header_number", "operator": "Eq", "value": "EX-1\u{25a0}2"}));
    }

    #[test]
    fn bad_filters_are_refused() {
        for (filter, says) in [
            (
                json!({"field": "a", "operator": "Near", "value": "x"}),
                "unknown operator \"Near\"; operators are Eq",
            ),
            (
                json!({"field": "a", "operator": "Like", "value": "x"}),
                "\"Like\"; did you mean \"Contains\"? Operators are",
            ),
            (json!({"field": "a", "operator": 7, "value": "x"}), "unknown operator 7"),
            (json!({"field": "a", "operator": "Eq"}), "has no value"),
            (json!({"field": "a", "operator": "Eq", "value": null}), "has no value"),
            (json!({"field": "a", "operator": "Eq", "value": "x\u{25a0}y"}), "U+25A0"),
            (json!({"field": "a", "operator": "Eq", "value": ["x\u{25a0}y"]}), "U+25A0"),
            (json!({"field": "a", "operator": "Gt", "value": ["x"]}), "not with Gt"),
            (json!({"field": "a", "operator": "Eq", "value": []}), "empty list"),
            (json!({"operator": "Eq", "value": "x"}), "has no field"),
            (json!({"field": "a", "op": "Eq", "value": "x"}), "unknown member"),
        ] {
            let error = one(filter).unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
    }
}
