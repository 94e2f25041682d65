//! Values of fields: what a write makes of them, and what an empty one looks like. A value that the type does
//! not know is blanked and the write still answers 200, as on the service.

use serde_json::{Number, Value, json};
use uuid::Uuid;

use crate::calendar::{parse, stamp, us_long, whole_seconds};
use crate::fields::{DECIMAL_PLACES, Field, Kind, MOST_DIGITS, MOST_TAG_CHARACTERS, MOST_TAGS};
use crate::people::{partner_of, person, user_by_name};

/// Ids that no write changes, whatever their type (the version can be kept on create).
const SYSTEM_IDS: [&str; 3] = ["created_by", "modified_by", "version"];

pub(crate) fn is_writable(field: &Field) -> bool {
    !field.kind.is_read_only() && !SYSTEM_IDS.contains(&field.id)
}

/// What a field holds that was never written.
pub(crate) fn empty(field: &Field) -> Value {
    match field.kind {
        Kind::MultiSelect | Kind::UsersTags | Kind::CompositeControl | Kind::Tags => json!([]),
        Kind::DropDown => json!(""),
        kind if kind.is_label() && kind != Kind::Label3dMaterial => json!(""),
        Kind::TrueFalse if field.id == "active" => json!("Yes"),
        _ => Value::Null,
    }
}

/// What is stored when `sent` is written to `field`.
pub(crate) fn accept(field: &Field, sent: &Value) -> Value {
    if sent.is_null() {
        return match field.kind {
            Kind::TrueFalse => Value::Null,
            _ => empty(field),
        };
    }
    match field.kind {
        Kind::Text | Kind::Memo => match sent {
            Value::String(text) => json!(cut(text, field.kind.most_characters())),
            Value::Number(number) => json!(number.to_string()),
            Value::Bool(flag) => json!(flag.to_string()),
            _ => empty(field),
        },
        Kind::ComboBox => match sent {
            Value::String(_) => sent.clone(),
            Value::Number(number) => json!(number.to_string()),
            Value::Bool(flag) => json!(flag.to_string()),
            _ => empty(field),
        },
        Kind::DropDown | Kind::Radio => match sent.as_str() {
            Some(text) if field.choices.contains(&text) => sent.clone(),
            _ => json!(""),
        },
        Kind::MultiSelect => match sent.as_array() {
            Some(items) => items
                .iter()
                .filter(|item| item.as_str().is_some_and(|text| field.choices.contains(&text)))
                .cloned()
                .collect(),
            None => json!([]),
        },
        Kind::Number => match number(sent) {
            Some(number)
                if number
                    .as_i64()
                    .is_some_and(|whole| whole.unsigned_abs() < 10_u64.pow(MOST_DIGITS as u32)) =>
            {
                Value::Number(number)
            }
            _ => Value::Null,
        },
        Kind::Decimal => number(sent).map_or(Value::Null, fitted),
        Kind::Weight | Kind::Measure | Kind::Currency | Kind::Percent => {
            number(sent).map_or(Value::Null, Value::Number)
        }
        Kind::Date | Kind::DateTime => match sent.as_str().and_then(parse) {
            Some(at) if at % 1000 == 0 => json!(whole_seconds(at)),
            Some(at) => json!(stamp(at)),
            None => Value::Null,
        },
        Kind::TrueFalse | Kind::InvertedTrueFalse => match sent {
            Value::Bool(true) => json!("Yes"),
            Value::Bool(false) => json!("No"),
            Value::String(text) if text.eq_ignore_ascii_case("yes") => json!("Yes"),
            Value::String(text) if text.eq_ignore_ascii_case("no") => json!("No"),
            _ => Value::Null,
        },
        Kind::Users => match sent.as_str().and_then(user_by_name) {
            Some(user) => person(user),
            None => Value::Null,
        },
        // The code, or the name.
        Kind::PartnerDropDown => match sent.as_str().and_then(partner_of) {
            Some(p) => json!({"allowedFor": null, "code": p.id, "text": null, "value": p.name}),
            None => Value::Null,
        },
        Kind::ColorDropDown => match sent.as_str().filter(|text| is_hex(text)) {
            Some(hex) => color(hex),
            None => Value::Null,
        },
        Kind::Tags => {
            let tags = sent.as_array().into_iter().flatten().filter_map(Value::as_str);
            tags.take(MOST_TAGS).map(|tag| json!(cut(tag, MOST_TAG_CHARACTERS))).collect()
        }
        Kind::CompositeControl | Kind::UsersTags => match sent {
            Value::Array(_) => sent.clone(),
            _ => json!([]),
        },
        // Nothing is known about writing these: they are kept as they come.
        _ => sent.clone(),
    }
}

/// A text that is too long loses its end, in UTF-16 units.
fn cut(text: &str, most: usize) -> String {
    let units: Vec<u16> = text.encode_utf16().take(most).collect();
    String::from_utf16_lossy(&units)
}

/// A number with too many digits before its point is no value; those too many behind it are cut.
fn fitted(number: Number) -> Value {
    let text = number.to_string();
    if text.contains(['e', 'E']) {
        return Value::Number(number);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if whole.trim_start_matches('-').len() > MOST_DIGITS {
        return Value::Null;
    }
    if fraction.trim_end_matches('0').len() <= DECIMAL_PLACES {
        return Value::Number(number);
    }
    format!("{whole}.{}", &fraction[..DECIMAL_PLACES]).parse().map_or(Value::Null, Value::Number)
}

/// A number, or digits in a text; the spelling is kept.
pub(crate) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => {
            let text = text.trim();
            match serde_json::from_str(text) {
                Ok(Value::Number(number)) => Some(number),
                _ => None,
            }
        }
        _ => None,
    }
}

pub(crate) fn is_hex(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The object that a ColorDropDown holds.
pub(crate) fn color(hex: &str) -> Value {
    let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2).unwrap_or("00"), 16).unwrap_or(0);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, hex.to_ascii_lowercase().as_bytes());
    json!({"_id": id.to_string(), "hex": hex.to_ascii_lowercase(),
           "rgb_r": part(0), "rgb_g": part(2), "rgb_b": part(4)})
}

/// JSON as text with line breaks of another age, as records of 2021 hold compound values.
pub(crate) fn as_old_text(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.to_string()),
        Value::Array(_) | Value::Object(_) => {
            let text = serde_json::to_string_pretty(&value).unwrap_or_default();
            json!(text.replace('\n', "\r\n"))
        }
        other => other,
    }
}

/// A value in the form of 2021: a text.
pub(crate) fn in_2021(kind: Kind, value: &Value) -> Value {
    match value {
        Value::Bool(flag) => json!(if *flag { "True" } else { "False" }),
        Value::String(text) if kind == Kind::Date => match parse(text) {
            Some(at) => json!(us_long(at, ' ')),
            None => value.clone(),
        },
        _ => as_old_text(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::STYLE_FIELDS;

    fn write(id: &str, sent: Value) -> Value {
        accept(STYLE_FIELDS.iter().find(|field| field.id == id).unwrap(), &sent)
    }

    #[test]
    fn unknown_choices_blank_the_field() {
        assert_eq!(write("season", json!("Fall 2026")), json!("Fall 2026"));
        assert_eq!(write("season", json!("F2026")), json!(""));
        assert_eq!(write("channels", json!("Web")), json!([]));
        assert_eq!(write("channels", json!(["Web", "Moon"])), json!(["Web"]));
        assert_eq!(write("target_quantity", json!("twelve")), Value::Null);
        assert_eq!(write("owner", json!("ana.ferreira"))["name"], json!("Ana Ferreira"));
        assert_eq!(
            write("vendor", json!("Como Seta"))["code"],
            json!("9c5f1f5a-0d35-47e4-8a61-6bb0f5b7a902")
        );
        assert_eq!(write("vendor", json!("Somebody")), Value::Null);
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(write("header_name", json!("é".repeat(251))), json!("é".repeat(250)));
        assert_eq!(write("header_name", json!("👕".repeat(126))), json!("👕".repeat(125)));
        assert_eq!(write("target_quantity", json!(1_234_567_890)), Value::Null);
        assert_eq!(write("target_quantity", json!(i64::MIN)), Value::Null);
        assert_eq!(write("target_price", json!("12.345")).to_string(), "12.34");
        assert_eq!(write("labels", json!(["x".repeat(31)])), json!(["x".repeat(30)]));
    }

    #[test]
    fn all_values_were_texts_in_2021() {
        let old = |kind, value: Value| in_2021(kind, &value);
        assert_eq!(old(Kind::Date, json!("2025-05-20T00:00:00Z")), json!("5/20/2025 12:00:00 AM"));
        assert_eq!(old(Kind::DateTime, json!("2025-05-20T14:02:07Z")), json!("2025-05-20T14:02:07Z"));
        assert_eq!(old(Kind::Number, json!(4)), json!("4"));
        assert_eq!(old(Kind::Label3dMaterial, json!(true)), json!("True"));
        assert_eq!(old(Kind::Tags, json!(["a"])), json!("[\r\n  \"a\"\r\n]"));
        assert_eq!(old(Kind::Users, Value::Null), Value::Null);
    }

    #[test]
    fn decimals_keep_their_spelling() {
        let price: Value = serde_json::from_str("41.750").unwrap();
        assert_eq!(write("target_price", price).to_string(), "41.750");
        assert_eq!(write("launch_date", json!("2026-03-01T02:00:00+02:00")), json!("2026-03-01T00:00:00Z"));
    }
}
