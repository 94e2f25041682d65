//! Reading what the service answers, in all the forms that have been seen (docs/service/answers.md, Answers).

mod fields;
pub(crate) mod list;
mod members;
mod text;

use ::http::HeaderMap;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::catalog::{AnswerKind, Effect, Operation};
use crate::error::{Error, Failure, Result};
use crate::own::{ErrorKind, Meta, Outcome};

pub(crate) use self::fields::{field_id, fields};
use self::list::List;
pub(crate) use self::members::Members;
pub(crate) use self::text::{Said, form, is_json, is_page, page, said, text_of};

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

/// The body as a value; null where it is not JSON, or nested too deeply.
pub(crate) fn value(body: &[u8]) -> Value {
    serde_json::from_slice(text_of(body)).unwrap_or_default()
}

/// What a 2xx says apart from its record or rows.
pub(crate) struct Success {
    /// A `{error: true, message}` is a failure that the status hides. Neither a second `error`, nor text that is no JSON
    /// further on, takes it back.
    pub(crate) failure: Option<Said>,
    /// Whether it is JSON, be its bytes UTF-8 or not.
    pub(crate) is_json: bool,
}

impl Success {
    /// Reads the body once, which may be long.
    pub(crate) fn of(body: &[u8]) -> Self {
        let text = text_of(body);
        let lossy = String::from_utf8_lossy(if text.first() == Some(&b'{') { text } else { b"" });
        let Some(members) = Members::of(&lossy) else {
            return Self { failure: None, is_json: is_json(text) };
        };
        let failure = members.any_true("error").then(|| {
            members.text("message").map_or_else(
                || Said { text: "the service reported an error without a message".into(), alone: false },
                |text| Said { text, alone: true },
            )
        });
        Self { failure, is_json: members.whole }
    }
}

/// The answer in the form that the operation promises.
pub(crate) fn read(operation: &Operation, body: &Bytes) -> Result<Bytes> {
    let text = text_of(body);
    let is_text = || std::str::from_utf8(text).is_ok();
    match operation.answer {
        AnswerKind::List => match List::read(body, "").map(|list| list.array(body)) {
            // A schema may be an object (docs/service/values.md, Schemas).
            Err(error) if operation.lists_fields() => fields(body).map_or(Err(error), |fields| {
                Ok(Value::from_iter(fields.into_iter().map(Value::Object)).to_string().into())
            }),
            // The write was done, whatever the service says about it.
            Err(error) if !operation.is_read() => Err(error.with_outcome(Outcome::Applied)),
            list => list,
        },
        AnswerKind::Message => Ok(read_message(text)),
        AnswerKind::Object => {
            let record = text.first() == Some(&b'{') && is_json(text) && is_text();
            match operation.effect {
                Effect::Create if !record || id_of(operation, text).is_none() => {
                    Err(unnamed(operation, text))
                }
                _ if record => Ok(body.slice_ref(text)),
                Effect::Read => Err(no_record(text, is_text())),
                // The write was done, whatever the service says about it: what came is in the raw answer.
                _ => Ok(Bytes::from_static(b"{}")),
            }
        }
        // The file is the body as it came.
        AnswerKind::File => Ok(Bytes::from_static(b"null")),
        AnswerKind::Any if text.is_empty() => Ok(Bytes::from_static(b"null")),
        AnswerKind::Any if is_json(text) && is_text() => Ok(body.slice_ref(text)),
        AnswerKind::Any => Ok(Value::String(String::from_utf8_lossy(text).into_owned()).to_string().into()),
    }
}

/// The id that a record says it has, as far as the record can be read.
fn id_of(operation: &Operation, text: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(text);
    Members::of(&text)?.value(operation.identity).filter(|id| match id {
        Value::String(id) => !id.trim().is_empty(),
        id => id.is_number(),
    })
}

/// A create that was done and whose answer is no record with an id: the caller gets an error and not a record without one.
fn unnamed(operation: &Operation, text: &[u8]) -> Error {
    let record = operation.noun;
    let done = |text: String| Error::new(ErrorKind::Decode, text).with_outcome(Outcome::Applied);
    if let Some(id) = id_of(operation, text) {
        let text = format!(
            "the {record} was created, but the answer cannot be read to its end: get it by the id in the details"
        );
        return done(text).with_details(json!({ "id": id }));
    }
    let what = match form(text).as_str() {
        "empty" => "empty, or was cut off".to_owned(),
        "an object" => "an object without an id".to_owned(),
        form => form.to_owned(),
    };
    done(format!(
        "the {record} was created, but the answer does not name it: it is {what}. Look it up before you create it again"
    ))
}

fn no_record(text: &[u8], is_text: bool) -> Error {
    let what = if is_text { form(text) } else { "not in UTF-8".into() };
    Error::new(ErrorKind::Decode, format!("the answer holds no record: it is {what}"))
        .with_outcome(Outcome::Refused)
        .with_failure(Failure::Final)
}

fn read_message(text: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(text);
    let message = match (Members::of(&text), serde_json::from_str::<Value>(&text)) {
        // One that was cut off may have lost its message.
        (Some(members), _) if members.whole || !members.is_empty() => {
            members.value("message").unwrap_or_default()
        }
        (_, Ok(Value::String(text))) => text.into(),
        (_, Ok(_)) => Value::Null,
        (_, Err(_)) if text.is_empty() => Value::Null,
        (_, Err(_)) => text.into_owned().into(),
    };
    json!({ "message": message }).to_string().into()
}

/// What an OAuth error in a body says.
pub(crate) fn said_by_oauth(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(text_of(body)).unwrap_or_default();
    match (body["error"].as_str(), body["error_description"].as_str()) {
        (Some(code), Some(description)) => format!(", {code} ({description})"),
        (Some(code), None) => format!(", {code}"),
        _ => String::new(),
    }
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

/// Longest id of a request that is taken over, in bytes.
const LONGEST_ID: usize = 200;

/// The service's id of the request, under any of the usual names. An empty or very long value is left aside.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    ["x-request-id", "request-id", "x-correlation-id", "traceparent"]
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .filter_map(|value| value.to_str().ok().map(str::trim))
        .find(|id| !id.is_empty() && id.len() <= LONGEST_ID)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_behind_odd_beginnings_and_names() {
        let array = |body: &'static str| {
            let body = Bytes::from_static(body.as_bytes());
            List::read(&body, "id").map(|list| list.array(&body))
        };
        for body in [
            "\u{feff}[1]",
            "\u{feff}{\"result\": [1]}",
            r#"{"Result": [1]}"#,
            r#"{"result": null, "result": [1], "Total": 1}"#,
            r#"{"error": false, "Error": false, "ERROR": null, "result": [1]}"#,
        ] {
            assert_eq!(array(body).unwrap(), "[1]", "{body}");
        }
        for body in
            [r#"{"result": {"id": 1}}"#, r#"{"result": "x"}"#, r#"{"result": [1]"#, "7", "\"x\"", "true"]
        {
            let error = array(body).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Refused), "{body}");
        }
    }

    #[test]
    fn hidden_failures() {
        let hidden = |body: &str| Success::of(body.as_bytes()).failure.map(|said| said.text);
        let silent = "the service reported an error without a message";
        for (body, text) in [
            (r#"{"error": true, "message": "gone"}"#, Some("gone")),
            (r#"{"Error": true, "Message": "gone"}"#, Some("gone")),
            (r#"{"error": false, "message": "done"}"#, None),
            (r#"{"error": "text"}"#, None),
            // A second one, in any case, takes nothing back.
            (r#"{"error": true, "Error": true, "message": "gone"}"#, Some("gone")),
            (r#"{"error": true, "error": false, "message": "gone", "Message": "x"}"#, Some("gone")),
            (r#"{"error": false, "ERROR": true, "data": [], "data": []}"#, Some(silent)),
            ("\u{feff}{\"error\": true, \"message\": \"gone\"}", Some("gone")),
            (r#"{"error": true, "message": "gone", "data": [1, 2"#, Some("gone")),
            (r#"{"error": true, "message": "half \ud800"}"#, Some(r"half \ud800")),
            (r#"{"error": true, "message": {"text": "x"}}"#, Some(silent)),
        ] {
            assert_eq!(hidden(body).as_deref(), text, "{body}");
        }
        assert!(Success::of(b"{\"error\": true, \"message\": \"caf\xe9\"}").failure.is_some());
        let deep = format!(r#"{{"error": true, "x": {}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        assert!(hidden(&deep).is_some());
    }

    #[test]
    fn json_is_known_by_its_end() {
        for (body, json) in [
            (&b"{\"a\": [1, {\"b\": \"c\"}]}"[..], true),
            (b"\xEF\xBB\xBF {\"a\": \"caf\xe9\"} ", true),
            (b"[1, 2]", true),
            (b"\"v1\"", true),
            (b"null", true),
            (b"{\"a\": [1, 2}", false),
            (b"{\"a\": 1", false),
            (b"{\"a\": 1} more", false),
            (b"{\"a\" 1}", false),
            (b"[1, 2", false),
            (b"", false),
            (b"done", false),
        ] {
            assert_eq!(Success::of(body).is_json, json, "{}", String::from_utf8_lossy(body));
        }
    }

    fn of(id: &str, body: &[u8]) -> Result<Bytes> {
        read(Operation::find(id).unwrap(), &Bytes::copy_from_slice(body))
    }

    #[test]
    fn a_record_is_an_object_behind_a_byte_order_mark_too() {
        for id in ["style.get", "style.update", "style.create"] {
            assert_eq!(of(id, "\u{feff}{\"id\": \"a\"}".as_bytes()).unwrap(), r#"{"id": "a"}"#, "{id}");
        }
        assert_eq!(of("system.version", "\u{feff}\"v1\"".as_bytes()).unwrap(), "\"v1\"");
        assert_eq!(of("data_tables.reset", "\u{feff}done".as_bytes()).unwrap(), r#"{"message":"done"}"#);
    }

    #[test]
    fn a_schema_may_be_an_object() {
        for id in ["style.folder_search_schema", "style.folder_schema", "data_tables.schema"] {
            assert_eq!(of(id, br#"{"a": {"fieldId": "a"}}"#).unwrap(), r#"[{"fieldId":"a"}]"#, "{id}");
            assert_eq!(of(id, br#"{"message": "no"}"#).unwrap_err().kind(), ErrorKind::Decode, "{id}");
        }
        assert_eq!(of("style.folders", br#"{"a": {"fieldId": "a"}}"#).unwrap_err().kind(), ErrorKind::Decode);
    }

    #[test]
    fn a_read_that_brings_no_record_says_what_came() {
        for (body, what) in [
            ("", "empty"),
            ("null", "null"),
            ("12.5", "a number"),
            ("\"a\"", "a text"),
            ("[{\"id\": \"a\"}]", "a list"),
            ("{\"id\":", "no JSON"),
        ] {
            let error = of("style.get", body.as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Refused));
            assert_eq!(error.message(), format!("the answer holds no record: it is {what}"));
        }
        assert!(of("style.get", b"{\"a\": \"\xff\"}").unwrap_err().message().contains("UTF-8"));
    }

    #[test]
    fn a_create_names_its_record_or_fails_as_applied() {
        for body in [r#"{"ID": "a"}"#, r#"{"id": 7}"#, r#"{"id": null, "Id": "x", "id": "a"}"#] {
            assert!(of("style.create", body.as_bytes()).is_ok(), "{body}");
        }
        for body in ["", "done", "null", "[]", "[{\"id\": \"a\"}]", "{}", r#"{"id": null}"#, r#"{"id": " "}"#]
        {
            let error = of("style.create", body.as_bytes()).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Applied), "{body}");
            assert!(error.message().contains("was created") && !error.retryable(), "{error}");
            assert_eq!(of("style.update", body.as_bytes()).unwrap().first(), Some(&b'{'), "{body}");
        }
        // Cut off behind the id.
        let error = of("style.create", br#"{"id": "a-1", "headerNumber": "T-"#).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Applied));
        assert_eq!(error.details(), Some(&json!({"id": "a-1"})));
        assert!(of("style.create", br#"{"id": "a-"#).unwrap_err().details().is_none());
    }

    #[test]
    fn a_create_without_an_id_names_what_was_created() {
        for (operation, noun) in [
            ("style.create", "style"),
            ("color.create", "palette"),
            ("inbox.task_create", "task"),
            ("inbox.message_create", "message"),
            ("directory.contact_add", "contact"),
            ("style.app_bom_variation_create", "variation"),
        ] {
            let error = of(operation, b"{}").unwrap_err();
            assert!(error.message().starts_with(&format!("the {noun} was created, but")), "{error}");
        }
    }

    #[test]
    fn a_write_that_answers_with_no_list_was_applied() {
        let added = |body: &[u8]| of("tracking.style_by_sku_add", body);
        assert_eq!(added(b"").unwrap(), "[]");
        assert_eq!(added(br#"[{"id": "a"}]"#).unwrap(), r#"[{"id": "a"}]"#);
        for body in [&b"done"[..], b"{}", br#"[{"id": "a"}"#] {
            let error = added(body).unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Applied));
        }
    }

    #[test]
    fn ids_of_requests() {
        let mut headers = HeaderMap::new();
        assert_eq!(request_id(&headers), None);
        headers.insert("x-request-id", " ".parse().unwrap());
        headers.append("x-request-id", "x".repeat(64 * 1024).parse().unwrap());
        assert_eq!(request_id(&headers), None);
        headers.insert("traceparent", "t-1".parse().unwrap());
        assert_eq!(request_id(&headers), Some("t-1".into()));
        headers.append("x-request-id", " r-2 ".parse().unwrap());
        assert_eq!(request_id(&headers), Some("r-2".into()));
    }

    #[test]
    fn messages() {
        for (body, message) in [
            ("", r#"{"message":null}"#),
            ("done", r#"{"message":"done"}"#),
            (r#"{"error":false,"message":"ok"}"#, r#"{"message":"ok"}"#),
            (r#"{"Error":false,"Message":"ok"}"#, r#"{"message":"ok"}"#),
            ("[1]", r#"{"message":null}"#),
            (r#"{"error":false,"messa"#, r#"{"message":null}"#),
            (r#"{"message":"ok","x"#, r#"{"message":"ok"}"#),
            ("{done}", r#"{"message":"{done}"}"#),
        ] {
            assert_eq!(read_message(body.as_bytes()), message);
        }
    }
}
