//! The form in which the service takes a value (docs/service/values.md, Field types).

use std::collections::HashSet;

use jiff::civil::Time;
use serde_json::{Value, json};

use super::date::{self, Written};
use super::number::{Decimal, number_of};
use super::read::{flag, hex, is_blank, member, parsed, read};
use super::reference::Reference;
use super::refusal::{refused, shown};
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
        FieldType::Users | FieldType::PartnerDropDown => match Reference::of(field_type, value)? {
            Some(reference) => reference.written(field_type, place),
            None => Ok(Value::Null),
        },
        FieldType::CompositeControl => composite(value),
        FieldType::UsersTags => tagged(value),
        FieldType::ColorDropDown => color(value),
        _ => Ok(value.clone()),
    }
}

pub(super) fn is_empty_text(value: &Value) -> bool {
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
        // One without a text would clear the field, and has a code that says otherwise.
        Value::Object(members) => {
            member(members, "value").filter(|text| !is_empty_text(text)).unwrap_or(value)
        }
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
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        _ if is_empty_text(value) => return Ok(Value::Null),
        Value::String(text) => number_of(text),
        _ => None,
    };
    // The service keeps none with so many digits that they cannot be counted.
    let number = number.filter(|number| Decimal::of(number).is_some());
    number.map(Value::Number).map_or_else(|| refused("a number such as 12.50", value), Ok)
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

/// A day as midnight in UTC. The service has days with a time too, as another client wrote them: in UTC they are a day.
fn day(value: &Value) -> Result<Value, String> {
    if is_empty_text(value) {
        return Ok(Value::Null);
    }
    let text = value.as_str().unwrap_or_default();
    let Some(written) = Written::of(text) else { return refused(DAY, value) };
    let Some(utc) = written.instant() else { return Ok(Value::Null) };
    let has_time = utc.time() != Time::midnight();
    match written {
        Written::American(_) => return refused(DAY, value),
        Written::Local(_) if has_time => {
            return Err(format!("has a time without a zone, {}: give {DAY}", shown(value)));
        }
        Written::Instant { local, .. }
            if written.is_elsewhere() && (has_time || local.date() != utc.date()) =>
        {
            return Err(format!("is a day, and the day of {} depends on the zone: give {DAY}", shown(value)));
        }
        _ => {}
    }
    Ok(date::text_of(utc.date().to_datetime(Time::midnight())).into())
}

fn time(value: &Value) -> Result<Value, String> {
    if is_empty_text(value) {
        return Ok(Value::Null);
    }
    let Some(written) = value.as_str().and_then(Written::of) else { return refused(TIME, value) };
    match (written, written.instant()) {
        (Written::American(_), _) => refused(TIME, value),
        (_, None) => Ok(Value::Null),
        (Written::Local(_), _) => Err(format!("has a time without a zone, {}: give {TIME}", shown(value))),
        (_, Some(utc)) => Ok(date::text_of(date::milliseconds(utc)).into()),
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
    Ok(yes_or_no(place, flag))
}

/// The form of true or false in this place.
pub(super) fn yes_or_no(place: Place, flag: bool) -> Value {
    match place {
        Place::Header => if flag { "Yes" } else { "No" }.into(),
        _ => flag.into(),
    }
}

/// Parts of a whole, such as the fibres of a fabric. Their sum is left to the caller: no source states one.
fn composite(value: &Value) -> Result<Value, String> {
    let expected = "a list such as [{\"code\": \"Cotton\", \"value\": 60}]";
    let inner = match value {
        _ if is_empty_text(value) => return Ok(json!([])),
        Value::String(text) => parsed(text).map_or_else(|| refused(expected, value), Ok)?,
        _ => value.clone(),
    };
    let Some(list) = inner.as_array() else { return refused(expected, value) };
    let parts: Option<Vec<_>> = list.iter().map(part).collect();
    parts.map_or_else(|| refused(expected, value), distinct)
}

/// Parts, each with a code of its own.
pub(crate) fn distinct(parts: Vec<Value>) -> Result<Value, String> {
    let mut seen = HashSet::new();
    match parts.iter().find(|part| !seen.insert(part["code"].as_str())) {
        Some(part) => Err(format!("has the part {} twice: add its values", part["code"])),
        None => Ok(parts.into()),
    }
}

/// A part with a code, and with a number, which may be null but has to be there.
fn part(given: &Value) -> Option<Value> {
    let members = given.as_object()?;
    let code = member(members, "code").filter(|code| code.is_string() && !is_empty_text(code))?;
    let value = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("value"))?.1;
    let value = read(FieldType::Decimal, value);
    (value.is_null() || value.is_number()).then(|| json!({"code": code, "value": value}))
}

/// In which form they are written is not known: as they are read.
fn tagged(value: &Value) -> Result<Value, String> {
    let expected = "a list such as [{\"value\": \"Ana Ferreira\", \"code\": \"ana.ferreira\"}]";
    let list = match value {
        _ if is_empty_text(value) => return Ok(json!([])),
        Value::String(text) => parsed(text),
        _ => Some(value.clone()),
    };
    let names_someone = |item: &Value| {
        let text = |members, name| {
            member(members, name).is_some_and(|text| text.is_string() && !is_empty_text(text))
        };
        item.as_object().is_some_and(|members| text(members, "code") || text(members, "value"))
    };
    match list {
        Some(Value::Array(list)) if list.iter().all(names_someone) => Ok(Value::Array(list)),
        _ => refused(expected, value),
    }
}

pub(super) fn color(value: &Value) -> Result<Value, String> {
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
