//! The signing key. It is a fixed test key, so that a server starts without making one; it protects nothing.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::answers::{Answer, json_answer, ok};

const KEY_ID: &str = "simulator-key-1";

static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
    let lines = include_str!("test_signing_key.pem").lines();
    let text: String = lines.filter(|line| !line.starts_with("-----")).collect();
    EncodingKey::from_rsa_der(&STANDARD.decode(text).unwrap_or_default())
});

/// A signed JWT.
pub(crate) fn sign(claims: &Value) -> Option<String> {
    let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, &KEY).ok()
}

pub(crate) fn jwks() -> Answer {
    let key = Jwk::from_encoding_key(&KEY, Algorithm::RS256).ok();
    let Some(Value::Object(mut key)) = key.and_then(|key| serde_json::to_value(key).ok()) else {
        return json_answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({"error": "server_error"}));
    };
    key.insert("kid".to_owned(), json!(KEY_ID));
    key.insert("use".to_owned(), json!("sig"));
    ok(&json!({"keys": [key]}))
}
