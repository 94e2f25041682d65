//! Writes a grant into tokens.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::answers::{Answer, json_answer};
use crate::calendar::{Millis, now};
use crate::options::SigningAlgorithm;
use crate::people::User;
use crate::state::{Shared, State};

use super::forgery;
use super::grants::{AccessToken, Grant, opaque};
use super::oauth_error;

/// The answer of the token endpoint; an error of the server when the tokens could not be signed.
pub(super) fn answer(tokens: Option<Map<String, Value>>) -> Answer {
    let Some(tokens) = tokens else {
        return oauth_error(StatusCode::INTERNAL_SERVER_ERROR, "server_error", None);
    };
    let mut answer = json_answer(StatusCode::OK, &tokens);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// An access token with its lifetime and, where it is wanted and the scope has `openid`, an id token.
pub(super) fn tokens(
    shared: &Shared,
    state: &mut State,
    grant: &Grant,
    with_id_token: bool,
) -> Option<Map<String, Value>> {
    let lifetime = state.settings.token_lifetime;
    let access_token = access_token(shared, state, grant)?;
    let mut tokens = Map::new();
    if let Some(user) = grant.user.filter(|_| with_id_token && grant.has_scope("openid")) {
        let id_token = id_token(shared, state, grant, user, &access_token)?;
        tokens.insert("id_token".to_owned(), json!(id_token));
    }
    tokens.insert("access_token".to_owned(), json!(access_token));
    tokens.insert("expires_in".to_owned(), json!(lifetime));
    tokens.insert("token_type".to_owned(), json!("Bearer"));
    Some(tokens)
}

fn access_token(shared: &Shared, state: &mut State, grant: &Grant) -> Option<String> {
    let lifetime = state.settings.token_lifetime;
    let seconds = now() / 1000;
    let mut claims = json!({
        "iss": shared.identity_base(),
        "exp": seconds + lifetime as i64,
        "iat": seconds,
        "jti": opaque(),
        "sub": grant.user.map_or(grant.client.id, |user| user.id),
        "client_id": grant.client.id,
        "scope": grant.scope,
    });
    if let Some(user) = grant.user {
        describe(user, &mut claims);
    }
    let token = state.keys.current(SigningAlgorithm::Rs256)?.sign(&claims)?;
    shared.secrets.note(&token);
    // Not the whole second of `exp`, so that a lifetime of zero is over at once.
    let expires = now() + lifetime as Millis * 1000;
    state.grants.access.insert(token.clone(), AccessToken { grant: grant.clone(), expires });
    Some(token)
}

fn id_token(
    shared: &Shared,
    state: &State,
    grant: &Grant,
    user: &User,
    access_token: &str,
) -> Option<String> {
    let seconds = now() / 1000;
    let hash = digest(&SHA256, access_token.as_bytes());
    let mut claims = json!({
        "iss": shared.identity_base(),
        "aud": grant.client.id,
        "sub": user.id,
        "exp": seconds + state.settings.token_lifetime as i64,
        "iat": seconds,
        "at_hash": URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]),
    });
    describe(user, &mut claims);
    if let Some(nonce) = &grant.nonce {
        claims["nonce"] = json!(nonce);
    }
    let token = forgery::sign(&state.keys, state.settings.attack, claims)?;
    shared.secrets.note(&token);
    Some(token)
}

fn describe(user: &User, claims: &mut Value) {
    claims["email"] = json!(user.email);
    claims["name"] = json!(user.name);
    claims["preferred_username"] = json!(user.username);
}
