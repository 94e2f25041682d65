//! The identity server: sign-in page, token endpoint, userinfo and discovery, and what it has handed out.

pub(crate) mod authorize;
mod keys;
mod token;

use std::collections::{HashMap, HashSet};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use url::Url;

use crate::answers::{Answer, empty, json_answer, ok};
use crate::calendar::{Millis, now};
use crate::people::{USERS, User};
use crate::state::Shared;

pub(crate) const CLIENT_ID: &str = "simulator-client";
pub(crate) const CLIENT_SECRET: &str = "simulator-secret-5f1c0b7e";
/// A client without a secret, as an app on a phone or desktop is.
pub(crate) const PUBLIC_CLIENT_ID: &str = "simulator-public-client";
/// Valid from the start, so that nobody has to sign in to try the API.
pub(crate) const FIRST_REFRESH_TOKEN: &str = "simulator-refresh-2d7a1c94e0b35f68";
/// Of every sample user.
pub(crate) const PASSWORD: &str = "simulator-password";
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";

pub(crate) const SCOPES: [&str; 6] =
    ["openid", "profile", "email", "roles", "offline_access", "BeProductPublicApi"];

/// How long a code can be exchanged.
const CODE_LIFETIME: Millis = 5 * 60_000;

/// Whether a client may be sent back to this address. Any port of the loopback address will do, because a
/// native app takes a free one.
fn is_registered(client_id: &str, redirect_uri: &str) -> bool {
    if redirect_uri == REDIRECT_URI {
        return true;
    }
    if client_id == PUBLIC_CLIENT_ID && redirect_uri == "com.example.simulator:/callback" {
        return true;
    }
    Url::parse(redirect_uri).is_ok_and(|url| {
        url.scheme() == "http"
            && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
            && url.path() == "/callback"
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// What a person agreed to.
#[derive(Clone)]
struct Grant {
    client_id: String,
    user: &'static User,
    scope: Vec<String>,
    nonce: Option<String>,
    /// Shared by all refresh tokens that come from one sign-in.
    family: u64,
}

struct Code {
    grant: Grant,
    redirect_uri: String,
    challenge: Option<String>,
    issued: Millis,
    used: bool,
}

struct RefreshToken {
    grant: Grant,
    used: bool,
}

struct AccessToken {
    user: &'static User,
    expires: Millis,
}

/// Everything handed out since the last reset.
pub(crate) struct Grants {
    codes: HashMap<String, Code>,
    refresh: HashMap<String, RefreshToken>,
    access: HashMap<String, AccessToken>,
    revoked: HashSet<u64>,
    families: u64,
}

impl Grants {
    pub(crate) fn new() -> Self {
        let mut grants = Grants {
            codes: HashMap::new(),
            refresh: HashMap::new(),
            access: HashMap::new(),
            revoked: HashSet::new(),
            families: 0,
        };
        let grant = Grant {
            client_id: CLIENT_ID.to_owned(),
            user: &USERS[0],
            scope: SCOPES.map(str::to_owned).into(),
            nonce: None,
            family: 0,
        };
        grants.refresh.insert(FIRST_REFRESH_TOKEN.to_owned(), RefreshToken { grant, used: false });
        grants
    }

    /// Who an access token speaks for, if it is good.
    pub(crate) fn user_of(&self, token: &str, now: Millis) -> Option<&'static User> {
        self.access.get(token).filter(|access| now < access.expires).map(|access| access.user)
    }

    pub(crate) fn expire_access_tokens(&mut self) {
        self.access.clear();
    }

    pub(crate) fn revoke_refresh_tokens(&mut self) {
        self.refresh.clear();
    }
}

/// A new text that cannot be guessed: 32 hexadecimal digits.
fn opaque() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Answers a request to `/ids/...`.
pub(crate) fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let path = uri.path().strip_prefix("/ids").unwrap_or_default();
    match (method.as_str(), path) {
        ("GET", "/connect/authorize") => authorize::page(uri.query().unwrap_or("").as_bytes()),
        ("POST", "/connect/authorize") => authorize::submit(shared, body),
        ("POST", "/connect/token") => token::exchange(shared, headers, body),
        ("GET", "/connect/userinfo") => userinfo(shared, headers),
        ("GET", "/.well-known/openid-configuration") => discovery(shared),
        ("GET", "/.well-known/jwks") => keys::jwks(),
        (
            _,
            "/connect/authorize"
            | "/connect/token"
            | "/connect/userinfo"
            | "/.well-known/openid-configuration"
            | "/.well-known/jwks",
        ) => empty(StatusCode::METHOD_NOT_ALLOWED),
        _ => empty(StatusCode::NOT_FOUND),
    }
}

fn userinfo(shared: &Shared, headers: &HeaderMap) -> Answer {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(user) = token.and_then(|token| shared.state().grants.user_of(token, now())) else {
        return oauth_error(StatusCode::UNAUTHORIZED, "invalid_token", None);
    };
    ok(&json!({"sub": user.id, "preferred_username": user.username, "name": user.name,
               "email": user.email, "email_verified": true}))
}

fn discovery(shared: &Shared) -> Answer {
    let base = shared.identity_base();
    ok(&json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/connect/authorize"),
        "token_endpoint": format!("{base}/connect/token"),
        "userinfo_endpoint": format!("{base}/connect/userinfo"),
        "jwks_uri": format!("{base}/.well-known/jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "code_challenge_methods_supported": ["S256"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
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

/// Form parameters by name; the first of a name counts.
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(encoded: &[u8]) -> Self {
        Form(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
