//! Reading what the service answers, in all the forms that have been seen (docs/service.md, Answers).

use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::RateFigures;
use crate::catalog::{AnswerKind, Operation};
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};

/// The members of an answer that tell its form. Everything else in it is kept in the raw text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "Error")]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "Message")]
    message: Option<&'a RawValue>,
}

/// A member that is there, also when it is null.
fn present<'de, D: serde::Deserializer<'de>>(
    input: D,
) -> std::result::Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(input).map(Some)
}

fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    if first_letter(body) == Some(b'{') { serde_json::from_slice(body).ok() } else { None }
}

fn first_letter(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|letter| !letter.is_ascii_whitespace())
}

/// A page of a list.
#[derive(Debug, Clone)]
pub(crate) struct List {
    /// A JSON array.
    pub(crate) rows: Bytes,
    pub(crate) total: Option<u64>,
}

/// Whether the body is JSON text.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// A `{error: true, message}` in a 2xx is a failure that the status hides.
pub(crate) fn hidden_failure(body: &[u8]) -> Option<String> {
    let envelope = envelope(body)?;
    (envelope.error?.get() == "true").then(|| {
        envelope
            .message
            .and_then(|message| serde_json::from_str::<Value>(message.get()).ok())
            .and_then(|message| message.as_str().map(str::to_owned))
            .unwrap_or_else(|| "the service reported an error without a message".into())
    })
}

/// The answer in the form that the operation promises.
pub(crate) fn read(operation: &Operation, body: &Bytes) -> Result<Bytes> {
    match operation.answer {
        AnswerKind::List => read_list(body).map(|list| list.rows),
        AnswerKind::Message => Ok(read_message(body)),
        AnswerKind::Object if first_letter(body) == Some(b'{') && is_json(body) => Ok(body.clone()),
        // The write was done, whatever the service says about it: what came stands in the raw answer.
        AnswerKind::Object if !operation.is_read() => Ok(Bytes::from_static(b"{}")),
        AnswerKind::Object => Err(Error::new(ErrorKind::Decode, "the answer holds no record")
            .with_outcome(Outcome::Refused)
            .with_failure(Failure::Final)),
        AnswerKind::Any if body.is_empty() => Ok(Bytes::from_static(b"null")),
        AnswerKind::Any if is_json(body) => Ok(body.clone()),
        AnswerKind::Any => Ok(Value::String(String::from_utf8_lossy(body).into_owned()).to_string().into()),
    }
}

/// A list: `result`, else the array itself, else `data` beside a text `kind`.
pub(crate) fn read_list(body: &Bytes) -> Result<List> {
    let none = || Bytes::from_static(b"[]");
    match first_letter(body) {
        Some(b'[') => return Ok(List { rows: body.clone(), total: None }),
        Some(b'n') | None => return Ok(List { rows: none(), total: None }),
        Some(_) => {}
    }
    let unreadable = |text: &str| {
        Error::new(ErrorKind::Decode, text).with_outcome(Outcome::Refused).with_failure(Failure::Final)
    };
    let envelope = envelope(body).ok_or_else(|| unreadable("the answer is no list"))?;
    let total = envelope.total.and_then(|total| total.get().parse().ok());
    let rows = match (envelope.result, envelope.kind, envelope.data) {
        (Some(rows), _, _) => Some(rows),
        (None, Some(kind), data) if kind.get().starts_with('"') => data,
        _ => return Err(unreadable("the answer is no list: it has neither result nor kind and data")),
    };
    match rows {
        Some(rows) if rows.get().starts_with('[') => {
            Ok(List { rows: body.slice_ref(rows.get().as_bytes()), total })
        }
        Some(rows) if rows.get() != "null" => Err(unreadable("the answer's result is no list")),
        _ => Ok(List { rows: none(), total }),
    }
}

fn read_message(body: &Bytes) -> Bytes {
    let message = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(members)) => members.get("message").cloned().unwrap_or_default(),
        Ok(Value::String(text)) => text.into(),
        Ok(_) => Value::Null,
        Err(_) if body.is_empty() => Value::Null,
        Err(_) => String::from_utf8_lossy(body).into_owned().into(),
    };
    serde_json::json!({ "message": message }).to_string().into()
}

/// What the service says went wrong, from any of the forms that error bodies have.
pub(crate) fn error_text(body: &[u8]) -> Option<String> {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(members)) => {
            let member = |name: &str| {
                let any_case =
                    || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
                members.get(name).or_else(any_case)
            };
            let text = ["message", "error_description", "error", "title", "detail"]
                .iter()
                .find_map(|name| member(name).and_then(Value::as_str));
            match (text, member("errors")) {
                (Some(text), Some(errors)) => format!("{text} {errors}"),
                (Some(text), None) => text.to_owned(),
                (None, Some(errors)) => errors.to_string(),
                (None, None) => return None,
            }
        }
        Ok(Value::String(text)) => text,
        Ok(_) => return None,
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
            if line.starts_with('<') {
                return None;
            }
            line.to_owned()
        }
    };
    let mut text = text.trim().to_owned();
    if let Some((cut, _)) = text.char_indices().nth(300) {
        text.truncate(cut);
    }
    (!text.is_empty()).then_some(text)
}

/// A body without the byte order mark that it may begin with.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// What an OAuth error in a body says.
pub(crate) fn said(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(without_mark(body)).unwrap_or_default();
    match (body["error"].as_str(), body["error_description"].as_str()) {
        (Some(code), Some(description)) => format!(", {code} ({description})"),
        (Some(code), None) => format!(", {code}"),
        _ => String::new(),
    }
}

/// `X-RateLimit-*`, when any of them came.
pub(crate) fn rate_figures(headers: &HeaderMap) -> Option<RateFigures> {
    let figure = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    let figures = RateFigures {
        limit: figure("x-ratelimit-limit"),
        remaining: figure("x-ratelimit-remaining"),
        reset: figure("x-ratelimit-reset"),
    };
    (figures != RateFigures::default()).then_some(figures)
}

/// What an answer says about the limits of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateNews {
    pub(crate) figures: Option<RateFigures>,
    /// When it said so, Unix seconds of its own clock.
    pub(crate) time: u64,
    /// Of a 429.
    pub(crate) refusal: Option<Refusal>,
}

/// What a 429 says about the limit that it is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) limit: Option<u64>,
    pub(crate) window: Option<Duration>,
    pub(crate) wait: Option<Duration>,
}

/// `1 minute`, `hour`, `60 seconds`. Nothing of a day or more, which is the ledger's business.
pub(crate) fn window(text: &str) -> Option<Duration> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let number: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
    let unit = match unit.trim() {
        unit if unit.starts_with("sec") || unit == "s" => 1,
        unit if unit.starts_with("min") || unit == "m" => 60,
        unit if unit.starts_with("hour") || unit == "h" => 3600,
        _ => return None,
    };
    let seconds = number.checked_mul(unit).filter(|seconds| (1..24 * 3600).contains(seconds))?;
    Some(Duration::from_secs(seconds))
}

/// A member of this name, wherever in the value it stands.
pub(crate) fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            members.get(name).or_else(|| members.values().find_map(|value| find(value, name)))
        }
        Value::Array(items) => items.iter().find_map(|value| find(value, name)),
        _ => None,
    }
}

/// The service's id of the request, under any of the usual names.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-correlation-id", "traceparent"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(body: &'static str) -> (String, Option<u64>) {
        let list = read_list(&Bytes::from_static(body.as_bytes())).unwrap();
        (String::from_utf8(list.rows.to_vec()).unwrap(), list.total)
    }

    #[test]
    fn lists_in_every_form() {
        assert_eq!(list(r#"{"result": [1, 2], "total": 9}"#), ("[1, 2]".into(), Some(9)));
        assert_eq!(list(r#"{"result": null, "total": 0}"#), ("[]".into(), Some(0)));
        assert_eq!(list(" [1]"), (" [1]".into(), None));
        assert_eq!(list("null"), ("[]".into(), None));
        assert_eq!(list(""), ("[]".into(), None));
        assert_eq!(list(r#"{"kind": "style", "data": [3], "state": "echo"}"#), ("[3]".into(), None));
        // An application page has `data` too: without `kind` it is no list.
        assert!(read_list(&Bytes::from_static(br#"{"data": [1]}"#)).is_err());
    }

    #[test]
    fn hidden_failures_and_error_texts() {
        assert_eq!(hidden_failure(br#"{"error": true, "message": "gone"}"#), Some("gone".into()));
        assert_eq!(hidden_failure(br#"{"error": false, "message": "done"}"#), None);
        assert_eq!(hidden_failure(br#"{"Error": true, "Message": "gone"}"#), Some("gone".into()));
        assert_eq!(hidden_failure(br#"{"error": "text"}"#), None);
        assert_eq!(error_text(b"Style not found"), Some("Style not found".into()));
        assert_eq!(error_text(b"<html><body>502</body></html>"), None);
        assert_eq!(
            error_text(br#"{"title": "Bad", "errors": {"folderId": ["no"]}}"#),
            Some(r#"Bad {"folderId":["no"]}"#.into())
        );
    }

    #[test]
    fn windows() {
        for (text, seconds) in
            [("1 minute", 60), ("minute", 60), ("60 seconds", 60), ("1 hour", 3600), ("15m", 900)]
        {
            assert_eq!(window(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "1 day", "24 hours", "60", "0 minutes", "99999999999999999999 hours"] {
            assert_eq!(window(text), None, "{text}");
        }
    }

    #[test]
    fn messages() {
        for (body, message) in [
            ("", r#"{"message":null}"#),
            ("done", r#"{"message":"done"}"#),
            (r#"{"error":false,"message":"ok"}"#, r#"{"message":"ok"}"#),
        ] {
            assert_eq!(read_message(&Bytes::from_static(body.as_bytes())), message);
        }
    }
}
