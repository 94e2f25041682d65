//! Reading what the service answers, in all the forms that have been seen (docs/service.md, Answers).

pub(crate) mod list;

use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use self::list::List;
use crate::catalog::{AnswerKind, Operation};
use crate::error::{Error, ErrorKind, Failure, Outcome, Result};
use crate::history::{Meta, RateFigures};

/// The answer to a call.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The record, the list of records, or null, as JSON text.
    pub body: Bytes,
    /// The body as it came from the service.
    pub raw: Bytes,
    /// How it came about.
    pub meta: Meta,
}

/// The members of an answer that say whether it is a failure.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, alias = "Error")]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "Message")]
    message: Option<&'a RawValue>,
}

fn envelope(body: &[u8]) -> Option<Envelope<'_>> {
    if first_letter(body) == Some(b'{') { serde_json::from_slice(body).ok() } else { None }
}

fn first_letter(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|letter| !letter.is_ascii_whitespace())
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
        AnswerKind::List => List::read(body, "").map(|list| list.array(body)),
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
