//! What the token endpoint answers, read by its content and not by its form: an answer that is refused for its form may
//! hold the only refresh token that is still good.

use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::answer;

/// Members of an answer that mean something.
const MEMBERS: [&str; 7] =
    ["access_token", "expires_in", "refresh_token", "id_token", "scope", "error", "error_description"];

/// Codes of errors that also come as bare texts (RFC 6749, 5.2).
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// Status and body in the one form that the `oauth2` crate takes: 200 for any success, and JSON without a byte order mark,
/// doubled keys, other cases, or members of a type that it does not expect.
pub(super) fn plain(status: u16, body: &[u8]) -> (u16, Vec<u8>) {
    let is_success = (200..300).contains(&status);
    let text = answer::text_of(body);
    let members = match serde_json::from_slice(text) {
        Ok(Value::Object(members)) => members,
        Ok(Value::String(text)) => bare_code(&text),
        Ok(_) => Map::new(),
        Err(_) => bare_code(&String::from_utf8_lossy(text)),
    };
    let known = MEMBERS.iter().filter_map(|name| {
        let any_case =
            || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        members.get(*name).or_else(any_case).map(|value| ((*name).to_owned(), value.clone()))
    });
    let mut members: Map<String, Value> = known.collect();
    let has = |members: &Map<String, Value>, name: &str| {
        members.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    };
    if has(&members, "access_token") && is_success {
        return (200, Value::Object(members).to_string().into());
    }
    if !has(&members, "error") {
        return (if is_success { 200 } else { status }, text.to_owned());
    }
    members.retain(|name, value| name.starts_with("error") && value.is_string());
    // An error that a success hides is one.
    (if is_success { 400 } else { status }, Value::Object(members).to_string().into())
}

fn bare_code(text: &str) -> Map<String, Value> {
    let text = text.trim();
    let code = CODES.iter().find(|code| text.eq_ignore_ascii_case(code));
    code.map(|code| ("error".to_owned(), Value::from(*code))).into_iter().collect()
}

/// The answer of the token endpoint, as tolerant as the service is loose.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TokenAnswer {
    #[serde(deserialize_with = "some_token")]
    access_token: AccessToken,
    /// Whatever the server calls it: the API takes no other.
    #[serde(skip, default = "bearer")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "lifetime", skip_serializing)]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "refresh_token")]
    refresh_token: Option<RefreshToken>,
    #[serde(default, deserialize_with = "some_text", skip_serializing)]
    pub(super) id_token: Option<String>,
    #[serde(default, deserialize_with = "some_text", skip_serializing)]
    pub(super) scope: Option<String>,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("TokenAnswer")
    }
}

impl TokenAnswer {
    /// What a redirect carried.
    pub(super) fn new(access_token: String, expires_in: Option<&str>) -> Self {
        Self {
            access_token: AccessToken::new(access_token),
            token_type: BasicTokenType::Bearer,
            expires_in: expires_in.and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds > 0),
            refresh_token: None,
            id_token: None,
            scope: None,
        }
    }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// Seconds as a number or as a text; anything else, and zero, counts as not stated.
fn lifetime<'de, D: Deserializer<'de>>(input: D) -> std::result::Result<Option<u64>, D::Error> {
    let seconds = match Value::deserialize(input)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(seconds.filter(|seconds| *seconds >= 1.0).map(|seconds| seconds as u64))
}

/// A text that is not empty; what else there is counts as not stated.
fn some_text<'de, D: Deserializer<'de>>(input: D) -> std::result::Result<Option<String>, D::Error> {
    Ok(Value::deserialize(input)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
}

fn refresh_token<'de, D: Deserializer<'de>>(input: D) -> std::result::Result<Option<RefreshToken>, D::Error> {
    Ok(some_text(input)?.map(RefreshToken::new))
}

/// An empty one would be sent as one.
fn some_token<'de, D: Deserializer<'de>>(input: D) -> std::result::Result<AccessToken, D::Error> {
    some_text(input)?.map(AccessToken::new).ok_or_else(|| serde::de::Error::custom("access_token is empty"))
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_in_every_form() {
        for (given, seconds) in [
            ("28800", Some(28800)),
            ("\"3600\"", Some(3600)),
            ("0", None),
            ("-5", None),
            ("\"soon\"", None),
            ("null", None),
            ("1.5", Some(1)),
        ] {
            let answer: TokenAnswer =
                serde_json::from_str(&format!(r#"{{"access_token": "a", "expires_in": {given}}}"#)).unwrap();
            assert_eq!(answer.expires_in, seconds, "{given}");
        }
        let answer: TokenAnswer =
            serde_json::from_str(r#"{"access_token": "a", "refresh_token": "", "id_token": "", "scope": 1, "token_endpoint": "x"}"#)
                .unwrap();
        assert_eq!((answer.expires_in, answer.refresh_token.is_some()), (None, false));
        assert_eq!((answer.id_token, answer.scope), (None, None));
        for empty in ["\"\"", "null", "7"] {
            assert!(serde_json::from_str::<TokenAnswer>(&format!(r#"{{"access_token": {empty}}}"#)).is_err());
        }
    }

    #[test]
    fn answers_in_every_form() {
        let tokens = |status: u16, body: &str| {
            let (status, body) = plain(status, body.as_bytes());
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            let answer: TokenAnswer = serde_json::from_slice(&body).unwrap();
            let refresh_token = answer.refresh_token.as_ref().map(|token| token.secret().clone());
            (answer.access_token.secret().clone(), refresh_token.unwrap_or_default(), answer.expires_in)
        };
        for (status, body) in [
            (200, r#"{"access_token": "a", "refresh_token": "r", "expires_in": 60}"#),
            (201, r#"{"access_token": "a", "refresh_token": "r", "expires_in": "60", "token_type": null}"#),
            (
                203,
                "\u{feff}\r\n {\"access_token\": \"a\", \"refresh_token\": \"r\", \"expires_in\": 60}\r\n\r\n",
            ),
            (
                200,
                r#"{"access_token": "a", "refresh_token": "old", "refresh_token": "r", "expires_in": 60.0}"#,
            ),
            (
                200,
                r#"{"Access_Token": "a", "REFRESH_TOKEN": "r", "Expires_In": "60.5", "token_type": ["x"]}"#,
            ),
            (
                200,
                r#"{"access_token": "a", "refresh_token": "r", "expires_in": 60, "error": null, "scope": []}"#,
            ),
            (
                200,
                r#"{"access_token": "a", "refresh_token": "r", "expires_in": 60, "error": "", "token_type": "MAC"}"#,
            ),
        ] {
            assert_eq!(tokens(status, body), ("a".into(), "r".into(), Some(60)), "{body}");
        }
        let error = |status: u16, body: &str| {
            let (status, body) = plain(status, body.as_bytes());
            let error: oauth2::basic::BasicErrorResponse = serde_json::from_slice(&body).unwrap();
            (status, error.error().as_ref().to_owned(), error.error_description().cloned())
        };
        for (status, body) in [
            (400, r#"{"error": "invalid_grant", "error_description": null}"#),
            (400, "\u{feff}{\"Error\": \"invalid_grant\", \"error_uri\": 5}\n"),
            (400, "invalid_grant\n"),
            (400, "\"Invalid_Grant\""),
            (200, r#"{"error": "invalid_grant", "access_token": ""}"#),
        ] {
            assert_eq!(error(status, body), (400, "invalid_grant".into(), None), "{body}");
        }
        assert_eq!(
            error(401, r#"{"error": "x", "error_description": "y"}"#),
            (401, "x".into(), Some("y".into()))
        );
        // What is no answer of a token endpoint stays what it is.
        for (status, body) in
            [(404, "<html>"), (400, "not invalid_grant at all"), (500, "[]"), (400, r#"{"error": true}"#)]
        {
            assert_eq!(plain(status, body.as_bytes()), (status, body.into()));
        }
        assert_eq!(plain(204, b""), (200, Vec::new()));
    }
}
