//! Texts and numbers as they go over the wire.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Number, Value};

use super::shown::{shown, shown_text};
use crate::error::{Error, Result};

/// Everything but RFC 3986's unreserved characters is encoded, in paths and in queries alike.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One path segment or query value.
pub(crate) fn percent(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// An id as a path segment or a query value.
pub(crate) fn id<'a>(name: &str, value: &'a Value) -> Result<&'a str> {
    const LIKE: &str = "is not an id; an id looks like 782f6624-fe0b-5a1a-a4cb-e7996e673e1c";
    segment(name, value).map_err(|error| match value.is_string() {
        true => Error::config(format!("{} {LIKE}", error.message())),
        false => error,
    })
}

/// A text as a path segment.
///
/// One with a separator could turn one address into another: `Header/Delete/…` is a GET.
pub(crate) fn segment<'a>(name: &str, value: &'a Value) -> Result<&'a str> {
    let text = value
        .as_str()
        .ok_or_else(|| Error::config(format!("{name} has to be a text, not {}", shown(value))))?;
    let problem = if text.trim().is_empty() {
        "is empty"
    } else if text.contains(['/', '\\', '?', '#', '%']) {
        "contains one of / \\ ? # %"
    } else if text.contains("..") || text == "." {
        "contains a relative path"
    } else if text.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
        "contains a blank or a control character"
    } else {
        return Ok(text);
    };
    Err(Error::config(format!("{name} {problem}: {:?}", shown_text(text))))
}

/// Query parameters, encoded, in the order given.
pub(crate) fn query(pairs: &[(String, String)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// The value with every number in one spelling, so that all languages send the same bytes: integral numbers without a
/// fraction, others with the digits that were given.
pub(crate) fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(canonical_number(number)),
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), canonical(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn canonical_number(number: &Number) -> Number {
    let text = number.to_string();
    let plain = match text.split_once(['e', 'E']) {
        None => text.clone(),
        Some((digits, exponent)) => expand(digits, exponent).unwrap_or_else(|| text.clone()),
    };
    let trimmed = match plain.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => plain,
    };
    let spelled = if trimmed == "-0" { "0" } else { &trimmed };
    spelled.parse().unwrap_or_else(|_| number.clone())
}

/// `1.5`, `3` -> `1500`. None when the result would be unreasonably long.
fn expand(digits: &str, exponent: &str) -> Option<String> {
    let exponent: i32 = exponent.parse().ok().filter(|exponent: &i32| exponent.abs() <= 40)?;
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let spelled = if point <= 0 {
        format!("0.{}{all}", "0".repeat(point.unsigned_abs() as usize))
    } else if point as usize >= all.len() {
        format!("{all}{}", "0".repeat(point as usize - all.len()))
    } else {
        format!("{}.{}", &all[..point as usize], &all[point as usize..])
    };
    let (whole, fraction) = spelled.split_once('.').unwrap_or((&spelled, ""));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_have_one_spelling() {
        for (given, sent) in [
            ("10.0", "10"),
            ("41.750", "41.75"),
            ("-0.0", "0"),
            ("1.5e3", "1500"),
            ("1E-2", "0.01"),
            ("1e21", "1000000000000000000000"),
            ("0.1", "0.1"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
            ("1e300", "1e300"),
        ] {
            let value: Value = serde_json::from_str(given).unwrap();
            let spelled = canonical(&value).to_string().to_lowercase().replace('+', "");
            assert_eq!(spelled, sent, "{given}");
        }
    }

    #[test]
    fn ids_cannot_reach_another_address() {
        for bad in ["", " ", "../x", "Delete/1", "a?b", "a#b", "a%2Fb", "a\\b", "a b", "..", "."] {
            assert!(id("header_id", &json!(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(id("header_id", &json!("joe+x@example.com")).unwrap(), "joe+x@example.com");
        assert_eq!(percent("joe+x@example.com #1"), "joe%2Bx%40example.com%20%231");
    }
}
