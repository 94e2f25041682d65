//! A cell of a table as a value.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde_json::Value;

use crate::error::{Error, Result};

/// The value of a cell. A list or an object in JSON is one; what a spreadsheet has spoiled is refused.
pub(super) fn value(place: &str, column: &str, text: String) -> Result<Value> {
    let wrong = |what: &str| Err(Error::config(format!("{place}, column {column}: {text:?} {what}")));
    let trimmed = text.trim();
    if trimmed.starts_with('=') {
        return wrong("is a formula: save the file with its values");
    }
    if is_cut(trimmed) {
        return wrong("is a number that a spreadsheet has cut: format the column as text, and fill it again");
    }
    if is_error(trimmed) {
        return wrong(
            "is an error of a spreadsheet, or a cell that was too narrow: mend it, and save the file again",
        );
    }
    // What is no JSON is a text that begins so, `[TBD] wash cold`. A field that takes a list refuses it.
    let json = trimmed.starts_with(['[', '{']).then(|| serde_json::from_str(trimmed).ok()).flatten();
    Ok(json.unwrap_or_else(|| text.into()))
}

fn is_error(text: &str) -> bool {
    const ERRORS: [&str; 9] =
        ["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"];
    ERRORS.contains(&text) || text.len() > 1 && text.bytes().all(|byte| byte == b'#')
}

/// `4.00123E+12`, as spreadsheets write long numbers.
fn is_cut(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    whole.len() == 1 && digits(whole) && digits(fraction) && digits(exponent.trim_start_matches(['+', '-']))
}

/// A time as one of this zone, unless it says its own.
pub(crate) fn in_zone(zone: Option<&TimeZone>, value: &Value) -> Value {
    let (Some(zone), Some(text)) = (zone, value.as_str()) else { return value.clone() };
    let text = text.trim();
    // Short spellings are no times.
    let local = (text.as_bytes().get(4) == Some(&b'-')).then(|| text.parse::<DateTime>().ok()).flatten();
    let has_zone = text.parse::<jiff::Timestamp>().is_ok();
    // An hour that the clocks leave out is no time, and one that they have twice may be either.
    let instant = |local: DateTime| {
        let instant = zone.to_ambiguous_timestamp(local);
        let is_one = matches!(instant.offset(), AmbiguousOffset::Unambiguous { .. });
        instant.compatible().ok().filter(|_| is_one)
    };
    match local.filter(|_| !has_zone).and_then(instant) {
        Some(instant) => instant.to_string().into(),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_a_zone_are_of_the_zone() {
        let zone = TimeZone::get("Europe/Lisbon").unwrap();
        for (text, expected) in [
            ("2026-07-01 08:30", "2026-07-01T07:30:00Z"),
            ("2026-01-01T08:30:00", "2026-01-01T08:30:00Z"),
            ("2026-07-01T08:30:00Z", "2026-07-01T08:30:00Z"),
            ("2026-07-01T08:30:00+02:00", "2026-07-01T08:30:00+02:00"),
            ("2026-07-01", "2026-06-30T23:00:00Z"),
            ("2026-03-29 01:30", "2026-03-29 01:30"),
            ("2026-10-25 01:30", "2026-10-25 01:30"),
            ("Fall 2026 and more", "Fall 2026 and more"),
        ] {
            assert_eq!(in_zone(Some(&zone), &text.into()), expected, "{text}");
        }
    }

    #[test]
    fn what_looks_like_json_and_errors() {
        let value = |text: &str| value("s.csv:2", "note", text.to_owned());
        assert_eq!(value("[\"A\", \"B\"]").unwrap(), serde_json::json!(["A", "B"]));
        assert_eq!(value("[TBD] wash cold").unwrap(), "[TBD] wash cold");
        assert_eq!(value("# 1").unwrap(), "# 1");
        for text in ["#REF!", "#N/A", "########"] {
            let error = value(text).unwrap_err();
            assert!(error.message().contains("is an error of a spreadsheet"), "{error}");
        }
    }

    #[test]
    fn numbers_that_were_cut() {
        for text in ["4.00123E+12", "4E12", "-1,5e-7"] {
            assert!(is_cut(text), "{text}");
        }
        for text in ["40E12", "E12", "1e", "12.5", "3E2B", "1.2.3e5"] {
            assert!(!is_cut(text), "{text}");
        }
    }
}
