//! The revocation endpoint (RFC 7009).

use http::{HeaderMap, StatusCode};

use crate::answers::{Answer, empty};
use crate::state::Shared;

use super::clients::Client;
use super::token::invalid_grant;
use super::{Form, is_form, oauth_error};

/// Takes a refresh token back, with all that came from the same sign-in, or one access token. The hint about
/// the kind of token is not needed.
pub(super) fn revoke(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Answer {
    if !is_form(headers) {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", Some("The body is not a form."));
    }
    let form = Form::parse(body);
    let client = match Client::authenticate(headers, &form) {
        Ok(client) => client,
        Err(refusal) => return *refusal,
    };
    let Some(token) = form.get("token") else {
        return oauth_error(StatusCode::BAD_REQUEST, "invalid_request", Some("token is missing."));
    };
    let grants = &mut shared.state().grants;
    let refresh = grants.refresh.get(token).map(|refresh| &refresh.grant);
    let Some(grant) = refresh.or(grants.access.get(token).map(|access| &access.grant)) else {
        // It may have been revoked before, which is what the client wants.
        return empty(StatusCode::OK);
    };
    if grant.client.id != client.id {
        return invalid_grant("The token belongs to another client.");
    }
    if refresh.is_some() {
        grants.revoked.insert(grant.family);
    } else {
        grants.access.remove(token);
    }
    empty(StatusCode::OK)
}
