//! One condition of a filter, and the words that it is made of.

use serde_json::{Value, json};

use super::encode::canonical;
use super::shown::shown;
use crate::error::{Error, Result};

/// Joins the values of one filter: any of them.
pub(crate) const ANY_OF: char = '\u{25a0}';

/// Highest number of values in one filter: the records that one read may return.
pub(crate) const MOST_VALUES: usize = 200;

/// Members of a condition of a list.
pub(super) const MEMBERS: &[&str] = &["field", "operator", "value", "type"];

const RESERVED: &str =
    "has a value with U+25A0 in it, which the service reads as a separator; give a list for several values";

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Neq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Contains the text.
    Contains,
}

impl Operator {
    /// As on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "Eq",
            Self::Neq => "Neq",
            Self::Gt => "Gt",
            Self::Gte => "Gte",
            Self::Lt => "Lt",
            Self::Lte => "Lte",
            Self::Contains => "Contains",
        }
    }
}

/// As the service writes them. The last three stand in its machine description only.
const OPERATORS: &[&str] = &["Eq", "Neq", "Gt", "Gte", "Lt", "Lte", "Contains", "Ne", "Any", "ElemMatch"];

/// Names that other programs, and the vendor's own web search, have for them.
const OTHER_NAMES: &[(&str, &[&str])] = &[
    ("Eq", &["equal", "equals", "is", "in", "=", "=="]),
    ("Neq", &["noteq", "notequal", "notequals", "isnot", "not", "!=", "<>"]),
    ("Gt", &["greater", "greaterthan", "after", ">"]),
    ("Gte", &["ge", "greaterorequal", "greaterthanorequal", "greaterthanorequals", ">="]),
    ("Lt", &["less", "lessthan", "before", "<"]),
    ("Lte", &["le", "lessorequal", "lessthanorequal", "lessthanorequals", "<="]),
    ("Contains", &["contain", "like", "ilike", "includes", "startswith", "endswith"]),
];

/// The operator as the service writes it.
pub(super) fn operator(name: &str, given: &Value) -> Result<&'static str> {
    let text = given.as_str().unwrap_or_default();
    if let Some(known) = OPERATORS.iter().find(|known| known.eq_ignore_ascii_case(text)) {
        return Ok(known);
    }
    let plain = text.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let near = OTHER_NAMES.iter().find(|(_, others)| others.contains(&plain.as_str()));
    let near = near.map(|(near, _)| format!("; did you mean {near:?}?")).unwrap_or_default();
    let rest = if near.is_empty() { "; operators" } else { " Operators" };
    Err(Error::config(format!(
        "{name} has an unknown operator {}{near}{rest} are {}",
        shown(given),
        OPERATORS.join(", ")
    )))
}

/// One condition as it goes over the wire.
pub(super) fn condition(name: &str, field: &str, operator: &str, value: &Value) -> Result<Value> {
    let wrong = |text: String| Err(Error::config(format!("{name} on {field} {text}")));
    let value = match value {
        Value::Null => {
            return wrong(
                "has no value; leave the filter out, or compare with \"\" to find empty ones".into(),
            );
        }
        Value::Array(values) => joined(name, field, operator, values)?,
        Value::Object(_) => return wrong("has an object as value; use a text or a number".into()),
        Value::Bool(flag) => yes_or_no(*flag).into(),
        Value::String(text) if text.contains(ANY_OF) => return wrong(RESERVED.into()),
        value => canonical(value),
    };
    Ok(json!({"field": field, "operator": operator, "value": value}))
}

/// As filters want it, whatever the records hold.
fn yes_or_no(flag: bool) -> &'static str {
    if flag { "Yes" } else { "No" }
}

fn joined(name: &str, field: &str, operator: &str, values: &[Value]) -> Result<Value> {
    let wrong = |text: String| Err(Error::config(format!("{name} on {field} {text}")));
    if !matches!(operator, "Eq" | "Contains") {
        return wrong(format!(
            "has a list as value, which works with Eq and Contains only, not with {operator}"
        ));
    }
    if values.is_empty() {
        return wrong("has an empty list as value".into());
    }
    if values.len() > MOST_VALUES {
        return wrong(format!("has {} values; the most is {MOST_VALUES}", values.len()));
    }
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        texts.push(match value {
            Value::String(text) if text.contains(ANY_OF) => {
                return wrong(RESERVED.into());
            }
            Value::String(text) if text.is_empty() => {
                return wrong("has an empty text among its values".into());
            }
            Value::String(text) => text.clone(),
            Value::Number(_) => canonical(value).to_string(),
            Value::Bool(flag) => yes_or_no(*flag).to_owned(),
            _ => return wrong(format!("has {} among its values; use texts and numbers", shown(value))),
        });
    }
    Ok(texts.join(&ANY_OF.to_string()).into())
}
