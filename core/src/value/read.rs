//! What a value of the service means (docs/service/values.md, Field types). What is not understood stays as it came.

use serde_json::{Map, Value};

use super::FieldType;
use super::date::{Written, text_of};
use super::number::number_of;

/// The value as a person means it. No form of the service is read differently in another place.
pub(crate) fn read(field_type: FieldType, raw: &Value) -> Value {
    match field_type {
        FieldType::Text | FieldType::Label | FieldType::Other => raw.clone(),
        FieldType::DropDown | FieldType::Radio => choice(raw),
        FieldType::MultiSelect | FieldType::Tags => texts(raw).into(),
        FieldType::Number | FieldType::Decimal | FieldType::Percent | FieldType::FormulaField => {
            of_text(raw, |text| number_of(text).map(Value::Number))
        }
        FieldType::Date | FieldType::DateTime => of_text(raw, |text| Some(instant(Written::of(text)?))),
        FieldType::TrueFalse | FieldType::TrueFalseLabel => of_text(raw, |text| flag(text).map(Value::Bool)),
        FieldType::Users => user(raw),
        FieldType::UsersTags | FieldType::CompositeControl => items(raw),
        FieldType::PartnerDropDown => partner(raw),
        FieldType::ColorDropDown => color(raw),
        FieldType::UserLabel => of_text(raw, label),
    }
}

/// A text that the type knows, which stays as it came otherwise. An empty one is no value.
fn of_text(raw: &Value, known: impl Fn(&str) -> Option<Value>) -> Value {
    match raw {
        Value::String(text) if text.trim().is_empty() => Value::Null,
        Value::String(text) => known(text).unwrap_or_else(|| raw.clone()),
        _ => raw.clone(),
    }
}

/// `Yes`, `True`, `No`, `False`, in upper or lower case.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// Null for the year 1.
fn instant(date: Written) -> Value {
    date.instant().map_or(Value::Null, |instant| text_of(instant).into())
}

/// `name @ date`.
fn label(text: &str) -> Option<Value> {
    let (name, date) = text.rsplit_once('@')?;
    let date = text_of(Written::of(date)?.instant()?);
    Some(format!("{} @ {date}", name.trim_end()).into())
}

/// An array or object that came as text, as long as it is one.
pub(super) fn parsed(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['[', '{']).then(|| serde_json::from_str(text).ok())?
}

/// A member that is there and not null, its name in upper or lower case.
pub(crate) fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = members
        .get(name)
        .or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value));
    found.filter(|value| !value.is_null())
}

/// Whether the members of an object say nothing.
pub(super) fn is_blank(members: &Map<String, Value>) -> bool {
    !members.is_empty() && members.values().all(|value| value.is_null() || value == "")
}

fn choice(raw: &Value) -> Value {
    match raw {
        Value::Object(members) if is_blank(members) => Value::Null,
        Value::Object(members) => match member(members, "value") {
            Some(text @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => choice(text),
            _ => raw.clone(),
        },
        Value::String(text) if text.is_empty() => Value::Null,
        _ => raw.clone(),
    }
}

/// A list of texts in any of its forms: an array, JSON in a text, one text, or objects with a value.
fn texts(raw: &Value) -> Vec<Value> {
    match raw {
        Value::Null => Vec::new(),
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::String(text) => match parsed(text) {
            Some(inner) => texts(&inner),
            None => vec![raw.clone()],
        },
        Value::Array(list) => list.iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

fn text(item: &Value) -> Option<Value> {
    match item {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Number(number) => Some(number.to_string().into()),
        Value::Object(members) if is_blank(members) => None,
        Value::Object(members) => match member(members, "value") {
            Some(value @ Value::String(text)) if !text.is_empty() => Some(value.clone()),
            _ => Some(item.clone()),
        },
        _ => Some(item.clone()),
    }
}

/// A list of `{code, value}`.
fn items(raw: &Value) -> Value {
    match raw {
        Value::Null => Value::Array(Vec::new()),
        Value::String(text) if text.trim().is_empty() => Value::Array(Vec::new()),
        Value::String(text) => parsed(text).map_or_else(|| raw.clone(), |inner| items(&inner)),
        Value::Array(list) => list.iter().map(item).collect(),
        Value::Object(_) => Value::Array(vec![item(raw)]),
        _ => raw.clone(),
    }
}

fn item(raw: &Value) -> Value {
    let Value::Object(members) = raw else { return raw.clone() };
    let named = members.iter().map(|(name, value)| match name.to_ascii_lowercase().as_str() {
        "code" => ("code".to_owned(), value.clone()),
        "value" => ("value".to_owned(), of_text(value, |text| number_of(text).map(Value::Number))),
        _ => (name.clone(), value.clone()),
    });
    Value::Object(named.collect())
}

fn user(raw: &Value) -> Value {
    match raw {
        Value::Object(members) if is_blank(members) => Value::Null,
        _ => of_text(raw, |_| None),
    }
}

fn partner(raw: &Value) -> Value {
    match raw {
        Value::Object(members) if is_blank(members) => Value::Null,
        _ => of_text(raw, |text| match parsed(text) {
            Some(Value::Object(inner)) if is_partner(&inner) => Some(partner(&inner.into())),
            _ => {
                // A code is the id of the partner; any other text is the name.
                let name = if uuid::Uuid::try_parse(text).is_ok() { "code" } else { "value" };
                Some(Map::from_iter([(name.to_owned(), raw.clone())]).into())
            }
        }),
    }
}

/// Whether an object, which may have come as a text, is one of a partner.
pub(super) fn is_partner(members: &Map<String, Value>) -> bool {
    members.keys().any(|name| ["code", "value"].iter().any(|known| known.eq_ignore_ascii_case(name)))
}

fn color(raw: &Value) -> Value {
    match raw {
        Value::Object(members) if is_blank(members) => Value::Null,
        Value::Object(members) => match member(members, "hex") {
            Some(hex) => color(hex),
            None => raw.clone(),
        },
        _ => of_text(raw, |text| match parsed(text) {
            Some(inner @ Value::Object(_)) => Some(color(&inner)),
            _ => hex(text).map(Value::String),
        }),
    }
}

/// A colour as six hex digits in lower case, from one with or without `#`.
pub(super) fn hex(text: &str) -> Option<String> {
    let digits = text.trim().trim_start_matches('#').to_ascii_lowercase();
    (digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(digits)
}
