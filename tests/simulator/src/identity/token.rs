//! The token endpoint: codes, refresh tokens and the client's own credentials for access tokens.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::answers::Answer;
use crate::calendar::{Millis, now};
use crate::options::Rotation;
use crate::state::{Shared, State};

use super::clients::Client;
use super::grants::Grant;
use super::{Form, act_as, is_form, issue, oauth_error};

/// How long a code can be exchanged.
const CODE_LIFETIME: Millis = 5 * 60_000;

pub(super) fn exchange(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Answer {
    if !is_form(headers) {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", Some("The body is not a form."));
    }
    let form = Form::parse(body);
    form.note_secrets(shared);
    let client = match Client::authenticate(headers, &form) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let Some(grant_type) = form.get("grant_type") else {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", Some("grant_type is missing."));
    };
    let serve = match grant_type {
        "authorization_code" => redeem_code,
        "refresh_token" => refresh,
        "client_credentials" => client_credentials,
        "actas" => act_as::act_as,
        _ => return oauth_error(StatusCode::BAD_REQUEST, "unsupported_grant_type", None),
    };
    if !client.may(grant_type) {
        return oauth_error(StatusCode::BAD_REQUEST, "unauthorized_client", None);
    }
    serve(shared, &mut shared.state(), client, &form)
}

pub(super) fn invalid_grant(reason: &str) -> Answer {
    oauth_error(StatusCode::BAD_REQUEST, "invalid_grant", Some(reason))
}

fn redeem_code(shared: &Shared, state: &mut State, client: &'static Client, form: &Form) -> Answer {
    let grants = &mut state.grants;
    let Some(code) = form.get("code").and_then(|code| grants.codes.get_mut(code)) else {
        return invalid_grant("The code is not known.");
    };
    if code.used {
        // Somebody else has the code: what it gave is taken back.
        grants.revoked.insert(code.grant.family);
        return invalid_grant("The code was used.");
    }
    if code.grant.client.id != client.id {
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
    let lasting = grant.has_scope("offline_access");
    let refresh_token = lasting.then(|| grants.add_refresh_token(shared, grant.clone()));
    answer(shared, state, &grant, true, refresh_token)
}

fn refresh(shared: &Shared, state: &mut State, client: &'static Client, form: &Form) -> Answer {
    let strict = state.settings.rotation == Rotation::Strict;
    let grants = &mut state.grants;
    let Some(token) = form.get("refresh_token").and_then(|token| grants.refresh.get_mut(token)) else {
        return invalid_grant("The refresh token is not known.");
    };
    if token.grant.client.id != client.id {
        return invalid_grant("The refresh token belongs to another client.");
    }
    if grants.revoked.contains(&token.grant.family) {
        return invalid_grant("The refresh token was revoked.");
    }
    if strict && token.used {
        grants.revoked.insert(token.grant.family);
        return invalid_grant("The refresh token was used.");
    }
    token.used = true;
    let grant = token.grant.clone();
    let next = strict.then(|| grants.add_refresh_token(shared, grant.clone()));
    answer(shared, state, &grant, false, next)
}

fn client_credentials(shared: &Shared, state: &mut State, client: &'static Client, form: &Form) -> Answer {
    let Some(scope) = form.scope(&state.settings) else {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_scope", None);
    };
    let grant = Grant { client, user: None, scope, nonce: None, family: state.grants.new_family() };
    answer(shared, state, &grant, false, None)
}

fn answer(
    shared: &Shared,
    state: &mut State,
    grant: &Grant,
    with_id_token: bool,
    refresh_token: Option<String>,
) -> Answer {
    let mut tokens = issue::tokens(shared, state, grant, with_id_token);
    if let (Some(tokens), Some(refresh_token)) = (&mut tokens, refresh_token) {
        tokens.insert("refresh_token".to_owned(), json!(refresh_token));
    }
    issue::answer(tokens)
}
