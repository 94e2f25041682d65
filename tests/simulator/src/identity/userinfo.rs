//! Who the user of an access token is.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::answers::{Answer, ok};
use crate::calendar::now;
use crate::state::Shared;

use super::{bearer_token, oauth_error};

pub(super) fn answer(shared: &Shared, headers: &HeaderMap) -> Answer {
    let state = shared.state();
    let Some(grant) = bearer_token(headers).and_then(|token| state.grants.behind(token, now())) else {
        return refused(StatusCode::UNAUTHORIZED, "invalid_token", "Bearer error=\"invalid_token\"");
    };
    match grant.user {
        Some(user) if grant.has_scope("openid") => ok(&json!({
            "sub": user.id, "preferred_username": user.username, "name": user.name,
            "email": user.email, "email_verified": true,
        })),
        _ => refused(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            "Bearer error=\"insufficient_scope\", scope=\"openid\"",
        ),
    }
}

fn refused(status: StatusCode, error: &str, challenge: &'static str) -> Answer {
    let mut refusal = oauth_error(status, error, None);
    refusal.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    refusal
}
