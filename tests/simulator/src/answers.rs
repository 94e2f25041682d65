//! Answers of the API and the refusals it gives.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use url::Url;

const JSON: &str = "application/json; charset=utf-8";

pub(crate) type Answer = Response<Body>;

/// A request that is turned down; the status says how.
pub(crate) struct Refusal(pub(crate) Box<Answer>);

impl Refusal {
    /// Plain text, as for `Style not found`.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Refusal(Box::new(plain(StatusCode::BAD_REQUEST, text.into())))
    }

    /// `{error, message}` with status 400.
    pub(crate) fn failure(message: impl Into<String>) -> Self {
        let body = json!({"error": true, "message": message.into()});
        Refusal(Box::new(json_answer(StatusCode::BAD_REQUEST, &body)))
    }

    /// The validation object for a parameter that cannot be read.
    pub(crate) fn validation(parameter: &str, message: &str) -> Self {
        let body = json!({
            "type": "about:blank",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "errors": {parameter: [message]},
        });
        Refusal(Box::new(json_answer(StatusCode::BAD_REQUEST, &body)))
    }
}

pub(crate) fn json_answer(status: StatusCode, body: &impl Serialize) -> Answer {
    match serde_json::to_vec(body) {
        Ok(bytes) => with_type(status, JSON, bytes),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

pub(crate) fn json_body(body: Body) -> Answer {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    answer
}

pub(crate) fn ok(body: &impl Serialize) -> Answer {
    json_answer(StatusCode::OK, body)
}

/// `{error, message}` of something that was done.
pub(crate) fn message(text: impl Into<String>) -> Answer {
    ok(&json!({"error": false, "message": text.into()}))
}

pub(crate) fn plain(status: StatusCode, text: String) -> Answer {
    with_type(status, "text/plain; charset=utf-8", text.into_bytes())
}

pub(crate) fn html(status: StatusCode, text: String) -> Answer {
    with_type(status, "text/html; charset=utf-8", text.into_bytes())
}

pub(crate) fn redirect(url: &Url) -> Answer {
    let mut answer = empty(StatusCode::FOUND);
    if let Ok(location) = HeaderValue::from_str(url.as_str()) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    answer
}

pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

fn with_type(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
