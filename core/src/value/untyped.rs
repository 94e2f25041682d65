//! The form of a value whose type is not known, as no schema was read: it is sent where all types that have such values take it
//! alike, and refused else (docs/service/values.md, Schemas).

use serde_json::{Map, Value};

use super::Place;
use super::date::Written;
use super::read::{is_blank, member};
use super::write::{color, is_empty_text, yes_or_no};

/// A value whose form depends on the type.
#[derive(Debug)]
pub(crate) struct Open {
    /// What it is. Goes behind the name of the field.
    pub(crate) problem: &'static str,
    /// As what all types take it alike.
    pub(crate) instead: &'static str,
}

const OBJECT: Open = Open { problem: "is an object", instead: "as a text, a number or a list of texts" };
const OBJECTS: Open = Open { problem: "is a list of objects", ..OBJECT };
const NO_COLOR: Open =
    Open { problem: "is an object whose hex is no colour of six hex digits such as \"2f4a63\"", ..OBJECT };
/// As a point in time it would be put into UTC, as a day refused, and as a text sent as it is.
const ZONED: Open = Open { problem: "is a time in another zone than UTC", instead: "in UTC" };

/// What is sent for a value of an unknown type.
pub(crate) fn write_untyped(place: Place, value: &Value) -> Result<Value, Open> {
    match value {
        // Only TrueFalse reads as true or false.
        Value::Bool(flag) => Ok(yes_or_no(place, *flag)),
        Value::Object(members) => object(place, members, value),
        Value::Array(list) => list.iter().map(part).collect(),
        _ => no_other_zone(value).map(|()| value.clone()),
    }
}

/// Refuses a time in another zone than UTC, which may stand for a day.
pub(crate) fn no_other_zone(value: &Value) -> Result<(), Open> {
    match value.as_str().and_then(Written::of) {
        Some(written) if written.is_elsewhere() => Err(ZONED),
        _ => Ok(()),
    }
}

fn object(place: Place, members: &Map<String, Value>, value: &Value) -> Result<Value, Open> {
    if is_blank(members) {
        return Ok(Value::Null);
    }
    if member(members, "hex").is_some() {
        return color(value).map_err(|_| NO_COLOR);
    }
    // An empty text would clear the field.
    let filled = |name| member(members, name).filter(|value| !is_empty_text(value));
    if let Some(name @ Value::String(_)) = filled("userName") {
        return Ok(name.clone());
    }
    let is_choice = names_only(members, &["allowedFor", "code", "text", "value", "id", "active"]);
    let (code, text) = (filled("code"), filled("value"));
    match (code, text) {
        // The code of a partner is its id.
        (Some(Value::String(code)), _) if is_choice && uuid::Uuid::try_parse(code.trim()).is_ok() => {
            Ok(code.trim().into())
        }
        // A choice is written as its text; so is the name of a partner on a header.
        (code, Some(text @ (Value::String(_) | Value::Number(_))))
            if is_choice && (code.is_some() || place == Place::Header) =>
        {
            Ok(text.clone())
        }
        _ => Err(OBJECT),
    }
}

/// A text, a number, or `{code, value}` of any letter case.
fn part(item: &Value) -> Result<Value, Open> {
    match item {
        Value::Object(members) if names_only(members, &["code", "value"]) && !members.is_empty() => {
            Ok(members.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect())
        }
        Value::Object(_) | Value::Array(_) => Err(OBJECTS),
        _ => Ok(item.clone()),
    }
}

fn names_only(members: &Map<String, Value>, known: &[&str]) -> bool {
    members.keys().all(|name| known.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CODE: &str = "487ec841-2d82-50fc-a9de-a85889ac91cf";

    #[test]
    fn what_all_types_take_alike_is_sent() {
        for (place, value, sent) in [
            (Place::Header, json!(true), json!("Yes")),
            (Place::DataTable, json!(true), json!(true)),
            (Place::Header, json!("2026-03-01T00:00:00Z"), json!("2026-03-01T00:00:00Z")),
            (Place::Header, json!(12.5), json!(12.5)),
            (Place::Header, json!(null), json!(null)),
            (Place::Header, json!(["Shop", "Web"]), json!(["Shop", "Web"])),
            (
                Place::Header,
                json!([{"code": "Cotton", "value": 60}]),
                json!([{"code": "Cotton", "value": 60}]),
            ),
            (
                Place::DataTable,
                json!([{"Code": "Cotton", "VALUE": 60}]),
                json!([{"code": "Cotton", "value": 60}]),
            ),
            (
                Place::Header,
                json!({"allowedFor": null, "code": CODE, "text": null, "value": "Mill"}),
                json!(CODE),
            ),
            (Place::DataTable, json!({"Code": CODE, "Value": "Mill"}), json!(CODE)),
            (Place::Header, json!({"value": "Mill"}), json!("Mill")),
            (Place::DataTable, json!({"text": "F", "value": "Fall", "code": "F1"}), json!("Fall")),
            (Place::Header, json!({"_id": "c", "HEX": "#2F4A63", "rgb_r": 47}), json!("2f4a63")),
            (Place::DataTable, json!({"id": "u-1", "UserName": "ana", "name": "Ana"}), json!("ana")),
            (Place::Header, json!({"id": null, "name": null}), json!(null)),
        ] {
            assert_eq!(write_untyped(place, &value).unwrap(), sent, "{place:?} {value}");
        }
    }

    #[test]
    fn what_depends_on_the_type_is_refused() {
        for (place, value) in [
            (Place::DataTable, json!({"value": "Mill"})),
            (Place::DataTable, json!({"Value": "Mill"})),
            (Place::Header, json!({"id": "u-1", "name": "Ana"})),
            (Place::Header, json!({"Id": "x", "color_number": "1"})),
            (Place::Header, json!({"label": "Mill"})),
            (Place::Header, json!({"code": "F1", "value": ""})),
            (Place::Header, json!({"code": "", "value": " ", "id": "x"})),
            (Place::Header, json!({"id": "u-1", "userName": "", "name": "Ana"})),
            (Place::Header, json!({})),
            (Place::Header, json!({"hex": "red"})),
            (Place::DataTable, json!([{"label": "a"}])),
            (Place::DataTable, json!([["a"]])),
            (Place::Header, json!("2026-03-01T00:00:00+02:00")),
            (Place::DataTable, json!("2026-03-01T00:00:00.5-05:00")),
        ] {
            assert!(write_untyped(place, &value).is_err(), "{place:?} {value}");
        }
    }
}
