//! The identity server: sign-in page, token endpoint, userinfo, discovery, revocation and end of session.
//!
//! `clients` and the people of the company ask, `authorize` and `token` (with `act_as`) decide, `grants` keeps
//! what was decided, and `issue` writes it into tokens that `keys` sign, or `forgery` spoils.

mod act_as;
pub(crate) mod authorize;
pub(crate) mod clients;
pub(crate) mod counts;
mod discovery;
mod end_session;
mod forgery;
pub(crate) mod grants;
mod issue;
pub(crate) mod keys;
mod pages;
mod revoke;
mod token;
mod userinfo;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::{Value, json};

use crate::answers::{Answer, empty, json_answer, ok};
use crate::options::Settings;
use crate::state::Shared;

pub(crate) use forgery::Attack;

/// Valid from the start, so that nobody has to sign in to try the API.
pub(crate) const FIRST_REFRESH_TOKEN: &str = "simulator-refresh-2d7a1c94e0b35f68";
/// Of every sample user.
pub(crate) const PASSWORD: &str = "simulator-password";

/// The last one is that of the documentation of 2019.
pub(crate) const SCOPES: [&str; 7] =
    ["openid", "profile", "email", "roles", "offline_access", "BeProductPublicApi", "beproductDeveloper"];

/// Answers a request to `/ids/...`.
pub(crate) fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let query = uri.query().unwrap_or("").as_bytes();
    match (method.as_str(), endpoint(uri.path())) {
        ("GET", "/connect/authorize") => authorize::page(shared, query),
        ("POST", "/connect/authorize") => authorize::submit(shared, body),
        ("POST", "/connect/token") => token::exchange(shared, headers, body),
        (_, "/connect/revocation") if !shared.state().settings.revocation => empty(StatusCode::NOT_FOUND),
        ("POST", "/connect/revocation") => revoke::revoke(shared, headers, body),
        ("GET", "/connect/userinfo") => userinfo::answer(shared, headers),
        ("GET", "/connect/endsession") => end_session::answer(shared, query),
        ("GET", "/.well-known/openid-configuration") => discovery::answer(shared),
        ("GET", "/.well-known/jwks") => ok(&shared.state().keys.published()),
        (
            _,
            "/connect/authorize"
            | "/connect/token"
            | "/connect/revocation"
            | "/connect/userinfo"
            | "/connect/endsession"
            | "/.well-known/openid-configuration"
            | "/.well-known/jwks",
        ) => empty(StatusCode::METHOD_NOT_ALLOWED),
        _ => empty(StatusCode::NOT_FOUND),
    }
}

/// The path behind `/ids`. The address of the end of session is printed with a doubled slash.
fn endpoint(path: &str) -> &str {
    let path = path.strip_prefix("/ids").unwrap_or_default();
    if path == "//connect/endsession" { &path[1..] } else { path }
}

fn oauth_error(status: StatusCode, error: &str, description: Option<&str>) -> Answer {
    let mut body = json!({"error": error});
    if let Some(description) = description {
        body["error_description"] = Value::from(description);
    }
    let mut answer = json_answer(status, &body);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    token_of(headers.get(header::AUTHORIZATION)?)
}

/// The token in the value of a header.
pub(crate) fn token_of(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"))
}

/// Form parameters by name; the first of a name counts.
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(encoded: &[u8]) -> Self {
        Form(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The scope asked for, unless a part of it is not allowed.
    fn scope(&self, settings: &Settings) -> Option<Vec<String>> {
        let scope: Vec<String> =
            self.get("scope").unwrap_or("").split_whitespace().map(str::to_owned).collect();
        scope.iter().all(|part| settings.allowed.contains(part)).then_some(scope)
    }

    /// Notes those of the values that are secrets.
    fn note_secrets(&self, shared: &Shared) {
        for name in ["state", "nonce", "code_verifier"] {
            if let Some(value) = self.get(name) {
                shared.secrets.note(value);
            }
        }
    }
}
