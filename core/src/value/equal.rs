//! Whether two values are the same to the service, which stores some of them in another form than they were written in.

use serde_json::{Map, Value};

use super::FieldType;
use super::date::{Written, milliseconds};
use super::number;
use super::read::{member, read};
use super::spelling::alike;

/// Compares two values, read or written, as forgivingly as the service stores them: null, an empty text and an empty list are
/// one, lists of choices and tags have no order, a Date is a day, numbers have a value and no digits.
pub(crate) fn equal(field_type: FieldType, a: &Value, b: &Value) -> bool {
    let (a, b) = (read(field_type, a), read(field_type, b));
    if is_empty(&a) || is_empty(&b) {
        return is_empty(&a) && is_empty(&b);
    }
    match field_type {
        FieldType::Text | FieldType::DropDown | FieldType::Radio => spelled(&a) == spelled(&b),
        FieldType::MultiSelect | FieldType::Tags => same_set(&a, &b, |a, b| a == b),
        FieldType::UsersTags | FieldType::CompositeControl => same_set(&a, &b, same_part),
        FieldType::Date => moments(&a, &b).map_or(a == b, |(a, b)| a.date() == b.date()),
        FieldType::DateTime => moments(&a, &b).map_or(a == b, |(a, b)| milliseconds(a) == milliseconds(b)),
        FieldType::Users => same_by(&a, &b, &["id", "userName", "name"]),
        FieldType::PartnerDropDown => same_by(&a, &b, &["code", "value"]),
        _ => same(&a, &b),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// A number may have been written as a text, and the other way around.
fn spelled(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        _ => value.clone(),
    }
}

fn moments(a: &Value, b: &Value) -> Option<(jiff::civil::DateTime, jiff::civil::DateTime)> {
    let moment = |value: &Value| Written::of(value.as_str()?)?.instant();
    Some((moment(a)?, moment(b)?))
}

/// The same values any number of times, in any order.
fn same_set(a: &Value, b: &Value, same: impl Fn(&Value, &Value) -> bool) -> bool {
    let (Some(left), Some(right)) = (a.as_array(), b.as_array()) else { return a == b };
    let within = |one: &Value, all: &[Value]| all.iter().any(|other| same(one, other));
    left.iter().all(|one| within(one, right)) && right.iter().all(|one| within(one, left))
}

fn same_part(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let both =
                |name| (member(a, name).unwrap_or(&Value::Null), member(b, name).unwrap_or(&Value::Null));
            let (codes, values) = (both("code"), both("value"));
            same(codes.0, codes.1) && same(values.0, values.1)
        }
        _ => same(a, b),
    }
}

/// Objects by the first of these members, where both have it, else by any of them: what a text stands for is not said.
fn same_by(a: &Value, b: &Value, names: &[&str]) -> bool {
    let is = |a: &Value, b: &Value| match (a.as_str(), b.as_str()) {
        (Some(a), Some(b)) => alike(a, b),
        _ => a == b,
    };
    let known = |members: &Map<String, Value>| -> Vec<Value> {
        names.iter().filter_map(|name| member(members, name)).cloned().collect()
    };
    let any = |members: &Map<String, Value>, text: &Value| known(members).iter().any(|value| is(value, text));
    match (a, b) {
        (Value::Object(left), Value::Object(right)) => {
            match names.first().map(|key| (member(left, key), member(right, key))) {
                Some((Some(left), Some(right))) => is(left, right),
                _ => known(left).iter().any(|value| any(right, value)) || same(a, b),
            }
        }
        (Value::Object(members), text) | (text, Value::Object(members)) => any(members, text),
        _ => is(a, b),
    }
}

/// Deep equality, in which numbers have a value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => number::same(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
