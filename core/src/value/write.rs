//! The form in which the service takes a value (docs/service/values.md, Field types).

use serde_json::{Map, Value, json};

use super::date::{self, Written};
use super::number::{Decimal, number_of};
use super::read::{flag, hex, is_blank, member, parsed, read};
use super::{FieldType, Place};

/// What is sent for a value. A refusal says what was wrong with it, then what would be right.
pub(crate) fn write(field_type: FieldType, place: Place, value: &Value) -> Result<Value, String> {
    match field_type {
        _ if field_type.is_read_only() => {
            Err("is computed by the service, which ignores what is sent: leave it out".into())
        }
        FieldType::MultiSelect | FieldType::Tags => texts(value),
        _ if value.is_null() => Ok(Value::Null),
        FieldType::Text => text(value),
        FieldType::DropDown => choice(value),
        // The default of a Radio may be true or false.
        FieldType::Radio if value.is_boolean() => Ok(value.clone()),
        FieldType::Radio => choice(value),
        FieldType::Number => whole_number(value),
        FieldType::Decimal | FieldType::Percent => number(value),
        FieldType::Date => day(value),
        FieldType::DateTime => time(value),
        FieldType::TrueFalse => true_or_false(place, value),
        FieldType::Users => user(value),
        FieldType::PartnerDropDown => partner(place, value),
        FieldType::CompositeControl => composite(value),
        FieldType::ColorDropDown => color(value),
        _ => Ok(value.clone()),
    }
}

fn refused<T>(expected: &str, value: &Value) -> Result<T, String> {
    Err(format!("has to be {expected}, not {}", shown(value)))
}

/// Letters of a value that a refusal shows.
const LETTERS: usize = 100;

/// A value in an error text, cut when it is long.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn is_empty_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn text(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Number(number) => Ok(number.to_string().into()),
        _ => refused("a text", value),
    }
}

fn choice(value: &Value) -> Result<Value, String> {
    let inner = match value {
        Value::Object(members) if is_blank(members) => return Ok(Value::Null),
        Value::Object(members) => member(members, "value").unwrap_or(value),
        _ => value,
    };
    match inner {
        Value::String(_) | Value::Number(_) => text(inner),
        _ => refused("the text of a choice", value),
    }
}

/// Always an array: a bare text is blanked. Null clears, as an empty array does.
fn texts(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => {
            refused(&format!("a list of texts such as {}", shown(&json!([text]))), value)
        }
        Value::Null | Value::String(_) | Value::Array(_) => {
            let list = read(FieldType::MultiSelect, value);
            match list.as_array().is_some_and(|list| list.iter().all(Value::is_string)) {
                true => Ok(list),
                false => refused("a list of texts", value),
            }
        }
        _ => refused("a list of texts", value),
    }
}

fn number(value: &Value) -> Result<Value, String> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        _ if is_empty_text(value) => Ok(Value::Null),
        Value::String(text) => {
            number_of(text).map(Value::Number).map_or_else(|| refused("a number such as 12.50", value), Ok)
        }
        _ => refused("a number such as 12.50", value),
    }
}

fn whole_number(value: &Value) -> Result<Value, String> {
    match number(value).or_else(|_| refused("a whole number", value))? {
        Value::Number(number) if !Decimal::of(&number).is_some_and(|number| number.is_whole()) => {
            refused("a whole number", value)
        }
        number => Ok(number),
    }
}

const DAY: &str = "a day such as \"2026-03-01\"";
const TIME: &str = "a time with its zone such as \"2026-03-01T08:30:00Z\"";

/// A day as midnight in UTC.
fn day(value: &Value) -> Result<Value, String> {
    if is_empty_text(value) {
        return Ok(Value::Null);
    }
    let Some(written) = value.as_str().and_then(Written::of) else { return refused(DAY, value) };
    match written {
        Written::American(_) => return refused(DAY, value),
        Written::Local(_) => return Err(format!("has a time without a zone, {}: give {DAY}", shown(value))),
        Written::Day(_) | Written::Instant(_) => {}
    }
    match written.instant() {
        // The day would depend on the zone.
        Some(instant) if date::civil(instant).time() != jiff::civil::Time::midnight() => {
            Err(format!("keeps no time of day, and {} has one: give {DAY}", shown(value)))
        }
        Some(instant) => Ok(instant.to_string().into()),
        None => Ok(Value::Null),
    }
}

fn time(value: &Value) -> Result<Value, String> {
    if is_empty_text(value) {
        return Ok(Value::Null);
    }
    match value.as_str().and_then(Written::of) {
        None | Some(Written::American(_)) => refused(TIME, value),
        Some(Written::Local(_)) => Err(format!("has a time without a zone, {}: give {TIME}", shown(value))),
        Some(written) => Ok(written
            .instant()
            .map_or(Value::Null, |instant| date::milliseconds(instant).to_string().into())),
    }
}

fn true_or_false(place: Place, value: &Value) -> Result<Value, String> {
    let flag = match value {
        Value::Bool(flag) => *flag,
        _ if is_empty_text(value) => return Ok(Value::Null),
        Value::String(text) => match flag(text) {
            Some(flag) => flag,
            None => return refused("true or false", value),
        },
        _ => return refused("true or false", value),
    };
    Ok(match place {
        Place::Header => if flag { "Yes" } else { "No" }.into(),
        _ => flag.into(),
    })
}

/// A member that is a text, and not a blank one.
fn text_in(members: &Map<String, Value>, name: &str) -> Option<Value> {
    member(members, name).filter(|text| text.is_string() && !is_empty_text(text)).cloned()
}

/// The name of a user, as the choices of the field have it.
fn user(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Object(members) if is_blank(members) => Ok(Value::Null),
        Value::Object(members) => {
            let name = text_in(members, "userName").or_else(|| text_in(members, "name"));
            name.map_or_else(|| refused("the name of a user", value), Ok)
        }
        _ => refused("the name of a user", value),
    }
}

/// The code; on headers the name too.
fn partner(place: Place, value: &Value) -> Result<Value, String> {
    let expected =
        if place == Place::Header { "the code or the name of a partner" } else { "the code of a partner" };
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Object(members) if is_blank(members) => Ok(Value::Null),
        Value::Object(members) => {
            let name = || text_in(members, "value").filter(|_| place == Place::Header);
            text_in(members, "code").or_else(name).map_or_else(|| refused(expected, value), Ok)
        }
        _ => refused(expected, value),
    }
}

fn composite(value: &Value) -> Result<Value, String> {
    let expected = "a list such as [{\"code\": \"Cotton\", \"value\": 60}]";
    let inner = match value {
        _ if is_empty_text(value) => return Ok(json!([])),
        Value::String(text) => parsed(text).map_or_else(|| refused(expected, value), Ok)?,
        _ => value.clone(),
    };
    let Some(list) = inner.as_array() else { return refused(expected, value) };
    let part = |part: &Value| {
        let members = part.as_object()?;
        let code = member(members, "code").filter(|code| code.is_string())?;
        Some(
            json!({"code": code, "value": read(FieldType::Decimal, member(members, "value").unwrap_or(&Value::Null))}),
        )
    };
    let list: Option<Vec<_>> = list.iter().map(part).collect();
    list.map(Value::Array).map_or_else(|| refused(expected, value), Ok)
}

fn color(value: &Value) -> Result<Value, String> {
    let expected = "a colour of six hex digits such as \"2f4a63\"";
    match value {
        _ if is_empty_text(value) => Ok("".into()),
        Value::String(text) => hex(text).map(Value::String).map_or_else(|| refused(expected, value), Ok),
        Value::Object(members) if is_blank(members) => Ok("".into()),
        Value::Object(members) => {
            let hex = member(members, "hex").and_then(Value::as_str).and_then(hex);
            hex.map(Value::String).map_or_else(|| refused(expected, value), Ok)
        }
        _ => refused(expected, value),
    }
}
