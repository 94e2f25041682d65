//! Times of the other languages that know their zone. Which form such a time has depends on what it is for: a point in time is
//! sent in UTC, and of a field that is a day it is not known which day it means, as it may be another one in UTC.
//!
//! A binding writes `{"\u{0}zoned": "2026-05-01T00:00:00+02:00"}` for one that is not in UTC, and the same without a zone for one
//! that has none, and a day without a time; no JSON of a person has that name.

use jiff::civil::Time;
use serde_json::{Map, Value};

use crate::catalog::{Handler, Kind, Operation, Parameter};
use crate::error::{Error, Result};
use crate::value::{Written, milliseconds, text_of};

const NAME: &str = "\0zoned";

/// How JSON begins to write the name.
const MARK: &str = r#""\u0000zoned"#;

/// What becomes of the times in an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// They are points in time.
    Utc,
    /// They keep their zone: the types of the fields are looked at later.
    Kept,
    /// The same, and what has no zone has that of the rows.
    OfRows,
    /// They may stand for days, and nothing tells.
    Refused,
}

/// Whether JSON has such times.
pub(super) fn are_in(json: &str) -> bool {
    json.contains(MARK)
}

/// Puts the times among the members of an object that is no argument into UTC.
pub(super) fn to_utc(members: &mut Map<String, Value>) -> Result<()> {
    members.iter_mut().try_for_each(|(name, value)| put(name, value, Form::Utc))
}

/// Puts the times among the arguments of an operation into their form.
pub(super) fn of_arguments(operation: &Operation, arguments: &mut Map<String, Value>) -> Result<()> {
    arguments.iter_mut().try_for_each(|(name, value)| {
        match operation.parameters.iter().find(|parameter| parameter.name == name) {
            Some(parameter) if matches!(parameter.kind, Kind::Filters | Kind::ColorwayFilters) => {
                of_filters(name, value, parameter.standard)
            }
            Some(parameter) => put(name, value, form(operation, parameter)),
            None => put(name, value, Form::Utc),
        }
    })
}

/// Standard fields of a filter are points in time. Others may be days.
fn of_filters(name: &str, filters: &mut Value, standard: &[&str]) -> Result<()> {
    let form = |field: &str| if standard.contains(&field) { Form::Utc } else { Form::Refused };
    match filters {
        Value::Array(conditions) => conditions.iter_mut().enumerate().try_for_each(|(index, condition)| {
            let form = form(condition["field"].as_str().unwrap_or_default());
            put(&format!("{name}[{index}]"), condition, form)
        }),
        Value::Object(conditions) => conditions
            .iter_mut()
            .try_for_each(|(field, condition)| put(&format!("{name}.{field}"), condition, form(field))),
        _ => Ok(()),
    }
}

fn form(operation: &Operation, parameter: &Parameter) -> Form {
    match parameter.kind {
        Kind::Fields | Kind::Colorways | Kind::TableRows => Form::Kept,
        Kind::Records if parameter.has_checked_values() => Form::Kept,
        Kind::Json if operation.handler == Handler::PreviewChanges => Form::OfRows,
        Kind::Records if operation.handler == Handler::PreviewChanges => Form::Kept,
        Kind::Records => Form::Refused,
        _ => Form::Utc,
    }
}

fn put(place: &str, value: &mut Value, form: Form) -> Result<()> {
    match value {
        Value::Object(members) => match members.get(NAME) {
            None => {
                members.iter_mut().try_for_each(|(name, value)| put(&format!("{place}.{name}"), value, form))
            }
            Some(time) => {
                let time = time.as_str().unwrap_or_default().to_owned();
                *value = written(place, time, form)?.into();
                Ok(())
            }
        },
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, item)| put(&format!("{place}[{index}]"), item, form)),
        _ => Ok(()),
    }
}

fn written(place: &str, time: String, form: Form) -> Result<String> {
    let written = Written::of(&time);
    let is_elsewhere = written.is_some_and(Written::is_elsewhere);
    match (written, form) {
        (Some(Written::Local(_) | Written::Day(_)), Form::OfRows) => Ok(time),
        (Some(Written::Day(day)), _) => Ok(text_of(day.to_datetime(Time::midnight()))),
        (Some(Written::Local(_)), _) => {
            Err(Error::config(format!("{place} is a time without a zone, {time}: give it one")))
        }
        (Some(Written::Instant { .. }), Form::Kept | Form::OfRows) if is_elsewhere => Ok(time),
        (Some(Written::Instant { utc, .. }), Form::Refused) if is_elsewhere => Err(Error::config(format!(
            "{place} is {time}, and whether it stands for a day, and for which, is not known here: give the time in UTC, {}, or \
             the day as a text such as \"2026-03-01\"",
            text_of(milliseconds(utc))
        ))),
        (Some(Written::Instant { utc, .. }), _) => Ok(text_of(milliseconds(utc))),
        _ => Err(Error::config(format!("{place} is no time: {time:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prepared(operation: &str, arguments: Value) -> Result<Value> {
        let Value::Object(mut arguments) = arguments else { unreachable!() };
        of_arguments(Operation::find(operation).unwrap(), &mut arguments).map(|()| arguments.into())
    }

    fn zoned(time: &str) -> Value {
        let time = json!({ NAME: time });
        assert!(are_in(&time.to_string()));
        time
    }

    #[test]
    fn a_time_has_the_form_of_what_it_is_for() {
        let time = "2026-05-01T00:00:00+02:00";
        let utc = "2026-04-30T22:00:00Z";
        for (operation, arguments, sent) in [
            (
                "raw.post",
                json!({"path": "Echo", "body": [zoned(time)]}),
                json!({"path": "Echo", "body": [utc]}),
            ),
            (
                "style.list",
                json!({"filters": {"ModifiedAt": {"Gt": zoned(time)}}}),
                json!({"filters": {"ModifiedAt": {"Gt": utc}}}),
            ),
            ("style.update", json!({"fields": {"due": zoned(time)}}), json!({"fields": {"due": time}})),
            (
                "style.update",
                json!({"colorways": [{"fields": {"due": zoned(time)}}]}),
                json!({"colorways": [{"fields": {"due": time}}]}),
            ),
            (
                "changes.preview",
                json!({"rows": [{"due": zoned(time)}], "edits": [{"fields": {"due": zoned(time)}}]}),
                json!({"rows": [{"due": time}], "edits": [{"fields": {"due": time}}]}),
            ),
            (
                "tracking.style_timeline_update",
                json!({"timelines": [{"timelines": [{"rev": {"value": zoned(time)}}]}]}),
                json!({"timelines": [{"timelines": [{"rev": {"value": time}}]}]}),
            ),
            ("style.update", json!({"fields": {"due": zoned(utc)}}), json!({"fields": {"due": utc}})),
            (
                "style.update",
                json!({"fields": {"due": zoned("2026-05-01T00:00:00.1239+00:00")}}),
                json!({"fields": {"due": "2026-05-01T00:00:00.123Z"}}),
            ),
            (
                "changes.preview",
                json!({"rows": [{"due": zoned("2026-05-01T00:00:00")}]}),
                json!({"rows": [{"due": "2026-05-01T00:00:00"}]}),
            ),
            (
                "changes.preview",
                json!({"rows": [{"due": zoned("2026-05-01")}], "edits": [{"fields": {"due": zoned("2026-05-01")}}]}),
                json!({"rows": [{"due": "2026-05-01"}], "edits": [{"fields": {"due": "2026-05-01T00:00:00Z"}}]}),
            ),
            // Zones of old have seconds.
            (
                "raw.post",
                json!({"body": zoned("1880-01-01T00:00:00-00:01:15")}),
                json!({"body": "1880-01-01T00:01:15Z"}),
            ),
        ] {
            assert_eq!(prepared(operation, arguments).unwrap(), sent, "{operation}");
        }
    }

    #[test]
    fn a_time_that_may_stand_for_a_day_is_refused_where_no_type_is_known() {
        let rows = |time: &str| json!({"rows": [{"materialUpdate": {"rowFields": [{"id": "due", "value": zoned(time)}]}}]});
        let error = prepared("style.app_bom_update", rows("2026-05-01T00:00:00+02:00")).unwrap_err();
        assert_eq!(
            error.message(),
            "rows[0].materialUpdate.rowFields[0].value is 2026-05-01T00:00:00+02:00, and whether it stands for a day, and \
             for which, is not known here: give the time in UTC, 2026-04-30T22:00:00Z, or the day as a text such as \
             \"2026-03-01\""
        );
        assert!(prepared("style.app_bom_update", rows("2026-05-01T00:00:00Z")).is_ok());
        let condition =
            json!({"field": "due", "operator": "Eq", "value": zoned("2026-05-01T00:00:00+02:00")});
        for (filters, place) in [
            (
                json!([{"field": "ModifiedAt", "value": zoned("2026-05-01T00:00:00+02:00")}, condition]),
                "filters[1].value",
            ),
            (json!({"due": {"Gt": zoned("2026-05-01T00:00:00+02:00")}}), "filters.due.Gt"),
        ] {
            let error = prepared("style.list", json!({"filters": filters})).unwrap_err();
            assert!(error.message().starts_with(&format!("{place} is 2026-05-01T00:00:00+02:00")), "{error}");
        }
        for (time, says) in [
            (json!(7), "body is no time: \"\""),
            (json!("soon"), "body is no time: \"soon\""),
            (json!("9999-12-31T23:00:00-05:00"), "body is no time: \"9999-12-31T23:00:00-05:00\""),
            (json!("2026-05-01T00:00:00"), "body is a time without a zone, 2026-05-01T00:00:00: give it one"),
        ] {
            let error = prepared("raw.post", json!({"body": {NAME: time}})).unwrap_err();
            assert_eq!(error.message(), says);
        }
    }
}
