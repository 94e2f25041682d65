//! The token endpoint: codes and refresh tokens for access tokens.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::answers::{Answer, json_answer};
use crate::calendar::{Millis, now};
use crate::options::Rotation;
use crate::state::{Shared, State};

use super::{
    AccessToken, CLIENT_ID, CLIENT_SECRET, CODE_LIFETIME, Form, Grant, PUBLIC_CLIENT_ID, RefreshToken, keys,
    oauth_error, opaque,
};

pub(crate) fn exchange(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Answer {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", Some("The body is not a form."));
    }
    let form = Form::parse(body);
    let client_id = match authenticate(headers, &form) {
        Ok(client_id) => client_id,
        Err(refusal) => return *refusal,
    };
    let issuer = shared.identity_base();
    let state = &mut *shared.state();
    match form.get("grant_type") {
        Some("authorization_code") => redeem_code(state, &issuer, &client_id, &form),
        Some("refresh_token") => refresh(state, &issuer, &client_id, &form),
        Some(_) => oauth_error(StatusCode::BAD_REQUEST, "unsupported_grant_type", None),
        None => oauth_error(StatusCode::BAD_REQUEST, "invalid_request", Some("grant_type is missing.")),
    }
}

/// The client, from HTTP Basic or the form. A public client sends no secret, and an empty one is refused.
fn authenticate(headers: &HeaderMap, form: &Form) -> Result<String, Box<Answer>> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let basic = basic.and_then(|value| value.strip_prefix("Basic "));
    let refused = || {
        let mut refusal = oauth_error(StatusCode::UNAUTHORIZED, "invalid_client", None);
        if basic.is_some() {
            refusal.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
        }
        Box::new(refusal)
    };
    let (id, secret) = match basic {
        Some(encoded) => {
            let (id, secret) = decode_basic(encoded).ok_or_else(refused)?;
            (id, Some(secret))
        }
        None => {
            let id = form.get("client_id").unwrap_or_default().to_owned();
            (id, form.get("client_secret").map(str::to_owned))
        }
    };
    let accepted = match (id.as_str(), &secret) {
        (CLIENT_ID, Some(secret)) => {
            verify_slices_are_equal(secret.as_bytes(), CLIENT_SECRET.as_bytes()).is_ok()
        }
        (PUBLIC_CLIENT_ID, None) => true,
        _ => false,
    };
    if accepted { Ok(id) } else { Err(refused()) }
}

/// Both halves are form-encoded before they are joined (RFC 6749, 2.3.1).
fn decode_basic(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        let pair = format!("x={part}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

fn invalid_grant(reason: &str) -> Answer {
    oauth_error(StatusCode::BAD_REQUEST, "invalid_grant", Some(reason))
}

fn redeem_code(state: &mut State, issuer: &str, client_id: &str, form: &Form) -> Answer {
    let grants = &mut state.grants;
    let Some(code) = form.get("code").and_then(|code| grants.codes.get_mut(code)) else {
        return invalid_grant("The code is not known.");
    };
    if code.used {
        // Somebody else has the code: what it gave is taken back.
        grants.revoked.insert(code.grant.family);
        return invalid_grant("The code was used.");
    }
    if code.grant.client_id != client_id {
        return invalid_grant("The code belongs to another client.");
    }
    if form.get("redirect_uri") != Some(&code.redirect_uri) {
        return invalid_grant("The redirect_uri is not that of the authorization request.");
    }
    if now() - code.issued > CODE_LIFETIME {
        return invalid_grant("The code has expired.");
    }
    let verified = match (code.challenge.as_deref(), form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) => {
            URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == challenge
        }
        (None, None) => true,
        _ => false,
    };
    if !verified {
        return invalid_grant("The code_verifier does not fit the code_challenge.");
    }
    code.used = true;
    let grant = code.grant.clone();
    let refresh_token = grant.scope.iter().any(|scope| scope == "offline_access").then(|| {
        let token = opaque();
        grants.refresh.insert(token.clone(), RefreshToken { grant: grant.clone(), used: false });
        token
    });
    issue(state, issuer, &grant, refresh_token, true)
}

fn refresh(state: &mut State, issuer: &str, client_id: &str, form: &Form) -> Answer {
    let strict = state.settings.rotation == Rotation::Strict;
    let grants = &mut state.grants;
    let Some(token) = form.get("refresh_token").and_then(|token| grants.refresh.get_mut(token)) else {
        return invalid_grant("The refresh token is not known.");
    };
    if token.grant.client_id != client_id {
        return invalid_grant("The refresh token belongs to another client.");
    }
    if grants.revoked.contains(&token.grant.family) {
        return invalid_grant("The refresh token was revoked.");
    }
    if strict && token.used {
        grants.revoked.insert(token.grant.family);
        return invalid_grant("The refresh token was used.");
    }
    let grant = token.grant.clone();
    token.used = true;
    let next = strict.then(|| {
        let next = opaque();
        grants.refresh.insert(next.clone(), RefreshToken { grant: grant.clone(), used: false });
        next
    });
    issue(state, issuer, &grant, next, false)
}

fn issue(
    state: &mut State,
    issuer: &str,
    grant: &Grant,
    refresh_token: Option<String>,
    with_id_token: bool,
) -> Answer {
    let lifetime = state.settings.token_lifetime;
    let seconds = now() / 1000;
    let access_token = keys::sign(&json!({
        "iss": issuer,
        "exp": seconds + lifetime as i64,
        "iat": seconds,
        "jti": opaque(),
        "sub": grant.user.id,
        "email": grant.user.email,
        "name": grant.user.name,
        "preferred_username": grant.user.username,
        "client_id": grant.client_id,
        "scope": grant.scope,
    }));
    let Some(access_token) = access_token else {
        return oauth_error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", None);
    };
    // Not the whole second of `exp`, so that a lifetime of zero is over at once.
    let expires = now() + lifetime as Millis * 1000;
    state.grants.access.insert(access_token.clone(), AccessToken { user: grant.user, expires });

    let mut body = serde_json::Map::new();
    if with_id_token && grant.scope.iter().any(|scope| scope == "openid") {
        let hash = digest(&SHA256, access_token.as_bytes());
        let mut claims = json!({
            "iss": issuer,
            "aud": grant.client_id,
            "sub": grant.user.id,
            "exp": seconds + lifetime as i64,
            "iat": seconds,
            "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]),
            "email": grant.user.email,
            "name": grant.user.name,
            "preferred_username": grant.user.username,
        });
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Some(id_token) = keys::sign(&claims) {
            body.insert("id_token".to_owned(), json!(id_token));
        }
    }
    body.insert("access_token".to_owned(), json!(access_token));
    body.insert("expires_in".to_owned(), json!(lifetime));
    body.insert("token_type".to_owned(), json!("Bearer"));
    if let Some(token) = refresh_token {
        body.insert("refresh_token".to_owned(), json!(token));
    }
    let mut answer = json_answer(StatusCode::OK, &body);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
