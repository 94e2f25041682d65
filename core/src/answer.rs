//! Reading what the service answers, in all the forms that have been seen (docs/service.md, Answers).

use ::http::HeaderMap;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

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
